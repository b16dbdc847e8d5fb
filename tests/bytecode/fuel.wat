;; fuel
;; Fuel is charged where blocks begin: at the entry, at the turns of a loop, where ways join.
(module
  (func $straight (param i32) (result i32) (i32.mul (i32.add (local.get 0) (i32.const 1)) (i32.const 2)))
  (func $block (param i32) (result i32)
    (block (br_if 0 (local.get 0)) (local.set 0 (i32.const 1)))
    (local.get 0))
  (func $if (param i32) (result i32)
    (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.const 2)))
    (i32.add (i32.const 1)))
  (func $loop (param i32) (result i32)
    (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (i32.add (local.get 0) (i32.const 3)))
)
