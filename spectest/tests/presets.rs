//! What each version of the specification accepts: of every proposal a module that needs it, and nothing else.
//!
//! An engine of an earlier version refuses the module, one of a later version accepts it, and so does an earlier one with
//! that proposal switched on. With what the suites of versions 1.0 and 2.0 want refused (see `suites.rs`) this shows that
//! the engine's presets are exact.

use fulmar::{CompilationMode, Engine, Module};
use fulmar_spectest::{Features, Settings, SpecVersion, proposal_names};
use wast::Wat;
use wast::parser::{self, ParseBuffer};

/// A row for each proposal: its name, the version that took it in, and what a module that needs it says.
const NEEDS: &[(&str, SpecVersion, &str)] = &[
    ("floats", SpecVersion::V1, "(func (param f32))"),
    ("mutable-global", SpecVersion::V1, r#"(global (export "g") (mut i32) (i32.const 0))"#),
    ("sign-extension", SpecVersion::V2, "(func (drop (i32.extend8_s (i32.const 0))))"),
    (
        "saturating-float-to-int",
        SpecVersion::V2,
        "(func (drop (i32.trunc_sat_f32_s (f32.const 0))))",
    ),
    ("multi-value", SpecVersion::V2, "(func (result i32 i32) (i32.const 0) (i32.const 0))"),
    (
        "bulk-memory",
        SpecVersion::V2,
        "(memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)))",
    ),
    ("reference-types", SpecVersion::V2, "(table 1 externref)"),
    ("simd", SpecVersion::V2, "(func (drop (v128.const i64x2 0 0)))"),
    (
        "relaxed-simd",
        SpecVersion::V3,
        "(func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0))))",
    ),
    ("tail-call", SpecVersion::V3, "(func (return_call 0))"),
    ("extended-const", SpecVersion::V3, "(global i32 (i32.add (i32.const 1) (i32.const 2)))"),
    ("multi-memory", SpecVersion::V3, "(memory 1) (memory 1)"),
    ("memory64", SpecVersion::V3, "(memory i64 1)"),
    ("memory64", SpecVersion::V3, "(table i64 1 funcref)"),
    ("exceptions", SpecVersion::V3, "(tag)"),
    ("function-references", SpecVersion::V3, "(type $f (func)) (func (param (ref null $f)))"),
    ("gc", SpecVersion::V3, "(type (struct))"),
    ("gc", SpecVersion::V3, "(func (param anyref))"),
    ("custom-page-sizes", SpecVersion::Draft, "(memory 1 (pagesize 1))"),
    (
        "wide-arithmetic",
        SpecVersion::Draft,
        "(func (param i64) (i64.mul_wide_u (local.get 0) (local.get 0)) (drop) (drop))",
    ),
];

/// The versions, each with the words for it.
const VERSIONS: [(&str, SpecVersion); 4] = [
    ("wasm1", SpecVersion::V1),
    ("wasm2", SpecVersion::V2),
    ("wasm3", SpecVersion::V3),
    ("draft", SpecVersion::Draft),
];

/// Whether an engine that accepts the proposals `features` takes the module in.
#[track_caller]
fn accepts(features: &str, needs: &str) -> bool {
    let text = format!("(module {needs})");
    let buffer = ParseBuffer::new(&text).unwrap();
    let wasm = parser::parse::<Wat<'_>>(&buffer).unwrap().encode().unwrap();
    let features: Features = features.parse().unwrap();
    let settings = Settings { compilation: Some(CompilationMode::Eager), ..Settings::default() };
    let engine = Engine::new(&settings.config(&features)).unwrap();
    let accepted = Module::new(&engine, &wasm).is_ok();
    assert_eq!(Module::validate(&engine, &wasm).is_ok(), accepted, "{needs}");
    accepted
}

#[test]
fn versions_accept_what_they_took_in() {
    for &(proposal, since, needs) in NEEDS {
        for (words, version) in VERSIONS {
            assert_eq!(accepts(words, needs), since <= version, "{proposal} in {words}");
        }
    }
}

#[test]
fn proposals_are_switched_one_by_one() {
    for &(proposal, _, needs) in NEEDS {
        // Typed references to functions come with garbage collection, too.
        let also = if proposal == "function-references" { ",-gc" } else { "" };
        assert!(!accepts(&format!("draft,-{proposal}{also}"), needs), "{proposal}");
        for (words, version) in VERSIONS {
            // Vectors that are relaxed are vectors first, and typed references are references.
            let builds_on_2 = ["relaxed-simd", "function-references", "gc"].contains(&proposal);
            if !builds_on_2 || version >= SpecVersion::V2 {
                assert!(accepts(&format!("{words},+{proposal}"), needs), "{proposal} in {words}");
            }
        }
    }
}

#[test]
fn every_proposal_has_a_row() {
    for name in proposal_names() {
        assert!(NEEDS.iter().any(|(known, ..)| *known == name), "{name}");
    }
}
