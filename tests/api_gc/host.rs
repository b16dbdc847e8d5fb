//! References in host functions.

use super::{UNROOTED, bytes, message, module, non_null, number};
use crate::counted::Drops;
use fulmar::{
    AsContext, AsContextMut, Caller, Engine, Error, ExternRef, Func, FuncType, HeapType, Linker,
    RootScope, Rooted, Store, StructRef, Val, ValType,
};
use std::sync::Mutex;

#[test]
fn what_a_host_function_makes_ends_with_it() {
    static SEEN: Mutex<Vec<Rooted<ExternRef>>> = Mutex::new(Vec::new());
    let engine = Engine::default();
    let drops = Drops::default();
    let mut linker = Linker::<()>::new(&engine);
    let value = drops.clone();
    let make = move |mut caller: Caller<'_, ()>, param: Option<Rooted<ExternRef>>| {
        let garbage = ExternRef::new(&mut caller, value.value())?;
        let result = ExternRef::new(&mut caller, value.value())?;
        caller.as_context_mut().gc();
        assert!(garbage.data(caller.as_context())?.is_some());
        SEEN.lock().unwrap().extend([garbage, result]);
        SEEN.lock().unwrap().extend(param);
        Ok::<_, Error>(result)
    };
    linker.func_wrap("host", "make", make).unwrap();
    let text = r#"(module
        (import "host" "make" (func $make (param externref) (result (ref extern))))
        (import "host" "gc" (func $gc))
        (func (export "run") (param externref) (result externref)
            (local $a externref)
            (local.set $a (call $make (local.get 0)))
            (call $gc)
            (drop (call $make (local.get $a)))
            (call $gc)
            (local.get $a)))"#;
    let collect = |mut caller: Caller<'_, ()>| caller.as_context_mut().gc();
    linker.func_wrap("host", "gc", collect).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module(&engine, text)).unwrap();
    type Extern = Option<Rooted<ExternRef>>;
    let run = instance.get_typed_func::<Extern, Extern>(&mut store, "run").unwrap();
    let mut scope = RootScope::new(&mut store);
    let param = ExternRef::new(&mut scope, drops.value()).unwrap();
    let result = run.call(&mut scope, Some(param)).unwrap().unwrap();
    assert_eq!(drops.count(), 3, "all but the parameter and the first result");
    assert!(result.data(scope.as_context()).unwrap().is_some());
    for seen in SEEN.lock().unwrap().drain(..) {
        assert_eq!(message(seen.data(scope.as_context())), UNROOTED);
    }
    assert!(param.data(scope.as_context()).unwrap().is_some());
    drop(scope);
    store.gc();
    assert_eq!((drops.count(), store.gc_heap_bytes()), (5, 0));

    // The same when the embedder calls a host function itself.
    let made = Mutex::new(None);
    let made: &'static Mutex<_> = Box::leak(Box::new(made));
    let direct = Func::wrap(&mut store, |mut caller: Caller<'_, ()>| {
        let object = number(&mut caller, 3);
        *made.lock().unwrap() = Some(object);
        object
    });
    let direct = direct.typed::<(), Rooted<StructRef>>(&store).unwrap();
    let result = direct.call(&mut store, ()).unwrap();
    assert_eq!(result.field(&mut store, 0).unwrap().i32(), Some(3));
    assert_eq!(message(made.lock().unwrap().unwrap().ty(&store)), UNROOTED);
}

/// Each call of a host function gives its references back, also if there is a scope within, and if
/// it fails.
#[test]
fn scopes_within_host_functions() {
    let engine = Engine::default();
    let drops = Drops::default();
    let mut linker = Linker::<()>::new(&engine);
    let value = drops.clone();
    let work = move |mut caller: Caller<'_, ()>, fails: i32| {
        let before = ExternRef::new(&mut caller, value.value())?;
        for _ in 0..10 {
            let mut scope = RootScope::new(&mut caller);
            ExternRef::new(&mut scope, value.value())?;
        }
        caller.as_context_mut().gc();
        assert_eq!(value.count() % 11, 10);
        assert!(before.data(caller.as_context()).is_ok());
        if fails == 0 { Ok(()) } else { Err(Error::msg("fails")) }
    };
    linker.func_wrap("host", "work", work).unwrap();
    let text = r#"(module
        (import "host" "work" (func $work (param i32)))
        (func (export "run") (param i32) (call $work (i32.const 0)) (call $work (local.get 0))))"#;
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module(&engine, text)).unwrap();
    let run = instance.get_typed_func::<i32, ()>(&mut store, "run").unwrap();
    run.call(&mut store, 0).unwrap();
    assert_eq!(message(run.call(&mut store, 1)), "fails");
    store.gc();
    assert_eq!((drops.count(), store.gc_heap_bytes()), (44, 0));
}

/// What a host function returns may not be a reference whose scope has ended.
#[test]
fn results_of_host_functions_are_checked() {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    let ended = |mut caller: Caller<'_, ()>| {
        let mut scope = RootScope::new(&mut caller);
        ExternRef::new(&mut scope, 1)
    };
    linker.func_wrap("host", "typed", ended).unwrap();
    let ty = FuncType::new([], [ValType::EXTERNREF]);
    linker
        .func_new("host", "untyped", ty, move |caller, _, results| {
            results[0] = ended(caller)?.into();
            Ok(())
        })
        .unwrap();
    let ty = FuncType::new([], [non_null(HeapType::Struct)]);
    linker.func_new("host", "nothing", ty.clone(), |_, _, _| Ok(())).unwrap();
    linker
        .func_new("host", "null", ty.clone(), |_, _, results| {
            results[0] = Val::AnyRef(None);
            Ok(())
        })
        .unwrap();
    linker
        .func_new("host", "array", ty, |mut caller, _, results| {
            results[0] = bytes(&mut caller, &[1]).into();
            Ok(())
        })
        .unwrap();
    let text = r#"(module
        (import "host" "typed" (func $typed (result (ref extern))))
        (import "host" "untyped" (func $untyped (result externref)))
        (import "host" "nothing" (func $nothing (result (ref struct))))
        (import "host" "null" (func $null (result (ref struct))))
        (import "host" "array" (func $array (result (ref struct))))
        (func (export "typed") (drop (call $typed)))
        (func (export "untyped") (drop (call $untyped)))
        (func (export "nothing") (drop (call $nothing)))
        (func (export "null") (drop (call $null)))
        (func (export "array") (drop (call $array))))"#;
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module(&engine, text)).unwrap();
    let mut call = |name| {
        let func = instance.get_typed_func::<(), ()>(&mut store, name).unwrap();
        message(func.call(&mut store, ()))
    };
    assert_eq!(call("typed"), UNROOTED);
    assert_eq!(call("untyped"), UNROOTED);
    assert_eq!(call("nothing"), "result 0 is to be of type (ref struct), found i32");
    assert_eq!(call("null"), "result 0 is to be of type (ref struct), found anyref");
    assert_eq!(call("array"), "result 0 is to be of type (ref struct), found anyref");
}
