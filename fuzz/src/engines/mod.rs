//! The engines, each behind [`Guest`](crate::observe::Guest).

mod fulmar;
#[cfg(feature = "wasmi")]
mod wasmi;
#[cfg(feature = "wasmtime")]
mod wasmtime;

pub use self::fulmar::{FulmarGuest, Settings, config};
#[cfg(feature = "wasmi")]
pub use self::wasmi::WasmiGuest;
#[cfg(feature = "wasmtime")]
pub use self::wasmtime::WasmtimeGuest;
