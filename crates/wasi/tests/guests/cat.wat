;; Copies the standard input to the standard output, 16 bytes at a time.
(module
  (import "wasi_snapshot_preview1" "fd_read"
    (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\20\00\00\00\10\00\00\00")
  (func (export "_start")
    (loop $next
      (i32.store (i32.const 4) (i32.const 16))
      (if (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4))
        (then unreachable))
      (if (i32.load (i32.const 4))
        (then
          (if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))
            (then unreachable))
          (br $next))))))
