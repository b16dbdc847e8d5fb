//! fulmar.

use super::{Engine, Failure, Guest, INSTANCES, Mode, StartUp, Value, clock_ms, missing, next};
use crate::clock::Stopwatch;
use fulmar::{CompilationMode, Config, Error, ExternType, Instance, Linker, Module, Store, Val};
use std::any::Any;
use std::time::Instant;

pub(super) struct Fulmar {
    /// Whether fuel is charged, of which there is more than enough.
    pub(super) fuel: bool,
}

impl Fulmar {
    fn engine(&self) -> Result<fulmar::Engine, Error> {
        fulmar::Engine::new(Config::new().consume_fuel(self.fuel))
    }

    fn store(&self, engine: &fulmar::Engine) -> Result<Store<()>, Error> {
        let mut store = Store::new(engine, ());
        if self.fuel {
            store.set_fuel(u64::MAX)?;
        }
        Ok(store)
    }
}

impl Engine for Fulmar {
    fn name(&self) -> &'static str {
        if self.fuel { "fulmar-fuel" } else { "fulmar" }
    }

    fn version(&self) -> &'static str {
        if cfg!(feature = "compact") { "of this repository, compact" } else { "of this repository" }
    }

    fn is_extra(&self) -> bool {
        self.fuel
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Default, Mode::Eager, Mode::Lazy]
    }

    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Guest>, Failure> {
        let engine = self.engine()?;
        let linker = environment(&engine)?;
        let module = Module::new(&engine, wasm)?;
        let mut store = self.store(&engine)?;
        let instance = linker.instantiate(&mut store, &module)?;
        Ok(Box::new(FulmarGuest { store, instance }))
    }

    fn start_up(&self, wasm: &[u8], mode: Mode) -> Result<StartUp, Failure> {
        let wasm = wasm.to_vec();
        let mut config = Config::new();
        config.consume_fuel(self.fuel);
        match mode {
            Mode::Default => {}
            Mode::Eager => drop(config.compilation_mode(CompilationMode::Eager)),
            Mode::Lazy => drop(config.compilation_mode(CompilationMode::Lazy)),
        }
        let looked_at = Module::new(&fulmar::Engine::default(), &wasm)?;
        Ok(Box::new(move || {
            let engine = fulmar::Engine::new(&config)?;
            let linker = stubs(&engine, &looked_at)?;
            let start = Instant::now();
            let module = Module::new(&engine, &wasm)?;
            let mut store = Store::new(&engine, ());
            linker.instantiate(&mut store, &module)?;
            Ok(start.elapsed())
        }))
    }

    fn translate(&self, wasm: &[u8]) -> Result<(Box<dyn Any>, usize), Failure> {
        let mut config = Config::new();
        config.compilation_mode(CompilationMode::Eager).consume_fuel(self.fuel);
        Ok((Box::new(Module::new(&fulmar::Engine::new(&config)?, wasm)?), wasm.len()))
    }

    fn instantiate(&self, wasm: &[u8]) -> Result<StartUp, Failure> {
        let (fuel, engine) = (self.fuel, self.engine()?);
        let linker = environment(&engine)?;
        let module = Module::new(&engine, wasm)?;
        Ok(Box::new(move || {
            let start = Stopwatch::start();
            for _ in 0..INSTANCES {
                let mut store = Fulmar { fuel }.store(&engine)?;
                let instance = linker.instantiate(&mut store, &module)?;
                let next = instance.get_typed_func::<i64, i64>(&mut store, "next")?;
                next.call(&mut store, 0)?;
            }
            Ok(start.elapsed())
        }))
    }
}

/// Definitions of what guests may import.
fn environment(engine: &fulmar::Engine) -> Result<Linker<()>, Error> {
    let mut linker = Linker::new(engine);
    linker.func_wrap("env", "clock_ms", clock_ms)?;
    linker.func_wrap("env", "next", next)?;
    Ok(linker)
}

/// Definitions of all functions that a module imports; calling one is an error.
fn stubs(engine: &fulmar::Engine, module: &Module) -> Result<Linker<()>, Error> {
    let mut linker = Linker::new(engine);
    for import in module.imports() {
        if let ExternType::Func(ty) = import.ty() {
            linker.func_new(import.module(), import.name(), ty.clone(), |_, _, _| {
                Err(Error::msg("a stub is called"))
            })?;
        }
    }
    Ok(linker)
}

struct FulmarGuest {
    store: Store<()>,
    instance: Instance,
}

impl Guest for FulmarGuest {
    fn call(&mut self, name: &str, args: &[Value]) -> Result<Option<Value>, Failure> {
        let func = self.instance.get_func(&mut self.store, name).ok_or_else(|| missing(name))?;
        let args: Vec<Val> = args.iter().copied().map(Val::from).collect();
        let mut results = vec![Val::I32(0); func.ty(&self.store).results().len()];
        func.call(&mut self.store, &args, &mut results)?;
        results.first().map(Value::try_from).transpose()
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) -> Result<(), Failure> {
        let memory = self.instance.get_memory(&mut self.store, "memory");
        let memory = memory.ok_or_else(|| missing("memory"))?;
        memory.write(&mut self.store, offset, bytes)?;
        Ok(())
    }

    fn call_next(&mut self, count: u32) -> Result<i64, Failure> {
        let func = self.instance.get_typed_func::<i64, i64>(&mut self.store, "next")?;
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
            Value::F32(value) => Val::F32(value.to_bits()),
            Value::F64(value) => Val::F64(value.to_bits()),
        }
    }
}

impl TryFrom<&Val> for Value {
    type Error = Failure;

    fn try_from(value: &Val) -> Result<Self, Failure> {
        match *value {
            Val::I32(value) => Ok(Value::I32(value)),
            Val::I64(value) => Ok(Value::I64(value)),
            Val::F32(bits) => Ok(Value::F32(f32::from_bits(bits))),
            Val::F64(bits) => Ok(Value::F64(f64::from_bits(bits))),
            _ => Err("a result is no number".into()),
        }
    }
}
