;; What the programs of a benchmark suite report to.
(module
  (func (export "start"))
  (func (export "end")))
