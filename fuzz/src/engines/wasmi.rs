//! Wasmi: WebAssembly 2.0 and several proposals, by another interpreter.

use crate::generate::{COUNTER, COUNTER_START, MEMORY_BYTES_MAX, TABLE_ELEMENTS_MAX};
use crate::host::{self, Host};
use crate::observe::{Guest, Outcome, State, Stop, fingerprint};
use crate::plan::{Call, Plan};
use crate::quiet::catch;
use crate::value::{ELEMENTS_MAX, Value};
use crate::whereabouts;
use wasmi::{
    CompilationMode, Config, Engine, Error, F32, F64, FuncType, Instance, Linker, Module, Ref,
    Store, StoreLimits, StoreLimitsBuilder, TrapCode, V128, Val, ValType,
};

/// The types of [`host::Number`], in order.
const NUMBERS: [ValType; 4] = [ValType::I32, ValType::I64, ValType::F32, ValType::F64];

/// What a store of a guest holds.
struct Data {
    host: Host,
    limits: StoreLimits,
}

/// A module in wasmi.
pub struct WasmiGuest {
    store: Store<Data>,
    module: Module,
    instance: Option<Instance>,
}

impl WasmiGuest {
    /// `None` if wasmi panics, which its translator does on some valid modules: see README.md.
    ///
    /// # Panics
    ///
    /// If wasmi refuses the module.
    pub fn new(wasm: &[u8]) -> Option<Self> {
        whereabouts::enter("wasmi");
        let module = catch(|| module(wasm)).ok()?.expect("wasmi accepts the module");
        let limits = StoreLimitsBuilder::new()
            .memory_size(MEMORY_BYTES_MAX)
            .table_elements(TABLE_ELEMENTS_MAX)
            .build();
        let data = Data { host: Host::default(), limits };
        let mut store = Store::new(module.engine(), data);
        store.limiter(|data| &mut data.limits);
        Some(Self { store, module, instance: None })
    }

    fn instance(&self) -> Instance {
        self.instance.expect("the instantiation succeeded")
    }
}

/// The module in an engine of its own, since engines never free code.
fn module(wasm: &[u8]) -> Result<Module, Error> {
    let mut config = Config::default();
    config.wasm_multi_memory(true).wasm_memory64(true).wasm_tail_call(true).wasm_simd(true);
    config.wasm_extended_const(true).wasm_wide_arithmetic(true).wasm_custom_page_sizes(true);
    config.compilation_mode(CompilationMode::Eager);
    Module::new(&Engine::new(&config), wasm)
}

impl Guest for WasmiGuest {
    fn engine(&self) -> &'static str {
        "wasmi"
    }

    fn instantiate(&mut self) -> Outcome {
        let linker = linker(self.store.engine());
        match linker.instantiate_and_start(&mut self.store, &self.module) {
            Ok(instance) => {
                self.instance = Some(instance);
                Outcome::Returned(Vec::new())
            }
            Err(error) => stop_of(&error),
        }
    }

    fn call(&mut self, call: &Call) -> Outcome {
        let func = self.instance().get_func(&self.store, &call.name).expect("an exported function");
        let ty = func.ty(&self.store);
        let arguments: Vec<Val> =
            call.arguments.iter().zip(ty.params()).map(|(value, ty)| to_val(value, *ty)).collect();
        let mut results = vec![Val::I32(0); ty.results().len()];
        match func.call(&mut self.store, &arguments, &mut results) {
            Ok(()) => Outcome::Returned(results.iter().map(to_value).collect()),
            Err(error) => stop_of(&error),
        }
    }

    fn state(&mut self, plan: &Plan) -> State {
        let instance = self.instance();
        let store = &self.store;
        let mut state = State::default();
        for name in &plan.globals {
            let global = instance.get_global(store, name).expect("an exported global");
            state.globals.push(to_value(&global.get(store)));
        }
        for name in &plan.memories {
            let memory = instance.get_memory(store, name).expect("an exported memory");
            state.memories.push((memory.size(store), fingerprint(memory.data(store))));
        }
        for name in &plan.tables {
            let table = instance.get_table(store, name).expect("an exported table");
            let size = table.size(store);
            let element = |index| table.get(store, index).expect("the index is below the size");
            let elements = 0..size.min(ELEMENTS_MAX as u64);
            state.tables.push((size, elements.map(|it| ref_value(&element(it))).collect()));
        }
        state.trace = store.data().host.trace();
        state
    }

    fn restart_counter(&mut self) {
        let counter = self.instance().get_global(&self.store, COUNTER).expect("a counter");
        counter.set(&mut self.store, Val::I32(COUNTER_START)).expect("the counter is mutable");
    }
}

