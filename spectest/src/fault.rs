//! Why a directive's action did not complete: the phase that stopped it.
//!
//! The assertions of a script tell these apart: a module that fails to link is no evidence that it was validated.

use fulmar::{Error, Trap};
use std::fmt;

/// What stopped an action, by phase.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The text parser refused the module, which therefore never reached the runtime.
    Text(String),
    /// The runtime refused the module as malformed or invalid.
    Module(Error),
    /// An import was missing or of the wrong type.
    Link(Error),
    /// The guest trapped, or the initialisation of its memories and tables did.
    Trap(Trap),
    /// An exception that the guest threw and did not catch.
    Exception(Error),
    /// The runtime gave an error that belongs to none of these phases.
    Other(Error),
    /// The script speaks of a module or instance that is not there, perhaps because its definition failed.
    Missing(String),
    /// The script asks for what its modules do not have or the runner does not know.
    Script(String),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        if let Some(trap) = error.as_trap() {
            Self::Trap(trap)
        } else if error.as_exception().is_some() {
            Self::Exception(error)
        } else if error.is_link_error() {
            Self::Link(error)
        } else if error.offset().is_some() {
            Self::Module(error)
        } else {
            Self::Other(error)
        }
    }
}

impl From<wast::Error> for Fault {
    fn from(error: wast::Error) -> Self {
        Self::Text(error.message())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(message) => write!(f, "an error of the text parser: {message}"),
            Self::Module(error) => write!(f, "a refused module: {error}"),
            Self::Link(error) => write!(f, "a link error: {error}"),
            Self::Trap(trap) => write!(f, "a trap: {trap}"),
            Self::Exception(error) => write!(f, "an exception: {error}"),
            Self::Other(error) => write!(f, "an error: {error}"),
            Self::Missing(message) | Self::Script(message) => f.write_str(message),
        }
    }
}
