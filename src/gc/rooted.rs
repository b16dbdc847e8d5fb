//! References of the embedder's to objects: [`Rooted`] in scopes, [`OwnedRooted`] without.

use crate::store::{HeapHandle, Root, StoreId, StoreInner};
use crate::{AsContext, AsContextMut, Error, HeapType, StoreContext, StoreContextMut};
use alloc::sync::Arc;
use core::any::Any;
use core::fmt;
use core::ops::Deref;

/// A reference, by its entry in the lists of a store.
///
/// Public only because a public trait passes it on; it can't be named outside the crate.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct GcRoot {
    store: StoreId,
    root: Root,
}

impl GcRoot {
    /// Refers to what `slot` leads to from the innermost scope.
    pub(crate) fn new(store: &mut StoreInner, slot: u64) -> Self {
        Self { store: store.id, root: store.roots.push(slot) }
    }

    /// The slot.
    ///
    /// # Errors
    ///
    /// If the scope of the reference has ended.
    ///
    /// # Panics
    ///
    /// If the reference belongs to another store.
    #[track_caller]
    pub(crate) fn slot(self, store: &StoreInner) -> Result<u64, Error> {
        self.store.check(store.id);
        store.roots.get(self.root).ok_or_else(unrooted)
    }

    /// A reference to the same object from the innermost scope.
    ///
    /// # Errors
    ///
    /// If the scope of this one has ended.
    #[track_caller]
    pub(crate) fn in_scope(self, store: &mut StoreInner) -> Result<Self, Error> {
        let slot = self.slot(store)?;
        Ok(Self::new(store, slot))
    }

    /// The value of the host that the object is, if it is one.
    ///
    /// # Errors
    ///
    /// If the scope of the reference has ended.
    #[track_caller]
    pub(crate) fn host(
        self,
        store: &StoreInner,
    ) -> Result<Option<&(dyn Any + Send + Sync)>, Error> {
        let handle = HeapHandle::from_slot(self.slot(store)?);
        Ok(handle.and_then(|handle| store.heap.host(handle)))
    }
}

#[cold]
fn unrooted() -> Error {
    Error::msg("attempted to use a garbage-collected object that has been unrooted")
}

/// The types that [`Rooted`] and [`OwnedRooted`] refer to. It can't be implemented elsewhere.
pub trait GcRef: Copy + Send + Sync + 'static + Sealed {}

/// What [`GcRef`] does; not to be implemented elsewhere.
pub trait Sealed {
    /// What is referred to: objects of other types are never behind such a reference.
    const HEAP_TYPE: HeapType;

    /// As a reference of this type.
    fn from_root(root: GcRoot) -> Self;

    /// The reference.
    fn root(self) -> GcRoot;
}

/// Declares reference types that are nothing but a [`GcRoot`].
macro_rules! gc_refs {
    ($($(#[$doc:meta])* $name:ident: $heap_type:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Copy, Clone, Debug)]
        pub struct $name {
            root: $crate::gc::GcRoot,
        }

        impl $crate::gc::GcRef for $name {}

        impl $crate::gc::rooted::Sealed for $name {
            const HEAP_TYPE: $crate::HeapType = $crate::HeapType::$heap_type;

            fn from_root(root: $crate::gc::GcRoot) -> Self {
                Self { root }
            }

            fn root(self) -> $crate::gc::GcRoot {
                self.root
            }
        }
    )*};
}
pub(crate) use gc_refs;

/// A reference to an object that lives at least as long as the scope the reference was made in.
///
/// Scopes are those of [`RootScope`], and the calls of host functions: what a host function gets and
/// makes lasts until it returns. Outside of all scopes a reference lasts as long as the store. Using
/// it later is an error; using it with another store panics.
///
/// It derefs to the type of what it refers to, which has the methods.
pub struct Rooted<T: GcRef> {
    inner: T,
}

impl<T: GcRef> Rooted<T> {
    pub(crate) fn from_root(root: GcRoot) -> Self {
        Self { inner: T::from_root(root) }
    }

    /// The reference that a slot holds, which leads to an object of such a type; `None` if it is
    /// null.
    #[inline]
    pub(crate) fn from_slot(store: &mut StoreInner, slot: u64) -> Option<Self> {
        (slot != 0).then(|| Self::from_root(GcRoot::new(store, slot)))
    }

    pub(crate) fn root(self) -> GcRoot {
        self.inner.root()
    }

    /// The slot of a reference, which may be null.
    #[track_caller]
    pub(crate) fn to_slot(reference: Option<Self>, store: &StoreInner) -> Result<u64, Error> {
        reference.map_or(Ok(0), |reference| reference.root().slot(store))
    }

    /// Whether both refer to the same object.
    ///
    /// # Errors
    ///
    /// If the scope of one has ended.
    ///
    /// # Panics
    ///
    /// If one belongs to another store.
    pub fn ref_eq(
        store: impl AsContext,
        a: &impl Deref<Target = T>,
        b: &impl Deref<Target = T>,
    ) -> Result<bool, Error> {
        let store = store.as_context();
        Ok(a.root().slot(store.inner())? == b.root().slot(store.inner())?)
    }

    /// A reference to the same object that no scope ends.
    ///
    /// # Errors
    ///
    /// If the scope of this one has ended.
    ///
    /// # Panics
    ///
    /// If it belongs to another store.
    pub fn to_owned_rooted(&self, mut store: impl AsContextMut) -> Result<OwnedRooted<T>, Error> {
        let mut store = store.as_context_mut();
        OwnedRooted::of(store.inner_mut(), self.root())
    }
}

impl<T: GcRef> Deref for Rooted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: GcRef> Clone for Rooted<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: GcRef> Copy for Rooted<T> {}

impl<T: GcRef> fmt::Debug for Rooted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rooted").field(&self.root()).finish()
    }
}

