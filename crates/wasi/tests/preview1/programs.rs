//! Whole programs, with their streams in memory.

use fulmar::{Engine, Error, Linker, Module, Store};
use fulmar_wasi::{MemoryInputPipe, MemoryOutputPipe, WasiCtx, WasiCtxBuilder, add_to_linker};
use std::io::{self, Read};

/// Runs a program.
fn run(text: &str, ctx: WasiCtx) -> Result<(), Error> {
    let engine = Engine::default();
    let module = Module::new(&engine, &wat::parse_str(text).unwrap())?;
    // The state may lie anywhere in the data of the store.
    let mut linker = Linker::<(u64, WasiCtx)>::new(&engine);
    add_to_linker(&mut linker, |(_, ctx)| ctx)?;
    let mut store = Store::new(&engine, (7, ctx));
    let instance = linker.instantiate(&mut store, &module)?;
    instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ())
}

#[test]
fn hello() {
    let stdout = MemoryOutputPipe::new(100);
    let ctx = WasiCtxBuilder::new().stdout(Box::new(stdout.clone())).build();
    run(include_str!("../guests/hello.wat"), ctx).unwrap();
    assert_eq!(stdout.contents(), b"hello, fulmar\n");
}

#[test]
fn output_that_nobody_wants_is_thrown_away() {
    run(include_str!("../guests/hello.wat"), WasiCtxBuilder::new().build()).unwrap();
}

#[test]
fn exit_status() {
    let ctx = WasiCtxBuilder::new().args(&["exit", "one", "two"]).build();
    let error = run(include_str!("../guests/exit.wat"), ctx).unwrap_err();
    assert_eq!(error.i32_exit_status(), Some(3));
    assert_eq!(error.as_trap(), None);
}

#[test]
fn arguments_and_environment() {
    let stdout = MemoryOutputPipe::new(1000);
    let ctx = WasiCtxBuilder::new()
        .arg("echo")
        .args(&["", "two words"])
        .env("HOME", "/")
        .envs(&[("LANG", "de_DE.UTF-8"), ("EMPTY", "")])
        .stdout(Box::new(stdout.clone()))
        .build();
    run(include_str!("../guests/echo.wat"), ctx).unwrap();
    let expected = "echo\0\0two words\0HOME=/\0LANG=de_DE.UTF-8\0EMPTY=\0";
    assert_eq!(String::from_utf8(stdout.contents()).unwrap(), expected);
}

#[test]
fn no_arguments_and_no_environment() {
    let stdout = MemoryOutputPipe::new(1000);
    let ctx = WasiCtxBuilder::new().stdout(Box::new(stdout.clone())).build();
    run(include_str!("../guests/echo.wat"), ctx).unwrap();
    assert_eq!(stdout.contents(), b"");
}

#[test]
fn arguments_and_environment_of_the_process() {
    let stdout = MemoryOutputPipe::new(1 << 16);
    let ctx = WasiCtxBuilder::new().inherit_args().stdout(Box::new(stdout.clone())).build();
    run(include_str!("../guests/echo.wat"), ctx).unwrap();
    let expected: Vec<u8> =
        std::env::args().flat_map(|arg| format!("{arg}\0").into_bytes()).collect();
    assert_eq!(stdout.contents(), expected);
}

#[test]
fn copy_input_to_output() {
    let text = "0123456789abcdef".repeat(40) + "end";
    let stdin = MemoryInputPipe::new(text.as_str());
    let stdout = MemoryOutputPipe::new(1000);
    let ctx = WasiCtxBuilder::new().stdin(Box::new(stdin)).stdout(Box::new(stdout.clone())).build();
    run(include_str!("../guests/cat.wat"), ctx).unwrap();
    assert_eq!(stdout.contents(), text.as_bytes());
}

#[test]
fn input_that_comes_in_pieces() {
    /// Gives one byte at a time, and is interrupted before each.
    struct Drops(Vec<u8>, bool);

    impl Read for Drops {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            match self.0.pop() {
                Some(byte) if self.1 => {
                    self.0.push(byte);
                    Err(io::ErrorKind::Interrupted.into())
                }
                Some(byte) => {
                    buffer[0] = byte;
                    Ok(1)
                }
                None => Ok(0),
            }
        }
    }

    let stdout = MemoryOutputPipe::new(1000);
    let ctx = WasiCtxBuilder::new()
        .stdin(Box::new(Drops(b"sretteL".to_vec(), false)))
        .stdout(Box::new(stdout.clone()))
        .build();
    run(include_str!("../guests/cat.wat"), ctx).unwrap();
    assert_eq!(stdout.contents(), b"Letters");
}

#[test]
fn a_memory_is_needed() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "sched_yield" (func $sched_yield (result i32)))
        (func (export "_start") (drop (call $sched_yield))))"#;
    let error = run(text, WasiCtxBuilder::new().build()).unwrap_err();
    let expected = "the module that calls WASI exports no memory named `memory`";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn ending_needs_no_memory() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
        (func (export "_start") (call $proc_exit (i32.const -5))))"#;
    let error = run(text, WasiCtxBuilder::new().build()).unwrap_err();
    assert_eq!(error.i32_exit_status(), Some(-5));
}
