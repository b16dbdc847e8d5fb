//! Stores that guests try to fill: many instances, growth without end, tables without end. Limits
//! hold, and all memory comes back with the store.

mod counting;

use counting::{alone, measure};
use fulmar::{
    Config, Engine, Instance, Linker, Module, Store, StoreLimits, StoreLimitsBuilder, Trap,
};

fn module(engine: &Engine, text: &str) -> Module {
    Module::new(engine, &wat::parse_str(text).unwrap()).unwrap()
}

fn limited(engine: &Engine, limits: StoreLimits) -> Store<StoreLimits> {
    let mut store = Store::new(engine, limits);
    store.limiter(|limits| limits);
    store
}

/// Each instance calls the one before; the first counts.
#[test]
fn a_thousand_instances_in_one_store() {
    let _alone = alone();
    let engine = Engine::default();
    let first = module(
        &engine,
        r#"(module (memory 1) (global $n (mut i32) (i32.const 0))
            (func (export "f") (result i32)
                (global.set $n (i32.add (global.get $n) (i32.const 1)))
                (global.get $n)))"#,
    );
    let next = module(
        &engine,
        r#"(module (import "before" "f" (func $f (result i32)))
            (memory 1) (table 10 funcref) (elem (i32.const 0) func $g)
            (global $n (mut i32) (i32.const 0))
            (func $g (export "f") (result i32)
                (global.set $n (i32.add (global.get $n) (i32.const 1)))
                (i32.add (call $f) (global.get $n))))"#,
    );
    let run = || {
        let mut store = Store::new(&engine, ());
        let mut last = Instance::new(&mut store, &first, &[]).unwrap();
        for _ in 1..1000 {
            let f = last.get_func(&mut store, "f").unwrap();
            last = Instance::new(&mut store, &next, &[f.into()]).unwrap();
        }
        let run = last.get_typed_func::<(), i32>(&mut store, "f").unwrap();
        (1..=3).for_each(|turn| assert_eq!(run.call(&mut store, ()).unwrap(), 1000 * turn));
    };
    measure(run);
    let ((), cost) = measure(run);
    // A page each, 8 MiB of stack, and what an instance needs itself.
    assert!(cost.peak <= (8 << 20) + 1000 * ((64 << 10) + 2048), "{cost:?}");
    // The engine has learned no new type, and keeps a stack for the next store at most.
    assert!(cost.kept < 1024, "{cost:?}");
}

