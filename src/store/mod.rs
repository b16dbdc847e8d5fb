//! Stores: everything that instances consist of at run time, owned in one place.
//!
//! [`StoreInner`] is what code works with. Entities that code addresses directly (instances,
//! memories, tables, global cells) are on the heap, never move, and live until the store is
//! dropped. [`Store`] adds the embedder's data.

mod context;
pub(crate) mod field;
mod func;
mod gc;
mod global;
mod handle;
mod heap;
mod instance;
mod memory;
mod pages;
mod roots;
mod spare;
mod table;

pub use self::context::{AsContext, AsContextMut, Store, StoreContext, StoreContextMut};
pub(crate) use self::field::Slots;
pub(crate) use self::func::{FuncEntity, FuncId, HostFunc};
pub(crate) use self::gc::Alive;
pub(crate) use self::global::GlobalCell;
pub(crate) use self::handle::Handle;
pub(crate) use self::handle::StoreId;
pub(crate) use self::heap::{HEADER_BYTES, HOST, Handle as HeapHandle, Header, Heap};
pub(crate) use self::instance::{InstanceData, NewInstance};
pub(crate) use self::memory::MemoryEntity;
pub(crate) use self::roots::{Root, Roots};
pub(crate) use self::spare::{Lists, SparePool};
pub(crate) use self::table::TableEntity;

use self::spare::Spare;
use crate::execute::Stack;
use crate::types::index::FuncIdx;
use crate::types::{GlobalType, MemoryType, TableType, TypeId};
use crate::{Engine, Error, FuncType, ResourceLimiter};
use alloc::boxed::Box;
use alloc::format;
use alloc::sync::Arc;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

/// Calls its second argument with the limiter of the store that the first one points to, if there
/// is one.
///
/// # Safety
///
/// The pointer is [`StoreInner::this`] of a live store of the data type that the function was made
/// for, and nothing else refers to the embedder's data or limiter of that store.
type LimiterCall = unsafe fn(NonNull<StoreInner>, &mut dyn FnMut(&mut dyn ResourceLimiter));

/// A store without the embedder's data.
///
/// Invariants: the pointers are to live heap objects that the store owns, which nothing else frees;
/// positions in slots and instances are within the vectors they index, which only grow.
///
/// Public only because public traits pass it on; it can't be named outside the crate.
pub struct StoreInner {
    pub(crate) engine: Engine,
    pub(crate) id: StoreId,
    /// This store, with the right to access the embedder's data that stand behind it.
    pub(crate) this: NonNull<StoreInner>,
    /// Taken out when the store is dropped, and not before.
    pub(crate) lists: ManuallyDrop<Box<Lists>>,
    pub(crate) heap: Heap,
    /// What the embedder holds on to in the heap.
    pub(crate) roots: Roots,
    pub(crate) fuel: u64,
    pub(crate) stack: Stack,
    /// How many calls from guest to host to guest are active.
    pub(crate) reentry_depth: u32,
    /// Set when the limiter wanted a failed growth to end the guest; to be taken by whoever asked
    /// for the growth.
    pub(crate) growth_error: Option<Error>,
    limiter: Option<LimiterCall>,
}

impl StoreInner {
    /// An empty store, whose `this` is still to be set.
    fn new(engine: Engine) -> Self {
        let Spare { lists, stack } = engine.spares().take();
        let stack = Stack::new(engine.config().stack_bytes_max(), stack);
        let heap = Heap::new(engine.config().gc_heap_bytes_max());
        Self {
            engine,
            id: StoreId::fresh(),
            this: NonNull::dangling(),
            lists: ManuallyDrop::new(lists),
            heap,
            roots: Roots::default(),
            fuel: 0,
            stack,
            reentry_depth: 0,
            growth_error: None,
            limiter: None,
        }
    }

    /// Adds an instance.
    pub(crate) fn add_instance(&mut self, instance: NewInstance) -> NonNull<InstanceData> {
        let instance = instance.leak();
        self.lists.instances.push(instance);
        instance
    }

    /// The funcref slot of a function of an instance, made when first asked for.
    ///
    /// # Safety
    ///
    /// `instance` is of this store and no reference to it is in use; `func` is a function of its
    /// module.
    pub(crate) unsafe fn func_ref(
        &mut self,
        instance: NonNull<InstanceData>,
        func: FuncIdx,
    ) -> u64 {
        // SAFETY: instances of a store live as long as it; the caller has no other reference to
        // this one.
        let data = unsafe { &mut *instance.as_ptr() };
        let known = data.func_refs[func.index()];
        if known != 0 {
            return u64::from(known);
        }
        let module = data.module.inner();
        let defined = func.0 - module.imported_funcs;
        let entity = FuncEntity {
            ty: module.func_type_id(func),
            host: 0,
            instance: instance.as_ptr(),
            // SAFETY: there is an entry for each defined function of the module, and imported
            // functions are known.
            entry: unsafe { data.entries.add(defined as usize) },
            index: func,
        };
        let slot = self.add_func(entity).slot();
        data.func_refs[func.index()] = slot as u32;
        slot
    }

