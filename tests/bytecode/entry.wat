;; How a function clears its locals: those that are not parameters, by their slots.
(module
  (func $none (param i64))
  (func $one (param i64) (local i32))
  (func $two (local f32 externref))
  (func $vector (local v128))
  (func $three (local i64 i64 i64))
  (func $five (local i64 i64 i64 v128))
  (func $nine (param i32) (local i64 i64 i64 i64 i64 i64 i64 i64 i64))
)
