;; Two exports of one name, which would write a line of its own.
(module
  (func (export "\0aerror: forged \1b[2J\e2\80\ae"))
  (func (export "\0aerror: forged \1b[2J\e2\80\ae")))
