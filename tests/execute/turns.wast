;; What a loop carries from one turn to the next, and functions that call themselves last.

(module
  ;; The turn ends with the counter, with which the loop begins.
  (func (export "count") (param $n i32) (result i32) (local $sum i32)
    (loop $turn
      (local.set $sum (i32.add (local.get $n) (local.get $sum)))
      (br_if $turn (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))

  ;; Two turns, which end with the same local.
  (func (export "two turns") (param $n i32) (result i32) (local $odd i32)
    (loop $turn (result i32)
      (if (i32.lt_s (local.get $n) (i32.const 1)) (then (return (local.get $odd))))
      (if (i32.and (local.get $n) (i32.const 1))
        (then
          (local.set $odd (i32.add (local.get $odd) (i32.const 1)))
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (br $turn)))
      (local.set $n (i32.shr_u (local.get $n) (i32.const 1)))
      (br $turn)))

  ;; Two turns, which end with different ones.
  (func (export "other turns") (param $n i32) (param $m i32) (result i32)
    (loop $turn
      (if (i32.gt_s (local.get $n) (local.get $m))
        (then (local.set $n (i32.sub (local.get $n) (local.get $m))) (br $turn)))
      (if (i32.gt_s (local.get $m) (local.get $n))
        (then (local.set $m (i32.sub (local.get $m) (local.get $n))) (br $turn))))
    (local.get $n))

  ;; Something else comes into the accumulator behind the value, as a constant for a far place does.
  (func (export "call between") (param $n i32) (result i32) (local $sum i32)
    (loop $turn
      (local.set $sum (i32.add (local.get $n) (local.get $sum)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (call $nothing)
      (br_if $turn (local.get $n)))
    (local.get $sum))
  (func $nothing)

  ;; The values of the loop come to their slots before the branch, and are there when it ends.
  (func (export "values") (param $n i32) (result i32) (local i64)
    (local.get $n)
    (i64.const 1)
    (loop $turn (param i32 i64) (result i32 i64)
      (local.set 1)
      (i32.sub (i32.const 1))
      (local.tee $n)
      (i64.mul (local.get 1) (i64.const 3))
      (br_if $turn (local.get $n)))
    (i32.wrap_i64)
    (i32.add))

  ;; As before, with a value below that is read behind the loop, and a local set on the way.
  (func (export "values above") (param $n i32) (result i32)
    (local.get $n)
    (local.get $n)
    (loop $turn (param i32) (result i32)
      (local.tee $n (i32.sub (i32.const 1)))
      (local.get $n)
      (br_if $turn (local.get $n))
      (drop))
    (i32.sub (i32.const 100))
    (i32.add))

  ;; The values of an inner loop's branch to the outer one are not in their slots.
  (func (export "outer") (param $n i32) (result i32)
    (local.get $n)
    (loop $outer (param i32) (result i32)
      (local.set $n)
      (i32.const 1000)
      (loop $inner (param i32) (result i32)
        (drop)
        (i32.sub (local.get $n) (i32.const 1))
        (local.tee $n)
        (br_if $outer (i32.gt_s (local.get $n) (i32.const 0)))))
    (i32.add (i32.const 7)))

  ;; A branch table and a branch lead to the loop.
  (func (export "table") (param $n i32) (result i32) (local $sum i32)
    (loop $turn
      (block $out
        (block $down
          (local.set $sum (i32.add (local.get $n) (local.get $sum)))
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (br_table $out $turn $down (local.get $n)))
        (br_if $turn (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (local.get $sum))

  ;; An address that is a constant goes through the accumulator, behind the value and before the branch.
  (memory 1)
  (func (export "constant between") (param $n i32) (result i32) (local $sum i32)
    (loop $turn
      (local.set $sum (i32.add (local.get $n) (local.get $sum)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (v128.store (i32.const 16) (i32x4.splat (local.get $sum)))
      (br_if $turn (local.get $n)))
    (i32.load (i32.const 16)))

  ;; So does a constant that the branch itself reads.
  (func (export "constant index") (param $n i32) (result i32) (local $sum i32)
    (block $out
      (loop $turn
        (local.set $sum (i32.add (local.get $n) (local.get $sum)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br_if $out (i32.eqz (local.get $n)))
        (br_table $turn $turn (i32.const 0))))
    (local.get $sum))

  ;; And one on the left of a comparison, unless it changes sides.
  (func (export "constant on the left") (param $n i64) (result i64) (local $sum i64)
    (loop $turn
      (local.set $sum (i64.add (local.get $n) (local.get $sum)))
      (br_if $turn
        (i64.lt_s (i64.const 0) (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))
    (local.get $sum))

  ;; One branch table leads to two loops that begin differently.
  (func (export "two loops") (param $n i32) (result i32) (local $a i32) (local $b i32)
    (loop $outer
      (local.set $a (i32.add (local.get $n) (local.get $a)))
      (loop $inner
        (local.set $b (i32.add (local.get $b) (i32.const 100)))
        (block $out
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (br_table $out $inner $outer $inner (local.get $n)))))
    (i32.add (local.get $a) (local.get $b)))

  ;; A reference is carried like a number.
  (type $list (struct (field $value i32) (field $next (ref null $list))))
  (func (export "list") (param $n i32) (result i32)
    (local $list (ref null $list)) (local $sum i32)
    (loop $more
      (local.set $list (struct.new $list (local.get $n) (local.get $list)))
      (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (loop $turn
      (local.set $sum
        (i32.add (local.get $sum) (struct.get $list $value (local.get $list))))
      (local.set $list (struct.get $list $next (local.get $list)))
      (br_if $turn (i32.eqz (ref.is_null (local.get $list)))))
    (local.get $sum))

  ;; What is caught leads to the loop, with anything in the accumulators.
  (tag $t (param i32))
  (func $thrower (param $n i32) (throw $t (i32.mul (local.get $n) (i32.const 10))))
  (func (export "caught") (param $n i32) (result i32) (local $sum i32)
    (local.get $n)
    (loop $turn (param i32)
      (local.set $sum (i32.add (local.get $sum)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (if (local.get $n)
        (then (try_table (catch $t $turn) (call $thrower (local.get $n))))))
    (local.get $sum))

  ;; As before, where the loop could carry its counter but for what is caught.
  (func (export "caught again") (param $n i32) (result i32) (local $sum i32)
    (loop $turn
      (local.set $sum (i32.add (local.get $n) (local.get $sum)))
      (if (local.get $n)
        (then
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (try_table (catch_all $turn) (call $thrower (local.get $n))))))
    (local.get $sum))
)

(assert_return (invoke "count" (i32.const 10)) (i32.const 55))
(assert_return (invoke "count" (i32.const 1)) (i32.const 1))
(assert_return (invoke "two turns" (i32.const 0x5555)) (i32.const 8))
(assert_return (invoke "two turns" (i32.const 0)) (i32.const 0))
(assert_return (invoke "other turns" (i32.const 48) (i32.const 36)) (i32.const 12))
(assert_return (invoke "other turns" (i32.const 36) (i32.const 48)) (i32.const 12))
(assert_return (invoke "call between" (i32.const 10)) (i32.const 55))
(assert_return (invoke "values" (i32.const 5)) (i32.const 243))
(assert_return (invoke "values above" (i32.const 5)) (i32.const -95))
(assert_return (invoke "outer" (i32.const 5)) (i32.const 7))
(assert_return (invoke "table" (i32.const 5)) (i32.const 9))
(assert_return (invoke "table" (i32.const 2)) (i32.const 3))
(assert_return (invoke "constant between" (i32.const 10)) (i32.const 55))
(assert_return (invoke "constant index" (i32.const 10)) (i32.const 55))
(assert_return (invoke "constant on the left" (i64.const 10)) (i64.const 55))
(assert_return (invoke "two loops" (i32.const 6)) (i32.const 608))
(assert_return (invoke "list" (i32.const 10)) (i32.const 55))
(assert_return (invoke "caught" (i32.const 4)) (i32.const 64))
(assert_return (invoke "caught again" (i32.const 4)) (i32.const 10))

(module
  ;; Both parameters are read behind where the first is set.
  (func $swap (export "swap") (param $n i32) (param $a i32) (param $b i32) (result i32)
    (if (i32.eqz (local.get $n)) (then (return (local.get $a))))
    (return_call $swap (i32.sub (local.get $n) (i32.const 1)) (local.get $b) (local.get $a)))

  (func $rotate (export "rotate")
    (param $a i32) (param $b i64) (param $c v128) (param $d v128) (param $n i32) (result i64)
    (if (i32.eqz (local.get $n))
      (then (return (i64.add (i64x2.extract_lane 1 (local.get $c)) (local.get $b)))))
    (return_call $rotate
      (local.get $n)
      (i64.extend_i32_u (local.get $a))
      (local.get $d)
      (local.get $c)
      (i32.sub (local.get $n) (i32.const 1))))
  (func (export "rotated") (param $n i32) (result i64)
    (return_call $rotate (i32.const 7) (i64.const 8)
      (v128.const i64x2 100 1000) (v128.const i64x2 200 2000) (local.get $n)))

  ;; A parameter stays, one is a constant, one is the last that was made.
  (func $some (export "some") (param $a i32) (param $b i32) (param $n i32) (result i32)
    (if (i32.eqz (local.get $n))
      (then (return (i32.add (local.get $a) (local.get $b)))))
    (return_call $some (local.get $a) (i32.const 5) (i32.sub (local.get $n) (i32.const 1))))

  ;; Locals are zero again, those of all types.
  (func $locals (export "locals") (param $n i32) (result i32)
    (local $i i32) (local $l i64) (local $f f32) (local $d f64) (local $v v128) (local $r funcref)
    (if (i32.or (i32.ne (local.get $i) (i32.const 0)) (i32.eqz (ref.is_null (local.get $r))))
      (then (return (i32.const -1))))
    (if (i32.or (i64.ne (local.get $l) (i64.const 0)) (v128.any_true (local.get $v)))
      (then (return (i32.const -2))))
    (if (i32.or (f32.ne (local.get $f) (f32.const 0)) (f64.ne (local.get $d) (f64.const 0)))
      (then (return (i32.const -3))))
    (if (i32.eqz (local.get $n)) (then (return (i32.const 1))))
    (local.set $i (local.get $n))
    (local.set $l (i64.const 3))
    (local.set $f (f32.const 4))
    (local.set $d (f64.const 5))
    (local.set $v (v128.const i32x4 -1 -1 -1 -1))
    (local.set $r (ref.func $locals))
    (return_call $locals (i32.sub (local.get $i) (i32.const 1))))

  ;; Too many locals to be cleared one by one.
  (func $many (export "many") (param $n i32) (result i32)
    (local $a i64) (local $b i64) (local $c i64) (local $d i64) (local $e i64) (local $f i64)
    (local $g i64) (local $h i64) (local $i i64)
    (if (i64.ne (i64.or (local.get $a) (local.get $i)) (i64.const 0))
      (then (return (i32.const -1))))
    (if (i32.eqz (local.get $n)) (then (return (i32.const 1))))
    (local.set $a (i64.const 1))
    (local.set $i (i64.const 1))
    (return_call $many (i32.sub (local.get $n) (i32.const 1))))

  ;; From within blocks, with values left on the stack, and out of a try_table: what is thrown behind it
  ;; is not caught there.
  (tag $t)
  (func $inside (export "inside") (param $n i32) (result i32)
    (i32.add
      (i32.const 1)
      (block $caught (result i32)
        (loop $l
          (block
            (br_if 0 (i32.eqz (local.get $n)))
            (try_table (catch_all $l)
              (return_call $inside (i32.sub (local.get $n) (i32.const 1))))))
        (throw $t))))
  (func (export "thrown") (param $n i32) (result i32)
    (block $caught
      (try_table (catch $t $caught) (drop (call $inside (local.get $n))))
      (return (i32.const 0)))
    (i32.const 1))

  ;; No parameters at all.
  (global $g (mut i32) (i32.const 0))
  (func $none (export "none") (result i32)
    (global.set $g (i32.add (global.get $g) (i32.const 1)))
    (if (i32.lt_u (global.get $g) (i32.const 100)) (then (return_call $none)))
    (global.get $g))

  ;; The loop at its start has turns of its own.
  (func $nested (export "nested") (param $n i32) (param $m i32) (result i32) (local $k i32)
    (local.set $k (local.get $n))
    (loop $turn
      (br_if $turn (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
    (if (i32.eq (local.get $n) (i32.const 1)) (then (return (local.get $m))))
    (return_call $nested
      (i32.sub (local.get $n) (i32.const 1)) (i32.add (local.get $m) (local.get $n))))
)

(assert_return (invoke "swap" (i32.const 5) (i32.const 1) (i32.const 2)) (i32.const 2))
(assert_return (invoke "swap" (i32.const 4) (i32.const 1) (i32.const 2)) (i32.const 1))
(assert_return (invoke "rotated" (i32.const 0)) (i64.const 1008))
(assert_return (invoke "rotated" (i32.const 1)) (i64.const 2007))
(assert_return (invoke "rotated" (i32.const 4)) (i64.const 1002))
(assert_return (invoke "some" (i32.const 9) (i32.const 7) (i32.const 3)) (i32.const 14))
(assert_return (invoke "some" (i32.const 9) (i32.const 7) (i32.const 0)) (i32.const 16))
(assert_return (invoke "locals" (i32.const 3)) (i32.const 1))
(assert_return (invoke "many" (i32.const 3)) (i32.const 1))
(assert_return (invoke "thrown" (i32.const 3)) (i32.const 1))
(assert_exception (invoke "inside" (i32.const 3)))
(assert_return (invoke "none") (i32.const 100))
(assert_return (invoke "nested" (i32.const 5) (i32.const 0)) (i32.const 14))
