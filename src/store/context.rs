//! [`Store`], which joins the embedder's data to a [`StoreInner`], and borrows of it.
//!
//! The joint object is only ever reached through the pointer it was allocated with. References to
//! its parts are made for single operations, so that the interpreter, the limiter and the embedder,
//! who hold the same pointer at the same time while calls nest, never invalidate each other's.

use super::StoreInner;
use crate::{Engine, Error, ResourceLimiter};
use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

/// How the embedder's data leads to its limiter.
type Limiter<T> = Box<dyn (FnMut(&mut T) -> &mut dyn ResourceLimiter) + Send + Sync>;

/// A store and the embedder's data. `inner` comes first, so that a pointer to it is one to all.
#[repr(C)]
struct StoreData<T> {
    inner: StoreInner,
    limiter: Option<Limiter<T>>,
    data: T,
}

/// Everything that instances consist of at run time, and data of the embedder's own.
///
/// Instances, functions, memories, tables and globals belong to a store and are freed with it; what
/// the embedder holds are handles. Host functions reach `T` through [`Caller`](crate::Caller).
///
/// ```
/// use fulmar::{Engine, Store};
///
/// let mut store = Store::new(&Engine::default(), 1);
/// *store.data_mut() += 1;
/// assert_eq!(store.into_data(), 2);
/// ```
pub struct Store<T: 'static> {
    /// Owned: made from a box.
    pointer: NonNull<StoreData<T>>,
    owner: PhantomData<StoreData<T>>,
}

// SAFETY: a store owns all that its pointers lead to, and all of it can be sent: modules and host
// functions are shared between threads, host values are `Send + Sync`, and guests' state is plain
// memory.
unsafe impl<T: Send> Send for Store<T> {}
// SAFETY: through a shared reference the store can only be read, apart from `T`, which is `Sync`.
unsafe impl<T: Sync> Sync for Store<T> {}

impl<T: 'static> Store<T> {
    /// An empty store with the embedder's `data`.
    pub fn new(engine: &Engine, data: T) -> Self {
        let store = StoreData { inner: StoreInner::new(engine.clone()), limiter: None, data };
        let pointer = NonNull::from(Box::leak(Box::new(store)));
        // SAFETY: the pointer is valid, and nothing else refers to the store yet.
        unsafe { (*pointer.as_ptr()).inner.this = pointer.cast() };
        Self { pointer, owner: PhantomData }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.as_context().into_inner().engine
    }

    /// The embedder's data.
    pub fn data(&self) -> &T {
        self.as_context().into_data()
    }

    /// The embedder's data.
    pub fn data_mut(&mut self) -> &mut T {
        self.as_context_mut().into_data_mut()
    }

    /// Frees the store and gives the embedder's data back.
    pub fn into_data(self) -> T {
        let this = ManuallyDrop::new(self);
        // SAFETY: the pointer was made from a box, and `this` is not dropped.
        let store = unsafe { Box::from_raw(this.pointer.as_ptr()) };
        store.data
    }

    /// Frees all objects of the garbage-collected heap that nothing refers to. It happens by itself
    /// when enough was allocated; this is for who knows a good moment.
    pub fn gc(&mut self) {
        self.as_context_mut().gc();
    }

    /// The bytes that the objects of the garbage-collected heap take, those that nothing refers to
    /// any more included.
    pub fn gc_heap_bytes(&self) -> usize {
        self.as_context().into_inner().heap.bytes()
    }

    /// The fuel that is left.
    ///
    /// # Errors
    ///
    /// If the engine's configuration is not to consume fuel.
    pub fn get_fuel(&self) -> Result<u64, Error> {
        self.as_context().get_fuel()
    }

    /// Sets the fuel that guests have left.
    ///
    /// # Errors
    ///
    /// If the engine's configuration is not to consume fuel.
    pub fn set_fuel(&mut self, fuel: u64) -> Result<(), Error> {
        self.as_context_mut().set_fuel(fuel)
    }

    /// Asks the limiter that `limiter` finds in the embedder's data before anything is created or
    /// grows.
    ///
    /// ```
    /// use fulmar::{Engine, Memory, MemoryType, Store, StoreLimits, StoreLimitsBuilder};
    ///
    /// let limits = StoreLimitsBuilder::new().memory_size(1 << 16).build();
    /// let mut store = Store::new(&Engine::default(), limits);
    /// store.limiter(|limits| limits);
    /// let memory = Memory::new(&mut store, MemoryType::new(1, None))?;
    /// assert!(memory.grow(&mut store, 1).is_err());
    /// # Ok::<(), fulmar::Error>(())
    /// ```
    pub fn limiter(
        &mut self,
        limiter: impl (FnMut(&mut T) -> &mut dyn ResourceLimiter) + Send + Sync + 'static,
    ) {
        let store = self.pointer.as_ptr();
        // SAFETY: the pointer is valid, and the store is borrowed exclusively.
        unsafe {
            (*store).limiter = Some(Box::new(limiter));
            (*store).inner.limiter = Some(call_limiter::<T>);
        }
    }
}

