//! Exceptions between guests and hosts: who catches what, and what reaches the embedder.
//!
//! What guests do among themselves is in `tests/execute/exceptions.wast`.

mod configurations;

use configurations::{Configuration, configurations};
use fulmar::{
    AsContextMut, Caller, Engine, Error, Exception, ExnRef, ExternRef, ExternType, Func, FuncType,
    Instance, Linker, Module, Rooted, Store, Tag, TagType, Trap, V128, Val, ValType,
};

fn module(engine: &Engine, text: &str) -> Module {
    Module::new(engine, &wat::parse_str(text).unwrap()).unwrap()
}

/// Runs `test` under every configuration, with a store that has fuel if it needs some.
fn everywhere(test: impl Fn(&Engine, &mut Store<()>)) {
    for Configuration { name, config, metered, validates_lazily } in configurations() {
        eprintln!("{name}; validates lazily: {validates_lazily}");
        let engine = Engine::new(&config).unwrap();
        let mut store = Store::new(&engine, ());
        if metered {
            store.set_fuel(1 << 40).unwrap();
        }
        test(&engine, &mut store);
    }
}

fn tag_type(params: impl IntoIterator<Item = ValType>) -> TagType {
    TagType::new(FuncType::new(params, []))
}

/// A store with an `i32` tag, and a linker that has it as `host.tag`.
fn tagged(engine: &Engine, store: &mut Store<()>) -> (Tag, Linker<()>) {
    let tag = Tag::new(&mut *store, tag_type([ValType::I32])).unwrap();
    let mut linker = Linker::new(engine);
    linker.define(&*store, "host", "tag", tag).unwrap();
    (tag, linker)
}

fn i32_field(error: &Error) -> Option<i32> {
    error.as_exception()?.fields()[0].i32()
}

#[test]
fn the_embedder_gets_what_nobody_catches() {
    everywhere(|engine, store| {
        let text = r#"(module
            (tag $t (export "t") (param i32 i64 f32 f64 v128 funcref externref exnref))
            (tag $other)
            (elem declare func $inner)
            (func $inner (param externref)
                (throw $t (i32.const -1) (i64.const -2) (f32.const 3.5) (f64.const -4.5)
                    (v128.const i64x2 5 6) (ref.func $inner) (local.get 0) (ref.null exn)))
            (func $outer (export "outer") (param externref)
                (try_table (catch $other 0) (call $inner (local.get 0)))))"#;
        let module = module(engine, text);
        let instance = Instance::new(&mut *store, &module, &[]).unwrap();
        let outer = instance.get_func(&mut *store, "outer").unwrap();
        let reference = ExternRef::new(&mut *store, "mine").unwrap();
        let error = outer.call(&mut *store, &[reference.into()], &mut []).unwrap_err();
        let thrown = error.as_exception().unwrap();
        assert_eq!(Some(thrown.tag()), instance.get_tag(&mut *store, "t"));
        let fields = thrown.fields();
        assert_eq!(fields.len(), 8);
        assert_eq!((fields[0].i32(), fields[1].i64()), (Some(-1), Some(-2)));
        assert_eq!((fields[2].f32(), fields[3].f64()), (Some(3.5), Some(-4.5)));
        assert_eq!(fields[4].v128(), Some(V128::from(5 | 6 << 64)));
        assert!(fields[5].func_ref().unwrap().is_some());
        let field = fields[6].extern_ref().unwrap().unwrap();
        assert!(Rooted::ref_eq(&*store, &field, &reference).unwrap());
        assert!(fields[7].exn_ref().unwrap().is_none());
        assert_eq!(error.as_trap(), None);
        let expected = "uncaught exception (i32 -1, i64 -2, f32 3.5, f64 -4.5, \
            v128 0x00000000000000060000000000000005, funcref, externref, exnref)";
        assert_eq!(error.to_string(), expected);
        let frames = error.backtrace().unwrap().frames().iter();
        let names: Vec<_> = frames.map(|frame| frame.func_name().unwrap()).collect();
        assert_eq!(names, ["inner", "outer"]);
        let throw = error.backtrace().unwrap().frames()[0].module_offset().unwrap();
        assert_eq!(wat::parse_str(text).unwrap()[throw], 0x08, "the offset is that of `throw`");
    });
}

