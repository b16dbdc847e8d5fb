//! Scopes and owners: how long references are good for, and what keeps objects.

use super::{FOREIGN, UNROOTED, bytes, field, message, non_null, number, store, struct_type};
use crate::counted::Drops;
use fulmar::{
    AnyRef, ArrayRef, ArrayRefPre, ArrayType, AsContext, AsContextMut, Exception, ExnRef,
    ExternRef, Func, FuncType, Global, GlobalType, HeapType, I31, Mutability, OwnedRooted, Ref,
    RefType, RootScope, Rooted, Store, StructRef, StructRefPre, Table, TableType, Tag, TagType,
    Val, ValType,
};
use std::panic::{AssertUnwindSafe, catch_unwind};

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
