(module (func $f (export "f") (result i32) (i32.const 1)) (func (export "g") (result i32) (return_call $f)))
(assert_return (invoke "g") (i32.const 1))
