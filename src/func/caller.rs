//! What a host function knows of its caller.

use crate::instance::export_of;
use crate::store::{AsContext, AsContextMut, InstanceData, StoreContext, StoreContextMut};
use crate::{Engine, Error, Extern};
use core::fmt;
use core::ptr::NonNull;

/// The store and the calling instance, as a host function sees them.
///
/// ```
/// use fulmar::{Caller, Engine, Linker, Module, Store};
///
/// let engine = Engine::default();
/// let wasm = wat::parse_str(
///     r#"(module
///         (import "host" "shout" (func (param i32 i32)))
///         (memory (export "memory") 1)
///         (data (i32.const 8) "hello")
///         (func (export "run") (call 0 (i32.const 8) (i32.const 5))))"#,
/// )?;
/// let module = Module::new(&engine, &wasm)?;
///
/// let mut linker = Linker::<String>::new(&engine);
/// linker.func_wrap("host", "shout", |mut caller: Caller<'_, String>, start: u32, len: u32| {
///     let memory = caller.get_export("memory").and_then(|export| export.into_memory());
///     let memory = memory.ok_or_else(|| fulmar::Error::msg("the guest has no memory"))?;
///     let mut text = vec![0; len as usize];
///     memory.read(&caller, start as usize, &mut text)?;
///     *caller.data_mut() = String::from_utf8_lossy(&text).to_uppercase();
///     Ok(())
/// })?;
/// let mut store = Store::new(&engine, String::new());
/// let instance = linker.instantiate(&mut store, &module)?;
/// instance.get_typed_func::<(), ()>(&mut store, "run")?.call(&mut store, ())?;
/// assert_eq!(store.data(), "HELLO");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Caller<'a, T: 'static> {
    store: StoreContextMut<'a, T>,
    /// `None` if the host called.
    instance: Option<NonNull<InstanceData>>,
}

impl<'a, T: 'static> Caller<'a, T> {
    /// `instance` is null or an instance of `store`.
    pub(crate) fn new(store: StoreContextMut<'a, T>, instance: *const InstanceData) -> Self {
        Self { store, instance: NonNull::new(instance.cast_mut()) }
    }

    /// The export `name` of the calling instance; `None` if it has none or the host called.
    pub fn get_export(&mut self, name: &str) -> Option<Extern> {
        let instance = self.instance?;
        // SAFETY: the instance is of this store, and nobody else uses it while a host function
        // runs.
        unsafe { export_of(self.store.inner_mut(), instance, name) }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        self.store.engine()
    }

    /// The embedder's data.
    pub fn data(&self) -> &T {
        self.store.data()
    }

    /// The embedder's data.
    pub fn data_mut(&mut self) -> &mut T {
        self.store.data_mut()
    }

    /// As [`Store::gc`](crate::Store::gc).
    pub fn gc(&mut self) {
        self.store.gc();
    }

    /// As [`Store::gc_heap_bytes`](crate::Store::gc_heap_bytes).
    pub fn gc_heap_bytes(&self) -> usize {
        self.store.gc_heap_bytes()
    }

    /// As [`Store::get_fuel`](crate::Store::get_fuel).
    ///
    /// # Errors
    ///
    /// If the engine's configuration is not to consume fuel.
    pub fn get_fuel(&self) -> Result<u64, Error> {
        self.store.get_fuel()
    }

    /// As [`Store::set_fuel`](crate::Store::set_fuel).
    ///
    /// # Errors
    ///
    /// If the engine's configuration is not to consume fuel.
    pub fn set_fuel(&mut self, fuel: u64) -> Result<(), Error> {
        self.store.set_fuel(fuel)
    }
}

impl<T: 'static> AsContext for Caller<'_, T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        self.store.as_context()
    }
}

impl<T: 'static> AsContextMut for Caller<'_, T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        self.store.as_context_mut()
    }
}

impl<T: fmt::Debug> fmt::Debug for Caller<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("data", self.data()).finish_non_exhaustive()
    }
}
