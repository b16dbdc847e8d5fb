//! Instantiation (spec: exec/modules): matching imports, allocating, initialising, and running the
//! start function.

use crate::execute;
use crate::module::ModuleInner;
use crate::parse::{
    ConstContext, ConstExpr, ConstValue, DataMode, ElementItems, ElementMode, ExportedItem, Import,
};
use crate::store::{
    Alive, FuncId, GlobalCell, HeapHandle, InstanceData, MemoryEntity, NewInstance,
};
use crate::store::{StoreInner, TableEntity, field};
use crate::types::TypeId;
use crate::types::index::{DataIdx, ElemIdx, FuncIdx, GlobalIdx, MemoryIdx, TableIdx, TagIdx};
use crate::{Engine, Error, Extern, ExternType, Module, Trap};
use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;
use core::mem;
use core::ops::Range;
use core::ptr::NonNull;

/// Instantiates `module` with `imports`, and gives the position of the instance in the store.
///
/// # Safety
///
/// `store` is [`StoreInner::this`] of a live store that nobody else uses during the call.
pub(crate) unsafe fn instantiate(
    store: NonNull<StoreInner>,
    module: &Module,
    imports: &[Extern],
) -> Result<u32, Error> {
    let instance = {
        // SAFETY: passed on to the caller; the borrow ends before the store is used otherwise.
        let store = unsafe { &mut *store.as_ptr() };
        let mut instance = link(store, module, imports)?;
        store
            .check_count("instance", store.lists.instances.len(), |limiter| limiter.instances())?;
        if module.inner().uses_type_hierarchy {
            module.inner().types.iter().for_each(|ty| store.know_type(*ty));
        }
        define(store, module.inner(), &mut instance)?;
        let instance = store.add_instance(instance);
        Initializer { store, instance, pending: Vec::new() }.run(module.inner())?;
        instance
    };
    if let Some(start) = module.inner().start {
        // SAFETY: passed on to the caller; the instance is of this store, and the start function of
        // its module. It has neither parameters nor results.
        unsafe {
            let slot = (*store.as_ptr()).func_ref(instance, start);
            let start =
                FuncId::from_slot(slot).expect("`func_ref` gives a reference that is not null");
            execute::call(store, start, &mut [])?;
        }
    }
    // SAFETY: instances of a store live as long as it.
    Ok(unsafe { (*instance.as_ptr()).id })
}

/// A new instance with what it imports, of which the types are checked.
fn link(store: &StoreInner, module: &Module, imports: &[Extern]) -> Result<NewInstance, Error> {
    let declared = module.inner();
    if !Engine::same(&declared.engine, &store.engine) {
        return Err(Error::msg("module and store belong to different engines"));
    }
    if imports.len() != declared.imports.len() {
        let (expected, found) = (declared.imports.len(), imports.len());
        return Err(Error::msg(format!("expected {expected} imports, found {found}")));
    }
    let id = u32::try_from(store.lists.instances.len());
    let id = id.expect("fewer than 2^32 instances fit into memory");
    let mut instance = NewInstance::new(module, id);
    for (import, found) in declared.imports.iter().zip(imports) {
        if !import_into(&mut instance, store, import.item, *found) {
            return Err(incompatible(declared, import, found.ty_in(store)));
        }
    }
    Ok(instance)
}

/// Makes `found` the import `item` of an instance, if it is of the declared type.
fn import_into(
    instance: &mut InstanceData,
    store: &StoreInner,
    item: ExportedItem,
    found: Extern,
) -> bool {
    match (item, found) {
        // Canonical types make this the comparison of two integers, mostly.
        (ExportedItem::Func(func), Extern::Func(found)) => {
            let found = FuncId(found.position(store.id));
            // Slots have 32 bits in use.
            instance.func_refs[func.index()] = found.slot() as u32;
            let ty = store.lists.funcs[found.0 as usize].ty;
            let expected = instance.module.inner().func_type_id(func);
            return store.engine.types().is_subtype(ty, expected);
        }
        (ExportedItem::Tag(tag), Extern::Tag(found)) => {
            let found = found.position(store.id);
            instance.tags[tag.index()] = found;
            return store.lists.tags[found as usize] == instance.module.inner().tag_type_id(tag);
        }
        (ExportedItem::Global(global), Extern::Global(found)) => {
            set_global(instance, store, global, found.position(store.id));
        }
        (ExportedItem::Memory(memory), Extern::Memory(found)) => {
            set_memory(instance, store, memory, found.position(store.id));
        }
        (ExportedItem::Table(table), Extern::Table(found)) => {
            set_table(instance, store, table, found.position(store.id));
        }
        _ => return false,
    }
    let expected = instance.module.inner().item_type(item);
    found.ty_in(store).matches(&expected, store.engine.types())
}

