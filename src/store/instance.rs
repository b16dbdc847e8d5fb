//! Module instances, as code sees them: a header and lists in one allocation.

use super::global::GlobalCell;
use super::memory::MemoryEntity;
use super::table::TableEntity;
use crate::Module;
use crate::execute::FuncEntry;
use crate::module::ModuleInner;
use alloc::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use alloc::boxed::Box;
use core::mem;
use core::ops::{Deref, DerefMut};
use core::ptr::{self, NonNull};

/// An instance of a module.
///
/// Instances are on the heap, never move, and are freed with their store, so that functions of a
/// failed instantiation that were written to a table stay callable. All pointers are to entities of
/// the same store. The lists are in the allocation of the instance, behind it.
#[repr(C)]
pub(crate) struct InstanceData {
    /// The code of the module's own functions, by their position after the imports.
    pub(crate) entries: *const FuncEntry,
    pub(crate) globals: Tail<*mut GlobalCell>,
    pub(crate) memories: Tail<*mut MemoryEntity>,
    pub(crate) tables: Tail<*mut TableEntity>,
    /// The funcref slot of each function; 0 where none was needed yet, which is no imported one.
    pub(crate) func_refs: Tail<u32>,
    /// The positions of the globals in the store.
    pub(crate) global_ids: Tail<u32>,
    /// The positions of the memories in the store.
    pub(crate) memory_ids: Tail<u32>,
    /// The positions of the tables in the store.
    pub(crate) table_ids: Tail<u32>,
    /// The position of each tag in the store, which is what makes a tag itself.
    pub(crate) tags: Tail<u32>,
    /// The slots of each element segment; `None` once it is dropped.
    pub(crate) elements: Tail<Option<Box<[u64]>>>,
    pub(crate) data_dropped: Tail<bool>,
    pub(crate) module: Module,
    /// The position of the instance in the store.
    pub(crate) id: u32,
}

/// A list of an instance, behind it in the same allocation.
pub(crate) struct Tail<T>(NonNull<[T]>);

impl<T> Deref for Tail<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: the list is part of the allocation that `self` is a field in, initialized, and
        // reached through `self` only.
        unsafe { self.0.as_ref() }
    }
}

impl<T> DerefMut for Tail<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as in `deref`, and `self` is borrowed exclusively.
        unsafe { self.0.as_mut() }
    }
}

/// An instance that no store has yet; it is freed if none gets it.
pub(crate) struct NewInstance(NonNull<InstanceData>);

impl NewInstance {
    /// An instance of `module` in which everything is still 0, null or `None`; its position in the
    /// store will be `id`.
    pub(crate) fn new(module: &Module, id: u32) -> Self {
        let declared = module.inner();
        let (globals, memories) = (declared.globals.len(), declared.memories.len());
        let tables = declared.tables.len();
        let layout = layout(declared);
        // SAFETY: the size is not zero: there is the header.
        let block = NonNull::new(unsafe { alloc(layout) });
        let header = block.unwrap_or_else(|| handle_alloc_error(layout)).cast::<InstanceData>();
        // SAFETY: `layout` counts the header and each of these lists. What needs the greatest
        // alignment comes first, so that all that follows is aligned.
        unsafe {
            let rest = &mut header.add(1).cast::<u8>();
            let data = InstanceData {
                entries: declared.code.entries(),
                globals: carve(rest, globals, ptr::null_mut),
                memories: carve(rest, memories, ptr::null_mut),
                tables: carve(rest, tables, ptr::null_mut),
                elements: carve(rest, declared.elements.len(), || None),
                func_refs: carve(rest, declared.funcs.len(), || 0),
                global_ids: carve(rest, globals, || 0),
                memory_ids: carve(rest, memories, || 0),
                table_ids: carve(rest, tables, || 0),
                tags: carve(rest, declared.tags.len(), || 0),
                data_dropped: carve(rest, declared.data.len(), || false),
                module: module.clone(),
                id,
            };
            header.write(data);
        }
        Self(header)
    }

    /// Hands the instance over to a store.
    pub(super) fn leak(self) -> NonNull<InstanceData> {
        let header = self.0;
        mem::forget(self);
        header
    }

    /// Takes an instance over from a store.
    ///
    /// # Safety
    ///
    /// [`NewInstance::leak`] gave it, and nothing uses it any more.
    pub(super) unsafe fn from_raw(instance: NonNull<InstanceData>) -> Self {
        Self(instance)
    }
}

impl Deref for NewInstance {
    type Target = InstanceData;

    #[inline]
    fn deref(&self) -> &InstanceData {
        // SAFETY: it is initialized, and nobody else has it.
        unsafe { self.0.as_ref() }
    }
}

impl DerefMut for NewInstance {
    #[inline]
    fn deref_mut(&mut self) -> &mut InstanceData {
        // SAFETY: as in `deref`, and `self` is borrowed exclusively.
        unsafe { self.0.as_mut() }
    }
}

impl Drop for NewInstance {
    fn drop(&mut self) {
        let layout = layout(self.module.inner());
        // The other lists have nothing to drop.
        self.elements.fill_with(|| None);
        // SAFETY: allocated by `new` with this layout, and not used any more.
        unsafe {
            self.0.drop_in_place();
            dealloc(self.0.as_ptr().cast(), layout);
        }
    }
}

/// The memory of an instance: the header, and the lists from those with the greatest alignment to
/// those with the least.
fn layout(module: &ModuleInner) -> Layout {
    const {
        assert!(align_of::<InstanceData>() >= align_of::<*mut ()>());
        assert!(align_of::<*mut ()>() >= align_of::<Option<Box<[u64]>>>());
        assert!(align_of::<Option<Box<[u64]>>>() >= align_of::<u32>());
    }
    let entities = module.globals.len() + module.memories.len() + module.tables.len();
    let bytes = size_of::<InstanceData>()
        + entities * size_of::<*mut ()>()
        + module.elements.len() * size_of::<Option<Box<[u64]>>>()
        + (module.funcs.len() + entities + module.tags.len()) * size_of::<u32>()
        + module.data.len();
    Layout::from_size_align(bytes, align_of::<InstanceData>())
        .expect("validation bounds how much a module declares")
}

/// Makes a list of `len` values at `rest`, and moves `rest` behind it.
///
/// # Safety
///
/// At `rest` there is memory for the list, aligned for it, which nobody else uses.
unsafe fn carve<T>(rest: &mut NonNull<u8>, len: usize, value: impl Fn() -> T) -> Tail<T> {
    let first = rest.cast::<T>();
    for place in 0..len {
        // SAFETY: the caller's promise.
        unsafe { first.add(place).write(value()) };
    }
    // SAFETY: the caller's promise: the list ends there.
    *rest = unsafe { first.add(len) }.cast();
    Tail(NonNull::slice_from_raw_parts(first, len))
}
