;; Instructions on pairs of i64: where their halves come from, and where they go.

(module
  ;; Operands from locals in any order, from constants, and from the operand stack.
  (func (export "add locals") (param i64 i64 i64 i64) (result i64 i64)
    (i64.add128 (local.get 2) (local.get 1) (local.get 0) (local.get 3)))
  (func (export "add constants") (param i64) (result i64 i64)
    (i64.add128 (local.get 0) (i64.const 7) (i64.const -1) (i64.const 0x1_0000_0000)))
  (func (export "sub chain") (param i64 i64) (result i64 i64)
    (i64.sub128
      (i64.mul_wide_u (local.get 0) (local.get 1))
      (i64.mul_wide_s (local.get 0) (local.get 1))))

  ;; Setting a local to one half leaves the local behind it alone.
  (func (export "low half") (param i64 i64) (result i64 i64)
    (local $low i64) (local $canary i64)
    (local.set $canary (i64.const 42))
    (drop (i64.mul_wide_u (local.get 0) (local.get 1)))
    (local.set $low)
    (local.get $low) (local.get $canary))
  (func (export "high half") (param i64 i64) (result i64 i64)
    (local $canary i64) (local $high i64)
    (local.set $canary (i64.const 42))
    (local.set $high (i64.mul_wide_u (local.get 0) (local.get 1)))
    (drop)
    (local.get $high) (local.get $canary))
  (func (export "both halves") (param i64 i64) (result i64 i64)
    (i64.mul_wide_s (local.get 0) (local.get 1))
    (local.set 0) (local.set 1)
    (local.get 0) (local.get 1))
  ;; A local that is still to be read is set in between.
  (func (export "stale local") (param i64 i64) (result i64 i64 i64)
    (local.get 0)
    (local.set 0 (i64.add128 (local.get 0) (local.get 1) (local.get 0) (local.get 1)))
    (local.get 0))

  ;; The result at once decides a branch, is stored, or is compared.
  (func (export "is zero") (param i64 i64) (result i32)
    (i64.sub128 (local.get 0) (local.get 1) (i64.const 1) (i64.const 2))
    (i64.or) (i64.eqz))
  (func (export "loop") (param $n i64) (result i64 i64)
    (local $low i64) (local $high i64)
    (local.set $low (i64.const 1))
    (loop $again
      (i64.add128 (local.get $low) (local.get $high) (local.get $low) (local.get $high))
      (local.set $high) (local.set $low)
      (br_if $again (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
    (local.get $low) (local.get $high))
)

(assert_return (invoke "add locals" (i64.const 1) (i64.const 2) (i64.const -1) (i64.const 4)) (i64.const 0) (i64.const 7))
(assert_return (invoke "add constants" (i64.const 0)) (i64.const -1) (i64.const 0x1_0000_0007))
(assert_return (invoke "add constants" (i64.const 1)) (i64.const 0) (i64.const 0x1_0000_0008))
(assert_return (invoke "sub chain" (i64.const 3) (i64.const 5)) (i64.const 0) (i64.const 0))
(assert_return (invoke "sub chain" (i64.const -1) (i64.const 5)) (i64.const 0) (i64.const 5))
(assert_return (invoke "sub chain" (i64.const -1) (i64.const -1)) (i64.const 0) (i64.const -2))
(assert_return (invoke "low half" (i64.const -1) (i64.const 3)) (i64.const -3) (i64.const 42))
(assert_return (invoke "high half" (i64.const -1) (i64.const 3)) (i64.const 2) (i64.const 42))
(assert_return (invoke "both halves" (i64.const -1) (i64.const 3)) (i64.const -1) (i64.const -3))
(assert_return (invoke "stale local" (i64.const 5) (i64.const 6)) (i64.const 5) (i64.const 10) (i64.const 12))
(assert_return (invoke "is zero" (i64.const 1) (i64.const 2)) (i32.const 1))
(assert_return (invoke "is zero" (i64.const 1) (i64.const 3)) (i32.const 0))
(assert_return (invoke "loop" (i64.const 70)) (i64.const 0) (i64.const 64))
