//! Memories, tables and globals, from the host and shared with a guest.

use fulmar::{
    Engine, ExternRef, Func, Global, GlobalType, Instance, Memory, MemoryType, Module, Mutability,
    Ref, RefType, Store, Table, TableType, Trap, V128, Val, ValType,
};

fn instance(store: &mut Store<()>, text: &str) -> Instance {
    let module = Module::new(store.engine(), &wat::parse_str(text).unwrap()).unwrap();
    Instance::new(store, &module, &[]).unwrap()
}

const PAGE: usize = 1 << 16;

#[test]
fn memory_access_is_bounded() {
    let mut store = Store::new(&Engine::default(), ());
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    memory.write(&mut store, PAGE - 2, b"ab").unwrap();
    let mut buffer = [0; 2];
    memory.read(&store, PAGE - 2, &mut buffer).unwrap();
    assert_eq!(&buffer, b"ab");
    for offset in [PAGE - 1, PAGE, PAGE + 1, usize::MAX - 1, usize::MAX] {
        let error = memory.write(&mut store, offset, b"xy").unwrap_err();
        assert_eq!(error.to_string(), "out of bounds memory access");
        assert!(memory.read(&store, offset, &mut buffer).is_err());
    }
    assert_eq!(&memory.data(&store)[PAGE - 2..], b"ab", "a refused write writes nothing");
    memory.read(&store, PAGE, &mut []).unwrap();
    assert!(memory.read(&store, PAGE + 1, &mut []).is_err());
}

#[test]
fn memory_and_data_are_borrowed_together() {
    let mut store = Store::new(&Engine::default(), vec![1, 2, 3]);
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    let (bytes, data) = memory.data_and_store_mut(&mut store);
    bytes[..3].copy_from_slice(data);
    data.clear();
    memory.data_mut(&mut store)[3] = 4;
    assert_eq!(memory.data(&store)[..5], [1, 2, 3, 4, 0]);
    assert!(store.data().is_empty());
}

#[test]
fn guest_and_host_see_one_memory() {
    let mut store = Store::new(&Engine::default(), ());
    let text = r#"(module (memory (export "m") 1 4)
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
        (func (export "size") (result i32) (memory.size))
        (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
        (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1))))"#;
    let instance = instance(&mut store, text);
    let memory = instance.get_memory(&mut store, "m").unwrap();
    let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow").unwrap();
    let size = instance.get_typed_func::<(), i32>(&mut store, "size").unwrap();
    let load = instance.get_typed_func::<u32, u32>(&mut store, "load").unwrap();
    let put = instance.get_typed_func::<(u32, u32), ()>(&mut store, "store").unwrap();

    assert_eq!(memory.ty(&store), MemoryType::new(1, Some(4)));
    assert_eq!(grow.call(&mut store, 1).unwrap(), 1);
    assert_eq!((memory.size(&store), memory.data_size(&store)), (2, 2 * PAGE));
    assert_eq!(memory.grow(&mut store, 1).unwrap(), 2);
    assert_eq!(size.call(&mut store, ()).unwrap(), 3);
    assert_eq!(grow.call(&mut store, 2).unwrap(), -1);
    assert!(memory.grow(&mut store, 2).is_err());
    assert_eq!(memory.grow(&mut store, 0).unwrap(), 3);

    let last = 3 * PAGE as u32 - 1;
    put.call(&mut store, (last, 200)).unwrap();
    assert_eq!(memory.data(&store)[last as usize], 200);
    memory.data_mut(&mut store)[7] = 9;
    assert_eq!(load.call(&mut store, 7).unwrap(), 9);
    let error = load.call(&mut store, last + 1).unwrap_err();
    assert_eq!(error.as_trap(), Some(Trap::MemoryOutOfBounds));
}

#[test]
fn contradictory_or_impossible_types_are_errors() {
    let mut store = Store::new(&Engine::default(), ());
    assert!(Memory::new(&mut store, MemoryType::new(2, Some(1))).is_err());
    assert!(Memory::new(&mut store, MemoryType::new(65_537, None)).is_err());
    let ty = TableType::new(RefType::FUNCREF, 2, Some(1));
    assert!(Table::new(&mut store, ty, Ref::Func(None)).is_err());
    let ty = TableType::new(RefType::FUNCREF, u32::MAX, None);
    assert!(Table::new(&mut store, ty, Ref::Func(None)).is_err());
    let ty = TableType::new(RefType::FUNCREF, 1, None);
    let error = Table::new(&mut store, ty, Ref::Extern(None)).unwrap_err();
    assert_eq!(error.to_string(), "value does not match the table's element type");
    let ty = GlobalType::new(ValType::I32, Mutability::Var);
    let error = Global::new(&mut store, ty, Val::I64(1)).unwrap_err();
    assert_eq!(error.to_string(), "expected a value of type i32, found i64");
}

