//! Measures calls across the border between host and guest, and instances that live for one call.

use crate::clock::Stopwatch;
use crate::engines::{Engine, Failure, Guest, INSTANCES, Value};
use crate::sampling::{Sampling, Trial};
use crate::table::{Row, Table};
use std::time::Duration;

const CALLS: u32 = 100_000;

/// `next` is called by the host; `run` calls the host's.
const GUEST: &str = r#"
(module
    (import "env" "next" (func $host_next (param i64) (result i64)))
    (func (export "next") (param i64) (result i64)
        (i64.add (local.get 0) (i64.const 1))
    )
    (func (export "run") (param $count i32) (result i64)
        (local $value i64)
        (loop $again
            (local.set $value (call $host_next (local.get $value)))
            (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1))))
        )
        (local.get $value)
    )
)"#;

/// A number of calls, and the result of the last one.
type Direction = fn(&mut dyn Guest) -> Result<i64, Failure>;

const DIRECTIONS: [(&str, Direction); 2] =
    [("host to guest", |guest| guest.call_next(CALLS)), ("guest to host", from_guest)];

fn from_guest(guest: &mut dyn Guest) -> Result<i64, Failure> {
    match guest.call("run", &[Value::I32(CALLS as i32)])? {
        Some(Value::I64(value)) => Ok(value),
        other => Err(format!("run gives {other:?}").into()),
    }
}

/// The table of both directions and of instances.
pub(crate) fn measure(
    engines: &[&'static dyn Engine],
    sampling: Sampling,
) -> Result<Table, Failure> {
    let wasm = wat::parse_str(GUEST)?;
    let columns = engines.iter().map(|engine| engine.name().into()).collect();
    let mut table = Table::new("calls", "ns a call and return", columns);
    for (name, direction) in DIRECTIONS {
        let trials = engines.iter().map(|engine| -> Result<Trial, Failure> {
            let mut guest = engine.load(&wasm)?;
            Ok(Box::new(move || timed(guest.as_mut(), direction)))
        });
        let outcomes = sampling.seconds(trials.collect());
        table.push(Row::new("calls", name.into(), outcomes).scaled(1e9 / f64::from(CALLS)));
    }
    let trials = engines.iter().map(|engine| engine.instantiate(&wasm));
    let outcomes = sampling.seconds(trials.collect());
    table.push(
        Row::new("instances", "instantiate, call, drop".into(), outcomes)
            .scaled(1e9 / f64::from(INSTANCES)),
    );
    Ok(table)
}

fn timed(guest: &mut dyn Guest, direction: Direction) -> Result<Duration, Failure> {
    let start = Stopwatch::start();
    let value = direction(guest)?;
    let elapsed = start.elapsed();
    if value != i64::from(CALLS) {
        return Err(format!("{CALLS} calls give {value}").into());
    }
    Ok(elapsed)
}
