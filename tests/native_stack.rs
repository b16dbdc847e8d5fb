//! The native stack stays flat: however much runs and however deeply guests call, they take nothing
//! of it; what calls between guest and host take is limited.

use std::thread;

use fulmar::{Caller, Config, Engine, Error, Instance, Linker, Module, Store, Trap, TypedFunc};

/// How many cells to run where the number matters: few in debug builds, which are slow.
const DISPATCHES: u32 = if cfg!(debug_assertions) { 2_000_000 } else { 100_000_000 };
/// Turns of a loop that would overflow a small stack if a turn kept only a few words of it.
const TURNS: u32 = if cfg!(debug_assertions) { 2_000 } else { 100_000 };

/// Runs `test` on a thread with so small a stack.
fn with_stack(kib: usize, test: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(kib << 10).spawn(test).unwrap().join().unwrap();
}

fn module(engine: &Engine, text: &str) -> Module {
    Module::new(engine, &wat::parse_str(text).unwrap()).unwrap()
}

/// The addresses of native frames that host functions saw.
#[derive(Default)]
struct Seen(Vec<usize>);

/// A linker with a host function that notes where its native frame is.
fn linker(engine: &Engine) -> Linker<Seen> {
    let mut linker = Linker::new(engine);
    linker
        .func_wrap("host", "mark", |mut caller: Caller<'_, Seen>| {
            let here = 0_u8;
            let address = (&raw const here).addr();
            caller.data_mut().0.push(std::hint::black_box(address));
        })
        .unwrap();
    linker
}

