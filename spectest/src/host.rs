//! The module `spectest` that the suite's modules import from (the suite's own `host.wast` conventions).

use fulmar::{
    Error, Extern, Func, Global, GlobalType, Linker, Memory, MemoryType, Mutability, Ref, RefType,
    Store, Table, TableType, Val, ValType,
};

/// What the module `spectest` exports, by name, in one store.
pub(crate) struct Spectest {
    exports: Vec<(&'static str, Extern)>,
}

impl Spectest {
    /// Makes the exports. `shared_memory` joins them when the engine has such types; `memory64`, which the suite does
    /// not know, is for scripts rewritten to 64-bit addresses.
    pub(crate) fn new(store: &mut Store<()>) -> Result<Self, Error> {
        let globals = [
            ("global_i32", Val::I32(666)),
            ("global_i64", Val::I64(666)),
            ("global_f32", Val::F32(666.6_f32.to_bits())),
            ("global_f64", Val::F64(666.6_f64.to_bits())),
        ];
        let types = [ValType::I32, ValType::I64, ValType::F32, ValType::F64];
        let mut exports = print_functions(store);
        for ((name, value), ty) in globals.into_iter().zip(types) {
            let global = Global::new(&mut *store, GlobalType::new(ty, Mutability::Const), value)?;
            exports.push((name, Extern::Global(global)));
        }
        let table = TableType::new(RefType::FUNCREF, 10, Some(20));
        exports.push(("table", Extern::Table(Table::new(&mut *store, table, Ref::Func(None))?)));
        let table = TableType::new64(RefType::FUNCREF, 10, Some(20));
        exports.push(("table64", Extern::Table(Table::new(&mut *store, table, Ref::Func(None))?)));
        for (name, ty) in
            [("memory", MemoryType::new(1, Some(2))), ("memory64", MemoryType::new64(1, Some(2)))]
        {
            exports.push((name, Extern::Memory(Memory::new(&mut *store, ty)?)));
        }
        Ok(Self { exports })
    }

    /// Defines the exports in `linker`.
    pub(crate) fn define(&self, linker: &mut Linker<()>, store: &Store<()>) -> Result<(), Error> {
        for &(name, item) in &self.exports {
            linker.define(store, "spectest", name, item)?;
        }
        Ok(())
    }
}

/// The functions, which only take their arguments: what they would print is no part of any assertion.
fn print_functions(store: &mut Store<()>) -> Vec<(&'static str, Extern)> {
    let functions = [
        ("print", Func::wrap(&mut *store, || {})),
        ("print_i32", Func::wrap(&mut *store, |_: i32| {})),
        ("print_i64", Func::wrap(&mut *store, |_: i64| {})),
        ("print_f32", Func::wrap(&mut *store, |_: f32| {})),
        ("print_f64", Func::wrap(&mut *store, |_: f64| {})),
        ("print_i32_f32", Func::wrap(&mut *store, |_: i32, _: f32| {})),
        ("print_f64_f64", Func::wrap(&mut *store, |_: f64, _: f64| {})),
    ];
    functions.into_iter().map(|(name, func)| (name, Extern::Func(func))).collect()
}
