//! Structures, arrays, exceptions, and what references lead to.

use super::{bytes, field, message, non_null, nullable, number, store, struct_type};
use fulmar::{
    AnyRef, ArrayRef, ArrayRefPre, ArrayType, EqRef, ExnRef, ExternRef, Func, FuncType, HeapType,
    I31, Mutability, Rooted, StorageType, Store, StructRef, StructRefPre, StructType, Tag, TagType,
    Trap, V128, Val, ValType,
};

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
