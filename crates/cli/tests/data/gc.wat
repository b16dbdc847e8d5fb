;; Uses a structure type.
(module
  (type $s (struct (field i32)))
  (type $f (func (param (ref null $s))))
  (func (export "f") (type $f))
  (func (export "g") (param i32) (result i32) (local.get 0)))