/// A [`LimiterCall`](super::LimiterCall) for stores of `T`.
///
/// # Safety
///
/// That of `LimiterCall`.
unsafe fn call_limiter<T>(
    store: NonNull<StoreInner>,
    ask: &mut dyn FnMut(&mut dyn ResourceLimiter),
) {
    let store = store.cast::<StoreData<T>>().as_ptr();
    // SAFETY: the store is a live one of `T`, and nothing else refers to these two parts of it.
    let (limiter, data) = unsafe { (&mut (*store).limiter, &mut (*store).data) };
    if let Some(limiter) = limiter {
        ask(limiter(data));
    }
}

impl<T: 'static> Drop for Store<T> {
    fn drop(&mut self) {
        // SAFETY: the pointer was made from a box, and nothing uses it any more.
        drop(unsafe { Box::from_raw(self.pointer.as_ptr()) });
    }
}

impl<T: fmt::Debug> fmt::Debug for Store<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("data", self.data()).finish_non_exhaustive()
    }
}

/// A shared borrow of a store.
pub struct StoreContext<'a, T: 'static> {
    pointer: NonNull<StoreData<T>>,
    borrow: PhantomData<&'a StoreData<T>>,
}

// SAFETY: as for `&Store<T>`.
unsafe impl<T: Sync> Send for StoreContext<'_, T> {}
// SAFETY: as for `&Store<T>`.
unsafe impl<T: Sync> Sync for StoreContext<'_, T> {}

impl<'a, T: 'static> StoreContext<'a, T> {
    /// The engine.
    pub fn engine(&self) -> &'a Engine {
        &self.into_inner().engine
    }

    /// The embedder's data.
    pub fn data(&self) -> &'a T {
        self.into_data()
    }

    /// As [`Store::get_fuel`].
    ///
    /// # Errors
    ///
    /// If the engine's configuration is not to consume fuel.
    pub fn get_fuel(&self) -> Result<u64, Error> {
        let inner = self.inner();
        check_fuel(&inner.engine)?;
        Ok(inner.fuel)
    }

    pub(crate) fn inner(&self) -> &StoreInner {
        self.into_inner()
    }

    pub(crate) fn into_inner(self) -> &'a StoreInner {
        // SAFETY: the store is borrowed for `'a`, so that it lives and nobody writes to it.
        unsafe { &(*self.pointer.as_ptr()).inner }
    }

    fn into_data(self) -> &'a T {
        // SAFETY: as in `into_inner`.
        unsafe { &(*self.pointer.as_ptr()).data }
    }
}

impl<T: 'static> Clone for StoreContext<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: 'static> Copy for StoreContext<'_, T> {}

/// An exclusive borrow of a store.
pub struct StoreContextMut<'a, T: 'static> {
    pointer: NonNull<StoreData<T>>,
    borrow: PhantomData<&'a mut StoreData<T>>,
}

// SAFETY: as for `&mut Store<T>`.
unsafe impl<T: Send> Send for StoreContextMut<'_, T> {}
// SAFETY: as for `&&mut Store<T>`.
unsafe impl<T: Sync> Sync for StoreContextMut<'_, T> {}

