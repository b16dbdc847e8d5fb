//! Objects as embedders see them: references in scopes and owned ones, structures and arrays, typed
//! calls, and what is checked where references cross the border.

mod counted;

use counted::Drops;
use fulmar::{
    AnyRef, ArrayRef, ArrayRefPre, ArrayType, AsContext, AsContextMut, Caller, CompositeKind,
    Config, Engine, EqRef, Error, Exception, ExnRef, ExternRef, ExternType, FieldType, Func,
    FuncType, Global, GlobalType, HeapType, I31, Instance, Linker, Module, Mutability, OwnedRooted,
    Ref, RefType, RootScope, Rooted, StorageType, Store, StructRef, StructRefPre, StructType,
    Table, TableType, Tag, TagType, Trap, V128, Val, ValType,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

const UNROOTED: &str = "attempted to use a garbage-collected object that has been unrooted";
const FOREIGN: &str = "object used with a store that it does not belong to";

fn store() -> Store<()> {
    Store::new(&Engine::default(), ())
}

fn module(engine: &Engine, text: &str) -> Module {
    Module::new(engine, &wat::parse_str(text).unwrap()).unwrap()
}

fn instance(store: &mut Store<()>, text: &str) -> Instance {
    let module = module(&store.engine().clone(), text);
    Instance::new(store, &module, &[]).unwrap()
}

fn field(mutability: Mutability, ty: impl Into<StorageType>) -> FieldType {
    FieldType::new(mutability, ty)
}

/// A structure type with these mutable fields.
fn struct_type(engine: &Engine, fields: &[ValType]) -> StructType {
    StructType::new(engine, fields.iter().map(|ty| field(Mutability::Var, *ty))).unwrap()
}

/// A structure with one `i32`.
fn number(mut store: impl AsContextMut, value: i32) -> Rooted<StructRef> {
    let ty = struct_type(store.as_context().engine(), &[ValType::I32]);
    let pre = StructRefPre::new(&mut store, ty);
    StructRef::new(&mut store, &pre, &[Val::I32(value)]).unwrap()
}

/// An array of bytes.
fn bytes(mut store: impl AsContextMut, values: &[i32]) -> Rooted<ArrayRef> {
    let element = field(Mutability::Var, StorageType::I8);
    let ty = ArrayType::new(store.as_context().engine(), element);
    let pre = ArrayRefPre::new(&mut store, ty);
    let values: Vec<Val> = values.iter().map(|value| Val::I32(*value)).collect();
    ArrayRef::new_fixed(&mut store, &pre, &values).unwrap()
}

fn nullable(ty: impl Into<HeapType>) -> ValType {
    ValType::Ref(RefType::new(true, ty.into()))
}

fn non_null(ty: impl Into<HeapType>) -> ValType {
    ValType::Ref(RefType::new(false, ty.into()))
}

fn message<T>(result: Result<T, Error>) -> String {
    match result {
        Ok(_) => "no error".to_owned(),
        Err(error) => error.to_string(),
    }
}

// Scopes and owners.

#[test]
fn no_use_of_a_reference_after_its_scope() {
    let mut store = store();
    let engine = store.engine().clone();
    let tag_type = TagType::new(FuncType::new([ValType::EXTERNREF], []));
    let tag = Tag::new(&mut store, tag_type).unwrap();
    let number_type = struct_type(&engine, &[ValType::EXTERNREF, ValType::ANYREF]);
    let pre = StructRefPre::new(&mut store, number_type);
    let arrays = ArrayType::new(&engine, field(Mutability::Var, ValType::EXTERNREF));
    let array_pre = ArrayRefPre::new(&mut store, arrays);
    let holder = StructRef::new(&mut store, &pre, &[Val::ExternRef(None), Val::AnyRef(None)]);
    let holder = holder.unwrap();
    let array = ArrayRef::new(&mut store, &array_pre, &Val::ExternRef(None), 2).unwrap();
    let var = |ty| GlobalType::new(ty, Mutability::Var);
    let global = Global::new(&mut store, var(ValType::EXTERNREF), Val::ExternRef(None)).unwrap();
    let table_type = TableType::new(RefType::EXTERNREF, 1, None);
    let table = Table::new(&mut store, table_type, Ref::Extern(None)).unwrap();
    let identity = Func::wrap(&mut store, |it: Option<Rooted<ExternRef>>| it);
    let typed = identity.typed::<Option<Rooted<ExternRef>>, Option<Rooted<ExternRef>>>(&store);
    let typed = typed.unwrap();

    let (it, object, elements, any, exception);
    {
        let mut scope = RootScope::new(&mut store);
        it = ExternRef::new(&mut scope, "it").unwrap();
        object = number(&mut scope, 1);
        elements = bytes(&mut scope, &[1, 2]);
        any = AnyRef::from_i31(&mut scope, I31::wrapping_i32(1));
        exception = ExnRef::new(&mut scope, tag, &[it.into()]).unwrap();
        assert!(it.data(scope.as_context()).unwrap().is_some());
        assert_eq!(object.field(&mut scope, 0).unwrap().i32(), Some(1));
    }
    let val = Val::from(it);
    let mut results = [Val::I32(0)];
    let uses = [
        message(it.data(&store)),
        message(it.to_owned_rooted(&mut store)),
        message(Rooted::ref_eq(&store, &it, &it)),
        message(AnyRef::convert_extern(&mut store, it)),
        message(ExternRef::convert_any(&mut store, any)),
        message(any.ty(&store)),
        message(any.as_i31(&store)),
        message(any.is_struct(&store)),
        message(any.as_array(&store)),
        message(any.data(&store)),
        message(any.as_eqref(&store)),
        message(object.ty(&store)),
        message(object.field(&mut store, 0)),
        message(object.fields(&mut store)),
        message(object.set_field(&mut store, 0, Val::I32(1))),
        message(object.to_anyref().is_struct(&store)),
        message(elements.ty(&store)),
        message(elements.len(&store)),
        message(elements.get(&mut store, 0)),
        message(elements.elems(&mut store)),
        message(elements.set(&mut store, 0, Val::I32(1))),
        message(exception.tag(&store)),
        message(exception.field(&mut store, 0)),
        message(exception.exception(&mut store)),
        message(StructRef::new(&mut store, &pre, &[val, Val::AnyRef(None)])),
        message(holder.set_field(&mut store, 0, val)),
        message(holder.set_field(&mut store, 1, object.into())),
        message(ArrayRef::new(&mut store, &array_pre, &val, 3)),
        message(ArrayRef::new_fixed(&mut store, &array_pre, &[Val::ExternRef(None), val])),
        message(array.set(&mut store, 1, val)),
        message(ExnRef::new(&mut store, tag, &[val])),
        message(Exception::new(&mut store, tag, &[val])),
        message(global.set(&mut store, val)),
        message(Global::new(&mut store, var(ValType::EXTERNREF), val)),
        message(table.set(&mut store, 0, it.into())),
        message(table.grow(&mut store, 1, it.into())),
        message(table.fill(&mut store, 0, it.into(), 1)),
        message(Table::new(&mut store, table_type, it.into())),
        message(identity.call(&mut store, &[val], &mut results)),
        message(typed.call(&mut store, Some(it))),
    ];
    for (number, message) in uses.iter().enumerate() {
        assert_eq!(message, UNROOTED, "use {number}");
    }
    // Nothing was changed by what failed.
    assert_eq!(table.size(&store), 1);
    assert!(array.get(&mut store, 1).unwrap().extern_ref().unwrap().is_none());
    assert!(holder.field(&mut store, 0).unwrap().extern_ref().unwrap().is_none());
    store.gc();
    assert_eq!(message(it.data(&store)), UNROOTED);
}

/// Not even when another reference has taken its place.
#[test]
fn places_that_are_used_again_are_told_apart() {
    let mut store = store();
    let mut old = Vec::new();
    for round in 0..100 {
        let mut scope = RootScope::new(&mut store);
        let reference = ExternRef::new(&mut scope, round).unwrap();
        for old in &old {
            let old: &Rooted<ExternRef> = old;
            assert_eq!(message(old.data(scope.as_context())), UNROOTED);
        }
        old.push(reference);
    }
    let last = ExternRef::new(&mut store, 7).unwrap();
    assert!(old.iter().all(|old| Rooted::ref_eq(&store, old, &last).is_err()));
}

#[test]
fn scopes_nest() {
    let mut store = store();
    let outermost = ExternRef::new(&mut store, 0).unwrap();
    let mut outer = RootScope::new(&mut store);
    let first = ExternRef::new(&mut outer, 1).unwrap();
    let second = {
        let mut inner = RootScope::new(&mut outer);
        let second = ExternRef::new(&mut inner, 2).unwrap();
        assert!(first.data(inner.as_context()).is_ok() && second.data(inner.as_context()).is_ok());
        second
    };
    let third = ExternRef::new(&mut outer, 3).unwrap();
    assert!(first.data(outer.as_context()).is_ok() && third.data(outer.as_context()).is_ok());
    assert_eq!(message(second.data(outer.as_context())), UNROOTED);
    drop(outer);
    assert!(outermost.data(&store).is_ok());
    assert_eq!(message(first.data(&store)), UNROOTED);
    // A scope in which nothing was made ends nothing.
    drop(RootScope::new(&mut store));
    assert!(outermost.data(&store).is_ok());
}

#[test]
fn scopes_are_what_keeps_objects() {
    let mut store = store();
    let drops = Drops::default();
    let kept = ExternRef::new(&mut store, drops.value()).unwrap();
    {
        let mut scope = RootScope::new(&mut store);
        ExternRef::new(&mut scope, drops.value()).unwrap();
        scope.as_context_mut().gc();
        assert_eq!(drops.count(), 0, "its scope has not ended");
    }
    store.gc();
    assert_eq!(drops.count(), 1);
    assert!(kept.data(&store).unwrap().is_some());
    drop(store);
    assert_eq!(drops.count(), 2, "the store takes everything with it");
}

#[test]
fn owned_references_last() {
    let mut store = store();
    let drops = Drops::default();
    let owned: OwnedRooted<ExternRef> = {
        let mut scope = RootScope::new(&mut store);
        let reference = ExternRef::new(&mut scope, drops.value()).unwrap();
        reference.to_owned_rooted(&mut scope).unwrap()
    };
    store.gc();
    assert_eq!(drops.count(), 0);
    let clone = owned.clone();
    assert!(Rooted::ref_eq(&store, &owned, &clone).unwrap());
    drop(owned);
    store.gc();
    assert_eq!(drops.count(), 0, "the clone owns it, too");
    assert!(clone.data(&store).unwrap().is_some());
    let scoped = {
        let mut scope = RootScope::new(&mut store);
        let scoped = clone.to_rooted(&mut scope);
        assert!(Rooted::ref_eq(&scope, &scoped, &clone).unwrap());
        scoped
    };
    assert_eq!(message(scoped.data(&store)), UNROOTED, "made within the scope");
    assert!(clone.data(&store).is_ok());
    // Owners may be dropped anywhere.
    std::thread::spawn(move || drop(clone)).join().unwrap();
    assert_eq!(drops.count(), 0, "a store's values are dropped by who collects");
    store.gc();
    assert_eq!(drops.count(), 1);
    assert_eq!(store.gc_heap_bytes(), 0);
}

#[test]
fn owners_may_outlive_the_store() {
    let mut store = store();
    let owned = number(&mut store, 1).to_owned_rooted(&mut store).unwrap();
    drop(store);
    drop(owned.clone());
    drop(owned);
}

#[test]
fn a_thousand_owners() {
    let mut store = store();
    let drops = Drops::default();
    let mut owners = Vec::new();
    for round in 0..1000 {
        let mut scope = RootScope::new(&mut store);
        let reference = ExternRef::new(&mut scope, drops.value()).unwrap();
        owners.push(reference.to_owned_rooted(&mut scope).unwrap());
        if round % 3 == 0 {
            owners.swap_remove(owners.len() / 2);
        }
    }
    store.gc();
    assert_eq!(drops.count(), 1000 - owners.len());
    assert!(owners.iter().all(|owner| owner.data(&store).unwrap().is_some()));
    owners.clear();
    store.gc();
    assert_eq!(drops.count(), 1000);
}

/// The fields of an exception are owned by it: a copy of one that outlives it is an error, whether
/// or not there was a collection, and never a reference to something else.
#[test]
fn fields_end_with_their_exception() {
    let mut store = store();
    let ty = TagType::new(FuncType::new([non_null(HeapType::Any)], []));
    let tag = Tag::new(&mut store, ty).unwrap();
    let exception = {
        let mut scope = RootScope::new(&mut store);
        let object = number(&mut scope, 5);
        Exception::new(&mut scope, tag, &[object.into()]).unwrap()
    };
    store.gc();
    let field = exception.fields()[0].any_ref().unwrap().unwrap();
    let object = field.as_struct(&store).unwrap().unwrap();
    assert_eq!(object.field(&mut store, 0).unwrap().i32(), Some(5));
    drop(exception);
    store.gc();
    assert_eq!(store.gc_heap_bytes(), 0);
    assert_eq!(message(field.ty(&store)), UNROOTED);
    let take = Func::wrap(&mut store, |_: Rooted<AnyRef>| {});
    assert_eq!(message(take.call(&mut store, &[field.into()], &mut [])), UNROOTED);
}

/// Each way to use a reference, in a store that it does not belong to.
#[test]
fn foreign_stores_panic() {
    let mut own = store();
    let mut other = Store::new(own.engine(), ());
    let tag = Tag::new(&mut own, TagType::new(FuncType::new([ValType::EXTERNREF], []))).unwrap();
    let it = ExternRef::new(&mut own, 1).unwrap();
    let owned = it.to_owned_rooted(&mut own).unwrap();
    let object = number(&mut own, 1);
    let elements = bytes(&mut own, &[1]);
    let any = object.to_anyref();
    let exception = ExnRef::new(&mut own, tag, &[it.into()]).unwrap();
    let holder_type = struct_type(other.engine(), &[ValType::EXTERNREF]);
    let pre = StructRefPre::new(&mut other, holder_type);
    let var = GlobalType::new(ValType::EXTERNREF, Mutability::Var);
    let global = Global::new(&mut other, var, Val::ExternRef(None)).unwrap();
    let table_type = TableType::new(RefType::EXTERNREF, 1, None);
    let table = Table::new(&mut other, table_type, Ref::Extern(None)).unwrap();
    let take = Func::wrap(&mut other, |_: Option<Rooted<ExternRef>>| {});
    let typed = take.typed::<Option<Rooted<ExternRef>>, ()>(&other).unwrap();
    type Use<'a> = &'a dyn Fn(&mut Store<()>);
    let uses: [Use<'_>; 19] = [
        &|other| drop(it.data(&*other)),
        &|other| drop(it.to_owned_rooted(other)),
        &|other| {
            owned.to_rooted(other);
        },
        &|other| drop(owned.data(&*other)),
        &|other| drop(Rooted::ref_eq(&*other, &it, &it)),
        &|other| drop(AnyRef::convert_extern(other, it)),
        &|other| drop(ExternRef::convert_any(other, any)),
        &|other| drop(any.ty(&*other)),
        &|other| drop(any.as_i31(&*other)),
        &|other| drop(object.field(other, 0)),
        &|other| drop(object.set_field(other, 0, Val::I32(0))),
        &|other| drop(elements.len(&*other)),
        &|other| drop(elements.get(other, 0)),
        &|other| drop(exception.tag(&*other)),
        &|other| drop(StructRef::new(other, &pre, &[it.into()])),
        &|other| drop(global.set(other, it.into())),
        &|other| drop(table.set(other, 0, it.into())),
        &|other| drop(take.call(other, &[it.into()], &mut [])),
        &|other| drop(typed.call(other, Some(it))),
    ];
    for (number, foreign_use) in uses.iter().enumerate() {
        let panic = catch_unwind(AssertUnwindSafe(|| foreign_use(&mut other)));
        let panic = panic.expect_err(&format!("use {number} does not panic"));
        let panic = panic.downcast_ref::<&str>().copied();
        assert_eq!(panic, Some(FOREIGN), "use {number}");
    }
    assert!(it.data(&own).is_ok());
}

// Host functions.

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

// Structures, arrays, and the rest.

#[test]
fn structures() {
    let mut store = store();
    let engine = store.engine().clone();
    let fields = [
        field(Mutability::Var, StorageType::I8),
        field(Mutability::Var, StorageType::I16),
        field(Mutability::Const, ValType::I32),
        field(Mutability::Var, ValType::I64),
        field(Mutability::Var, ValType::F32),
        field(Mutability::Var, ValType::F64),
        field(Mutability::Var, ValType::V128),
        field(Mutability::Var, ValType::FUNCREF),
        field(Mutability::Var, ValType::EXTERNREF),
        field(Mutability::Var, non_null(HeapType::Any)),
    ];
    let ty = StructType::new(&engine, fields).unwrap();
    let pre = StructRefPre::new(&mut store, ty.clone());
    let (func, host) = (Func::wrap(&mut store, || {}), ExternRef::new(&mut store, 1).unwrap());
    let i31 = AnyRef::from_i31(&mut store, I31::wrapping_i32(-7));
    let vector = V128::from(0x0123_4567_89ab_cdef_0011_2233_4455_6677);
    let values = [
        Val::I32(-1),
        Val::I32(-2),
        Val::I32(-3),
        Val::I64(-4),
        Val::F32(0x7fa0_0001),
        Val::F64(0xfff4_0000_0000_0001),
        Val::V128(vector),
        func.into(),
        host.into(),
        i31.into(),
    ];
    let object = StructRef::new(&mut store, &pre, &values).unwrap();
    assert_eq!(object.ty(&store).unwrap(), ty);
    let found: Vec<Val> = object.fields(&mut store).unwrap().collect();
    assert_eq!(found.len(), 10);
    assert_eq!((found[0].i32(), found[1].i32()), (Some(0xff), Some(0xfffe)));
    assert_eq!((found[2].i32(), found[3].i64()), (Some(-3), Some(-4)));
    assert!(matches!(found[4], Val::F32(0x7fa0_0001)));
    assert!(matches!(found[5], Val::F64(0xfff4_0000_0000_0001)));
    assert_eq!(found[6].v128(), Some(vector));
    assert_eq!(found[7].func_ref(), Some(Some(func)));
    let found_host = found[8].extern_ref().unwrap().unwrap();
    assert!(Rooted::ref_eq(&store, &found_host, &host).unwrap());
    let found_i31 = found[9].any_ref().unwrap().unwrap();
    assert_eq!(found_i31.as_i31(&store).unwrap().map(|it| it.get_i32()), Some(-7));

    object.set_field(&mut store, 0, Val::I32(0x180)).unwrap();
    object.set_field(&mut store, 9, object.into()).unwrap();
    object.set_field(&mut store, 8, Val::ExternRef(None)).unwrap();
    object.set_field(&mut store, 6, Val::V128(V128::from(5))).unwrap();
    assert_eq!(object.field(&mut store, 0).unwrap().i32(), Some(0x80));
    assert!(object.field(&mut store, 8).unwrap().extern_ref().unwrap().is_none());
    assert_eq!(object.field(&mut store, 6).unwrap().v128(), Some(V128::from(5)));
    assert_eq!(
        object.field(&mut store, 5).unwrap().ty(),
        ValType::F64,
        "its neighbor is as it was"
    );
    let itself = object.field(&mut store, 9).unwrap().any_ref().unwrap().unwrap();
    assert!(Rooted::ref_eq(&store, &itself, &object.to_anyref()).unwrap());

    assert_eq!(
        message(object.set_field(&mut store, 2, Val::I32(0))),
        "immutable field cannot be set"
    );
    assert_eq!(message(object.field(&mut store, 10)), "the structure has no field 10");
    assert_eq!(
        message(object.set_field(&mut store, usize::MAX, Val::I32(0))),
        format!("the structure has no field {}", usize::MAX)
    );
    assert_eq!(
        message(object.set_field(&mut store, 3, Val::I32(0))),
        "expected a value of type i64, found i32"
    );
    assert_eq!(
        message(object.set_field(&mut store, 9, Val::AnyRef(None))),
        "expected a value of type (ref any), found anyref"
    );
    assert_eq!(
        message(StructRef::new(&mut store, &pre, &values[..9])),
        "expected 10 fields, found 9"
    );
    let mut wrong = values;
    wrong[4] = Val::F64(0);
    assert_eq!(
        message(StructRef::new(&mut store, &pre, &wrong)),
        "expected a value of type f32, found f64"
    );
    let empty = StructType::new(&engine, []).unwrap();
    let empty = StructRefPre::new(&mut store, empty);
    let empty = StructRef::new(&mut store, &empty, &[]).unwrap();
    assert_eq!(empty.fields(&mut store).unwrap().count(), 0);
    let too_many = vec![field(Mutability::Var, StorageType::I8); 10_001];
    assert!(StructType::new(&engine, too_many.clone()).is_err());
    assert!(StructType::new(&engine, too_many[1..].iter().copied()).is_ok());
}

#[test]
fn arrays() {
    let mut store = store();
    let engine = store.engine().clone();
    let array = |store: &mut Store<()>, ty: StorageType, element: Val, len: u32| {
        let ty = ArrayType::new(&engine, field(Mutability::Var, ty));
        let pre = ArrayRefPre::new(&mut *store, ty.clone());
        let array = ArrayRef::new(&mut *store, &pre, &element, len).unwrap();
        assert_eq!(array.ty(&*store).unwrap(), ty);
        assert_eq!(array.len(&*store).unwrap(), len);
        array
    };
    let host = ExternRef::new(&mut store, 1).unwrap();
    let packed = array(&mut store, StorageType::I16, Val::I32(-1), 3);
    packed.set(&mut store, 1, Val::I32(0x1_8000)).unwrap();
    let found: Vec<i32> = packed.elems(&mut store).unwrap().filter_map(|it| it.i32()).collect();
    assert_eq!(found, [0xffff, 0x8000, 0xffff]);
    let vectors = array(&mut store, ValType::V128.into(), Val::V128(V128::from(u128::MAX)), 2);
    vectors.set(&mut store, 0, Val::V128(V128::from(3))).unwrap();
    assert_eq!(vectors.get(&mut store, 1).unwrap().v128(), Some(V128::from(u128::MAX)));
    let hosts = array(&mut store, ValType::EXTERNREF.into(), host.into(), 2);
    hosts.set(&mut store, 0, Val::ExternRef(None)).unwrap();
    let found = hosts.get(&mut store, 1).unwrap().extern_ref().unwrap().unwrap();
    assert!(Rooted::ref_eq(&store, &found, &host).unwrap());
    assert_eq!(array(&mut store, ValType::F32.into(), Val::F32(0), 0).len(&store).unwrap(), 0);

    assert_eq!(message(packed.get(&mut store, 3)), "the array has 3 elements, and no element 3");
    assert_eq!(
        message(packed.set(&mut store, u32::MAX, Val::I32(0))),
        "the array has 3 elements, and no element 4294967295"
    );
    assert_eq!(
        message(packed.set(&mut store, 0, Val::I64(0))),
        "expected a value of type i32, found i64"
    );
    let constant = ArrayType::new(&engine, field(Mutability::Const, ValType::I32));
    let constant = ArrayRefPre::new(&mut store, constant);
    let elements = [Val::I32(1), Val::I32(2)];
    let constant = ArrayRef::new_fixed(&mut store, &constant, &elements).unwrap();
    assert_eq!(constant.get(&mut store, 1).unwrap().i32(), Some(2));
    assert_eq!(
        message(constant.set(&mut store, 0, Val::I32(0))),
        "immutable element cannot be set"
    );
    let bytes = ArrayType::new(&engine, field(Mutability::Var, StorageType::I8));
    let bytes = ArrayRefPre::new(&mut store, bytes);
    assert_eq!(
        message(ArrayRef::new_fixed(&mut store, &bytes, &[Val::I32(1), Val::F32(0)])),
        "expected a value of type i32, found f32"
    );
    let error = ArrayRef::new(&mut store, &bytes, &Val::I32(0), u32::MAX).unwrap_err();
    assert_eq!(error.as_trap(), Some(Trap::AllocationTooLarge));
}

#[test]
fn what_references_lead_to() {
    let mut store = store();
    let object = number(&mut store, 1);
    let array = bytes(&mut store, &[1]);
    let i31 = AnyRef::from_i31(&mut store, I31::new_i32(-5).unwrap());
    let eq_i31 = EqRef::from_i31(&mut store, I31::new_u32(5).unwrap());
    let value = ExternRef::new(&mut store, "value").unwrap();
    let host = AnyRef::convert_extern(&mut store, value).unwrap();
    let all = [object.to_anyref(), array.to_anyref(), i31, eq_i31.to_anyref(), host];
    type Is = fn(&Rooted<AnyRef>, &Store<()>) -> bool;
    let tests: [(Is, [bool; 5]); 5] = [
        (|it, store| it.is_struct(store).unwrap(), [true, false, false, false, false]),
        (|it, store| it.is_array(store).unwrap(), [false, true, false, false, false]),
        (|it, store| it.is_i31(store).unwrap(), [false, false, true, true, false]),
        (|it, store| it.is_eqref(store).unwrap(), [true, true, true, true, false]),
        (|it, store| it.data(store).unwrap().is_some(), [false, false, false, false, true]),
    ];
    for (is, expected) in tests {
        assert_eq!(all.map(|it| is(&it, &store)), expected);
    }
    assert_eq!(all.map(|it| it.as_struct(&store).unwrap().is_some()), tests[0].1);
    assert_eq!(all.map(|it| it.as_array(&store).unwrap().is_some()), tests[1].1);
    assert_eq!(all.map(|it| it.as_i31(&store).unwrap().is_some()), tests[2].1);
    assert_eq!(all.map(|it| it.as_eqref(&store).unwrap().is_some()), tests[3].1);

    assert_eq!(i31.ty(&store).unwrap(), HeapType::I31);
    assert_eq!(host.ty(&store).unwrap(), HeapType::Any);
    let ty = object.ty(&store).unwrap();
    assert_eq!(object.to_eqref().ty(&store).unwrap(), HeapType::from(ty.clone()));
    assert!(object.to_anyref().matches_ty(&store, &ty.clone().into()).unwrap());
    let other = struct_type(store.engine(), &[ValType::I64]);
    assert!(!object.to_anyref().matches_ty(&store, &other.into()).unwrap());
    assert!(!array.to_anyref().matches_ty(&store, &ty.into()).unwrap());
    for (ty, expected) in [
        (HeapType::Any, true),
        (HeapType::Eq, true),
        (HeapType::Struct, true),
        (HeapType::Array, false),
        (HeapType::I31, false),
        (HeapType::None, false),
        (HeapType::Extern, false),
        (HeapType::Func, false),
    ] {
        assert_eq!(object.to_anyref().matches_ty(&store, &ty).unwrap(), expected, "{ty}");
    }
    assert_eq!(eq_i31.as_i31(&store).unwrap().map(|it| it.get_u32()), Some(5));
    assert!(eq_i31.as_struct(&store).unwrap().is_none());
    assert!(array.to_eqref().as_array(&store).unwrap().is_some());

    // Integers are equal by value, objects by identity.
    let (same, equal) =
        (AnyRef::from_i31(&mut store, I31::wrapping_i32(-5)), number(&mut store, 1));
    assert!(Rooted::ref_eq(&store, &i31, &same).unwrap());
    assert!(!Rooted::ref_eq(&store, &object, &equal).unwrap());

    // There and back again.
    let outside = ExternRef::convert_any(&mut store, object.to_anyref()).unwrap();
    assert!(outside.data(&store).unwrap().is_none());
    let inside = AnyRef::convert_extern(&mut store, outside).unwrap();
    assert!(Rooted::ref_eq(&store, &inside, &object.to_anyref()).unwrap());
    let outside = ExternRef::convert_any(&mut store, i31).unwrap();
    assert!(outside.data(&store).unwrap().is_none());
    let back = ExternRef::convert_any(&mut store, host).unwrap();
    assert!(Rooted::ref_eq(&store, &back, &value).unwrap());
    let data = host.data(&store).unwrap().and_then(|data| data.downcast_ref());
    assert_eq!(data, Some(&"value"));
}

#[test]
fn exceptions_with_references() {
    let mut store = store();
    let engine = store.engine().clone();
    let ty = struct_type(&engine, &[ValType::I32]);
    let params = [ValType::V128, nullable(ty), ValType::EXTERNREF, ValType::EXNREF];
    let tag = Tag::new(&mut store, TagType::new(FuncType::new(params, []))).unwrap();
    let object = number(&mut store, 4);
    let value = ExternRef::new(&mut store, "value").unwrap();
    let other = struct_type(&engine, &[ValType::I64]);
    let other = StructRefPre::new(&mut store, other);
    let other = StructRef::new(&mut store, &other, &[Val::I64(1)]).unwrap();
    let vector = Val::V128(V128::from(9 << 70));
    let inner = [vector, Val::AnyRef(None), Val::ExternRef(None), Val::ExnRef(None)];
    let inner = ExnRef::new(&mut store, tag, &inner).unwrap();
    let fields = [vector, object.into(), value.into(), inner.into()];
    let exception = ExnRef::new(&mut store, tag, &fields).unwrap();
    let wrong = [vector, other.into(), value.into(), inner.into()];
    assert!(message(ExnRef::new(&mut store, tag, &wrong)).starts_with("field 1 is to be of type"));
    assert_eq!(message(exception.field(&mut store, 4)), "the exception has no field 4");
    for _ in 0..2 {
        assert_eq!(exception.tag(&store).unwrap(), tag);
        assert_eq!(exception.field(&mut store, 0).unwrap().v128(), Some(V128::from(9 << 70)));
        let found = exception.field(&mut store, 1).unwrap().any_ref().unwrap().unwrap();
        assert!(Rooted::ref_eq(&store, &found, &object.to_anyref()).unwrap());
        let found = exception.field(&mut store, 3).unwrap().exn_ref().unwrap().unwrap();
        assert!(Rooted::ref_eq(&store, &found, &inner).unwrap());
        assert!(found.field(&mut store, 3).unwrap().exn_ref().unwrap().is_none());
        store.gc();
    }
    let outside = exception.exception(&mut store).unwrap();
    let found = outside.fields()[2].extern_ref().unwrap().unwrap();
    assert!(Rooted::ref_eq(&store, &found, &value).unwrap());
}

// What passes the border.

#[test]
fn typed_calls_with_each_reference_type() {
    let mut store = store();
    let text = r#"(module
        (type $f (func (param i32) (result i32)))
        (func (export "extern") (param externref) (result externref) (local.get 0))
        (func (export "any") (param anyref) (result anyref) (local.get 0))
        (func (export "eq") (param eqref) (result eqref) (local.get 0))
        (func (export "struct") (param structref) (result structref) (local.get 0))
        (func (export "array") (param arrayref) (result arrayref) (local.get 0))
        (func (export "exn") (param exnref) (result exnref) (local.get 0))
        (func (export "func") (param funcref) (result funcref) (local.get 0))
        (func (export "extern!") (param (ref extern)) (result (ref extern)) (local.get 0))
        (func (export "any!") (param (ref any)) (result (ref any)) (local.get 0))
        (func (export "eq!") (param (ref eq)) (result (ref eq)) (local.get 0))
        (func (export "struct!") (param (ref struct)) (result (ref struct)) (local.get 0))
        (func (export "array!") (param (ref array)) (result (ref array)) (local.get 0))
        (func (export "exn!") (param (ref exn)) (result (ref exn)) (local.get 0))
        (func (export "func!") (param (ref func)) (result (ref func)) (local.get 0))
        (func (export "wide") (param anyref) (result (ref i31)) (ref.i31 (i32.const 3)))
        (func (export "narrow") (param (ref null $f)) (result anyref) (ref.null any)))"#;
    let instance = instance(&mut store, text);
    let tag = Tag::new(&mut store, TagType::new(FuncType::new([], []))).unwrap();
    let host = ExternRef::new(&mut store, 1).unwrap();
    let object = number(&mut store, 1);
    let array = bytes(&mut store, &[1]);
    let exception = ExnRef::new(&mut store, tag, &[]).unwrap();
    macro_rules! check {
        ($($name:literal $non_null:literal: $ty:ty = $value:expr;)*) => {$({
            let value: $ty = $value;
            type Nullable = Option<$ty>;
            let func = instance.get_typed_func::<Nullable, Nullable>(&mut store, $name).unwrap();
            assert!(func.call(&mut store, None).unwrap().is_none());
            let found = func.call(&mut store, Some(value)).unwrap().unwrap();
            assert!(Rooted::ref_eq(&store, &found, &value).unwrap(), $name);
            let func = instance.get_typed_func::<$ty, $ty>(&mut store, $non_null).unwrap();
            let found = func.call(&mut store, value).unwrap();
            assert!(Rooted::ref_eq(&store, &found, &value).unwrap(), $name);
            // A reference is non-null or may be null, whichever is more special: never the other way.
            assert!(instance.get_typed_func::<$ty, Nullable>(&mut store, $name).is_ok());
            assert!(instance.get_typed_func::<$ty, Nullable>(&mut store, $non_null).is_ok());
            assert!(instance.get_typed_func::<$ty, $ty>(&mut store, $name).is_err());
            assert!(instance.get_typed_func::<Nullable, Nullable>(&mut store, $non_null).is_err());
        })*};
    }
    check! {
        "extern" "extern!": Rooted<ExternRef> = host;
        "any" "any!": Rooted<AnyRef> = array.to_anyref();
        "eq" "eq!": Rooted<EqRef> = object.to_eqref();
        "struct" "struct!": Rooted<StructRef> = object;
        "array" "array!": Rooted<ArrayRef> = array;
        "exn" "exn!": Rooted<ExnRef> = exception;
    }
    let func = instance.get_func(&mut store, "narrow").unwrap();
    let typed = instance.get_typed_func::<Func, Func>(&mut store, "func!").unwrap();
    assert_eq!(typed.call(&mut store, func).unwrap(), func);
    let typed = instance.get_typed_func::<Option<Func>, Option<Func>>(&mut store, "func").unwrap();
    assert_eq!(typed.call(&mut store, None).unwrap(), None);
    assert_eq!(typed.call(&mut store, Some(func)).unwrap(), Some(func));
    assert!(instance.get_typed_func::<Func, Func>(&mut store, "func").is_err());

    // Parameters may be more special than the function wants, results more general.
    let wide =
        instance.get_typed_func::<Rooted<StructRef>, Option<Rooted<EqRef>>>(&mut store, "wide");
    let found = wide.unwrap().call(&mut store, object).unwrap().unwrap();
    assert_eq!(found.as_i31(&store).unwrap().map(|it| it.get_i32()), Some(3));
    let wide =
        instance.get_typed_func::<Option<Rooted<ArrayRef>>, Rooted<AnyRef>>(&mut store, "wide");
    assert!(wide.unwrap().call(&mut store, None).is_ok());
    assert!(instance.get_typed_func::<Option<Func>, Rooted<AnyRef>>(&mut store, "wide").is_err());
    let narrow =
        instance.get_typed_func::<Option<Func>, Option<Rooted<AnyRef>>>(&mut store, "narrow");
    assert!(message(narrow).contains("type mismatch: expected function"));
}

