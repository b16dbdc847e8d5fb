//! Runs the scripts in `tests/execute`, each under every configuration.
//!
//! The scripts hold what the official suite does not reach: the decisions of this translator and
//! this executor. They are in the suite's own format.

mod configurations;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use configurations::configurations;
use fulmar_spectest::Runner;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/execute")
}

/// Runs a script and insists that all of it was run and holds.
fn run(script: &str) {
    let text = fs::read_to_string(folder().join(script)).unwrap();
    let mut failures = String::new();
    for configuration in configurations() {
        let mut runner = Runner::new(&configuration.config);
        runner.fuel(configuration.metered.then_some(1 << 40));
        runner.validates_lazily(configuration.validates_lazily);
        let report = runner.run_wast(script, &text);
        for failure in &report.failures {
            failures += &format!("[{}] {failure}\n", configuration.name);
        }
        let counts = &report.counts;
        if counts.passed == 0 || counts.skipped > 0 {
            failures += &format!("[{}] not all was run: {counts:?}\n", configuration.name);
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// Declares a test for each script.
macro_rules! scripts {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                run(concat!(stringify!($name), ".wast"));
            }
        )*

        #[test]
        fn every_script_has_its_test() {
            let listed = BTreeSet::from([$(concat!(stringify!($name), ".wast").to_owned()),*]);
            let entries = fs::read_dir(folder()).unwrap();
            let found = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            assert_eq!(found.collect::<BTreeSet<_>>(), listed);
        }
    };
}

scripts! {
    accumulators
    branches
    calls
    constants
    exceptions
    function_references
    globals
    instances
    locals
    loops
    memories
    objects
    page_sizes
    passing
    references
    returns
    start
    stores
    switches
    tables
    tail_calls
    turns
    unreachable
    vectors
    wide_arithmetic
    widths
}
