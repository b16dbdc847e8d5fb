//! Passing data through a guest's memory: write, call, read; and what happens when it grows.
//!
//! Run it with `cargo run --example memory`.

use std::io::{self, Write};

use fulmar::{Engine, Linker, Module, Store};

const GUEST: &str = r#"(module
    (memory (export "memory") 1 3)
    ;; Turns the bytes from $start on around.
    (func (export "reverse") (param $start i32) (param $length i32)
        (local $end i32)
        (local $byte i32)
        (local.set $end
            (i32.sub (i32.add (local.get $start) (local.get $length)) (i32.const 1)))
        (block $done
            (loop $next
                (br_if $done (i32.ge_s (local.get $start) (local.get $end)))
                (local.set $byte (i32.load8_u (local.get $start)))
                (i32.store8 (local.get $start) (i32.load8_u (local.get $end)))
                (i32.store8 (local.get $end) (local.get $byte))
                (local.set $start (i32.add (local.get $start) (i32.const 1)))
                (local.set $end (i32.sub (local.get $end) (i32.const 1)))
                (br $next))))
    (func (export "grow") (result i32) (memory.grow (i32.const 1))))"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    run(&mut io::stdout())
}

/// Has the guest turn a text around, then grows its memory from both sides.
pub(crate) fn run(out: &mut dyn Write) -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::default();
    let module = Module::new(&engine, &wat::parse_str(GUEST)?)?;
    let mut store = Store::new(&engine, ());
    let instance = Linker::new(&engine).instantiate(&mut store, &module)?;
    let memory = instance.get_memory(&mut store, "memory").ok_or("the guest exports no memory")?;
    let reverse = instance.get_typed_func::<(u32, u32), ()>(&mut store, "reverse")?;

    let text = b"stressed";
    memory.write(&mut store, 100, text)?;
    reverse.call(&mut store, (100, text.len() as u32))?;
    let mut reversed = [0; 8];
    memory.read(&store, 100, &mut reversed)?;
    writeln!(out, "{}", String::from_utf8_lossy(&reversed))?;

    // All of the memory at once, as a slice: nothing can grow it while the slice is there.
    let sum: u32 = memory.data(&store).iter().map(|byte| u32::from(*byte)).sum();
    writeln!(out, "{} bytes, their sum is {sum}", memory.data_size(&store))?;

    // The guest grows it, then the host; its type allows no more than three pages.
    let grow = instance.get_typed_func::<(), i32>(&mut store, "grow")?;
    writeln!(out, "the guest grew it from {} page", grow.call(&mut store, ())?)?;
    writeln!(out, "the host grew it from {} pages", memory.grow(&mut store, 1)?)?;
    writeln!(out, "for the guest it can't grow now: {}", grow.call(&mut store, ())?)?;
    writeln!(out, "for the host neither: {}", memory.grow(&mut store, 1).is_err())?;

    // What is out of bounds is an error, not a panic.
    let error = memory.write(&mut store, 3 * 65536 - 4, text).expect_err("four bytes too many");
    writeln!(out, "{error}")?;
    Ok(())
}
