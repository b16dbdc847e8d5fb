//! Calls between guest and host, in both directions and however they are made: what the executor
//! caches of the store must be right again afterwards.

mod configurations;

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use configurations::{Configuration, configurations};
use fulmar::{
    Caller, Config, Engine, Error, Func, FuncType, Instance, Linker, Module, Ref, Store, Trap,
    V128, Val, ValType,
};

fn module(engine: &Engine, text: &str) -> Module {
    Module::new(engine, &wat::parse_str(text).unwrap()).unwrap()
}

/// Runs `test` under every configuration, with a store that has fuel if it needs some.
fn everywhere(test: impl Fn(&Engine, &mut Store<Vec<i64>>)) {
    for Configuration { name, config, metered, .. } in configurations() {
        eprintln!("{name}");
        let engine = Engine::new(&config).unwrap();
        let mut store = Store::new(&engine, Vec::new());
        if metered {
            store.set_fuel(1 << 40).unwrap();
        }
        test(&engine, &mut store);
    }
}

fn call(store: &mut Store<Vec<i64>>, instance: Instance, name: &str, params: &[Val]) -> Vec<Val> {
    let func = instance.get_func(&mut *store, name).unwrap();
    let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
    func.call(store, params, &mut results).unwrap();
    results
}

fn i32s(values: &[Val]) -> Vec<i32> {
    values.iter().map(|value| value.i32().expect("an i32")).collect()
}

#[test]
fn host_functions_by_every_kind_of_call() {
    everywhere(|engine, store| {
        let module = module(
            engine,
            r#"(module
                (import "host" "sub" (func $sub (param i32 i32) (result i32)))
                (import "host" "half" (func $half (param f64) (result f64)))
                (import "host" "third" (func $third (param f32) (result f32)))
                (import "host" "mixed"
                    (func $mixed (param i64 v128 f32) (result f32 v128 i64)))
                (import "host" "note" (func $note (param i64)))
                (table funcref (elem $sub $half $third $mixed))
                (type $t_sub (func (param i32 i32) (result i32)))
                (type $t_half (func (param f64) (result f64)))
                (type $t_mixed (func (param i64 v128 f32) (result f32 v128 i64)))
                (export "sub" (func $sub))

                (func (export "direct") (param i32 i32) (result i32)
                    (i32.add (local.get 0) (i32.const 1000))
                    (i32.mul (call $sub (local.get 0) (local.get 1)) (i32.const 2))
                    (i32.sub))
                (func (export "indirect") (param i32 i32) (result i32)
                    (i32.const 1000)
                    (call_indirect (type $t_sub)
                        (i32.add (local.get 0) (i32.const 1)) (local.get 1) (i32.const 0))
                    (i32.sub))
                (func $tail (export "tail") (param i32 i32) (result i32)
                    (return_call $sub (local.get 1) (i32.add (local.get 0) (i32.const 1))))
                (func (export "tail_indirect") (param i32 i32) (result i32)
                    (local i64 i64 i64)
                    (return_call_indirect (type $t_sub)
                        (local.get 1) (i32.add (local.get 0) (i32.const 1)) (i32.const 0)))
                (func (export "tail_below") (param i32 i32) (result i32)
                    (i32.mul (local.get 0) (i32.const 100))
                    (call $tail (local.get 0) (local.get 1))
                    (i32.add)
                    (i32.add (local.get 1)))
                (func (export "float") (param f64) (result f64)
                    (f64.add (call $half (f64.add (local.get 0) (f64.const 1))) (f64.const 0.25)))
                (func (export "float_indirect") (param f64) (result f64)
                    (f64.neg (call_indirect (type $t_half) (local.get 0) (i32.const 1))))
                (func $float_tail (param f64) (result f64) (return_call $half (local.get 0)))
                (func (export "float_tail") (param f64) (result f64)
                    (f64.add (call $float_tail (local.get 0)) (f64.const 1)))
                (func (export "single") (param f32) (result f64)
                    (f64.promote_f32 (f32.neg (call $third (local.get 0)))))
                (func (export "several") (param f32 v128 i64) (result i64 v128 f32)
                    (local f32 v128)
                    (call $mixed (local.get 2) (local.get 1) (local.get 0))
                    (i64.add (i64.const 1))
                    (local.set 2) (local.set 4) (local.set 3)
                    (local.get 2) (local.get 4) (local.get 3))
                (func (export "several_tail") (param v128 i64 f32) (result f32 v128 i64)
                    (return_call_indirect (type $t_mixed)
                        (local.get 1) (local.get 0) (local.get 2) (i32.const 3)))
                (func (export "in_loop") (param i64)
                    (loop
                        (call $note (local.get 0))
                        (br_if 0
                            (i64.ne (i64.const 0)
                                (local.tee 0 (i64.sub (local.get 0) (i64.const 1))))))))"#,
        );
        let mut linker = Linker::<Vec<i64>>::new(engine);
        linker.func_wrap("host", "sub", |a: i32, b: i32| a - b).unwrap();
        linker.func_wrap("host", "half", |a: f64| a / 2.0).unwrap();
        linker.func_wrap("host", "third", |a: f32| a / 3.0).unwrap();
        linker.func_wrap("host", "mixed", |a: i64, b: V128, c: f32| (c, b, a)).unwrap();
        linker
            .func_wrap("host", "note", |mut caller: Caller<'_, Vec<i64>>, value: i64| {
                caller.data_mut().push(value);
            })
            .unwrap();
        let instance = linker.instantiate(&mut *store, &module).unwrap();
        let pair = [Val::I32(10), Val::I32(3)];
        for (name, expected) in [
            ("sub", 7),
            ("direct", 996),
            ("indirect", 992),
            ("tail", -8),
            ("tail_indirect", -8),
            ("tail_below", 995),
        ] {
            assert_eq!(i32s(&call(store, instance, name, &pair)), [expected], "{name}");
        }
        for (name, expected) in [("float", 2.75), ("float_indirect", -2.0), ("float_tail", 3.0)] {
            let found = call(store, instance, name, &[Val::F64(4f64.to_bits())]);
            assert_eq!(found[0].f64(), Some(expected), "{name}");
        }
        let single = call(store, instance, "single", &[Val::F32(3f32.to_bits())]);
        assert_eq!(single[0].f64(), Some(-1.0));

        let vector = Val::V128(V128::from(0x0123_4567_89ab_cdef_0011_2233_4455_6677));
        let (number, float) = (Val::I64(1 << 40), Val::F32(1.5f32.to_bits()));
        let found = call(store, instance, "several", &[float, vector, number]);
        assert_eq!(found[0].i64(), Some((1 << 40) + 1));
        assert_eq!(found[1].v128(), vector.v128());
        assert_eq!(found[2].f32(), Some(1.5));
        let found = call(store, instance, "several_tail", &[vector, number, float]);
        assert_eq!(found[0].f32(), Some(1.5));
        assert_eq!(found[1].v128(), vector.v128());
        assert_eq!(found[2].i64(), Some(1 << 40));

        call(store, instance, "in_loop", &[Val::I64(100)]);
        assert!(store.data().iter().copied().eq((1..=100).rev()));
    });
}

