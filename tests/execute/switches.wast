;; Loops that begin with a branch table: branches back to them are copies of it.

(module
  (memory 1)
  ;; A program: 1 adds the next byte, 2 multiplies by it, 3 goes back so many bytes while the counter is not
  ;; zero, 0 ends.
  (data (i32.const 0) "\01\05\02\03\03\04\00")

  (func (export "interpret") (param $counter i32) (result i32)
    (local $pc i32) (local $value i32)
    (loop $next
      (block $end
        (block $back
          (block $mul
            (block $add
              (br_table $end $add $mul $back $end (i32.load8_u (local.get $pc))))
            (local.set $value
              (i32.add (local.get $value) (i32.load8_u offset=1 (local.get $pc))))
            (local.set $pc (i32.add (local.get $pc) (i32.const 2)))
            (br $next))
          (local.set $value (i32.mul (local.get $value) (i32.load8_u offset=1 (local.get $pc))))
          (local.set $pc (i32.add (local.get $pc) (i32.const 2)))
          (br $next))
        (local.set $counter (i32.sub (local.get $counter) (i32.const 1)))
        (if (local.get $counter)
          (then
            (local.set $pc
              (i32.sub (local.get $pc) (i32.load8_u offset=1 (local.get $pc))))
            (br $next)))
        (local.set $pc (i32.add (local.get $pc) (i32.const 2)))
        (br $next)))
    (local.get $value))

  ;; The loop has a parameter, which targets take with them, stepped; one of them is the loop itself.
  (func (export "values") (param $n i32) (result i32)
    (local $sum i32)
    (block $end (result i32)
      (i32.const 10)
      (loop $next (param i32) (result i32)
        (local.set $sum (i32.add (local.get $sum) (i32.const 1)))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (block $drop (param i32) (result i32)
          (block $add (param i32) (result i32)
            (i32.sub (i32.const 1))
            (br_table $add $drop $next $end (i32.and (local.get $n) (i32.const 3))))
          (local.set $sum (i32.add (local.get $sum)))
          (br $next (i32.const 3)))
        (drop)
        (br $next (i32.const 5))))
    (i32.add (local.get $sum)))

  ;; A switch of an inner loop and one of the outer loop, which is led back to from within.
  (func (export "nested") (param $i i32) (result i32)
    (local $j i32) (local $sum i32)
    (loop $outer
      (block $done
        (block $inside
          (br_table $done $inside $inside $inside $done (local.get $i)))
        (local.set $i (i32.sub (local.get $i) (i32.const 1)))
        (local.set $j (i32.const 2))
        (loop $inner
          (block $two
            (block $one
              (block $zero
                (br_table $zero $one $two (local.get $j)))
              (local.set $sum (i32.add (local.get $sum) (i32.const 1)))
              (br $outer))
            (local.set $sum (i32.add (local.get $sum) (i32.const 10)))
            (local.set $j (i32.const 0))
            (br $inner))
          (local.set $sum (i32.add (local.get $sum) (i32.const 100)))
          (local.set $j (i32.const 1))
          (br $inner))))
    (local.get $sum))

  ;; What the switch reads may be out of bounds.
  (func (export "trap") (param $at i32)
    (loop $next
      (block $step
        (br_table $step $step (i32.load8_u (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 16384)))
      (br $next)))

  ;; The switch is left and come back to in a block that catches.
  (tag $tag (param i32))
  (func $throw (param i32) (throw $tag (local.get 0)))
  (func (export "caught") (param $n i32) (result i32)
    (local $sum i32)
    (loop $next
      (block $done
        (block $again
          (br_table $done $again $again $done (local.get $n)))
        (block $h (result i32)
          (try_table (catch $tag $h)
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (if (i32.eqz (local.get $n))
              (then (call $throw (i32.const 40))))
            (local.set $sum (i32.add (local.get $sum) (i32.const 1)))
            (br $next))
          (unreachable))
        (local.set $sum (i32.add (local.get $sum)))
        (br $next)))
    (local.get $sum))
)

(assert_return (invoke "interpret" (i32.const 1)) (i32.const 15))
(assert_return (invoke "interpret" (i32.const 3)) (i32.const 195))
(assert_return (invoke "values" (i32.const 0)) (i32.const 6))
(assert_return (invoke "values" (i32.const 3)) (i32.const 16))
(assert_return (invoke "nested" (i32.const 3)) (i32.const 333))
(assert_return (invoke "nested" (i32.const 0)) (i32.const 0))
(assert_return (invoke "nested" (i32.const 9)) (i32.const 0))
(assert_trap (invoke "trap" (i32.const 0)) "out of bounds memory access")
(assert_trap (invoke "trap" (i32.const 65535)) "out of bounds memory access")
(assert_return (invoke "caught" (i32.const 2)) (i32.const 41))
(assert_return (invoke "caught" (i32.const 1)) (i32.const 40))
(assert_return (invoke "caught" (i32.const 0)) (i32.const 0))
