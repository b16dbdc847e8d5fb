//! Guests that call without end, in every way there is: a trap in a small native stack, and where the
//! calls are tail calls, nothing but fuel.
//!
//! What `native_stack.rs` has of direct and indirect calls is not here again.

use std::thread;

use fulmar::{
    Caller, Config, Engine, Error, Instance, Linker, Module, Store, Trap, TypedFunc, Val,
};

/// Runs `test` on a thread with a stack of 256 KiB.
fn with_small_stack(test: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(256 << 10).spawn(test).unwrap().join().unwrap();
}

fn module(engine: &Engine, text: &str) -> Module {
    Module::new(engine, &wat::parse_str(text).unwrap()).unwrap()
}

/// Whatever the limit, a store can be used after its guest has reached it.
const STACKS: [usize; 4] = [512, 1 << 12, 1 << 16, 1 << 18];

fn engine(stack: usize) -> Engine {
    let mut config = Config::new();
    config.max_wasm_stack(stack).consume_fuel(true);
    Engine::new(&config).unwrap()
}

/// Calls every export, which takes any number of parameters that are zero or null.
fn call_all(store: &mut Store<()>, fuel: u64, module: &Module, instance: Instance, expected: Trap) {
    for export in module.exports() {
        let func = instance.get_func(&mut *store, export.name()).unwrap();
        let ty = func.ty(&*store);
        let zero = |ty: &_| Val::default_for_ty(*ty).unwrap();
        let params: Vec<Val> = ty.params().iter().map(zero).collect();
        let mut results = vec![Val::I32(0); ty.results().len()];
        for _ in 0..2 {
            store.set_fuel(fuel).unwrap();
            let error = func.call(&mut *store, &params, &mut results).unwrap_err();
            assert_eq!(error.as_trap(), Some(expected), "{}: {error:?}", export.name());
        }
    }
}

/// More than it takes to fill the largest stack.
const FUEL: u64 = 2_000_000;

/// Calls through references, with frames on the stack that catch exceptions or hold references; and
/// what ends each recursion but for the stack is out of reach.
const ENDLESS: &str = r#"(module
    (type $f (func))
    (type $g (func (param anyref i64) (result i64)))
    (tag $t (param i32))
    (elem declare func $by_ref $by_ref_with_values $half_tail $in_handler)
    (func $by_ref (export "by_ref") (call_ref $f (ref.func $by_ref)))
    (func $by_ref_with_values (export "by_ref_with_values") (type $g)
        (i64.add (local.get 1)
            (call_ref $g (ref.i31 (i32.const 1)) (local.get 1) (ref.func $by_ref_with_values))))
    (func $half_tail (export "half_tail") (call $half_tail_too))
    (func $half_tail_too (return_call_ref $f (ref.func $half_tail)))
    (func $in_try (export "in_try")
        (block $h (result i32)
            (try_table (catch $t $h) (call $in_try))
            (i32.const 0))
        (drop))
    (func $in_handler (export "in_handler")
        (block $h (try_table (catch_all $h) (throw $t (i32.const 7))))
        (call_ref $f (ref.func $in_handler)))
    (func $with_objects (export "with_objects") (param anyref)
        (call $with_objects (array.new $a (local.get 0) (i32.const 3))))
    (type $a (array anyref)))"#;

#[test]
fn endless_calls_through_references_are_a_trap() {
    with_small_stack(|| {
        for stack in STACKS {
            let engine = engine(stack);
            let module = module(&engine, ENDLESS);
            let mut store = Store::new(&engine, ());
            store.set_fuel(FUEL).unwrap();
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            call_all(&mut store, FUEL, &module, instance, Trap::StackOverflow);
            // What the frames held is garbage, or the stack would keep it.
            store.gc();
            assert!(store.gc_heap_bytes() < 4096, "{} bytes", store.gc_heap_bytes());
        }
    });
}

/// The same function by each kind of tail call, alone and taking turns, with frames that grow and
/// shrink: flat in the guest's stack, too.
const TAIL_CALLS: &str = r#"(module
    (type $f (func (param i64)))
    (type $wide (func (param i64 i64 i64 i64 i64 i64 i64 i64)))
    (table funcref (elem $indirect $mixed_too))
    (elem declare func $by_ref $wide $mixed)
    (func $direct (export "direct") (param i64) (return_call $direct (local.get 0)))
    (func $indirect (export "indirect") (param i64)
        (return_call_indirect (type $f) (local.get 0) (i32.const 0)))
    (func $by_ref (export "by_ref") (param i64)
        (return_call_ref $f (local.get 0) (ref.func $by_ref)))
    (func $mixed (export "mixed") (param i64)
        (return_call_indirect (type $f) (i64.const 1) (i32.const 1)))
    (func $mixed_too (param i64)
        (return_call_ref $wide
            (local.get 0) (local.get 0) (local.get 0) (local.get 0)
            (local.get 0) (local.get 0) (local.get 0) (local.get 0) (ref.func $wide)))
    (func $wide (type $wide) (return_call $mixed (local.get 7)))
    (tag $t)
    (func $from_handler (export "from_handler")
        (block $h (try_table (catch_all $h) (throw $t)))
        (return_call $from_handler)))"#;

