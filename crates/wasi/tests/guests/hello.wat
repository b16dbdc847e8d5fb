;; Writes a line by two buffers, and ends by returning.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\10\00\00\00\07\00\00\00\17\00\00\00\07\00\00\00hello, fulmar\n")
  (func (export "_start")
    (if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 2) (i32.const 64))
      (then unreachable))
    (if (i32.ne (i32.load (i32.const 64)) (i32.const 14))
      (then unreachable))))
