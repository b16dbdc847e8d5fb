//! The failures that are known and for now accepted, each with its reason, and the judgement of a report by them.

use crate::report::{Failure, Report};
use std::fmt;

/// An accepted failure: all that fails in this line of this script, or for want of the module there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExpectedFailure {
    /// The script: its suite's name and the path in there.
    pub file: String,
    /// The line of the directive, from 1.
    pub line: usize,
    /// Why this fails.
    pub reason: String,
}

impl fmt::Display for ExpectedFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.reason)
    }
}

/// The accepted failures.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ExpectedFailures {
    entries: Vec<ExpectedFailure>,
}

impl ExpectedFailures {
    /// The failures of fulmar itself that are accepted for now: `expected-failures.txt` beside this crate's sources.
    ///
    /// # Errors
    ///
    /// If that file is not in the form that [`ExpectedFailures::parse`] wants.
    pub fn of_fulmar() -> Result<Self, String> {
        Self::parse(include_str!("../expected-failures.txt"))
    }

    /// Reads lines of the form `path:line  reason`; `#` begins a comment.
    ///
    /// # Errors
    ///
    /// If a line has another form, or names what an earlier line does.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut entries: Vec<ExpectedFailure> = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |what: &str| format!("line {}: {what}", number + 1);
            let (place, reason) =
                line.split_once(char::is_whitespace).ok_or_else(|| wrong("no reason is given"))?;
            let (file, line) =
                place.rsplit_once(':').ok_or_else(|| wrong("expected path:line first"))?;
            let line = line.parse().map_err(|_| wrong("expected path:line first"))?;
            let entry = ExpectedFailure { file: file.into(), line, reason: reason.trim().into() };
            if entries.iter().any(|other| (&other.file, other.line) == (&entry.file, line)) {
                return Err(wrong("the same place is listed above"));
            }
            entries.push(entry);
        }
        Ok(Self { entries })
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &ExpectedFailure> {
        self.entries.iter()
    }

    /// Judges the run of one script.
    pub fn judge(&self, report: Report) -> Verdict {
        let entries: Vec<_> = self.iter().filter(|entry| entry.file == report.file).collect();
        let is_expected = |failure: &Failure| {
            let lines = [Some(failure.line), failure.follows];
            entries.iter().any(|entry| lines.contains(&Some(entry.line)))
        };
        let unexpected: Vec<_> =
            report.failures.iter().filter(|failure| !is_expected(failure)).cloned().collect();
        let passes = entries
            .iter()
            .filter(|entry| report.failures.iter().all(|failure| failure.line != entry.line));
        Verdict {
            expected: report.failures.len() - unexpected.len(),
            unexpected,
            unexpected_passes: passes.map(|entry| (*entry).clone()).collect(),
            report,
        }
    }
}

/// A report, judged by what was expected to fail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// The report.
    pub report: Report,
    /// How many of its failures were expected.
    pub expected: usize,
    /// Its other failures.
    pub unexpected: Vec<Failure>,
    /// The expected failures that did not happen.
    pub unexpected_passes: Vec<ExpectedFailure>,
}

impl Verdict {
    /// Whether everything went as expected.
    pub fn is_ok(&self) -> bool {
        self.unexpected_count() == 0
    }

    /// How much did not go as expected.
    pub fn unexpected_count(&self) -> usize {
        self.unexpected.len() + self.unexpected_passes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_gives_a_place_and_a_reason() {
        let list =
            ExpectedFailures::parse("# known\n\ncore/a.wast:12   no such thing yet\n").unwrap();
        let entries: Vec<_> = list.iter().map(ToString::to_string).collect();
        assert_eq!(entries, ["core/a.wast:12: no such thing yet"]);
        for (text, error) in [
            ("core/a.wast:12", "line 1: no reason is given"),
            ("\ncore/a.wast  why", "line 2: expected path:line first"),
            ("core/a.wast:x  why", "line 1: expected path:line first"),
            ("a:1 x\na:1 y", "line 2: the same place is listed above"),
        ] {
            assert_eq!(ExpectedFailures::parse(text).unwrap_err(), error, "{text}");
        }
        ExpectedFailures::of_fulmar().unwrap();
    }
}
