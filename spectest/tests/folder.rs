//! fulmar against the folder of scripts that the environment variable `FULMAR_SPEC_TESTS` names: the folder `test/core`
//! of the official repository. Without the variable there is nothing to run.

use fulmar_spectest::{
    ExpectedFailures, Features, Runner, Selection, Settings, SpecVersion, Suite, run_suite,
};
use std::path::Path;

#[test]
fn official_core_suite() {
    let Some(folder) = std::env::var_os("FULMAR_SPEC_TESTS") else {
        eprintln!("FULMAR_SPEC_TESTS is not set: no folder to run");
        return;
    };
    let suite = Suite::from_path(Path::new(&folder)).expect("the folder holds scripts");
    let expected = ExpectedFailures::of_fulmar().expect("the list is well-formed");
    let runner = Runner::new(&Settings::default().config(&Features::from(SpecVersion::V3)));
    let summary = run_suite(&runner, &suite, &Selection::default(), &expected, |_| Ok(()));
    let summary = summary.expect("the scripts can be read");
    assert!(summary.is_ok() && summary.counts.passed > 0, "{summary}");
    eprint!("{summary}");
}
