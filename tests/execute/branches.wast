

;; A branch that carries many values settles the operand stack; a constant below its block is read
;; behind the block by a way that passes that branch by.
(module
  (func $eight (result i32 i32 i32 i32 i32 i32 i32 i32)
    (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4)
    (i32.const 5) (i32.const 6) (i32.const 7) (i32.const 8))
  (func (export "constant-below") (param i32) (result i32)
    (i32.const 7)
    (block $a
      (br_if $a (local.get 0))
      (block $b (result i32 i32 i32 i32 i32 i32 i32 i32)
        (call $eight)
        (i32.const 0)
        (br_if $b))
      (drop) (drop) (drop) (drop) (drop) (drop) (drop) (drop))))
(assert_return (invoke "constant-below" (i32.const 1)) (i32.const 7))
(assert_return (invoke "constant-below" (i32.const 0)) (i32.const 7))