    /// The type of a function of a module; `None` if it is the host's.
    pub(crate) fn declared_type(&self, func: &FuncEntity) -> Option<&FuncType> {
        if func.instance.is_null() {
            return None;
        }
        // SAFETY: it is an instance of this store, which lives as long as it, and its module doesn't
        // change.
        let module = unsafe { &(*func.instance).module }.inner();
        Some(module.signature(module.funcs[func.index.index()]))
    }

    /// Adds a function.
    fn add_func(&mut self, func: FuncEntity) -> FuncId {
        let id = position(self.lists.funcs.len());
        self.lists.funcs.push(func);
        FuncId(id)
    }

    /// Adds a function of the host.
    pub(crate) fn add_host_func(&mut self, func: Arc<HostFunc>) -> FuncId {
        let entity = FuncEntity::host(func.ty_id, self.lists.host_funcs.len());
        self.lists.host_funcs.push(func);
        self.add_func(entity)
    }

    /// Adds a tag of the type `ty` and gives its position.
    pub(crate) fn add_tag(&mut self, ty: TypeId) -> u32 {
        let position = position(self.lists.tags.len());
        self.lists.tags.push(ty);
        position
    }

    /// Adds globals of these types, all zero.
    pub(crate) fn add_globals(&mut self, types: &[GlobalType]) {
        if types.is_empty() {
            return;
        }
        let cells: Box<[GlobalCell]> = types.iter().map(|_| GlobalCell::default()).collect();
        let chunk = NonNull::from(Box::leak(cells));
        self.lists.cells.push(chunk);
        let first = chunk.cast::<GlobalCell>();
        // SAFETY: the chunk has as many cells as there are types.
        let cell = |place: usize| unsafe { first.add(place) };
        self.lists.globals.extend(types.iter().enumerate().map(|(place, ty)| (cell(place), *ty)));
    }

    /// Adds a memory, if the limiter allows it and there is enough memory, and gives its position.
    pub(crate) fn add_memory(&mut self, ty: MemoryType) -> Result<u32, Error> {
        let count = self.lists.memories.len();
        self.check_count("memory", count, |limiter| limiter.memories())?;
        let least = ty.minimum.saturating_mul(ty.page_size());
        let bytes = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        let max = ty.maximum.map(|pages| bytes(pages.saturating_mul(ty.page_size())));
        let grows = self.limited(|limiter| limiter.memory_growing(0, bytes(least), max));
        if !grows.unwrap_or(Ok(true))? {
            let message = format!("minimum size of {} pages exceeds the memory limit", ty.minimum);
            return Err(Error::msg(message));
        }
        let Some(memory) = MemoryEntity::new(ty) else {
            let failed = Error::msg("out of memory");
            self.limited(|limiter| limiter.memory_grow_failed(failed)).unwrap_or(Ok(()))?;
            return Err(Error::msg(format!("no memory for {} pages", ty.minimum)));
        };
        self.lists.memories.push(NonNull::from(Box::leak(Box::new(memory))));
        Ok(position(count))
    }

    /// Adds a table filled with `init`, if the limiter allows it and there is enough memory, and
    /// gives its position.
    pub(crate) fn add_table(&mut self, ty: TableType, init: u64) -> Result<u32, Error> {
        let count = self.lists.tables.len();
        self.check_count("table", count, |limiter| limiter.tables())?;
        let elements = |elements: u64| usize::try_from(elements).unwrap_or(usize::MAX);
        let (least, max) = (elements(ty.minimum), ty.maximum.map(elements));
        let grows = self.limited(|limiter| limiter.table_growing(0, least, max));
        if !grows.unwrap_or(Ok(true))? {
            let message =
                format!("minimum size of {} elements exceeds the table limit", ty.minimum);
            return Err(Error::msg(message));
        }
        let Some(table) = TableEntity::new(ty, init) else {
            let failed = Error::msg("out of memory");
            self.limited(|limiter| limiter.table_grow_failed(failed)).unwrap_or(Ok(()))?;
            return Err(Error::msg(format!("no memory for {} table elements", ty.minimum)));
        };
        self.lists.tables.push(NonNull::from(Box::leak(Box::new(table))));
        Ok(position(count))
    }

    /// Grows a memory by `delta` pages, and gives the number of pages it had; `None` if it can't.
    ///
    /// After `None`, `growth_error` may hold what is to end the guest.
    ///
    /// # Safety
    ///
    /// `memory` is of this store and no reference to it or its contents is in use.
    pub(crate) unsafe fn memory_grow(
        &mut self,
        memory: *mut MemoryEntity,
        delta: u64,
    ) -> Option<u64> {
        // SAFETY: memories of a store live as long as it; the caller has no other reference to this
        // one.
        let memory = unsafe { &mut *memory };
        let grown = self.try_memory_grow(memory, delta);
        self.note_growth(grown)
    }

