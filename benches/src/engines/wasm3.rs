//! wasm3, by the crate `wasm3x`.
//!
//! The crate parses a module twice until it is instantiated, and the engine validates functions only
//! as it compiles them: start-up times are to be read with that in mind.

use super::{Engine, Failure, Guest, Mode, StartUp, Value, clock_ms, missing, next};
use std::time::Instant;
use wasm3x::{CompilationMode, Config, Instance, Linker, Module, Store, Val};

pub(super) struct Wasm3;

impl Engine for Wasm3 {
    fn name(&self) -> &'static str {
        "wasm3"
    }

    fn version(&self) -> &'static str {
        "0.9.0 (wasm3x 0.2.1)"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Default, Mode::Eager]
    }

    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Guest>, Failure> {
        let engine = wasm3x::Engine::default();
        let mut linker = Linker::<()>::new(&engine);
        linker.func_wrap("env", "clock_ms", clock_ms)?;
        linker.func_wrap("env", "next", next)?;
        let module = Module::new(&engine, wasm)?;
        let mut store = Store::new(&engine, ());
        let instance = linker.instantiate_and_start(&mut store, &module)?;
        Ok(Box::new(Wasm3Guest { store, instance }))
    }

    /// The imports stay unlinked, which would be an error only in a call.
    fn start_up(&self, wasm: &[u8], mode: Mode) -> Result<StartUp, Failure> {
        let wasm = wasm.to_vec();
        let mut config = Config::new();
        if mode == Mode::Eager {
            config.compilation_mode(CompilationMode::Eager);
        }
        Ok(Box::new(move || {
            let engine = wasm3x::Engine::new(&config);
            let linker = Linker::<()>::new(&engine);
            let start = Instant::now();
            let module = Module::new(&engine, &wasm)?;
            let mut store = Store::new(&engine, ());
            linker.instantiate_and_start(&mut store, &module)?;
            Ok(start.elapsed())
        }))
    }

    fn instantiate(&self, _: &[u8]) -> Result<StartUp, Failure> {
        Err("a module is compiled once for each instance".into())
    }
}

struct Wasm3Guest {
    store: Store<()>,
    instance: Instance,
}

impl Guest for Wasm3Guest {
    fn call(&mut self, name: &str, args: &[Value]) -> Result<Option<Value>, Failure> {
        let func = self.instance.get_func(&self.store, name).ok_or_else(|| missing(name))?;
        let args: Vec<Val> = args.iter().copied().map(Val::from).collect();
        let mut results = vec![Val::I32(0); func.ty(&self.store)?.results().len()];
        func.call(&mut self.store, &args, &mut results)?;
        results.first().map(Value::try_from).transpose()
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) -> Result<(), Failure> {
        let memory = self.instance.get_memory(&self.store);
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
            Value::F32(value) => Val::F32(value),
            Value::F64(value) => Val::F64(value),
        }
    }
}

impl TryFrom<&Val> for Value {
    type Error = Failure;

    fn try_from(value: &Val) -> Result<Self, Failure> {
        match *value {
            Val::I32(value) => Ok(Value::I32(value)),
            Val::I64(value) => Ok(Value::I64(value)),
            Val::F32(value) => Ok(Value::F32(value)),
            Val::F64(value) => Ok(Value::F64(value)),
            Val::FuncRef(_) => Err("a result is no number".into()),
        }
    }
}