/// A reference to an object that lives at least as long as the reference or one of its clones.
///
/// ```
/// use fulmar::{Engine, ExternRef, OwnedRooted, RootScope, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let kept: OwnedRooted<ExternRef> = {
///     let mut scope = RootScope::new(&mut store);
///     ExternRef::new(&mut scope, "kept")?.to_owned_rooted(&mut scope)?
/// };
/// store.gc();
/// let data = kept.data(&store)?;
/// assert_eq!(data.and_then(|data| data.downcast_ref()), Some(&"kept"));
/// # Ok::<(), fulmar::Error>(())
/// ```
pub struct OwnedRooted<T: GcRef> {
    inner: T,
    /// The entry of the store lives as long as this.
    token: Arc<()>,
}

impl<T: GcRef> OwnedRooted<T> {
    pub(crate) fn of(store: &mut StoreInner, root: GcRoot) -> Result<Self, Error> {
        let slot = root.slot(store)?;
        let (root, token) = store.roots.push_owned(slot);
        Ok(Self { inner: T::from_root(GcRoot { store: store.id, root }), token })
    }

    /// A reference that is good for as long as the token lives, which comes with it.
    pub(crate) fn into_parts(self) -> (Rooted<T>, Arc<()>) {
        (Rooted { inner: self.inner }, self.token)
    }

    /// A reference to the same object in the innermost scope.
    ///
    /// # Panics
    ///
    /// If this one belongs to another store.
    pub fn to_rooted(&self, mut store: impl AsContextMut) -> Rooted<T> {
        let mut store = store.as_context_mut();
        let root = self.inner.root().in_scope(store.inner_mut());
        Rooted::from_root(root.expect("owned references last"))
    }
}

impl<T: GcRef> Deref for OwnedRooted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: GcRef> Clone for OwnedRooted<T> {
    fn clone(&self) -> Self {
        Self { inner: self.inner, token: self.token.clone() }
    }
}

impl<T: GcRef> fmt::Debug for OwnedRooted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnedRooted").field(&self.inner.root()).finish()
    }
}

/// A scope of [`Rooted`] references: those that are made while it exists end with it.
///
/// ```
/// use fulmar::{Engine, ExternRef, RootScope, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// for number in 0..1000 {
///     let mut scope = RootScope::new(&mut store);
///     ExternRef::new(&mut scope, number)?;
/// }
/// store.gc();
/// assert_eq!(store.gc_heap_bytes(), 0);
/// # Ok::<(), fulmar::Error>(())
/// ```
pub struct RootScope<C: AsContextMut> {
    store: C,
    scope: usize,
}

impl<C: AsContextMut> RootScope<C> {
    /// Begins a scope.
    pub fn new(store: C) -> Self {
        let scope = store.as_context().inner().roots.enter();
        Self { store, scope }
    }
}

impl<C: AsContextMut> Drop for RootScope<C> {
    fn drop(&mut self) {
        self.store.as_context_mut().inner_mut().roots.leave(self.scope);
    }
}

impl<C: AsContextMut> AsContext for RootScope<C> {
    type Data = C::Data;

    fn as_context(&self) -> StoreContext<'_, C::Data> {
        self.store.as_context()
    }
}

impl<C: AsContextMut> AsContextMut for RootScope<C> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, C::Data> {
        self.store.as_context_mut()
    }
}
