//! The `path_` functions. Each path is resolved by [`Dir`], beneath the directory of a descriptor.

use crate::WasiCtx;
use crate::dir::{OpenDir, set_times};
use crate::errno::Errno;
use crate::file::{NewTimes, OpenFile, filestat};
use crate::guest::{GuestMemory, Span};
use crate::rights::{
    FD_DATASYNC, FD_SYNC, FD_WRITE, PATH_CREATE_DIRECTORY, PATH_CREATE_FILE, PATH_FILESTAT_GET,
    PATH_FILESTAT_SET_SIZE, PATH_FILESTAT_SET_TIMES, PATH_LINK_SOURCE, PATH_LINK_TARGET, PATH_OPEN,
    PATH_READLINK, PATH_REMOVE_DIRECTORY, PATH_RENAME_SOURCE, PATH_RENAME_TARGET, PATH_SYMLINK,
    PATH_UNLINK_FILE, Rights,
};
use crate::table::{Descriptor, Kind};
use crate::types::{FdFlags, Filestat, OpenFlags, lookup_follows};
use cap_fs_ext::{
    DirExt, FollowSymlinks, OpenOptionsFollowExt, OpenOptionsMaybeDirExt, OpenOptionsSyncExt,
};
use cap_std::fs::{Dir, Metadata, OpenOptions};

/// A path in guest memory, beneath the directory of a descriptor; unchecked.
#[derive(Copy, Clone, Debug)]
pub(crate) struct PathAt {
    pub(crate) fd: u32,
    pub(crate) path: Span,
}

impl PathAt {
    pub(crate) fn new(fd: u32, path: u32, path_len: u32) -> Self {
        Self { fd, path: Span::new(path, path_len) }
    }

    /// The directory, if its descriptor has all of `rights`, and the path.
    fn resolve<'a>(
        self,
        ctx: &'a WasiCtx,
        memory: &'a GuestMemory<'_>,
        rights: u64,
    ) -> Result<(&'a Dir, &'a str), Errno> {
        let dir = ctx.table.dir(self.fd, rights)?;
        Ok((dir.dir(), memory.text(self.path)?))
    }
}

/// `path_create_directory`.
pub(crate) fn create_directory(
    ctx: &WasiCtx,
    memory: &GuestMemory<'_>,
    at: PathAt,
) -> Result<(), Errno> {
    let (dir, path) = at.resolve(ctx, memory, PATH_CREATE_DIRECTORY)?;
    Ok(dir.create_dir(path)?)
}

/// `path_remove_directory`.
pub(crate) fn remove_directory(
    ctx: &WasiCtx,
    memory: &GuestMemory<'_>,
    at: PathAt,
) -> Result<(), Errno> {
    let (dir, path) = at.resolve(ctx, memory, PATH_REMOVE_DIRECTORY)?;
    // To cap-std, a path with a slash at the end means the inside of the directory.
    let trimmed = path.trim_end_matches('/');
    Ok(dir.remove_dir(if trimmed.is_empty() { path } else { trimmed })?)
}

/// `path_unlink_file`.
pub(crate) fn unlink_file(
    ctx: &WasiCtx,
    memory: &GuestMemory<'_>,
    at: PathAt,
) -> Result<(), Errno> {
    let (dir, path) = at.resolve(ctx, memory, PATH_UNLINK_FILE)?;
    Ok(dir.remove_file_or_symlink(path)?)
}

/// `path_rename`.
pub(crate) fn rename(
    ctx: &WasiCtx,
    memory: &GuestMemory<'_>,
    from: PathAt,
    to: PathAt,
) -> Result<(), Errno> {
    let (from_dir, from) = from.resolve(ctx, memory, PATH_RENAME_SOURCE)?;
    let (to_dir, to) = to.resolve(ctx, memory, PATH_RENAME_TARGET)?;
    Ok(from_dir.rename(from, to_dir, to)?)
}

/// `path_link`. Following a symbolic link is not possible on all systems and so on none.
pub(crate) fn link(
    ctx: &WasiCtx,
    memory: &GuestMemory<'_>,
    lookup: u32,
    from: PathAt,
    to: PathAt,
) -> Result<(), Errno> {
    let (from_dir, from) = from.resolve(ctx, memory, PATH_LINK_SOURCE)?;
    let (to_dir, to) = to.resolve(ctx, memory, PATH_LINK_TARGET)?;
    if lookup_follows(lookup)? {
        return Err(Errno::Inval);
    }
    Ok(from_dir.hard_link(from, to_dir, to)?)
}

/// `path_symlink`. An absolute target, which could lead only out of the directory, is refused.
pub(crate) fn symlink(
    ctx: &WasiCtx,
    memory: &GuestMemory<'_>,
    target: Span,
    at: PathAt,
) -> Result<(), Errno> {
    let (dir, path) = at.resolve(ctx, memory, PATH_SYMLINK)?;
    Ok(DirExt::symlink(dir, memory.text(target)?, path)?)
}

/// `path_readlink`: gives the number of bytes, of which as many are written as there is space for.
pub(crate) fn readlink(
    ctx: &WasiCtx,
    memory: &mut GuestMemory<'_>,
    at: PathAt,
    buffer: Span,
) -> Result<u32, Errno> {
    let (dir, path) = at.resolve(ctx, memory, PATH_READLINK)?;
    let target = dir.read_link(path)?.into_os_string().into_string().map_err(|_| Errno::Ilseq)?;
    let place = memory.slice_mut(buffer)?;
    let len = target.len().min(place.len());
    place[..len].copy_from_slice(&target.as_bytes()[..len]);
    Ok(u32::try_from(len)?)
}

