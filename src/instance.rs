//! Instances, as embedders see them.

use crate::func::{WasmParams, WasmResults};
use crate::instantiate::instantiate;
use crate::parse::ExportedItem;
use crate::store::{Handle, InstanceData, StoreId, StoreInner};
use crate::{
    AsContextMut, Error, Export, Extern, Func, Global, Memory, Module, StoreContextMut, Table, Tag,
    TypedFunc,
};
use alloc::format;
use alloc::vec::Vec;
use core::ptr::NonNull;

/// An instance of a module.
///
/// ```
/// use fulmar::{Engine, Instance, Module, Store};
///
/// let engine = Engine::default();
/// let wasm = wat::parse_str(
///     r#"(module (func (export "add") (param i32 i32) (result i32)
///         (i32.add (local.get 0) (local.get 1))))"#,
/// )?;
/// let module = Module::new(&engine, &wasm)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let add = instance.get_typed_func::<(i32, i32), i32>(&mut store, "add")?;
/// assert_eq!(add.call(&mut store, (40, 2))?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct Instance {
    handle: Handle,
}

impl Instance {
    /// Instantiates `module` with `imports`, in the order in which it declares them, and runs its
    /// start function.
    ///
    /// # Errors
    ///
    /// If the imports are not what the module expects, a limit is reached, a segment does not fit,
    /// or the start function fails.
    ///
    /// # Panics
    ///
    /// If an import belongs to another store.
    pub fn new(
        mut store: impl AsContextMut,
        module: &Module,
        imports: &[Extern],
    ) -> Result<Self, Error> {
        let mut store = store.as_context_mut();
        // SAFETY: the store is borrowed exclusively.
        let position = unsafe { instantiate(store.as_ptr(), module, imports)? };
        Ok(Self::from_position(store.inner().id, position))
    }

    fn from_position(store: StoreId, position: u32) -> Self {
        Self { handle: Handle::new(store, position) }
    }

    /// The module.
    ///
    /// # Panics
    ///
    /// If the instance belongs to another store, as with all other functions here.
    pub fn module<'a, T: 'static>(
        &self,
        store: impl Into<crate::StoreContext<'a, T>>,
    ) -> &'a Module {
        let store = store.into().into_inner();
        let instance = store.lists.instances[self.handle.index(store)];
        // SAFETY: instances of a store live as long as it, and their modules don't change.
        unsafe { &(*instance.as_ptr()).module }
    }

    /// The export `name`.
    pub fn get_export(&self, mut store: impl AsContextMut, name: &str) -> Option<Extern> {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        let instance = store.lists.instances[self.handle.index(store)];
        // SAFETY: the instance is of this store, which is borrowed exclusively.
        unsafe { export_of(store, instance, name) }
    }

    /// The exported function `name`.
    pub fn get_func(&self, store: impl AsContextMut, name: &str) -> Option<Func> {
        self.get_export(store, name)?.into_func()
    }

    /// The exported function `name` with parameters `P` and results `R`.
    ///
    /// # Errors
    ///
    /// If there is no such function or it is of another type.
    pub fn get_typed_func<P: WasmParams, R: WasmResults>(
        &self,
        mut store: impl AsContextMut,
        name: &str,
    ) -> Result<TypedFunc<P, R>, Error> {
        let func = self.get_func(&mut store, name);
        let func =
            func.ok_or_else(|| Error::msg(format!("no exported function named {name:?}")))?;
        func.typed(&store)
            .map_err(|error| Error::msg(format!("exported function {name:?}: {error}")))
    }

    /// The exported memory `name`.
    pub fn get_memory(&self, store: impl AsContextMut, name: &str) -> Option<Memory> {
        self.get_export(store, name)?.into_memory()
    }

    /// The exported table `name`.
    pub fn get_table(&self, store: impl AsContextMut, name: &str) -> Option<Table> {
        self.get_export(store, name)?.into_table()
    }

    /// The exported global `name`.
    pub fn get_global(&self, store: impl AsContextMut, name: &str) -> Option<Global> {
        self.get_export(store, name)?.into_global()
    }

    /// The exported tag `name`.
    pub fn get_tag(&self, store: impl AsContextMut, name: &str) -> Option<Tag> {
        self.get_export(store, name)?.into_tag()
    }

    /// All exports, in order.
    pub fn exports<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> impl ExactSizeIterator<Item = Export<'a>> {
        let store = store.into().into_inner_mut();
        let instance = store.lists.instances[self.handle.index(store)];
        // SAFETY: instances of a store live as long as it, and their modules don't change.
        let module = unsafe { &(*instance.as_ptr()).module }.inner();
        let exports = module.exports.list().iter().map(|(name, item)| {
            // SAFETY: the instance is of this store, which is borrowed exclusively, and the item is
            // of its module.
            let item = unsafe { item_of(store, instance, *item) };
            Export::new(module.text(*name), item)
        });
        exports.collect::<Vec<_>>().into_iter()
    }
}

/// The export `name` of an instance.
///
/// # Safety
///
/// `instance` is of `store`, and no reference to it is in use.
pub(crate) unsafe fn export_of(
    store: &mut StoreInner,
    instance: NonNull<InstanceData>,
    name: &str,
) -> Option<Extern> {
    // SAFETY: instances of a store live as long as it, and their modules don't change.
    let module = unsafe { &(*instance.as_ptr()).module };
    let item = module.inner().export(name)?;
    // SAFETY: passed on to the caller; the item is of the instance's module.
    Some(unsafe { item_of(store, instance, item) })
}

/// Something in an index space of an instance.
///
/// # Safety
///
/// `instance` is of `store`, no reference to it is in use, and `item` is of its module.
unsafe fn item_of(
    store: &mut StoreInner,
    instance: NonNull<InstanceData>,
    item: ExportedItem,
) -> Extern {
    let id = store.id;
    if let ExportedItem::Func(func) = item {
        // SAFETY: passed on to the caller.
        let slot = unsafe { store.func_ref(instance, func) };
        let func =
            Func::from_slot(slot, store).expect("`func_ref` gives a reference that is not null");
        return Extern::Func(func);
    }
    // SAFETY: instances of a store live as long as it; the caller has no reference to this one.
    let data = unsafe { &*instance.as_ptr() };
    match item {
        ExportedItem::Func(_) => unreachable!("functions were handled above"),
        ExportedItem::Table(table) => {
            Table::from_position(id, data.table_ids[table.index()]).into()
        }
        ExportedItem::Memory(memory) => {
            Memory::from_position(id, data.memory_ids[memory.index()]).into()
        }
        ExportedItem::Global(global) => {
            Global::from_position(id, data.global_ids[global.index()]).into()
        }
        ExportedItem::Tag(tag) => Tag::from_position(id, data.tags[tag.index()]).into(),
    }
}
