//! The runner itself: each kind of directive with an expectation that holds, and with each way of being wrong.
//!
//! A runner that cannot fail is worth nothing.

use fulmar::Config;
use fulmar_spectest::{ExpectedFailures, Report, Runner};

/// What all scripts here begin with.
const PRELUDE: &str = r#"
(module $lib
  (type $unary (func (param i32) (result i32)))
  (memory (export "mem") 1 2)
  (table (export "tab") 4 4 funcref)
  (global (export "const") i32 (i32.const 7))
  (global (export "mut") (mut i32) (i32.const 8))
  (func (export "id.i32") (param i32) (result i32) (local.get 0))
  (func (export "id.i64") (param i64) (result i64) (local.get 0))
  (func (export "id.f32") (param i32) (result f32) (f32.reinterpret_i32 (local.get 0)))
  (func (export "id.f64") (param i64) (result f64) (f64.reinterpret_i64 (local.get 0)))
  (func (export "id.v128") (param v128) (result v128) (local.get 0))
  (func (export "id.func") (param funcref) (result funcref) (local.get 0))
  (func (export "id.extern") (param externref) (result externref) (local.get 0))
  (func $two (export "two") (result i32 i32) (i32.const 1) (i32.const 2))
  (func (export "a.func") (result funcref) (ref.func $two))
  (func (export "nothing"))
  (func (export "divide") (param i32) (drop (i32.div_s (i32.const 1) (local.get 0))))
  (func (export "truncate") (param f32) (drop (i32.trunc_f32_s (local.get 0))))
  (func (export "unreachable") (unreachable))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
  (func (export "table.get") (param i32) (result funcref) (table.get (local.get 0)))
  (func (export "indirect") (param i32)
    (drop (call_indirect (type $unary) (i32.const 0) (local.get 0))))
  (func $forever (export "forever") (call $forever))
  (elem (i32.const 0) $two))
(register "lib" $lib)
"#;

