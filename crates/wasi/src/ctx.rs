//! What belongs to one guest: its arguments, environment, clock and descriptors.

use crate::WasiCtxBuilder;
use crate::table::Table;
use std::fmt;
use std::time::Instant;

/// The WASI state of one guest, to be kept in the data of its store.
///
/// It is made by a [`WasiCtxBuilder`]; whatever the builder was not told to give, the guest does
/// not have.
pub struct WasiCtx {
    pub(crate) args: Vec<Vec<u8>>,
    /// Each of the form `name=value`.
    pub(crate) environ: Vec<Vec<u8>>,
    pub(crate) table: Table,
    /// Where the monotonic clock stands at zero.
    pub(crate) start: Instant,
}

impl WasiCtx {
    /// As [`WasiCtxBuilder::new`].
    pub fn builder() -> WasiCtxBuilder {
        WasiCtxBuilder::new()
    }
}

impl fmt::Debug for WasiCtx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasiCtx").finish_non_exhaustive()
    }
}
