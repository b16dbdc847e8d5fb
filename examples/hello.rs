//! The smallest whole program: a guest that has the host print a text.
//!
//! Run it with `cargo run --example hello`.

use std::io::{self, Write};

use fulmar::{Caller, Engine, Error, Linker, Module, Store};

const GUEST: &str = r#"(module
    (import "host" "print" (func $print (param $start i32) (param $length i32)))
    (memory (export "memory") 1)
    (data (i32.const 16) "Hello, world!")
    (func (export "greet")
        (call $print (i32.const 16) (i32.const 13))))"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    run(&mut io::stdout())
}

/// Lets the guest greet, and writes what it says to `out`.
pub(crate) fn run(out: &mut dyn Write) -> Result<(), Box<dyn std::error::Error>> {
    // An engine holds settings; a module is code, a store the state that belongs to it. Guests are
    // binary modules: the crate `wat` makes them from text.
    let engine = Engine::default();
    let module = Module::new(&engine, &wat::parse_str(GUEST)?)?;
    let mut store = Store::new(&engine, String::new());

    // A linker knows what modules may import. Host functions are closures: this one reads the text
    // from the memory of the guest that called it, and keeps it in the store.
    let mut linker = Linker::new(&engine);
    linker.func_wrap(
        "host",
        "print",
        |mut caller: Caller<'_, String>, start: u32, length: u32| {
            let memory = caller.get_export("memory").and_then(|export| export.into_memory());
            let memory = memory.ok_or_else(|| Error::msg("the guest exports no memory"))?;
            let mut text = vec![0; length as usize];
            memory.read(&caller, start as usize, &mut text)?;
            caller.data_mut().push_str(&String::from_utf8_lossy(&text));
            Ok(())
        },
    )?;

    let instance = linker.instantiate(&mut store, &module)?;
    let greet = instance.get_typed_func::<(), ()>(&mut store, "greet")?;
    greet.call(&mut store, ())?;
    writeln!(out, "{}", store.data())?;
    Ok(())
}
