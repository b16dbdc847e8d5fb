//! What `fulmar run` gives its guests: WASI with what the command line grants, and limits.

use crate::args::{EnvVar, RunArgs};
use crate::report::UsageError;
use anyhow::{Context, Result, anyhow};
use fulmar::{Config, Engine, Linker, Store, StoreLimits, StoreLimitsBuilder};
use fulmar_wasi::{WasiCtx, WasiCtxBuilder};
use std::env;

/// The data of the guests' store.
pub(crate) struct Host {
    wasi: WasiCtx,
    limits: StoreLimits,
}

/// An engine with the limits that belong to it.
pub(crate) fn engine(args: &RunArgs) -> Result<Engine> {
    let mut config = Config::new();
    config.consume_fuel(args.fuel.is_some());
    if let Some(bytes) = args.max_wasm_stack {
        config.max_wasm_stack(bytes);
    }
    Ok(Engine::new(&config)?)
}

/// A store for guests, with the other limits.
pub(crate) fn store(engine: &Engine, args: &RunArgs) -> Result<Store<Host>> {
    let mut limits = StoreLimitsBuilder::new();
    if let Some(bytes) = args.max_memory_size {
        limits = limits.memory_size(bytes);
    }
    let mut store = Store::new(engine, Host { wasi: wasi(args)?, limits: limits.build() });
    store.limiter(|host| &mut host.limits);
    if let Some(fuel) = args.fuel {
        store.set_fuel(fuel)?;
    }
    Ok(store)
}

/// A linker that defines WASI.
pub(crate) fn linker(engine: &Engine) -> Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    fulmar_wasi::add_to_linker(&mut linker, |host: &mut Host| &mut host.wasi)?;
    Ok(linker)
}

/// The standard streams, and the arguments, variables and directories of the command line.
fn wasi(args: &RunArgs) -> Result<WasiCtx> {
    let mut wasi = WasiCtxBuilder::new();
    wasi.inherit_stdio();
    let file_name = || Some(args.file().file_name()?.to_string_lossy().into_owned());
    wasi.arg(args.argv0.clone().or_else(file_name).unwrap_or_default());
    for (number, arg) in (1..).zip(args.args()) {
        let text = arg.to_str();
        wasi.arg(text.ok_or_else(|| {
            UsageError(format!("argument {number} of the guest, {arg:?}: expected UTF-8"))
        })?);
    }
    for var in &args.env {
        wasi.env(&var.name, value_of(var)?);
    }
    for dir in &args.dirs {
        let opened = wasi.preopened_dir(&dir.host, &dir.guest);
        opened.with_context(|| format!("--dir {}: cannot open it", dir.host.display()))?;
    }
    Ok(wasi.build())
}

/// The value that the guest sees of a variable.
fn value_of(var: &EnvVar) -> Result<String> {
    if let Some(value) = &var.value {
        return Ok(value.clone());
    }
    let name = &var.name;
    match env::var(name) {
        Ok(value) => Ok(value),
        Err(env::VarError::NotPresent) => {
            Err(anyhow!("--env {name}: no such variable to pass on: expected {name}=VALUE"))
        }
        Err(env::VarError::NotUnicode(value)) => {
            Err(anyhow!("--env {name}: expected UTF-8, found {value:?}"))
        }
    }
}
