;; What can't be reached is not there.
(module
  (func $after_return (param i32) (result i32)
    (return (local.get 0)) (drop (i32.add (local.get 0) (i32.const 1))) (i32.const 2))
  (func $after_branch (param i32) (result i32)
    (block (result i32) (br 0 (local.get 0)) (if (then (nop)) (else (nop))) (i32.const 1))
    (i32.add (i32.const 1)))
  (func $both_arms (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (return (i32.const 1))) (else (return (i32.const 2))))
    (i32.add (i32.const 1)))
  (func $endless (loop (br 0)) (call $endless))
  (func $trap (param i32) (result i32) (i32.add (local.get 0) (unreachable)))
)
