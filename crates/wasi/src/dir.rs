//! Open directories of the host, and reading them.

use crate::WasiCtx;
use crate::errno::Errno;
use crate::file::{NewTimes, filestat, filetype};
use crate::guest::{GuestMemory, Span};
use crate::os;
use crate::rights::FD_READDIR;
use crate::table::Kind;
use crate::types::{Dirent, FileType, Filestat, GuestValue};
use cap_fs_ext::{DirExt, MetadataExt, OpenOptionsMaybeDirExt, SystemTimeSpec};
use cap_std::fs::{Dir, OpenOptions};
use cap_std::time::SystemTime;
use std::io;

/// An open directory.
pub(crate) struct OpenDir {
    dir: Dir,
    /// By which the host has given it to the guest, if the guest has not opened it itself.
    preopened_name: Option<String>,
    /// What was in it when the guest last began to read it, so that cookies can be positions.
    entries: Vec<Entry>,
}

/// A name in a directory.
struct Entry {
    name: Box<str>,
    inode: u64,
    filetype: FileType,
}

impl OpenDir {
    /// One that the guest opens.
    pub(crate) fn new(dir: Dir) -> Self {
        Self { dir, preopened_name: None, entries: Vec::new() }
    }

    /// One that the host gives.
    pub(crate) fn preopened(dir: Dir, name: String) -> Self {
        Self { dir, preopened_name: Some(name), entries: Vec::new() }
    }

    /// The directory, from which no path leads out.
    pub(crate) fn dir(&self) -> &Dir {
        &self.dir
    }

    pub(crate) fn preopened_name(&self) -> Option<&str> {
        self.preopened_name.as_deref()
    }

    pub(crate) fn filestat(&self) -> Result<Filestat, Errno> {
        filestat(&self.dir.dir_metadata()?)
    }

    pub(crate) fn set_times(&self, times: NewTimes) -> Result<(), Errno> {
        set_times(&self.dir, ".", true, times)
    }

    pub(crate) fn sync(&self) -> Result<(), Errno> {
        // The descriptor of the directory itself may be one that only leads to paths.
        let options = OpenOptions::new().read(true).maybe_dir(true).clone();
        Ok(self.dir.open_with(".", &options)?.sync_all()?)
    }

    /// Reads the directory. Names that are not Unicode cannot be passed to a guest and are left
    /// out.
    fn refresh(&mut self) -> io::Result<()> {
        let inode = self.dir.dir_metadata()?.ino();
        let mut entries = Vec::new();
        // What is above the directory is none of the guest's business.
        for name in [".", ".."] {
            entries.push(Entry { name: name.into(), inode, filetype: FileType::Directory });
        }
        for entry in self.dir.entries()? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let filetype = entry.file_type().map_or(FileType::Unknown, filetype);
            entries.push(Entry { name: name.into(), inode: os::inode(&entry), filetype });
        }
        self.entries = entries;
        Ok(())
    }
}

/// Sets the times of what `path` leads to in `dir`.
pub(crate) fn set_times(dir: &Dir, path: &str, follow: bool, times: NewTimes) -> Result<(), Errno> {
    let spec = |time: Option<std::time::SystemTime>| match time {
        None => SystemTimeSpec::SymbolicNow,
        Some(time) => SystemTimeSpec::Absolute(SystemTime::from_std(time)),
    };
    let (accessed, modified) = (times.accessed.map(spec), times.modified.map(spec));
    if follow {
        dir.set_times(path, accessed, modified)?;
    } else {
        dir.set_symlink_times(path, accessed, modified)?;
    }
    Ok(())
}

/// `fd_readdir`: fills `buffer` with entries from that of `cookie` on, the last of which may be cut
/// off, and gives the number of bytes. If it is less than there is space for, the directory ends
/// there.
pub(crate) fn readdir(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    buffer: Span,
    cookie: u64,
) -> Result<u32, Errno> {
    let descriptor = ctx.table.get_mut(fd)?;
    let permission = descriptor.require(FD_READDIR);
    let Kind::Dir(dir) = &mut descriptor.kind else { return Err(Errno::Notdir) };
    permission?;
    let mut place = memory.slice_mut(buffer)?;
    if cookie == 0 || dir.entries.is_empty() {
        dir.refresh()?;
    }
    let first = usize::try_from(cookie).unwrap_or(usize::MAX);
    let entries = dir.entries.iter().zip(1_u64..).skip(first);
    for (Entry { name, inode, filetype }, next) in entries {
        let name_bytes = u32::try_from(name.len())?;
        let dirent = Dirent { next, inode: *inode, name_bytes, filetype: *filetype };
        let mut head = [0; Dirent::BYTES as usize];
        dirent.write(&mut head);
        place = put(put(place, &head), name.as_bytes());
        if place.is_empty() {
            break;
        }
    }
    Ok(buffer.len - u32::try_from(place.len())?)
}

/// Copies as much of `bytes` as there is place for, and gives the place after it.
fn put<'place>(place: &'place mut [u8], bytes: &[u8]) -> &'place mut [u8] {
    let len = place.len().min(bytes.len());
    let (taken, rest) = place.split_at_mut(len);
    taken.copy_from_slice(&bytes[..len]);
    rest
}
