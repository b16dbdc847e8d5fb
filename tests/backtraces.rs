//! Backtraces: which functions were active and at which byte of the module, the innermost first.

mod configurations;

use configurations::{Configuration, configurations};
use fulmar::{Caller, Engine, Error, Instance, Linker, Module, Store, Trap, WasmBacktrace};

/// A module from text, and its bytes.
struct Guest {
    module: Module,
    wasm: Vec<u8>,
}

impl Guest {
    fn new(engine: &Engine, text: &str) -> Self {
        let wasm = wat::parse_str(text).unwrap();
        Guest { module: Module::new(engine, &wasm).unwrap(), wasm }
    }

    /// The byte offset of the instruction behind `(drop (i32.const NUMBER))`, which stands once.
    fn behind(&self, number: u32) -> usize {
        let mut mark = vec![0x41];
        let mut rest = number;
        while rest >= 0x40 {
            mark.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        mark.extend([rest as u8, 0x1a]);
        let found = |start: &usize| self.wasm[*start..].starts_with(&mark);
        let mut places = (0..self.wasm.len()).filter(found);
        let place = places.next().expect("the mark is there");
        assert_eq!(places.next(), None, "the mark stands twice");
        place + mark.len()
    }
}

/// A frame as index, name and byte offset.
type Frame<'a> = (u32, Option<&'a str>, usize);

fn frames(backtrace: &WasmBacktrace) -> Vec<Frame<'_>> {
    let frame = |frame: &'_ fulmar::FrameInfo| frame.module_offset().expect("an offset");
    let frames = backtrace.frames().iter();
    frames.map(|it| (it.func_index(), it.func_name(), frame(it))).collect()
}

/// Runs `test` under every configuration, with a store that has fuel if it needs some.
fn everywhere<T: Default + 'static>(test: impl Fn(&Engine, &mut Store<T>)) {
    for Configuration { name, config, metered, .. } in configurations() {
        eprintln!("{name}");
        let engine = Engine::new(&config).unwrap();
        let mut store = Store::new(&engine, T::default());
        if metered {
            store.set_fuel(1 << 30).unwrap();
        }
        test(&engine, &mut store);
    }
}

/// The error of a function without parameters and results.
fn fail<T: 'static>(store: &mut Store<T>, instance: Instance, name: &str) -> Error {
    let func = instance.get_func(&mut *store, name).unwrap();
    let mut results = vec![fulmar::Val::I32(0); func.ty(&*store).results().len()];
    func.call(&mut *store, &[], &mut results).expect_err("the call fails")
}

#[test]
fn nested_calls() {
    everywhere(|engine, store: &mut Store<()>| {
        let guest = Guest::new(
            engine,
            r#"(module
                (import "host" "unused" (func))
                (func $outer (export "outer")
                    (drop (i32.const 1001))
                    (call $middle)
                    (drop (i32.const 1002)))
                (func $inner
                    (local i64 i64 f32)
                    (nop)
                    (drop (i32.const 1003))
                    (unreachable))
                (func $middle (param i32) (result i64)
                    (loop
                        (drop (i32.const 1004))
                        (call $inner)
                        (br_if 0 (local.get 0)))
                    (i64.const 1)))"#
                .replace("(call $middle)", "(drop (call $middle (i32.const 7)))")
                .as_str(),
        );
        let mut linker = Linker::new(engine);
        linker.func_wrap("host", "unused", || {}).unwrap();
        let instance = linker.instantiate(&mut *store, &guest.module).unwrap();
        let error = fail(store, instance, "outer");
        assert_eq!(error.as_trap(), Some(Trap::UnreachableCodeReached));
        let backtrace = error.backtrace().unwrap();
        // The argument of the outer call stands between the mark and the call.
        let expected = [
            (2, Some("inner"), guest.behind(1003)),
            (3, Some("middle"), guest.behind(1004)),
            (1, Some("outer"), guest.behind(1001) + 2),
        ];
        assert_eq!(frames(backtrace), expected);
        for frame in backtrace.frames() {
            let start = frame.module_offset().unwrap() - frame.func_offset().unwrap();
            // A body begins behind its size, which these bodies have in one byte.
            let size = usize::from(guest.wasm[start - 1]);
            assert!(frame.func_offset().unwrap() < size);
            assert_eq!(guest.wasm[start + size - 1], 0x0b, "a body ends with `end`");
        }
        let shown = format!("{backtrace}");
        let lines: Vec<_> = shown.lines().map(str::trim_start).collect();
        assert_eq!(lines[0], format!("0: {:#x} - inner", guest.behind(1003)));
        assert_eq!(lines[2], format!("2: {:#x} - outer", guest.behind(1001) + 2));
    });
}

