//! The scripts of the official suites, and configurations under which they must all end the same.

use arbitrary::{Result, Unstructured};
use fulmar::CompilationMode;
use fulmar_spectest::{
    Features, Report, Runner, Script, Settings, SpecVersion, Suite, carried_suite,
    carried_suite_names,
};
use std::path::Path;
use std::sync::LazyLock;

/// A script and the proposals that it was written for.
pub struct Subject {
    name: String,
    script: Script,
    features: Features,
}

/// Those that the runner carries, and those of the folder that `FULMAR_SPEC_TESTS` names.
static SUBJECTS: LazyLock<Vec<Subject>> = LazyLock::new(|| {
    let carried = carried_suite_names().map(|name| carried_suite(name).expect("a carried suite"));
    let folder = std::env::var_os("FULMAR_SPEC_TESTS").map(|folder| {
        let suite = Suite::from_path(Path::new(&folder)).expect("the folder has scripts");
        (suite, Features::from(SpecVersion::V3))
    });
    let suites = carried.chain(folder);
    let subjects = suites.flat_map(|(suite, features)| {
        let scripts = suite.scripts.clone().into_iter();
        scripts.map(move |script| {
            let name = suite.full_name(&script);
            Subject { name, script, features: features.clone() }
        })
    });
    subjects.collect()
});

impl Subject {
    pub fn choose(u: &mut Unstructured<'_>) -> Result<&'static Self> {
        u.choose(&SUBJECTS)
    }

    pub fn run(&self, settings: &Settings) -> Report {
        let mut runner = Runner::new(&settings.config(&self.features));
        runner.fuel(settings.fuel).validates_lazily(settings.validates_lazily());
        runner.run_wast(&self.name, &self.script.text().expect("the script can be read"))
    }
}

/// The least stack with which no script that passes otherwise overflows it.
const STACK_BYTES_MIN: usize = 128 << 10;

/// A configuration that must make no difference; enough fuel for every script, if it is metered.
pub fn settings(u: &mut Unstructured<'_>) -> Result<Settings> {
    let modes = [CompilationMode::LazyTranslation, CompilationMode::Eager, CompilationMode::Lazy];
    let (metered, limited): (bool, bool) = u.arbitrary()?;
    Ok(Settings {
        compilation: Some(*u.choose(&modes)?),
        fuel: metered.then_some(100_000_000),
        stack_bytes_max: limited.then_some(u.int_in_range(STACK_BYTES_MIN..=16 << 20)?),
        no_accumulators: u.arbitrary()?,
        gc_stress: u.arbitrary()?,
    })
}