fn linker(engine: &Engine) -> Linker<Data> {
    let mut linker = Linker::new(engine);
    for func in host::FUNCS {
        let ty =
            FuncType::new(host::types(func.params, NUMBERS), host::types(func.results, NUMBERS));
        let call =
            move |mut caller: wasmi::Caller<'_, Data>, params: &[Val], results: &mut [Val]| {
                let arguments: Vec<Value> = params.iter().map(to_value).collect();
                let values = caller.data_mut().host.call(func, &arguments);
                for (result, value) in results.iter_mut().zip(values) {
                    *result = to_val(&value, result.ty());
                }
                Ok(())
            };
        linker.func_new(host::MODULE, func.name, ty, call).expect("the names are distinct");
    }
    linker
}

/// What ended the guest; a limit if it was no trap.
fn stop_of(error: &Error) -> Outcome {
    let Some(trap) = error.as_trap_code() else { return Outcome::Limit };
    Outcome::Stopped(match trap {
        TrapCode::UnreachableCodeReached => Stop::Unreachable,
        TrapCode::MemoryOutOfBounds => Stop::MemoryOutOfBounds,
        TrapCode::TableOutOfBounds => Stop::TableOutOfBounds,
        TrapCode::IndirectCallToNull => Stop::IndirectCallToNull,
        TrapCode::BadSignature => Stop::BadSignature,
        TrapCode::IntegerOverflow => Stop::IntegerOverflow,
        TrapCode::IntegerDivisionByZero => Stop::IntegerDivisionByZero,
        TrapCode::BadConversionToInteger => Stop::BadConversionToInteger,
        TrapCode::OutOfFuel => Stop::OutOfFuel,
        TrapCode::StackOverflow
        | TrapCode::OutOfSystemMemory
        | TrapCode::GrowthOperationLimited => return Outcome::Limit,
    })
}

fn to_val(value: &Value, ty: ValType) -> Val {
    match value {
        Value::I32(value) => Val::I32(*value),
        Value::I64(value) => Val::I64(*value),
        Value::F32(bits) => Val::F32(F32::from_bits(*bits)),
        Value::F64(bits) => Val::F64(F64::from_bits(*bits)),
        Value::V128(bits) => Val::V128(V128::from(*bits)),
        Value::Null => Val::default_for_ty(ty),
        other => panic!("{other:?} does not go into guests"),
    }
}

fn to_value(val: &Val) -> Value {
    match val {
        Val::I32(value) => Value::I32(*value),
        Val::I64(value) => Value::I64(*value),
        Val::F32(value) => Value::F32(value.to_bits()),
        Val::F64(value) => Value::F64(value.to_bits()),
        Val::V128(value) => Value::V128(value.as_u128()),
        Val::FuncRef(reference) if !reference.is_null() => Value::Func,
        Val::ExternRef(reference) if !reference.is_null() => Value::Extern,
        Val::FuncRef(_) | Val::ExternRef(_) => Value::Null,
    }
}

fn ref_value(reference: &Ref) -> Value {
    match reference {
        _ if reference.is_null() => Value::Null,
        Ref::Func(_) => Value::Func,
        Ref::Extern(_) => Value::Extern,
    }
}