#[test]
fn guests_catch_what_hosts_throw() {
    everywhere(|engine, store| {
        let (tag, mut linker) = tagged(engine, store);
        let throw = move |mut caller: Caller<'_, ()>, value: i32| -> Result<(), Error> {
            Err(Exception::new(&mut caller, tag, &[Val::I32(value)])?.into())
        };
        linker.func_wrap("host", "throw", throw).unwrap();
        let text = r#"(module
            (import "host" "tag" (tag $t (param i32)))
            (import "host" "throw" (func $throw (param i32)))
            (table funcref (elem $throw))
            (tag $own (param i32))
            (func (export "direct") (param i32) (result i32)
                (try_table (catch $own 0) (catch $t 0) (call $throw (local.get 0)))
                (i32.const -1))
            (func (export "indirect") (param i32) (result i32)
                (try_table (catch $t 0)
                    (call_indirect (param i32) (local.get 0) (i32.const 0)))
                (i32.const -1))
            (func (export "all") (param i32) (result i32)
                (block $h (try_table (catch_all $h) (call $throw (local.get 0)))) (i32.const 7))
            (func (export "again") (param i32) (result i32)
                (block $h (result exnref)
                    (try_table (catch_all_ref $h) (call $throw (local.get 0)))
                    (unreachable))
                (throw_ref))
            ;; The frame with the handler is gone when the host throws.
            (func $tail (param i32) (result i32)
                (block $h (try_table (catch_all $h) (return_call $discard (local.get 0))))
                (i32.const -2))
            (func $discard (param i32) (result i32)
                (return_call $tail-host (local.get 0)))
            (func $tail-host (param i32) (result i32)
                (block $h (try_table (catch_all $h) (call $void-tail (local.get 0)))
                    (return (i32.const -3)))
                (i32.const 8))
            (func $void-tail (param i32)
                (try_table (catch_all 0) (return_call $throw (local.get 0))))
            (func $void-tail-indirect (param i32)
                (try_table (catch_all 0)
                    (return_call_indirect (param i32) (local.get 0) (i32.const 0))))
            (func (export "tail") (param i32) (result i32) (call $tail (local.get 0)))
            (func (export "tail-uncaught") (param i32) (result i32)
                (call $void-tail-indirect (local.get 0)) (i32.const 0)))"#;
        let instance = linker.instantiate(&mut *store, &module(engine, text)).unwrap();
        let mut call = |name| {
            let func = instance.get_typed_func::<i32, i32>(&mut *store, name).unwrap();
            func.call(&mut *store, 42)
        };
        assert_eq!(call("direct").unwrap(), 42);
        assert_eq!(call("indirect").unwrap(), 42);
        assert_eq!(call("all").unwrap(), 7);
        assert_eq!(call("tail").unwrap(), 8);
        for name in ["again", "tail-uncaught"] {
            let error = call(name).unwrap_err();
            assert_eq!(i32_field(&error), Some(42), "{name}");
            assert_eq!(error.as_exception().unwrap().tag(), tag);
        }
    });
}

