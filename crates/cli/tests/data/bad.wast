(module
  (func (export "f") (result i32) (i32.const 1))
  (func (export "g") unreachable))
(assert_return (invoke "f") (i32.const 2))
(assert_return (invoke "f") (i32.const 1))
(assert_trap (invoke "g") "integer divide by zero")
