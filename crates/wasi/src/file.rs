//! Open files of the host, and the functions for files alone.

use crate::WasiCtx;
use crate::clock::{nanoseconds, since_1970};
use crate::errno::Errno;
use crate::guest::{GuestMemory, Span};
use crate::os;
use crate::rights::{
    FD_ADVISE, FD_ALLOCATE, FD_FILESTAT_SET_SIZE, FD_READ, FD_SEEK, FD_TELL, FD_WRITE,
};
use crate::stdio::Readable;
use crate::table::Kind;
use crate::types::{FdFlags, FileType, Filestat, known_bits};
use cap_fs_ext::{FileTypeExt, MetadataExt};
use cap_std::fs::Metadata;
use std::fs::{File, FileTimes};
use std::io::{self, IoSlice, IoSliceMut, Read, Seek, SeekFrom, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An open file, or whatever else is no directory.
pub(crate) struct OpenFile {
    file: File,
    filetype: FileType,
    flags: FdFlags,
}

impl OpenFile {
    pub(crate) fn new(file: File, metadata: &Metadata) -> Self {
        let filetype = filetype(metadata.file_type());
        Self { file, filetype, flags: FdFlags::default() }
    }

    pub(crate) fn filetype(&self) -> FileType {
        self.filetype
    }

    pub(crate) fn is_regular(&self) -> bool {
        self.filetype == FileType::RegularFile
    }

    pub(crate) fn flags(&self) -> FdFlags {
        self.flags
    }

    pub(crate) fn set_flags(&mut self, flags: FdFlags) -> Result<(), Errno> {
        os::set_flags(&self.file, flags)?;
        self.flags = flags;
        Ok(())
    }

    pub(crate) fn filestat(&self) -> Result<Filestat, Errno> {
        filestat(&Metadata::from_file(&self.file)?)
    }

    pub(crate) fn set_times(&self, times: NewTimes) -> Result<(), Errno> {
        let now = SystemTime::now();
        let mut file_times = FileTimes::new();
        if let Some(time) = times.accessed {
            file_times = file_times.set_accessed(time.unwrap_or(now));
        }
        if let Some(time) = times.modified {
            file_times = file_times.set_modified(time.unwrap_or(now));
        }
        Ok(self.file.set_times(file_times)?)
    }

    pub(crate) fn sync_data(&self) -> Result<(), Errno> {
        Ok(self.file.sync_data()?)
    }

    pub(crate) fn sync_all(&self) -> Result<(), Errno> {
        Ok(self.file.sync_all()?)
    }

    /// Reads once.
    pub(crate) fn read(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.file.read_vectored(buffers)
    }

    /// Writes once.
    pub(crate) fn write(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        if self.flags.contain(FdFlags::APPEND) {
            os::prepare_to_append(&mut self.file)?;
        }
        let bytes = self.file.write_vectored(buffers)?;
        self.sync_as_flagged()?;
        Ok(bytes)
    }

    /// Makes lasting what was written, as far as the flags demand it.
    fn sync_as_flagged(&self) -> io::Result<()> {
        if self.flags.contain(FdFlags::SYNC) || self.flags.contain(FdFlags::RSYNC) {
            self.file.sync_all()
        } else if self.flags.contain(FdFlags::DSYNC) {
            self.file.sync_data()
        } else {
            Ok(())
        }
    }

    /// What can be read without waiting.
    pub(crate) fn readable(&mut self) -> Result<Readable, Errno> {
        let bytes = match self.filetype {
            FileType::RegularFile => {
                self.file.metadata()?.len().saturating_sub(self.file.stream_position()?)
            }
            _ => 1,
        };
        Ok(Readable { bytes, hangup: false })
    }
}

/// The kind of a file of the host.
pub(crate) fn filetype(filetype: cap_std::fs::FileType) -> FileType {
    if filetype.is_dir() {
        FileType::Directory
    } else if filetype.is_file() {
        FileType::RegularFile
    } else if filetype.is_symlink() {
        FileType::SymbolicLink
    } else if filetype.is_char_device() {
        FileType::CharacterDevice
    } else if filetype.is_block_device() {
        FileType::BlockDevice
    } else if filetype.is_socket() {
        FileType::SocketStream
    } else {
        FileType::Unknown
    }
}

/// What a guest gets to know of a file of the host.
pub(crate) fn filestat(metadata: &Metadata) -> Result<Filestat, Errno> {
    let time = |time: io::Result<cap_std::time::SystemTime>| {
        // Where the file system keeps no such time, zero stands for it.
        nanoseconds(time.map_or(Duration::ZERO, |time| since_1970(time.into_std())))
    };
    Ok(Filestat {
        device: metadata.dev(),
        inode: metadata.ino(),
        filetype: filetype(metadata.file_type()),
        links: metadata.nlink(),
        size: metadata.len(),
        accessed: time(metadata.accessed())?,
        modified: time(metadata.modified())?,
        changed: nanoseconds(os::changed(metadata))?,
    })
}

/// The times to be set: for each, nothing, the present time, or another.
#[derive(Copy, Clone, Debug)]
pub(crate) struct NewTimes {
    pub(crate) accessed: Option<Option<SystemTime>>,
    pub(crate) modified: Option<Option<SystemTime>>,
}

impl NewTimes {
    /// From what a guest passes: nanoseconds since 1970, and in `flags`, whether they count.
    pub(crate) fn new(accessed: u64, modified: u64, flags: u32) -> Result<Self, Errno> {
        let flags = known_bits(flags, 4)?;
        let time = |nanoseconds, set: u16, set_now: u16| match (flags & set, flags & set_now) {
            (0, 0) => Ok(None),
            (0, _) => Ok(Some(None)),
            (_, 0) => {
                let time = UNIX_EPOCH.checked_add(Duration::from_nanos(nanoseconds));
                Ok(Some(Some(time.ok_or(Errno::Overflow)?)))
            }
            _ => Err(Errno::Inval),
        };
        Ok(Self { accessed: time(accessed, 1, 2)?, modified: time(modified, 4, 8)? })
    }
}

/// `fd_pread`.
pub(crate) fn pread(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    buffers: Span,
    offset: u64,
) -> Result<u32, Errno> {
    let file = ctx.table.file(fd, FD_READ | FD_SEEK)?;
    let mut offset = offset;
    memory.scatter(buffers, false, |buffers| {
        let mut sum = 0;
        for buffer in buffers {
            let bytes = os::read_at(&file.file, buffer, offset)?;
            offset = advance(offset, bytes)?;
            sum += bytes;
            if bytes < buffer.len() {
                break;
            }
        }
        Ok(sum)
    })
}

/// `fd_pwrite`.
pub(crate) fn pwrite(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    buffers: Span,
    offset: u64,
) -> Result<u32, Errno> {
    let file = ctx.table.file(fd, FD_WRITE | FD_SEEK)?;
    let mut offset = offset;
    memory.gather(buffers, |buffers| {
        let bytes = os::write_at(&file.file, &buffers[0], offset)?;
        file.sync_as_flagged()?;
        offset = advance(offset, bytes)?;
        Ok(bytes)
    })
}

fn advance(offset: u64, bytes: usize) -> io::Result<u64> {
    let bytes = u64::try_from(bytes).ok();
    let end = bytes.and_then(|bytes| offset.checked_add(bytes));
    end.ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

/// `fd_seek`.
pub(crate) fn seek(ctx: &mut WasiCtx, fd: u32, offset: i64, whence: u32) -> Result<u64, Errno> {
    let to = match whence {
        0 => SeekFrom::Start(u64::try_from(offset).map_err(|_| Errno::Inval)?),
        1 => SeekFrom::Current(offset),
        2 => SeekFrom::End(offset),
        _ => return Err(Errno::Inval),
    };
    if to == SeekFrom::Current(0) {
        return tell(ctx, fd);
    }
    Ok(ctx.table.file(fd, FD_SEEK)?.file.seek(to)?)
}

/// `fd_tell`, for which the right to seek is enough as well.
pub(crate) fn tell(ctx: &mut WasiCtx, fd: u32) -> Result<u64, Errno> {
    let seeks = ctx.table.get(fd)?.require(FD_SEEK).is_ok();
    let file = ctx.table.file(fd, if seeks { FD_SEEK } else { FD_TELL })?;
    Ok(file.file.stream_position()?)
}

/// `fd_advise`.
pub(crate) fn advise(
    ctx: &mut WasiCtx,
    fd: u32,
    offset: u64,
    len: u64,
    advice: u32,
) -> Result<(), Errno> {
    if advice > 5 || offset.checked_add(len).is_none() {
        return Err(Errno::Inval);
    }
    // Advice need not be taken, and it is not: what systems make of it is too different.
    ctx.table.file(fd, FD_ADVISE).map(drop)
}

/// `fd_allocate`.
pub(crate) fn allocate(ctx: &mut WasiCtx, fd: u32, offset: u64, len: u64) -> Result<(), Errno> {
    let file = ctx.table.file(fd, FD_ALLOCATE)?;
    if len == 0 {
        return Err(Errno::Inval);
    }
    let end = offset.checked_add(len).ok_or(Errno::Fbig)?;
    if !file.is_regular() {
        return Err(Errno::Nodev);
    }
    // Space on the disk is not reserved: not every system and file system can.
    if end > file.file.metadata()?.len() {
        file.file.set_len(end)?;
    }
    Ok(())
}

/// `fd_filestat_set_size`.
pub(crate) fn filestat_set_size(ctx: &mut WasiCtx, fd: u32, size: u64) -> Result<(), Errno> {
    Ok(ctx.table.file(fd, FD_FILESTAT_SET_SIZE)?.file.set_len(size)?)
}

/// What can be read from `fd` without waiting; `None` if only the system can tell, as it is its
/// standard input.
pub(crate) fn readable(ctx: &mut WasiCtx, fd: u32) -> Result<Option<Readable>, Errno> {
    match &mut ctx.table.get_mut(fd)?.kind {
        Kind::Stream(stream) if stream.may_wait() => Ok(None),
        Kind::Stream(_) => Ok(Some(Readable { bytes: 1, hangup: false })),
        Kind::File(file) => file.readable().map(Some),
        Kind::Dir(_) => Err(Errno::Isdir),
    }
}
