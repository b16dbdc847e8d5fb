//! Globals, as embedders see them.

use crate::store::{Handle, StoreId, StoreInner};
use crate::{AsContext, AsContextMut, Error, GlobalType, Mutability, Val};
use core::slice;

/// A global.
///
/// ```
/// use fulmar::{Engine, Global, GlobalType, Mutability, Store, Val, ValType};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let ty = GlobalType::new(ValType::I32, Mutability::Var);
/// let global = Global::new(&mut store, ty, Val::I32(1))?;
/// global.set(&mut store, Val::I32(2))?;
/// assert_eq!(global.get(&mut store).i32(), Some(2));
/// # Ok::<(), fulmar::Error>(())
/// ```
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct Global {
    handle: Handle,
}

impl Global {
    /// A new global that holds `value`.
    ///
    /// # Errors
    ///
    /// If `value` is not of the type.
    ///
    /// # Panics
    ///
    /// If `value` refers into another store, or the type is of another engine.
    pub fn new(mut store: impl AsContextMut, ty: GlobalType, value: Val) -> Result<Self, Error> {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        store.engine.types().check(ty.content());
        check_type(store, ty, &value)?;
        store.add_globals(slice::from_ref(&ty));
        let position = store.lists.globals.len() - 1;
        let global = Self::from_position(store.id, position as u32);
        global.write(store, &value)?;
        Ok(global)
    }

    pub(crate) fn from_position(store: StoreId, position: u32) -> Self {
        Self { handle: Handle::new(store, position) }
    }

    /// The position in `store`.
    pub(crate) fn position(self, store: StoreId) -> u32 {
        self.handle.position(store)
    }

    /// The type.
    ///
    /// # Panics
    ///
    /// If the global belongs to another store, as with all other functions here.
    pub fn ty(&self, store: impl AsContext) -> GlobalType {
        self.ty_in(store.as_context().inner())
    }

    pub(crate) fn ty_in(self, store: &StoreInner) -> GlobalType {
        store.lists.globals[self.handle.index(store)].1
    }

    /// The value.
    pub fn get(&self, mut store: impl AsContextMut) -> Val {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        let (cell, ty) = store.lists.globals[self.handle.index(store)];
        // SAFETY: cells of a store live as long as it and change only with an exclusive borrow of
        // it.
        let bits = unsafe { (*cell.as_ptr()).bits };
        Val::read(ty.content(), &bits, store)
    }

    /// Sets the value.
    ///
    /// # Errors
    ///
    /// If the global is constant or `value` is not of its type.
    ///
    /// # Panics
    ///
    /// If the global or `value` belongs to another store.
    pub fn set(&self, mut store: impl AsContextMut, value: Val) -> Result<(), Error> {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        let ty = self.ty_in(store);
        if ty.mutability() == Mutability::Const {
            return Err(Error::msg("immutable global cannot be set"));
        }
        check_type(store, ty, &value)?;
        self.write(store, &value)
    }

    fn write(self, store: &mut StoreInner, value: &Val) -> Result<(), Error> {
        let (cell, _) = store.lists.globals[self.handle.index(store)];
        // SAFETY: cells of a store live as long as it, and the store is borrowed exclusively.
        let cell = unsafe { &mut *cell.as_ptr() };
        value.write(&mut cell.bits, store)?;
        Ok(())
    }
}

fn check_type(store: &StoreInner, ty: GlobalType, value: &Val) -> Result<(), Error> {
    if value.is_of(store, ty.content())? {
        return Ok(());
    }
    Err(Error::msg(alloc::format!(
        "expected a value of type {}, found {}",
        ty.content(),
        value.ty()
    )))
}