#[test]
fn memory_grown_by_the_host() {
    everywhere(|engine, store| {
        let module = module(
            engine,
            r#"(module
                (import "host" "grow" (func $grow (result i32)))
                (memory (export "memory") 1)
                (table funcref (elem $grow))
                (func (export "run") (param i32) (result i32)
                    (local i32 i32)
                    (loop
                        (if (i32.and (local.get 0) (i32.const 1))
                            (then (local.set 1 (call $grow)))
                            (else (local.set 1 (call_indirect (result i32) (i32.const 0)))))
                        (i32.store8
                            (i32.mul (local.get 1) (i32.const 65536))
                            (i32.add (local.get 1) (i32.const 1)))
                        (local.set 2
                            (i32.add (local.get 2)
                                (i32.load8_u (i32.mul (local.get 1) (i32.const 65536)))))
                        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                    (local.get 2)))"#,
        );
        let mut linker = Linker::<Vec<i64>>::new(engine);
        linker
            .func_wrap("host", "grow", |mut caller: Caller<'_, Vec<i64>>| {
                let memory = caller.get_export("memory").and_then(|it| it.into_memory()).unwrap();
                let pages = memory.grow(&mut caller, 1)?;
                memory.write(&mut caller, pages as usize * 65536, &[200])?;
                Ok(pages as i32)
            })
            .unwrap();
        let instance = linker.instantiate(&mut *store, &module).unwrap();
        assert_eq!(i32s(&call(store, instance, "run", &[Val::I32(20)])), [(2..=21).sum::<i32>()]);
    });
}

