;; A module to be preloaded that imports of another preloaded one, and of WASI.
(module
  (import "reactor" "value" (func $value (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
  (memory (export "memory") 1)
  (func $start (i32.store (i32.const 0) (i32.mul (call $value) (i32.const 100))))
  (start $start))
