//! WASI preview 1 for [Fulmar](fulmar): what programs compiled for `wasm32-wasip1` need of a
//! system.
//!
//! [`add_to_linker`] defines the 46 functions of `wasi_snapshot_preview1`. What of the host a guest
//! sees through them is settled by a [`WasiCtxBuilder`]: arguments, environment, standard streams,
//! and directories, out of which no path leads. Clocks and randomness are those of the host.
//!
//! ```
//! use fulmar::{Engine, Linker, Module, Store};
//! use fulmar_wasi::{MemoryOutputPipe, WasiCtx, WasiCtxBuilder, add_to_linker};
//!
//! let wasm = wat::parse_str(
//!     r#"(module
//!         (import "wasi_snapshot_preview1" "fd_write"
//!             (func $fd_write (param i32 i32 i32 i32) (result i32)))
//!         (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
//!         (memory (export "memory") 1)
//!         (data (i32.const 0) "\08\00\00\00\0e\00\00\00hello, fulmar\n")
//!         (func (export "_start")
//!             (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64)))
//!             (call $proc_exit (i32.const 3))))"#,
//! )?;
//! let engine = Engine::default();
//! let module = Module::new(&engine, &wasm)?;
//! let mut linker = Linker::new(&engine);
//! add_to_linker(&mut linker, |ctx: &mut WasiCtx| ctx)?;
//!
//! let stdout = MemoryOutputPipe::new(4096);
//! let ctx = WasiCtxBuilder::new().stdout(Box::new(stdout.clone())).build();
//! let mut store = Store::new(&engine, ctx);
//! let instance = linker.instantiate(&mut store, &module)?;
//! let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
//!
//! let error = start.call(&mut store, ()).unwrap_err();
//! assert_eq!(error.i32_exit_status(), Some(3));
//! assert_eq!(stdout.contents(), b"hello, fulmar\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod args;
mod builder;
mod clock;
mod ctx;
mod dir;
mod errno;
mod fd;
mod file;
mod guest;
mod linker;
mod os;
mod path;
mod pipe;
mod poll;
mod process;
mod random;
mod rights;
mod sock;
mod stdio;
mod table;
mod types;

pub use self::builder::{HostDir, WasiCtxBuilder};
pub use self::ctx::WasiCtx;
pub use self::linker::add_to_linker;
pub use self::pipe::{MemoryInputPipe, MemoryOutputPipe};
pub use cap_std::ambient_authority;
pub use cap_std::fs::Dir;