#[test]
fn exceptions_pass_hosts_and_hosts_catch() {
    everywhere(|engine, store| {
        let (tag, mut linker) = tagged(engine, store);
        // Calls the exported function, passes exceptions below 10 on, and swallows others.
        let through = |mut caller: Caller<'_, ()>, value: i32| -> Result<i32, Error> {
            let func = caller.get_export("throw").unwrap().into_func().unwrap();
            let func = func.typed::<i32, ()>(&caller)?;
            match func.call(&mut caller, value) {
                Ok(()) => Ok(-1),
                Err(error) => match i32_field(&error) {
                    Some(value) if value >= 10 => Ok(value * 2),
                    _ => Err(error),
                },
            }
        };
        linker.func_wrap("host", "through", through).unwrap();
        let text = r#"(module
            (import "host" "tag" (tag $t (param i32)))
            (import "host" "through" (func $through (param i32) (result i32)))
            (func $throw (export "throw") (param i32) (throw $t (local.get 0)))
            (func $catch (export "catch") (param i32) (result i32)
                (block $h (result i32)
                    (try_table (result i32) (catch $t $h) (call $through (local.get 0)))
                    (return))
                (i32.add (i32.const 100)))
            (func (export "pass") (param i32) (result i32) (call $through (local.get 0))))"#;
        let instance = linker.instantiate(&mut *store, &module(engine, text)).unwrap();
        let catch = instance.get_typed_func::<i32, i32>(&mut *store, "catch").unwrap();
        assert_eq!(catch.call(&mut *store, 5).unwrap(), 105);
        assert_eq!(catch.call(&mut *store, 50).unwrap(), 100);
        let pass = instance.get_typed_func::<i32, i32>(&mut *store, "pass").unwrap();
        let error = pass.call(&mut *store, 5).unwrap_err();
        assert_eq!(error.as_exception().unwrap().tag(), tag);
        assert_eq!(i32_field(&error), Some(5));
        assert_eq!(error.backtrace().unwrap().frames().len(), 2, "both sides of the host");
        assert_eq!(pass.call(&mut *store, 20).unwrap(), 40);
    });
}

#[test]
fn nested_levels_unwind_one_after_the_other() {
    everywhere(|engine, store| {
        let (_, mut linker) = tagged(engine, store);
        let again = |mut caller: Caller<'_, ()>, depth: i32| -> Result<(), Error> {
            let func = caller.get_export("down").unwrap().into_func().unwrap();
            func.call(caller.as_context_mut(), &[Val::I32(depth)], &mut [])
        };
        linker.func_wrap("host", "again", again).unwrap();
        let text = r#"(module
            (import "host" "tag" (tag $t (param i32)))
            (import "host" "again" (func $again (param i32)))
            ;; Each level catches, adds one and throws again.
            (func $down (export "down") (param i32)
                (if (i32.eqz (local.get 0)) (then (throw $t (i32.const 1000))))
                (throw $t (i32.add (i32.const 1)
                    (block $h (result i32)
                        (try_table (catch $t $h)
                            (call $again (i32.sub (local.get 0) (i32.const 1))))
                        (unreachable))))))"#;
        let instance = linker.instantiate(&mut *store, &module(engine, text)).unwrap();
        let down = instance.get_typed_func::<i32, ()>(&mut *store, "down").unwrap();
        let error = down.call(&mut *store, 50).unwrap_err();
        assert_eq!(i32_field(&error), Some(1050));
    });
}

#[test]
fn other_errors_are_not_caught() {
    everywhere(|engine, store| {
        let mut elsewhere = Store::new(engine, ());
        let foreign = Tag::new(&mut elsewhere, tag_type([])).unwrap();
        let foreign = Exception::new(&mut elsewhere, foreign, &[]).unwrap();
        let mut linker = Linker::new(engine);
        let fail = move |which: i32| -> Result<(), Error> {
            Err(match which {
                0 => Trap::IntegerOverflow.into(),
                1 => Error::msg("of the host"),
                2 => Error::i32_exit(3),
                _ => foreign.clone().into(),
            })
        };
        linker.func_wrap("host", "fail", fail).unwrap();
        let text = r#"(module
            (import "host" "fail" (func $fail (param i32)))
            (func (export "run") (param i32)
                (try_table (catch_all 0) (call $fail (local.get 0)))))"#;
        let instance = linker.instantiate(&mut *store, &module(engine, text)).unwrap();
        let run = instance.get_typed_func::<i32, ()>(&mut *store, "run").unwrap();
        let mut fail = |which| run.call(&mut *store, which).unwrap_err();
        assert_eq!(fail(0).as_trap(), Some(Trap::IntegerOverflow));
        assert_eq!(fail(1).to_string(), "of the host");
        assert_eq!(fail(2).i32_exit_status(), Some(3));
        assert!(fail(3).as_exception().is_some(), "one of another store passes");
    });
}

