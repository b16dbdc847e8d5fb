//! Fulmar, in every configuration.

use crate::generate::{COUNTER, COUNTER_START, MEMORY_BYTES_MAX, TABLE_ELEMENTS_MAX};
use crate::host::{self, Host};
use crate::observe::{Guest, Outcome, State, Stop, fingerprint};
use crate::plan::{Call, Plan};
use crate::value::{DEPTH_MAX, ELEMENTS_MAX, Value};
use crate::{reach, whereabouts};
use fulmar::{
    AnyRef, AsContextMut, CompilationMode, Config, Engine, Error, FuncType, Instance, Linker,
    Module, Ref, RootScope, Rooted, Store, StoreLimits, StoreLimitsBuilder, Trap, V128, Val,
    ValType,
};

/// A configuration that must make no difference to what a guest computes.
#[derive(Copy, Clone, Debug)]
pub struct Settings {
    pub mode: CompilationMode,
    pub accumulators: bool,
    pub gc_stress: bool,
    /// The fuel of each call, if it is metered.
    pub fuel: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        let mode = CompilationMode::default();
        Self { mode, accumulators: true, gc_stress: false, fuel: None }
    }
}

/// Everything switched on, also what no version of the specification has.
pub fn config() -> Config {
    let mut config = Config::wasm3();
    config.wasm_custom_page_sizes(true).wasm_wide_arithmetic(true);
    config.max_gc_heap(16 << 20).max_wasm_stack(4 << 20);
    config
}

/// The types of [`host::Number`], in order.
const NUMBERS: [ValType; 4] = [ValType::I32, ValType::I64, ValType::F32, ValType::F64];

/// What a store of a guest holds.
struct Data {
    host: Host,
    limits: StoreLimits,
}

/// A module in fulmar.
pub struct FulmarGuest {
    store: Store<Data>,
    module: Module,
    instance: Option<Instance>,
    fuel: Option<u64>,
}

impl FulmarGuest {
    /// # Panics
    ///
    /// If fulmar refuses the module, which is valid.
    pub fn new(wasm: &[u8], settings: Settings) -> Self {
        whereabouts::enter("fulmar");
        let Settings { mode, accumulators, gc_stress, fuel } = settings;
        let mut config = config();
        config.compilation_mode(mode).accumulators(accumulators).gc_stress(gc_stress);
        config.consume_fuel(fuel.is_some());
        let engine = Engine::new(&config).expect("the configuration is valid");
        let module = Module::new(&engine, wasm).expect("fulmar accepts a valid module");
        reach::note(&module);
        let limits = StoreLimitsBuilder::new()
            .memory_size(MEMORY_BYTES_MAX)
            .table_elements(TABLE_ELEMENTS_MAX)
            .build();
        let mut store = Store::new(&engine, Data { host: Host::default(), limits });
        store.limiter(|data| &mut data.limits);
        Self { store, module, instance: None, fuel }
    }

    pub fn module(&self) -> &Module {
        &self.module
    }

    fn refuel(&mut self) {
        if let Some(fuel) = self.fuel {
            self.store.set_fuel(fuel).expect("the store is metered");
        }
    }

    fn instance(&self) -> Instance {
        self.instance.expect("the instantiation succeeded")
    }
}

