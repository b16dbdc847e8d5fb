//! Panics of the host, wherever the engine calls it, leave stores as they were: what was active ends,
//! and everything can be used afterwards.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use fulmar::{
    AsContext, Caller, Config, Engine, Error, ExternRef, Func, Instance, Linker, Module,
    ResourceLimiter, Rooted, Store, TypedFunc,
};

fn module(engine: &Engine, text: &str) -> Module {
    Module::new(engine, &wat::parse_str(text).unwrap()).unwrap()
}

/// Panics without a message on standard error.
fn panic() -> ! {
    resume_unwind(Box::new("a panic on purpose"))
}

/// Whether `run` panics on purpose.
fn panics<R>(run: impl FnOnce() -> R) -> bool {
    let payload = catch_unwind(AssertUnwindSafe(run)).err();
    payload.is_some_and(|payload| payload.is::<&str>())
}

#[derive(Default)]
struct Host {
    run: Option<TypedFunc<i32, ()>>,
    kept: Vec<Rooted<ExternRef>>,
}

/// The scope of a host function ends with it, also by a panic, however deep and wherever it is caught:
/// its references are no more, and don't keep what they led to.
#[test]
fn references_of_a_host_function_that_panics() {
    let engine = Engine::default();
    let value = Arc::new(());
    let mut linker = Linker::<Host>::new(&engine);
    let made = value.clone();
    linker
        .func_wrap(
            "host",
            "f",
            move |mut caller: Caller<'_, Host>, depth: i32| -> Result<(), Error> {
                let root = ExternRef::new(&mut caller, made.clone())?;
                caller.data_mut().kept.push(root);
                match depth {
                    0 => panic(),
                    // Every second level catches what the one below left behind.
                    depth => {
                        let run = caller.data().run.unwrap();
                        let mut inner = || run.call(&mut caller, depth - 1);
                        if depth % 2 == 1 {
                            assert!(panics(inner));
                            let kept = caller.data().kept.clone();
                            assert!(kept.last().unwrap().data(caller.as_context()).is_err());
                            assert!(root.data(caller.as_context()).is_ok(), "of this scope");
                            panic()
                        }
                        inner()
                    }
                }
            },
        )
        .unwrap();
    let text = r#"(module (import "host" "f" (func $f (param i32)))
        (func (export "run") (param i32) (call $f (local.get 0)))
        (func (export "tail") (param i32) (return_call $f (local.get 0)))
        (export "f" (func $f)))"#;
    let mut store = Store::new(&engine, Host::default());
    let instance = linker.instantiate(&mut store, &module(&engine, text)).unwrap();
    for name in ["run", "tail", "f"] {
        let run = instance.get_typed_func::<i32, ()>(&mut store, name).unwrap();
        store.data_mut().run = Some(run);
        let own = ExternRef::new(&mut store, 7).unwrap();
        for depth in [0, 1, 5, 8] {
            assert!(panics(|| run.call(&mut store, depth)), "{name}");
            for root in std::mem::take(&mut store.data_mut().kept) {
                assert!(root.data(store.as_context()).is_err(), "{name}: its scope has ended");
            }
            store.gc();
            assert_eq!(Arc::strong_count(&value), 2, "{name}: nothing is kept");
        }
        assert!(own.data(store.as_context()).is_ok());
    }
}

/// A limiter that panics when something is to grow beyond one page or element.
struct Panicking;

impl ResourceLimiter for Panicking {
    fn memory_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> Result<bool, Error> {
        if desired > 1 << 16 { panic() } else { Ok(true) }
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool, Error> {
        if desired > 1 { panic() } else { Ok(true) }
    }
}

/// What a guest used before its growth made the limiter panic stays used.
#[test]
fn fuel_of_a_guest_whose_limiter_panics() {
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config).unwrap();
    let text = r#"(module (memory 1) (table 1 funcref)
        (func (export "spin") (param i32)
            (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
        (func (export "memory") (param i32) (loop
            (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (drop (memory.grow (i32.const 1))))
        (func (export "table") (param i32) (loop
            (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (drop (table.grow (ref.null func) (i32.const 1)))))"#;
    let module = module(&engine, text);
    let mut store = Store::new(&engine, Panicking);
    store.limiter(|limiter| limiter);
    store.set_fuel(1_000_000).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let spin = instance.get_typed_func::<i32, ()>(&mut store, "spin").unwrap();
    for name in ["memory", "table"] {
        let grow = instance.get_typed_func::<i32, ()>(&mut store, name).unwrap();
        for _ in 0..2 {
            store.set_fuel(100_000).unwrap();
            assert!(panics(|| grow.call(&mut store, 10_000)));
            assert!(store.get_fuel().unwrap() < 70_000, "{name}: {:?}", store.get_fuel());
        }
        spin.call(&mut store, 10).unwrap();
    }
}

/// A value whose drop panics.
struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic()
    }
}

/// A value of the host that panics when it is collected: every other one is dropped once, and what is
/// alive stays.
#[test]
fn a_value_that_panics_when_it_is_collected() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let value = Arc::new(());
    let kept =
        ExternRef::new(&mut store, value.clone()).unwrap().to_owned_rooted(&mut store).unwrap();
    let make = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| -> Result<(), Error> {
        for turn in 0..100 {
            ExternRef::new(&mut caller, value.clone())?;
            if turn % 10 == 0 {
                ExternRef::new(&mut caller, PanicsWhenDropped)?;
            }
        }
        ExternRef::new(&mut caller, Arc::downgrade(&value))?;
        Ok(())
    });
    let make = make.typed::<(), ()>(&store).unwrap();
    for _ in 0..3 {
        make.call(&mut store, ()).unwrap();
        let panicking = (0..100).filter(|_| panics(|| store.gc())).count();
        assert_eq!(panicking, 10, "once for each such value");
        let one = store.gc_heap_bytes();
        let rooted = kept.to_rooted(&mut store);
        let data = rooted.data(store.as_context()).unwrap().unwrap();
        let count = Arc::strong_count(data.downcast_ref::<Arc<()>>().unwrap());
        assert_eq!(count, 2, "the closure's and the one that is kept");
        assert!(one <= 64, "{one} bytes");
    }
}