impl<'a, T: 'static> StoreContextMut<'a, T> {
    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.inner().engine
    }

    /// The embedder's data.
    pub fn data(&self) -> &T {
        self.as_context().into_data()
    }

    /// The embedder's data.
    pub fn data_mut(&mut self) -> &mut T {
        self.as_context_mut().into_data_mut()
    }

    /// As [`Store::get_fuel`].
    ///
    /// # Errors
    ///
    /// If the engine's configuration is not to consume fuel.
    pub fn get_fuel(&self) -> Result<u64, Error> {
        self.as_context().get_fuel()
    }

    /// As [`Store::gc`].
    pub fn gc(&mut self) {
        let inner = self.inner_mut();
        let alive = inner.alive(&[]);
        // SAFETY: no guest runs, or one waits for the host, and no reference to an object is in use:
        // those that the embedder can have borrow the store.
        unsafe { inner.collect(alive) };
    }

    /// As [`Store::gc_heap_bytes`].
    pub fn gc_heap_bytes(&self) -> usize {
        self.inner().heap.bytes()
    }

    /// As [`Store::set_fuel`].
    ///
    /// # Errors
    ///
    /// If the engine's configuration is not to consume fuel.
    pub fn set_fuel(&mut self, fuel: u64) -> Result<(), Error> {
        let inner = self.inner_mut();
        check_fuel(&inner.engine)?;
        inner.fuel = fuel;
        Ok(())
    }

    /// The store that a host function is called with.
    ///
    /// # Safety
    ///
    /// `store` is [`StoreInner::this`] of a store of `T`, which lives and is used by nobody else
    /// during `'a`.
    pub(crate) unsafe fn from_inner(store: NonNull<StoreInner>) -> Self {
        Self { pointer: store.cast(), borrow: PhantomData }
    }

    /// The pointer that the interpreter and host functions are given.
    pub(crate) fn as_ptr(&mut self) -> NonNull<StoreInner> {
        self.pointer.cast()
    }

    pub(crate) fn inner(&self) -> &StoreInner {
        // SAFETY: the store is borrowed for `'a`, and through this borrow for as long as `self`.
        unsafe { &(*self.pointer.as_ptr()).inner }
    }

    pub(crate) fn inner_mut(&mut self) -> &mut StoreInner {
        // SAFETY: the store is borrowed exclusively for `'a`, and through this borrow for as long
        // as `self`.
        unsafe { &mut (*self.pointer.as_ptr()).inner }
    }

    pub(crate) fn into_inner_mut(self) -> &'a mut StoreInner {
        self.into_parts_mut().0
    }

    fn into_data_mut(self) -> &'a mut T {
        self.into_parts_mut().1
    }

    /// The store's own part and the embedder's.
    pub(crate) fn into_parts_mut(self) -> (&'a mut StoreInner, &'a mut T) {
        let store = self.pointer.as_ptr();
        // SAFETY: the store is borrowed exclusively for `'a`, and the parts are distinct.
        unsafe { (&mut (*store).inner, &mut (*store).data) }
    }
}

fn check_fuel(engine: &Engine) -> Result<(), Error> {
    if engine.config().consumes_fuel() {
        return Ok(());
    }
    Err(Error::msg("fuel is not configured for this engine"))
}

/// What gives shared access to a store: the store, a borrow of it, or a [`Caller`](crate::Caller).
pub trait AsContext {
    /// The embedder's data.
    type Data: 'static;

    /// Borrows the store.
    fn as_context(&self) -> StoreContext<'_, Self::Data>;
}

/// What gives exclusive access to a store.
pub trait AsContextMut: AsContext {
    /// Borrows the store exclusively.
    fn as_context_mut(&mut self) -> StoreContextMut<'_, Self::Data>;
}

impl<C: AsContext> AsContext for &C {
    type Data = C::Data;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, C::Data> {
        C::as_context(self)
    }
}

impl<C: AsContext> AsContext for &mut C {
    type Data = C::Data;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, C::Data> {
        C::as_context(self)
    }
}

impl<C: AsContextMut> AsContextMut for &mut C {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, C::Data> {
        C::as_context_mut(self)
    }
}

impl<T: 'static> AsContext for Store<T> {
    type Data = T;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext { pointer: self.pointer, borrow: PhantomData }
    }
}

impl<T: 'static> AsContextMut for Store<T> {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut { pointer: self.pointer, borrow: PhantomData }
    }
}

impl<T: 'static> AsContext for StoreContext<'_, T> {
    type Data = T;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, T> {
        *self
    }
}

impl<T: 'static> AsContext for StoreContextMut<'_, T> {
    type Data = T;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext { pointer: self.pointer, borrow: PhantomData }
    }
}

impl<T: 'static> AsContextMut for StoreContextMut<'_, T> {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut { pointer: self.pointer, borrow: PhantomData }
    }
}

impl<'a, C: AsContext> From<&'a C> for StoreContext<'a, C::Data> {
    #[inline]
    fn from(context: &'a C) -> Self {
        C::as_context(context)
    }
}

impl<'a, C: AsContext> From<&'a mut C> for StoreContext<'a, C::Data> {
    #[inline]
    fn from(context: &'a mut C) -> Self {
        C::as_context(context)
    }
}

impl<'a, C: AsContextMut> From<&'a mut C> for StoreContextMut<'a, C::Data> {
    #[inline]
    fn from(context: &'a mut C) -> Self {
        C::as_context_mut(context)
    }
}
