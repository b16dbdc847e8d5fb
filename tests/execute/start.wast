;; Start functions: they run once, after the segments were written, and may trap.

(module $state
  (memory (export "memory") 1)
  (global (export "count") (mut i32) (i32.const 0))
  (func (export "bump")
    (i32.store8 (i32.const 0) (i32.add (i32.load8_u (i32.const 0)) (i32.const 1))))
  (func (export "get") (param i32) (result i32) (i32.load8_u (local.get 0)))
)
(register "state")

(module
  (memory 1)
  (data (i32.const 4) "\2a")
  (table 1 funcref)
  (elem (i32.const 0) func $seven)
  (global $result (mut i32) (i32.const 0))
  (func $seven (result i32) (i32.const 7))
  (func $start
    (global.set $result
      (i32.add (i32.load8_u (i32.const 4)) (call_indirect (result i32) (i32.const 0)))))
  (start $start)
  (func (export "result") (result i32) (global.get $result)))
(assert_return (invoke "result") (i32.const 49))

;; An imported function as the start function.
(module (import "state" "bump" (func $bump)) (start $bump))
(assert_return (invoke $state "get" (i32.const 0)) (i32.const 1))
(module (import "state" "bump" (func $bump)) (func $start (call $bump) (call $bump)) (start $start))
(assert_return (invoke $state "get" (i32.const 0)) (i32.const 3))
(module (import "spectest" "print" (func $print)) (start $print) (func (export "ok")))
(assert_return (invoke "ok"))

;; What was done before a trap stays done.
(assert_trap
  (module
    (import "state" "bump" (func $bump))
    (import "state" "memory" (memory 1))
    (data (i32.const 1) "\63")
    (func $start (call $bump) (unreachable))
    (start $start))
  "unreachable")
(assert_return (invoke $state "get" (i32.const 0)) (i32.const 4))
(assert_return (invoke $state "get" (i32.const 1)) (i32.const 0x63))
;; A segment that does not fit ends instantiation before the start function.
(assert_trap
  (module
    (import "state" "bump" (func $bump))
    (import "state" "memory" (memory 1))
    (data (i32.const 2) "\64")
    (data (i32.const 65536) "\65")
    (start $bump))
  "out of bounds memory access")
(assert_return (invoke $state "get" (i32.const 0)) (i32.const 4))
(assert_return (invoke $state "get" (i32.const 2)) (i32.const 0x64))
;; The start function grows the memory, and calls deeply.
(module
  (memory 1)
  (global $depth (mut i32) (i32.const 0))
  (func $deep (param i32)
    (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
    (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1))))))
  (func $start
    (drop (memory.grow (i32.const 1)))
    (i32.store (i32.const 65536) (i32.const 5))
    (call $deep (i32.const 1000)))
  (start $start)
  (func (export "result") (result i32) (i32.add (global.get $depth) (i32.load (i32.const 65536)))))
(assert_return (invoke "result") (i32.const 1006))
