//! POSIX systems, by rustix.

use crate::clock::Clock;
use crate::errno::Errno;
use crate::stdio::Readable;
use crate::types::FdFlags;
use cap_std::fs::{DirEntry, Metadata, MetadataExt};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno as Os;
use rustix::time::{ClockId, clock_getres, clock_gettime};
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Write, stdin, stdout};
use std::os::unix::fs::{DirEntryExt, FileExt};
use std::time::{Duration, Instant};

/// The number of an error that [`io::ErrorKind`] does not tell apart.
pub(crate) fn errno(error: &io::Error) -> Option<Errno> {
    let errno = match Os::from_io_error(error)? {
        Os::BADF => Errno::Badf,
        Os::INVAL => Errno::Inval,
        Os::IO => Errno::Io,
        Os::LOOP => Errno::Loop,
        Os::MFILE => Errno::Mfile,
        Os::NAMETOOLONG => Errno::Nametoolong,
        Os::NFILE => Errno::Nfile,
        Os::NODEV => Errno::Nodev,
        Os::NOTTY => Errno::Notty,
        Os::NXIO => Errno::Nxio,
        Os::OVERFLOW => Errno::Overflow,
        Os::PERM => Errno::Perm,
        _ => return None,
    };
    Some(errno)
}

/// How finely a clock tells the time.
pub(crate) fn clock_resolution(clock: Clock) -> io::Result<Duration> {
    Ok(duration(clock_getres(clock_id(clock))))
}

/// The processor time of this process or thread.
pub(crate) fn cpu_time(clock: Clock) -> io::Result<Duration> {
    Ok(duration(clock_gettime(clock_id(clock))))
}

fn clock_id(clock: Clock) -> ClockId {
    match clock {
        Clock::Realtime => ClockId::Realtime,
        Clock::Monotonic => ClockId::Monotonic,
        Clock::ProcessCpu => ClockId::ProcessCPUTime,
        Clock::ThreadCpu => ClockId::ThreadCPUTime,
    }
}

fn duration(time: Timespec) -> Duration {
    Duration::try_from(time).unwrap_or_default()
}

/// Waits until the standard input can be read, or until the timeout is over; then gives `None`.
pub(crate) fn wait_for_stdin(timeout: Option<Duration>) -> io::Result<Option<Readable>> {
    let stdin = stdin();
    let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    loop {
        let rest = until.map(|until| until.saturating_duration_since(Instant::now()));
        // A timeout too long for the system is none.
        let rest = rest.and_then(|rest| Timespec::try_from(rest).ok());
        match poll(&mut fds, rest.as_ref()) {
            Ok(0) => return Ok(None),
            Ok(_) => break,
            Err(Os::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let hangup = fds[0].revents().contains(PollFlags::HUP);
    // Not everything that can be read can tell how much there is.
    let bytes = rustix::io::ioctl_fionread(&stdin).unwrap_or(1);
    Ok(Some(Readable { bytes, hangup }))
}

/// Reads once from the standard input.
pub(crate) fn read_stdin(buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
    Ok(rustix::io::readv(stdin(), buffers)?)
}

/// Writes once to the standard output, after what Rust has kept back of it.
pub(crate) fn write_stdout(buffers: &[IoSlice<'_>]) -> io::Result<usize> {
    let mut stdout = stdout().lock();
    stdout.flush()?;
    Ok(rustix::io::writev(&stdout, buffers)?)
}

/// Reads once at an offset.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.read_at(buffer, offset)
}

/// Writes once at an offset.
pub(crate) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    file.write_at(bytes, offset)
}

/// Sets those modes of a file that the system keeps.
pub(crate) fn set_flags(file: &File, flags: FdFlags) -> io::Result<()> {
    let mut modes = fcntl_getfl(file)?;
    modes.set(OFlags::APPEND, flags.contain(FdFlags::APPEND));
    modes.set(OFlags::NONBLOCK, flags.contain(FdFlags::NONBLOCK));
    Ok(fcntl_setfl(file, modes)?)
}

/// What to do before a write to a file that is appended to; the system does it.
pub(crate) fn prepare_to_append(_: &mut File) -> io::Result<()> {
    Ok(())
}

/// When a file was last changed in any way, since 1970.
pub(crate) fn changed(metadata: &Metadata) -> Duration {
    let seconds = u64::try_from(metadata.ctime()).unwrap_or(0);
    let nanoseconds = u64::try_from(metadata.ctime_nsec()).unwrap_or(0);
    Duration::from_secs(seconds).saturating_add(Duration::from_nanos(nanoseconds))
}

/// The number of the file in a directory.
pub(crate) fn inode(entry: &DirEntry) -> u64 {
    entry.ino()
}