/// Directives of which each holds.
const RIGHT: &[&str] = &[
    r#"(assert_return (invoke "id.i32" (i32.const -1)) (i32.const -1))"#,
    r#"(assert_return (invoke "id.i64" (i64.const -1)) (i64.const -1))"#,
    r#"(assert_return (invoke "id.f32" (i32.const 0x7fc00000)) (f32.const nan:canonical))"#,
    r#"(assert_return (invoke "id.f32" (i32.const 0xffc00000)) (f32.const nan:canonical))"#,
    r#"(assert_return (invoke "id.f32" (i32.const 0x7fc00001)) (f32.const nan:arithmetic))"#,
    r#"(assert_return (invoke "id.f64" (i64.const 0xfff8000000000000)) (f64.const nan:canonical))"#,
    r#"(assert_return (invoke "id.f64" (i64.const 0x7ff8000000000001)) (f64.const nan:arithmetic))"#,
    r#"(assert_return (invoke "id.f64" (i64.const 0x7ff0000000000001)) (f64.const nan:0x1))"#,
    r#"(assert_return (invoke "id.v128" (v128.const i32x4 1 2 3 4)) (v128.const i32x4 1 2 3 4))"#,
    r#"(assert_return (invoke "id.v128" (v128.const f32x4 nan 0 1 nan:0x600000))
         (v128.const f32x4 nan:canonical 0 1 nan:arithmetic))"#,
    r#"(assert_return (invoke "id.func" (ref.null func)) (ref.null func))"#,
    r#"(assert_return (invoke "id.func" (ref.null func)) (ref.null))"#,
    r#"(assert_return (invoke "a.func") (ref.func))"#,
    r#"(assert_return (invoke "id.extern" (ref.extern 3)) (ref.extern 3))"#,
    r#"(assert_return (invoke "id.extern" (ref.extern 3)) (ref.extern))"#,
    r#"(assert_return (invoke "two") (i32.const 1) (i32.const 2))"#,
    r#"(assert_return (invoke "two") (either (i32.const 0) (i32.const 1)) (i32.const 2))"#,
    r#"(assert_return (invoke "nothing"))"#,
    r#"(assert_return (get "const") (i32.const 7))"#,
    r#"(assert_return (get $lib "mut") (i32.const 8))"#,
    r#"(assert_trap (invoke "divide" (i32.const 0)) "integer divide by zero")"#,
    r#"(assert_trap (invoke "truncate" (f32.const nan)) "invalid conversion to integer")"#,
    r#"(assert_trap (invoke "truncate" (f32.const inf)) "integer overflow")"#,
    r#"(assert_trap (invoke "unreachable") "unreachable")"#,
    r#"(assert_trap (invoke "load" (i32.const 65536)) "out of bounds memory access")"#,
    r#"(assert_trap (invoke "table.get" (i32.const 4)) "out of bounds table access")"#,
    r#"(assert_trap (invoke "indirect" (i32.const 0)) "indirect call type mismatch")"#,
    r#"(assert_trap (invoke "indirect" (i32.const 1)) "uninitialized element")"#,
    r#"(assert_trap (invoke "indirect" (i32.const 4)) "undefined element")"#,
    r#"(assert_trap (module (func $start (unreachable)) (start $start)) "unreachable")"#,
    r#"(assert_exhaustion (invoke "forever") "call stack exhausted")"#,
    r#"(assert_invalid (module (func (result i32))) "type mismatch")"#,
    r#"(assert_malformed (module binary "") "unexpected end")"#,
    r#"(assert_malformed (module binary "\00asm\02\00\00\00") "unknown binary version")"#,
    r#"(assert_unlinkable (module (import "lib" "none" (func))) "unknown import")"#,
    r#"(assert_unlinkable (module (import "lib" "two" (func))) "incompatible import type")"#,
    r#"(invoke "store" (i32.const 0) (i32.const 1))"#,
    r#"(module definition $M (func (export "f") (result i32) (i32.const 5)))
       (module instance $I $M)
       (assert_return (invoke $I "f") (i32.const 5))
       (register "other" $I)
       (assert_return (module (import "other" "f" (func (result i32)))))"#,
    r#"(module (import "lib" "mem" (memory 1 2)) (import "lib" "tab" (table 4 4 funcref)))"#,
    // What a module did before it trapped stays, and so do its functions in a table that it shares.
    r#"(assert_trap (module
           (import "lib" "mem" (memory 1 2)) (import "lib" "tab" (table 4 4 funcref))
           (func $f (param i32) (result i32) (i32.const 9))
           (elem (i32.const 2) $f) (data (i32.const 0) "\2a") (data (i32.const 65536) "x"))
         "out of bounds memory access")
       (assert_return (invoke $lib "load" (i32.const 0)) (i32.const 42))
       (assert_return (invoke $lib "indirect" (i32.const 2)))"#,
    // A name may be registered again: then it is the later instance's, and nothing is left of the earlier one.
    r#"(module $again (func (export "new"))) (register "lib" $again)
       (module (import "lib" "new" (func)))
       (assert_unlinkable (module (import "lib" "two" (func (result i32 i32)))) "unknown import")"#,
    r#"(module
         (import "spectest" "print" (func)) (import "spectest" "print_i32" (func $print (param i32)))
         (import "spectest" "print_i64" (func (param i64)))
         (import "spectest" "print_f32" (func (param f32)))
         (import "spectest" "print_f64" (func (param f64)))
         (import "spectest" "print_i32_f32" (func (param i32 f32)))
         (import "spectest" "print_f64_f64" (func (param f64 f64)))
         (import "spectest" "table" (table 10 20 funcref))
         (import "spectest" "memory" (memory 1 2))
         (import "spectest" "global_i32" (global $i32 i32))
         (import "spectest" "global_i64" (global $i64 i64))
         (import "spectest" "global_f32" (global $f32 f32))
         (import "spectest" "global_f64" (global $f64 f64))
         (func (export "all") (result i32 i64 f32 f64)
           (call $print (i32.const 1))
           (global.get $i32) (global.get $i64) (global.get $f32) (global.get $f64)))
       (assert_return (invoke "all")
         (i32.const 666) (i64.const 666) (f32.const 666.6) (f64.const 666.6))"#,
];

