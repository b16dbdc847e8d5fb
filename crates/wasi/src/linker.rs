//! The table of the 46 functions, and how a call of the guest reaches them.

use crate::WasiCtx;
use crate::errno::Errno;
use crate::file::NewTimes;
use crate::guest::{GuestMemory, Span};
use crate::path::{OpenRequest, PathAt};
use crate::rights::Rights;
use crate::types::{Fdstat, Filestat, GuestValue, Prestat};
use crate::{args, clock, dir, fd, file, path, poll, process, random, sock};
use fulmar::{Caller, Error, Extern, Linker};

/// The name from which guests import the functions.
const MODULE: &str = "wasi_snapshot_preview1";

/// A row for each function: its name, its parameters as the guest passes them, the pointers it
/// passes for results with the types of these, and the call that serves it.
///
/// The pointers are checked before the call. The function returns an error number to the guest.
macro_rules! functions {
    ($linker:ident, $get:ident: $(
        $name:ident($($param:ident: $ty:ty),*) -> ($($out:ident: $out_ty:ty),*) = $call:expr;
    )*) => {$(
        $linker.func_wrap(
            MODULE,
            stringify!($name),
            move |mut caller: Caller<'_, T>, $($param: $ty,)* $($out: u32),*| {
                serve::<T, ($($out_ty,)*)>(&mut caller, $get, [$($out),*], $call)
            },
        )?;
    )*};
}

