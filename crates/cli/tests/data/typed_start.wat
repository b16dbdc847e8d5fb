;; Its `_start` is not a command's.
(module (func (export "_start") (param i32)))