#[test]
fn functions_tables_and_instances_made_by_the_host() {
    everywhere(|engine, store| {
        let module = module(
            engine,
            r#"(module
                (import "host" "make" (func $make (param i32) (result i32)))
                (table (export "table") 1 funcref)
                (func (export "run") (param i32) (result i32)
                    (local i32)
                    (loop
                        (local.set 1
                            (i32.add (local.get 1)
                                (call_indirect (param i32) (result i32)
                                    (local.get 0)
                                    (call $make (local.get 0)))))
                        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                    (local.get 1)))"#,
        );
        let other = wat::parse_str(
            r#"(module (func (export "triple") (param i32) (result i32)
                (i32.mul (local.get 0) (i32.const 3))))"#,
        );
        let other = Module::new(engine, &other.unwrap()).unwrap();
        let mut linker = Linker::<Vec<i64>>::new(engine);
        linker
            .func_wrap("host", "make", move |mut caller: Caller<'_, Vec<i64>>, number: i32| {
                for _ in 0..50 {
                    Func::wrap(&mut caller, || ());
                }
                let func = match number % 2 {
                    0 => Func::wrap(&mut caller, move |value: i32| value * number),
                    _ => {
                        let instance = Instance::new(&mut caller, &other, &[])?;
                        instance.get_func(&mut caller, "triple").unwrap()
                    }
                };
                let table = caller.get_export("table").and_then(|it| it.into_table()).unwrap();
                let index = table.grow(&mut caller, 1, Ref::Func(Some(func)))?;
                Ok(index as i32)
            })
            .unwrap();
        let instance = linker.instantiate(&mut *store, &module).unwrap();
        let expected: i32 = (1..=20).map(|n| if n % 2 == 0 { n * n } else { n * 3 }).sum();
        assert_eq!(i32s(&call(store, instance, "run", &[Val::I32(20)])), [expected]);
    });
}

/// A guest that goes through the host to itself, and what the host does with its traps.
const REENTRANT: &str = r#"(module
    (import "host" "again" (func $again (param i32) (result i32)))
    (memory (export "memory") 1 100)
    (global $depth (mut i32) (i32.const 0))
    (func $run (export "run") (param i32) (result i32)
        (local i32 i64)
        (local.set 2 (i64.extend_i32_s (local.get 0)))
        (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
        (drop (memory.grow (i32.const 1)))
        (i32.add (local.get 0) (i32.const 10))
        (local.set 1 (call $again (i32.sub (local.get 0) (i32.const 1))))
        (i32.store8
            (i32.mul (i32.sub (memory.size) (i32.const 1)) (i32.const 65536))
            (local.get 1))
        (i32.add (local.get 1))
        (i32.add (i32.wrap_i64 (local.get 2))))
    (func (export "trap") (param i32) (result i32)
        (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
        (call $trap_deep (local.get 0)))
    (func $trap_deep (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (unreachable)))
        (i32.add (i32.const 1) (call $trap_deep (i32.sub (local.get 0) (i32.const 1)))))
    (func (export "survive") (param i32 i32) (result i32)
        (i32.mul (local.get 0) (i32.const 3))
        (call $again (local.get 1))
        (i32.add (global.get $depth))
        (i32.add)
        (i32.add (local.get 0))))"#;

#[test]
fn reentrance_keeps_frames_apart() {
    everywhere(|engine, store| {
        let module = module(engine, REENTRANT);
        let mut linker = Linker::<Vec<i64>>::new(engine);
        linker
            .func_wrap("host", "again", |mut caller: Caller<'_, Vec<i64>>, number: i32| {
                let instance = INSTANCE.get().unwrap();
                let run = instance.get_typed_func::<i32, i32>(&mut caller, "run")?;
                run.call(&mut caller, number)
            })
            .unwrap();
        let instance = linker.instantiate(&mut *store, &module).unwrap();
        INSTANCE.set(Some(instance));
        // Each level adds twice its number and ten to what the level below gives.
        let expected = (1..=30).fold(1, |below, number| below + 2 * number + 10);
        assert_eq!(i32s(&call(store, instance, "run", &[Val::I32(30)])), [expected]);
    });
}

