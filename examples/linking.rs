//! Modules that import from each other: a library with state of its own, two users of it, and what
//! the linker says when something is missing.
//!
//! Run it with `cargo run --example linking`.

use std::io::{self, Write};

use fulmar::{Engine, Linker, Module, Store, Val};

const COUNTER: &str = r#"(module
    (global $count (export "count") (mut i32) (i32.const 0))
    (func (export "add") (param $by i32) (result i32)
        (global.set $count (i32.add (global.get $count) (local.get $by)))
        (global.get $count)))"#;

const USER: &str = r#"(module
    (import "counter" "add" (func $add (param i32) (result i32)))
    (func (export "run") (param $by i32) (result i32)
        (drop (call $add (local.get $by)))
        (call $add (local.get $by))))"#;

const DEMANDING: &str = r#"(module (import "counter" "reset" (func)))"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    run(&mut io::stdout())
}

/// Links a library and its users in one store.
pub(crate) fn run(out: &mut dyn Write) -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::default();
    let module =
        |text| Ok::<_, Box<dyn std::error::Error>>(Module::new(&engine, &wat::parse_str(text)?)?);
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);

    // The exports of an instance become definitions under a module name.
    let counter = linker.instantiate(&mut store, &module(COUNTER)?)?;
    linker.instance(&mut store, "counter", counter)?;

    // A module is compiled once and instantiated often; both users have the same counter.
    let user = module(USER)?;
    for by in [1, 20] {
        let instance = linker.instantiate(&mut store, &user)?;
        let run = instance.get_typed_func::<i32, i32>(&mut store, "run")?;
        writeln!(out, "after twice {by}: {}", run.call(&mut store, by)?)?;
    }

    // The host sees the library's state, and changes it.
    let count = counter.get_global(&mut store, "count").ok_or("the counter exports no count")?;
    writeln!(out, "the host finds {}", count.get(&mut store).i32().unwrap_or_default())?;
    count.set(&mut store, Val::I32(1000))?;
    let add = counter.get_typed_func::<i32, i32>(&mut store, "add")?;
    writeln!(out, "and makes it {}", add.call(&mut store, 0)?)?;

    let error = linker.instantiate(&mut store, &module(DEMANDING)?).expect_err("no such export");
    writeln!(out, "{error}")?;
    Ok(())
}
