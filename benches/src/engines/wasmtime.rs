//! Wasmtime with its optimising compiler.

use super::{Engine, Failure, Guest, INSTANCES, Mode, StartUp, Value, clock_ms, missing, next};
use crate::clock::Stopwatch;
use std::time::Instant;
use wasmtime::{Instance, Linker, Module, Store, Val};

pub(super) struct Wasmtime;

impl Engine for Wasmtime {
    fn name(&self) -> &'static str {
        "wasmtime"
    }

    fn version(&self) -> &'static str {
        "48 (Cranelift)"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Default]
    }

    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Guest>, Failure> {
        let engine = wasmtime::Engine::default();
        let mut linker = Linker::<()>::new(&engine);
        linker.func_wrap("env", "clock_ms", clock_ms)?;
        linker.func_wrap("env", "next", next)?;
        let module = Module::new(&engine, wasm)?;
        let mut store = Store::new(&engine, ());
        let instance = linker.instantiate(&mut store, &module)?;
        Ok(Box::new(WasmtimeGuest { store, instance }))
    }

    /// One engine for all times, since making one is not as cheap as with the others.
    fn start_up(&self, wasm: &[u8], _: Mode) -> Result<StartUp, Failure> {
        let wasm = wasm.to_vec();
        let engine = wasmtime::Engine::default();
        let looked_at = Module::new(&engine, &wasm)?;
        let mut linker = Linker::<()>::new(&engine);
        linker.define_unknown_imports_as_traps(&looked_at)?;
        Ok(Box::new(move || {
            let start = Instant::now();
            let module = Module::new(&engine, &wasm)?;
            let mut store = Store::new(&engine, ());
            linker.instantiate(&mut store, &module)?;
            Ok(start.elapsed())
        }))
    }

    fn instantiate(&self, wasm: &[u8]) -> Result<StartUp, Failure> {
        let engine = wasmtime::Engine::default();
        let mut linker = Linker::<()>::new(&engine);
        linker.func_wrap("env", "next", next)?;
        let module = linker.instantiate_pre(&Module::new(&engine, wasm)?)?;
        Ok(Box::new(move || {
            let start = Stopwatch::start();
            for _ in 0..INSTANCES {
                let mut store = Store::new(&engine, ());
                let instance = module.instantiate(&mut store)?;
                let next = instance.get_typed_func::<i64, i64>(&mut store, "next")?;
                next.call(&mut store, 0)?;
            }
            Ok(start.elapsed())
        }))
    }
}

struct WasmtimeGuest {
    store: Store<()>,
    instance: Instance,
}

impl Guest for WasmtimeGuest {
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
