;; Small programs that run: sorting, primes, text, floats, vectors, recursion, tables.
(module $programs
  (memory (export "memory") 2 4)
  (data (i32.const 1024) "the quick brown fox jumps over the lazy dog")
  (table $shapes funcref (elem $circle $square $triangle))
  (type $area (func (param f64) (result f64)))
  (global $seed (mut i64) (i64.const 0x9e3779b97f4a7c15))

  (func $random (export "random") (result i32)
    (global.set $seed (i64.xor (global.get $seed) (i64.shl (global.get $seed) (i64.const 13))))
    (global.set $seed (i64.xor (global.get $seed) (i64.shr_u (global.get $seed) (i64.const 7))))
    (global.set $seed (i64.xor (global.get $seed) (i64.shl (global.get $seed) (i64.const 17))))
    (i32.wrap_i64 (i64.shr_u (global.get $seed) (i64.const 32))))

  ;; Fills an array with random numbers, sorts it by insertion, and counts what is out of order.
  (func $sort (export "sort") (result i32)
    (local $i i32) (local $j i32) (local $value i32) (local $faults i32)
    (loop $fill
      (i32.store offset=4096 (i32.shl (local.get $i) (i32.const 2)) (call $random))
      (br_if $fill
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 50))))
    (local.set $i (i32.const 1))
    (loop $outer
      (local.set $j (local.get $i))
      (local.set $value (i32.load offset=4096 (i32.shl (local.get $i) (i32.const 2))))
      (block $placed
        (loop $inner
          (br_if $placed (i32.eqz (local.get $j)))
          (br_if $placed
            (i32.le_s
              (i32.load offset=4092 (i32.shl (local.get $j) (i32.const 2))) (local.get $value)))
          (i32.store offset=4096 (i32.shl (local.get $j) (i32.const 2))
            (i32.load offset=4092 (i32.shl (local.get $j) (i32.const 2))))
          (local.set $j (i32.sub (local.get $j) (i32.const 1)))
          (br $inner)))
      (i32.store offset=4096 (i32.shl (local.get $j) (i32.const 2)) (local.get $value))
      (br_if $outer
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 50))))
    (local.set $i (i32.const 1))
    (loop $check
      (local.set $faults
        (i32.add (local.get $faults)
          (i32.gt_s
            (i32.load offset=4092 (i32.shl (local.get $i) (i32.const 2)))
            (i32.load offset=4096 (i32.shl (local.get $i) (i32.const 2))))))
      (br_if $check
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 50))))
    (local.get $faults))

  (func $primes (export "primes") (result i32)
    (local $i i32) (local $j i32) (local $count i32)
    (memory.fill (i32.const 8192) (i32.const 0) (i32.const 1000))
    (local.set $i (i32.const 2))
    (loop $next
      (if (i32.eqz (i32.load8_u offset=8192 (local.get $i)))
        (then
          (local.set $count (i32.add (local.get $count) (i32.const 1)))
          (local.set $j (i32.mul (local.get $i) (local.get $i)))
          (block $done
            (loop $strike
              (br_if $done (i32.ge_u (local.get $j) (i32.const 1000)))
              (i32.store8 offset=8192 (local.get $j) (i32.const 1))
              (local.set $j (i32.add (local.get $j) (local.get $i)))
              (br $strike)))))
      (br_if $next
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))
    (local.get $count))

  (func $hash (export "hash") (result i32)
    (local $at i32) (local $hash i32)
    (local.set $hash (i32.const 0x811c9dc5))
    (loop $byte
      (local.set $hash
        (i32.mul (i32.xor (local.get $hash) (i32.load8_u offset=1024 (local.get $at)))
          (i32.const 16777619)))
      (br_if $byte
        (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.const 43))))
    (local.get $hash))

  (func $circle (type $area)
    (f64.mul (f64.const 3.141592653589793) (f64.mul (local.get 0) (local.get 0))))
  (func $square (type $area) (f64.mul (local.get 0) (local.get 0)))
  (func $triangle (type $area)
    (f64.mul (f64.div (f64.sqrt (f64.const 3)) (f64.const 4)) (f64.mul (local.get 0) (local.get 0))))
  (func $areas (export "areas") (result f64)
    (local $i i32) (local $sum f64)
    (loop $next
      (local.set $sum
        (f64.add (local.get $sum)
          (call_indirect $shapes (type $area)
            (f64.convert_i32_s (local.get $i)) (i32.rem_u (local.get $i) (i32.const 3)))))
      (br_if $next (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 30))))
    (local.get $sum))

  (func $dot (export "dot") (result f32)
    (local $i i32) (local $sum v128)
    (loop $next
      (local.set $sum
        (f32x4.add (local.get $sum)
          (f32x4.mul
            (f32x4.convert_i32x4_s (v128.load offset=1024 (local.get $i)))
            (f32x4.splat (f32.const 0.001)))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 32))))
    (f32.add
      (f32.add (f32x4.extract_lane 0 (local.get $sum)) (f32x4.extract_lane 1 (local.get $sum)))
      (f32.add (f32x4.extract_lane 2 (local.get $sum)) (f32x4.extract_lane 3 (local.get $sum)))))

  (func $fibonacci (param $n i64) (result i64)
    (if (result i64) (i64.lt_u (local.get $n) (i64.const 2))
      (then (local.get $n))
      (else
        (i64.add
          (call $fibonacci (i64.sub (local.get $n) (i64.const 1)))
          (call $fibonacci (i64.sub (local.get $n) (i64.const 2)))))))
  (func (export "fibonacci") (result i64) (call $fibonacci (i64.const 12)))

  (func $divide (param i32 i32) (result i32 i32)
    (i32.div_u (local.get 0) (local.get 1)) (i32.rem_u (local.get 0) (local.get 1)))
  (func $gcd (param i32 i32) (result i32)
    (if (i32.eqz (local.get 1)) (then (return (local.get 0))))
    (call $divide (local.get 0) (local.get 1))
    (local.set 0 (local.get 1))
    (local.set 1)
    (drop)
    (return_call $gcd (local.get 0) (local.get 1)))
  (func (export "gcd") (result i32) (call $gcd (i32.const 1071) (i32.const 462)))

  (func (export "grow") (result i32)
    (drop (memory.grow (i32.const 1)))
    (i32.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4)) (i32.const 1))
    (memory.size))
)
