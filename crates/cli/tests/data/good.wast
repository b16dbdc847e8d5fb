(module (func (export "f") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2))))
(assert_return (invoke "f" (i32.const 21)) (i32.const 42))
(assert_invalid (module (func (result i32))) "type mismatch")
