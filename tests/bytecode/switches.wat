;; Loops that begin with a branch table: branches back to them copy it.
(module
  (memory 1)
  (func $short (param $pc i32) (result i32)
    (local $sum i32)
    (loop $next
      (block $end
        (block $add
          (block $skip
            (br_table $end $skip $add $next (i32.load8_u (local.get $pc))))
          (local.set $pc (i32.add (local.get $pc) (i32.const 1)))
          (br $next))
        (local.set $sum (i32.add (local.get $sum) (i32.const 1)))
        (local.set $pc (i32.add (local.get $pc) (i32.const 1)))
        (br $next)))
    (local.get $sum))
  (func $called (param $pc i32)
    ;; A call is not copied.
    (loop $next
      (block $end
        (br_table $end $next $end (call $short (local.get $pc)))
        (br $next))
      (local.set $pc (i32.add (local.get $pc) (i32.const 1)))
      (br $next)))
  (func $joins (param $pc i32)
    ;; Tables behind labels at which ways join begin no loop, however many stand before the branch back.
    (loop $next
      (block $end
        (block $work
          (br_table $end $work $end (local.get $pc)))
        (block (br_if 0 (local.get $pc)))
        (block (br_table 0 0 (local.get $pc)))
        (block (br_if 0 (local.get $pc)))
        (block (br_table 0 0 (local.get $pc)))
        (block (br_if 0 (local.get $pc)))
        (block (br_table 0 0 (local.get $pc)))
        (block (br_if 0 (local.get $pc)))
        (block (br_table 0 0 (local.get $pc)))
        (block (br_if 0 (local.get $pc)))
        (block (br_table 0 0 (local.get $pc)))
        (block (br_if 0 (local.get $pc)))
        (block (br_table 0 0 (local.get $pc)))
        (block (br_if 0 (local.get $pc)))
        (block (br_table 0 0 (local.get $pc)))
        (block (br_if 0 (local.get $pc)))
        (block (br_table 0 0 (local.get $pc)))
        (block (br_if 0 (local.get $pc)))
        (block (br_table 0 0 (local.get $pc)))
        (br $next))))
)
