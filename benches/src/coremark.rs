//! Runs CoreMark, which times itself.

use crate::engines::{Engine, Failure, Value};
use crate::modules::Modules;
use crate::sampling::{Outcome, Samples};
use crate::table::{Row, Table};

/// The table of scores, by turns `rounds` times.
pub(crate) fn measure(
    engines: &[&'static dyn Engine],
    modules: &Modules,
    rounds: usize,
) -> Result<Table, Failure> {
    let wasm = modules.shared("coremark")?;
    let mut outcomes: Vec<Outcome> = engines.iter().map(|_| Ok(Samples(Vec::new()))).collect();
    for _ in 0..rounds {
        for (engine, outcome) in engines.iter().zip(&mut outcomes) {
            let Ok(scores) = outcome else { continue };
            match score(*engine, &wasm) {
                Ok(score) => scores.0.push(score),
                Err(error) => *outcome = Err(error.to_string()),
            }
        }
    }
    let columns = engines.iter().map(|engine| engine.name().into()).collect();
    let mut table = Table::new("coremark", "a score, the higher the better", columns);
    table.push(Row::new("coremark", "coremark".into(), outcomes));
    Ok(table)
}

fn score(engine: &dyn Engine, wasm: &[u8]) -> Result<f64, Failure> {
    match engine.load(wasm)?.call("run", &[])? {
        Some(Value::F32(score)) if score > 0.0 => Ok(f64::from(score)),
        // CoreMark gives no score if one of its own checks fails.
        other => Err(format!("run gives {other:?}").into()),
    }
}
