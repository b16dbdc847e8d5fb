//! Module instances, as code sees them.

use super::global::GlobalCell;
use super::memory::MemoryEntity;
use super::table::TableEntity;
use crate::Module;
use crate::execute::FuncEntry;
use alloc::boxed::Box;

/// An instance of a module.
///
/// Instances are on the heap, never move, and are freed with their store, so that functions of a
/// failed instantiation that were written to a table stay callable. All pointers are to entities of
/// the same store.
#[repr(C)]
pub(crate) struct InstanceData {
    /// The code of the module's own functions, by their position after the imports.
    pub(crate) entries: *const FuncEntry,
    /// The funcref slot of each imported function.
    pub(crate) imports: Box<[u32]>,
    pub(crate) globals: Box<[*mut GlobalCell]>,
    pub(crate) memories: Box<[*mut MemoryEntity]>,
    pub(crate) tables: Box<[*mut TableEntity]>,
    /// The positions of the globals in the store.
    pub(crate) global_ids: Box<[u32]>,
    /// The positions of the memories in the store.
    pub(crate) memory_ids: Box<[u32]>,
    /// The positions of the tables in the store.
    pub(crate) table_ids: Box<[u32]>,
    /// The position of each tag in the store, which is what makes a tag itself.
    pub(crate) tags: Box<[u32]>,
    /// The funcref slot of each function; 0 where none was needed yet.
    pub(crate) func_refs: Box<[u32]>,
    /// The slots of each element segment; `None` once it is dropped.
    pub(crate) elements: Box<[Option<Box<[u64]>>]>,
    pub(crate) data_dropped: Box<[bool]>,
    pub(crate) module: Module,
    /// The position of the instance in the store.
    pub(crate) id: u32,
}
