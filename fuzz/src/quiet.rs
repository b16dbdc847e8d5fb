//! Calls of what may panic, of which libFuzzer's hook hears nothing: it would end the process.

use std::panic::{self, AssertUnwindSafe};
use std::thread;

/// Calls something that may panic, unwinds it, and leaves nothing half done that is used again.
pub fn catch<T>(call: impl FnOnce() -> T) -> thread::Result<T> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    panic::set_hook(hook);
    result
}
