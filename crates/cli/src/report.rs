//! How commands end: the exit codes, and what an error prints.

use crate::escape::escape;
use std::fmt::{self, Write as _};
use std::io::{self, Write as _};

/// Everything went well, as far as `fulmar` is concerned.
pub(crate) const SUCCESS: i32 = 0;
/// Something failed that has no code of its own.
pub(crate) const FAILURE: i32 = 1;
/// The command line is not as it should be.
pub(crate) const USAGE: i32 = 2;
/// The guest trapped: what a shell reports of a process that aborts.
pub(crate) const TRAP: i32 = 134;

/// A fault of the command line that shows only once the module is known.
#[derive(Debug)]
pub(crate) struct UsageError(pub(crate) String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// The error of a guest that was stopped while it ran, or could not start; `file` is its module.
pub(crate) fn guest_error(file: &str, error: fulmar::Error) -> anyhow::Error {
    let file = if error.as_trap().is_some() { format!("{file}: trap") } else { file.to_owned() };
    anyhow::Error::new(error).context(file)
}

/// Prints an error and gives the exit code.
///
/// A guest that ends by its own wish comes as an error too: it prints nothing, and the code is the guest's.
pub(crate) fn report(error: &anyhow::Error) -> i32 {
    if let Some(status) = exit_status(error) {
        return status;
    }
    if is_closed_pipe(error) {
        return FAILURE;
    }
    // If standard error is closed, nobody is left to be told.
    let _ = io::stderr().lock().write_all(escape(&text(error)).as_bytes());
    code(error)
}

/// Whether the reader of what was printed, such as `head`, has had enough: no reason to complain.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    kind == Some(io::ErrorKind::BrokenPipe)
}

/// The status, if the guest ended by its own wish.
fn exit_status(error: &anyhow::Error) -> Option<i32> {
    error.downcast_ref::<fulmar::Error>()?.i32_exit_status()
}

fn code(error: &anyhow::Error) -> i32 {
    let guest = error.downcast_ref::<fulmar::Error>();
    if error.is::<UsageError>() {
        USAGE
    } else if guest.is_some_and(|error| error.as_trap().is_some()) {
        TRAP
    } else {
        FAILURE
    }
}

/// The error with its causes, and where the guest was.
fn text(error: &anyhow::Error) -> String {
    let mut text = format!("error: {error:#}\n");
    let backtrace = error.downcast_ref::<fulmar::Error>().and_then(fulmar::Error::backtrace);
    if let Some(backtrace) = backtrace.filter(|backtrace| !backtrace.frames().is_empty()) {
        write!(text, "guest backtrace:\n{backtrace}\n").expect("strings take any text");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use fulmar::{Error, Trap};

    #[test]
    fn the_code_tells_how_it_ended() {
        let guest = |error| guest_error("a.wasm", error);
        assert_eq!(exit_status(&guest(Error::i32_exit(0))), Some(SUCCESS));
        assert_eq!(exit_status(&guest(Error::i32_exit(42))), Some(42));
        assert_eq!(exit_status(&guest(Error::msg("no"))), None);
        assert_eq!(code(&guest(Error::from(Trap::UnreachableCodeReached))), TRAP);
        assert_eq!(code(&guest(Error::msg("no"))), FAILURE);
        let usage = anyhow::Error::new(UsageError("expected a number".into()));
        assert_eq!(code(&usage.context("a.wasm")), USAGE);
    }

    #[test]
    fn the_text_names_the_file_first() {
        let error = guest_error("a.wasm", Error::from(Trap::IntegerDivisionByZero));
        assert_eq!(text(&error), "error: a.wasm: trap: integer divide by zero\n");
        assert_eq!(text(&guest_error("a.wasm", Error::msg("no"))), "error: a.wasm: no\n");
    }
}
