;; A command that exits with the status 3.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func $main (call $exit (i32.const 3)))
  (func (export "_start") (call $main)))