#[test]
fn a_hundred_thousand_frames() {
    everywhere(|engine, store| {
        let (_, mut linker) = tagged(engine, store);
        let text = r#"(module
            (import "host" "tag" (tag $t (param i32)))
            (func $deep (param i32)
                (if (i32.eqz (local.get 0)) (then (throw $t (i32.const 7))))
                (call $deep (i32.sub (local.get 0) (i32.const 1))))
            (func (export "run") (param i32) (result i32)
                (try_table (catch $t 0) (call $deep (local.get 0)))
                (i32.const -1))
            (func (export "uncaught") (param i32) (result i32)
                (call $deep (local.get 0))
                (i32.const -1)))"#;
        let instance = linker.allow_shadowing(true).instantiate(&mut *store, &module(engine, text));
        let instance = instance.unwrap();
        let run = instance.get_typed_func::<i32, i32>(&mut *store, "run").unwrap();
        assert_eq!(run.call(&mut *store, 100_000).unwrap(), 7);
        let uncaught = instance.get_typed_func::<i32, i32>(&mut *store, "uncaught").unwrap();
        let error = uncaught.call(&mut *store, 100_000).unwrap_err();
        assert_eq!(i32_field(&error), Some(7));
        // The stack is free again.
        assert_eq!(run.call(&mut *store, 100_000).unwrap(), 7);
    });
}

#[test]
fn the_start_function_throws() {
    everywhere(|engine, store| {
        let (tag, linker) = tagged(engine, store);
        let text = r#"(module
            (import "host" "tag" (tag $t (param i32)))
            (func $start (throw $t (i32.const 3)))
            (start $start))"#;
        let error = linker.instantiate(&mut *store, &module(engine, text)).unwrap_err();
        assert_eq!((error.as_exception().unwrap().tag(), i32_field(&error)), (tag, Some(3)));
    });
}

#[test]
fn references_to_exceptions() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let (tag, linker) = tagged(&engine, &mut store);
    let text = r#"(module
        (import "host" "tag" (tag $t (param i32)))
        (func (export "catch") (param i32) (result exnref)
            (block $h (result i32 exnref)
                (try_table (catch_ref $t $h) (throw $t (local.get 0)))
                (unreachable))
            (return))
        (func (export "throw") (param exnref) (throw_ref (local.get 0))))"#;
    let instance = linker.instantiate(&mut store, &module(&engine, text)).unwrap();
    let catch =
        instance.get_typed_func::<i32, Option<Rooted<ExnRef>>>(&mut store, "catch").unwrap();
    let throw = instance.get_typed_func::<Option<Rooted<ExnRef>>, ()>(&mut store, "throw").unwrap();
    let caught = catch.call(&mut store, 9).unwrap().unwrap();
    let made = ExnRef::new(&mut store, tag, &[Val::I32(9)]).unwrap();
    for reference in [caught, made] {
        assert_eq!(reference.tag(&store).unwrap(), tag);
        assert_eq!(reference.field(&mut store, 0).unwrap().i32(), Some(9));
        assert!(reference.field(&mut store, 1).is_err());
        let error = throw.call(&mut store, Some(reference)).unwrap_err();
        assert_eq!(i32_field(&error), Some(9));
    }
    let error = throw.call(&mut store, None).unwrap_err();
    assert_eq!(error.as_trap(), Some(Trap::NullReference));

    assert_eq!(Val::from(made).ty(), ValType::EXNREF);
    assert!(Val::default_for_ty(ValType::EXNREF).unwrap().exn_ref().unwrap().is_none());
    assert_eq!(ValType::EXNREF.to_string(), "exnref");
}

