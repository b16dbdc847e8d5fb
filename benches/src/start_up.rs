//! Measures how long it takes to load modules: parse, validate, translate and instantiate.

use crate::engines::{Engine, Failure};
use crate::modules::Modules;
use crate::sampling::Sampling;
use crate::table::{Row, Table};

/// The table of these shared modules, with a column for each mode of each engine.
pub(crate) fn measure(
    engines: &[&'static dyn Engine],
    names: &[&str],
    modules: &Modules,
    sampling: Sampling,
) -> Result<Table, Failure> {
    let contenders: Vec<_> = engines
        .iter()
        .flat_map(|engine| engine.modes().iter().map(move |mode| (engine, *mode)))
        .collect();
    let columns = contenders.iter().map(|(engine, mode)| engine.name().to_owned() + mode.suffix());
    let mut table = Table::new("start-up", "ms a module", columns.collect());
    for &name in names {
        let wasm = modules.shared(name)?;
        let trials = contenders.iter().map(|(engine, mode)| engine.start_up(&wasm, *mode));
        let outcomes = sampling.seconds(trials.collect());
        table.push(Row::new("modules", name.into(), outcomes).scaled(1e3));
    }
    Ok(table)
}
