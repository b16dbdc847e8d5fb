//! Measures how long kernels run, and checks what they calculate.

use crate::catalog::{Check, Kernel, Protocol, Setup};
use crate::clock::Stopwatch;
use crate::engines::{Engine, Failure, Guest, Value};
use crate::modules::Modules;
use crate::sampling::{Sampling, Trial};
use crate::table::{Row, Table};
use std::rc::Rc;
use std::time::Duration;

/// The table of these kernels.
pub(crate) fn measure(
    engines: &[&'static dyn Engine],
    kernels: Vec<Kernel>,
    modules: &Modules,
    sampling: Sampling,
) -> Result<Table, Failure> {
    let columns = engines.iter().map(|engine| engine.name().into()).collect();
    let mut table = Table::new("execution", "ms a run", columns);
    for kernel in kernels {
        let (name, group) = (kernel.name.clone(), kernel.group.name());
        let wasm =
            if kernel.group.is_shared() { modules.shared(&name)? } else { modules.own(&name)? };
        let kernel = Rc::new(kernel);
        let text: Rc<[u8]> = match &kernel.protocol {
            Protocol::Setup { setup: Setup::Text(file), .. } => modules.text(file)?.into(),
            _ => Rc::default(),
        };
        let trials = engines.iter().map(|engine| -> Result<Trial, Failure> {
            let mut guest = engine.load(&wasm)?;
            let (kernel, text) = (Rc::clone(&kernel), Rc::clone(&text));
            Ok(Box::new(move || run(&kernel.protocol, guest.as_mut(), &text)))
        });
        let outcomes = sampling.seconds(trials.collect());
        table.push(Row::new(group, name, outcomes).scaled(1e3));
    }
    Ok(table)
}

/// One run with its checks; the time of `run` alone.
fn run(protocol: &Protocol, guest: &mut dyn Guest, text: &[u8]) -> Result<Duration, Failure> {
    match protocol {
        Protocol::Run { argument, result } => {
            let start = Stopwatch::start();
            let value = guest.call("run", &[*argument])?;
            let elapsed = start.elapsed();
            expect("run", value, *result)?;
            Ok(elapsed)
        }
        Protocol::Setup { setup, checks } => {
            let data = set_up(setup, guest, text)?;
            let start = Stopwatch::start();
            guest.call("run", &[data])?;
            let elapsed = start.elapsed();
            for Check { export, bits } in *checks {
                expect(export, guest.call(export, &[data])?, *bits)?;
            }
            guest.call("teardown", &[data])?;
            Ok(elapsed)
        }
    }
}

/// The data that `setup` makes, with the text written into it.
fn set_up(setup: &Setup, guest: &mut dyn Guest, text: &[u8]) -> Result<Value, Failure> {
    let data = match setup {
        Setup::Nothing => guest.call("setup", &[])?,
        Setup::Size(size) => guest.call("setup", &[*size])?,
        Setup::Text(_) => guest.call("setup", &[Value::I32(i32::try_from(text.len())?)])?,
    };
    let data = data.ok_or("setup has no result")?;
    if let Setup::Text(_) = setup {
        let target = guest.call("input_ptr", &[data])?.ok_or("input_ptr has no result")?;
        guest.write(usize::try_from(target.bits())?, text)?;
    }
    Ok(data)
}

fn expect(export: &str, value: Option<Value>, bits: u64) -> Result<(), Failure> {
    match value {
        Some(value) if value.bits() == bits => Ok(()),
        _ => Err(format!("{export} gives {value:?} instead of the bits {bits:#x}").into()),
    }
}
