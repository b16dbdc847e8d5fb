;; fuel
;; A copy charges what the loop's start does.
(module
  (memory 1)
  (func (param $pc i32)
    (loop $next
      (block $end
        (br_table $end $next $end (i32.load8_u (local.get $pc))))
      (local.set $pc (i32.add (local.get $pc) (i32.const 1)))
      (br $next)))
)
