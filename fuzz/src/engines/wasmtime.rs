//! Wasmtime: everything that fulmar has, compiled by Cranelift.

use crate::generate::{COUNTER, COUNTER_START, MEMORY_BYTES_MAX, TABLE_ELEMENTS_MAX};
use crate::host::{self, Host};
use crate::observe::{Guest, Outcome, State, Stop, fingerprint};
use crate::plan::{Call, Plan};
use crate::value::{DEPTH_MAX, ELEMENTS_MAX, Value};
use crate::whereabouts;
use std::sync::LazyLock;
use wasmtime::{
    AnyRef, AsContextMut, Config, Engine, Error, FuncType, Instance, Linker, Module, OptLevel,
    RootScope, Rooted, Store, StoreLimits, StoreLimitsBuilder, ThrownException, Trap, V128, Val,
    ValType,
};

/// The types of [`host::Number`], in order.
const NUMBERS: [ValType; 4] = [ValType::I32, ValType::I64, ValType::F32, ValType::F64];

/// One engine for all runs: setting up Cranelift takes longer than a module.
static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let mut config = Config::new();
    config.wasm_tail_call(true).wasm_multi_memory(true).wasm_memory64(true).wasm_simd(true);
    config.wasm_relaxed_simd(true).relaxed_simd_deterministic(true).wasm_extended_const(true);
    config.wasm_function_references(true).wasm_gc(true).wasm_exceptions(true);
    config.wasm_wide_arithmetic(true).wasm_custom_page_sizes(true);
    config.cranelift_opt_level(OptLevel::None);
    Engine::new(&config).expect("the configuration is valid")
});

/// What a store of a guest holds.
struct Data {
    host: Host,
    limits: StoreLimits,
}

/// A module in wasmtime.
pub struct WasmtimeGuest {
    store: Store<Data>,
    module: Module,
    instance: Option<Instance>,
}

impl WasmtimeGuest {
    /// # Errors
    ///
    /// If wasmtime refuses the module.
    pub fn new(wasm: &[u8]) -> Result<Self, Error> {
        whereabouts::enter("wasmtime");
        let module = Module::new(&ENGINE, wasm)?;
        let limits = StoreLimitsBuilder::new()
            .memory_size(MEMORY_BYTES_MAX)
            .table_elements(TABLE_ELEMENTS_MAX)
            .build();
        let mut store = Store::new(&ENGINE, Data { host: Host::default(), limits });
        store.limiter(|data| &mut data.limits);
        Ok(Self { store, module, instance: None })
    }

    fn instance(&self) -> Instance {
        self.instance.expect("the instantiation succeeded")
    }

    /// What ended the guest; a limit if it was neither a trap nor an exception.
    fn outcome_of(&mut self, error: &Error) -> Outcome {
        if error.is::<ThrownException>() {
            let _ = self.store.take_pending_exception();
            return Outcome::Stopped(Stop::Exception);
        }
        error.downcast_ref::<Trap>().map_or(Outcome::Limit, |trap| stop_of(*trap))
    }
}

impl Guest for WasmtimeGuest {
    fn engine(&self) -> &'static str {
        "wasmtime"
    }

    fn instantiate(&mut self) -> Outcome {
        match linker().instantiate(&mut self.store, &self.module) {
            Ok(instance) => {
                self.instance = Some(instance);
                Outcome::Returned(Vec::new())
            }
            Err(error) => self.outcome_of(&error),
        }
    }

    fn call(&mut self, call: &Call) -> Outcome {
        let instance = self.instance();
        let mut store = RootScope::new(&mut self.store);
        let func = instance.get_func(&mut store, &call.name).expect("an exported function");
        let ty = func.ty(&store);
        let arguments: Vec<Val> =
            call.arguments.iter().zip(ty.params()).map(|(value, ty)| to_val(value, &ty)).collect();
        let mut results = vec![Val::I32(0); ty.results().len()];
        match func.call(&mut store, &arguments, &mut results) {
            Ok(()) => {
                Outcome::Returned(results.iter().map(|it| to_value(&mut store, it, 0)).collect())
            }
            Err(error) => {
                drop(store);
                self.outcome_of(&error)
            }
        }
    }

    fn state(&mut self, plan: &Plan) -> State {
        let instance = self.instance();
        let mut store = RootScope::new(&mut self.store);
        let mut state = State::default();
        for name in &plan.globals {
            let global = instance.get_global(&mut store, name).expect("an exported global");
            let value = global.get(&mut store);
            state.globals.push(to_value(&mut store, &value, 0));
        }
        for name in &plan.memories {
            let memory = instance.get_memory(&mut store, name).expect("an exported memory");
            let context = store.as_context_mut();
            state.memories.push((memory.size(&context), fingerprint(memory.data(&context))));
        }
        for name in &plan.tables {
            let table = instance.get_table(&mut store, name).expect("an exported table");
            let size = table.size(&store);
            let mut elements = Vec::new();
            for index in 0..size.min(ELEMENTS_MAX as u64) {
                let element = table.get(&mut store, index).expect("the index is below the size");
                elements.push(to_value(&mut store, &element.into(), 0));
            }
            state.tables.push((size, elements));
        }
        state.trace = store.as_context_mut().data().host.trace();
        state
    }

    fn restart_counter(&mut self) {
        let counter = self.instance().get_global(&mut self.store, COUNTER).expect("a counter");
        counter.set(&mut self.store, Val::I32(COUNTER_START)).expect("the counter is mutable");
    }
}

