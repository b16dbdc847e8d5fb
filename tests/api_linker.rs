//! Linking: names, types, what errors say, and the order in which instantiation has effects.

use fulmar::{
    Engine, Error, Extern, Func, Global, GlobalType, Instance, Linker, Memory, MemoryType, Module,
    Mutability, Ref, RefType, Store, Table, TableType, Trap, Val, ValType,
};

fn module(engine: &Engine, text: &str) -> Module {
    Module::new(engine, &wat::parse_str(text).unwrap()).unwrap()
}

fn link_error(linker: &Linker<()>, store: &mut Store<()>, text: &str) -> String {
    let error = linker.instantiate(&mut *store, &module(linker.engine(), text)).unwrap_err();
    assert!(error.is_link_error());
    error.to_string()
}

#[test]
fn missing_and_mismatched_imports_are_told_apart() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    linker.func_wrap("env", "f", |_: i32| ()).unwrap();
    let error = link_error(&linker, &mut store, r#"(module (import "env" "g" (func)))"#);
    assert_eq!(error, r#"unknown import "env" "g": expected function () -> ()"#);
    let error = link_error(&linker, &mut store, r#"(module (import "env" "f" (func)))"#);
    assert_eq!(
        error,
        r#"incompatible import type for "env" "f": expected function () -> (), found function (i32) -> ()"#
    );
    let error = link_error(&linker, &mut store, r#"(module (import "env" "f" (memory 1 2)))"#);
    assert_eq!(
        error,
        r#"incompatible import type for "env" "f": expected memory 1 2, found function (i32) -> ()"#
    );
}

#[test]
fn limits_and_mutability_decide() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(3))).unwrap();
    let table_ty = TableType::new(RefType::EXTERNREF, 2, None);
    let table = Table::new(&mut store, table_ty, Ref::Extern(None)).unwrap();
    let global_ty = GlobalType::new(ValType::I32, Mutability::Var);
    let global = Global::new(&mut store, global_ty, Val::I32(1)).unwrap();
    linker.define(&store, "e", "m", memory).unwrap();
    linker.define(&store, "e", "t", table).unwrap();
    linker.define(&store, "e", "g", global).unwrap();

    let links = |store: &mut Store<()>, import: &str| {
        let text = format!("(module (import \"e\" {import}))");
        linker.instantiate(store, &module(&engine, &text)).is_ok()
    };
    assert!(links(&mut store, r#""m" (memory 1 3)"#));
    assert!(links(&mut store, r#""m" (memory 0)"#));
    assert!(!links(&mut store, r#""m" (memory 2)"#));
    assert!(!links(&mut store, r#""m" (memory 1 2)"#));
    assert!(links(&mut store, r#""t" (table 2 externref)"#));
    assert!(!links(&mut store, r#""t" (table 2 funcref)"#));
    assert!(!links(&mut store, r#""t" (table 2 5 externref)"#));
    assert!(links(&mut store, r#""g" (global (mut i32))"#));
    assert!(!links(&mut store, r#""g" (global i32)"#));
    assert!(!links(&mut store, r#""g" (global (mut i64))"#));

    memory.grow(&mut store, 1).unwrap();
    assert!(links(&mut store, r#""m" (memory 2)"#), "the present size counts");
}

#[test]
fn names_are_defined_once_unless_shadowing_is_allowed() {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("a", "bc", || 1).unwrap();
    linker.func_wrap("ab", "c", || 2).unwrap();
    let error = linker.func_wrap("a", "bc", || 3).unwrap_err();
    assert_eq!(error.to_string(), r#"import "a" "bc" defined twice"#);
    linker.allow_shadowing(true).func_wrap("a", "bc", || 4).unwrap();

    let mut store = Store::new(&engine, ());
    let mut get = |module, name| {
        let func = linker.get(&mut store, module, name)?.into_func()?;
        func.typed::<(), i32>(&store).unwrap().call(&mut store, ()).ok()
    };
    assert_eq!(get("a", "bc"), Some(4));
    assert_eq!(get("ab", "c"), Some(2));
    assert_eq!(get("abc", ""), None);
}

#[test]
fn instances_are_linked_to_each_other() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    let counter = module(
        &engine,
        r#"(module (global $n (mut i32) (i32.const 0))
            (func (export "next") (result i32)
                (global.set $n (i32.add (global.get $n) (i32.const 1)))
                (global.get $n)))"#,
    );
    let counter = linker.instantiate(&mut store, &counter).unwrap();
    linker.instance(&mut store, "counter", counter).unwrap();
    let user = module(
        &engine,
        r#"(module (import "counter" "next" (func $next (result i32)))
            (func (export "twice") (result i32) (drop (call $next)) (call $next))
            (export "again" (func $next)))"#,
    );
    let user = linker.instantiate(&mut store, &user).unwrap();
    let twice = user.get_typed_func::<(), i32>(&mut store, "twice").unwrap();
    assert_eq!(twice.call(&mut store, ()).unwrap(), 2);
    assert_eq!(user.get_func(&mut store, "again"), counter.get_func(&mut store, "next"));
    let next = counter.get_typed_func::<(), i32>(&mut store, "next").unwrap();
    assert_eq!(next.call(&mut store, ()).unwrap(), 3);
}

#[test]
fn unknown_functions_can_be_defined_as_errors() {
    let engine = Engine::default();
    let text = r#"(module (import "x" "y" (func $f (param i64) (result f32)))
        (func (export "run") (drop (call $f (i64.const 1)))))"#;
    let module = module(&engine, text);
    let mut linker = Linker::<()>::new(&engine);
    linker.define_unknown_imports_as_traps(&module).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
    let error = run.call(&mut store, ()).unwrap_err();
    assert_eq!(error.to_string(), r#"unknown import "x" "y" was called"#);
}

#[test]
fn positional_imports_are_counted() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = module(&engine, r#"(module (import "" "" (func)))"#);
    let error = Instance::new(&mut store, &module, &[]).unwrap_err();
    assert_eq!(error.to_string(), "expected 1 imports, found 0");
    let func = Func::wrap(&mut store, || ());
    Instance::new(&mut store, &module, &[func.into()]).unwrap();
}

#[test]
fn exports_are_listed_in_order() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let text = r#"(module (memory (export "z") 1) (func (export "a"))
        (table (export "t") 1 funcref) (global (export "") i32 (i32.const 5)))"#;
    let instance = Instance::new(&mut store, &module(&engine, text), &[]).unwrap();
    let names: Vec<_> =
        instance.exports(&mut store).map(|export| export.name().to_owned()).collect();
    assert_eq!(names, ["z", "a", "t", ""]);
    assert!(matches!(instance.get_export(&mut store, "z"), Some(Extern::Memory(_))));
    assert!(instance.get_export(&mut store, "b").is_none());
    assert!(instance.get_func(&mut store, "z").is_none());
    assert!(instance.get_table(&mut store, "t").is_some());
    let global = instance.get_global(&mut store, "").unwrap();
    assert_eq!(global.get(&mut store).i32(), Some(5));
    let error = instance.get_typed_func::<(), ()>(&mut store, "z").unwrap_err();
    assert_eq!(error.to_string(), r#"no exported function named "z""#);
    assert_eq!(instance.module(&store).exports().len(), 4);
}

#[test]
fn a_segment_that_does_not_fit_leaves_what_was_written_before() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    let ty = TableType::new(RefType::FUNCREF, 2, None);
    let table = Table::new(&mut store, ty, Ref::Func(None)).unwrap();
    linker.define(&store, "e", "m", memory).unwrap();
    linker.define(&store, "e", "t", table).unwrap();

    let text = r#"(module (import "e" "m" (memory 1)) (import "e" "t" (table 2 funcref))
        (func $seven (result i32) (i32.const 7))
        (elem (i32.const 1) func $seven)
        (data (i32.const 0) "kept")
        (data (i32.const 65533) "lost")
        (data (i32.const 8) "never"))"#;
    let error = linker.instantiate(&mut store, &module(&engine, text)).unwrap_err();
    assert_eq!(error.as_trap(), Some(Trap::MemoryOutOfBounds));
    assert_eq!(memory.data(&store)[..12], *b"kept\0\0\0\0\0\0\0\0");
    assert_eq!(memory.data(&store)[65533..], [0; 3]);
    let seven = table.get(&mut store, 1).unwrap().as_func().unwrap();
    let seven = seven.typed::<(), i32>(&store).unwrap();
    assert_eq!(seven.call(&mut store, ()).unwrap(), 7, "functions of the failed instance live on");

    let text = r#"(module (import "e" "t" (table 2 funcref)) (func $f)
        (elem (i32.const 0) func $f) (elem (i32.const 1) func $f $f))"#;
    let error = linker.instantiate(&mut store, &module(&engine, text)).unwrap_err();
    assert_eq!(error.as_trap(), Some(Trap::TableOutOfBounds));
    assert!(!table.get(&mut store, 0).unwrap().is_null());
}

#[test]
fn start_functions_run_and_can_fail() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let linker = Linker::new(&engine);
    let text = r#"(module (global $g (export "g") (mut i32) (i32.const 1))
        (func $start (global.set $g (i32.const 2))) (start $start))"#;
    let instance = linker.instantiate(&mut store, &module(&engine, text)).unwrap();
    let global = instance.get_global(&mut store, "g").unwrap();
    assert_eq!(global.get(&mut store).i32(), Some(2));
    let failing = module(&engine, "(module (func $start unreachable) (start $start))");
    let error = linker.instantiate(&mut store, &failing).unwrap_err();
    assert_eq!(error.as_trap(), Some(Trap::UnreachableCodeReached));
}

#[test]
fn constant_expressions_see_imports_and_earlier_globals() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    let ty = GlobalType::new(ValType::I32, Mutability::Const);
    let base = Global::new(&mut store, ty, Val::I32(40)).unwrap();
    linker.define(&store, "e", "base", base).unwrap();
    let text = r#"(module (import "e" "base" (global $base i32))
        (global (export "sum") i32 (i32.add (global.get $base) (i32.const 2)))
        (global (export "func") funcref (ref.func $f))
        (func $f (export "f"))
        (memory (export "m") 1)
        (data (i32.sub (global.get $base) (i32.const 39)) "x"))"#;
    let instance = linker.instantiate(&mut store, &module(&engine, text)).unwrap();
    let sum = instance.get_global(&mut store, "sum").unwrap();
    assert_eq!(sum.get(&mut store).i32(), Some(42));
    let func = instance.get_global(&mut store, "func").unwrap();
    assert_eq!(func.get(&mut store).func_ref().unwrap(), instance.get_func(&mut store, "f"));
    let memory = instance.get_memory(&mut store, "m").unwrap();
    assert_eq!(memory.data(&store)[..3], *b"\0x\0");
}

#[test]
fn one_linker_serves_many_stores() -> Result<(), Error> {
    let engine = Engine::default();
    let mut linker = Linker::<i32>::new(&engine);
    linker.func_wrap("h", "get", |caller: fulmar::Caller<'_, i32>| *caller.data())?;
    let text = r#"(module (import "h" "get" (func $get (result i32)))
        (func (export "run") (result i32) (call $get)))"#;
    let module = module(&engine, text);
    for data in 0..3 {
        let mut store = Store::new(&engine, data);
        let instance = linker.instantiate(&mut store, &module)?;
        let run = instance.get_typed_func::<(), i32>(&mut store, "run")?;
        assert_eq!(run.call(&mut store, ())?, data);
    }
    Ok(())
}
