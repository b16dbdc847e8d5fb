//! Calls that may panic, as documented or on purpose.

use crate::quiet::catch;
use arbitrary::Result;
use fulmar::Error;

/// How a call ended.
#[derive(Debug)]
pub(super) enum Outcome<T> {
    Value(T),
    Error(Error),
    Panic(String),
}

/// Calls something that gives a value or an error.
pub(super) fn quietly<T>(call: impl FnOnce() -> std::result::Result<T, Error>) -> Outcome<T> {
    match catch(call) {
        Ok(Ok(value)) => Outcome::Value(value),
        Ok(Err(error)) => Outcome::Error(error),
        Err(payload) => {
            let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
            Outcome::Panic(text.unwrap_or_default())
        }
    }
}

impl<T: std::fmt::Debug> Outcome<T> {
    /// The value.
    pub(super) fn value(self) -> std::result::Result<T, Self> {
        match self {
            Self::Value(value) => Ok(value),
            other => Err(other),
        }
    }

    pub(super) fn map<R>(self, map: impl FnOnce(T) -> R) -> Outcome<R> {
        match self {
            Self::Value(value) => Outcome::Value(map(value)),
            Self::Error(error) => Outcome::Error(error),
            Self::Panic(message) => Outcome::Panic(message),
        }
    }

    /// Something of another store was used.
    pub(super) fn must_be_foreign(self) -> Result<()> {
        self.must_panic("object used with a store that it does not belong to")
    }

    pub(super) fn must_panic(self, start: &str) -> Result<()> {
        match self {
            Self::Panic(message) if message.starts_with(start) => Ok(()),
            other => panic!("it must panic: {start}; {other:?}"),
        }
    }

    pub(super) fn must_fail(self, start: &str) -> Result<()> {
        match self {
            Self::Error(error) if error.to_string().starts_with(start) => Ok(()),
            other => panic!("it must be an error: {start}; {other:?}"),
        }
    }
}
