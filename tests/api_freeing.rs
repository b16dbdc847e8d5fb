//! What is freed when: modules with their code, instances and memories with their store.
//!
//! One test, because the count of allocated bytes is that of the whole process.

mod counting;

use counting::{alone, measure};
use fulmar::{
    CompilationMode, Config, Engine, ExternRef, Instance, Memory, MemoryType, Module, Store,
};
/// A module of some size, which uses most kinds of declarations.
fn text() -> String {
    let add = "(i32.add (local.get 0) (i32.const 7))";
    let sum =
        (0..200).fold(String::from("(local.get 0)"), |sum, _| format!("(i32.xor {sum} {add})"));
    let funcs: String = (0..20)
        .map(|index| {
            format!("(func $f{index} (export \"f{index}\") (param i32) (result i32) {sum})")
        })
        .collect();
    format!(
        r#"(module {funcs} (memory (export "m") 3) (table 10 funcref) (global (mut i64) (i64.const 1))
            (elem (i32.const 1) func $f0 $f1) (elem func $f2) (data (i32.const 0) "abc")
            (func (export "grow") (drop (memory.grow (i32.const 2)))
                (drop (table.grow (ref.null func) (i32.const 100)))))"#
    )
}

fn use_everything(engine: &Engine, wasm: &[u8]) {
    let module = Module::new(engine, wasm).unwrap();
    for _ in 0..2 {
        let mut store = Store::new(engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        for name in ["f0", "f9", "f19"] {
            let func = instance.get_typed_func::<i32, i32>(&mut store, name).unwrap();
            assert_eq!(func.call(&mut store, 1).unwrap(), 1);
        }
        let grow = instance.get_typed_func::<(), ()>(&mut store, "grow").unwrap();
        grow.call(&mut store, ()).unwrap();
        ExternRef::new(&mut store, vec![0_u8; 1000]).unwrap();
        Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    }
}

#[test]
fn nothing_is_left_but_the_engine() {
    let _alone = alone();
    let wasm = wat::parse_str(text()).unwrap();
    for mode in [CompilationMode::Eager, CompilationMode::LazyTranslation, CompilationMode::Lazy] {
        let engine = Engine::new(Config::new().compilation_mode(mode)).unwrap();
        // The engine keeps the types that modules use; after this it knows them.
        use_everything(&engine, &wasm);
        let ((), cost) = measure(|| {
            for _ in 0..3 {
                use_everything(&engine, &wasm);
                assert!(Module::new(&engine, &wasm[..wasm.len() - 20]).is_err());
            }
        });
        assert_eq!(cost.kept, 0, "{mode:?}");
    }
}