/// Defines all functions of `wasi_snapshot_preview1` in `linker`.
///
/// `get` finds the state of the guest in the data of its store. A guest has to export its memory as
/// `memory`, as all compilers let it. When it calls `proc_exit`, the call into the guest ends with
/// an error that has an [exit status](Error::i32_exit_status).
///
/// # Errors
///
/// If one of the functions is defined already.
pub fn add_to_linker<T: 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut WasiCtx + Copy + Send + Sync + 'static,
) -> Result<(), Error> {
    functions! { linker, get:
        args_get(argv: u32, buffer: u32) -> () =
            |ctx, memory| args::get(&ctx.args, memory, argv, buffer);
        args_sizes_get() -> (count: u32, bytes: u32) =
            |ctx, _| args::sizes(&ctx.args);
        environ_get(environ: u32, buffer: u32) -> () =
            |ctx, memory| args::get(&ctx.environ, memory, environ, buffer);
        environ_sizes_get() -> (count: u32, bytes: u32) =
            |ctx, _| args::sizes(&ctx.environ);

        clock_res_get(id: u32) -> (resolution: u64) =
            |_, _| clock::resolution(id);
        clock_time_get(id: u32, _precision: u64) -> (time: u64) =
            |ctx, _| clock::time(ctx, id);

        fd_advise(fd: u32, offset: u64, len: u64, advice: u32) -> () =
            |ctx, _| file::advise(ctx, fd, offset, len, advice);
        fd_allocate(fd: u32, offset: u64, len: u64) -> () =
            |ctx, _| file::allocate(ctx, fd, offset, len);
        fd_close(fd: u32) -> () =
            |ctx, _| fd::close(ctx, fd);
        fd_datasync(fd: u32) -> () =
            |ctx, _| fd::datasync(ctx, fd);
        fd_fdstat_get(fd: u32) -> (stat: Fdstat) =
            |ctx, _| fd::fdstat_get(ctx, fd);
        fd_fdstat_set_flags(fd: u32, flags: u32) -> () =
            |ctx, _| fd::fdstat_set_flags(ctx, fd, flags);
        fd_fdstat_set_rights(fd: u32, base: u64, inheriting: u64) -> () =
            |ctx, _| fd::fdstat_set_rights(ctx, fd, Rights::new(base, inheriting));
        fd_filestat_get(fd: u32) -> (stat: Filestat) =
            |ctx, _| fd::filestat_get(ctx, fd);
        fd_filestat_set_size(fd: u32, size: u64) -> () =
            |ctx, _| file::filestat_set_size(ctx, fd, size);
        fd_filestat_set_times(fd: u32, accessed: u64, modified: u64, flags: u32) -> () =
            |ctx, _| fd::filestat_set_times(ctx, fd, NewTimes::new(accessed, modified, flags)?);
        fd_pread(fd: u32, iovs: u32, iovs_len: u32, offset: u64) -> (bytes: u32) =
            |ctx, memory| file::pread(ctx, memory, fd, Span::new(iovs, iovs_len), offset);
        fd_prestat_get(fd: u32) -> (stat: Prestat) =
            |ctx, _| fd::prestat_get(ctx, fd);
        fd_prestat_dir_name(fd: u32, path: u32, path_len: u32) -> () =
            |ctx, memory| fd::prestat_dir_name(ctx, memory, fd, Span::new(path, path_len));
        fd_pwrite(fd: u32, iovs: u32, iovs_len: u32, offset: u64) -> (bytes: u32) =
            |ctx, memory| file::pwrite(ctx, memory, fd, Span::new(iovs, iovs_len), offset);
        fd_read(fd: u32, iovs: u32, iovs_len: u32) -> (bytes: u32) =
            |ctx, memory| fd::read(ctx, memory, fd, Span::new(iovs, iovs_len));
        fd_readdir(fd: u32, buffer: u32, buffer_len: u32, cookie: u64) -> (bytes: u32) =
            |ctx, memory| dir::readdir(ctx, memory, fd, Span::new(buffer, buffer_len), cookie);
        fd_renumber(from: u32, to: u32) -> () =
            |ctx, _| fd::renumber(ctx, from, to);
        fd_seek(fd: u32, offset: i64, whence: u32) -> (position: u64) =
            |ctx, _| file::seek(ctx, fd, offset, whence);
        fd_sync(fd: u32) -> () =
            |ctx, _| fd::sync(ctx, fd);
        fd_tell(fd: u32) -> (position: u64) =
            |ctx, _| file::tell(ctx, fd);
        fd_write(fd: u32, iovs: u32, iovs_len: u32) -> (bytes: u32) =
            |ctx, memory| fd::write(ctx, memory, fd, Span::new(iovs, iovs_len));

        path_create_directory(fd: u32, path: u32, len: u32) -> () =
            |ctx, memory| path::create_directory(ctx, memory, PathAt::new(fd, path, len));
        path_filestat_get(fd: u32, lookup: u32, path: u32, len: u32) -> (stat: Filestat) =
            |ctx, memory| path::filestat_get(ctx, memory, lookup, PathAt::new(fd, path, len));
        path_filestat_set_times(
            fd: u32, lookup: u32, path: u32, len: u32, accessed: u64, modified: u64, flags: u32
        ) -> () = |ctx, memory| {
            let times = NewTimes::new(accessed, modified, flags)?;
            path::filestat_set_times(ctx, memory, lookup, PathAt::new(fd, path, len), times)
        };
        path_link(
            fd: u32, lookup: u32, path: u32, len: u32, new_fd: u32, new_path: u32, new_len: u32
        ) -> () = |ctx, memory| {
            let (from, to) = (PathAt::new(fd, path, len), PathAt::new(new_fd, new_path, new_len));
            path::link(ctx, memory, lookup, from, to)
        };
        path_open(
            fd: u32, lookup: u32, path: u32, len: u32,
            flags: u32, base: u64, inheriting: u64, fdflags: u32
        ) -> (opened: u32) = |ctx, memory| {
            let rights = Rights::new(base, inheriting);
            let request = OpenRequest::new(lookup, flags, fdflags, rights)?;
            path::open(ctx, memory, PathAt::new(fd, path, len), request)
        };
        path_readlink(
            fd: u32, path: u32, len: u32, buffer: u32, buffer_len: u32
        ) -> (bytes: u32) = |ctx, memory| {
            let buffer = Span::new(buffer, buffer_len);
            path::readlink(ctx, memory, PathAt::new(fd, path, len), buffer)
        };
        path_remove_directory(fd: u32, path: u32, len: u32) -> () =
            |ctx, memory| path::remove_directory(ctx, memory, PathAt::new(fd, path, len));
        path_rename(
            fd: u32, path: u32, len: u32, new_fd: u32, new_path: u32, new_len: u32
        ) -> () = |ctx, memory| {
            let (from, to) = (PathAt::new(fd, path, len), PathAt::new(new_fd, new_path, new_len));
            path::rename(ctx, memory, from, to)
        };
        path_symlink(
            target: u32, target_len: u32, fd: u32, path: u32, len: u32
        ) -> () = |ctx, memory| {
            let target = Span::new(target, target_len);
            path::symlink(ctx, memory, target, PathAt::new(fd, path, len))
        };
        path_unlink_file(fd: u32, path: u32, len: u32) -> () =
            |ctx, memory| path::unlink_file(ctx, memory, PathAt::new(fd, path, len));

        poll_oneoff(subscriptions: u32, events: u32, count: u32) -> (ready: u32) =
            |ctx, memory| poll::oneoff(ctx, memory, subscriptions, events, count);
        random_get(buffer: u32, len: u32) -> () =
            |_, memory| random::get(memory, Span::new(buffer, len));
        sched_yield() -> () =
            |_, _| process::give_way();

        sock_accept(fd: u32, _flags: u32) -> (accepted: u32) =
            |ctx, _| sock::refuse(ctx, fd);
        sock_recv(fd: u32, _iovs: u32, _iovs_len: u32, _flags: u32) -> (bytes: u32, flags: u16) =
            |ctx, _| sock::refuse(ctx, fd);
        sock_send(fd: u32, _iovs: u32, _iovs_len: u32, _flags: u32) -> (bytes: u32) =
            |ctx, _| sock::refuse(ctx, fd);
        sock_shutdown(fd: u32, _how: u32) -> () =
            |ctx, _| sock::refuse(ctx, fd);
    }
    // These two may end the guest, and touch neither its memory nor its state.
    linker.func_wrap(MODULE, "proc_exit", |status: u32| Err::<(), _>(process::exit(status)))?;
    linker.func_wrap(MODULE, "proc_raise", |signal: u32| process::raise(signal))?;
    Ok(())
}

