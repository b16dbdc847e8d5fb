;; Wants a memory of 16 MiB from the beginning.
(module (memory 256) (func (export "_start")))