/// Values are checked against concrete types wherever they pass into the store.
#[test]
fn values_are_checked_by_concrete_types() {
    let mut store = store();
    let engine = store.engine().clone();
    let text = r#"(module
        (type $s (sub (struct (field (mut i32)))))
        (type $sub (sub $s (struct (field (mut i32)) (field i64))))
        (type $f (sub (func (result i32))))
        (type $g (sub final $f (func (result i32))))
        (type $other (func (result i64)))
        (global (export "global") (mut (ref null $s)) (ref.null $s))
        (global (export "func-global") (mut (ref null $f)) (ref.null $f))
        (table (export "table") 2 (ref null $s))
        (table (export "func-table") 2 (ref null $f))
        (table (export "subtable") 2 (ref null $sub))
        (table (export "any-table") 2 anyref)
        (tag (export "tag") (param (ref null $s)))
        (func (export "f") (type $f) (i32.const 1))
        (func (export "g") (type $g) (i32.const 2))
        (func (export "other") (type $other) (i64.const 2))
        (func (export "s") (result anyref) (struct.new $s (i32.const 5)))
        (func (export "sub") (result anyref) (struct.new $sub (i32.const 6) (i64.const 1)))
        (func (export "get") (param (ref null $s)) (result i32) (struct.get $s 0 (local.get 0)))
        (func (export "get!") (param (ref $s)) (result i32) (struct.get $s 0 (local.get 0)))
        (func (export "call") (param (ref null $f)) (result i32) (call_ref $f (local.get 0))))"#;
    let instance = instance(&mut store, text);
    let mut make = |name| {
        let make = instance.get_typed_func::<(), Option<Rooted<AnyRef>>>(&mut store, name).unwrap();
        make.call(&mut store, ()).unwrap().unwrap()
    };
    let (s, sub) = (make("s"), make("sub"));
    // A structure of the same shape, but final; and nothing of the kind.
    let same_shape = number(&mut store, 7).to_anyref();
    let array = bytes(&mut store, &[1]).to_anyref();
    let i31 = AnyRef::from_i31(&mut store, I31::default());
    let refused = [same_shape, array, i31];

    for (name, null) in [("get", true), ("get!", false)] {
        let get = instance.get_func(&mut store, name).unwrap();
        let mut call = |param: Val| {
            let mut results = [Val::I32(0)];
            get.call(&mut store, &[param], &mut results).map(|()| results[0].i32().unwrap())
        };
        assert_eq!(call(s.into()).unwrap(), 5);
        assert_eq!(call(sub.into()).unwrap(), 6);
        for refused in refused {
            let message = message(call(refused.into()));
            assert!(message.starts_with("parameter 0 is to be of type"), "{message}");
        }
        assert!(call(Val::FuncRef(None)).is_err() && call(Val::ExternRef(None)).is_err());
        let error = call(Val::AnyRef(None)).unwrap_err();
        assert_eq!(error.as_trap(), null.then_some(Trap::NullReference));
    }

    let global = instance.get_global(&mut store, "global").unwrap();
    global.set(&mut store, sub.into()).unwrap();
    for refused in refused {
        assert!(global.set(&mut store, refused.into()).is_err());
    }
    let found = global.get(&mut store).any_ref().unwrap().unwrap();
    assert!(Rooted::ref_eq(&store, &found, &sub).unwrap(), "as before what was refused");
    let ty = global.ty(&store);
    assert!(Global::new(&mut store, ty, same_shape.into()).is_err());
    assert!(Global::new(&mut store, ty, s.into()).is_ok());

    let table = instance.get_table(&mut store, "table").unwrap();
    table.set(&mut store, 0, sub.into()).unwrap();
    table.fill(&mut store, 0, Ref::Any(None), 2).unwrap();
    assert_eq!(table.grow(&mut store, 1, s.into()).unwrap(), 2);
    for refused in refused {
        assert!(table.set(&mut store, 0, refused.into()).is_err());
        assert!(table.grow(&mut store, 1, refused.into()).is_err());
    }
    assert_eq!(table.size(&store), 3);
    let subtable = instance.get_table(&mut store, "subtable").unwrap();
    assert!(subtable.set(&mut store, 0, s.into()).is_err());
    subtable.set(&mut store, 0, sub.into()).unwrap();
    Table::copy(&mut store, &table, 1, &subtable, 0, 1).unwrap();
    assert!(Table::copy(&mut store, &subtable, 1, &table, 0, 1).is_err());
    let found = table.get(&mut store, 1).unwrap().as_any().unwrap();
    assert!(Rooted::ref_eq(&store, &found, &sub).unwrap());

    let tag = instance.get_tag(&mut store, "tag").unwrap();
    assert!(Exception::new(&mut store, tag, &[sub.into()]).is_ok());
    assert!(Exception::new(&mut store, tag, &[same_shape.into()]).is_err());

    // Functions have concrete types, too.
    let [f, g, other] =
        ["f", "g", "other"].map(|name| instance.get_func(&mut store, name).unwrap());
    let host = Func::wrap(&mut store, || 3);
    let call = instance.get_func(&mut store, "call").unwrap();
    let mut results = [Val::I32(0)];
    call.call(&mut store, &[f.into()], &mut results).unwrap();
    call.call(&mut store, &[g.into()], &mut results).unwrap();
    assert_eq!(results[0].i32(), Some(2));
    let func_global = instance.get_global(&mut store, "func-global").unwrap();
    let func_table = instance.get_table(&mut store, "func-table").unwrap();
    func_global.set(&mut store, g.into()).unwrap();
    func_table.set(&mut store, 1, g.into()).unwrap();
    // That of a host function is final, and so no other one's subtype.
    for refused in [other, host] {
        assert!(call.call(&mut store, &[refused.into()], &mut results).is_err());
        assert!(func_global.set(&mut store, refused.into()).is_err());
        assert!(func_table.set(&mut store, 0, refused.into()).is_err());
    }
    assert_eq!(engine.func_type(f.ty(&store).concrete(&engine)), Some(f.ty(&store)));
}

