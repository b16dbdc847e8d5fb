//! Running guests that are not trusted: limits on time, on memory and on the depth of calls.
//!
//! Run it with `cargo run --example limits`.

use std::io::{self, Write};

use fulmar::{
    Config, Engine, Instance, Linker, Module, Store, StoreLimits, StoreLimitsBuilder, Trap,
};

const GUEST: &str = r#"(module
    (memory 1)
    (func (export "spin") (loop (br 0)))
    (func $dive (export "dive") (call $dive))
    (func (export "count") (param $to i32) (result i32)
        (local $number i32)
        (loop
            (local.set $number (i32.add (local.get $number) (i32.const 1)))
            (br_if 0 (i32.lt_u (local.get $number) (local.get $to))))
        (local.get $number))
    ;; Takes as many pages as it can get.
    (func (export "hoard") (result i32)
        (loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
        (memory.size)))"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    run(&mut io::stdout())
}

/// Lets a guest try to take more of everything than it may have.
pub(crate) fn run(out: &mut dyn Write) -> Result<(), Box<dyn std::error::Error>> {
    let mut config = Config::new();
    config.consume_fuel(true).max_wasm_stack(64 << 10);
    let engine = Engine::new(&config)?;
    let module = Module::new(&engine, &wat::parse_str(GUEST)?)?;

    // The store asks its limiter before memories and tables grow; the limiter lives in its data.
    let limits = StoreLimitsBuilder::new().memory_size(1 << 20).instances(1).build();
    let mut store = Store::new(&engine, limits);
    store.limiter(|limits| limits);
    store.set_fuel(100_000)?;
    let instance = Linker::new(&engine).instantiate(&mut store, &module)?;

    // Time: whatever runs is paid with fuel; when there is none left, the guest ends.
    let count = instance.get_typed_func::<u32, u32>(&mut store, "count")?;
    let counted = count.call(&mut store, 1_000)?;
    let left = if store.get_fuel()? > 0 { "is" } else { "is not" };
    writeln!(out, "count: {counted}, and fuel {left} left")?;
    writeln!(out, "spin: {}", trap(&mut store, instance, "spin")?)?;

    // Depth: calls of guests take no native stack, and no more than configured of their own.
    store.set_fuel(100_000)?;
    writeln!(out, "dive: {}", trap(&mut store, instance, "dive")?)?;

    // Memory: beyond the limit it does not grow.
    let hoard = instance.get_typed_func::<(), u32>(&mut store, "hoard")?;
    writeln!(out, "hoard: {} KiB", hoard.call(&mut store, ())? * 64)?;

    // Number: there is one instance, and there will be no second one.
    let error = Linker::new(&engine).instantiate(&mut store, &module);
    writeln!(out, "instantiate: {}", error.expect_err("one is enough"))?;

    // The store is as good as before: a guest that trapped can be called again.
    writeln!(out, "count: {}", count.call(&mut store, 10)?)?;
    Ok(())
}

/// The trap that ends a call of the function `name`.
fn trap(
    store: &mut Store<StoreLimits>,
    instance: Instance,
    name: &str,
) -> Result<Trap, fulmar::Error> {
    let func = instance.get_typed_func::<(), ()>(&mut *store, name)?;
    let error = func.call(store, ()).expect_err("the guest never returns");
    error.as_trap().ok_or(error)
}
