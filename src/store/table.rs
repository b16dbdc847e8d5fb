//! Table instances: a growing array of reference slots, and its type.

use crate::types::TableType;
use alloc::vec::Vec;
use core::mem::ManuallyDrop;
use core::slice;

/// The most elements of a table, whatever its type says; the web's limit.
const ELEMENTS_MAX: u64 = 10_000_000;

/// A table.
///
/// Invariants: `base`, `len` and `capacity` are the parts of a `Vec<u64>`. Entities are on the heap
/// and never move, so that code can hold their address; what `base` points to moves when the table
/// grows.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct TableEntity {
    pub(crate) base: *mut u64,
    /// In elements.
    pub(crate) len: usize,
    capacity: usize,
    /// The type with the limits it was made with.
    ty: TableType,
}

impl TableEntity {
    /// A table of the least size of `ty`, filled with `init`; `None` if there is not enough memory.
    pub(crate) fn new(ty: TableType, init: u64) -> Option<Self> {
        let mut table = Self::from_parts(Vec::new(), ty);
        let len = usize::try_from(ty.minimum).ok().filter(|_| ty.minimum <= ELEMENTS_MAX)?;
        table.grow_to(len, init)?;
        Some(table)
    }

    fn from_parts(elements: Vec<u64>, ty: TableType) -> Self {
        let mut elements = ManuallyDrop::new(elements);
        let (base, len, capacity) = (elements.as_mut_ptr(), elements.len(), elements.capacity());
        Self { base, len, capacity, ty }
    }

    /// The type with the present size as minimum, which is what importing looks at.
    pub(crate) fn ty(&self) -> TableType {
        TableType { minimum: self.len as u64, ..self.ty }
    }

    /// The greatest number of elements, where one was declared.
    pub(crate) fn elements_max(&self) -> Option<usize> {
        Some(usize::try_from(self.ty.maximum?).unwrap_or(usize::MAX))
    }

    /// The number of elements after growing by `delta`; `None` if the type does not allow it.
    pub(crate) fn grown_len(&self, delta: u64) -> Option<usize> {
        let max = self.ty.maximum.map_or(ELEMENTS_MAX, |declared| declared.min(ELEMENTS_MAX));
        let len = (self.len as u64).checked_add(delta)?;
        // Even a table that was made larger than the limit can grow by nothing.
        usize::try_from(len).ok().filter(|_| delta == 0 || len <= max)
    }

    /// Grows to `len` elements, the new ones `init`; `None` if there is not enough memory.
    pub(crate) fn grow_to(&mut self, len: usize, init: u64) -> Option<()> {
        debug_assert!(len >= self.len, "tables don't shrink");
        let mut elements = self.take();
        let reserved = elements.try_reserve(len - elements.len());
        if reserved.is_ok() {
            elements.resize(len, init);
        }
        self.put(elements);
        reserved.ok()
    }

    /// The vector that the parts belong to, leaving an empty one.
    fn take(&mut self) -> Vec<u64> {
        // SAFETY: the parts are those of a vector, by the invariant, and are replaced before they
        // are used again.
        let elements = unsafe { Vec::from_raw_parts(self.base, self.len, self.capacity) };
        self.put(Vec::new());
        elements
    }

    /// Sets the parts to those of `elements`; the former ones must have been taken.
    fn put(&mut self, elements: Vec<u64>) {
        let mut elements = ManuallyDrop::new(elements);
        (self.base, self.len) = (elements.as_mut_ptr(), elements.len());
        self.capacity = elements.capacity();
    }

    /// The elements.
    #[inline]
    pub(crate) fn elements(&self) -> &[u64] {
        // SAFETY: the parts are those of a vector, by the invariant; the borrow of `self` keeps it
        // in place.
        unsafe { slice::from_raw_parts(self.base, self.len) }
    }

    /// The elements.
    #[inline]
    pub(crate) fn elements_mut(&mut self) -> &mut [u64] {
        // SAFETY: as in `elements`, and the borrow of `self` is exclusive.
        unsafe { slice::from_raw_parts_mut(self.base, self.len) }
    }
}

impl Drop for TableEntity {
    fn drop(&mut self) {
        drop(self.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RefType;

    #[test]
    fn grows_within_its_limits() {
        let mut table = TableEntity::new(TableType::new(RefType::FUNCREF, 2, Some(5)), 0).unwrap();
        assert_eq!(table.elements(), [0, 0]);
        assert_eq!(table.grown_len(4), None);
        table.grow_to(table.grown_len(3).unwrap(), 9).unwrap();
        assert_eq!(table.elements(), [0, 0, 9, 9, 9]);
        assert_eq!(table.grown_len(0), Some(5));
        assert_eq!(table.ty(), TableType::new(RefType::FUNCREF, 5, Some(5)));
    }

    #[test]
    fn an_undeclared_maximum_is_the_implementations() {
        let table = TableEntity::new(TableType::new(RefType::FUNCREF, 1, None), 0).unwrap();
        assert_eq!(table.grown_len(u64::from(u32::MAX)), None);
        assert_eq!(table.grown_len(u64::MAX), None);
        assert_eq!(table.grown_len(9_999_999), Some(10_000_000));
    }
}
