//! Memories and tables of the host with 64-bit addresses or pages of one byte, imported by modules.

use fulmar::{
    Config, Engine, Error, ExternType, Instance, Linker, Memory, MemoryType, Module, Ref, RefType,
    Store, Table, TableType,
};

fn instantiate(
    store: &mut Store<()>,
    linker: &Linker<()>,
    text: &str,
) -> Result<(Module, Instance), Error> {
    let module = Module::new(store.engine(), &wat::parse_str(text).unwrap())?;
    let instance = linker.instantiate(store, &module)?;
    Ok((module, instance))
}

#[test]
fn wide_memories_and_tables_are_imported_as_such() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let memory = Memory::new(&mut store, MemoryType::new64(1, Some(1 << 40))).unwrap();
    let ty = TableType::new64(RefType::FUNCREF, 3, None);
    let table = Table::new(&mut store, ty, Ref::Func(None)).unwrap();
    let mut linker = Linker::new(&engine);
    linker.define(&store, "host", "memory", memory).unwrap();
    linker.define(&store, "host", "table", table).unwrap();
    let text = r#"(module
        (import "host" "memory" (memory i64 1 0x100_0000_0000))
        (import "host" "table" (table i64 1 funcref))
        (elem (i64.const 2) func $grow)
        (data (i64.const 0xfffe) "hi")
        (func $grow (export "grow") (param i64) (result i64) (memory.grow (local.get 0))))"#;
    let (module, instance) = instantiate(&mut store, &linker, text).unwrap();
    let types: Vec<_> = module.imports().map(|import| import.ty().clone()).collect();
    assert!(matches!(&types[0], ExternType::Memory(ty) if ty.is_64()));
    assert!(matches!(&types[1], ExternType::Table(ty) if ty.is_64()));
    assert_eq!(&memory.data(&store)[0xfffe..], b"hi");
    assert!(table.get(&mut store, 2).is_some_and(|element| !element.is_null()));
    let grow = instance.get_typed_func::<i64, i64>(&mut store, "grow").unwrap();
    assert_eq!(grow.call(&mut store, 2).unwrap(), 1);
    assert_eq!((memory.size(&store), memory.data_size(&store)), (3, 3 << 16));
    for narrow in [
        r#"(module (import "host" "memory" (memory 1)))"#,
        r#"(module (import "host" "table" (table 1 funcref)))"#,
    ] {
        let error = instantiate(&mut store, &linker, narrow).unwrap_err();
        assert!(error.to_string().starts_with("incompatible import type"), "{error}");
    }
}

#[test]
fn active_segments_beyond_a_wide_memory_trap() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let linker = Linker::new(&engine);
    for offset in ["0x1_0000_0000", "-1", "0x8000_0000_0000_0000", "0xffff"] {
        for text in [
            format!(r#"(module (memory i64 1) (data (i64.const {offset}) "hi"))"#),
            format!("(module (table i64 1 funcref) (elem (i64.const {offset}) func $f) (func $f))"),
        ] {
            let error = instantiate(&mut store, &linker, &text).unwrap_err();
            assert!(error.as_trap().is_some(), "{error}");
        }
    }
}

#[test]
fn memories_of_bytes_belong_to_the_host_too() {
    let engine = Engine::new(Config::new().wasm_custom_page_sizes(true)).unwrap();
    let mut store = Store::new(&engine, ());
    let ty = MemoryType::builder().min(3).max(Some(5)).page_size_log2(0).build().unwrap();
    let memory = Memory::new(&mut store, ty).unwrap();
    let mut linker = Linker::new(&engine);
    linker.define(&store, "host", "memory", memory).unwrap();
    let text = r#"(module
        (import "host" "memory" (memory 3 5 (pagesize 1)))
        (func (export "last") (result i32) (i32.load8_u (i32.sub (memory.size) (i32.const 1)))))"#;
    let (_, instance) = instantiate(&mut store, &linker, text).unwrap();
    memory.write(&mut store, 0, &[7, 8, 9]).unwrap();
    let last = instance.get_typed_func::<(), i32>(&mut store, "last").unwrap();
    assert_eq!(last.call(&mut store, ()).unwrap(), 9);
    assert_eq!(memory.grow(&mut store, 2).unwrap(), 3);
    assert!(memory.grow(&mut store, 1).is_err());
    assert_eq!(last.call(&mut store, ()).unwrap(), 0);
}
