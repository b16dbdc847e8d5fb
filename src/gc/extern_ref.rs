//! References to values of the host.

use super::rooted::gc_refs;
use super::{AnyRef, GcRoot, Rooted};
use crate::{AsContextMut, Error, StoreContext, Trap};
use alloc::boxed::Box;
use core::any::Any;

gc_refs! {
    /// A reference to a value of the host's, which guests can pass around and not look into.
    ///
    /// The value is dropped when nothing refers to it any more, at the latest with the store.
    ///
    /// ```
    /// use fulmar::{Engine, ExternRef, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ());
    /// let greeting = ExternRef::new(&mut store, "hello")?;
    /// let data = greeting.data(&store)?;
    /// assert_eq!(data.and_then(|data| data.downcast_ref()), Some(&"hello"));
    /// # Ok::<(), fulmar::Error>(())
    /// ```
    ExternRef: Extern;
}

impl ExternRef {
    /// Puts `value` into the store and refers to it.
    ///
    /// # Errors
    ///
    /// If there is no memory for it.
    pub fn new(
        mut store: impl AsContextMut,
        value: impl Any + Send + Sync,
    ) -> Result<Rooted<Self>, Error> {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        let alive = store.alive(&[]);
        let value = Box::new(value);
        // SAFETY: no guest runs, and no reference to an object is in use.
        unsafe { store.make_room(size_of::<Box<dyn Any>>() as u64, alive) };
        let handle = store.heap.alloc_host(value).ok_or(Trap::AllocationTooLarge)?;
        Ok(Rooted::from_root(GcRoot::new(store, handle.slot())))
    }

    /// The value; `None` if this is a guest's own value, converted by `extern.convert_any`.
    ///
    /// # Errors
    ///
    /// If the scope of the reference has ended.
    ///
    /// # Panics
    ///
    /// If the reference belongs to another store, as with all other functions here.
    pub fn data<'a, T: 'static>(
        &self,
        store: impl Into<StoreContext<'a, T>>,
    ) -> Result<Option<&'a (dyn Any + Send + Sync)>, Error> {
        self.root.host(store.into().into_inner())
    }

    /// What `extern.convert_any` gives for a guest's own value.
    ///
    /// # Errors
    ///
    /// If the scope of the reference has ended.
    pub fn convert_any(
        mut store: impl AsContextMut,
        value: Rooted<AnyRef>,
    ) -> Result<Rooted<Self>, Error> {
        let mut store = store.as_context_mut();
        Ok(Rooted::from_root(value.root().in_scope(store.inner_mut())?))
    }
}
