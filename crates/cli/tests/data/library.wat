;; Has functions, but none to start with.
(module
  (func (export "f") (param i32))
  (func (export "g \1b") (result f64) (f64.const 0)))
