//! Randomness from the system.

use crate::errno::Errno;
use crate::guest::{GuestMemory, Span};

/// `random_get`.
pub(crate) fn get(memory: &mut GuestMemory<'_>, buffer: Span) -> Result<(), Errno> {
    getrandom::fill(memory.slice_mut(buffer)?).map_err(|_| Errno::Io)
}
