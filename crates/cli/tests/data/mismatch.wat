;; Imports a function of the reactor with another type.
(module
  (import "reactor" "value" (func (param f32)))
  (func (export "_start")))
