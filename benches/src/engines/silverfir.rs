//! Silverfir-nano's interpreter, by the crate `sf-nano-core` built without its compiler.
//!
//! It has no vector instructions, no lazy mode, and no typed handles of functions: calls go through
//! slices of values.

use super::{Engine, Failure, Guest, Mode, StartUp, Value, clock_ms, missing, next};
use sf_nano_core::{Config, Import, Instance, Tier};
use std::time::Instant;
use wasmparser::{Parser, Payload, TypeRef};

pub(super) struct Silverfir;

type Val = sf_nano_core::Value;

impl Engine for Silverfir {
    fn name(&self) -> &'static str {
        "sf-nano"
    }

    fn version(&self) -> &'static str {
        "0.6.0 (interpreter)"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Default]
    }

    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Guest>, Failure> {
        let imports = [
            Import::func("env", "clock_ms", |_, _, results| {
                results[0] = Val::I32(clock_ms());
                Ok(())
            }),
            Import::func("env", "next", |_, args, results| {
                if let &[Val::I64(value)] = args {
                    results[0] = Val::I64(next(value));
                }
                Ok(())
            }),
        ];
        let instance = Instance::new(&engine()?, wasm, &imports).map_err(failure)?;
        Ok(Box::new(SilverfirGuest { instance }))
    }

    fn start_up(&self, wasm: &[u8], _: Mode) -> Result<StartUp, Failure> {
        let wasm = wasm.to_vec();
        let stubs = stubs(&wasm)?;
        Ok(Box::new(move || {
            let engine = engine()?;
            let start = Instant::now();
            let instance = Instance::new(&engine, &wasm, &stubs).map_err(failure)?;
            let elapsed = start.elapsed();
            drop(instance);
            Ok(elapsed)
        }))
    }

    fn instantiate(&self, _: &[u8]) -> Result<StartUp, Failure> {
        Err("it has no modules apart from their bytes".into())
    }
}

fn engine() -> Result<sf_nano_core::Engine, Failure> {
    let config = Config::new().tier(Tier::Interp);
    sf_nano_core::Engine::new(config).map_err(|error| error.to_string().into())
}

/// Definitions of all functions that a module imports; their results are missing, so that calling one
/// is an error.
fn stubs(wasm: &[u8]) -> Result<Vec<Import>, Failure> {
    let mut stubs = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let Payload::ImportSection(section) = payload? else { continue };
        for import in section.into_imports() {
            let import = import?;
            if let TypeRef::Func(_) = import.ty {
                stubs.push(Import::func(import.module, import.name, |_, _, _| Ok(())));
            }
        }
    }
    Ok(stubs)
}

fn failure(error: sf_nano_core::WasmError) -> Failure {
    error.to_string().into()
}

struct SilverfirGuest {
    instance: Instance,
}

impl Guest for SilverfirGuest {
    fn call(&mut self, name: &str, args: &[Value]) -> Result<Option<Value>, Failure> {
        let func = self.instance.get_func(name).ok_or_else(|| missing(name))?;
        let args: Vec<Val> = args.iter().copied().map(Val::from).collect();
        let mut results = vec![Val::I32(0); func.arity().1];
        self.instance.call(&func, &args, &mut results).map_err(failure)?;
        results.first().map(Value::try_from).transpose()
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) -> Result<(), Failure> {
        let mut memory = self.instance.memory_mut().map_err(failure)?;
        let target = memory.get_mut(offset..offset + bytes.len());
        target.ok_or("out of bounds")?.copy_from_slice(bytes);
        Ok(())
    }

    fn call_next(&mut self, count: u32) -> Result<i64, Failure> {
        let func = self.instance.get_func("next").ok_or_else(|| missing("next"))?;
        let mut value = [Val::I64(0)];
        for _ in 0..count {
            let args = value;
            self.instance.call(&func, &args, &mut value).map_err(failure)?;
        }
        match value {
            [Val::I64(value)] => Ok(value),
            _ => Err("a result is no i64".into()),
        }
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
            _ => Err("a result is no number".into()),
        }
    }
}
