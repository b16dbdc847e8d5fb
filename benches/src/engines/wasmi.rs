//! wasmi.

use super::{Engine, Failure, Guest, INSTANCES, Mode, StartUp, Value, clock_ms, missing, next};
use crate::clock::Stopwatch;
use std::any::Any;
use std::time::Instant;
use wasmi::{CompilationMode, Config, Error, ExternType, Instance, Linker, Module, Store, Val};

pub(super) struct Wasmi;

impl Engine for Wasmi {
    fn name(&self) -> &'static str {
        "wasmi"
    }

    fn version(&self) -> &'static str {
        "2.0.0"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Default, Mode::Eager, Mode::Lazy]
    }

    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Guest>, Failure> {
        let engine = wasmi::Engine::default();
        let linker = environment(&engine)?;
        let module = Module::new(&engine, wasm)?;
        let mut store = Store::new(&engine, ());
        let instance = linker.instantiate_and_start(&mut store, &module)?;
        Ok(Box::new(WasmiGuest { store, instance }))
    }

    fn start_up(&self, wasm: &[u8], mode: Mode) -> Result<StartUp, Failure> {
        let wasm = wasm.to_vec();
        let mut config = Config::default();
        match mode {
            Mode::Default => {}
            Mode::Eager => drop(config.compilation_mode(CompilationMode::Eager)),
            Mode::Lazy => drop(config.compilation_mode(CompilationMode::Lazy)),
        }
        let looked_at = Module::new(&wasmi::Engine::default(), &wasm)?;
        Ok(Box::new(move || {
            let engine = wasmi::Engine::new(&config);
            let linker = stubs(&engine, &looked_at)?;
            let start = Instant::now();
            let module = Module::new(&engine, &wasm)?;
            let mut store = Store::new(&engine, ());
            linker.instantiate_and_start(&mut store, &module)?;
            Ok(start.elapsed())
        }))
    }

    fn translate(&self, wasm: &[u8]) -> Result<(Box<dyn Any>, usize), Failure> {
        let mut config = Config::default();
        config.compilation_mode(CompilationMode::Eager);
        Ok((Box::new(Module::new(&wasmi::Engine::new(&config), wasm)?), 0))
    }

    fn instantiate(&self, wasm: &[u8]) -> Result<StartUp, Failure> {
        let engine = wasmi::Engine::default();
        let linker = environment(&engine)?;
        let module = Module::new(&engine, wasm)?;
        Ok(Box::new(move || {
            let start = Stopwatch::start();
            for _ in 0..INSTANCES {
                let mut store = Store::new(&engine, ());
                let instance = linker.instantiate_and_start(&mut store, &module)?;
                let next = instance.get_typed_func::<i64, i64>(&store, "next")?;
                next.call(&mut store, 0)?;
            }
            Ok(start.elapsed())
        }))
    }
}

/// Definitions of what guests may import.
fn environment(engine: &wasmi::Engine) -> Result<Linker<()>, Failure> {
    let mut linker = Linker::new(engine);
    linker.func_wrap("env", "clock_ms", clock_ms)?;
    linker.func_wrap("env", "next", next)?;
    Ok(linker)
}

/// Definitions of all functions that a module imports; calling one is an error.
fn stubs(engine: &wasmi::Engine, module: &Module) -> Result<Linker<()>, Failure> {
    let mut linker = Linker::new(engine);
    for import in module.imports() {
        if let ExternType::Func(ty) = import.ty() {
            linker.func_new(import.module(), import.name(), ty.clone(), |_, _, _| {
                Err(Error::new("a stub is called"))
            })?;
        }
    }
    Ok(linker)
}

struct WasmiGuest {
    store: Store<()>,
    instance: Instance,
}

impl Guest for WasmiGuest {
    fn call(&mut self, name: &str, args: &[Value]) -> Result<Option<Value>, Failure> {
        let func = self.instance.get_func(&self.store, name).ok_or_else(|| missing(name))?;
        let args: Vec<Val> = args.iter().copied().map(Val::from).collect();
        let mut results = vec![Val::I32(0); func.ty(&self.store).results().len()];
        func.call(&mut self.store, &args, &mut results)?;
        results.first().map(Value::try_from).transpose()
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) -> Result<(), Failure> {
        let memory = self.instance.get_memory(&self.store, "memory");
        let memory = memory.ok_or_else(|| missing("memory"))?;
        memory.write(&mut self.store, offset, bytes)?;
        Ok(())
    }

    fn call_next(&mut self, count: u32) -> Result<i64, Failure> {
        let func = self.instance.get_typed_func::<i64, i64>(&self.store, "next")?;
        let mut value = 0;
        for _ in 0..count {
            value = func.call(&mut self.store, value)?;
        }
        Ok(value)
    }
}

impl From<Value> for Val {
    fn from(value: Value) -> Self {
        match value {
            Value::I32(value) => Val::I32(value),
            Value::I64(value) => Val::I64(value),
            Value::F32(value) => Val::F32(value.into()),
            Value::F64(value) => Val::F64(value.into()),
        }
    }
}

impl TryFrom<&Val> for Value {
    type Error = Failure;

    fn try_from(value: &Val) -> Result<Self, Failure> {
        match value {
            Val::I32(value) => Ok(Value::I32(*value)),
            Val::I64(value) => Ok(Value::I64(*value)),
            Val::F32(value) => Ok(Value::F32(value.to_float())),
            Val::F64(value) => Ok(Value::F64(value.to_float())),
            _ => Err("a result is no number".into()),
        }
    }
}