#[test]
fn functions_without_names_have_their_index() {
    everywhere(|engine, store: &mut Store<()>| {
        let guest = Guest::new(
            engine,
            r#"(module
                (func (export "outer") (drop (i32.const 1001)) (call 1))
                (func (drop (i32.const 1002)) (unreachable)))"#,
        );
        let instance = Linker::new(engine).instantiate(&mut *store, &guest.module).unwrap();
        let error = fail(store, instance, "outer");
        let backtrace = error.backtrace().unwrap();
        let expected = [(1, None, guest.behind(1002)), (0, None, guest.behind(1001))];
        assert_eq!(frames(backtrace), expected);
        assert!(format!("{backtrace}").contains("<wasm function 1>"));
        assert!(format!("{error:?}").contains("<wasm function 1>"));
    });
}

/// Each row is a function that traps at its mark, given what stands behind it: operands that take
/// that many bytes, and the instruction.
const TRAPS: &[(&str, usize, Trap)] = &[
    ("(unreachable)", 0, Trap::UnreachableCodeReached),
    ("(drop (i32.div_s (i32.const 1) (i32.const 0)))", 4, Trap::IntegerDivisionByZero),
    ("(drop (i32.rem_u (local.get 0) (local.get 0)))", 4, Trap::IntegerDivisionByZero),
    ("(drop (i64.trunc_f32_s (f32.const inf)))", 5, Trap::IntegerOverflow),
    ("(drop (i32.trunc_f64_u (f64.const nan)))", 9, Trap::BadConversionToInteger),
    ("(drop (i32.load (i32.const -1)))", 2, Trap::MemoryOutOfBounds),
    ("(drop (i32.add (i32.load (i32.const -1)) (local.get 0)))", 2, Trap::MemoryOutOfBounds),
    ("(i64.store (i32.const -1) (i64.const 5))", 4, Trap::MemoryOutOfBounds),
    ("(drop (i32.load8_u $other (i32.const -1)))", 2, Trap::MemoryOutOfBounds),
    ("(drop (v128.load (i32.const -1)))", 2, Trap::MemoryOutOfBounds),
    ("(memory.fill (i32.const -1) (i32.const 5) (i32.const 2))", 6, Trap::MemoryOutOfBounds),
    ("(memory.init $d (i32.const 0) (i32.const 5) (i32.const 2))", 6, Trap::MemoryOutOfBounds),
    ("(drop (table.get (i32.const 5)))", 2, Trap::TableOutOfBounds),
    ("(table.set (i32.const 5) (ref.null func))", 4, Trap::TableOutOfBounds),
    ("(call_indirect (i32.const 5))", 2, Trap::UndefinedElement),
    ("(call_indirect (i32.const 1))", 2, Trap::IndirectCallToNull),
    ("(call_indirect (param i32) (i32.const 1) (i32.const 0))", 4, Trap::BadSignature),
    ("(return_call_indirect (i32.const 1))", 2, Trap::IndirectCallToNull),
];

