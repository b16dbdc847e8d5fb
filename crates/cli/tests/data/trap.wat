;; A command that traps two calls deep.
(module
  (func $inner unreachable)
  (func $"a name with \1b[31m and \e2\80\ae" (call $inner))
  (func $start (export "_start") (call 1)))
