//! Tables, as embedders see them.

use crate::store::{Handle, StoreId, StoreInner, TableEntity};
use crate::{AsContext, AsContextMut, Error, Ref, RefType, TableType, Trap, ValType};
use core::ops::Range;
use core::ptr;

/// A table of references.
///
/// ```
/// use fulmar::{Engine, Ref, RefType, Store, Table, TableType};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let table = Table::new(&mut store, TableType::new(RefType::FUNCREF, 2, None), Ref::Func(None))?;
/// assert_eq!(table.grow(&mut store, 3, Ref::Func(None))?, 2);
/// assert!(table.get(&mut store, 4).is_some_and(|element| element.is_null()));
/// assert!(table.get(&mut store, 5).is_none());
/// # Ok::<(), fulmar::Error>(())
/// ```
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct Table {
    handle: Handle,
}

impl Table {
    /// A new table, filled with `init`.
    ///
    /// # Errors
    ///
    /// If `init` is not of the element type, the store's limiter refuses the table, or there is not
    /// enough memory.
    ///
    /// # Panics
    ///
    /// If `init` refers into another store, or the type is of another engine.
    pub fn new(mut store: impl AsContextMut, ty: TableType, init: Ref) -> Result<Self, Error> {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        store.engine.types().check(ValType::Ref(ty.element()));
        if ty.maximum().is_some_and(|maximum| maximum < ty.minimum()) {
            return Err(Error::msg("table minimum exceeds its maximum"));
        }
        let init = element_slot(store, ty.element(), init)?;
        let position = store.add_table(ty, init)?;
        Ok(Self::from_position(store.id, position))
    }

    pub(crate) fn from_position(store: StoreId, position: u32) -> Self {
        Self { handle: Handle::new(store, position) }
    }

    /// The position in `store`.
    pub(crate) fn position(self, store: StoreId) -> u32 {
        self.handle.position(store)
    }

    /// The type, with the present size as minimum.
    ///
    /// # Panics
    ///
    /// If the table belongs to another store, as with all other functions here.
    pub fn ty(&self, store: impl AsContext) -> TableType {
        self.ty_in(store.as_context().inner())
    }

    pub(crate) fn ty_in(self, store: &StoreInner) -> TableType {
        self.entity(store).ty()
    }

    /// The number of elements.
    pub fn size(&self, store: impl AsContext) -> u64 {
        self.entity(store.as_context().inner()).len as u64
    }

    /// The element at `index`; `None` if there is none.
    pub fn get(&self, mut store: impl AsContextMut, index: u64) -> Option<Ref> {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        let table = self.entity(store);
        let slot = *table.elements().get(usize::try_from(index).ok()?)?;
        let element = table.ty().element();
        Some(Ref::from_slot(element, slot, store))
    }

    /// Sets the element at `index`.
    ///
    /// # Errors
    ///
    /// If `value` is not of the element type or there is no such element.
    ///
    /// # Panics
    ///
    /// If the table or `value` belongs to another store.
    pub fn set(&self, store: impl AsContextMut, index: u64, value: Ref) -> Result<(), Error> {
        self.fill(store, index, value, 1)
    }

    /// Adds `delta` elements that are `init`, and gives the number there were before.
    ///
    /// # Errors
    ///
    /// If `init` is not of the element type, the growth exceeds the maximum, the store's limiter
    /// refuses it, or there is not enough memory.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64, init: Ref) -> Result<u64, Error> {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        let init = element_slot(store, self.ty_in(store).element(), init)?;
        let table = store.lists.tables[self.handle.index(store)];
        // SAFETY: tables of a store live as long as it, and the store is borrowed exclusively.
        let table = unsafe { &mut *table.as_ptr() };
        store.try_table_grow(table, delta, init)?.ok_or_else(|| Error::msg("failed to grow table"))
    }

    /// Sets `len` elements from `start` on.
    ///
    /// # Errors
    ///
    /// If `value` is not of the element type or the range is not within the table; nothing is set
    /// then.
    ///
    /// # Panics
    ///
    /// If the table or `value` belongs to another store.
    pub fn fill(
        &self,
        mut store: impl AsContextMut,
        start: u64,
        value: Ref,
        len: u64,
    ) -> Result<(), Error> {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        let slot = element_slot(store, self.ty_in(store).element(), value)?;
        let table = self.entity_mut(store);
        let range = elements_range(start, len, table.len)?;
        table.elements_mut()[range].fill(slot);
        Ok(())
    }

    /// Copies `len` elements of `source` from `source_start` on to `target` from `target_start` on;
    /// they may overlap.
    ///
    /// # Errors
    ///
    /// If the element types differ or a range is not within its table; nothing is copied then.
    ///
    /// # Panics
    ///
    /// If a table belongs to another store.
    pub fn copy(
        mut store: impl AsContextMut,
        target: &Table,
        target_start: u64,
        source: &Table,
        source_start: u64,
        len: u64,
    ) -> Result<(), Error> {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        let from = source.entity(store);
        let from_range = elements_range(source_start, len, from.len)?;
        // SAFETY: the range is within the elements of the table.
        let from_start = unsafe { from.base.add(from_range.start) };
        let from_element = from.ty().element();
        if !from_element.is_subtype(&target.ty_in(store).element(), store.engine.types()) {
            return Err(Error::msg("the element types of the tables differ"));
        }
        let to = target.entity_mut(store);
        let to_range = elements_range(target_start, len, to.len)?;
        // SAFETY: both ranges are within the elements of their tables, and `copy` allows them to
        // overlap.
        unsafe { ptr::copy(from_start, to.base.add(to_range.start), to_range.len()) };
        Ok(())
    }

    fn entity(self, store: &StoreInner) -> &TableEntity {
        let table = store.lists.tables[self.handle.index(store)];
        // SAFETY: tables of a store live as long as it and change only with an exclusive borrow of
        // it.
        unsafe { &*table.as_ptr() }
    }

    fn entity_mut(self, store: &mut StoreInner) -> &mut TableEntity {
        let table = store.lists.tables[self.handle.index(store)];
        // SAFETY: tables of a store live as long as it, and the store is borrowed exclusively for
        // as long.
        unsafe { &mut *table.as_ptr() }
    }
}

/// The slot of a reference that is to become an element of type `element`.
fn element_slot(store: &StoreInner, element: RefType, value: Ref) -> Result<u64, Error> {
    if !value.is_of(store, element)? {
        return Err(Error::msg("value does not match the table's element type"));
    }
    value.to_slot(store)
}

/// The `len` elements from `start` on of a table that has `elements`.
fn elements_range(start: u64, len: u64, elements: usize) -> Result<Range<usize>, Error> {
    let end = start.checked_add(len).filter(|end| *end <= elements as u64);
    let end = end.ok_or(Trap::TableOutOfBounds)?;
    // Both are at most `elements`, so that nothing is cut off.
    Ok(start as usize..end as usize)
}