#[test]
fn tables_hold_references() {
    let mut store = Store::new(&Engine::default(), ());
    let ty = TableType::new(RefType::EXTERNREF, 2, Some(6));
    let table = Table::new(&mut store, ty, Ref::Extern(None)).unwrap();
    let value = ExternRef::new(&mut store, 17_u8).unwrap();
    table.set(&mut store, 1, value.into()).unwrap();
    assert!(table.get(&mut store, 0).unwrap().is_null());
    let element = table.get(&mut store, 1).unwrap().as_extern().unwrap();
    assert_eq!(element.data(&store).unwrap().unwrap().downcast_ref(), Some(&17_u8));
    assert!(table.get(&mut store, 2).is_none());
    assert!(table.get(&mut store, u64::MAX).is_none());
    assert!(table.set(&mut store, 2, Ref::Extern(None)).is_err());
    assert!(table.set(&mut store, 0, Ref::Func(None)).is_err());

    assert_eq!(table.grow(&mut store, 3, value.into()).unwrap(), 2);
    assert!(table.grow(&mut store, 2, Ref::Extern(None)).is_err());
    assert_eq!((table.size(&store), table.ty(&store).minimum()), (5, 5));
    table.fill(&mut store, 3, Ref::Extern(None), 2).unwrap();
    let error = table.fill(&mut store, 4, Ref::Extern(None), 2).unwrap_err();
    assert_eq!(error.as_trap(), Some(Trap::TableOutOfBounds));
    let nulls = |store: &mut Store<()>| -> Vec<bool> {
        (0..5).map(|index| table.get(&mut *store, index).unwrap().is_null()).collect()
    };
    assert_eq!(nulls(&mut store), [true, false, false, true, true]);

    Table::copy(&mut store, &table, 2, &table, 1, 3).unwrap();
    assert_eq!(
        nulls(&mut store),
        [true, false, false, false, true],
        "overlapping ranges are copied as a whole"
    );
    assert!(Table::copy(&mut store, &table, 3, &table, 1, 3).is_err());
    assert!(Table::copy(&mut store, &table, 0, &table, u64::MAX, 2).is_err());
}

#[test]
fn guests_call_what_the_host_puts_into_a_table() {
    let mut store = Store::new(&Engine::default(), ());
    let text = r#"(module (table (export "t") 3 funcref) (type $f (func (param i32) (result i32)))
        (func (export "call") (param i32 i32) (result i32)
            (call_indirect (type $f) (local.get 1) (local.get 0))))"#;
    let instance = instance(&mut store, text);
    let table = instance.get_table(&mut store, "t").unwrap();
    let call = instance.get_typed_func::<(i32, i32), i32>(&mut store, "call").unwrap();
    let double = Func::wrap(&mut store, |value: i32| value * 2);
    let other = Func::wrap(&mut store, |value: i64| value);
    table.set(&mut store, 0, double.into()).unwrap();
    table.set(&mut store, 1, other.into()).unwrap();
    assert_eq!(call.call(&mut store, (0, 21)).unwrap(), 42);
    let trap = |store: &mut Store<()>, index| call.call(store, (index, 1)).unwrap_err().as_trap();
    assert_eq!(trap(&mut store, 1), Some(Trap::BadSignature));
    assert_eq!(trap(&mut store, 2), Some(Trap::IndirectCallToNull));
    assert_eq!(trap(&mut store, 3), Some(Trap::UndefinedElement));
}

#[test]
fn globals_hold_every_type() {
    let mut store = Store::new(&Engine::default(), ());
    let vector = V128::from(u128::MAX / 3);
    let func = Func::wrap(&mut store, || ());
    let nan = 0x7ff4_0000_0000_1234;
    let vals = [
        Val::I32(-5),
        Val::I64(i64::MIN),
        Val::F32(0x7fa0_0001),
        Val::F64(nan),
        Val::V128(vector),
        func.into(),
    ];
    for val in vals {
        let global =
            Global::new(&mut store, GlobalType::new(val.ty(), Mutability::Var), val).unwrap();
        let read = global.get(&mut store);
        assert_eq!(format!("{read:?}"), format!("{val:?}"));
        global.set(&mut store, Val::default_for_ty(val.ty()).unwrap()).unwrap();
    }
    let ty = GlobalType::new(ValType::I32, Mutability::Const);
    let constant = Global::new(&mut store, ty, Val::I32(1)).unwrap();
    assert!(constant.set(&mut store, Val::I32(2)).is_err());
    assert_eq!(constant.get(&mut store).i32(), Some(1));
}

#[test]
fn guest_and_host_see_one_global() {
    let mut store = Store::new(&Engine::default(), ());
    let text = r#"(module (global $g (export "g") (mut v128) (v128.const i64x2 1 2))
        (func (export "swap") (global.set $g
            (i64x2.replace_lane 0 (global.get $g) (i64.const 9)))))"#;
    let instance = instance(&mut store, text);
    let global = instance.get_global(&mut store, "g").unwrap();
    assert_eq!(global.get(&mut store).v128(), Some(V128::from(2 << 64 | 1)));
    global.set(&mut store, Val::V128(V128::from(5 << 64))).unwrap();
    let swap = instance.get_typed_func::<(), ()>(&mut store, "swap").unwrap();
    swap.call(&mut store, ()).unwrap();
    assert_eq!(global.get(&mut store).v128(), Some(V128::from(5 << 64 | 9)));
}
