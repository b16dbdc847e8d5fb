//! Windows, by the standard library.

use crate::clock::Clock;
use crate::clock::since_1970;
use crate::errno::Errno;
use crate::stdio::Readable;
use crate::types::FdFlags;
use cap_fs_ext::{DirEntryExt, MetadataExt};
use cap_std::fs::{DirEntry, Metadata};
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Seek, SeekFrom, Write, stdin, stdout};
use std::os::windows::fs::FileExt;
use std::time::Duration;

/// The number of an error that [`io::ErrorKind`] does not tell apart.
pub(crate) fn errno(error: &io::Error) -> Option<Errno> {
    const ERROR_TOO_MANY_OPEN_FILES: i32 = 4;
    const ERROR_INVALID_HANDLE: i32 = 6;
    const ERROR_STOPPED_ON_SYMLINK: i32 = 681;
    const ERROR_PRIVILEGE_NOT_HELD: i32 = 1314;
    const ERROR_CANT_RESOLVE_FILENAME: i32 = 1921;
    let errno = match error.raw_os_error()? {
        ERROR_TOO_MANY_OPEN_FILES => Errno::Mfile,
        ERROR_INVALID_HANDLE => Errno::Badf,
        ERROR_PRIVILEGE_NOT_HELD => Errno::Perm,
        ERROR_STOPPED_ON_SYMLINK | ERROR_CANT_RESOLVE_FILENAME => Errno::Loop,
        _ => return None,
    };
    Some(errno)
}

/// How finely a clock tells the time.
pub(crate) fn clock_resolution(clock: Clock) -> io::Result<Duration> {
    match clock {
        Clock::Realtime | Clock::Monotonic => Ok(Duration::from_nanos(100)),
        Clock::ProcessCpu | Clock::ThreadCpu => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// The processor time of this process or thread, which the standard library does not know.
pub(crate) fn cpu_time(_: Clock) -> io::Result<Duration> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Takes the standard input for always ready: there is no one way to wait for all that it can be.
pub(crate) fn wait_for_stdin(_: Option<Duration>) -> io::Result<Option<Readable>> {
    Ok(Some(Readable { bytes: 1, hangup: false }))
}

/// Reads once from the standard input.
pub(crate) fn read_stdin(buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
    stdin().lock().read_vectored(buffers)
}

/// Writes once to the standard output.
pub(crate) fn write_stdout(buffers: &[IoSlice<'_>]) -> io::Result<usize> {
    let mut stdout = stdout().lock();
    let bytes = stdout.write_vectored(buffers)?;
    stdout.flush()?;
    Ok(bytes)
}

/// Reads once at an offset, and leaves the position of the file as it is.
pub(crate) fn read_at(mut file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let position = file.stream_position()?;
    let result = file.seek_read(buffer, offset);
    file.seek(SeekFrom::Start(position))?;
    result
}

/// Writes once at an offset, and leaves the position of the file as it is.
pub(crate) fn write_at(mut file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    let position = file.stream_position()?;
    let result = file.seek_write(bytes, offset);
    file.seek(SeekFrom::Start(position))?;
    result
}

/// Sets those modes of a file that the system keeps, of which there are none.
pub(crate) fn set_flags(_: &File, _: FdFlags) -> io::Result<()> {
    Ok(())
}

/// What to do before a write to a file that is appended to.
pub(crate) fn prepare_to_append(file: &mut File) -> io::Result<()> {
    file.seek(SeekFrom::End(0)).map(drop)
}

/// When a file was last changed in any way, since 1970.
pub(crate) fn changed(metadata: &Metadata) -> Duration {
    metadata.modified().map_or(Duration::ZERO, |time| since_1970(time.into_std()))
}

/// The number of the file in a directory; 0 if it cannot be found out.
pub(crate) fn inode(entry: &DirEntry) -> u64 {
    entry.full_metadata().map_or(0, |metadata| metadata.ino())
}
