//! Runs WebAssembly's test scripts (`.wast`) against fulmar and says exactly what held.
//!
//! [`Runner`] runs one script and gives a [`Report`]. A [`Suite`] is many scripts, of which a [`Selection`] is run;
//! [`ExpectedFailures`] are told from other failures, and a [`Summary`] adds everything up.
//!
//! What a script means is decided here and in the crate `wast`, never by the engine under test: values are compared by
//! bits, traps by code, and an error counts only if it is of the phase that the script names.

#[cfg(feature = "testsuite")]
mod carried;
mod directive;
mod expected;
mod fault;
mod host;
mod pattern;
mod report;
mod runner;
mod selection;
mod session;
mod settings;
mod suite;
mod summary;
mod trap_words;

#[cfg(feature = "testsuite")]
pub use self::carried::{carried_suite, carried_suite_names};
pub use self::expected::{ExpectedFailure, ExpectedFailures, Verdict};
pub use self::report::{Counts, Failure, Report};
pub use self::runner::Runner;
pub use self::selection::Selection;
pub use self::session::Rewrite;
pub use self::settings::{Features, Settings, SpecVersion, compilation_mode, proposal_names};
pub use self::suite::{Script, Suite};
pub use self::summary::{Summary, run_suite};
