//! Limits: the resource limiter, fuel, and the depth of calls.

use fulmar::{
    Config, Engine, Error, Instance, Memory, MemoryType, Module, Ref, RefType, ResourceLimiter,
    Store, StoreLimits, StoreLimitsBuilder, Table, TableType, Trap,
};

const PAGE: usize = 1 << 16;

fn module(engine: &Engine, text: &str) -> Module {
    Module::new(engine, &wat::parse_str(text).unwrap()).unwrap()
}

fn limited(engine: &Engine, limits: StoreLimits) -> Store<StoreLimits> {
    let mut store = Store::new(engine, limits);
    store.limiter(|limits| limits);
    store
}

#[test]
fn sizes_are_limited_for_guest_and_host() {
    let engine = Engine::default();
    let limits = StoreLimitsBuilder::new().memory_size(2 * PAGE).table_elements(3).build();
    let mut store = limited(&engine, limits);
    let text = r#"(module (memory (export "m") 1) (table (export "t") 1 funcref)
        (func (export "memory") (result i32) (memory.grow (i32.const 1)))
        (func (export "table") (param i32) (result i32)
            (table.grow (ref.null func) (local.get 0))))"#;
    let instance = Instance::new(&mut store, &module(&engine, text), &[]).unwrap();
    let memory = instance.get_typed_func::<(), i32>(&mut store, "memory").unwrap();
    assert_eq!(memory.call(&mut store, ()).unwrap(), 1);
    assert_eq!(memory.call(&mut store, ()).unwrap(), -1);
    let table = instance.get_typed_func::<i32, i32>(&mut store, "table").unwrap();
    assert_eq!(table.call(&mut store, 2).unwrap(), 1);
    assert_eq!(table.call(&mut store, 1).unwrap(), -1);
    let memory = instance.get_memory(&mut store, "m").unwrap();
    assert!(memory.grow(&mut store, 1).is_err());
    let table = instance.get_table(&mut store, "t").unwrap();
    assert!(table.grow(&mut store, 1, Ref::Func(None)).is_err());

    assert!(Memory::new(&mut store, MemoryType::new(3, None)).is_err());
    let ty = TableType::new(RefType::FUNCREF, 4, None);
    assert!(Table::new(&mut store, ty, Ref::Func(None)).is_err());
    let large = module(&engine, "(module (memory 3))");
    let error = Instance::new(&mut store, &large, &[]).unwrap_err();
    assert_eq!(error.to_string(), "minimum size of 3 pages exceeds the memory limit");
}

#[test]
fn numbers_are_limited() {
    let engine = Engine::default();
    let limits = StoreLimitsBuilder::new().instances(2).memories(1).tables(1).build();
    let mut store = limited(&engine, limits);
    let empty = module(&engine, "(module)");
    Instance::new(&mut store, &module(&engine, "(module (memory 0) (table 0 funcref))"), &[])
        .unwrap();
    let error = Memory::new(&mut store, MemoryType::new(0, None)).unwrap_err();
    assert_eq!(error.to_string(), "resource limit exceeded: memory count too high at 2");
    let ty = TableType::new(RefType::FUNCREF, 0, None);
    assert!(Table::new(&mut store, ty, Ref::Func(None)).is_err());
    Instance::new(&mut store, &empty, &[]).unwrap();
    let error = Instance::new(&mut store, &empty, &[]).unwrap_err();
    assert_eq!(error.to_string(), "resource limit exceeded: instance count too high at 3");
}

#[test]
fn a_refusal_can_end_the_guest() {
    let engine = Engine::default();
    let limits = StoreLimitsBuilder::new().memory_size(PAGE).trap_on_grow_failure(true).build();
    let mut store = limited(&engine, limits);
    let text = r#"(module (memory 1) (func (export "run") (drop (memory.grow (i32.const 1)))))"#;
    let instance = Instance::new(&mut store, &module(&engine, text), &[]).unwrap();
    let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
    let error = run.call(&mut store, ()).unwrap_err();
    assert_eq!(error.to_string(), "forcing trap when growing memory to 131072: over its limit");
}

/// Counts what it is asked, and allows everything.
#[derive(Default)]
struct Witness {
    asked: Vec<(usize, usize, Option<usize>)>,
    failed: Vec<String>,
}

impl ResourceLimiter for Witness {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, Error> {
        self.asked.push((current, desired, maximum));
        Ok(true)
    }

    fn memory_grow_failed(&mut self, error: Error) -> Result<(), Error> {
        self.failed.push(error.to_string());
        Ok(())
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> Result<bool, Error> {
        Err(Error::msg("no tables"))
    }
}

#[test]
fn a_limiter_sees_sizes_in_bytes() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, (Witness::default(), "other data"));
    store.limiter(|data| &mut data.0);
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(3))).unwrap();
    memory.grow(&mut store, 2).unwrap();
    memory.grow(&mut store, 0).unwrap();
    assert!(memory.grow(&mut store, 1).is_err());
    let max = Some(3 * PAGE);
    assert_eq!(store.data().0.asked, [(0, PAGE, max), (PAGE, 3 * PAGE, max)]);
    assert_eq!(store.data().0.failed, ["memory would exceed its maximum"]);

    let error = Instance::new(&mut store, &module(&engine, "(module (table 1 funcref))"), &[]);
    assert_eq!(error.unwrap_err().to_string(), "no tables");
}

#[test]
fn fuel_runs_out() {
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config).unwrap();
    let text = r#"(module (func (export "loop") (loop (br 0))) (func (export "nop")))"#;
    let module = module(&engine, text);
    let mut store = Store::new(&engine, ());
    store.set_fuel(10_000).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let nop = instance.get_typed_func::<(), ()>(&mut store, "nop").unwrap();
    nop.call(&mut store, ()).unwrap();
    let left = store.get_fuel().unwrap();
    assert!(left > 9_000 && left <= 10_000, "{left} is left after a function that does nothing");
    let run = instance.get_typed_func::<(), ()>(&mut store, "loop").unwrap();
    let error = run.call(&mut store, ()).unwrap_err();
    assert_eq!(error.as_trap(), Some(Trap::OutOfFuel));
    store.set_fuel(u64::MAX).unwrap();
    assert_eq!(store.get_fuel().unwrap(), u64::MAX);
    nop.call(&mut store, ()).unwrap();
}

#[test]
fn fuel_must_be_configured() {
    let mut store = Store::new(&Engine::default(), ());
    assert!(store.get_fuel().is_err());
    let error = store.set_fuel(1).unwrap_err();
    assert_eq!(error.to_string(), "fuel is not configured for this engine");
}

#[test]
fn endless_recursion_is_a_trap_within_a_small_native_stack() {
    let text = r#"(module (func $f (export "run") (param i64) (result i64)
        (i64.add (i64.const 1) (call $f (local.get 0)))))"#;
    let run = move || {
        let mut config = Config::new();
        config.max_wasm_stack(1 << 20);
        let engine = Engine::new(&config).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module(&engine, text), &[]).unwrap();
        let run = instance.get_typed_func::<i64, i64>(&mut store, "run").unwrap();
        for _ in 0..2 {
            let error = run.call(&mut store, 1).unwrap_err();
            assert_eq!(error.as_trap(), Some(Trap::StackOverflow));
        }
    };
    std::thread::Builder::new().stack_size(256 << 10).spawn(run).unwrap().join().unwrap();
}
