//! Scripts for 32-bit addresses, whose modules are rewritten to 64-bit ones as they are compiled: all that held must
//! hold again.
//!
//! Official scripts for 64-bit addresses are newer than the suites that are carried along; and these reach further.
#![cfg(feature = "testsuite")]

mod widen;

use fulmar::{CompilationMode, Engine, Module};
use fulmar_spectest::{
    ExpectedFailures, Features, Rewrite, Runner, Selection, Settings, Summary, carried_suite,
    run_suite,
};
use wast::Wat;
use wast::parser::{self, ParseBuffer};

/// Runs a suite as it is and rewritten, and insists on the same counts.
#[track_caller]
fn check(name: &str, features: &str, selection: &Selection, rewrite: Rewrite) {
    let modes = [CompilationMode::Eager, CompilationMode::Lazy];
    for (compilation, no_accumulators) in modes.into_iter().zip([false, true]) {
        let settings =
            Settings { compilation: Some(compilation), no_accumulators, ..Settings::default() };
        let plain = run(name, features, selection, &settings, None);
        let wide = run(name, features, selection, &settings, Some(rewrite));
        assert!(wide.is_ok() && plain.is_ok(), "{name}, {settings:?}:\n{wide}");
        assert!(wide.counts.passed > 0, "{name} asserts nothing");
        assert_eq!(wide.counts, plain.counts, "{name}, {settings:?}");
    }
}

fn run(
    name: &str,
    features: &str,
    selection: &Selection,
    settings: &Settings,
    rewrite: Option<Rewrite>,
) -> Summary {
    let (suite, _) = carried_suite(name).expect("this suite is carried along");
    let features: Features = features.parse().expect("a set of proposals");
    let mut runner = Runner::new(&settings.config(&features));
    runner.validates_lazily(settings.validates_lazily()).rewrite(rewrite);
    let expected = ExpectedFailures::of_fulmar().expect("the list is well-formed");
    run_suite(&runner, &suite, selection, &expected, |_| Ok(()))
        .expect("the scripts are part of this program")
}

#[test]
fn version_2() {
    let mut selection = Selection::default();
    // With 64-bit addresses, offsets may have more digits.
    selection.skip("binary-leb128.wast");
    check("wasm-v2", "wasm2,+memory64", &selection, widen::widen_all);
}

#[test]
fn bulk_instructions() {
    check("bulk-memory", "wasm3", &Selection::default(), widen::widen_all);
}

#[test]
fn vectors() {
    let mut selection = Selection::default();
    for pattern in ["simd_address*", "simd_align*", "*load*", "*store*"] {
        selection.only(pattern);
    }
    check("simd", "wasm3", &selection, widen::widen_all);
}

#[test]
fn several_memories() {
    check("multi-memory", "wasm3", &Selection::default(), widen::widen_all);
}

#[test]
fn several_memories_of_both_widths() {
    let mut selection = Selection::default();
    // Here modules share memories, which have other indices and thus another width in each.
    selection.skip("imports*").skip("linking*").skip("store1.wast");
    check("multi-memory", "wasm3", &selection, widen::widen_even);
    check("multi-memory", "wasm3", &selection, widen::widen_odd);
}

#[test]
fn tail_calls() {
    check("tail-call", "wasm3", &Selection::default(), widen::widen_all);
}

#[test]
fn rewritten_modules_are_wide() {
    let text = r#"(module
        (memory (export "m") 1) (table (export "t") 2 funcref)
        (func (export "f") (param i32) (result i32) (i32.load (local.get 0))))"#;
    let buffer = ParseBuffer::new(text).unwrap();
    let wasm = parser::parse::<Wat<'_>>(&buffer).unwrap().encode().unwrap();
    let exports = |wasm: &[u8]| {
        let module = Module::new(&Engine::default(), wasm).unwrap();
        module.exports().map(|export| export.ty().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(exports(&wasm), ["memory 1", "table 2 funcref", "function (i32) -> (i32)"]);
    let wide = ["memory i64 1 65536", "table i64 2 funcref", "function (i32) -> (i32)"];
    assert_eq!(exports(&widen::widen_all(&wasm)), wide);
}