#[test]
fn every_trap_has_its_place() {
    everywhere(|engine, store: &mut Store<()>| {
        for (code, operands, trap) in TRAPS {
            let guest = Guest::new(
                engine,
                &format!(
                    r#"(module
                        (memory 1) (memory $other 1) (table 2 funcref) (elem (i32.const 0) $f)
                        (data $d "12345")
                        (func $f (export "f") (local i32)
                            (local.set 0 (i32.popcnt (i32.const 0)))
                            (if (i32.eqz (local.get 0))
                                (then (drop (i32.const 1001)) {code}))))"#
                ),
            );
            let instance = Linker::new(engine).instantiate(&mut *store, &guest.module).unwrap();
            let error = fail(store, instance, "f");
            assert_eq!(error.as_trap(), Some(*trap), "{code}");
            let expected = [(0, Some("f"), guest.behind(1001) + operands)];
            assert_eq!(frames(error.backtrace().unwrap()), expected, "{code}");
        }
    });
}

#[test]
fn tail_calls_leave_no_frame() {
    everywhere(|engine, store: &mut Store<()>| {
        let guest = Guest::new(
            engine,
            r#"(module
                (func $outer (export "outer") (drop (i32.const 1001)) (call $caller))
                (func $caller (return_call $callee))
                (func $callee (drop (i32.const 1002)) (unreachable)))"#,
        );
        let instance = Linker::new(engine).instantiate(&mut *store, &guest.module).unwrap();
        let error = fail(store, instance, "outer");
        let expected =
            [(2, Some("callee"), guest.behind(1002)), (0, Some("outer"), guest.behind(1001))];
        assert_eq!(frames(error.backtrace().unwrap()), expected);
    });
}

#[test]
fn instances_in_turn() {
    everywhere(|engine, store: &mut Store<()>| {
        let second = Guest::new(
            engine,
            r#"(module
                (import "first" "table" (table 2 funcref))
                (func $second_trap (drop (i32.const 2001)) (unreachable))
                (func $second_call (export "call")
                    (drop (i32.const 2002)) (call_indirect (i32.const 0)))
                (elem (i32.const 1) $second_trap))"#,
        );
        let first = Guest::new(
            engine,
            r#"(module
                (table (export "table") 2 funcref)
                (elem (i32.const 0) $first_back)
                (func $first_back (drop (i32.const 1001)) (call_indirect (i32.const 1))))"#,
        );
        let third = Guest::new(
            engine,
            r#"(module
                (import "second" "call" (func $call))
                (func $third (export "third") (drop (i32.const 3001)) (call $call)))"#,
        );
        let mut linker = Linker::new(engine);
        for (name, guest) in [("first", &first), ("second", &second)] {
            let instance = linker.instantiate(&mut *store, &guest.module).unwrap();
            linker.instance(&mut *store, name, instance).unwrap();
        }
        let instance = linker.instantiate(&mut *store, &third.module).unwrap();
        let error = fail(store, instance, "third");
        let expected = [
            (0, Some("second_trap"), second.behind(2001)),
            (0, Some("first_back"), first.behind(1001) + 2),
            (1, Some("second_call"), second.behind(2002) + 2),
            (1, Some("third"), third.behind(3001)),
        ];
        assert_eq!(frames(error.backtrace().unwrap()), expected);
        let imports =
            error.backtrace().unwrap().frames().iter().map(|frame| {
                frame.module().imports().next().map(|import| import.module().to_owned())
            });
        let modules = [Some("first".into()), None, Some("first".into()), Some("second".into())];
        assert_eq!(imports.collect::<Vec<_>>(), modules);
    });
}

/// A guest with functions that call the host, which calls back, which traps.
const THROUGH_HOST: &str = r#"(module
    (import "host" "call_back" (func $call_back))
    (import "host" "fail" (func $fail))
    (table funcref (elem $fail))
    (func $outer (export "outer") (drop (i32.const 1001)) (call $call_back) (nop))
    (func $inner (export "inner") (drop (i32.const 1002)) (call $trap))
    (func $trap (drop (i32.const 1003)) (unreachable))
    (func $direct (export "direct") (drop (i32.const 1004)) (call $fail))
    (func $indirect (export "indirect")
        (drop (i32.const 1005)) (call_indirect (i32.const 0)))
    (func $tail (export "tail") (drop (i32.const 1006)) (return_call $fail))
    (func $tail_indirect (export "tail_indirect")
        (drop (i32.const 1007)) (return_call_indirect (i32.const 0)))
    (func $last (export "last") (drop (i32.const 1008)) (call $fail) (unreachable)))"#;