thread_local! {
    /// The instance that the host function calls back.
    static INSTANCE: std::cell::Cell<Option<Instance>> = const { std::cell::Cell::new(None) };
}

#[test]
fn traps_that_the_host_swallows() {
    everywhere(|engine, store| {
        let module = module(engine, REENTRANT);
        let mut linker = Linker::<Vec<i64>>::new(engine);
        linker
            .func_wrap("host", "again", |mut caller: Caller<'_, Vec<i64>>, number: i32| {
                let instance = INSTANCE.get().unwrap();
                let trap = instance.get_typed_func::<i32, i32>(&mut caller, "trap")?;
                let error = trap.call(&mut caller, number).unwrap_err();
                assert_eq!(error.as_trap(), Some(Trap::UnreachableCodeReached));
                Ok(500)
            })
            .unwrap();
        let instance = linker.instantiate(&mut *store, &module).unwrap();
        INSTANCE.set(Some(instance));
        // Far more often than calls may nest: nothing is left behind.
        for round in 1..=200 {
            let found = call(store, instance, "survive", &[Val::I32(7), Val::I32(20)]);
            assert_eq!(i32s(&found), [7 * 3 + 500 + round + 7]);
        }
    });
}

#[test]
fn errors_of_the_host_end_the_guest_and_nothing_else() {
    everywhere(|engine, store| {
        let module = module(engine, REENTRANT);
        let mut linker = Linker::<Vec<i64>>::new(engine);
        linker
            .func_wrap("host", "again", |number: i32| match number {
                0 => Ok(3),
                _ => Err(Error::msg("enough")),
            })
            .unwrap();
        let instance = linker.instantiate(&mut *store, &module).unwrap();
        let run = instance.get_typed_func::<i32, i32>(&mut *store, "run").unwrap();
        for _ in 0..20 {
            assert_eq!(run.call(&mut *store, 5).unwrap_err().to_string(), "enough");
            assert_eq!(run.call(&mut *store, 1).unwrap(), 15);
        }
    });
}

#[test]
fn panics_of_the_host_leave_the_store_usable() {
    everywhere(|engine, store| {
        let module = module(engine, REENTRANT);
        let mut linker = Linker::<Vec<i64>>::new(engine);
        linker
            .func_wrap("host", "again", |number: i32| match number {
                0 => 3,
                _ => std::panic::resume_unwind(Box::new("a panic on purpose")),
            })
            .unwrap();
        let instance = linker.instantiate(&mut *store, &module).unwrap();
        let run = instance.get_typed_func::<i32, i32>(&mut *store, "run").unwrap();
        // More often than calls may nest and frames fit the stack.
        for _ in 0..200 {
            let panic = catch_unwind(AssertUnwindSafe(|| run.call(&mut *store, 5))).unwrap_err();
            assert_eq!(panic.downcast_ref(), Some(&"a panic on purpose"));
            assert_eq!(run.call(&mut *store, 1).unwrap(), 15);
        }
    });
}

/// The types of a function with `count` parameters, of all kinds.
fn types(count: usize) -> Vec<ValType> {
    let kinds = [
        ValType::I32,
        ValType::V128,
        ValType::F64,
        ValType::I64,
        ValType::F32,
        ValType::EXTERNREF,
        ValType::I64,
    ];
    kinds.into_iter().cycle().take(count).collect()
}

/// A value of a type that tells its place.
fn value(ty: &ValType, place: usize) -> Val {
    match ty {
        ValType::I32 => Val::I32(place as i32 - 3),
        ValType::I64 => Val::I64(place as i64 * -0x1_0000_0001),
        ValType::F32 => Val::F32((place as f32 / 4.0).to_bits()),
        ValType::F64 => Val::F64((place as f64 / 3.0).to_bits()),
        ValType::V128 => Val::V128(V128::from(place as u128 * 0x1_0000_0000_0000_0001)),
        ValType::Ref(_) => Val::ExternRef(None),
    }
}

