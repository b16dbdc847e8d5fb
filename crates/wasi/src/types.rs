//! The records and flags of WASI, and how they lie in guest memory.
//!
//! Knows nothing of descriptors or of the host's files.

use crate::errno::Errno;
use crate::rights::Rights;

/// A value that a call writes through a pointer of the guest.
pub(crate) trait GuestValue {
    /// The number of bytes in guest memory.
    const BYTES: u32;

    /// Writes the value to `bytes`, which are as many as `BYTES`.
    fn write(self, bytes: &mut [u8]);
}

impl GuestValue for u16 {
    const BYTES: u32 = 2;

    fn write(self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self.to_le_bytes());
    }
}

impl GuestValue for u32 {
    const BYTES: u32 = 4;

    fn write(self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self.to_le_bytes());
    }
}

impl GuestValue for u64 {
    const BYTES: u32 = 8;

    fn write(self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self.to_le_bytes());
    }
}

/// What kind of thing a descriptor or a name is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum FileType {
    Unknown = 0,
    BlockDevice = 1,
    CharacterDevice = 2,
    Directory = 3,
    RegularFile = 4,
    SocketStream = 6,
    SymbolicLink = 7,
}

/// The modes of a descriptor.
#[derive(Copy, Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct FdFlags(u16);

impl FdFlags {
    pub(crate) const APPEND: Self = Self(1 << 0);
    pub(crate) const DSYNC: Self = Self(1 << 1);
    pub(crate) const NONBLOCK: Self = Self(1 << 2);
    pub(crate) const RSYNC: Self = Self(1 << 3);
    pub(crate) const SYNC: Self = Self(1 << 4);

    /// From what a guest passes.
    pub(crate) fn new(bits: u32) -> Result<Self, Errno> {
        known_bits(bits, 5).map(Self)
    }

    /// Whether all of `flags` are set.
    pub(crate) fn contain(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }
}

/// How `path_open` opens.
#[derive(Copy, Clone, Debug)]
pub(crate) struct OpenFlags(u16);

impl OpenFlags {
    /// From what a guest passes.
    pub(crate) fn new(bits: u32) -> Result<Self, Errno> {
        known_bits(bits, 4).map(Self)
    }

    pub(crate) fn create(self) -> bool {
        self.0 & 1 != 0
    }

    pub(crate) fn directory(self) -> bool {
        self.0 & 2 != 0
    }

    pub(crate) fn exclusive(self) -> bool {
        self.0 & 4 != 0
    }

    pub(crate) fn truncate(self) -> bool {
        self.0 & 8 != 0
    }
}

/// Whether a symbolic link at the end of a path is followed, from what a guest passes.
pub(crate) fn lookup_follows(bits: u32) -> Result<bool, Errno> {
    known_bits(bits, 1).map(|bits| bits != 0)
}

/// The bits a guest passes as flags, of which only the lowest `known` mean something.
pub(crate) fn known_bits(bits: u32, known: u32) -> Result<u16, Errno> {
    match u16::try_from(bits) {
        Ok(bits) if bits >> known == 0 => Ok(bits),
        _ => Err(Errno::Inval),
    }
}

/// What `fd_fdstat_get` tells.
pub(crate) struct Fdstat {
    pub(crate) filetype: FileType,
    pub(crate) flags: FdFlags,
    pub(crate) rights: Rights,
}

impl GuestValue for Fdstat {
    const BYTES: u32 = 24;

    fn write(self, bytes: &mut [u8]) {
        bytes.fill(0);
        bytes[0] = self.filetype as u8;
        self.flags.0.write(&mut bytes[2..4]);
        self.rights.base.write(&mut bytes[8..16]);
        self.rights.inheriting.write(&mut bytes[16..24]);
    }
}

/// What `fd_filestat_get` and `path_filestat_get` tell. Times are nanoseconds since 1970.
pub(crate) struct Filestat {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    pub(crate) filetype: FileType,
    pub(crate) links: u64,
    pub(crate) size: u64,
    pub(crate) accessed: u64,
    pub(crate) modified: u64,
    pub(crate) changed: u64,
}

impl Filestat {
    /// Of something that is no file of the host.
    pub(crate) fn unnamed(filetype: FileType) -> Self {
        Self {
            device: 0,
            inode: 0,
            filetype,
            links: 0,
            size: 0,
            accessed: 0,
            modified: 0,
            changed: 0,
        }
    }
}

impl GuestValue for Filestat {
    const BYTES: u32 = 64;

    fn write(self, bytes: &mut [u8]) {
        self.device.write(&mut bytes[0..8]);
        self.inode.write(&mut bytes[8..16]);
        bytes[16..24].fill(0);
        bytes[16] = self.filetype as u8;
        self.links.write(&mut bytes[24..32]);
        self.size.write(&mut bytes[32..40]);
        self.accessed.write(&mut bytes[40..48]);
        self.modified.write(&mut bytes[48..56]);
        self.changed.write(&mut bytes[56..64]);
    }
}

/// What `fd_prestat_get` tells of a preopened directory.
pub(crate) struct Prestat {
    /// The length of its name.
    pub(crate) name_bytes: u32,
}

impl GuestValue for Prestat {
    const BYTES: u32 = 8;

    fn write(self, bytes: &mut [u8]) {
        // The tag, of which only that of a directory exists.
        bytes[0..4].fill(0);
        self.name_bytes.write(&mut bytes[4..8]);
    }
}

/// What stands before each name in the answer of `fd_readdir`.
pub(crate) struct Dirent {
    /// The cookie of the entry after this one.
    pub(crate) next: u64,
    pub(crate) inode: u64,
    pub(crate) name_bytes: u32,
    pub(crate) filetype: FileType,
}

impl GuestValue for Dirent {
    const BYTES: u32 = 24;

    fn write(self, bytes: &mut [u8]) {
        self.next.write(&mut bytes[0..8]);
        self.inode.write(&mut bytes[8..16]);
        self.name_bytes.write(&mut bytes[16..20]);
        bytes[20..24].fill(0);
        bytes[20] = self.filetype as u8;
    }
}

/// What `poll_oneoff` tells of a subscription that has come true.
pub(crate) struct Event {
    pub(crate) userdata: u64,
    /// 0 or an error number.
    pub(crate) error: u16,
    pub(crate) kind: u8,
    /// How many bytes can be read, if anything is known of that.
    pub(crate) ready_bytes: u64,
    /// Whether the other end is closed.
    pub(crate) hangup: bool,
}

impl GuestValue for Event {
    const BYTES: u32 = 32;

    fn write(self, bytes: &mut [u8]) {
        bytes.fill(0);
        self.userdata.write(&mut bytes[0..8]);
        self.error.write(&mut bytes[8..10]);
        bytes[10] = self.kind;
        self.ready_bytes.write(&mut bytes[16..24]);
        u16::from(self.hangup).write(&mut bytes[24..26]);
    }
}
