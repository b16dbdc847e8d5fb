//! What the embedder holds on to in the heap: references in scopes, and references that it owns.
//!
//! A scope is a stretch of the list: leaving it truncates the list, so that its references are no
//! more. An owned reference has an entry until nobody holds its token any more.

use alloc::sync::Arc;
use alloc::vec::Vec;

/// The bit of a place that tells owned references from those in scopes.
const OWNED: u32 = 1 << 31;

/// Owned entries that nobody holds are looked for when there are at least so many.
const OWNED_TRIM_MIN: usize = 64;

/// A reference in the lists of a store: where it is, and a number that no earlier one there had.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Root {
    place: u32,
    generation: u32,
}

/// A reference of the embedder's.
struct Entry {
    slot: u64,
    generation: u32,
    /// Of an owned reference: what its owners hold.
    token: Option<Arc<()>>,
}

/// The references of the embedder's to objects of a store.
#[derive(Default)]
pub(crate) struct Roots {
    scoped: Vec<Entry>,
    owned: Vec<Entry>,
    /// The places in `owned` that are not in use.
    free: Vec<u32>,
    generation: u32,
    /// When `owned` is this long, it is time to look for entries that nobody holds.
    trim_at: usize,
}

impl Roots {
    /// Adds a reference to the innermost scope.
    pub(crate) fn push(&mut self, slot: u64) -> Root {
        let place = place(self.scoped.len());
        let generation = self.generation;
        self.scoped.push(Entry { slot, generation, token: None });
        Root { place, generation }
    }

    /// Adds a reference that lives as long as somebody holds its token.
    pub(crate) fn push_owned(&mut self, slot: u64) -> (Root, Arc<()>) {
        if self.free.is_empty() && self.owned.len() >= self.trim_at.max(OWNED_TRIM_MIN) {
            self.trim();
        }
        let token = Arc::new(());
        self.generation = self.generation.wrapping_add(1);
        let generation = self.generation;
        let entry = Entry { slot, generation, token: Some(token.clone()) };
        let place = match self.free.pop() {
            Some(place) => {
                self.owned[place as usize] = entry;
                place
            }
            None => {
                self.owned.push(entry);
                place(self.owned.len() - 1)
            }
        };
        (Root { place: place | OWNED, generation }, token)
    }

    /// The slot of a reference; `None` if its scope has ended or nobody owns it any more.
    pub(crate) fn get(&self, root: Root) -> Option<u64> {
        let entry = match root.place & OWNED {
            0 => self.scoped.get(root.place as usize)?,
            _ => self.owned.get((root.place & !OWNED) as usize)?,
        };
        (entry.generation == root.generation).then_some(entry.slot)
    }

    /// Begins a scope. What it gives is to be given back to end it.
    #[inline]
    pub(crate) fn enter(&self) -> usize {
        self.scoped.len()
    }

    /// Ends a scope, and all within it.
    #[inline]
    pub(crate) fn leave(&mut self, scope: usize) {
        if self.scoped.len() > scope {
            self.truncate(scope);
        }
    }

    #[cold]
    fn truncate(&mut self, scope: usize) {
        self.scoped.truncate(scope);
        self.generation = self.generation.wrapping_add(1);
    }

    /// Forgets owned references that nobody holds.
    pub(crate) fn trim(&mut self) {
        self.free.clear();
        for (entry, place) in self.owned.iter_mut().zip(0..) {
            if entry.token.as_ref().is_none_or(|token| Arc::strong_count(token) == 1) {
                (entry.slot, entry.token) = (0, None);
                self.free.push(place);
            }
        }
        self.trim_at = (self.owned.len() - self.free.len()).saturating_mul(2);
    }

    /// All references.
    pub(crate) fn slots(&self) -> impl Iterator<Item = u64> + '_ {
        self.scoped.iter().chain(&self.owned).map(|entry| entry.slot)
    }
}

fn place(len: usize) -> u32 {
    let place = u32::try_from(len).ok().filter(|place| place & OWNED == 0);
    place.expect("fewer than 2^31 references fit into a store")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_end_with_their_scope() {
        let mut roots = Roots::default();
        let outer = roots.push(2);
        let scope = roots.enter();
        let inner = roots.push(4);
        assert_eq!((roots.get(outer), roots.get(inner)), (Some(2), Some(4)));
        roots.leave(scope);
        assert_eq!((roots.get(outer), roots.get(inner)), (Some(2), None));
        let next = roots.push(6);
        assert_eq!((roots.get(inner), roots.get(next)), (None, Some(6)));
    }

    #[test]
    fn owned_references_end_with_their_token() {
        let mut roots = Roots::default();
        let (kept, token) = roots.push_owned(2);
        let (dropped, _) = roots.push_owned(4);
        roots.trim();
        assert_eq!(roots.slots().filter(|slot| *slot != 0).count(), 1);
        let (next, _next_token) = roots.push_owned(6);
        assert_eq!(roots.get(kept), Some(2));
        assert_eq!(roots.get(dropped), None, "another one has its place");
        assert_eq!(roots.get(next), Some(6));
        drop(token);
        roots.trim();
        assert_eq!(roots.slots().filter(|slot| *slot != 0).count(), 1);
    }

    #[test]
    fn forgotten_references_are_found_in_time() {
        let mut roots = Roots::default();
        (0..10_000).for_each(|_| drop(roots.push_owned(2)));
        assert!(roots.owned.len() <= OWNED_TRIM_MIN);
    }
}