#[test]
fn types_of_all_modules_of_an_engine_are_the_same() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let text = |before: &str| {
        format!(
            r#"(module {before}
            (type $s (struct (field i32) (field (mut i8))))
            (type $a (array (mut (ref null $s))))
            (type $f (func (param (ref $s)) (result (ref null $a))))
            (rec (type $r (sub (struct (field (ref null $r))))))
            (func (export "s") (result (ref $s)) (struct.new $s (i32.const 1) (i32.const 2)))
            (func (export "a") (result (ref $a)) (array.new_default $a (i32.const 4)))
            (func (export "f") (type $f) (ref.null $a))
            (func (export "r") (result (ref $r)) (struct.new $r (ref.null $r)))
            (global (export "g") (ref null $f) (ref.null $f)))"#
        )
    };
    let modules = [
        module(&engine, &text("")),
        module(&engine, &text("(type (func (param i64))) (type (struct (field f32)))")),
    ];
    let instances = [&modules[0], &modules[1]].map(|module| Instance::new(&mut store, module, &[]));
    let [first, second] = instances.map(Result::unwrap);
    assert_ne!(modules[0].exports().count(), 0);
    for (a, b) in modules[0].exports().zip(modules[1].exports()) {
        assert_eq!(a.ty(), b.ty(), "{}", a.name());
    }

    // And those that the embedder makes.
    let fields = [field(Mutability::Const, ValType::I32), field(Mutability::Var, StorageType::I8)];
    let s = StructType::new(&engine, fields).unwrap();
    let a = ArrayType::new(&engine, field(Mutability::Var, nullable(s.clone())));
    let f = FuncType::new([non_null(s.clone())], [nullable(a.clone())]);
    let mut call = |name: &str, instance: &Instance| {
        let func = instance.get_func(&mut store, name).unwrap();
        let mut results = [Val::I32(0)];
        func.call(&mut store, &[], &mut results).unwrap();
        results[0].any_ref().unwrap().unwrap()
    };
    let all = [&first, &second].map(|instance| ["s", "a", "r"].map(|name| call(name, instance)));
    for [found_s, found_a, _] in all {
        assert_eq!(found_s.as_struct(&store).unwrap().unwrap().ty(&store).unwrap(), s);
        assert_eq!(found_a.as_array(&store).unwrap().unwrap().ty(&store).unwrap(), a);
    }
    assert_eq!(all[0][2].ty(&store).unwrap(), all[1][2].ty(&store).unwrap(), "recursive ones");
    let func = first.get_func(&mut store, "f").unwrap();
    assert_eq!(func.ty(&store), f);
    let ExternType::Global(global) = modules[1].get_export("g").unwrap() else { panic!() };
    let expected = f.concrete(&engine);
    assert_eq!(global.content(), nullable(HeapType::Concrete(expected)));

    // Both ways between a type and its place in the engine.
    assert_eq!(engine.struct_type(s.concrete()), Some(s.clone()));
    assert_eq!(engine.array_type(a.concrete()), Some(a.clone()));
    assert_eq!(engine.func_type(expected), Some(f.clone()));
    assert_eq!(engine.struct_type(a.concrete()), None);
    assert_eq!(engine.array_type(expected), None);
    assert_eq!(engine.func_type(s.concrete()), None);
    assert_eq!(s.concrete().kind(), CompositeKind::Struct);
    assert_eq!(expected.kind(), CompositeKind::Func);
    let recursive = all[0][2].ty(&store).unwrap().as_concrete().unwrap();
    let recursive = engine.struct_type(recursive).unwrap();
    let inner = recursive.field(0).unwrap().element_type().as_val_type().unwrap();
    assert_eq!(inner, nullable(recursive.clone()), "it refers to itself");
    assert!(recursive.field(1).is_none());
    assert_eq!(f.to_string(), format!("((ref {})) -> ((ref null {}))", s.concrete(), a.concrete()));
}