/// Serves a call of the guest by `call`, whose results go where `pointers` point to.
fn serve<T: 'static, R: Results>(
    caller: &mut Caller<'_, T>,
    get: impl Fn(&mut T) -> &mut WasiCtx,
    pointers: R::Pointers,
    call: impl FnOnce(&mut WasiCtx, &mut GuestMemory<'_>) -> Result<R::Values, Errno>,
) -> Result<u32, Error> {
    let Some(memory) = caller.get_export("memory").and_then(Extern::into_memory) else {
        return Err(Error::msg("the module that calls WASI exports no memory named `memory`"));
    };
    let (bytes, data) = memory.data_and_store_mut(caller);
    let mut memory = GuestMemory::new(bytes);
    let done = R::check(&memory, pointers)
        .and_then(|()| call(get(data), &mut memory))
        .and_then(|values| R::write(values, &mut memory, pointers));
    Ok(done.map_or_else(Errno::number, |()| 0))
}

/// The types of what a function gives besides the error number: none, one, or two.
trait Results {
    /// What the function gives.
    type Values;
    /// The guest's pointers to where it wants that.
    type Pointers: Copy;

    /// Checks that the values fit there.
    fn check(memory: &GuestMemory<'_>, pointers: Self::Pointers) -> Result<(), Errno>;

    /// Writes the values there.
    fn write(
        values: Self::Values,
        memory: &mut GuestMemory<'_>,
        pointers: Self::Pointers,
    ) -> Result<(), Errno>;
}

impl Results for () {
    type Values = ();
    type Pointers = [u32; 0];

    fn check(_: &GuestMemory<'_>, []: [u32; 0]) -> Result<(), Errno> {
        Ok(())
    }

    fn write((): (), _: &mut GuestMemory<'_>, []: [u32; 0]) -> Result<(), Errno> {
        Ok(())
    }
}

impl<V: GuestValue> Results for (V,) {
    type Values = V;
    type Pointers = [u32; 1];

    fn check(memory: &GuestMemory<'_>, [pointer]: [u32; 1]) -> Result<(), Errno> {
        memory.slice(Span::new(pointer, V::BYTES)).map(drop)
    }

    fn write(value: V, memory: &mut GuestMemory<'_>, [pointer]: [u32; 1]) -> Result<(), Errno> {
        memory.write(pointer, value)
    }
}

impl<V: GuestValue, W: GuestValue> Results for (V, W) {
    type Values = (V, W);
    type Pointers = [u32; 2];

    fn check(memory: &GuestMemory<'_>, [first, second]: [u32; 2]) -> Result<(), Errno> {
        memory.slice(Span::new(first, V::BYTES))?;
        memory.slice(Span::new(second, W::BYTES)).map(drop)
    }

    fn write(
        values: (V, W),
        memory: &mut GuestMemory<'_>,
        [first, second]: [u32; 2],
    ) -> Result<(), Errno> {
        memory.write(first, values.0)?;
        memory.write(second, values.1)
    }
}
