;; A value that a fused cell passes on in a register must be in its slot where anybody else reads it.
;; The functions begin with an instruction that is a cell of its own, since their entry would take the first load.

(module
  (memory (export "memory") 1)
  (data (i32.const 0) "\01\00\00\00\02\00\00\00\03\00\00\00\04\00\00\00\05\00\00\00\06\00\00\00\07\00\00\00\08\00\00\00")

  ;; Both operands are loaded, then joined: the first one waits.
  (func (export "i32") (param i32 i32) (result i32)
    (drop (memory.size))
    (i32.add (i32.load (local.get 0)) (i32.load (local.get 1))))
  (func (export "i64") (param i32 i32) (result i64)
    (drop (memory.size))
    (i64.add (i64.load (local.get 0)) (i64.load (local.get 1))))
  (func (export "f64") (param i32 i32) (result f64)
    (drop (memory.size))
    (f64.mul
      (f64.convert_i32_u (i32.load (local.get 0)))
      (f64.convert_i32_u (i32.load (local.get 1)))))
  (func (export "f32.store") (param i32 f32)
    (drop (memory.size))
    (f32.store (local.get 0) (local.get 1)))
  (func (export "f32.sub") (param i32 i32) (result f32)
    (drop (memory.size))
    (f32.sub (f32.load (local.get 0)) (f32.load (local.get 1))))
  (func (export "v128") (param i32 i32) (result i64)
    (drop (memory.size))
    (i64x2.extract_lane 1
      (i32x4.add (v128.load (local.get 0)) (v128.load (local.get 1)))))

  ;; The order of operands is kept, whichever is made first.
  (func (export "sub") (param i32 i32) (result i32)
    (drop (memory.size))
    (i32.sub (i32.load (local.get 0)) (i32.load (local.get 1))))
  (func (export "shl") (param i32 i32) (result i32)
    (drop (memory.size))
    (i32.shl (i32.load (local.get 0)) (i32.load (local.get 1))))
  (func (export "lt") (param i32 i32) (result i32)
    (drop (memory.size))
    (if (result i32) (i32.lt_u (i32.load (local.get 0)) (i32.load (local.get 1)))
      (then (i32.const 10)) (else (i32.const 20))))

  ;; Several values wait; one of them may be passed on.
  (func (export "nested") (param i32) (result i32)
    (drop (memory.size))
    (i32.add
      (i32.add (i32.load (local.get 0)) (i32.load offset=4 (local.get 0)))
      (i32.mul (i32.load offset=8 (local.get 0)) (i32.load offset=12 (local.get 0)))))
  (func (export "deep") (param i32) (result i32)
    (drop (memory.size))
    (i32.add (i32.load (local.get 0))
      (i32.add (i32.load offset=4 (local.get 0))
        (i32.add (i32.load offset=8 (local.get 0))
          (i32.load offset=12 (local.get 0))))))

  ;; What waits is dropped, and another value waits in the same slot.
  (func (export "dropped") (param i32) (result i32)
    (drop (memory.size))
    (drop (i32.load (local.get 0)))
    (i32.add (i32.load offset=4 (local.get 0)) (i32.load offset=8 (local.get 0))))

  ;; What waits is what a branch carries: the slot is the block's result, on that way only.
  (func (export "carried") (param i32 i32) (result i32)
    (drop (memory.size))
    (block (result i32)
      (i32.load (local.get 0))
      (br_if 0 (i32.load (local.get 1)))
      (i32.add (i32.load offset=4 (local.get 0)))))
  (func (export "carried_compared") (param i32 i32) (result i32)
    (drop (memory.size))
    (block (result i32)
      (i32.load (local.get 0))
      (br_if 0 (i32.lt_u (i32.load (local.get 1)) (i32.load offset=4 (local.get 1))))
      (i32.add (i32.load offset=4 (local.get 0)))))
  (func (export "below") (param i32 i32) (result i32)
    (drop (memory.size))
    (i32.add
      (i32.load (local.get 0))
      (block (result i32)
        (i32.add
          (br_if 0 (i32.const 100) (i32.load (local.get 1)))
          (i32.load offset=4 (local.get 0))))))

  ;; A local is read again, whoever has read it first.
  (func (export "local") (param i32 i32) (result i32)
    (local i32)
    (drop (memory.size))
    (local.set 2 (i32.load (local.get 0)))
    (i32.add
      (i32.add (i32.load (local.get 1)) (local.get 2))
      (i32.mul (local.get 2) (i32.const 100))))
  (func (export "tee") (param i32 i32) (result i32)
    (local i32)
    (drop (memory.size))
    (i32.add
      (i32.add (local.tee 2 (i32.load (local.get 0))) (i32.load (local.get 1)))
      (i32.mul (local.get 2) (i32.const 100))))
  (func (export "old_value") (param i32) (result i32)
    (drop (memory.size))
    (i32.add
      (i32.mul (local.get 0) (i32.const 100))
      (local.tee 0 (i32.load (local.get 0)))))

  ;; What waits was made before, and the cell begins with another value for another slot.
  (func (export "another") (param i32 i32) (result i32)
    (local i32)
    (drop (memory.size))
    (i32.popcnt (local.get 0))
    (local.set 2 (i32.load (local.get 0)))
    (i32.add (i32.load (local.get 1)))
    (i32.add (i32.mul (local.get 2) (i32.const 100))))

  ;; The address waits for the value.
  (func (export "address") (param i32 i32) (result i32)
    (drop (memory.size))
    (i32.store offset=64 (i32.add (local.get 0) (i32.const 4))
      (i32.mul (i32.load (local.get 1)) (i32.const 3)))
    (i32.load offset=68 (local.get 0)))

  ;; Values that trade places.
  (func (export "fibonacci") (param $n i32) (result i64)
    (local $a i64) (local $b i64)
    (drop (memory.size))
    (local.set $b (i64.const 1))
    (block $done
      (br_if $done (i32.eqz (local.get $n)))
      (loop $next
        (i64.add (local.get $a) (local.get $b))
        (local.set $a (local.get $b))
        (local.set $b)
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br_if $next (local.get $n))))
    (local.get $a))
  (func (export "fibonacci64") (param $n i64) (result i64)
    (local $a i64) (local $b i64)
    (drop (memory.size))
    (local.set $b (i64.const 1))
    (loop $next
      (i64.add (local.get $a) (local.get $b))
      (local.set $a (local.get $b))
      (local.set $b)
      (local.set $n (i64.sub (local.get $n) (i64.const 1)))
      (br_if $next (i64.ne (local.get $n) (i64.const 0))))
    (local.get $a))
  (func (export "trade") (param i32 i32) (result i32)
    (drop (memory.size))
    (i32.add (local.get 0) (local.get 1))
    (local.set 0 (local.get 1))
    (local.set 1)
    (i32.add (i32.mul (local.get 0) (i32.const 100)) (local.get 1)))

  ;; Products of lower halves.
  (func (export "halves") (param i64 i64) (result i64)
    (drop (memory.size))
    (i64.add
      (i64.add (local.get 0) (local.get 1))
      (i64.mul
        (i64.and (i64.shl (local.get 0) (i64.const 1)) (i64.const 0x1fffffffe))
        (i64.and (local.get 1) (i64.const 0xffffffff)))))

  ;; The second operand traps.
  (func (export "traps") (param i32 i32) (result i32)
    (drop (memory.size))
    (i32.add (i32.load (local.get 0)) (i32.load (local.get 1)))))