/// Functions of `count` parameters that give them back in reverse order.
fn wide_module(count: usize) -> String {
    let names = types(count);
    let list = |word: &str, types: &mut dyn Iterator<Item = &ValType>| {
        let mut text = format!("({word}");
        types.for_each(|ty| write!(text, " {ty}").unwrap());
        text + ")"
    };
    let params = list("param", &mut names.iter());
    let results = list("result", &mut names.iter().rev());
    let numbers = |numbers: &mut dyn Iterator<Item = usize>| {
        numbers.map(|number| format!("(local.get {number})")).collect::<String>()
    };
    let forward = numbers(&mut (0..count));
    let reverse = numbers(&mut (0..count).rev());
    let ty = "(type $wide)";
    format!(
        r#"(module
            (type $wide (func {params} {results}))
            (import "host" "reverse" (func $host {ty}))
            (table funcref (elem $host $guest))
            (func $guest (export "guest") {ty} {reverse})
            (func (export "call") {ty} (call $guest {forward}))
            (func (export "call_host") {ty} (call $host {forward}))
            (func (export "tail") {ty} (return_call $guest {forward}))
            (func (export "tail_host") {ty} (return_call $host {forward}))
            (func (export "indirect") {ty} {forward} (call_indirect {ty} (i32.const 1)))
            (func (export "indirect_host") {ty} {forward} (call_indirect {ty} (i32.const 0)))
            (func (export "tail_indirect_host") {ty}
                {forward} (return_call_indirect {ty} (i32.const 0)))
            (func (export "block") {ty} {forward} (block {ty} (call $guest) (br 0)))
            (func (export "branch") {ty}
                (i64.const 5) {forward} (call $guest) (br_if 0 (i32.const 1)) (unreachable)))"#
    )
}

#[test]
fn functions_of_every_width() {
    everywhere(|engine, store| {
        for count in [0, 1, 2, 3, 6, 7, 8, 9, 15, 16, 17, 64, 255, 1000] {
            let types = types(count);
            let reverse: Vec<ValType> = types.iter().rev().copied().collect();
            let module = module(engine, &wide_module(count));
            let mut linker = Linker::<Vec<i64>>::new(engine);
            let ty = FuncType::new(types.clone(), reverse);
            linker
                .func_new("host", "reverse", ty, |_, params, results| {
                    params.iter().rev().zip(results).for_each(|(from, to)| *to = *from);
                    Ok(())
                })
                .unwrap();
            let instance = linker.instantiate(&mut *store, &module).unwrap();
            let params: Vec<Val> =
                types.iter().enumerate().map(|(place, ty)| value(ty, place)).collect();
            let expected: Vec<String> =
                params.iter().rev().map(|value| format!("{value:?}")).collect();
            for export in module.exports() {
                let found = call(store, instance, export.name(), &params);
                let found: Vec<String> = found.iter().map(|value| format!("{value:?}")).collect();
                assert_eq!(found, expected, "{} of {count}", export.name());
            }
        }
    });
}

/// Two instances that call each other in tail position, a million times, on a stack that holds no
/// more than a few frames.
#[test]
fn tail_calls_between_instances_take_no_stack() {
    for accumulators in [true, false] {
        let mut config = Config::new();
        config.accumulators(accumulators).max_wasm_stack(2048);
        let engine = Engine::new(&config).unwrap();
        let mut store = Store::new(&engine, Vec::<i64>::new());
        let text = |own: i64| {
            format!(
                r#"(module
                    (import "shared" "table" (table 2 funcref))
                    (global $own i64 (i64.const {own}))
                    (func $go (export "go") (param i64 i64) (result i64)
                        (if (i64.eqz (local.get 0)) (then (return (local.get 1))))
                        (return_call_indirect (param i64 i64) (result i64)
                            (i64.sub (local.get 0) (i64.const 1))
                            (i64.add (local.get 1) (global.get $own))
                            (i32.const {}))
                        )
                    (elem (i32.const {own}) $go))"#,
                1 - own
            )
        };
        let mut linker = Linker::new(&engine);
        let shared = module(&engine, r#"(module (table (export "table") 2 funcref))"#);
        let shared = linker.instantiate(&mut store, &shared).unwrap();
        linker.instance(&mut store, "shared", shared).unwrap();
        let first = linker.instantiate(&mut store, &module(&engine, &text(0))).unwrap();
        linker.instantiate(&mut store, &module(&engine, &text(1))).unwrap();
        let go = first.get_typed_func::<(i64, i64), i64>(&mut store, "go").unwrap();
        assert_eq!(go.call(&mut store, (1_000_000, 0)).unwrap(), 500_000);
        assert_eq!(go.call(&mut store, (999_999, 0)).unwrap(), 499_999);
    }
}
