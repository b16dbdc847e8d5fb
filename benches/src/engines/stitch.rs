//! Stitch, by the crate `makepad-stitch`.
//!
//! It has no vector instructions and no choice of modes: modules are validated when they are loaded, and
//! functions compiled when they are first called. Host functions have types of Rust, so that no stubs
//! can be made for the imports of any module.

use super::{Engine, Failure, Guest, INSTANCES, Mode, StartUp, Value, clock_ms, missing, next};
use crate::clock::Stopwatch;
use makepad_stitch::{Error, Func, Instance, Linker, Module, Store, Val};
use std::time::Instant;

pub(super) struct Stitch;

impl Engine for Stitch {
    fn name(&self) -> &'static str {
        "stitch"
    }

    fn version(&self) -> &'static str {
        "0.1.0"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Default]
    }

    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Guest>, Failure> {
        let engine = makepad_stitch::Engine::new();
        let module = Module::new(&engine, wasm)?;
        let (store, instance) = instantiate(engine, &module).map_err(failure)?;
        Ok(Box::new(StitchGuest { store, instance }))
    }

    fn start_up(&self, wasm: &[u8], _: Mode) -> Result<StartUp, Failure> {
        let wasm = wasm.to_vec();
        let looked_at = Module::new(&makepad_stitch::Engine::new(), &wasm)?;
        instantiate(makepad_stitch::Engine::new(), &looked_at).map_err(failure)?;
        Ok(Box::new(move || {
            let engine = makepad_stitch::Engine::new();
            let start = Instant::now();
            let module = Module::new(&engine, &wasm)?;
            let instance = instantiate(engine, &module).map_err(failure)?;
            let elapsed = start.elapsed();
            drop(instance);
            Ok(elapsed)
        }))
    }

    fn instantiate(&self, wasm: &[u8]) -> Result<StartUp, Failure> {
        let engine = makepad_stitch::Engine::new();
        let module = Module::new(&engine, wasm)?;
        Ok(Box::new(move || {
            let start = Stopwatch::start();
            for _ in 0..INSTANCES {
                let (store, instance) = instantiate(engine.clone(), &module).map_err(failure)?;
                StitchGuest { store, instance }.call("next", &[Value::I64(0)])?;
            }
            Ok(start.elapsed())
        }))
    }
}

fn instantiate(
    engine: makepad_stitch::Engine,
    module: &Module,
) -> Result<(Store, Instance), Error> {
    let mut store = Store::new(engine);
    let mut linker = Linker::new();
    linker.define("env", "clock_ms", Func::wrap(&mut store, clock_ms));
    linker.define("env", "next", Func::wrap(&mut store, next));
    let instance = linker.instantiate(&mut store, module)?;
    Ok((store, instance))
}

fn failure(error: Error) -> Failure {
    error.to_string().into()
}

struct StitchGuest {
    store: Store,
    instance: Instance,
}

impl Guest for StitchGuest {
    fn call(&mut self, name: &str, args: &[Value]) -> Result<Option<Value>, Failure> {
        let func = self.instance.exported_func(name).ok_or_else(|| missing(name))?;
        let args: Vec<Val> = args.iter().copied().map(Val::from).collect();
        let results = func.type_(&self.store).results().iter();
        let mut results: Vec<Val> = results.map(|ty| Val::default(*ty)).collect();
        func.call(&mut self.store, &args, &mut results).map_err(failure)?;
        results.first().copied().map(Value::try_from).transpose()
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) -> Result<(), Failure> {
        let memory = self.instance.exported_mem("memory").ok_or_else(|| missing("memory"))?;
        let target = memory.bytes_mut(&mut self.store).get_mut(offset..offset + bytes.len());
        target.ok_or("out of bounds")?.copy_from_slice(bytes);
        Ok(())
    }

    fn call_next(&mut self, count: u32) -> Result<i64, Failure> {
        let func = self.instance.exported_func("next").ok_or_else(|| missing("next"))?;
        let mut value = [Val::I64(0)];
        for _ in 0..count {
            let args = value;
            func.call(&mut self.store, &args, &mut value).map_err(failure)?;
        }
        value[0].to_i64().ok_or_else(|| "a result is no i64".into())
    }
}

impl From<Value> for Val {
    fn from(value: Value) -> Self {
        match value {
            Value::I32(value) => Val::I32(value),
            Value::I64(value) => Val::I64(value),
            Value::F32(value) => Val::F32(value),
            Value::F64(value) => Val::F64(value),
        }
    }
}

impl TryFrom<Val> for Value {
    type Error = Failure;

    fn try_from(value: Val) -> Result<Self, Failure> {
        match value {
            Val::I32(value) => Ok(Value::I32(value)),
            Val::I64(value) => Ok(Value::I64(value)),
            Val::F32(value) => Ok(Value::F32(value)),
            Val::F64(value) => Ok(Value::F64(value)),
            _ => Err("a result is no number".into()),
        }
    }
}
