//! Several threads with stores of their own share a module, and translate its functions at the same
//! time.

use std::fmt::Write;
use std::sync::Barrier;
use std::thread;

use fulmar::{CompilationMode, Config, Engine, Linker, Module, Store};

const FUNCS: usize = 100;
const THREADS: usize = 8;

/// Functions that each call the one before, and add their number.
fn chain() -> Vec<u8> {
    let mut text =
        String::from(r#"(module (func (export "0") (param i64) (result i64) (local.get 0))"#);
    for number in 1..FUNCS {
        let below = number - 1;
        write!(
            text,
            r#"(func (export "{number}") (param i64) (result i64)
                (i64.add (call {below} (i64.mul (local.get 0) (i64.const 3))) (i64.const {number})))"#
        )
        .unwrap();
    }
    wat::parse_str(text + ")").unwrap()
}

/// What function `number` of the chain gives.
fn expected(number: usize, argument: i64) -> i64 {
    match number {
        0 => argument,
        _ => expected(number - 1, argument.wrapping_mul(3)).wrapping_add(number as i64),
    }
}

#[test]
fn translation_by_several_threads_at_once() {
    let wasm = chain();
    for mode in [CompilationMode::LazyTranslation, CompilationMode::Lazy] {
        for _ in 0..10 {
            let mut config = Config::new();
            config.compilation_mode(mode);
            let engine = Engine::new(&config).unwrap();
            let module = Module::new(&engine, &wasm).unwrap();
            let barrier = Barrier::new(THREADS);
            thread::scope(|scope| {
                for thread in 0..THREADS {
                    let (engine, module, barrier) = (&engine, &module, &barrier);
                    scope.spawn(move || {
                        let mut store = Store::new(engine, ());
                        let linker = Linker::new(engine);
                        let instance = linker.instantiate(&mut store, module).unwrap();
                        barrier.wait();
                        // Each thread begins elsewhere.
                        for step in 0..FUNCS {
                            let number = (step * 37 + thread * 13) % FUNCS;
                            let name = number.to_string();
                            let func =
                                instance.get_typed_func::<i64, i64>(&mut store, &name).unwrap();
                            let argument = (thread * 1000 + step) as i64;
                            let result = func.call(&mut store, argument).unwrap();
                            assert_eq!(result, expected(number, argument));
                        }
                    });
                }
            });
        }
    }
}

/// A module is made on one thread, its instance on another, and both move to a third.
#[test]
fn stores_and_modules_move_between_threads() {
    let wasm = chain();
    let (engine, module) = thread::spawn(move || {
        let engine = Engine::default();
        let module = Module::new(&engine, &wasm).unwrap();
        (engine, module)
    })
    .join()
    .unwrap();
    let (mut store, instance) = thread::spawn(move || {
        let mut store = Store::new(&engine, 5);
        let instance = Linker::new(&engine).instantiate(&mut store, &module).unwrap();
        let func = instance.get_typed_func::<i64, i64>(&mut store, "50").unwrap();
        assert_eq!(func.call(&mut store, 7).unwrap(), expected(50, 7));
        (store, instance)
    })
    .join()
    .unwrap();
    thread::spawn(move || {
        let func = instance.get_typed_func::<i64, i64>(&mut store, "99").unwrap();
        assert_eq!(func.call(&mut store, 7).unwrap(), expected(99, 7));
        assert_eq!(store.into_data(), 5);
    })
    .join()
    .unwrap();
}
