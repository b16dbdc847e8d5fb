//! The error of everything that can fail: one boxed word, so that results stay small.

use crate::buffer::NoMemory;
use crate::escape::Escaped;
use crate::types::ExternType;
use crate::{Exception, Trap, WasmBacktrace};
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::{error, fmt};

/// Why a module was refused, an instantiation failed or a call ended early.
///
/// Errors of the host's own travel in it unchanged: [`Error::new`] wraps one,
/// [`Error::downcast_ref`] finds it again.
pub struct Error {
    inner: Box<ErrorInner>,
}

struct ErrorInner {
    kind: ErrorKind,
    /// Where the guest was, for traps and for errors of host functions.
    backtrace: Option<WasmBacktrace>,
}

enum ErrorKind {
    Trap(Trap),
    Exit(i32),
    Host(Box<dyn error::Error + Send + Sync>),
    Message(Cow<'static, str>),
    /// The module is malformed, invalid or larger than supported.
    Module {
        message: String,
        offset: usize,
    },
    UnknownImport(Box<MissingImport>),
    IncompatibleImport(Box<IncompatibleImport>),
}

struct MissingImport {
    module: String,
    name: String,
    expected: ExternType,
}

struct IncompatibleImport {
    module: String,
    name: String,
    expected: ExternType,
    found: ExternType,
}

impl Error {
    #[cold]
    fn from_kind(kind: ErrorKind) -> Self {
        Self { inner: Box::new(ErrorInner { kind, backtrace: None }) }
    }

    /// Wraps an error of the host, for example to return it from a host function.
    #[cold]
    pub fn new(error: impl error::Error + Send + Sync + 'static) -> Self {
        Self::from_kind(ErrorKind::Host(Box::new(error)))
    }

    /// An error that is only a message.
    #[cold]
    pub fn msg(message: impl Into<Cow<'static, str>>) -> Self {
        Self::from_kind(ErrorKind::Message(message.into()))
    }

    /// The end of the guest by its own wish, with an exit status.
    #[cold]
    pub fn i32_exit(status: i32) -> Self {
        Self::from_kind(ErrorKind::Exit(status))
    }

    /// A trap and where it happened.
    #[cold]
    pub(crate) fn trap(trap: Trap, backtrace: WasmBacktrace) -> Self {
        Self::from(trap).with_backtrace(backtrace)
    }

    /// A fault of the module at byte `offset`.
    #[cold]
    pub(crate) fn validation(message: impl Into<String>, offset: usize) -> Self {
        Self::from_kind(ErrorKind::Module { message: message.into(), offset })
    }

    /// A fault of the module that the parser or validator found.
    #[cold]
    pub(crate) fn parse(error: wasmparser::Error) -> Self {
        let offset = usize::try_from(error.offset()).unwrap_or(usize::MAX);
        // Which may have names in it.
        Self::validation(Escaped(error.message()).to_string(), offset)
    }

    /// Nothing is defined under the names of an import.
    #[cold]
    pub(crate) fn unknown_import(module: &str, name: &str, expected: ExternType) -> Self {
        let (module, name) = (module.to_string(), name.to_string());
        Self::from_kind(ErrorKind::UnknownImport(Box::new(MissingImport {
            module,
            name,
            expected,
        })))
    }

    /// What is defined under the names of an import is of another type.
    #[cold]
    pub(crate) fn incompatible_import(
        module: &str,
        name: &str,
        expected: ExternType,
        found: ExternType,
    ) -> Self {
        let (module, name) = (module.to_string(), name.to_string());
        let import = IncompatibleImport { module, name, expected, found };
        Self::from_kind(ErrorKind::IncompatibleImport(Box::new(import)))
    }

    /// Adds where the guest was; behind what is known already, of inner activations.
    #[cold]
    pub(crate) fn with_backtrace(mut self, backtrace: WasmBacktrace) -> Self {
        match &mut self.inner.backtrace {
            None => self.inner.backtrace = Some(backtrace),
            Some(inner) => inner.append(backtrace),
        }
        self
    }

    /// The status, if the guest ended by its own wish.
    pub fn i32_exit_status(&self) -> Option<i32> {
        match self.inner.kind {
            ErrorKind::Exit(status) => Some(status),
            _ => None,
        }
    }

    /// The trap, if this is one.
    pub fn as_trap(&self) -> Option<Trap> {
        match &self.inner.kind {
            ErrorKind::Trap(trap) => Some(*trap),
            ErrorKind::Host(error) => error.downcast_ref::<Trap>().copied(),
            _ => None,
        }
    }

    /// The exception, if the guest threw one and did not catch it, or a host function did.
    pub fn as_exception(&self) -> Option<&Exception> {
        self.downcast_ref()
    }

    /// The byte offset within the module, if the module is at fault.
    pub fn offset(&self) -> Option<usize> {
        match self.inner.kind {
            ErrorKind::Module { offset, .. } => Some(offset),
            _ => None,
        }
    }

