//! WASI's error numbers, and what the host's errors are in them.
//!
//! Only the numbers that this implementation returns are listed.

use crate::os;
use std::io;
use std::num::TryFromIntError;

/// Why a call failed, with the numbers of `wasi_snapshot_preview1`.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[repr(u16)]
pub(crate) enum Errno {
    Acces = 2,
    Again = 6,
    Badf = 8,
    Busy = 10,
    Deadlk = 16,
    Dquot = 19,
    Exist = 20,
    Fault = 21,
    Fbig = 22,
    Ilseq = 25,
    Intr = 27,
    Inval = 28,
    Io = 29,
    Isdir = 31,
    Loop = 32,
    Mfile = 33,
    Mlink = 34,
    Nametoolong = 37,
    #[cfg_attr(windows, expect(dead_code, reason = "no error of Windows"))]
    Nfile = 41,
    Nodev = 43,
    Noent = 44,
    Nomem = 48,
    Nospc = 51,
    Notdir = 54,
    Notempty = 55,
    Notsock = 57,
    Notsup = 58,
    #[cfg_attr(windows, expect(dead_code, reason = "no error of Windows"))]
    Notty = 59,
    #[cfg_attr(windows, expect(dead_code, reason = "no error of Windows"))]
    Nxio = 60,
    Overflow = 61,
    Perm = 63,
    Pipe = 64,
    Rofs = 69,
    Spipe = 70,
    Stale = 72,
    Timedout = 73,
    Txtbsy = 74,
    Xdev = 75,
    Notcapable = 76,
}

impl Errno {
    /// What a function returns to the guest.
    pub(crate) fn number(self) -> u32 {
        u32::from(self as u16)
    }
}

impl From<io::Error> for Errno {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind;
        if let Some(errno) = os::errno(&error) {
            return errno;
        }
        match error.kind() {
            ErrorKind::AlreadyExists => Self::Exist,
            ErrorKind::BrokenPipe => Self::Pipe,
            ErrorKind::CrossesDevices => Self::Xdev,
            ErrorKind::Deadlock => Self::Deadlk,
            ErrorKind::DirectoryNotEmpty => Self::Notempty,
            ErrorKind::ExecutableFileBusy => Self::Txtbsy,
            ErrorKind::FileTooLarge => Self::Fbig,
            ErrorKind::Interrupted => Self::Intr,
            ErrorKind::InvalidFilename => Self::Nametoolong,
            ErrorKind::InvalidInput => Self::Inval,
            ErrorKind::IsADirectory => Self::Isdir,
            ErrorKind::NotADirectory => Self::Notdir,
            ErrorKind::NotFound => Self::Noent,
            ErrorKind::NotSeekable => Self::Spipe,
            ErrorKind::OutOfMemory => Self::Nomem,
            // Only the sandbox refuses without asking the system.
            ErrorKind::PermissionDenied if error.raw_os_error().is_none() => Self::Perm,
            ErrorKind::PermissionDenied => Self::Acces,
            ErrorKind::QuotaExceeded => Self::Dquot,
            ErrorKind::ReadOnlyFilesystem => Self::Rofs,
            ErrorKind::ResourceBusy => Self::Busy,
            ErrorKind::StaleNetworkFileHandle => Self::Stale,
            ErrorKind::StorageFull => Self::Nospc,
            ErrorKind::TimedOut => Self::Timedout,
            ErrorKind::TooManyLinks => Self::Mlink,
            ErrorKind::Unsupported => Self::Notsup,
            ErrorKind::WouldBlock => Self::Again,
            _ => Self::Io,
        }
    }
}

impl From<TryFromIntError> for Errno {
    fn from(_: TryFromIntError) -> Self {
        Self::Overflow
    }
}
