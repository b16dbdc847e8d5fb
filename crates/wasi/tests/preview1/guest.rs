//! A guest that has each function of WASI as an export, and the numbers of WASI.

use crate::signatures::{SIGNATURES, parameters};
use fulmar::{Engine, Error, Instance, Linker, Memory, Module, Store, Val};
use fulmar_wasi::{WasiCtx, WasiCtxBuilder, add_to_linker};
use std::fmt::Write;
use tempfile::TempDir;

pub(crate) const ACCES: u32 = 2;
pub(crate) const AGAIN: u32 = 6;
pub(crate) const BADF: u32 = 8;
pub(crate) const EXIST: u32 = 20;
pub(crate) const FAULT: u32 = 21;
pub(crate) const ILSEQ: u32 = 25;
pub(crate) const INVAL: u32 = 28;
pub(crate) const ISDIR: u32 = 31;
pub(crate) const LOOP: u32 = 32;
pub(crate) const NAMETOOLONG: u32 = 37;
pub(crate) const NOENT: u32 = 44;
pub(crate) const NOSPC: u32 = 51;
pub(crate) const NOTDIR: u32 = 54;
pub(crate) const NOTEMPTY: u32 = 55;
pub(crate) const NOTSOCK: u32 = 57;
pub(crate) const NOTSUP: u32 = 58;
pub(crate) const PERM: u32 = 63;
pub(crate) const SPIPE: u32 = 70;
pub(crate) const NOTCAPABLE: u32 = 76;

pub(crate) const FD_DATASYNC: u64 = 1 << 0;
pub(crate) const FD_READ: u64 = 1 << 1;
pub(crate) const FD_SEEK: u64 = 1 << 2;
pub(crate) const FD_TELL: u64 = 1 << 5;
pub(crate) const FD_WRITE: u64 = 1 << 6;
pub(crate) const PATH_CREATE_FILE: u64 = 1 << 10;
pub(crate) const PATH_FILESTAT_SET_SIZE: u64 = 1 << 19;
pub(crate) const FD_FILESTAT_SET_SIZE: u64 = 1 << 22;
pub(crate) const POLL_FD_READWRITE: u64 = 1 << 27;
pub(crate) const ALL: u64 = u64::MAX;
pub(crate) const ALL_OF_DIRECTORY: u64 = ALL & !FD_WRITE;

pub(crate) const CREAT: u32 = 1;
pub(crate) const DIRECTORY: u32 = 2;
pub(crate) const EXCL: u32 = 4;
pub(crate) const TRUNC: u32 = 8;

pub(crate) const APPEND: u32 = 1;
pub(crate) const NONBLOCK: u32 = 4;
pub(crate) const SYNC: u32 = 16;

/// The number of the first preopened directory.
pub(crate) const ROOT: u32 = 3;

/// The size of the guest's memory.
pub(crate) const MEMORY_BYTES: u32 = 0x1_0000;

/// Where [`Guest::result`] lets results be written.
const RESULTS: u32 = 0xf000;

/// A running guest.
pub(crate) struct Guest {
    store: Store<WasiCtx>,
    instance: Instance,
    pub(crate) memory: Memory,
    /// The next free byte of memory.
    free: u32,
}

impl Guest {
    pub(crate) fn new(ctx: WasiCtx) -> Self {
        let engine = Engine::default();
        let module = Module::new(&engine, &wat::parse_str(text()).unwrap()).unwrap();
        let mut linker = Linker::new(&engine);
        add_to_linker(&mut linker, |ctx: &mut WasiCtx| ctx).unwrap();
        let mut store = Store::new(&engine, ctx);
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        Self { store, instance, memory, free: 16 }
    }

    /// One with an empty directory of the host as `/`, which lives as long as what is returned with
    /// it.
    pub(crate) fn with_dir() -> (Self, TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let mut builder = WasiCtxBuilder::new();
        builder.preopened_dir(dir.path(), "/").unwrap();
        (Self::new(builder.build()), dir)
    }

    /// Calls a function, and gives the error number, or what ended the guest.
    pub(crate) fn try_call(&mut self, name: &str, args: &[u64]) -> Result<u32, Error> {
        let types = parameters(name);
        assert_eq!(types.len(), args.len(), "arguments of {name}");
        let args = args.iter().zip(types.chars()).map(|(arg, ty)| match ty {
            'i' => Val::I32((*arg as u32).cast_signed()),
            _ => Val::I64(arg.cast_signed()),
        });
        let args: Vec<Val> = args.collect();
        let mut results = [Val::I32(0)];
        let func = self.instance.get_func(&mut self.store, name).unwrap();
        let results = if name == "proc_exit" { &mut results[1..] } else { &mut results[..] };
        func.call(&mut self.store, &args, results)?;
        match results {
            [Val::I32(errno)] => Ok(errno.cast_unsigned()),
            _ => Ok(0),
        }
    }

    /// Calls a function, and gives the error number.
    pub(crate) fn errno(&mut self, name: &str, args: &[u64]) -> u32 {
        self.try_call(name, args).unwrap()
    }

    /// Calls a function that succeeds.
    #[track_caller]
    pub(crate) fn call(&mut self, name: &str, args: &[u64]) {
        assert_eq!(self.errno(name, args), 0, "error number of {name}");
    }

    /// Calls a function whose last parameter is a pointer to a result of `N` bytes, and gives that
    /// or the error number.
    pub(crate) fn result<const N: usize>(
        &mut self,
        name: &str,
        args: &[u64],
    ) -> Result<[u8; N], u32> {
        let args = [args, &[RESULTS.into()]].concat();
        match self.errno(name, &args) {
            0 => Ok(self.read(RESULTS, N).try_into().unwrap()),
            errno => Err(errno),
        }
    }