/// `path_filestat_get`.
pub(crate) fn filestat_get(
    ctx: &WasiCtx,
    memory: &GuestMemory<'_>,
    lookup: u32,
    at: PathAt,
) -> Result<Filestat, Errno> {
    let (dir, path) = at.resolve(ctx, memory, PATH_FILESTAT_GET)?;
    let metadata =
        if lookup_follows(lookup)? { dir.metadata(path)? } else { dir.symlink_metadata(path)? };
    filestat(&metadata)
}

/// `path_filestat_set_times`.
pub(crate) fn filestat_set_times(
    ctx: &WasiCtx,
    memory: &GuestMemory<'_>,
    lookup: u32,
    at: PathAt,
    times: NewTimes,
) -> Result<(), Errno> {
    let (dir, path) = at.resolve(ctx, memory, PATH_FILESTAT_SET_TIMES)?;
    set_times(dir, path, lookup_follows(lookup)?, times)
}

/// How `path_open` is to open, from what a guest passes.
#[derive(Copy, Clone, Debug)]
pub(crate) struct OpenRequest {
    /// Whether a symbolic link at the end of the path is followed.
    follow: bool,
    flags: OpenFlags,
    fdflags: FdFlags,
    rights: Rights,
}

impl OpenRequest {
    pub(crate) fn new(
        lookup: u32,
        flags: u32,
        fdflags: u32,
        rights: Rights,
    ) -> Result<Self, Errno> {
        Ok(Self {
            follow: lookup_follows(lookup)?,
            flags: OpenFlags::new(flags)?,
            fdflags: FdFlags::new(fdflags)?,
            rights,
        })
    }

    /// The rights that the descriptor of the directory must have, and those that it must be able to
    /// pass on.
    fn required(&self) -> Rights {
        let mut required = Rights { base: PATH_OPEN, inheriting: 0 };
        if self.flags.create() {
            required.base |= PATH_CREATE_FILE;
        }
        if self.flags.truncate() {
            required.base |= PATH_FILESTAT_SET_SIZE;
        }
        if self.fdflags.contain(FdFlags::DSYNC) {
            required.inheriting |= FD_DATASYNC;
        }
        if self.fdflags.contain(FdFlags::SYNC) || self.fdflags.contain(FdFlags::RSYNC) {
            required.inheriting |= FD_SYNC;
        }
        required
    }

    /// Opens `path` beneath `dir`, of which the guest gets no more than the rights of the request.
    fn open(&self, dir: &Dir, path: &str) -> Result<Descriptor, Errno> {
        if self.flags.directory() {
            if self.flags.create() || self.flags.exclusive() || self.flags.truncate() {
                return Err(Errno::Inval);
            }
            let dir = if self.follow { dir.open_dir(path)? } else { dir.open_dir_nofollow(path)? };
            if self.rights.base & FD_WRITE != 0 {
                return Err(Errno::Isdir);
            }
            return Ok(self.directory(dir));
        }
        let file = dir.open_with(path, &self.options())?.into_std();
        let metadata = Metadata::from_file(&file)?;
        if metadata.is_dir() {
            return Ok(self.directory(Dir::from_std_file(file)));
        }
        let mut file = OpenFile::new(file, &metadata);
        if self.fdflags != FdFlags::default() {
            file.set_flags(self.fdflags)?;
        }
        Ok(Descriptor { kind: Kind::File(file), rights: self.rights.of_file() })
    }

    fn directory(&self, dir: Dir) -> Descriptor {
        Descriptor { kind: Kind::Dir(OpenDir::new(dir)), rights: self.rights.of_directory() }
    }

    /// What the system is asked for when the path may lead to a file.
    fn options(&self) -> OpenOptions {
        // To create or to truncate a file, the system must open it for writing, although the guest
        // may not write.
        let write = self.rights.need_write() || self.flags.create() || self.flags.truncate();
        let mut options = OpenOptions::new();
        options
            .read(self.rights.need_read() || !write)
            .write(write)
            .create(self.flags.create())
            .create_new(self.flags.create() && self.flags.exclusive())
            .truncate(self.flags.truncate())
            .nonblock(self.fdflags.contain(FdFlags::NONBLOCK))
            .maybe_dir(!write)
            .follow(if self.follow { FollowSymlinks::Yes } else { FollowSymlinks::No });
        options
    }
}

/// `path_open`.
///
/// Rights that the directory cannot pass on are dropped from those asked for, as those are that
/// mean nothing for what is opened; C libraries look afterwards at what they have got.
pub(crate) fn open(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    at: PathAt,
    mut request: OpenRequest,
) -> Result<u32, Errno> {
    let parent = ctx.table.get(at.fd)?.rights;
    let (dir, path) = at.resolve(ctx, memory, PATH_OPEN)?;
    if !request.required().within(parent) {
        return Err(Errno::Notcapable);
    }
    request.rights = request.rights.limited(parent.inheriting);
    let descriptor = request.open(dir, path)?;
    ctx.table.insert(descriptor)
}