#[test]
fn endless_tail_calls_of_each_kind_end_with_the_fuel() {
    with_small_stack(|| {
        let engine = engine(1 << 10);
        let module = module(&engine, TAIL_CALLS);
        let mut store = Store::new(&engine, ());
        store.set_fuel(FUEL).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        call_all(&mut store, FUEL / 10, &module, instance, Trap::OutOfFuel);
    });
}

/// An exception from the deepest frame is caught at the outermost one, by value and by reference;
/// rethrown at every level it still arrives, and nobody's is an error of the call.
#[test]
fn exceptions_cross_as_many_frames_as_fit() {
    with_small_stack(|| {
        let engine = engine(1 << 20);
        let text = r#"(module
            (tag $t (param i32))
            (func $down (param i32)
                (if (i32.eqz (local.get 0)) (then (throw $t (i32.const 7))))
                (call $down (i32.sub (local.get 0) (i32.const 1))))
            (func $rethrow (param i32)
                (local $e exnref)
                (if (i32.eqz (local.get 0)) (then (throw $t (i32.const 7))))
                (block $h (result exnref)
                    (try_table (catch_all_ref $h)
                        (call $rethrow (i32.sub (local.get 0) (i32.const 1))))
                    (return))
                (throw_ref))
            (func (export "down") (param i32) (result i32)
                (block $h (result i32)
                    (try_table (catch $t $h) (call $down (local.get 0)))
                    (i32.const 0)))
            (func (export "rethrow") (param i32) (result i32)
                (block $h (result i32)
                    (try_table (catch $t $h) (call $rethrow (local.get 0)))
                    (i32.const 0)))
            (func (export "uncaught") (param i32) (result i32)
                (call $down (local.get 0)) (i32.const 0)))"#;
        let module = module(&engine, text);
        let mut store = Store::new(&engine, ());
        store.set_fuel(FUEL).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        for (name, depth) in [("down", 10_000), ("rethrow", 5_000)] {
            let run = instance.get_typed_func::<i32, i32>(&mut store, name).unwrap();
            store.set_fuel(FUEL).unwrap();
            assert_eq!(run.call(&mut store, depth).unwrap(), 7, "{name}");
            let error = run.call(&mut store, -1).unwrap_err();
            assert_eq!(error.as_trap(), Some(Trap::StackOverflow), "{name}");
        }
        store.set_fuel(FUEL).unwrap();
        let run = instance.get_typed_func::<i32, i32>(&mut store, "uncaught").unwrap();
        let error = run.call(&mut store, 5_000).unwrap_err();
        assert!(error.as_exception().is_some(), "{error:?}");
        assert_eq!(error.backtrace().unwrap().frames().len(), 64);
    });
}

/// What recursion through the host needs.
#[derive(Default)]
struct Reentry {
    run: Option<TypedFunc<(), ()>>,
    module: Option<Module>,
    depth: u32,
}

const AGAIN: &str = r#"(module
    (import "host" "again" (func $again))
    (tag $t (param i32))
    (func $run (export "run")
        (block $h (result i32)
            (try_table (catch $t $h) (call $again))
            (throw $t (i32.const 1)))
        (throw $t)))"#;

/// Guest and host call each other: traps are not caught on the way, exceptions at each level.
#[test]
fn exceptions_and_traps_cross_nested_hosts() {
    let run = || {
        let mut config = Config::new();
        config.max_host_reentry(100);
        let engine = Engine::new(&config).unwrap();
        let mut linker = Linker::<Reentry>::new(&engine);
        linker
            .func_wrap("host", "again", |mut caller: Caller<'_, Reentry>| -> Result<(), Error> {
                caller.data_mut().depth += 1;
                match caller.data().depth {
                    50 => Ok(()),
                    _ => {
                        let run = caller.data().run.unwrap();
                        run.call(&mut caller, ())
                    }
                }
            })
            .unwrap();
        let mut store = Store::new(&engine, Reentry::default());
        let instance = linker.instantiate(&mut store, &module(&engine, AGAIN)).unwrap();
        let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
        store.data_mut().run = Some(run);
        let error = run.call(&mut store, ()).unwrap_err();
        assert_eq!(store.data().depth, 50);
        assert!(error.as_exception().is_some(), "{error:?}");
        // From here on there is no such end.
        let error = run.call(&mut store, ()).unwrap_err();
        assert_eq!(store.data().depth, 150);
        assert_eq!(error.as_trap(), Some(Trap::StackOverflow));
    };
    thread::Builder::new().stack_size(4 << 20).spawn(run).unwrap().join().unwrap();
}

