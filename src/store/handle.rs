//! What the embedder holds instead of references into a store: the store's identity and a position.

use super::StoreInner;
use core::num::NonZeroU64;
use spin::Mutex;

/// The identity of a store, unique within the process.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct StoreId(NonZeroU64);

impl StoreId {
    /// # Panics
    ///
    /// If the stores are not the same.
    #[inline]
    #[track_caller]
    pub(crate) fn check(self, store: StoreId) {
        if self != store {
            wrong_store();
        }
    }

    /// An identity that no store had before.
    pub(super) fn fresh() -> Self {
        // Not an atomic, because not every target has one that is wide enough never to wrap.
        static LAST: Mutex<u64> = Mutex::new(0);
        let mut last = LAST.lock();
        *last += 1;
        Self(NonZeroU64::new(*last).expect("2^64 stores are never made"))
    }
}

/// An object of a store, by position.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Handle {
    store: StoreId,
    position: u32,
}

impl Handle {
    /// The object of `store` at `position`.
    pub(crate) fn new(store: StoreId, position: u32) -> Self {
        Self { store, position }
    }

    /// The position in `store`.
    ///
    /// # Panics
    ///
    /// If the object belongs to another store.
    #[inline]
    #[track_caller]
    pub(crate) fn position(self, store: StoreId) -> u32 {
        self.store.check(store);
        self.position
    }

    /// The position in `store`; `None` if the object belongs to another one.
    pub(crate) fn position_in(self, store: StoreId) -> Option<u32> {
        (self.store == store).then_some(self.position)
    }

    /// As [`Handle::position`], to index with.
    #[inline]
    #[track_caller]
    pub(crate) fn index(self, store: &StoreInner) -> usize {
        self.position(store.id) as usize
    }
}

#[cold]
#[track_caller]
fn wrong_store() -> ! {
    panic!("object used with a store that it does not belong to")
}
