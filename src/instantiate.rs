//! Instantiation (spec: exec/modules): matching imports, allocating, initialising, and running the
//! start function.

use crate::execute;
use crate::module::ModuleInner;
use crate::parse::{
    ConstContext, ConstExpr, ConstValue, DataMode, ElementItems, ElementMode, ExportedItem, Import,
};
use crate::store::{Alive, FuncId, GlobalCell, HeapHandle, InstanceData, MemoryEntity, StoreInner};
use crate::store::{TableEntity, field};
use crate::types::TypeId;
use crate::types::index::{DataIdx, ElemIdx, FuncIdx, GlobalIdx, MemoryIdx, TableIdx, TagIdx};
use crate::{Engine, Error, Extern, ExternType, Func, Module, Trap};
use alloc::boxed::Box;
use alloc::format;
use alloc::vec;
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
        check_imports(store, module, imports)?;
        store.check_count("instance", store.instances.len(), |limiter| limiter.instances())?;
        if module.inner().uses_type_hierarchy {
            module.inner().types.iter().for_each(|ty| store.know_type(*ty));
        }
        let instance = allocate(store, module, imports)?;
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

/// Checks that `imports` are what `module` declares.
fn check_imports(store: &StoreInner, module: &Module, imports: &[Extern]) -> Result<(), Error> {
    let module = module.inner();
    if !Engine::same(&module.engine, &store.engine) {
        return Err(Error::msg("module and store belong to different engines"));
    }
    if imports.len() != module.imports.len() {
        let (expected, found) = (module.imports.len(), imports.len());
        return Err(Error::msg(format!("expected {expected} imports, found {found}")));
    }
    for (import, found) in module.imports.iter().zip(imports) {
        let matches = match (import.item, found) {
            // Canonical types make this the comparison of two integers, mostly.
            (ExportedItem::Func(expected), Extern::Func(found)) => {
                let found = &store.funcs[found.position(store.id) as usize];
                store.engine.types().is_subtype(found.ty, module.func_type_id(expected))
            }
            (ExportedItem::Tag(expected), Extern::Tag(found)) => {
                store.tags[found.position(store.id) as usize] == module.tag_type_id(expected)
            }
            (item, found) => {
                found.ty_in(store).matches(&module.item_type(item), store.engine.types())
            }
        };
        if !matches {
            return Err(incompatible(module, import, found.ty_in(store)));
        }
    }
    Ok(())
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

/// Makes the instance with what it defines, everything zero or null, and adds it to the store.
fn allocate(
    store: &mut StoreInner,
    module: &Module,
    imports: &[Extern],
) -> Result<NonNull<InstanceData>, Error> {
    let declared = module.inner();
    let mut spaces = IndexSpaces::new(module);
    spaces.import(store, imports);
    spaces.define(store, module)?;

    let imported = spaces.funcs.len();
    let mut func_refs = vec![0; declared.funcs.len()];
    func_refs[..imported].copy_from_slice(&spaces.funcs);
    let instance = InstanceData {
        entries: declared.code.entries(),
        imports: spaces.funcs.into(),
        globals: pointers(&spaces.globals, |id| store.globals[id].0),
        memories: pointers(&spaces.memories, |id| store.memories[id]),
        tables: pointers(&spaces.tables, |id| store.tables[id]),
        global_ids: spaces.globals.into(),
        memory_ids: spaces.memories.into(),
        table_ids: spaces.tables.into(),
        tags: spaces.tags.into(),
        func_refs: func_refs.into(),
        elements: declared.elements.iter().map(|_| None).collect(),
        data_dropped: vec![false; declared.data.len()].into(),
        module: module.clone(),
        id: u32::try_from(store.instances.len())
            .expect("fewer than 2^32 instances fit into memory"),
    };
    let instance = NonNull::from(Box::leak(Box::new(instance)));
    store.instances.push(instance);
    Ok(instance)
}

/// The addresses of the entities at these positions of the store.
fn pointers<E>(ids: &[u32], pointer: impl Fn(usize) -> NonNull<E>) -> Box<[*mut E]> {
    ids.iter().map(|id| pointer(*id as usize).as_ptr()).collect()
}

/// Positions in the store by index in the module; of functions the slots of the imported ones.
struct IndexSpaces {
    funcs: Vec<u32>,
    globals: Vec<u32>,
    memories: Vec<u32>,
    tables: Vec<u32>,
    tags: Vec<u32>,
}

impl IndexSpaces {
    fn new(module: &Module) -> Self {
        let declared = module.inner();
        Self {
            funcs: Vec::with_capacity(declared.imported_funcs as usize),
            globals: Vec::with_capacity(declared.globals.len()),
            memories: Vec::with_capacity(declared.memories.len()),
            tables: Vec::with_capacity(declared.tables.len()),
            tags: Vec::with_capacity(declared.tags.len()),
        }
    }

    fn import(&mut self, store: &StoreInner, imports: &[Extern]) {
        for import in imports {
            match import {
                // Slots have 32 bits in use.
                Extern::Func(func) => self.funcs.push(Func::to_slot(Some(*func), store) as u32),
                Extern::Global(global) => self.globals.push(global.position(store.id)),
                Extern::Memory(memory) => self.memories.push(memory.position(store.id)),
                Extern::Table(table) => self.tables.push(table.position(store.id)),
                Extern::Tag(tag) => self.tags.push(tag.position(store.id)),
            }
        }
    }

    fn define(&mut self, store: &mut StoreInner, module: &Module) -> Result<(), Error> {
        let declared = module.inner();
        for ty in &declared.tables[declared.imported_tables as usize..] {
            self.tables.push(store.add_table(*ty, 0)?);
        }
        for ty in &declared.memories[declared.imported_memories as usize..] {
            self.memories.push(store.add_memory(*ty)?);
        }
        let globals = store.globals.len() as u32;
        store.add_globals(&declared.globals[declared.imported_globals as usize..]);
        self.globals.extend(globals..store.globals.len() as u32);
        for tag in (0..).map(TagIdx).take(declared.tags.len()).skip(self.tags.len()) {
            self.tags.push(store.add_tag(declared.tag_type_id(tag)));
        }
        Ok(())
    }
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
        unsafe { &mut *(&(*self.instance.as_ptr()).tables)[table.index()] }
    }

    fn memory(&mut self, memory: MemoryIdx) -> &mut MemoryEntity {
        // SAFETY: the instance and its memories live as long as the store, which is borrowed
        // exclusively for as long.
        unsafe { &mut *(&(*self.instance.as_ptr()).memories)[memory.index()] }
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