#[test]
fn fields_are_checked() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let tag = Tag::new(&mut store, tag_type([ValType::I32, ValType::FUNCREF])).unwrap();
    let wrong = [
        (&[][..], "expected 2 fields, found 0"),
        (&[Val::I32(1), Val::I32(2)][..], "field 1 is to be of type funcref, found i32"),
    ];
    for (fields, message) in wrong {
        let error = Exception::new(&mut store, tag, fields).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(ExnRef::new(&mut store, tag, fields).is_err());
    }
    let with_results = TagType::new(FuncType::new([], [ValType::I32]));
    assert!(Tag::new(&mut store, with_results).is_err());
}

#[test]
#[should_panic = "object used with a store that it does not belong to"]
fn fields_are_of_the_store() {
    let engine = Engine::default();
    let (mut store, mut other) = (Store::new(&engine, ()), Store::new(&engine, ()));
    let tag = Tag::new(&mut store, tag_type([ValType::FUNCREF])).unwrap();
    let func = Func::wrap(&mut other, || {});
    drop(Exception::new(&mut store, tag, &[func.into()]));
}

#[test]
fn tags_are_imported_by_type_and_are_themselves() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let (tag, mut linker) = tagged(&engine, &mut store);
    let text = r#"(module
        (import "host" "tag" (tag (param i32)))
        (tag (export "own") (param i32))
        (export "imported" (tag 0)))"#;
    let described = module(&engine, text);
    let import = described.imports().next().unwrap();
    assert_eq!(import.ty(), &ExternType::Tag(tag_type([ValType::I32])));
    assert_eq!(import.ty().to_string(), "tag (i32) -> ()");
    let a = linker.instantiate(&mut store, &described).unwrap();
    let b = linker.instantiate(&mut store, &described).unwrap();
    assert_eq!(a.get_tag(&mut store, "imported"), Some(tag));
    assert_eq!(a.get_tag(&mut store, "imported"), b.get_tag(&mut store, "imported"));
    assert_ne!(a.get_tag(&mut store, "own"), b.get_tag(&mut store, "own"));

    let other = Tag::new(&mut store, tag_type([ValType::I64])).unwrap();
    linker.allow_shadowing(true).define(&store, "host", "tag", other).unwrap();
    let error = linker.instantiate(&mut store, &described).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"incompatible import type for "host" "tag": expected tag (i32) -> (), found tag (i64) -> ()"#
    );
}

#[test]
fn a_try_table_leaves_no_trace_in_the_code() {
    let engine = Engine::default();
    let body = r#"
        (local.set $sum (i32.const 0))
        (loop $l
            (local.set $sum (i32.add (local.get $sum) (call $f (local.get $n))))
            (i32.store (local.get $sum) (i32.mul (local.get $n) (i32.const 3)))
            (call $g (local.get $sum) (local.get $n))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (call $g (local.get $n) (local.get $sum))"#;
    let print = |body: &str| {
        let text = format!(
            r#"(module (memory 1)
                (func $f (param i32) (result i32) (local.get 0))
                (func $g (param i32 i32))
                (func $run (param $n i32) (local $sum i32) {body}))"#
        );
        let mut printed = String::new();
        module(&engine, &text).print_bytecode(Some(2), &mut printed).unwrap();
        printed
    };
    let plain = print(body);
    let caught = print(&format!("(try_table (catch_all 0) {body})"));
    eprintln!("{plain}\n{caught}");
    let cells = plain.lines().count() - 1;
    let rest = caught.strip_prefix(plain.as_str()).expect("the same code, then what catches");
    let number = cells - 1;
    assert_eq!(rest, format!("{cells:>8}  return\n    try 1..{number}: all -> {cells} s2\n"));
}