/// Directives that fail, and the failure.
const WRONG: &[(&str, &str)] = &[
    // Values.
    (
        r#"(assert_return (invoke "id.i32" (i32.const 1)) (i32.const 2))"#,
        "assert_return: expected i32 2, found i32 1",
    ),
    (
        r#"(assert_return (invoke "id.i32" (i32.const 1)) (i64.const 1))"#,
        "assert_return: expected i64 1, found i32 1",
    ),
    (
        r#"(assert_return (invoke "id.i64" (i64.const 0x100000001)) (i64.const 1))"#,
        "assert_return: expected i64 1, found i64 4294967297",
    ),
    (
        r#"(assert_return (invoke "id.f32" (i32.const 0x80000000)) (f32.const 0))"#,
        "assert_return: expected f32 0x00000000 (0.0), found f32 0x80000000 (-0.0)",
    ),
    (
        r#"(assert_return (invoke "id.f32" (i32.const 0x7fc00001)) (f32.const nan:canonical))"#,
        "assert_return: expected f32 nan:canonical, found f32 0x7fc00001 (NaN)",
    ),
    (
        r#"(assert_return (invoke "id.f32" (i32.const 0x7fa00000)) (f32.const nan:arithmetic))"#,
        "assert_return: expected f32 nan:arithmetic, found f32 0x7fa00000 (NaN)",
    ),
    (
        r#"(assert_return (invoke "id.f32" (i32.const 0x7f800000)) (f32.const nan:arithmetic))"#,
        "assert_return: expected f32 nan:arithmetic, found f32 0x7f800000 (inf)",
    ),
    (
        r#"(assert_return (invoke "id.f64" (i64.const 0x7ff0000000000001)) (f64.const nan:arithmetic))"#,
        "assert_return: expected f64 nan:arithmetic, found f64 0x7ff0000000000001 (NaN)",
    ),
    (
        r#"(assert_return (invoke "id.f64" (i64.const 0x7ff8000000000000)) (f64.const nan:0x1))"#,
        "assert_return: expected f64 0x7ff0000000000001 (NaN), found f64 0x7ff8000000000000 (NaN)",
    ),
    (
        r#"(assert_return (invoke "id.v128" (v128.const i32x4 1 2 3 4)) (v128.const i32x4 1 2 3 5))"#,
        "assert_return: expected v128 i32x4 1 2 3 5, found v128 i32x4 1 2 3 4",
    ),
    (
        r#"(assert_return (invoke "id.v128" (v128.const f64x2 nan:0x1 nan)) (v128.const f64x2 nan:canonical nan:canonical))"#,
        "assert_return: expected v128 f64x2 nan:canonical nan:canonical, \
      found v128 f64x2 0x7ff0000000000001 (NaN) 0x7ff8000000000000 (NaN)",
    ),
    (
        r#"(assert_return (invoke "id.func" (ref.null func)) (ref.null extern))"#,
        "assert_return: expected ref.null extern, found ref.null func",
    ),
    (
        r#"(assert_return (invoke "id.func" (ref.null func)) (ref.func))"#,
        "assert_return: expected ref.func, found ref.null func",
    ),
    (
        r#"(assert_return (invoke "a.func") (ref.null func))"#,
        "assert_return: expected ref.null func, found ref.func",
    ),
    (
        r#"(assert_return (invoke "id.extern" (ref.extern 3)) (ref.extern 4))"#,
        "assert_return: expected ref.extern 4, found ref.extern 3",
    ),
    (
        r#"(assert_return (invoke "id.i32" (i32.const 1)) (either (i32.const 2) (i32.const 3)))"#,
        "assert_return: expected either (i32 2) (i32 3), found i32 1",
    ),
    (
        r#"(assert_return (invoke "two") (i32.const 1))"#,
        "assert_return: expected i32 1, found i32 1, i32 2",
    ),
    (
        r#"(assert_return (invoke "two") (i32.const 2) (i32.const 1))"#,
        "assert_return: expected i32 2, i32 1, found i32 1, i32 2",
    ),
    (
        r#"(assert_return (invoke "nothing") (i32.const 1))"#,
        "assert_return: expected i32 1, found no values",
    ),
    (
        r#"(assert_return (get "const") (i32.const 8))"#,
        "assert_return: expected i32 8, found i32 7",
    ),
    // Endings of another kind.
    (
        r#"(assert_return (invoke "unreachable"))"#,
        "assert_return: expected no values, found a trap: unreachable",
    ),
    (
        r#"(assert_return (invoke "none"))"#,
        "assert_return: expected no values, found no exported function \"none\"",
    ),
    (
        r#"(assert_return (invoke $none "none"))"#,
        "assert_return: expected no values, found no instance $none",
    ),
    (
        r#"(assert_return (get "none") (i32.const 1))"#,
        "assert_return: expected i32 1, found no exported global \"none\"",
    ),
    (
        r#"(assert_trap (invoke "nothing") "unreachable")"#,
        "assert_trap: expected a trap: unreachable, found no values",
    ),
    (
        r#"(assert_trap (invoke "divide" (i32.const 0)) "integer overflow")"#,
        "assert_trap: expected a trap: integer overflow, found a trap: integer divide by zero",
    ),
    (
        r#"(assert_trap (invoke "indirect" (i32.const 1)) "undefined element")"#,
        "assert_trap: expected a trap: undefined element, found a trap: uninitialized element",
    ),
    (
        r#"(assert_trap (invoke "load" (i32.const 65536)) "out of bounds table access")"#,
        "assert_trap: expected a trap: out of bounds table access, found a trap: out of bounds memory access",
    ),
    (
        r#"(assert_trap (invoke "forever") "unreachable")"#,
        "assert_trap: expected a trap: unreachable, found a trap: call stack exhausted",
    ),
    (
        r#"(assert_trap (invoke "unreachable") "something else")"#,
        "assert_trap: expected a trap, found words that name none: \"something else\"",
    ),
    (
        r#"(assert_trap (module (func $start) (start $start)) "unreachable")"#,
        "assert_trap: expected a trap: unreachable, found no values",
    ),
    (
        r#"(assert_trap (module (func (result i32))) "unreachable")"#,
        "assert_trap: expected a trap: unreachable, found a refused module",
    ),
    (
        r#"(assert_trap (module (import "lib" "none" (func))) "unreachable")"#,
        "assert_trap: expected a trap: unreachable, found a link error",
    ),
    (
        r#"(assert_exhaustion (invoke "nothing") "call stack exhausted")"#,
        "assert_exhaustion: expected a trap: call stack exhausted, found no values",
    ),
    (
        r#"(assert_exhaustion (invoke "unreachable") "call stack exhausted")"#,
        "assert_exhaustion: expected a trap: call stack exhausted, found a trap: unreachable",
    ),
    (
        r#"(assert_exception (invoke "nothing"))"#,
        "assert_exception: expected an uncaught exception, found no values",
    ),
    (
        r#"(assert_exception (invoke "unreachable"))"#,
        "assert_exception: expected an uncaught exception, found a trap: unreachable",
    ),
    // Modules that are better or worse than they should be.
    (
        r#"(assert_invalid (module (func)) "type mismatch")"#,
        "assert_invalid: expected a refused module: type mismatch, found an accepted module",
    ),
    (
        r#"(assert_invalid (module (import "lib" "none" (func))) "unknown import")"#,
        "assert_invalid: expected a refused module: unknown import, found an accepted module",
    ),
    (
        r#"(assert_malformed (module binary "\00asm\01\00\00\00") "unexpected end")"#,
        "assert_malformed: expected a refused module: unexpected end, found an accepted module",
    ),
    (
        r#"(assert_malformed (module quote "(func)") "unexpected token")"#,
        "assert_malformed: expected a refused module: unexpected token, found an accepted module",
    ),
    (
        r#"(assert_unlinkable (module (import "lib" "two" (func (result i32 i32)))) "unknown import")"#,
        "assert_unlinkable: expected a link error: unknown import, found an instance",
    ),
    (
        r#"(assert_unlinkable (module (import "lib" "two" (func))) "unknown import")"#,
        "assert_unlinkable: expected a link error: unknown import, found a link error: incompatible import type",
    ),
    (
        r#"(assert_unlinkable (module (func (result i32))) "unknown import")"#,
        "assert_unlinkable: expected a link error: unknown import, found a refused module",
    ),
    (
        r#"(assert_unlinkable (module (func $start (unreachable)) (start $start)) "unknown import")"#,
        "assert_unlinkable: expected a link error: unknown import, found a trap: unreachable",
    ),
    // Directives that are no assertions.
    (r#"(module (func (result i32)))"#, "module: expected success, found a refused module"),
    (r#"(module quote "(func")"#, "module: expected success, found an error of the text parser"),
    (r#"(module (import "lib" "none" (func)))"#, "module: expected success, found a link error"),
    (
        r#"(module (func $start (unreachable)) (start $start))"#,
        "module: expected success, found a trap: unreachable",
    ),
    (
        r#"(module definition (func (result i32)))"#,
        "module definition: expected success, found a refused module",
    ),
    (r#"(module instance $I $none)"#, "module instance: expected success, found no module $none"),
    (r#"(register "x" $none)"#, "register: expected success, found no instance $none"),
    (r#"(invoke "unreachable")"#, "invoke: expected success, found a trap: unreachable"),
    (r#"(invoke "id.i32" (i64.const 1))"#, "invoke: expected success, found an error"),
];

fn run(directives: &str) -> Report {
    let script = format!("{PRELUDE}{directives}");
    Runner::new(&Config::new()).run_wast("test.wast", &script)
}

#[test]
fn right_expectations_pass() {
    for directives in RIGHT {
        let report = run(directives);
        assert!(report.is_ok(), "{directives}\n{report}");
        assert_eq!(report.counts.passed, directives.matches("(assert_").count(), "{directives}");
        assert_eq!((report.counts.skipped, report.counts.text), (0, 0), "{directives}");
    }
}

#[test]
fn wrong_expectations_fail() {
    let line = PRELUDE.lines().count() + 1;
    for (directive, failure) in WRONG {
        let report = run(directive);
        let counts = (report.counts.passed, report.counts.failed, report.failures.len());
        assert_eq!(counts, (0, 1, 1), "{directive}\n{report}");
        let text = report.failures[0].to_string();
        let (place, rest) = text.split_once(": ").expect("a place comes first");
        assert!(place.starts_with(&format!("test.wast:{line}:")), "{directive}\n{text}");
        assert!(rest.starts_with(failure), "{directive}\nexpected {failure}\nfound    {rest}");
    }
}

#[test]
fn every_directive_is_told_to_fail() {
    for keyword in [
        "(assert_return (invoke",
        "(assert_return (get",
        "(assert_trap (invoke",
        "(assert_trap (module",
        "(assert_exhaustion",
        "(assert_exception",
        "(assert_invalid",
        "(assert_malformed (module binary",
        "(assert_malformed (module quote",
        "(assert_unlinkable",
        "(module (",
        "(module definition",
        "(module instance",
        "(register",
        "(invoke",
    ] {
        assert!(WRONG.iter().any(|(directive, _)| directive.starts_with(keyword)), "{keyword}");
    }
}

#[test]
fn what_the_text_parser_refuses_is_not_passed() {
    let report = run(r#"(assert_malformed (module quote "(func") "unexpected token")
        (assert_malformed (module quote "\ff") "malformed UTF-8 encoding")
        (assert_malformed (module binary "") "unexpected end")"#);
    assert!(report.is_ok(), "{report}");
    let counts = report.counts;
    assert_eq!((counts.passed, counts.malformed, counts.text), (1, 1, 2));
}

#[test]
fn scripts_that_are_none_fail() {
    for script in ["(module", "(assert_nothing)", "(module) (assert_return (invoke)", "\"\u{1}\""] {
        let report = Runner::new(&Config::new()).run_wast("test.wast", script);
        assert_eq!(report.failures.len(), 1, "{script}\n{report}");
        assert!(report.failures[0].to_string().contains("script: expected a script"), "{report}");
    }
}

#[test]
fn what_the_runner_has_no_means_for_is_skipped() {
    let report =
        run(r#"(thread $T (invoke "nothing") (assert_return (invoke "nothing"))) (wait $T)"#);
    assert!(report.is_ok(), "{report}");
    assert_eq!((report.counts.passed, report.counts.skipped), (0, 4));
}

#[test]
fn failures_for_want_of_a_module_follow_its_own() {
    let report = run(r#"
        (module $broken (func (export "f") (result i32)))
        (assert_return (invoke "f"))
        (assert_return (invoke $broken "f"))
        (register "broken")
        (module (import "broken" "f" (func)))
        (assert_unlinkable (module (import "broken" "g" (func))) "unknown import")
        (module $lib2 (func (export "f")))
        (assert_return (invoke "f"))
        (assert_return (invoke $none "f"))"#);
    let line = PRELUDE.lines().count() + 2;
    let followed: Vec<_> = report.failures.iter().map(|failure| failure.follows).collect();
    assert_eq!(followed, [&[None][..], &[Some(line); 6]].concat(), "{report}");
    assert_eq!(report.counts.passed, 1);
    assert!(report.to_string().contains("6 more failures for want of modules that failed"));
    let expected = ExpectedFailures::parse(&format!("test.wast:{line} broken")).unwrap();
    let verdict = expected.judge(report);
    assert!(verdict.is_ok() && verdict.expected == 7, "{verdict:?}");
}

#[test]
fn expected_failures_must_fail() {
    let script = r#"(module (func (export "f") (result i32) (i32.const 1)))
        (assert_return (invoke "f") (i32.const 2))
        (assert_return (invoke "f") (i32.const 1))
        (assert_return (invoke "f") (i32.const 3))"#;
    let judge = |list: &str| {
        let report = Runner::new(&Config::new()).run_wast("s/t.wast", script);
        let verdict = ExpectedFailures::parse(list).unwrap().judge(report);
        let lines = |lines: Vec<usize>| lines;
        (
            verdict.is_ok(),
            verdict.expected,
            lines(verdict.unexpected.iter().map(|failure| failure.line).collect()),
            lines(verdict.unexpected_passes.iter().map(|entry| entry.line).collect()),
        )
    };
    assert_eq!(judge(""), (false, 0, vec![2, 4], vec![]));
    assert_eq!(judge("s/t.wast:2 why"), (false, 1, vec![4], vec![]));
    assert_eq!(judge("s/t.wast:2 why\ns/t.wast:4 why"), (true, 2, vec![], vec![]));
    assert_eq!(
        judge("s/t.wast:2 why\ns/t.wast:4 why\ns/t.wast:3 why"),
        (false, 2, vec![], vec![3])
    );
    // In other scripts, there is nothing to pass or fail.
    assert_eq!(judge("s/t.wast:2 w\ns/t.wast:4 w\nt.wast:3 w"), (true, 2, vec![], vec![]));
    // Not even an assertion.
    assert_eq!(judge("s/t.wast:2 w\ns/t.wast:4 w\ns/t.wast:99 w"), (false, 2, vec![], vec![99]));
}
