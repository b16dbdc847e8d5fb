//! Fuel: what runs is paid for before it runs, the same each time and in every configuration.

use fulmar::{
    Caller, CompilationMode, Config, Engine, Error, Instance, Linker, Module, Store, Trap,
};

const FUEL: u64 = 1 << 40;

/// An engine that meters fuel.
fn engine(mode: CompilationMode, accumulators: bool) -> Engine {
    let mut config = Config::new();
    config.consume_fuel(true).compilation_mode(mode).accumulators(accumulators);
    Engine::new(&config).unwrap()
}

fn default_engine() -> Engine {
    engine(CompilationMode::default(), true)
}

/// An instance of a module without imports, and its store.
fn instance(engine: &Engine, text: &str) -> (Store<()>, Instance) {
    let module = Module::new(engine, &wat::parse_str(text).unwrap()).unwrap();
    let mut store = Store::new(engine, ());
    store.set_fuel(FUEL).unwrap();
    let instance = Linker::new(engine).instantiate(&mut store, &module).unwrap();
    (store, instance)
}

/// What the call `run(argument)` of a module costs.
fn cost(engine: &Engine, text: &str, argument: i32) -> u64 {
    let (mut store, instance) = instance(engine, text);
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
    let before = store.get_fuel().unwrap();
    run.call(&mut store, argument).unwrap();
    before - store.get_fuel().unwrap()
}

