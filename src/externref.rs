//! References to values of the host.

use crate::store::{AsContextMut, Handle, StoreId};
use crate::{AsContext, StoreContext};
use alloc::boxed::Box;
use core::any::Any;

/// A reference to a value of the host's, which guests can pass around and not look into.
///
/// The value lives as long as the store.
///
/// ```
/// use fulmar::{Engine, ExternRef, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let greeting = ExternRef::new(&mut store, "hello");
/// assert_eq!(greeting.data(&store).and_then(|data| data.downcast_ref()), Some(&"hello"));
/// ```
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct ExternRef {
    handle: Handle,
}

impl ExternRef {
    /// Puts `value` into the store and refers to it.
    pub fn new(mut store: impl AsContextMut, value: impl Any + Send + Sync) -> Self {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        let position = store.add_externref(Box::new(value));
        Self { handle: Handle::new(store.id, position) }
    }

    /// The value.
    ///
    /// # Panics
    ///
    /// If the reference belongs to another store.
    pub fn data<'a, T: 'static>(
        &self,
        store: impl Into<StoreContext<'a, T>>,
    ) -> Option<&'a (dyn Any + Send + Sync)> {
        let store = store.into().into_inner();
        store.externrefs.get(self.handle.index(store)).map(|value| &**value)
    }

    /// Whether both refer to the same value of `store`; null is only the same as null.
    ///
    /// # Panics
    ///
    /// If a reference belongs to another store.
    pub fn ref_eq(store: impl AsContext, a: Option<&ExternRef>, b: Option<&ExternRef>) -> bool {
        let id = store.as_context().inner().id;
        let position = |reference: Option<&ExternRef>| Some(reference?.handle.position(id));
        position(a) == position(b)
    }

    /// The slot: a position and one, so that 0 can be null.
    pub(crate) fn to_slot(reference: Option<Self>, store: StoreId) -> u64 {
        reference.map_or(0, |reference| u64::from(reference.handle.position(store)) + 1)
    }

    /// The reference that a slot of `store` holds.
    pub(crate) fn from_slot(slot: u64, store: StoreId) -> Option<Self> {
        // Slots are made by `to_slot`, so that nothing is cut off.
        let position = slot.checked_sub(1)? as u32;
        Some(Self { handle: Handle::new(store, position) })
    }
}
