;; Tail calls: arguments in neighbouring slots, moved to the start of the frame by the call.
(module
  (import "host" "f" (func $imported (param i32)))
  (table $table 1 funcref)
  (func $direct (param i32 i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
    (return_call $direct
      (i32.sub (local.get 0) (i32.const 1)) (i32.add (local.get 1) (local.get 0))))
  (func $host (param i32) (return_call $imported (local.get 0)))
  (func $indirect (param i32 i64)
    (return_call_indirect $table (param i64 i32) (local.get 1) (local.get 0) (i32.const 0)))
  (func $nothing (return_call $nothing))
)
