//! Rights: what a guest may do with a descriptor and with those it opens from it.
//!
//! The host gives them to the preopened directories; a guest can only lose them.

pub(crate) const FD_DATASYNC: u64 = 1 << 0;
pub(crate) const FD_READ: u64 = 1 << 1;
pub(crate) const FD_SEEK: u64 = 1 << 2;
pub(crate) const FD_FDSTAT_SET_FLAGS: u64 = 1 << 3;
pub(crate) const FD_SYNC: u64 = 1 << 4;
pub(crate) const FD_TELL: u64 = 1 << 5;
pub(crate) const FD_WRITE: u64 = 1 << 6;
pub(crate) const FD_ADVISE: u64 = 1 << 7;
pub(crate) const FD_ALLOCATE: u64 = 1 << 8;
pub(crate) const PATH_CREATE_DIRECTORY: u64 = 1 << 9;
pub(crate) const PATH_CREATE_FILE: u64 = 1 << 10;
pub(crate) const PATH_LINK_SOURCE: u64 = 1 << 11;
pub(crate) const PATH_LINK_TARGET: u64 = 1 << 12;
pub(crate) const PATH_OPEN: u64 = 1 << 13;
pub(crate) const FD_READDIR: u64 = 1 << 14;
pub(crate) const PATH_READLINK: u64 = 1 << 15;
pub(crate) const PATH_RENAME_SOURCE: u64 = 1 << 16;
pub(crate) const PATH_RENAME_TARGET: u64 = 1 << 17;
pub(crate) const PATH_FILESTAT_GET: u64 = 1 << 18;
pub(crate) const PATH_FILESTAT_SET_SIZE: u64 = 1 << 19;
pub(crate) const PATH_FILESTAT_SET_TIMES: u64 = 1 << 20;
pub(crate) const FD_FILESTAT_GET: u64 = 1 << 21;
pub(crate) const FD_FILESTAT_SET_SIZE: u64 = 1 << 22;
pub(crate) const FD_FILESTAT_SET_TIMES: u64 = 1 << 23;
pub(crate) const PATH_SYMLINK: u64 = 1 << 24;
pub(crate) const PATH_REMOVE_DIRECTORY: u64 = 1 << 25;
pub(crate) const PATH_UNLINK_FILE: u64 = 1 << 26;
pub(crate) const POLL_FD_READWRITE: u64 = 1 << 27;

/// Those that mean something for a file.
const FILE: u64 = FD_DATASYNC
    | FD_READ
    | FD_SEEK
    | FD_FDSTAT_SET_FLAGS
    | FD_SYNC
    | FD_TELL
    | FD_WRITE
    | FD_ADVISE
    | FD_ALLOCATE
    | FD_FILESTAT_GET
    | FD_FILESTAT_SET_SIZE
    | FD_FILESTAT_SET_TIMES
    | POLL_FD_READWRITE;

/// Those that mean something for a directory.
const DIRECTORY: u64 = FD_FDSTAT_SET_FLAGS
    | FD_SYNC
    | PATH_CREATE_DIRECTORY
    | PATH_CREATE_FILE
    | PATH_LINK_SOURCE
    | PATH_LINK_TARGET
    | PATH_OPEN
    | FD_READDIR
    | PATH_READLINK
    | PATH_RENAME_SOURCE
    | PATH_RENAME_TARGET
    | PATH_FILESTAT_GET
    | PATH_FILESTAT_SET_SIZE
    | PATH_FILESTAT_SET_TIMES
    | FD_FILESTAT_GET
    | FD_FILESTAT_SET_TIMES
    | PATH_SYMLINK
    | PATH_REMOVE_DIRECTORY
    | PATH_UNLINK_FILE;

/// Those that change nothing on the host.
const READ_ONLY: u64 = FD_READ
    | FD_SEEK
    | FD_FDSTAT_SET_FLAGS
    | FD_TELL
    | FD_ADVISE
    | PATH_OPEN
    | FD_READDIR
    | PATH_READLINK
    | PATH_FILESTAT_GET
    | FD_FILESTAT_GET
    | POLL_FD_READWRITE;

/// Rights with which the system has to open a file for reading.
const NEED_READ: u64 = FD_READ | FD_READDIR;

/// Rights with which the system has to open a file for writing.
const NEED_WRITE: u64 = FD_DATASYNC | FD_WRITE | FD_ALLOCATE | FD_FILESTAT_SET_SIZE;

/// The rights of a descriptor.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Rights {
    /// For the descriptor itself.
    pub(crate) base: u64,
    /// The most that descriptors opened from it can have.
    pub(crate) inheriting: u64,
}

impl Rights {
    /// Of a preopened directory in which the guest may do anything.
    pub(crate) const PREOPEN: Self = Self { base: DIRECTORY, inheriting: DIRECTORY | FILE };

    /// Of a preopened directory in which the guest may change nothing.
    pub(crate) const PREOPEN_READ_ONLY: Self =
        Self { base: DIRECTORY & READ_ONLY, inheriting: READ_ONLY };

    /// Of a stream that is read. Without `FD_SEEK` and `FD_TELL`, `isatty` can take it for a
    /// terminal.
    pub(crate) const INPUT: Self = Self {
        base: FD_READ | FD_FDSTAT_SET_FLAGS | FD_FILESTAT_GET | POLL_FD_READWRITE,
        inheriting: 0,
    };

    /// Of a stream that is written.
    pub(crate) const OUTPUT: Self = Self {
        base: FD_WRITE
            | FD_DATASYNC
            | FD_SYNC
            | FD_FDSTAT_SET_FLAGS
            | FD_FILESTAT_GET
            | POLL_FD_READWRITE,
        inheriting: 0,
    };

    pub(crate) fn new(base: u64, inheriting: u64) -> Self {
        Self { base, inheriting }
    }

    /// What remains of these when they are asked for under a directory with `inheriting`.
    pub(crate) fn limited(self, inheriting: u64) -> Self {
        Self { base: self.base & inheriting, inheriting: self.inheriting & inheriting }
    }

    /// What of these means something for a file.
    pub(crate) fn of_file(self) -> Self {
        Self { base: self.base & FILE, inheriting: 0 }
    }

    /// What of these means something for a directory.
    pub(crate) fn of_directory(self) -> Self {
        Self { base: self.base & DIRECTORY, ..self }
    }

    /// Whether these are no more than `other`.
    pub(crate) fn within(self, other: Self) -> bool {
        self.base & !other.base == 0 && self.inheriting & !other.inheriting == 0
    }

    /// Whether the system has to open a file for reading.
    pub(crate) fn need_read(self) -> bool {
        self.base & NEED_READ != 0
    }

    /// Whether the system has to open a file for writing.
    pub(crate) fn need_write(self) -> bool {
        self.base & NEED_WRITE != 0
    }
}
