//! Compares fulmar with other WebAssembly engines: reads the command line, takes the measurements it
//! asks for, and prints tables.
//!
//! The exit code is 1 if fulmar failed in something, be it by a wrong result, and 2 if the command line
//! has a mistake.

mod calls;
mod catalog;
mod clock;
mod coremark;
mod engines;
mod execution;
mod memory;
mod modules;
mod options;
mod sampling;
mod start_up;
mod table;

use engines::Failure;
use modules::Modules;
use options::{HELP, Options};
use serde_json::json;
use std::process::ExitCode;
use std::{env, fs};
use table::Table;

/// CoreMark averages over seconds itself.
const COREMARK_ROUNDS_MAX: usize = 3;

fn main() -> ExitCode {
    let options = match Options::parse(env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprintln!("fulmar-bench: {message}; --help tells more");
            return ExitCode::from(2);
        }
    };
    match measure(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("fulmar-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Takes and prints all measurements; whether fulmar did its part in all of them.
fn measure(options: &Options) -> Result<bool, Failure> {
    let modules = Modules::new(&options.shared);
    let (engines, sampling) = (&options.engines, options.sampling);
    if !modules.has_shared() {
        println!("{} is not there: its modules are left out\n", options.shared.display());
    }
    let mut tables = Vec::new();
    if options.execution {
        let mut kernels = catalog::own_kernels();
        if modules.has_shared() {
            kernels.splice(0..0, catalog::shared_kernels());
        }
        kernels.retain(|kernel| options.wants(&kernel.name));
        tables.push(show(execution::measure(engines, kernels, &modules, sampling)?));
    }
    if options.start_up && modules.has_shared() {
        let mut names = catalog::START_UP.to_vec();
        names.retain(|name| options.wants(name));
        tables.push(show(start_up::measure(engines, &names, &modules, sampling)?));
    }
    if options.calls {
        tables.push(show(calls::measure(engines, sampling)?));
    }
    if options.coremark && modules.has_shared() {
        let rounds = sampling.rounds.min(COREMARK_ROUNDS_MAX);
        tables.push(show(coremark::measure(engines, &modules, rounds)?));
    }
    if options.memory && modules.has_shared() {
        let mut names = catalog::START_UP.to_vec();
        names.retain(|name| options.wants(name));
        tables.push(show(memory::measure(engines, &names, &modules)?));
    }
    if let Some(file) = &options.json {
        fs::write(file, format!("{:#}\n", results(options, &tables)))?;
    }
    Ok(!tables.iter().flat_map(Table::failures).any(|(column, ..)| column.starts_with("fulmar")))
}

/// Prints a table as soon as it is complete.
fn show(table: Table) -> Table {
    println!("{table}");
    table
}

/// The contents of a results file.
fn results(options: &Options, tables: &[Table]) -> serde_json::Value {
    let engines = options.engines.iter();
    json!({
        "machine": machine(),
        "engines": engines
            .map(|engine| json!({ "name": engine.name(), "version": engine.version() }))
            .collect::<Vec<_>>(),
        "rounds": options.sampling.rounds,
        "sample_ms": options.sampling.sample_time.as_millis() as u64,
        "tables": tables.iter().map(Table::to_json).collect::<Vec<_>>(),
    })
}

/// The processor, where the system tells it, and the platform.
fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    format!("{}, {}-{}", model.unwrap_or("unknown"), env::consts::ARCH, env::consts::OS)
}
