//! Calls whose types are checked once.

use super::slots::SlotList;
use super::{Func, WasmParams, WasmResults};
use crate::store::FuncId;
use crate::{AsContextMut, Error, execute};
use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::slice;

/// The most slots of a typed call: 16 values of two slots.
const SLOTS_MAX: usize = 32;

/// A function whose type is known: parameters `P` and results `R`.
///
/// Made by [`Func::typed`] and [`Instance::get_typed_func`](crate::Instance::get_typed_func).
pub struct TypedFunc<P, R> {
    func: Func,
    types: PhantomData<fn(P) -> R>,
}

impl<P: WasmParams, R: WasmResults> TypedFunc<P, R> {
    /// Obligation of the caller: `func` is of this type.
    pub(super) fn new(func: Func) -> Self {
        Self { func, types: PhantomData }
    }

    /// The function.
    pub fn func(&self) -> &Func {
        &self.func
    }

    /// Calls the function.
    ///
    /// # Errors
    ///
    /// If the guest traps, a host function fails, or the guest exits.
    ///
    /// # Panics
    ///
    /// If the function, or a reference among the parameters, belongs to another store.
    #[inline]
    pub fn call(&self, mut store: impl AsContextMut, params: P) -> Result<R, Error> {
        let mut store = store.as_context_mut();
        let id = store.inner().id;
        let func = FuncId(self.func.position(id));
        let mut slots = [const { MaybeUninit::<u64>::uninit() }; SLOTS_MAX];
        let used = &mut slots[..const { larger(<P as SlotList>::SLOTS, <R as SlotList>::SLOTS) }];
        used.fill(MaybeUninit::new(0));
        // SAFETY: all of them were just initialised, and `slots` outlives the borrow.
        let used = unsafe { slice::from_raw_parts_mut(used.as_mut_ptr().cast(), used.len()) };
        params.write(used, store.inner())?;
        // SAFETY: the store is borrowed exclusively; the function is one of it, and there are slots
        // for its parameters and results, whose types were checked when `self` was made.
        unsafe { execute::call(store.as_ptr(), func, used)? };
        Ok(R::read(used, store.inner_mut()))
    }
}

const fn larger(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

impl<P, R> Clone for TypedFunc<P, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P, R> Copy for TypedFunc<P, R> {}

impl<P, R> fmt::Debug for TypedFunc<P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TypedFunc").field(&self.func).finish()
    }
}