fn linker() -> Linker<Data> {
    let mut linker = Linker::new(&ENGINE);
    for func in host::FUNCS {
        let (params, results) =
            (host::types(func.params, NUMBERS), host::types(func.results, NUMBERS));
        let ty = FuncType::new(&ENGINE, params, results.clone());
        let call =
            move |mut caller: wasmtime::Caller<'_, Data>, params: &[Val], slots: &mut [Val]| {
                let arguments: Vec<Value> =
                    params.iter().map(|it| to_value(&mut caller, it, 0)).collect();
                let values = caller.data_mut().host.call(func, &arguments);
                for ((slot, value), ty) in slots.iter_mut().zip(values).zip(&results) {
                    *slot = to_val(&value, ty);
                }
                Ok(())
            };
        linker.func_new(host::MODULE, func.name, ty, call).expect("the names are distinct");
    }
    linker
}

fn stop_of(trap: Trap) -> Outcome {
    Outcome::Stopped(match trap {
        Trap::UnreachableCodeReached => Stop::Unreachable,
        Trap::MemoryOutOfBounds => Stop::MemoryOutOfBounds,
        Trap::TableOutOfBounds => Stop::TableOutOfBounds,
        Trap::ArrayOutOfBounds => Stop::ArrayOutOfBounds,
        Trap::IndirectCallToNull => Stop::IndirectCallToNull,
        Trap::BadSignature => Stop::BadSignature,
        Trap::IntegerOverflow => Stop::IntegerOverflow,
        Trap::IntegerDivisionByZero => Stop::IntegerDivisionByZero,
        Trap::BadConversionToInteger => Stop::BadConversionToInteger,
        Trap::NullReference => Stop::NullReference,
        Trap::CastFailure => Stop::CastFailure,
        Trap::StackOverflow | Trap::AllocationTooLarge => return Outcome::Limit,
        trap => panic!("nothing here can be the reason for {trap:?}"),
    })
}

fn to_val(value: &Value, ty: &ValType) -> Val {
    match value {
        Value::I32(value) => Val::I32(*value),
        Value::I64(value) => Val::I64(*value),
        Value::F32(bits) => Val::F32(*bits),
        Value::F64(bits) => Val::F64(*bits),
        Value::V128(bits) => Val::V128(V128::from(*bits)),
        Value::Null => Val::default_for_ty(ty).expect("the type has a null"),
        other => panic!("{other:?} does not go into guests"),
    }
}

fn to_value(store: &mut impl AsContextMut, val: &Val, depth: usize) -> Value {
    match val {
        Val::I32(value) => Value::I32(*value),
        Val::I64(value) => Value::I64(*value),
        Val::F32(bits) => Value::F32(*bits),
        Val::F64(bits) => Value::F64(*bits),
        Val::V128(value) => Value::V128(value.as_u128()),
        Val::FuncRef(Some(_)) => Value::Func,
        Val::ExternRef(Some(_)) => Value::Extern,
        Val::ExnRef(Some(_)) => Value::Exn,
        Val::AnyRef(Some(object)) => {
            object_value(store, object, depth).expect("the reference is alive")
        }
        _ => Value::Null,
    }
}

fn object_value(
    store: &mut impl AsContextMut,
    object: &Rooted<AnyRef>,
    depth: usize,
) -> Result<Value, Error> {
    if let Some(value) = object.as_i31(store.as_context())? {
        return Ok(Value::I31(value.get_i32()));
    }
    if depth == DEPTH_MAX {
        return Ok(Value::Deep);
    }
    if let Some(structure) = object.as_struct(store.as_context())? {
        let fields: Vec<Val> = structure.fields(store.as_context_mut())?.collect();
        return Ok(Value::Struct(fields.iter().map(|it| to_value(store, it, depth + 1)).collect()));
    }
    if let Some(array) = object.as_array(store.as_context())? {
        let len = array.len(store.as_context())?;
        let mut elements = Vec::new();
        for index in 0..len.min(ELEMENTS_MAX as u32) {
            let element = array.get(store.as_context_mut(), index)?;
            elements.push(to_value(store, &element, depth + 1));
        }
        return Ok(Value::Array(len, elements));
    }
    Ok(Value::Extern)
}
