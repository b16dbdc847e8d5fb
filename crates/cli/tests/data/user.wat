;; Imports of the reactor what only its initialization sets, and of `base` a memory.
(module
  (import "reactor" "value" (func $value (result i32)))
  (import "base" "memory" (memory 1))
  (func (export "run") (result i32)
    (i32.add (call $value) (i32.load (i32.const 0)))))
