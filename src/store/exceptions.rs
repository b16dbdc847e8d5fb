//! The exceptions that references lead to.
//!
//! An exception that is thrown and caught without a reference to it never comes here: its values
//! stay where they were pushed until they are moved to where they are caught. `catch_ref` and the
//! embedder put exceptions here.
//!
//! What a collector has to do, since nothing is freed before the store is dropped until one does:
//! call [`Exceptions::mark`] for each reference it finds, from its roots and again from each payload
//! that `mark` gives it, whose slots are typed by the tag ([`StoreInner::tags`]); then
//! [`Exceptions::sweep`]. [`Exceptions::alloc`] is where memory is needed, thus where a collection
//! may happen: the payload that is being put here is a root, too.
//!
//! [`StoreInner::tags`]: super::StoreInner::tags

use alloc::boxed::Box;
use alloc::vec::Vec;

/// An exception of a store, by position.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct ExceptionId(pub(crate) u32);

impl ExceptionId {
    /// The slot of a reference to this exception: never 0, which is null, and even.
    pub(crate) fn slot(self) -> u64 {
        (u64::from(self.0) + 1) << 1
    }

    /// The exception that a slot refers to; `None` if it is null.
    pub(crate) fn from_slot(slot: u64) -> Option<Self> {
        // Slots are made by `slot`, so that nothing is cut off.
        Some(Self((slot >> 1).checked_sub(1)? as u32))
    }
}

/// All exceptions of a store that references lead to.
#[derive(Default)]
pub(crate) struct Exceptions {
    /// By [`ExceptionId`].
    entries: Vec<Entry>,
    /// The positions that are not in use.
    free: Vec<u32>,
}

struct Entry {
    /// The position of the tag in the store.
    tag: u32,
    marked: bool,
    /// The slots that the exception carries, as its tag's type says.
    payload: Box<[u64]>,
}

impl Exceptions {
    /// Adds an exception; `None` if there is no memory for it.
    pub(crate) fn alloc(&mut self, tag: u32, payload: &[u64]) -> Option<ExceptionId> {
        let mut slots = Vec::new();
        slots.try_reserve_exact(payload.len()).ok()?;
        slots.extend_from_slice(payload);
        let entry = Entry { tag, marked: false, payload: slots.into() };
        if let Some(position) = self.free.pop() {
            self.entries[position as usize] = entry;
            return Some(ExceptionId(position));
        }
        let position = u32::try_from(self.entries.len()).ok()?;
        self.entries.try_reserve(1).ok()?;
        self.entries.push(entry);
        Some(ExceptionId(position))
    }

    /// The tag and the payload of an exception.
    pub(crate) fn get(&self, exception: ExceptionId) -> (u32, &[u64]) {
        let Entry { tag, payload, .. } = &self.entries[exception.0 as usize];
        (*tag, payload)
    }
}

#[cfg_attr(not(test), expect(dead_code, reason = "the hooks of a collector that is still to come"))]
impl Exceptions {
    /// Keeps an exception through the next sweep. Gives its tag and payload when it is marked for
    /// the first time.
    pub(crate) fn mark(&mut self, exception: ExceptionId) -> Option<(u32, &[u64])> {
        let Entry { tag, marked, payload } = &mut self.entries[exception.0 as usize];
        (!core::mem::replace(marked, true)).then_some((*tag, payload))
    }

    /// Frees all exceptions that were not marked since the last sweep.
    pub(crate) fn sweep(&mut self) {
        self.free.clear();
        for (entry, position) in self.entries.iter_mut().zip(0..) {
            if !core::mem::take(&mut entry.marked) {
                entry.payload = Box::default();
                self.free.push(position);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_even_and_not_null() {
        for position in [0, 1, u32::MAX - 1, u32::MAX] {
            let id = ExceptionId(position);
            assert!(id.slot() != 0 && id.slot().is_multiple_of(2));
            assert_eq!(ExceptionId::from_slot(id.slot()), Some(id));
        }
        assert_eq!(ExceptionId::from_slot(0), None);
    }

    #[test]
    fn what_is_marked_stays() {
        let mut exceptions = Exceptions::default();
        let kept = exceptions.alloc(1, &[10, 11]).unwrap();
        let dropped = exceptions.alloc(2, &[20]).unwrap();
        assert_eq!(exceptions.mark(kept), Some((1, &[10, 11][..])));
        assert_eq!(exceptions.mark(kept), None);
        exceptions.sweep();
        assert_eq!(exceptions.alloc(3, &[]), Some(dropped));
        assert_eq!(exceptions.get(kept), (1, &[10, 11][..]));
        assert_eq!(exceptions.get(dropped), (3, &[][..]));
        assert_eq!(exceptions.mark(kept), Some((1, &[10, 11][..])), "marks last one sweep");
    }
}