impl Guest for FulmarGuest {
    fn engine(&self) -> &'static str {
        "fulmar"
    }

    fn instantiate(&mut self) -> Outcome {
        self.refuel();
        match linker(self.store.engine()).instantiate(&mut self.store, &self.module) {
            Ok(instance) => {
                self.instance = Some(instance);
                Outcome::Returned(Vec::new())
            }
            // What the limiter refuses is an error without a trap.
            Err(error) => stop_of(&error).unwrap_or(Outcome::Limit),
        }
    }

    fn call(&mut self, call: &Call) -> Outcome {
        self.refuel();
        let instance = self.instance();
        let mut store = RootScope::new(&mut self.store);
        let func = instance.get_func(&mut store, &call.name).expect("an exported function");
        let ty = func.ty(&store);
        let arguments: Vec<Val> =
            call.arguments.iter().zip(ty.params()).map(|(value, ty)| to_val(value, *ty)).collect();
        let mut results = vec![Val::I32(0); ty.results().len()];
        match func.call(&mut store, &arguments, &mut results) {
            Ok(()) => {
                Outcome::Returned(results.iter().map(|it| to_value(&mut store, *it, 0)).collect())
            }
            Err(error) => stop_of(&error)
                .unwrap_or_else(|| panic!("neither a trap nor an exception: {error:?}")),
        }
    }

    fn state(&mut self, plan: &Plan) -> State {
        let instance = self.instance();
        let fuel_left = self.fuel.and_then(|_| self.store.get_fuel().ok());
        let mut store = RootScope::new(&mut self.store);
        let mut state = State { fuel_left, ..State::default() };
        for name in &plan.globals {
            let global = instance.get_global(&mut store, name).expect("an exported global");
            let value = global.get(&mut store);
            state.globals.push(to_value(&mut store, value, 0));
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
                elements.push(to_value(&mut store, element.into(), 0));
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

fn linker(engine: &Engine) -> Linker<Data> {
    let mut linker = Linker::new(engine);
    for func in host::FUNCS {
        let ty =
            FuncType::new(host::types(func.params, NUMBERS), host::types(func.results, NUMBERS));
        let call =
            move |mut caller: fulmar::Caller<'_, Data>, params: &[Val], results: &mut [Val]| {
                let arguments: Vec<Value> =
                    params.iter().map(|it| to_value(&mut caller, *it, 0)).collect();
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

/// What ended the guest; `None` if it was neither a trap nor an exception.
fn stop_of(error: &Error) -> Option<Outcome> {
    if error.as_exception().is_some() {
        return Some(Outcome::Stopped(Stop::Exception));
    }
    Some(Outcome::Stopped(match error.as_trap()? {
        Trap::UnreachableCodeReached => Stop::Unreachable,
        Trap::MemoryOutOfBounds => Stop::MemoryOutOfBounds,
        Trap::TableOutOfBounds | Trap::UndefinedElement => Stop::TableOutOfBounds,
        Trap::ArrayOutOfBounds => Stop::ArrayOutOfBounds,
        Trap::IndirectCallToNull => Stop::IndirectCallToNull,
        Trap::BadSignature => Stop::BadSignature,
        Trap::IntegerOverflow => Stop::IntegerOverflow,
        Trap::IntegerDivisionByZero => Stop::IntegerDivisionByZero,
        Trap::BadConversionToInteger => Stop::BadConversionToInteger,
        Trap::NullReference => Stop::NullReference,
        Trap::CastFailure => Stop::CastFailure,
        Trap::OutOfFuel => Stop::OutOfFuel,
        Trap::StackOverflow | Trap::AllocationTooLarge => return Some(Outcome::Limit),
        trap => panic!("nothing here can be the reason for {trap:?}"),
    }))
}

fn to_val(value: &Value, ty: ValType) -> Val {
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

fn to_value(store: &mut impl AsContextMut, val: Val, depth: usize) -> Value {
    match val {
        Val::I32(value) => Value::I32(value),
        Val::I64(value) => Value::I64(value),
        Val::F32(bits) => Value::F32(bits),
        Val::F64(bits) => Value::F64(bits),
        Val::V128(value) => Value::V128(value.as_u128()),
        Val::FuncRef(Some(_)) => Value::Func,
        Val::ExternRef(Some(_)) => Value::Extern,
        Val::ExnRef(Some(_)) => Value::Exn,
        Val::AnyRef(Some(object)) => {
            object_value(store, object, depth).expect("the reference is alive")
        }
        null => {
            assert!(null.as_ref_val().is_some_and(|it: Ref| it.is_null()));
            Value::Null
        }
    }
}

fn object_value(
    store: &mut impl AsContextMut,
    object: Rooted<AnyRef>,
    depth: usize,
) -> Result<Value, Error> {
    if let Some(value) = object.as_i31(store.as_context())? {
        return Ok(Value::I31(value.get_i32()));
    }
    if depth == DEPTH_MAX {
        return Ok(Value::Deep);
    }
    if let Some(structure) = object.as_struct(store.as_context_mut())? {
        let fields = structure.fields(store.as_context_mut())?;
        return Ok(Value::Struct(fields.map(|it| to_value(store, it, depth + 1)).collect()));
    }
    if let Some(array) = object.as_array(store.as_context_mut())? {
        let len = array.len(store.as_context())?;
        let mut elements = Vec::new();
        for index in 0..len.min(ELEMENTS_MAX as u32) {
            let element = array.get(store.as_context_mut(), index)?;
            elements.push(to_value(store, element, depth + 1));
        }
        return Ok(Value::Array(len, elements));
    }
    Ok(Value::Extern)
}
