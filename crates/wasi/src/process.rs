//! The guest as a process: how it ends itself or gives way to others.

use crate::errno::Errno;
use fulmar::Error;
use std::thread;

/// The highest number of a signal.
const SIGNAL_MAX: u32 = 30;

/// `proc_exit`: the error by which the guest ends.
pub(crate) fn exit(status: u32) -> Error {
    Error::i32_exit(status.cast_signed())
}

/// `proc_raise`: does with the guest what a system does by default with a process.
///
/// The error ends the guest; the number is for it.
pub(crate) fn raise(signal: u32) -> Result<u32, Error> {
    match signal {
        // None, CHLD, CONT, URG and WINCH are ignored.
        0 | 16 | 17 | 22 | 27 => Ok(0),
        // STOP, TSTP, TTIN and TTOU would stop the process until somebody continues it.
        18..=21 => Ok(Errno::Notsup.number()),
        // The status is what a shell would tell.
        1..=SIGNAL_MAX => Err(exit(128 + signal)),
        _ => Ok(Errno::Inval.number()),
    }
}

/// `sched_yield`.
pub(crate) fn give_way() -> Result<(), Errno> {
    thread::yield_now();
    Ok(())
}
