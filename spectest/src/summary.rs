//! Runs whole suites and adds up what their scripts report.

use crate::expected::{ExpectedFailure, ExpectedFailures, Verdict};
use crate::report::{Counts, Failure, write_failures};
use crate::runner::Runner;
use crate::selection::Selection;
use crate::suite::Suite;
use std::fmt;
use std::io;
use std::ops::AddAssign;

/// What the runs of suites found.
///
/// `Display` gives what was unexpected, a line each, then the totals, and at last a line that is only
/// `N passed, N failed, N skipped`. There, *failed* is all that was unexpected; failures that were expected are
/// *skipped*, and modules that the text parser refused are none of the three.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    /// The number of scripts run.
    pub scripts: usize,
    /// The number of scripts left out by selection.
    pub scripts_left_out: usize,
    /// The counts of all scripts.
    pub counts: Counts,
    /// How many of the failures were expected.
    pub expected: usize,
    /// The failures that were not expected.
    pub unexpected: Vec<Failure>,
    /// The failures that were expected and did not happen.
    pub unexpected_passes: Vec<ExpectedFailure>,
}

impl AddAssign for Summary {
    fn add_assign(&mut self, other: Self) {
        self.scripts += other.scripts;
        self.scripts_left_out += other.scripts_left_out;
        self.counts += other.counts;
        self.expected += other.expected;
        self.unexpected.extend(other.unexpected);
        self.unexpected_passes.extend(other.unexpected_passes);
    }
}

impl Summary {
    /// Whether everything went as expected.
    pub fn is_ok(&self) -> bool {
        self.unexpected_count() == 0
    }

    /// How much did not go as expected.
    pub fn unexpected_count(&self) -> usize {
        self.unexpected.len() + self.unexpected_passes.len()
    }

    fn add(&mut self, verdict: Verdict) {
        self.scripts += 1;
        self.counts += verdict.report.counts;
        self.expected += verdict.expected;
        self.unexpected.extend(verdict.unexpected);
        self.unexpected_passes.extend(verdict.unexpected_passes);
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_failures(&self.unexpected, f)?;
        for pass in &self.unexpected_passes {
            let ExpectedFailure { file, line, reason } = pass;
            writeln!(f, "{file}:{line}: expected a failure ({reason}), found none")?;
        }
        let Counts { passed, skipped, malformed, text, .. } = self.counts;
        let failed = self.unexpected_count();
        writeln!(f, "{} scripts, {} left out", self.scripts, self.scripts_left_out)?;
        writeln!(f, "{} expected failures, {skipped} directives skipped", self.expected)?;
        writeln!(f, "{malformed} malformed modules reached the runtime")?;
        writeln!(f, "{text} malformed or invalid modules ended in the text parser")?;
        writeln!(f, "{passed} passed, {failed} failed, {} skipped", skipped + self.expected)
    }
}

/// Runs those scripts of `suite` that `selection` takes, and hands `progress` the verdict on each as it comes.
///
/// # Errors
///
/// If a script cannot be read, or `progress` fails.
pub fn run_suite(
    runner: &Runner,
    suite: &Suite,
    selection: &Selection,
    expected: &ExpectedFailures,
    mut progress: impl FnMut(&Verdict) -> io::Result<()>,
) -> io::Result<Summary> {
    let mut summary = Summary::default();
    for script in &suite.scripts {
        if !selection.takes(&script.path) {
            summary.scripts_left_out += 1;
            continue;
        }
        let file = suite.full_name(script);
        let text = script.text();
        let text =
            text.map_err(|error| io::Error::new(error.kind(), format!("{file}: {error}")))?;
        let verdict = expected.judge(runner.run_wast(&file, &text));
        progress(&verdict)?;
        summary.add(verdict);
    }
    if suite.is_whole {
        summary.unexpected_passes.extend(absent(suite, expected).cloned());
    }
    Ok(summary)
}

/// The expected failures in scripts that the suite doesn't have.
fn absent<'a>(
    suite: &'a Suite,
    expected: &'a ExpectedFailures,
) -> impl Iterator<Item = &'a ExpectedFailure> {
    expected.iter().filter(|entry| {
        let path = entry.file.strip_prefix(&suite.name).and_then(|path| path.strip_prefix('/'));
        path.is_some_and(|path| suite.scripts.iter().all(|script| script.path != path))
    })
}