#[test]
fn objects_go_from_instance_to_instance() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let types = "(type $s (sub (struct (field $x i32))))
        (type $t (sub $s (struct (field i32) (field v128))))";
    let maker = format!(
        r#"(module {types}
            (func (export "make") (param i32) (result (ref $s))
                (if (i32.eqz (local.get 0)) (then (return (struct.new $s (i32.const 1)))))
                (struct.new $t (i32.const 2) (v128.const i64x2 3 4))))"#
    );
    let maker = instance(&mut store, &maker);
    // This one has other types before, so that indices differ; and the first type differs in name.
    let user = format!(
        r#"(module (type (struct)) (type (func (param f32))) {types}
            (type $like (sub (struct (field i32))))
            (rec (type $rec (sub (struct (field i32)))) (type (struct)))
            (import "maker" "make" (func $make (param i32) (result (ref $s))))
            (func (export "x") (param i32) (result i32) (struct.get $s $x (call $make (local.get 0))))
            (func (export "is") (param i32) (result i32 i32 i32)
                (ref.test (ref $t) (call $make (local.get 0)))
                (ref.test (ref $like) (call $make (local.get 0)))
                (ref.test (ref $rec) (call $make (local.get 0)))))"#
    );
    let mut linker = Linker::new(&engine);
    linker.instance(&mut store, "maker", maker).unwrap();
    let user = linker.instantiate(&mut store, &module(&engine, &user)).unwrap();
    let x = user.get_typed_func::<i32, i32>(&mut store, "x").unwrap();
    assert_eq!(x.call(&mut store, 0).unwrap(), 1);
    assert_eq!(x.call(&mut store, 1).unwrap(), 2);
    let is = user.get_typed_func::<i32, (i32, i32, i32)>(&mut store, "is").unwrap();
    assert_eq!(is.call(&mut store, 0).unwrap(), (0, 1, 0));
    assert_eq!(is.call(&mut store, 1).unwrap(), (1, 1, 0));
}