#[test]
fn instances_beyond_the_limit() {
    let _alone = alone();
    let engine = Engine::default();
    let module = module(&engine, r#"(module (func (export "f") (result i32) (i32.const 7)))"#);
    let mut store = limited(&engine, StoreLimitsBuilder::new().instances(1000).build());
    let linker = Linker::new(&engine);
    let instances: Vec<_> =
        (0..1000).map(|_| linker.instantiate(&mut store, &module).unwrap()).collect();
    for _ in 0..2 {
        let error = linker.instantiate(&mut store, &module).unwrap_err();
        assert_eq!(error.to_string(), "resource limit exceeded: instance count too high at 1001");
    }
    for instance in instances {
        let f = instance.get_typed_func::<(), i32>(&mut store, "f").unwrap();
        assert_eq!(f.call(&mut store, ()).unwrap(), 7);
    }
}

/// Memories and tables that grow by one in a loop, and by as much as there may be, until the fuel is
/// used up.
#[test]
fn growth_without_end() {
    let _alone = alone();
    let mut config = Config::new();
    config.consume_fuel(true).max_wasm_stack(1 << 10);
    let engine = Engine::new(&config).unwrap();
    let text = r#"(module
        (memory $m 0) (memory $wide i64 0) (table $t 0 funcref) (table $wide i64 0 externref)
        (global $grown (export "grown") (mut i32) (i32.const 0))
        (func $note (param i64)
            (if (i64.ge_s (local.get 0) (i64.const 0))
                (then (global.set $grown (i32.add (global.get $grown) (i32.const 1))))))
        (func (export "memory") (param i32)
            (loop (call $note (i64.extend_i32_s (memory.grow $m (local.get 0)))) (br 0)))
        (func (export "wide_memory") (param i32)
            (loop (call $note (memory.grow $wide (i64.extend_i32_s (local.get 0)))) (br 0)))
        (func (export "table") (param i32)
            (loop
                (call $note
                    (i64.extend_i32_s (table.grow $t (ref.null func) (local.get 0))))
                (br 0)))
        (func (export "wide_table") (param i32)
            (loop
                (call $note
                    (table.grow $wide (ref.null extern) (i64.extend_i32_s (local.get 0))))
                (br 0))))"#;
    let module = module(&engine, text);
    const PAGES: i32 = 16;
    const ELEMENTS: i32 = 1000;
    for (name, most) in
        [("memory", PAGES), ("wide_memory", PAGES), ("table", ELEMENTS), ("wide_table", ELEMENTS)]
    {
        for (delta, grown) in [(1, most), (most, 1), (most + 1, 0), (i32::MAX, 0), (-1, 0)] {
            let run = || {
                let limits = StoreLimitsBuilder::new()
                    .memory_size(PAGES as usize * (64 << 10))
                    .table_elements(ELEMENTS as usize);
                let mut store = limited(&engine, limits.build());
                store.set_fuel(100_000).unwrap();
                let instance = Instance::new(&mut store, &module, &[]).unwrap();
                let run = instance.get_typed_func::<i32, ()>(&mut store, name).unwrap();
                let error = run.call(&mut store, delta).unwrap_err();
                assert_eq!(error.as_trap(), Some(Trap::OutOfFuel), "{name}: {error:?}");
                instance.get_global(&mut store, "grown").unwrap().get(&mut store).i32().unwrap()
            };
            let (found, cost) = measure(run);
            assert_eq!(found, grown, "{name} by {delta}");
            // The old and the new buffer, each with an eighth to spare; tables double.
            let limit = (PAGES as usize * (64 << 10)).max(ELEMENTS as usize * 16) * 9 / 4;
            assert!(cost.peak <= limit + (64 << 10), "{name} by {delta}: {cost:?}");
        }
    }
}

/// Without a limiter the types' own limits hold: what can't be is refused and costs nothing.
#[test]
fn sizes_that_cannot_be() {
    let _alone = alone();
    let engine = Engine::default();
    for text in [
        "(module (table 10000001 funcref))",
        "(module (table 4294967295 funcref))",
        "(module (table i64 0xffffffffffffffff funcref))",
        "(module (table 4294967295 (ref null any) (ref.null any)))",
        "(module (memory i64 0x1000000000000))",
        "(module (memory i64 0x800000000000))",
    ] {
        let wasm = wat::parse_str(text).unwrap();
        let run = || {
            let module = Module::new(&engine, &wasm)?;
            let mut store = Store::new(&engine, ());
            Instance::new(&mut store, &module, &[]).map(drop)
        };
        let (result, cost) = measure(run);
        assert!(result.is_err(), "{text}");
        assert!(cost.peak < 64 << 10, "{text}: {cost:?}");
    }
}

/// A table as large as there may be, of which a segment and copies touch all.
#[test]
fn the_largest_table() {
    let _alone = alone();
    const ELEMENTS: i32 = 10_000_000;
    let engine = Engine::default();
    let text = r#"(module
        (table $t 0 funcref)
        (func (export "grow") (param i32) (result i32)
            (table.grow $t (ref.func $f) (local.get 0)))
        (func (export "copy") (param i32)
            (table.copy $t $t (i32.const 1) (i32.const 0) (local.get 0)))
        (func $f) (elem declare func $f))"#;
    let module = module(&engine, text);
    let run = || {
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow").unwrap();
        let copy = instance.get_typed_func::<i32, ()>(&mut store, "copy").unwrap();
        assert_eq!(grow.call(&mut store, ELEMENTS + 1).unwrap(), -1);
        assert_eq!(grow.call(&mut store, ELEMENTS).unwrap(), 0);
        assert_eq!(grow.call(&mut store, 1).unwrap(), -1);
        copy.call(&mut store, ELEMENTS - 1).unwrap();
        let error = copy.call(&mut store, ELEMENTS).unwrap_err();
        assert_eq!(error.as_trap(), Some(Trap::TableOutOfBounds));
    };
    let ((), cost) = measure(run);
    assert!(cost.peak <= ELEMENTS as usize * 8 + (9 << 20), "{cost:?}");
}
