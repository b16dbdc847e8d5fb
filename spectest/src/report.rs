//! What a run of one script found: counts, and each failure with its place.
//!
//! Knows nothing of suites, nor of failures that somebody expects.

use std::fmt;
use std::ops::AddAssign;

/// How many assertions ended in which way.
///
/// Only the `assert_…` directives of a script count as passed; its modules, registrations and plain invocations
/// are merely what the assertions need, and count only if they fail.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Assertions that hold.
    pub passed: usize,
    /// Assertions that don't hold, and other directives that failed.
    pub failed: usize,
    /// Directives that the runner has no means for, such as threads, or did not get to.
    pub skipped: usize,
    /// Of the passed and failed ones: `assert_malformed` whose module reached the runtime.
    pub malformed: usize,
    /// `assert_malformed` and `assert_invalid` whose module the text parser refused: they tested nothing of the runtime
    /// and are in no other count.
    pub text: usize,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.malformed += other.malformed;
        self.text += other.text;
    }
}

/// A directive that did not end as it should.
///
/// `Display` gives one line: place, directive, what was expected and what was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The name of the script.
    pub file: String,
    /// The line of the directive, from 1.
    pub line: usize,
    /// The column of the directive's keyword, from 1.
    pub column: usize,
    /// The directive's keyword.
    pub directive: &'static str,
    /// What should have happened.
    pub expected: String,
    /// What happened instead.
    pub found: String,
    /// The line of an earlier failure, if this one came about only because the module there is missing.
    pub follows: Option<usize>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, directive, expected, found, .. } = self;
        write!(f, "{file}:{line}:{column}: {directive}: expected {expected}, found {found}")
    }
}

/// What a run of one script found.
///
/// `Display` gives the failures, one a line, and the counts. Failures that merely follow from others are only counted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// The name of the script.
    pub file: String,
    /// The counts.
    pub counts: Counts,
    /// The failures, in the order of the script.
    pub failures: Vec<Failure>,
}

impl Report {
    /// Whether nothing failed.
    pub fn is_ok(&self) -> bool {
        self.failures.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_failures(&self.failures, f)?;
        let Counts { passed, failed, skipped, text, .. } = self.counts;
        write!(f, "{}: {passed} passed, {failed} failed, {skipped} skipped", self.file)?;
        if text > 0 {
            write!(f, " ({text} more ended in the text parser)")?;
        }
        Ok(())
    }
}

/// Writes a line for each of the failures, but for those that follow from others only one with their number.
pub(crate) fn write_failures(failures: &[Failure], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (following, roots): (Vec<_>, Vec<_>) =
        failures.iter().partition(|failure| failure.follows.is_some());
    for failure in roots {
        writeln!(f, "{failure}")?;
    }
    if !following.is_empty() {
        writeln!(f, "{} more failures for want of modules that failed", following.len())?;
    }
    Ok(())
}
