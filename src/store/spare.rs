//! What a store leaves to the next one of its engine: the memory of its lists and of its stack.
//!
//! A store that lives for one call would spend most of its time on getting memory and giving it
//! back.

use super::{FuncEntity, GlobalCell, HostFunc, InstanceData, MemoryEntity, TableEntity};
use crate::Extern;
use crate::execute::StackBuffer;
use crate::pool::Pool;
use crate::types::{GlobalType, TypeId};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ptr::NonNull;

/// What a store has any number of.
#[derive(Default)]
pub(crate) struct Lists {
    pub(crate) instances: Vec<NonNull<InstanceData>>,
    pub(crate) funcs: Vec<FuncEntity>,
    pub(crate) host_funcs: Vec<Arc<HostFunc>>,
    pub(crate) memories: Vec<NonNull<MemoryEntity>>,
    pub(crate) tables: Vec<NonNull<TableEntity>>,
    pub(crate) globals: Vec<(NonNull<GlobalCell>, GlobalType)>,
    /// The allocations that the cells of `globals` are parts of.
    pub(super) cells: Vec<NonNull<[GlobalCell]>>,
    /// The type of each tag; a tag is its position here, and no two are the same.
    pub(crate) tags: Vec<TypeId>,
    /// Empty but while a linker finds out what a module imports.
    pub(crate) imports: Vec<Extern>,
}

// SAFETY: what the lists point to is the store's, which can be sent, and empty lists point to
// nothing.
unsafe impl Send for Lists {}
// SAFETY: nothing changes behind a shared reference.
unsafe impl Sync for Lists {}

/// The most bytes of a list that are kept.
const LIST_BYTES_MAX: usize = 4096;

impl Lists {
    /// Empties the lists, which have nothing any more that is to be freed by hand, and frees those
    /// that are large.
    fn clear(&mut self) {
        fn clear<T>(list: &mut Vec<T>) {
            list.clear();
            if list.capacity() * size_of::<T>() > LIST_BYTES_MAX {
                *list = Vec::new();
            }
        }
        let Self { instances, funcs, host_funcs, .. } = self;
        clear(instances);
        clear(funcs);
        clear(host_funcs);
        let Self { memories, tables, globals, cells, tags, imports, .. } = self;
        clear(memories);
        clear(tables);
        clear(globals);
        clear(cells);
        clear(tags);
        clear(imports);
    }
}

/// The memory of a store that is no more.
#[derive(Default)]
pub(super) struct Spare {
    /// All empty.
    pub(super) lists: Box<Lists>,
    /// `None` if the store never called a guest.
    pub(super) stack: Option<StackBuffer>,
}

/// What an engine keeps of former stores.
#[derive(Default)]
pub(crate) struct SparePool {
    spares: Pool<Spare>,
}

impl SparePool {
    /// The memory of the store that was dropped last, or none.
    pub(super) fn take(&self) -> Spare {
        self.spares.take()
    }

    /// Keeps the memory of a store that is dropped, if there is little yet.
    pub(super) fn put(&self, mut lists: Box<Lists>, stack: Option<StackBuffer>) {
        // Values of the host may be dropped here, and must not find the pool locked.
        lists.clear();
        self.spares.put(Spare { lists, stack });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::SPARES_MAX;
    use crate::{AsContext, AsContextMut, Engine, Store};

    #[test]
    fn memory_is_used_again() {
        let engine = Engine::default();
        let mut stores = [(); SPARES_MAX + 1].map(|()| Store::new(&engine, ()));
        let lists = stores.each_mut().map(|store| {
            let lists = &mut store.as_context_mut().into_inner_mut().lists;
            lists.tags.push(TypeId(0));
            &raw const **lists
        });
        drop(stores);
        assert_eq!(engine.spares().spares.len(), SPARES_MAX);
        let next = Store::new(&engine, ());
        let inner = next.as_context().into_inner();
        assert!(lists.contains(&(&raw const *inner.lists)));
        assert_eq!((inner.lists.tags.len(), inner.lists.tags.capacity() > 0), (0, true));
    }

    #[test]
    fn large_lists_are_not_kept() {
        let mut lists = Lists::default();
        lists.tags.reserve(LIST_BYTES_MAX);
        lists.imports.reserve(1);
        lists.clear();
        assert_eq!((lists.tags.capacity(), lists.imports.capacity() > 0), (0, true));
    }
}