/// A program with most kinds of control flow.
const PROGRAM: &str = r#"(module
    (memory 1)
    (table funcref (elem $square $cube))
    (type $i_i (func (param i32) (result i32)))
    (func $square (type $i_i) (i32.mul (local.get 0) (local.get 0)))
    (func $cube (type $i_i) (i32.mul (local.get 0) (call $square (local.get 0))))
    (func $down (type $i_i)
        (if (result i32) (local.get 0)
            (then (return_call $down (i32.sub (local.get 0) (i32.const 1))))
            (else (i32.const 0))))
    (func (export "run") (param i32) (result i32)
        (local i32)
        (loop
            (local.set 1
                (i32.add (local.get 1)
                    (call_indirect (type $i_i)
                        (local.get 0) (i32.and (local.get 0) (i32.const 1)))))
            (block
                (block
                    (block (br_table 0 1 2 (i32.rem_u (local.get 0) (i32.const 3))))
                    (i32.store (i32.const 0) (local.get 1)))
                (local.set 1 (i32.xor (local.get 1) (i32.load (i32.const 0)))))
            (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (drop (call $down (i32.const 10)))
        (local.get 1)))"#;

#[test]
fn the_same_everywhere_and_each_time() {
    let expected = cost(&default_engine(), PROGRAM, 100);
    assert!(expected > 2000, "a hundred turns of some twenty instructions cost {expected}");
    let modes = [CompilationMode::Eager, CompilationMode::LazyTranslation, CompilationMode::Lazy];
    for mode in modes {
        for accumulators in [true, false] {
            let engine = engine(mode, accumulators);
            assert_eq!(cost(&engine, PROGRAM, 100), expected, "{mode:?}");
            let (mut store, instance) = instance(&engine, PROGRAM);
            let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
            for round in 1..=3 {
                run.call(&mut store, 100).unwrap();
                assert_eq!(store.get_fuel().unwrap(), FUEL - round * expected, "{mode:?}");
            }
        }
    }
}

#[test]
fn exactly_enough_is_enough() {
    let engine = default_engine();
    let cost = cost(&engine, PROGRAM, 30);
    for (fuel, enough) in [(cost, true), (cost + 1, true), (cost - 1, false), (0, false)] {
        let (mut store, instance) = instance(&engine, PROGRAM);
        let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
        store.set_fuel(fuel).unwrap();
        let result = run.call(&mut store, 30);
        let left = store.get_fuel().unwrap();
        match result {
            Ok(_) => assert!(enough && left == fuel - cost, "{left} of {fuel} is left"),
            Err(error) => {
                assert!(!enough, "{fuel} should do");
                assert_eq!(error.as_trap(), Some(Trap::OutOfFuel));
                assert!(left <= fuel);
            }
        }
        // The store can be used again.
        store.set_fuel(FUEL).unwrap();
        run.call(&mut store, 30).unwrap();
        assert_eq!(store.get_fuel().unwrap(), FUEL - cost);
    }
}

#[test]
fn turns_of_a_loop_cost_what_is_in_it() {
    let engine = default_engine();
    let text = |inside: usize, behind: usize| {
        format!(
            r#"(module (func (export "run") (param i32) (result i32)
                (loop
                    {}
                    (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                {}
                (local.get 0)))"#,
            "(nop)".repeat(inside),
            "(nop)".repeat(behind)
        )
    };
    let turns = |inside, behind| {
        let text = text(inside, behind);
        cost(&engine, &text, 1001) - cost(&engine, &text, 1)
    };
    let short = turns(0, 0);
    assert_eq!(turns(100, 0), short + 100 * 1000);
    assert_eq!(turns(0, 100), short, "what is behind a loop is not part of its turns");
}

#[test]
fn inner_loops_cost_apart() {
    let engine = default_engine();
    let text = |behind: usize| {
        format!(
            r#"(module (func (export "run") (param i32) (result i32)
                (local i32)
                (loop $outer
                    (local.set 1 (i32.const 100))
                    (loop $inner
                        (br_if $inner (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
                    {}
                    (br_if $outer (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                (local.get 0)))"#,
            "(nop)".repeat(behind)
        )
    };
    let more = cost(&engine, &text(1000), 10) - cost(&engine, &text(0), 10);
    assert_eq!(more, 10 * 1000);
}

#[test]
fn nothing_runs_for_ever() {
    let engine = default_engine();
    let endless = [
        r#"(loop (br 0))"#,
        r#"(loop (br_if 0 (i32.const 1)))"#,
        r#"(loop (br_table 0 0 (i32.const 0)))"#,
        r#"(loop (loop (br 1)))"#,
        r#"(loop (if (i32.const 1) (then (br 1)) (else (br 1))))"#,
        r#"(loop (block (br 1)))"#,
        r#"(return_call $f)"#,
        r#"(return_call_indirect (i32.const 0))"#,
        r#"(loop (call $nothing) (br 0))"#,
    ];
    for code in endless {
        let text = format!(
            r#"(module (table funcref (elem $f)) (func $nothing) (func $f (export "f") {code}))"#
        );
        let (mut store, instance) = instance(&engine, &text);
        let f = instance.get_typed_func::<(), ()>(&mut store, "f").unwrap();
        store.set_fuel(50_000).unwrap();
        let error = f.call(&mut store, ()).unwrap_err();
        assert_eq!(error.as_trap(), Some(Trap::OutOfFuel), "{code}");
        assert!(error.backtrace().is_some_and(|it| !it.frames().is_empty()), "{code}");
    }
}

#[test]
fn large_amounts_are_kept() {
    let engine = default_engine();
    let text = r#"(module (func (export "run") (param i32) (result i32) (local.get 0)))"#;
    let cost = cost(&engine, text, 1);
    for fuel in [u64::MAX, i64::MAX as u64 + 1, i64::MAX as u64] {
        let (mut store, instance) = instance(&engine, text);
        let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
        store.set_fuel(fuel).unwrap();
        run.call(&mut store, 1).unwrap();
        assert_eq!(store.get_fuel().unwrap(), fuel - cost);
    }
}

/// A guest that runs a loop, calls the host, and runs a loop again.
const WITH_HOST: &str = r#"(module
    (import "host" "call" (func $host))
    (func $work (export "work")
        (local i32)
        (local.set 0 (i32.const 1000))
        (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "run") (call $work) (call $host) (call $work)))"#;

/// The result of `run` where the host does `call`, and the fuel that is left.
fn with_host(
    fuel: u64,
    call: impl Fn(Caller<'_, Option<Instance>>) -> Result<(), Error> + Send + Sync + 'static,
) -> (Result<(), Error>, u64) {
    let engine = default_engine();
    let module = Module::new(&engine, &wat::parse_str(WITH_HOST).unwrap()).unwrap();
    let mut store = Store::new(&engine, None);
    store.set_fuel(fuel).unwrap();
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "call", call).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    *store.data_mut() = Some(instance);
    let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
    let result = run.call(&mut store, ());
    let left = store.get_fuel().unwrap();
    (result, left)
}

#[test]
fn the_host_sees_and_sets_the_fuel() {
    let (result, left) = with_host(FUEL, |_| Ok(()));
    result.unwrap();
    let cost = FUEL - left;
    let (result, left) = with_host(FUEL, move |mut caller| {
        let left = caller.get_fuel()?;
        assert!(left < FUEL - cost / 3 && left > FUEL - cost, "half of it is paid");
        caller.set_fuel(FUEL)
    });
    result.unwrap();
    assert!(left > FUEL - cost, "only the second half is paid from the new fuel");
    let (result, left) = with_host(FUEL, |mut caller| caller.set_fuel(10));
    assert_eq!(result.unwrap_err().as_trap(), Some(Trap::OutOfFuel));
    assert!(left <= 10);
}

#[test]
fn calls_back_are_paid_from_the_same_fuel() {
    let call_back = |mut caller: Caller<'_, Option<Instance>>| {
        let instance = caller.data().unwrap();
        let work = instance.get_typed_func::<(), ()>(&mut caller, "work")?;
        let before = caller.get_fuel()?;
        work.call(&mut caller, ())?;
        assert!(caller.get_fuel()? < before - 1000);
        Ok(())
    };
    let (result, left) = with_host(FUEL, call_back);
    result.unwrap();
    let cost = FUEL - left;
    let (result, left) = with_host(cost, call_back);
    result.unwrap();
    assert_eq!(left, 0);
    let (result, _) = with_host(cost / 2, call_back);
    assert_eq!(result.unwrap_err().as_trap(), Some(Trap::OutOfFuel));
}

/// A loop that turns within one handler pays for each turn, and ends where nothing is left.
#[test]
fn loops_of_one_cell() {
    const COUNT: &str = r#"(module (func (export "run") (param i32) (result i32)
        (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 0)))"#;
    let engine = default_engine();
    let turn = cost(&engine, COUNT, 2) - cost(&engine, COUNT, 1);
    assert!(turn > 0);
    assert_eq!(cost(&engine, COUNT, 1001) - cost(&engine, COUNT, 1), 1000 * turn);
    let (mut store, instance) = instance(&engine, COUNT);
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
    store.set_fuel(10_000).unwrap();
    let error = run.call(&mut store, 0).unwrap_err();
    assert_eq!(error.as_trap(), Some(Trap::OutOfFuel));
    assert!(store.get_fuel().unwrap() < turn);
}