/// A start function that instantiates its own module through the host, without end: the nesting of
/// calls ends it, and each instance that was begun counts.
#[test]
fn start_functions_that_instantiate_themselves() {
    let run = || {
        let engine = Engine::default();
        let mut linker = Linker::<Reentry>::new(&engine);
        linker
            .func_wrap("host", "again", |mut caller: Caller<'_, Reentry>| -> Result<(), Error> {
                caller.data_mut().depth += 1;
                let again = caller.get_export("again").and_then(|it| it.into_func()).unwrap();
                let module = caller.data().module.clone().unwrap();
                Instance::new(&mut caller, &module, &[again.into()])?;
                Ok(())
            })
            .unwrap();
        let text = r#"(module
            (import "host" "again" (func $again))
            (export "again" (func $again))
            (func $start (call $again))
            (start $start))"#;
        let module = module(&engine, text);
        let mut store = Store::new(&engine, Reentry::default());
        store.data_mut().module = Some(module.clone());
        let error = linker.instantiate(&mut store, &module).unwrap_err();
        assert_eq!(error.as_trap(), Some(Trap::StackOverflow));
        assert_eq!(store.data().depth, 64, "the default of `max_host_reentry`");
    };
    thread::Builder::new().stack_size(4 << 20).spawn(run).unwrap().join().unwrap();
}

/// A start function that calls itself, and one that runs out of fuel: nothing is instantiated.
#[test]
fn start_functions_without_end() {
    with_small_stack(|| {
        let engine = engine(1 << 16);
        for (body, expected) in [
            ("(call $start)", Trap::StackOverflow),
            ("(return_call $start)", Trap::OutOfFuel),
            ("(loop (br 0))", Trap::OutOfFuel),
        ] {
            let text = format!("(module (start $start) (func $start {body}))");
            let module = module(&engine, &text);
            let mut store = Store::new(&engine, ());
            store.set_fuel(FUEL).unwrap();
            let error = Instance::new(&mut store, &module, &[]).unwrap_err();
            assert_eq!(error.as_trap(), Some(expected), "{body}");
        }
    });
}

/// A chain that alternates between structures, arrays and exceptions, each leading to the next by a
/// field, an element or what is carried: marked and freed in a small native stack.
#[test]
fn deep_nesting_of_objects_of_all_kinds() {
    with_small_stack(|| {
        let text = r#"(module
            (type $s (struct (field exnref)))
            (type $a (array (ref $s)))
            (tag $t (param (ref $a)))
            (global $chain (mut exnref) (ref.null exn))
            (func $link (param exnref) (result exnref)
                (local $e exnref)
                (block $h (result (ref $a) exnref)
                    (try_table (catch_ref $t $h)
                        (throw $t (array.new $a (struct.new $s (local.get 0)) (i32.const 1))))
                    (unreachable))
                (local.set $e) (drop) (local.get $e))
            (func (export "make") (param $n i32)
                (loop
                    (global.set $chain (call $link (global.get $chain)))
                    (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
            (func (export "length") (result i32)
                (local $n i32)
                (block $end
                    (loop $next
                        (br_if $end (ref.is_null (global.get $chain)))
                        (block $h (result (ref $a))
                            (try_table (catch $t $h) (throw_ref (global.get $chain)))
                            (unreachable))
                        (global.set $chain (struct.get $s 0 (array.get $a (i32.const 0))))
                        (local.set $n (i32.add (local.get $n) (i32.const 1)))
                        (br $next)))
                (local.get $n)))"#;
        let engine = Engine::default();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module(&engine, text), &[]).unwrap();
        let make = instance.get_typed_func::<i32, ()>(&mut store, "make").unwrap();
        let length = instance.get_typed_func::<(), i32>(&mut store, "length").unwrap();
        make.call(&mut store, 100_000).unwrap();
        store.gc();
        assert_eq!(length.call(&mut store, ()).unwrap(), 100_000);
        store.gc();
        assert_eq!(store.gc_heap_bytes(), 0);
        make.call(&mut store, 100_000).unwrap();
    });
}
