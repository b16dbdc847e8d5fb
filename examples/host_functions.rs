//! Host functions: state in the store, several results, errors that end the guest, and calls back
//! into it.
//!
//! Run it with `cargo run --example host_functions`.

use std::fmt;
use std::io::{self, Write};

use fulmar::{Caller, Engine, Error, FuncType, Linker, Module, Store, Val, ValType};

const GUEST: &str = r#"(module
    (import "cash" "withdraw" (func $withdraw (param i64)))
    (import "math" "divide" (func $divide (param i32 i32) (result i32 i32)))
    (import "math" "sum" (func $sum (param i32 i32 i32 i32) (result i32)))
    (import "loop" "times" (func $times (param i32)))

    (func (export "spend") (param $amount i64)
        (call $withdraw (local.get $amount)))
    (func (export "arithmetic") (result i32 i32 i32)
        (call $divide (i32.const 47) (i32.const 10))
        (call $sum (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4)))

    (global $ticks (mut i32) (i32.const 0))
    (func (export "tick") (param $number i32)
        (global.set $ticks (i32.add (global.get $ticks) (local.get $number))))
    (func (export "ticks") (result i32)
        (call $times (i32.const 10))
        (global.get $ticks)))"#;

/// What the store holds for the host functions.
struct Account {
    balance: i64,
}

/// Why a withdrawal failed.
#[derive(Debug)]
struct Overdrawn {
    missing: i64,
}

impl fmt::Display for Overdrawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} short", self.missing)
    }
}

impl std::error::Error for Overdrawn {}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    run(&mut io::stdout())
}

/// Defines host functions of several kinds, and calls a guest that uses them.
pub(crate) fn run(out: &mut dyn Write) -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::default();
    let module = Module::new(&engine, &wat::parse_str(GUEST)?)?;
    let mut store = Store::new(&engine, Account { balance: 100 });
    let linker = linker(&engine)?;
    let instance = linker.instantiate(&mut store, &module)?;

    // The error that the closure returned comes out of the call as it was.
    let spend = instance.get_typed_func::<i64, ()>(&mut store, "spend")?;
    spend.call(&mut store, 70)?;
    writeln!(out, "balance: {}", store.data().balance)?;
    let error = spend.call(&mut store, 50).expect_err("there is not enough");
    let overdrawn = error.downcast_ref::<Overdrawn>().expect("the closure's own error");
    writeln!(out, "refused: {overdrawn}, balance: {}", store.data().balance)?;

    let arithmetic = instance.get_typed_func::<(), (i32, i32, i32)>(&mut store, "arithmetic")?;
    let (quotient, remainder, sum) = arithmetic.call(&mut store, ())?;
    writeln!(out, "47 / 10 = {quotient} remainder {remainder}; 1 + 2 + 3 + 4 = {sum}")?;

    let ticks = instance.get_typed_func::<(), i32>(&mut store, "ticks")?;
    writeln!(out, "ticks: {}", ticks.call(&mut store, ())?)?;
    Ok(())
}

fn linker(engine: &Engine) -> Result<Linker<Account>, Error> {
    let mut linker = Linker::new(engine);
    // The caller gives access to the store's data. A closure that can fail returns a result.
    linker.func_wrap("cash", "withdraw", |mut caller: Caller<'_, Account>, amount: i64| {
        let account = caller.data_mut();
        if account.balance < amount {
            return Err(Error::new(Overdrawn { missing: amount - account.balance }));
        }
        account.balance -= amount;
        Ok(())
    })?;
    // A tuple is several results.
    linker.func_wrap("math", "divide", |a: u32, b: u32| (a / b, a % b))?;
    // A function whose type is known only at run time works on slices of values.
    let ty = FuncType::new([ValType::I32; 4], [ValType::I32]);
    linker.func_new("math", "sum", ty, |_, params, results| {
        results[0] = Val::I32(params.iter().filter_map(Val::i32).sum());
        Ok(())
    })?;
    // The host may call the guest that called it.
    linker.func_wrap("loop", "times", |mut caller: Caller<'_, Account>, count: i32| {
        let tick = caller.get_export("tick").and_then(|export| export.into_func());
        let tick = tick.ok_or_else(|| Error::msg("the guest exports no function `tick`"))?;
        let tick = tick.typed::<i32, ()>(&caller)?;
        for number in 1..=count {
            tick.call(&mut caller, number)?;
        }
        Ok(())
    })?;
    Ok(linker)
}