    /// Whether an import could not be satisfied: nothing by its name, or something of another type.
    pub fn is_link_error(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::UnknownImport(_) | ErrorKind::IncompatibleImport(_))
    }

    /// Where the guest was, if it was running.
    pub fn backtrace(&self) -> Option<&WasmBacktrace> {
        self.inner.backtrace.as_ref()
    }

    /// The error of the host, or the [`Trap`], if it is an `E`.
    pub fn downcast_ref<E: error::Error + 'static>(&self) -> Option<&E> {
        match &self.inner.kind {
            ErrorKind::Host(error) => error.downcast_ref(),
            ErrorKind::Trap(trap) => (trap as &(dyn error::Error + 'static)).downcast_ref(),
            _ => None,
        }
    }

    /// Whether [`Error::downcast_ref`] finds an `E`.
    pub fn is<E: error::Error + 'static>(&self) -> bool {
        self.downcast_ref::<E>().is_some()
    }

    /// The error of the host, if it is an `E`, or else this error unchanged.
    ///
    /// # Errors
    ///
    /// This error, if it holds no `E`.
    pub fn downcast<E: error::Error + 'static>(self) -> Result<E, Self> {
        let ErrorInner { kind, backtrace } = *self.inner;
        let kind = match kind {
            ErrorKind::Host(error) => match error.downcast::<E>() {
                Ok(error) => return Ok(*error),
                Err(error) => ErrorKind::Host(error),
            },
            kind => kind,
        };
        Err(Self { inner: Box::new(ErrorInner { kind, backtrace }) })
    }
}

impl From<Trap> for Error {
    #[cold]
    fn from(trap: Trap) -> Self {
        Self::from_kind(ErrorKind::Trap(trap))
    }
}

impl From<NoMemory> for Error {
    /// What fails like this is translation: other parts say themselves what there was no memory for.
    #[cold]
    fn from(NoMemory: NoMemory) -> Self {
        Self::msg("no memory for the code of a function")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.inner.kind {
            ErrorKind::Trap(trap) => trap.fmt(f),
            ErrorKind::Exit(status) => write!(f, "exited with status {status}"),
            ErrorKind::Host(error) => error.fmt(f),
            ErrorKind::Message(message) => f.write_str(message),
            ErrorKind::Module { message, offset } => write!(f, "{message} (at offset {offset:#x})"),
            ErrorKind::UnknownImport(import) => {
                let MissingImport { module, name, expected } = &**import;
                write!(f, "unknown import {module:?} {name:?}: expected {expected}")
            }
            ErrorKind::IncompatibleImport(import) => {
                let IncompatibleImport { module, name, expected, found } = &**import;
                write!(f, "incompatible import type for {module:?} {name:?}: ")?;
                write!(f, "expected {expected}, found {found}")
            }
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.inner.kind {
            ErrorKind::Host(error) => fmt::Debug::fmt(error, f)?,
            _ => fmt::Display::fmt(self, f)?,
        }
        match &self.inner.backtrace {
            Some(backtrace) => write!(f, "\nguest backtrace:\n{backtrace}"),
            None => Ok(()),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match &self.inner.kind {
            ErrorKind::Host(error) => error.source(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FuncType, MemoryType};

    #[test]
    fn an_error_is_one_word() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
        assert_eq!(size_of::<Option<Error>>(), size_of::<usize>());
        assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
    }

    #[test]
    fn traps_are_found_however_they_were_made() {
        let trap = Trap::IntegerDivisionByZero;
        assert_eq!(Error::from(trap).as_trap(), Some(trap));
        assert_eq!(Error::new(trap).as_trap(), Some(trap));
        assert_eq!(Error::from(trap).downcast_ref::<Trap>(), Some(&trap));
        assert_eq!(Error::from(trap).to_string(), "integer divide by zero");
        assert_eq!(Error::msg("no").as_trap(), None);
    }

    #[test]
    fn host_errors_come_back_unchanged() {
        let error = Error::new(fmt::Error);
        assert!(error.is::<fmt::Error>());
        assert!(!error.is::<Trap>());
        let error = error.downcast::<Trap>().unwrap_err();
        assert_eq!(error.downcast::<fmt::Error>().unwrap(), fmt::Error);
    }

    #[test]
    fn messages_name_what_was_expected() {
        let func = ExternType::Func(FuncType::new([], []));
        let memory = ExternType::Memory(MemoryType::new(1, None));
        assert_eq!(
            Error::unknown_import("env", "f", func.clone()).to_string(),
            r#"unknown import "env" "f": expected function () -> ()"#
        );
        assert_eq!(
            Error::incompatible_import("env", "f", func, memory).to_string(),
            r#"incompatible import type for "env" "f": expected function () -> (), found memory 1"#
        );
        let invalid = Error::validation("type mismatch", 0x1f);
        assert_eq!(invalid.to_string(), "type mismatch (at offset 0x1f)");
        assert_eq!(invalid.offset(), Some(0x1f));
    }
}
