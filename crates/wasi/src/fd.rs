//! What can be done with a descriptor of any kind: the `fd_` functions except those for files alone
//! and directories alone.

use crate::WasiCtx;
use crate::errno::Errno;
use crate::file::NewTimes;
use crate::guest::{GuestMemory, Span};
use crate::rights::{
    FD_DATASYNC, FD_FDSTAT_SET_FLAGS, FD_FILESTAT_GET, FD_FILESTAT_SET_TIMES, FD_READ, FD_SYNC,
    FD_WRITE, Rights,
};
use crate::table::Kind;
use crate::types::{FdFlags, Fdstat, FileType, Filestat, Prestat};

/// `fd_close`.
pub(crate) fn close(ctx: &mut WasiCtx, fd: u32) -> Result<(), Errno> {
    ctx.table.remove(fd).map(drop)
}

/// `fd_renumber`.
pub(crate) fn renumber(ctx: &mut WasiCtx, from: u32, to: u32) -> Result<(), Errno> {
    ctx.table.renumber(from, to)
}

/// `fd_read`.
pub(crate) fn read(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    buffers: Span,
) -> Result<u32, Errno> {
    let descriptor = ctx.table.get_mut(fd)?;
    let permission = descriptor.require(FD_READ);
    match &mut descriptor.kind {
        Kind::Dir(_) => Err(Errno::Isdir),
        _ if permission.is_err() => Err(Errno::Notcapable),
        Kind::Stream(stream) => memory.scatter(buffers, true, |buffers| stream.read(buffers)),
        Kind::File(file) => {
            let once = !file.is_regular();
            memory.scatter(buffers, once, |buffers| file.read(buffers))
        }
    }
}

/// `fd_write`.
pub(crate) fn write(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    fd: u32,
    buffers: Span,
) -> Result<u32, Errno> {
    let descriptor = ctx.table.get_mut(fd)?;
    let permission = descriptor.require(FD_WRITE);
    match &mut descriptor.kind {
        Kind::Dir(_) => Err(Errno::Isdir),
        _ if permission.is_err() => Err(Errno::Notcapable),
        Kind::Stream(stream) => memory.gather(buffers, |buffers| stream.write(buffers)),
        Kind::File(file) => memory.gather(buffers, |buffers| file.write(buffers)),
    }
}

/// `fd_datasync`.
pub(crate) fn datasync(ctx: &WasiCtx, fd: u32) -> Result<(), Errno> {
    let descriptor = ctx.table.get(fd)?;
    match &descriptor.kind {
        // Nothing is kept back.
        Kind::Stream(_) => descriptor.require(FD_DATASYNC),
        Kind::File(file) => {
            descriptor.require(FD_DATASYNC)?;
            file.sync_data()
        }
        // A directory cannot have the right: it would have to be opened for writing.
        Kind::Dir(_) => sync(ctx, fd),
    }
}

/// `fd_sync`.
pub(crate) fn sync(ctx: &WasiCtx, fd: u32) -> Result<(), Errno> {
    let descriptor = ctx.table.get(fd)?;
    descriptor.require(FD_SYNC)?;
    match &descriptor.kind {
        Kind::Stream(_) => Ok(()),
        Kind::File(file) => file.sync_all(),
        Kind::Dir(dir) => dir.sync(),
    }
}

/// `fd_fdstat_get`.
pub(crate) fn fdstat_get(ctx: &WasiCtx, fd: u32) -> Result<Fdstat, Errno> {
    let descriptor = ctx.table.get(fd)?;
    let (filetype, flags) = match &descriptor.kind {
        Kind::Stream(stream) => (stream.filetype(), stream.flags),
        Kind::File(file) => (file.filetype(), file.flags()),
        Kind::Dir(_) => (FileType::Directory, FdFlags::default()),
    };
    Ok(Fdstat { filetype, flags, rights: descriptor.rights })
}

/// `fd_fdstat_set_flags`.
pub(crate) fn fdstat_set_flags(ctx: &mut WasiCtx, fd: u32, flags: u32) -> Result<(), Errno> {
    let flags = FdFlags::new(flags)?;
    let descriptor = ctx.table.get_mut(fd)?;
    descriptor.require(FD_FDSTAT_SET_FLAGS)?;
    match &mut descriptor.kind {
        Kind::Stream(stream) => {
            stream.flags = flags;
            Ok(())
        }
        Kind::File(file) => file.set_flags(flags),
        Kind::Dir(_) if flags == FdFlags::default() => Ok(()),
        Kind::Dir(_) => Err(Errno::Isdir),
    }
}

/// `fd_fdstat_set_rights`: rights can only be given up.
pub(crate) fn fdstat_set_rights(ctx: &mut WasiCtx, fd: u32, rights: Rights) -> Result<(), Errno> {
    let descriptor = ctx.table.get_mut(fd)?;
    if !rights.within(descriptor.rights) {
        return Err(Errno::Notcapable);
    }
    descriptor.rights = rights;
    Ok(())
}

/// `fd_filestat_get`.
pub(crate) fn filestat_get(ctx: &WasiCtx, fd: u32) -> Result<Filestat, Errno> {
    let descriptor = ctx.table.get(fd)?;
    descriptor.require(FD_FILESTAT_GET)?;
    match &descriptor.kind {
        Kind::Stream(stream) => Ok(Filestat::unnamed(stream.filetype())),
        Kind::File(file) => file.filestat(),
        Kind::Dir(dir) => dir.filestat(),
    }
}

/// `fd_filestat_set_times`.
pub(crate) fn filestat_set_times(ctx: &WasiCtx, fd: u32, times: NewTimes) -> Result<(), Errno> {
    let descriptor = ctx.table.get(fd)?;
    descriptor.require(FD_FILESTAT_SET_TIMES)?;
    match &descriptor.kind {
        Kind::Stream(_) => Err(Errno::Inval),
        Kind::File(file) => file.set_times(times),
        Kind::Dir(dir) => dir.set_times(times),
    }
}

/// `fd_prestat_get`.
pub(crate) fn prestat_get(ctx: &WasiCtx, fd: u32) -> Result<Prestat, Errno> {
    let name = preopened_name(ctx, fd)?;
    Ok(Prestat { name_bytes: u32::try_from(name.len())? })
}

/// `fd_prestat_dir_name`.
pub(crate) fn prestat_dir_name(
    ctx: &WasiCtx,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    buffer: Span,
) -> Result<(), Errno> {
    let name = preopened_name(ctx, fd)?.as_bytes();
    let buffer = memory.slice_mut(buffer)?;
    let place = buffer.get_mut(..name.len()).ok_or(Errno::Nametoolong)?;
    place.copy_from_slice(name);
    Ok(())
}

/// The name by which the host has given the guest a directory. That of any other descriptor is an
/// error by which C libraries see that they have found all such directories.
fn preopened_name(ctx: &WasiCtx, fd: u32) -> Result<&str, Errno> {
    match &ctx.table.get(fd)?.kind {
        Kind::Dir(dir) => dir.preopened_name().ok_or(Errno::Badf),
        _ => Err(Errno::Badf),
    }
}
