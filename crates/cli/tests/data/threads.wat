;; Uses a memory that fulmar does not accept, but whose sections can be read.
(module
  (memory 1 2 shared)
  (func (export "g") (param i32) (result i32) (local.get 0)))