    /// As [`Guest::result`] for a number of 32 bits.
    pub(crate) fn result_u32(&mut self, name: &str, args: &[u64]) -> Result<u32, u32> {
        self.result(name, args).map(u32::from_le_bytes)
    }

    /// As [`Guest::result`] for a number of 64 bits.
    pub(crate) fn result_u64(&mut self, name: &str, args: &[u64]) -> Result<u64, u32> {
        self.result(name, args).map(u64::from_le_bytes)
    }

    /// Reads memory.
    pub(crate) fn read(&self, start: u32, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.memory.read(&self.store, start as usize, &mut bytes).unwrap();
        bytes
    }

    /// Writes memory.
    pub(crate) fn write(&mut self, start: u32, bytes: &[u8]) {
        self.memory.write(&mut self.store, start as usize, bytes).unwrap();
    }

    /// Puts bytes where nothing is yet.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> u32 {
        let start = self.free;
        self.free = (start + u32::try_from(bytes.len()).unwrap()).next_multiple_of(8);
        assert!(self.free <= RESULTS, "the memory of the guest is full");
        self.write(start, bytes);
        start
    }

    /// A pointer and a length, for a path.
    pub(crate) fn path(&mut self, path: &str) -> [u64; 2] {
        [self.put(path.as_bytes()).into(), path.len() as u64]
    }

    /// Calls a function whose parameters are a directory and a path in it.
    pub(crate) fn at(&mut self, name: &str, fd: u32, path: &str) -> u32 {
        let [path, len] = self.path(path);
        self.errno(name, &[fd.into(), path, len])
    }

    /// `path_open` that follows symbolic links.
    pub(crate) fn open(
        &mut self,
        fd: u32,
        path: &str,
        flags: u32,
        base: u64,
        fdflags: u32,
    ) -> Result<u32, u32> {
        self.open_with(fd, 1, path, flags, base, ALL, fdflags)
    }

    /// `path_open`.
    #[expect(clippy::too_many_arguments, reason = "as WASI has it")]
    pub(crate) fn open_with(
        &mut self,
        fd: u32,
        lookup: u32,
        path: &str,
        flags: u32,
        base: u64,
        inheriting: u64,
        fdflags: u32,
    ) -> Result<u32, u32> {
        let [path, len] = self.path(path);
        let [fd, lookup, flags, fdflags] = [fd, lookup, flags, fdflags].map(u64::from);
        self.result_u32("path_open", &[fd, lookup, path, len, flags, base, inheriting, fdflags])
    }

    /// A list of buffers.
    pub(crate) fn list(&mut self, buffers: &[(u32, u32)]) -> [u64; 2] {
        let bytes = buffers.iter().flat_map(|(start, len)| [*start, *len]);
        let bytes: Vec<u8> = bytes.flat_map(u32::to_le_bytes).collect();
        [self.put(&bytes).into(), buffers.len() as u64]
    }

    /// `fd_write` from one buffer.
    pub(crate) fn fd_write(&mut self, fd: u32, bytes: &[u8]) -> Result<u32, u32> {
        let start = self.put(bytes);
        let [list, len] = self.list(&[(start, u32::try_from(bytes.len()).unwrap())]);
        self.result_u32("fd_write", &[fd.into(), list, len])
    }

    /// `fd_read` into one buffer of `len` bytes.
    pub(crate) fn fd_read(&mut self, fd: u32, len: u32) -> Result<Vec<u8>, u32> {
        let start = self.put(&vec![0; len as usize]);
        let [list, count] = self.list(&[(start, len)]);
        let read = self.result_u32("fd_read", &[fd.into(), list, count])?;
        Ok(self.read(start, read as usize))
    }

    /// `fd_seek`.
    pub(crate) fn seek(&mut self, fd: u32, offset: i64, whence: u64) -> Result<u64, u32> {
        self.result_u64("fd_seek", &[fd.into(), offset.cast_unsigned(), whence])
    }

    /// The base and inheriting rights of a descriptor.
    pub(crate) fn rights(&mut self, fd: u32) -> (u64, u64) {
        let stat: [u8; 24] = self.result("fd_fdstat_get", &[fd.into()]).unwrap();
        (u64_at(&stat, 8), u64_at(&stat, 16))
    }

    /// The size of an open file.
    pub(crate) fn size(&mut self, fd: u32) -> u64 {
        let stat: [u8; 64] = self.result("fd_filestat_get", &[fd.into()]).unwrap();
        u64_at(&stat, 32)
    }
}

/// The number at `start`.
pub(crate) fn u64_at(bytes: &[u8], start: usize) -> u64 {
    u64::from_le_bytes(bytes[start..start + 8].try_into().unwrap())
}

/// The text of the guest: each function is imported, called and exported.
fn text() -> String {
    let mut text = String::from("(module\n");
    for (name, params, results) in SIGNATURES {
        writeln!(
            text,
            "(import \"wasi_snapshot_preview1\" \"{name}\" (func ${name} {}))",
            crate::signatures::ty(params, results)
        )
        .unwrap();
    }
    text.push_str("(memory (export \"memory\") 1 1)\n");
    for (name, params, results) in SIGNATURES {
        let ty = crate::signatures::ty(params, results);
        writeln!(text, "(func (export \"{name}\") {ty} (call ${name}").unwrap();
        for index in 0..params.len() {
            writeln!(text, "(local.get {index})").unwrap();
        }
        text.push_str("))\n");
    }
    text.push(')');
    text
}
