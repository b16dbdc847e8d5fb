//! Two engines in one program: what belongs to one is refused by the other. Types are numbers, and
//! the same number is another type there; taken for it, it would confuse references of guests.

use std::panic::{AssertUnwindSafe, catch_unwind};

use fulmar::{
    AnyRef, ArrayRef, ArrayRefPre, ArrayType, Engine, FieldType, Func, FuncType, Global,
    GlobalType, HeapType, Linker, Mutability, Ref, RefType, Rooted, StorageType, Store, StructRef,
    StructRefPre, StructType, Table, TableType, Tag, TagType, Val, ValType,
};

/// Whether `run` panics because of a type or linker of another engine.
fn is_refused<R>(run: impl FnOnce() -> R) -> bool {
    let Err(panic) = catch_unwind(AssertUnwindSafe(run)) else { return false };
    let message = panic.downcast_ref::<&str>().map(|it| (*it).to_owned());
    let message = message.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap();
    let of_type = message == "type used with an engine that it does not belong to";
    of_type || message == "linker and store belong to different engines"
}

fn field(ty: impl Into<StorageType>) -> FieldType {
    FieldType::new(Mutability::Var, ty)
}

/// Two engines in which the same number is a structure of references here and of integers there.
#[test]
fn structures_and_arrays_of_another_engine() {
    let (ours, theirs) = (Engine::default(), Engine::default());
    let reference = StructType::new(&ours, [field(ValType::ANYREF); 2]).unwrap();
    let number = StructType::new(&theirs, [field(ValType::I32); 2]).unwrap();
    assert_eq!(format!("{:?}", reference.concrete()), format!("{:?}", number.concrete()));
    let bytes = ArrayType::new(&ours, field(StorageType::I8));
    let wide = ArrayType::new(&theirs, field(ValType::V128));
    let (mut here, mut there) = (Store::new(&ours, ()), Store::new(&theirs, ()));
    let numbers = StructRefPre::new(&mut there, number.clone());
    let vectors = ArrayRefPre::new(&mut there, wide.clone());
    assert!(is_refused(|| StructRefPre::new(&mut here, number.clone())));
    assert!(is_refused(|| ArrayRefPre::new(&mut here, wide.clone())));
    // An integer in place of a reference, and 16 bytes in place of one.
    let fields = [Val::I32(2), Val::I32(4)];
    assert!(is_refused(|| StructRef::new(&mut here, &numbers, &fields)));
    let element = Val::V128(7.into());
    assert!(is_refused(|| ArrayRef::new(&mut here, &vectors, &element, 1000)));
    assert_eq!(here.gc_heap_bytes(), 0);
    let references = StructRefPre::new(&mut here, reference);
    let null = [Val::AnyRef(None), Val::AnyRef(None)];
    let object = StructRef::new(&mut here, &references, &null).unwrap();
    assert!(object.field(&mut here, 1).unwrap().any_ref().unwrap().is_none());
    let bytes = ArrayRefPre::new(&mut here, bytes);
    assert_eq!(ArrayRef::new(&mut here, &bytes, &Val::I32(1), 9).unwrap().len(&here).unwrap(), 9);
}

/// The first type is a structure for one engine and a function for the other: a table of the one would
/// be none whose elements the collector looks at.
#[test]
fn concrete_types_of_another_engine() {
    let (ours, theirs) = (Engine::default(), Engine::default());
    let structure = StructType::new(&ours, [field(ValType::I32)]).unwrap();
    let function = FuncType::new([], []).concrete(&theirs);
    let foreign = RefType::new(true, HeapType::Concrete(function));
    let own = RefType::new(true, HeapType::Concrete(structure.concrete()));
    let mut store = Store::new(&ours, ());
    assert!(is_refused(|| Table::new(
        &mut store,
        TableType::new(foreign, 1, None),
        Ref::Func(None)
    )));
    let ty = GlobalType::new(ValType::Ref(foreign), Mutability::Var);
    assert!(is_refused(|| Global::new(&mut store, ty, Val::FuncRef(None))));
    let ty = FuncType::new([ValType::Ref(foreign)], []);
    assert!(is_refused(|| Func::new(&mut store, ty.clone(), |_, _, _| Ok(()))));
    assert!(is_refused(|| ty.concrete(&ours)));
    assert!(is_refused(|| Tag::new(&mut store, TagType::new(ty.clone()))));
    assert!(is_refused(|| StructType::new(&ours, [field(ValType::Ref(foreign))])));
    assert!(is_refused(|| ArrayType::new(&ours, field(ValType::Ref(foreign)))));
    let mut linker = Linker::<()>::new(&ours);
    assert!(is_refused(|| linker.func_new("m", "f", ty.clone(), |_, _, _| Ok(())).map(drop)));

    Table::new(&mut store, TableType::new(own, 1, None), Ref::Any(None)).unwrap();
    let ty = GlobalType::new(ValType::Ref(own), Mutability::Var);
    Global::new(&mut store, ty, Val::AnyRef(None)).unwrap();
    Func::new(&mut store, FuncType::new([ValType::Ref(own)], []), |_, _, _| Ok(()));
}

/// A host function has its type from its linker's engine.
#[test]
fn host_functions_of_a_linker_of_another_engine() {
    let (ours, theirs) = (Engine::default(), Engine::default());
    FuncType::new([ValType::I64], [ValType::ANYREF]).concrete(&ours);
    let mut linker = Linker::<()>::new(&theirs);
    linker.func_wrap("m", "f", |it: Option<Rooted<AnyRef>>| it).unwrap();
    let mut store = Store::new(&ours, ());
    assert!(is_refused(|| linker.get(&mut store, "m", "f")));
    assert!(linker.get(&mut Store::new(&theirs, ()), "m", "f").is_some());
}
