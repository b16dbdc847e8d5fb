//! fulmar against the suites of versions 1.0 and 2.0 of the specification, each under exactly its own proposals, and
//! against the vector instructions' suite, in every compilation mode, and against those of later proposals.
//!
//! The counts are exact: the suites are pinned, so that a count that changes means that the runner lost assertions.
#![cfg(feature = "testsuite")]

use fulmar::CompilationMode;
use fulmar_spectest::{
    Counts, ExpectedFailures, Runner, Selection, Settings, Summary, carried_suite, run_suite,
};

/// Runs the suite `name` with each of `settings`.
#[track_caller]
fn check(name: &str, expected: Counts, settings: &[Settings]) {
    for settings in settings {
        let summary = run(name, settings);
        assert!(summary.is_ok() && summary.expected == 0, "{name}, {settings:?}:\n{summary}");
        assert_eq!(summary.counts, expected, "{name}, {settings:?}");
    }
}

fn run(name: &str, settings: &Settings) -> Summary {
    let (suite, features) = carried_suite(name).expect("this suite is carried along");
    let mut runner = Runner::new(&settings.config(&features));
    runner.fuel(settings.fuel).validates_lazily(settings.validates_lazily());
    let expected = ExpectedFailures::of_fulmar().expect("the list is well-formed");
    run_suite(&runner, &suite, &Selection::default(), &expected, |_| Ok(()))
        .expect("the scripts are part of this program")
}

/// One of each compilation mode, the second with fuel metered, the third without accumulators.
fn all_settings() -> Vec<Settings> {
    let modes = [CompilationMode::Eager, CompilationMode::LazyTranslation, CompilationMode::Lazy];
    let mut settings: Vec<_> = modes
        .into_iter()
        .map(|mode| Settings { compilation: Some(mode), ..Settings::default() })
        .collect();
    settings[1].fuel = Some(100_000_000);
    settings[2].no_accumulators = true;
    settings
}

#[test]
fn version_1() {
    let counts = Counts { passed: 17_984, malformed: 647, text: 429, ..Counts::default() };
    check("wasm-v1", counts, &all_settings());
}

#[test]
fn version_2_without_vectors() {
    let counts = Counts { passed: 26_137, malformed: 727, text: 573, ..Counts::default() };
    check("wasm-v2", counts, &all_settings());
}

#[test]
fn vectors() {
    check("simd", Counts { passed: 25_006, text: 509, ..Counts::default() }, &all_settings());
}

#[test]
fn proposals_after_version_2() {
    let settings = [Settings::default()];
    check("tail-call", Counts { passed: 102, text: 11, ..Counts::default() }, &settings);
    check("multi-memory", Counts { passed: 768, malformed: 2, ..Counts::default() }, &settings);
    let counts = Counts { passed: 209, malformed: 4, text: 3, ..Counts::default() };
    check("extended-const", counts, &settings);
    check("relaxed-simd", Counts { passed: 69, ..Counts::default() }, &settings);
}

#[test]
fn version_3_in_parts() {
    let counts = Counts { passed: 19_372, malformed: 708, text: 657, ..Counts::default() };
    check("wasm-latest", counts, &all_settings());
    let mut settings = all_settings();
    settings.push(Settings { gc_stress: true, ..Settings::default() });
    check("bulk-memory", Counts { passed: 7188, ..Counts::default() }, &settings);
    let counts = Counts { passed: 656, malformed: 1, text: 1, ..Counts::default() };
    check("gc", counts, &settings);
    check("exceptions", Counts { passed: 90, malformed: 2, ..Counts::default() }, &settings);
}

#[test]
fn proposals_after_version_3() {
    let counts = Counts { passed: 160, malformed: 108, text: 4, ..Counts::default() };
    check("custom-page-sizes", counts, &all_settings());
    check("wide-arithmetic", Counts { passed: 107, ..Counts::default() }, &all_settings());
}