/// Loops that end at zero, each of at least ten cells a turn; they mark where the native stack is in
/// the first and the last turn.
const LOOPS: &str = r#"(module
    (import "host" "mark" (func $mark))
    (memory 1)
    (table funcref (elem $leaf $mark))
    (type $leaf (func (param i32) (result i32)))
    (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
    (func $float (param f64) (result f64) (f64.mul (local.get 0) (f64.const 0.5)))

    (func (export "branches") (param i32)
        (local i32 i32)
        (call $mark)
        (local.set 1 (i32.div_u (local.get 0) (i32.const 10)))
        (loop
            (block
                (block
                    (block (br_table 0 1 2 0 (i32.rem_u (local.get 1) (i32.const 5))))
                    (br_if 1 (i32.and (local.get 1) (i32.const 1)))
                    (local.set 2 (i32.add (local.get 2) (local.get 1))))
                (if (i32.lt_u (local.get 2) (local.get 1))
                    (then (local.set 2 (i32.xor (local.get 2) (i32.const 0x5555)))))
                (i32.store offset=16 (i32.const 0) (local.get 2)))
            (local.set 2 (i32.rotl (i32.load offset=16 (i32.const 0)) (i32.const 3)))
            (local.set 2 (i32.mul (local.get 2) (local.get 2)))
            (local.set 2 (select (local.get 2) (local.get 1) (local.get 0)))
            (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
        (call $mark))
    (func (export "calls") (param i32)
        (local i32 f64)
        (call $mark)
        (local.set 1 (i32.div_u (local.get 0) (i32.const 10)))
        (loop
            (local.set 0 (call $leaf (call $leaf (local.get 0))))
            (local.set 2 (call $float (f64.convert_i32_s (local.get 0))))
            (local.set 0 (call_indirect (type $leaf) (local.get 0) (i32.const 0)))
            (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
        (call $mark))
    (func $tail_calls (param i32)
        (if (i32.eqz (local.get 0)) (then (return_call $mark)))
        (return_call $tail_calls_indirect (i32.sub (local.get 0) (i32.const 1))))
    (func $tail_calls_indirect (param i32)
        (if (i32.eqz (local.get 0)) (then (return_call_indirect (i32.const 1))))
        (return_call $tail_calls (i32.sub (local.get 0) (i32.const 1))))
    (func (export "tail_calls") (param i32)
        (call $mark)
        (return_call $tail_calls (i32.div_u (local.get 0) (i32.const 5))))
    (func (export "host_calls") (param i32)
        (call $mark)
        (local.set 0 (i32.div_u (local.get 0) (i32.const 1000)))
        (loop
            (call_indirect (i32.const 1))
            (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#;

fn dispatches(name: &'static str) {
    with_stack(256, move || {
        let engine = Engine::default();
        let linker = linker(&engine);
        let mut store = Store::new(&engine, Seen::default());
        let instance = linker.instantiate(&mut store, &module(&engine, LOOPS)).unwrap();
        let func = instance.get_typed_func::<u32, ()>(&mut store, name).unwrap();
        func.call(&mut store, DISPATCHES).unwrap();
        let seen = &store.data().0;
        assert!(seen.len() >= 2);
        let (low, high) = (seen.iter().min().unwrap(), seen.iter().max().unwrap());
        // Different instructions may call the host from differently large native frames.
        assert!(high - low < 4096, "{name}: the native stack grew by {}", high - low);
    });
}

#[test]
fn branches_keep_nothing() {
    dispatches("branches");
}

#[test]
fn calls_keep_nothing() {
    dispatches("calls");
}

#[test]
fn tail_calls_keep_nothing() {
    dispatches("tail_calls");
}

#[test]
fn host_calls_keep_nothing() {
    dispatches("host_calls");
}

/// Code that leaves the stack as it was, for instructions that handlers leave to other functions or
/// that have handlers of their own kind.
const SNIPPETS: &[&str] = &[
    "(drop (i32.div_s (local.get $i) (i32.const 3)))",
    "(drop (i64.rem_u (i64.extend_i32_u (local.get $i)) (i64.const 7)))",
    "(drop (f32.sqrt (f32.convert_i32_u (local.get $i))))",
    "(drop (f64.nearest (f64.div (f64.convert_i32_s (local.get $i)) (f64.const 0.3))))",
    "(drop (f64.min (local.get $f) (f64.floor (local.get $f))))",
    "(drop (i32.trunc_f64_s (local.get $f)))",
    "(drop (i64.trunc_sat_f32_u (f32.demote_f64 (local.get $f))))",
    "(drop (i64.clz (i64.popcnt (i64.const 0x123456789abcdef))))",
    "(i64.store32 offset=8 (i32.const 0) (i64.load16_s offset=6 (i32.const 2)))",
    "(f32.store (i32.const 0) (f32.load (i32.const 4)))",
    "(f64.store $other (i32.const 0) (f64.load $other (i32.const 8)))",
    "(i32.store8 $other (i32.const 1) (i32.load8_s (i32.const 8)))",
    "(drop (memory.size))",
    "(drop (memory.grow (i32.const 0)))",
    "(memory.copy (i32.const 0) (i32.const 8) (i32.const 16))",
    "(memory.copy $other 0 (i32.const 0) (i32.const 8) (i32.const 16))",
    "(memory.fill (i32.const 0) (i32.const 8) (i32.const 16))",
    "(memory.init $data (i32.const 0) (i32.const 0) (i32.const 4))",
    "(data.drop $dropped)",
    "(drop (table.get $t (i32.const 0)))",
    "(table.set $t (i32.const 0) (ref.null func))",
    "(table.set $t (i32.const 0) (ref.func $callee))",
    "(drop (table.size $t))",
    "(drop (table.grow $t (ref.null func) (i32.const 0)))",
    "(table.fill $t (i32.const 2) (ref.null func) (i32.const 2))",
    "(table.copy $t $t (i32.const 2) (i32.const 1) (i32.const 1))",
    "(table.init $t $elem (i32.const 2) (i32.const 0) (i32.const 1))",
    "(elem.drop $dropped)",
    "(global.set $g (i64.add (global.get $g) (i64.const 1)))",
    "(global.set $h (f32.neg (global.get $h)))",
    "(global.set $v (i32x4.add (global.get $v) (global.get $v)))",
    "(drop (select (local.get $f) (f64.const 1) (local.get $i)))",
    "(drop (select (local.get $v) (v128.not (local.get $v)) (local.get $i)))",
    "(drop (i8x16.swizzle (local.get $v) (local.get $v)))",
    "(local.set $v (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31 (local.get $v) (local.get $v)))",
    "(local.set $v (v128.bitselect (local.get $v) (v128.const i64x2 5 6) (local.get $v)))",
    "(drop (f32x4.sqrt (f32x4.convert_i32x4_u (local.get $v))))",
    "(drop (i32x4.trunc_sat_f64x2_s_zero (f64x2.splat (local.get $f))))",
    "(drop (i8x16.popcnt (i16x8.q15mulr_sat_s (local.get $v) (local.get $v))))",
    "(drop (i32x4.dot_i16x8_s (local.get $v) (local.get $v)))",
    "(drop (i8x16.bitmask (i8x16.shl (local.get $v) (local.get $i))))",
    "(drop (i64x2.extract_lane 1 (i16x8.replace_lane 3 (local.get $v) (local.get $i))))",
    "(v128.store (i32.const 0) (v128.load8x8_u (i32.const 3)))",
    "(v128.store8_lane 5 (i32.const 9) (v128.load64_lane 1 (i32.const 0) (local.get $v)))",
    "(drop (i16x8.extmul_high_i8x16_s (local.get $v) (v128.load16_splat (i32.const 2))))",
    "(block (br_table 0 0 (local.get $i)))",
    "(block (br_if 0 (f64.lt (local.get $f) (f64.const 3))))",
    "(drop (call $results)) (drop) (drop) (drop) (drop) (drop) (drop) (drop) (drop)",
    "(block (result i64 i64 i64 i64 i64 i64 i64 i64 i64)
        (i64.const 7) (call $results) (br 0)) (drop) (drop) (drop) (drop) (drop) (drop) (drop) (drop) (drop)",
    "(drop (call $vector (local.get $v)))",
    "(call $many_locals)",
    "(call $callee)",
    "(call $to_host)",
    "(call $to_host_indirect)",
    "(call_indirect (i32.const 1))",
    "(call $other_instance)",
    "(call $to_other_instance)",
];

/// A module with a loop for each snippet.
fn snippets() -> String {
    let mut loops = String::new();
    for (number, snippet) in SNIPPETS.iter().enumerate() {
        loops += &format!(
            r#"(func (export "{number}") (param $i i32) (local $f f64) (local $v v128)
                (loop
                    {snippet}
                    (local.set $f (f64.convert_i32_s (local.get $i)))
                    (br_if 0 (local.tee $i (i32.sub (local.get $i) (i32.const 1))))))
            "#
        );
    }
    format!(
        r#"(module
            (import "host" "mark" (func $mark))
            (import "other" "callee" (func $other_instance))
            (memory 1) (memory $other 1)
            (data $data "abcd") (data $dropped "abcd")
            (table funcref (elem $callee $callee $callee $mark))
            (table $t 4 funcref)
            (elem $elem func $callee) (elem $dropped func $callee)
            (global $g (mut i64) (i64.const 0))
            (global $h (mut f32) (f32.const 1))
            (global $v (mut v128) (v128.const i64x2 1 2))
            (func $callee)
            (func $to_host (return_call $mark))
            (func $to_host_indirect (return_call_indirect (i32.const 3)))
            (func $to_other_instance (return_call $other_instance))
            (func $vector (param v128) (result v128) (local.get 0))
            (func $results (result i64 i64 i64 i64 i64 i64 i64 i64 i64)
                (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5)
                (i64.const 6) (i64.const 7) (i64.const 8) (i64.const 9))
            (func $many_locals
                (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64))
            {loops})"#
    )
}

#[test]
fn no_instruction_keeps_native_stack() {
    let wasm = wat::parse_str(snippets()).unwrap();
    with_stack(256, move || {
        let engine = Engine::default();
        let mut linker = linker(&engine);
        let mut store = Store::new(&engine, Seen::default());
        let other = module(&engine, r#"(module (func (export "callee")))"#);
        let other = linker.instantiate(&mut store, &other).unwrap();
        linker.instance(&mut store, "other", other).unwrap();
        let module = Module::new(&engine, &wasm).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        for number in 0..SNIPPETS.len() {
            let name = number.to_string();
            let func = instance.get_typed_func::<u32, ()>(&mut store, &name).unwrap();
            func.call(&mut store, TURNS).unwrap_or_else(|error| panic!("{number}: {error:?}"));
        }
    });
}

/// Functions that call without end, each in its own way.
const ENDLESS: &str = r#"(module
    (import "partner" "table" (table $partner 2 funcref))
    (table $own funcref (elem $indirect $even))
    (func $direct (export "direct") (call $direct))
    (func $with_result (export "with_result") (param i64) (result i64)
        (i64.add (call $with_result (i64.add (local.get 0) (i64.const 1))) (i64.const 1)))
    (func $indirect (export "indirect") (call_indirect $own (i32.const 0)))
    (func $even (export "even") (call $odd))
    (func $odd (local i64 i64 i64 i64) (call_indirect $own (i32.const 1)))
    (func $in_loop (export "in_loop") (loop (call $in_loop) (br 0)))
    (func $wide (export "wide")
        (local v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128)
        (call $wide))
    (func $partners (export "partners") (call_indirect $partner (i32.const 1)))
    (func $half_tail (export "half_tail") (call $half_tail_too))
    (func $half_tail_too (return_call $half_tail))
    (func $partners_tail (export "partners_tail")
        (call $partners_tail_too))
    (func $partners_tail_too (return_call_indirect $partner (i32.const 1)))
    (elem (table $partner) (i32.const 0) func $partners_tail))"#;

const PARTNER: &str = r#"(module
    (table (export "table") 2 funcref)
    (elem (i32.const 1) func $back)
    (func $back (local i32) (call_indirect (i32.const 0))))"#;

/// The instance of [`ENDLESS`] and its store.
fn endless(engine: &Engine) -> (Store<()>, Instance, Module) {
    let mut store = Store::new(engine, ());
    let mut linker = Linker::new(engine);
    let partner = linker.instantiate(&mut store, &module(engine, PARTNER)).unwrap();
    linker.instance(&mut store, "partner", partner).unwrap();
    let module = module(engine, ENDLESS);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    (store, instance, module)
}

#[test]
fn endless_recursion_is_a_trap() {
    let sizes = [0, 100, 1 << 12, (1 << 16) + 8, 1 << 20, 8 << 20];
    with_stack(256, move || {
        for stack in sizes {
            let mut config = Config::new();
            config.max_wasm_stack(stack);
            let engine = Engine::new(&config).unwrap();
            let (mut store, instance, module) = endless(&engine);
            for export in module.exports() {
                let func = instance.get_func(&mut store, export.name()).unwrap();
                let ty = func.ty(&store);
                let params = vec![fulmar::Val::I64(0); ty.params().len()];
                let mut results = params.clone();
                for _ in 0..2 {
                    let error = func.call(&mut store, &params, &mut results).unwrap_err();
                    let trap = error.as_trap();
                    assert_eq!(trap, Some(Trap::StackOverflow), "{} in {stack}", export.name());
                }
            }
        }
    });
}

#[test]
fn the_depth_of_calls_follows_the_limit() {
    with_stack(256, || {
        let depth = |stack: usize, locals: usize| {
            let mut config = Config::new();
            config.max_wasm_stack(stack);
            let engine = Engine::new(&config).unwrap();
            let text = format!(
                r#"(module
                    (global $depth (export "depth") (mut i32) (i32.const 0))
                    (func $f (export "f") (local{})
                        (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
                        (call $f)))"#,
                " i64".repeat(locals)
            );
            let mut store = Store::new(&engine, ());
            let instance =
                Linker::new(&engine).instantiate(&mut store, &module(&engine, &text)).unwrap();
            let func = instance.get_typed_func::<(), ()>(&mut store, "f").unwrap();
            let error = func.call(&mut store, ()).unwrap_err();
            assert_eq!(error.as_trap(), Some(Trap::StackOverflow));
            instance.get_global(&mut store, "depth").unwrap().get(&mut store).i32().unwrap()
        };
        let (small, large) = (depth(64 << 10, 0), depth(640 << 10, 0));
        assert!(small > 500, "{small} calls in 64 KiB");
        assert!((large - 10 * small).abs() < small / 2, "{small} and {large}");
        let (narrow, wide) = (depth(1 << 20, 10), depth(1 << 20, 1000));
        assert!((100..=(1 << 20) / 8000).contains(&wide), "{wide} calls of 8,000 bytes in 1 MiB");
        assert!(narrow > 20 * wide, "{narrow} and {wide}");
        // A frame that is larger than the stack.
        assert_eq!(depth(4 << 10, 1000), 0);
    });
}

#[test]
fn a_stack_that_there_is_no_memory_for() {
    let mut config = Config::new();
    config.max_wasm_stack(usize::MAX);
    let engine = Engine::new(&config).unwrap();
    let (mut store, instance, _) = endless(&engine);
    let func = instance.get_typed_func::<(), ()>(&mut store, "direct").unwrap();
    let error = func.call(&mut store, ()).unwrap_err();
    assert_eq!(error.as_trap(), None, "{error}");
}

#[test]
fn endless_tail_calls_run_out_of_fuel() {
    with_stack(256, || {
        let mut config = Config::new();
        config.consume_fuel(true).max_wasm_stack(4096);
        let engine = Engine::new(&config).unwrap();
        let mut linker = Linker::new(&engine);
        let mut store = Store::new(&engine, ());
        store.set_fuel(1 << 20).unwrap();
        let partner = r#"(module
            (table (export "table") 2 funcref)
            (elem (i32.const 1) func $back)
            (func $back (return_call_indirect (i32.const 0))))"#;
        let partner = linker.instantiate(&mut store, &module(&engine, partner)).unwrap();
        linker.instance(&mut store, "partner", partner).unwrap();
        let text = r#"(module
            (import "partner" "table" (table $partner 2 funcref))
            (table $own funcref (elem $indirect))
            (func $direct (export "direct") (return_call $direct))
            (func $indirect (export "indirect") (return_call_indirect $own (i32.const 0)))
            (func $growing (export "growing") (param i64) (result i64 i64 i64)
                (return_call $shrinking (local.get 0) (local.get 0) (local.get 0)))
            (func $shrinking (param i64 i64 i64) (result i64 i64 i64)
                (return_call $growing (local.get 1)))
            (func $partners (export "partners") (return_call_indirect $partner (i32.const 1)))
            (elem (table $partner) (i32.const 0) func $partners))"#;
        let module = module(&engine, text);
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let fuel = if cfg!(debug_assertions) { 200_000 } else { 20_000_000 };
        for export in module.exports() {
            store.set_fuel(fuel).unwrap();
            let func = instance.get_func(&mut store, export.name()).unwrap();
            let ty = func.ty(&store);
            let params = vec![fulmar::Val::I64(0); ty.params().len()];
            let mut results = vec![fulmar::Val::I64(0); ty.results().len()];
            let error = func.call(&mut store, &params, &mut results).unwrap_err();
            assert_eq!(error.as_trap(), Some(Trap::OutOfFuel), "{}", export.name());
        }
    });
}

/// What the host's part of an endless recursion needs: the function to call, and how deep it went.
#[derive(Default)]
struct Reentry {
    run: Option<TypedFunc<(), ()>>,
    depth: u32,
}

/// Lets guest and host call each other without end, on an engine with this limit, and gives the
/// depth reached.
fn reenter(limit: Option<u32>) -> u32 {
    let mut config = Config::new();
    if let Some(limit) = limit {
        config.max_host_reentry(limit);
    }
    let engine = Engine::new(&config).unwrap();
    let mut linker = Linker::<Reentry>::new(&engine);
    linker
        .func_wrap("host", "again", |mut caller: Caller<'_, Reentry>| -> Result<(), Error> {
            caller.data_mut().depth += 1;
            let run = caller.data().run.unwrap();
            run.call(&mut caller, ())
        })
        .unwrap();
    let text = r#"(module
        (import "host" "again" (func $again))
        (func $run (export "run") (local i64 i64) (call $again) (unreachable)))"#;
    let mut store = Store::new(&engine, Reentry::default());
    let instance = linker.instantiate(&mut store, &module(&engine, text)).unwrap();
    let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
    store.data_mut().run = Some(run);
    for _ in 0..2 {
        store.data_mut().depth = 0;
        let error = run.call(&mut store, ()).unwrap_err();
        assert_eq!(error.as_trap(), Some(Trap::StackOverflow));
    }
    store.data().depth
}

#[test]
fn endless_recursion_through_the_host_is_a_trap() {
    with_stack(512, || {
        assert!(reenter(None) >= 16);
        assert_eq!(reenter(Some(10)), 10);
        assert_eq!(reenter(Some(1)), 1);
    });
    with_stack(16 << 10, || assert_eq!(reenter(Some(500)), 500));
}