#[test]
fn imports_match_by_subtyping() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let types = "(type $f (sub (func (result anyref))))
        (type $g (sub $f (func (result eqref))))
        (type $s (sub (struct (field i32))))
        (type $t (sub $s (struct (field i32 i32))))
        (rec (type $r (sub (func))) (type $q (struct)))";
    let exporter = format!(
        r#"(module {types}
            (func (export "f") (type $f) (ref.null any))
            (func (export "g") (type $g) (ref.null eq))
            (func (export "r") (type $r))
            (global (export "const") (ref $t) (struct.new_default $t))
            (global (export "var") (mut (ref null $t)) (ref.null $t))
            (table (export "table") 1 (ref null $t))
            (tag (export "tag") (param (ref null $t))))"#
    );
    let exporter = instance(&mut store, &exporter);
    let mut linker = Linker::new(&engine);
    linker.instance(&mut store, "e", exporter).unwrap();
    let mut import = |import: &str| {
        let text = format!(
            "(module {types} (type $alone (sub (func)))
                (type $final (func (result anyref))) (import \"e\" {import}))"
        );
        message(linker.instantiate(&mut store, &module(&engine, &text)))
    };
    for accepted in [
        r#""f" (func (type $f))"#,
        r#""g" (func (type $f))"#,
        r#""g" (func (type $g))"#,
        r#""r" (func (type $r))"#,
        r#""const" (global (ref $t))"#,
        r#""const" (global (ref null $s))"#,
        r#""const" (global anyref)"#,
        r#""var" (global (mut (ref null $t)))"#,
        r#""table" (table 1 (ref null $t))"#,
        r#""tag" (tag (param (ref null $t)))"#,
    ] {
        assert_eq!(import(accepted), "no error", "{accepted}");
    }
    for refused in [
        r#""f" (func (type $g))"#,
        r#""f" (func (type $final))"#,
        r#""r" (func (type $alone))"#,
        r#""r" (func)"#,
        r#""const" (global (ref i31))"#,
        r#""const" (global (mut (ref $t)))"#,
        r#""var" (global (ref null $t))"#,
        r#""var" (global (mut (ref null $s)))"#,
        r#""table" (table 1 (ref null $s))"#,
        r#""table" (table 1 anyref)"#,
        r#""tag" (tag (param (ref null $s)))"#,
    ] {
        let message = import(refused);
        assert!(message.starts_with("incompatible import type for \"e\""), "{refused}: {message}");
    }
    // Functions of the host are checked in the same way.
    let text = r#"(module (import "host" "f" (func (param structref) (result (ref eq)))))"#;
    let imports = module(&engine, text);
    let exact = Func::wrap(&mut store, |it: Option<Rooted<StructRef>>| {
        it.map(|it| it.to_eqref()).ok_or_else(|| Error::msg("null"))
    });
    assert!(Instance::new(&mut store, &imports, &[exact.into()]).is_ok());
    let other = Func::wrap(&mut store, |it: Option<Rooted<StructRef>>| it);
    assert!(Instance::new(&mut store, &imports, &[other.into()]).is_err());
}

/// A module's proposals decide what it may use, not what the store has.
#[test]
fn without_the_proposal_there_are_no_objects() {
    let mut config = Config::new();
    config.wasm_gc(false);
    let engine = Engine::new(&config).unwrap();
    for text in [
        "(module (type (struct)))",
        "(module (type (array i8)))",
        "(module (func (param anyref)))",
        "(module (func (drop (ref.i31 (i32.const 1)))))",
        "(module (type (sub (func))))",
    ] {
        assert!(Module::new(&engine, &wat::parse_str(text).unwrap()).is_err(), "{text}");
    }
    let functions = "(module (type $f (func)) (func (param (ref $f)) (call_ref $f (local.get 0))))";
    assert!(Module::new(&engine, &wat::parse_str(functions).unwrap()).is_ok());
    config.wasm_function_references(false);
    let engine = Engine::new(&config).unwrap();
    assert!(Module::new(&engine, &wat::parse_str(functions).unwrap()).is_err());
}