#[test]
fn through_a_host_function() {
    everywhere(|engine, store: &mut Store<Option<Instance>>| {
        let guest = Guest::new(engine, THROUGH_HOST);
        let mut linker = Linker::<Option<Instance>>::new(engine);
        linker
            .func_wrap("host", "call_back", |mut caller: Caller<'_, Option<Instance>>| {
                let instance = caller.data().unwrap();
                let inner = instance.get_typed_func::<(), ()>(&mut caller, "inner")?;
                inner.call(&mut caller, ())
            })
            .unwrap();
        linker.func_wrap("host", "fail", || Err::<(), _>(Error::msg("no"))).unwrap();
        let instance = linker.instantiate(&mut *store, &guest.module).unwrap();
        *store.data_mut() = Some(instance);
        let error = fail(store, instance, "outer");
        assert_eq!(error.as_trap(), Some(Trap::UnreachableCodeReached));
        let expected = [
            (4, Some("trap"), guest.behind(1003)),
            (3, Some("inner"), guest.behind(1002)),
            (2, Some("outer"), guest.behind(1001)),
        ];
        assert_eq!(frames(error.backtrace().unwrap()), expected);
    });
}

#[test]
fn errors_of_the_host() {
    everywhere(|engine, store: &mut Store<()>| {
        let guest = Guest::new(engine, THROUGH_HOST);
        let mut linker = Linker::<()>::new(engine);
        linker.func_wrap("host", "call_back", || {}).unwrap();
        linker.func_wrap("host", "fail", || Err::<(), _>(Error::msg("no"))).unwrap();
        let instance = linker.instantiate(&mut *store, &guest.module).unwrap();
        let places = [
            ("direct", 5, guest.behind(1004)),
            ("indirect", 6, guest.behind(1005) + 2),
            ("tail", 7, guest.behind(1006)),
            ("tail_indirect", 8, guest.behind(1007) + 2),
            ("last", 9, guest.behind(1008)),
        ];
        for (name, index, offset) in places {
            let error = fail(store, instance, name);
            assert_eq!(error.to_string(), "no");
            let expected = [(index, Some(name), offset)];
            assert_eq!(frames(error.backtrace().unwrap()), expected, "{name}");
        }
    });
}

#[test]
fn start_functions() {
    everywhere(|engine, store: &mut Store<()>| {
        let guest = Guest::new(
            engine,
            r#"(module (func $start (drop (i32.const 1001)) (unreachable)) (start $start))"#,
        );
        let error = Linker::new(engine).instantiate(&mut *store, &guest.module).unwrap_err();
        let expected = [(0, Some("start"), guest.behind(1001))];
        assert_eq!(frames(error.backtrace().unwrap()), expected);
    });
}

#[test]
fn deep_recursion_shows_the_innermost() {
    everywhere(|engine, store: &mut Store<()>| {
        let guest = Guest::new(
            engine,
            r#"(module (func $f (export "f") (drop (i32.const 1001)) (call $f)))"#,
        );
        let instance = Linker::new(engine).instantiate(&mut *store, &guest.module).unwrap();
        let error = fail(store, instance, "f");
        assert_eq!(error.as_trap(), Some(Trap::StackOverflow));
        let found = frames(error.backtrace().unwrap());
        assert!((2..=1000).contains(&found.len()), "{} frames", found.len());
        assert_eq!(found[1], (0, Some("f"), guest.behind(1001)));
        assert!(found[1..].iter().all(|frame| *frame == found[1]));
        let body = guest.behind(1001)..guest.wasm.len();
        assert!(!body.contains(&found[0].2), "the innermost call had not begun");
    });
}