(assert_return (invoke "i32" (i32.const 0) (i32.const 4)) (i32.const 3))
(assert_return (invoke "i64" (i32.const 0) (i32.const 8)) (i64.const 0x600000004))
(assert_return (invoke "f64" (i32.const 8) (i32.const 12)) (f64.const 12))
(invoke "f32.store" (i32.const 256) (f32.const 2.5))
(invoke "f32.store" (i32.const 260) (f32.const 1.25))
(assert_return (invoke "f32.sub" (i32.const 256) (i32.const 260)) (f32.const 1.25))
(assert_return (invoke "v128" (i32.const 0) (i32.const 16)) (i64.const 0xc0000000a))
(assert_return (invoke "sub" (i32.const 12) (i32.const 0)) (i32.const 3))
(assert_return (invoke "sub" (i32.const 0) (i32.const 12)) (i32.const -3))
(assert_return (invoke "shl" (i32.const 8) (i32.const 4)) (i32.const 12))
(assert_return (invoke "lt" (i32.const 0) (i32.const 4)) (i32.const 10))
(assert_return (invoke "lt" (i32.const 4) (i32.const 0)) (i32.const 20))
(assert_return (invoke "nested" (i32.const 0)) (i32.const 15))
(assert_return (invoke "deep" (i32.const 0)) (i32.const 10))
(assert_return (invoke "dropped" (i32.const 0)) (i32.const 5))
(assert_return (invoke "carried" (i32.const 4) (i32.const 0)) (i32.const 2))
(assert_return (invoke "carried" (i32.const 4) (i32.const 512)) (i32.const 5))
(assert_return (invoke "carried_compared" (i32.const 4) (i32.const 0)) (i32.const 2))
(assert_return (invoke "carried_compared" (i32.const 4) (i32.const 28)) (i32.const 5))
(assert_return (invoke "below" (i32.const 4) (i32.const 0)) (i32.const 102))
(assert_return (invoke "below" (i32.const 4) (i32.const 512)) (i32.const 105))
(assert_return (invoke "local" (i32.const 4) (i32.const 8)) (i32.const 205))
(assert_return (invoke "tee" (i32.const 4) (i32.const 8)) (i32.const 205))
(assert_return (invoke "old_value" (i32.const 4)) (i32.const 402))
(assert_return (invoke "another" (i32.const 4) (i32.const 8)) (i32.const 204))
(assert_return (invoke "address" (i32.const 0) (i32.const 12)) (i32.const 12))
(assert_return (invoke "fibonacci" (i32.const 0)) (i64.const 0))
(assert_return (invoke "fibonacci" (i32.const 1)) (i64.const 1))
(assert_return (invoke "fibonacci" (i32.const 50)) (i64.const 12586269025))
(assert_return (invoke "fibonacci64" (i64.const 50)) (i64.const 12586269025))
(assert_return (invoke "trade" (i32.const 3) (i32.const 4)) (i32.const 407))
(assert_return (invoke "halves" (i64.const 0x100000003) (i64.const 0x200000005)) (i64.const 0x300000026))
(assert_trap (invoke "traps" (i32.const 0) (i32.const 65536)) "out of bounds memory access")
