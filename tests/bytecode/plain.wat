;; plain
;; Without accumulators every value is in a slot.
(module
  (memory 1)
  (func $chain (param i32) (result i32)
    (i32.xor (i32.mul (i32.add (local.get 0) (i32.const 1)) (local.get 0)) (i32.const 5)))
  (func $float (param f32) (result f32) (f32.neg (f32.abs (local.get 0))))
  (func $branch (param i32) (block (br_if 0 (i32.eq (i32.clz (local.get 0)) (i32.const 3)))))
  (func $store (param i32) (i32.store (i32.clz (local.get 0)) (i32.load (local.get 0))))
  (func $call (param i32) (result i32) (i32.add (call $chain (local.get 0)) (i32.const 1)))
)