fn set_global(instance: &mut InstanceData, store: &StoreInner, global: GlobalIdx, id: u32) {
    instance.global_ids[global.index()] = id;
    instance.globals[global.index()] = store.lists.globals[id as usize].0.as_ptr();
}

fn set_memory(instance: &mut InstanceData, store: &StoreInner, memory: MemoryIdx, id: u32) {
    instance.memory_ids[memory.index()] = id;
    instance.memories[memory.index()] = store.lists.memories[id as usize].as_ptr();
}

fn set_table(instance: &mut InstanceData, store: &StoreInner, table: TableIdx, id: u32) {
    instance.table_ids[table.index()] = id;
    instance.tables[table.index()] = store.lists.tables[id as usize].as_ptr();
}

#[cold]
fn incompatible(module: &ModuleInner, import: &Import, found: ExternType) -> Error {
    let expected = module.item_type(import.item);
    Error::incompatible_import(
        module.text(import.module),
        module.text(import.name),
        expected,
        found,
    )
}

/// Adds to the store what an instance of a module defines, everything zero or null.
fn define(
    store: &mut StoreInner,
    module: &ModuleInner,
    instance: &mut InstanceData,
) -> Result<(), Error> {
    let defined = |imported: u32, all: usize| imported..all as u32;
    for table in defined(module.imported_tables, module.tables.len()).map(TableIdx) {
        let id = store.add_table(module.tables[table.index()], 0)?;
        set_table(instance, store, table, id);
    }
    for memory in defined(module.imported_memories, module.memories.len()).map(MemoryIdx) {
        let id = store.add_memory(module.memories[memory.index()])?;
        set_memory(instance, store, memory, id);
    }
    let first = store.lists.globals.len() as u32;
    store.add_globals(&module.globals[module.imported_globals as usize..]);
    let globals = defined(module.imported_globals, module.globals.len()).map(GlobalIdx);
    for (global, id) in globals.zip(first..) {
        set_global(instance, store, global, id);
    }
    for tag in defined(module.imported_tags, module.tags.len()).map(TagIdx) {
        instance.tags[tag.index()] = store.add_tag(module.tag_type_id(tag));
    }
    Ok(())
}

/// Gives the entities of a new instance their initial values.
struct Initializer<'a> {
    store: &'a mut StoreInner,
    instance: NonNull<InstanceData>,
    /// The elements so far of the segment being made.
    pending: Vec<u64>,
}