    /// As [`StoreInner::memory_grow`], with the limiter's error.
    pub(crate) fn try_memory_grow(
        &mut self,
        memory: &mut MemoryEntity,
        delta: u64,
    ) -> Result<Option<u64>, Error> {
        let pages = memory.pages();
        if delta == 0 {
            return Ok(Some(pages));
        }
        let failure = match memory.grown_len(delta) {
            None => "memory would exceed its maximum",
            Some(len) => {
                let max = memory.bytes_max();
                let grows = self.limited(|limiter| limiter.memory_growing(memory.len, len, max));
                if !grows.unwrap_or(Ok(true))? {
                    return Ok(None);
                }
                if memory.grow_to(len).is_some() {
                    return Ok(Some(pages));
                }
                "out of memory"
            }
        };
        let failure = Error::msg(failure);
        self.limited(|limiter| limiter.memory_grow_failed(failure)).unwrap_or(Ok(()))?;
        Ok(None)
    }

    /// Grows a table by `delta` elements, the new ones `init`, and gives the number it had; `None`
    /// if it can't.
    ///
    /// After `None`, `growth_error` may hold what is to end the guest.
    ///
    /// # Safety
    ///
    /// `table` is of this store and no reference to it or its elements is in use.
    pub(crate) unsafe fn table_grow(
        &mut self,
        table: *mut TableEntity,
        delta: u64,
        init: u64,
    ) -> Option<u64> {
        // SAFETY: tables of a store live as long as it; the caller has no other reference to this
        // one.
        let table = unsafe { &mut *table };
        let grown = self.try_table_grow(table, delta, init);
        self.note_growth(grown)
    }

    /// As [`StoreInner::table_grow`], with the limiter's error.
    pub(crate) fn try_table_grow(
        &mut self,
        table: &mut TableEntity,
        delta: u64,
        init: u64,
    ) -> Result<Option<u64>, Error> {
        let elements = table.len as u64;
        if delta == 0 {
            return Ok(Some(elements));
        }
        let failure = match table.grown_len(delta) {
            None => "table would exceed its maximum",
            Some(len) => {
                let max = table.elements_max();
                let grows = self.limited(|limiter| limiter.table_growing(table.len, len, max));
                if !grows.unwrap_or(Ok(true))? {
                    return Ok(None);
                }
                if table.grow_to(len, init).is_some() {
                    return Ok(Some(elements));
                }
                "out of memory"
            }
        };
        let failure = Error::msg(failure);
        self.limited(|limiter| limiter.table_grow_failed(failure)).unwrap_or(Ok(()))?;
        Ok(None)
    }

    /// Puts the limiter's error where the interpreter looks for it.
    fn note_growth(&mut self, grown: Result<Option<u64>, Error>) -> Option<u64> {
        grown.unwrap_or_else(|error| {
            self.growth_error = Some(error);
            None
        })
    }

    /// Refuses what would be one more than the limiter allows; `count` exist.
    pub(crate) fn check_count(
        &mut self,
        what: &str,
        count: usize,
        limit: fn(&dyn ResourceLimiter) -> usize,
    ) -> Result<(), Error> {
        match self.limited(|limiter| limit(limiter)) {
            Some(limit) if count >= limit => Err(Error::msg(format!(
                "resource limit exceeded: {what} count too high at {}",
                count + 1
            ))),
            _ => Ok(()),
        }
    }

    /// Asks the limiter, if there is one.
    fn limited<R>(&mut self, ask: impl FnOnce(&mut dyn ResourceLimiter) -> R) -> Option<R> {
        let call = self.limiter?;
        let (mut ask, mut answer) = (Some(ask), None);
        let mut once = |limiter: &mut dyn ResourceLimiter| {
            answer = ask.take().map(|ask| ask(limiter));
        };
        // SAFETY: `this` is this store; `limiter` was set together with its data type. What is
        // borrowed of the store here is `self`, which does not include the embedder's data and
        // limiter.
        unsafe { call(self.this, &mut once) };
        answer
    }
}

impl Drop for StoreInner {
    fn drop(&mut self) {
        // SAFETY: nothing uses the lists after this.
        let mut lists = unsafe { ManuallyDrop::take(&mut self.lists) };
        // SAFETY: each was made by leaking what owned it, and nothing uses them after their store.
        unsafe {
            lists.instances.drain(..).for_each(|instance| drop(NewInstance::from_raw(instance)));
            lists.memories.drain(..).for_each(|memory| drop(Box::from_raw(memory.as_ptr())));
            lists.tables.drain(..).for_each(|table| drop(Box::from_raw(table.as_ptr())));
            lists.cells.drain(..).for_each(|cells| drop(Box::from_raw(cells.as_ptr())));
        }
        self.engine.spares().put(lists, self.stack.release());
    }
}

/// A length as the position of what is pushed next; slots hold a position and one in 32 bits.
fn position(len: usize) -> u32 {
    u32::try_from(len)
        .ok()
        .filter(|len| *len < u32::MAX)
        .expect("fewer than 2^32 objects fit into a store")
}