impl Initializer<'_> {
    /// `module` is that of the instance.
    fn run(&mut self, module: &ModuleInner) -> Result<(), Error> {
        for (place, init) in module.global_inits.iter().enumerate() {
            let bits = init.eval(self)?;
            let global = GlobalIdx(module.imported_globals + place as u32);
            // SAFETY: cells of the store live as long as it, and it is borrowed exclusively.
            unsafe { (*self.global_cell(global)).bits = bits };
        }
        for (table, init) in &module.table_inits {
            let [slot, _] = init.eval(self)?;
            self.table(*table).elements_mut().fill(slot);
        }
        // All segments have their elements before the first active one can trap: functions that
        // were already written to an imported table may use the passive ones later.
        for (place, segment) in module.elements.iter().enumerate() {
            if matches!(segment.mode, ElementMode::Passive) {
                let reserved = self.pending.try_reserve_exact(segment.items.len());
                reserved.map_err(|_| Error::msg("no memory for an element segment"))?;
                for item in 0..segment.items.len() {
                    let slot = self.element(&segment.items, item)?;
                    self.pending.push(slot);
                }
                let slots = mem::take(&mut self.pending).into();
                self.set_elements(ElemIdx(place as u32), slots);
            }
        }
        for segment in &module.elements {
            if let ElementMode::Active { table, offset } = &segment.mode {
                self.write_elements(*table, offset, &segment.items)?;
            }
        }
        for (segment, place) in module.data.iter().zip(0..) {
            if let DataMode::Active { memory, offset } = &segment.mode {
                self.write_data(*memory, offset, module.data_bytes(place))?;
                self.drop_data(DataIdx(place));
            }
        }
        Ok(())
    }

    /// The slot of an element of a segment.
    fn element(&mut self, items: &ElementItems, item: usize) -> Result<u64, Trap> {
        match items {
            ElementItems::Funcs(funcs) => Ok(self.func_ref(funcs[item])),
            ElementItems::Exprs(exprs) => Ok(exprs[item].eval(self)?[0]),
        }
    }

    fn set_elements(&mut self, segment: ElemIdx, slots: Box<[u64]>) {
        // SAFETY: the instance lives, and no reference to it is in use.
        let instance = unsafe { &mut *self.instance.as_ptr() };
        instance.elements[segment.index()] = Some(slots);
    }

    fn drop_data(&mut self, segment: DataIdx) {
        // SAFETY: the instance lives, and no reference to it is in use.
        let instance = unsafe { &mut *self.instance.as_ptr() };
        instance.data_dropped[segment.index()] = true;
    }

    fn write_elements(
        &mut self,
        table: TableIdx,
        offset: &ConstExpr,
        items: &ElementItems,
    ) -> Result<(), Error> {
        let [offset, _] = offset.eval(self)?;
        let len = self.table(table).len;
        let range = range_within(offset, items.len(), len).ok_or(Trap::TableOutOfBounds)?;
        for (item, place) in range.enumerate() {
            let slot = self.element(items, item)?;
            self.table(table).elements_mut()[place] = slot;
        }
        Ok(())
    }

    fn write_data(
        &mut self,
        memory: MemoryIdx,
        offset: &ConstExpr,
        bytes: &[u8],
    ) -> Result<(), Error> {
        let [offset, _] = offset.eval(self)?;
        let memory = self.memory(memory);
        let range = range_within(offset, bytes.len(), memory.len).ok_or(Trap::MemoryOutOfBounds)?;
        memory.bytes_mut()[range].copy_from_slice(bytes);
        Ok(())
    }

    fn table(&mut self, table: TableIdx) -> &mut TableEntity {
        // SAFETY: the instance and its tables live as long as the store, which is borrowed
        // exclusively for as long.
        unsafe {
            let table = (&(*self.instance.as_ptr()).tables)[table.index()];
            &mut *table
        }
    }

    fn memory(&mut self, memory: MemoryIdx) -> &mut MemoryEntity {
        // SAFETY: the instance and its memories live as long as the store, which is borrowed
        // exclusively for as long.
        unsafe {
            let memory = (&(*self.instance.as_ptr()).memories)[memory.index()];
            &mut *memory
        }
    }

    fn global_cell(&self, global: GlobalIdx) -> *mut GlobalCell {
        // SAFETY: the instance lives, and no reference that could write to it is in use.
        unsafe { (&(*self.instance.as_ptr()).globals)[global.index()] }
    }
}

impl ConstContext for Initializer<'_> {
    fn global(&mut self, global: GlobalIdx) -> ConstValue {
        // SAFETY: cells of the store live as long as it, and it is borrowed exclusively.
        unsafe { (*self.global_cell(global)).bits }
    }

    fn func_ref(&mut self, func: FuncIdx) -> u64 {
        // SAFETY: the instance is of this store, no reference to it is in use, and the function is
        // of its module.
        unsafe { self.store.func_ref(self.instance, func) }
    }

    fn object(&mut self, ty: TypeId, len: u32, alive: &[ConstValue]) -> Result<u64, Trap> {
        let words = [alive.as_flattened(), &self.pending];
        let alive = Alive { words, ..self.store.alive(&[]) };
        // SAFETY: no guest of this instance runs yet, others wait for the host, and no reference to
        // an object is in use; validation has checked the type, which the store knows.
        Ok(unsafe { self.store.alloc_object(ty, len, alive)? }.slot())
    }

    fn set_part(&mut self, ty: TypeId, object: u64, index: usize, value: ConstValue) {
        let heap = &self.store.heap;
        let handle = HeapHandle::from_slot(object).expect("a new object is not null");
        let ty = &heap.types[ty.index()];
        let (offset, field) = ty.part(index).expect("validated: the object has this part");
        // SAFETY: it is a part of the object, which was just made.
        unsafe { field::store(heap.parts(handle).add(offset), field.element_type(), value) };
    }
}

/// The `len` places from `start` on, if there are as many among `size`.
fn range_within(start: u64, len: usize, size: usize) -> Option<Range<usize>> {
    let start = usize::try_from(start).ok()?;
    let end = start.checked_add(len).filter(|end| *end <= size)?;
    Some(start..end)
}
