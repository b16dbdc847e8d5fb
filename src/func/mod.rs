//! Functions, as embedders see them: calls of guest functions, and closures that guests can call.

mod caller;
mod into_func;
mod slots;
mod typed;

pub use self::caller::Caller;
pub use self::into_func::IntoFunc;
pub use self::slots::{WasmParams, WasmResults, WasmRet, WasmTy};
pub use self::typed::TypedFunc;

use crate::store::{FuncId, Handle, HostFunc, InstanceData, StoreContextMut, StoreId, StoreInner};
use crate::{AsContext, AsContextMut, Engine, Error, FuncType, Val, ValType, execute};
use alloc::boxed::Box;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ptr::NonNull;

/// The slots that an untyped call has on the native stack.
const INLINE_SLOTS: usize = 16;

/// A function of a guest or of the host.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct Func {
    handle: Handle,
}

impl Func {
    /// A function of the host, with a type that is known only at run time.
    ///
    /// The closure gets the parameters and fills in the results, which are zero or null before.
    ///
    /// ```
    /// use fulmar::{Engine, Func, FuncType, Store, Val, ValType};
    ///
    /// let mut store = Store::new(&Engine::default(), ());
    /// let ty = FuncType::new([ValType::I32], [ValType::I32]);
    /// let double = Func::new(&mut store, ty, |_caller, params, results| {
    ///     results[0] = Val::I32(params[0].i32().unwrap_or(0) * 2);
    ///     Ok(())
    /// });
    /// let mut results = [Val::I32(0)];
    /// double.call(&mut store, &[Val::I32(21)], &mut results)?;
    /// assert_eq!(results[0].i32(), Some(42));
    /// # Ok::<(), fulmar::Error>(())
    /// ```
    pub fn new<T: 'static>(
        mut store: impl AsContextMut<Data = T>,
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Self {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        let func = untyped_host_func(&store.engine, ty, func);
        Self::from_host(store, Arc::new(func))
    }

    /// A function of the host, with the type of a closure.
    ///
    /// ```
    /// use fulmar::{Engine, Func, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ());
    /// let add = Func::wrap(&mut store, |a: i32, b: i32| a + b);
    /// let add = add.typed::<(i32, i32), i32>(&store)?;
    /// assert_eq!(add.call(&mut store, (1, 2))?, 3);
    /// # Ok::<(), fulmar::Error>(())
    /// ```
    pub fn wrap<T: 'static, Params, Results>(
        mut store: impl AsContextMut<Data = T>,
        func: impl IntoFunc<T, Params, Results>,
    ) -> Self {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        let func = func.into_func(&store.engine);
        Self::from_host(store, Arc::new(func))
    }

    /// Obligation of the caller: `func` was made for the data type of the store.
    pub(crate) fn from_host(store: &mut StoreInner, func: Arc<HostFunc>) -> Self {
        let id = store.add_host_func(func);
        Self { handle: Handle::new(store.id, id.0) }
    }

    /// The position in `store`.
    ///
    /// # Panics
    ///
    /// If the function belongs to another store.
    #[inline]
    pub(crate) fn position(self, store: StoreId) -> u32 {
        self.handle.position(store)
    }

    /// The slot of a reference.
    ///
    /// # Panics
    ///
    /// If the function belongs to another store.
    #[inline]
    pub(crate) fn to_slot(reference: Option<Self>, store: &StoreInner) -> u64 {
        reference.map_or(0, |func| FuncId(func.position(store.id)).slot())
    }

    /// The reference that a slot of `store` holds.
    #[inline]
    pub(crate) fn from_slot(slot: u64, store: &StoreInner) -> Option<Self> {
        let id = FuncId::from_slot(slot)?;
        Some(Self { handle: Handle::new(store.id, id.0) })
    }

    /// The type.
    ///
    /// # Panics
    ///
    /// If the function belongs to another store, as with all other functions here.
    pub fn ty(&self, store: impl AsContext) -> FuncType {
        self.ty_in(store.as_context().inner())
    }

    pub(crate) fn ty_in(self, store: &StoreInner) -> FuncType {
        self.with_ty(store, FuncType::clone)
    }

    fn with_ty<R>(self, store: &StoreInner, see: impl FnOnce(&FuncType) -> R) -> R {
        let func = &store.lists.funcs[self.handle.index(store)];
        // Modules have the types of their functions, so that no lock of the engine is taken.
        match store.declared_type(func) {
            Some(ty) => see(ty),
            None => see(&store.engine.types().func_type(func.ty)),
        }
    }

    /// Checks that the function has parameters `P` and results `R`.
    ///
    /// # Errors
    ///
    /// If it has others.
    pub fn typed<P: WasmParams, R: WasmResults>(
        &self,
        store: impl AsContext,
    ) -> Result<TypedFunc<P, R>, Error> {
        let store = store.as_context();
        let store = store.inner();
        let (params, results) = (P::val_types(), R::val_types());
        let types = store.engine.types();
        if !self.with_ty(store, |ty| ty.stands_for(params.as_ref(), results.as_ref(), types)) {
            return Err(mismatch(&FuncType::new(params, results), &self.ty_in(store)));
        }
        Ok(TypedFunc::new(*self))
    }

    /// Calls the function; `results` must be as many as its type has.
    ///
    /// # Errors
    ///
    /// If number or types of `params`, or the number of `results`, don't fit the function; if the
    /// guest traps, a host function fails, or the guest exits.
    ///
    /// # Panics
    ///
    /// If the function or a reference among the parameters belongs to another store.
    pub fn call(
        &self,
        mut store: impl AsContextMut,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<(), Error> {
        let mut store = store.as_context_mut();
        let ty = self.ty_in(store.inner());
        check_vals(store.inner(), "parameter", ty.params(), params)?;
        check_count("result", ty.results().len(), results.len())?;

        let id = store.inner().id;
        let count = ty.param_slots().max(ty.result_slots());
        let (mut inline, mut spilled) = ([0; INLINE_SLOTS], Vec::new());
        let slots = if count <= INLINE_SLOTS {
            &mut inline[..count]
        } else {
            spilled.resize(count, 0);
            &mut spilled[..]
        };
        write_vals(params, slots, store.inner())?;
        let func = FuncId(self.position(id));
        // SAFETY: the store is borrowed exclusively; the function is one of it, the parameters are
        // of its types, and there are slots for them and the results.
        unsafe { execute::call(store.as_ptr(), func, slots)? };
        read_vals(ty.results(), slots, store.inner_mut(), results);
        Ok(())
    }
}

#[cold]
fn mismatch(expected: &FuncType, found: &FuncType) -> Error {
    Error::msg(format!("type mismatch: expected function {expected}, found {found}"))
}

/// The host function of type `ty` that works on [`Val`]s.
pub(crate) fn untyped_host_func<T: 'static>(
    engine: &Engine,
    ty: FuncType,
    func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<(), Error> + Send + Sync + 'static,
) -> HostFunc {
    let call_ty = ty.clone();
    let call =
        move |store: NonNull<StoreInner>, instance: *const InstanceData, slots: &mut [u64]| {
            // SAFETY: whoever calls a host function vouches for the store and its data type, and
            // waits for the call to end.
            let mut context = unsafe { StoreContextMut::<T>::from_inner(store) };
            let (param_types, result_types) = (call_ty.params(), call_ty.results());
            let mut vals = Vec::with_capacity(param_types.len() + result_types.len());
            vals.resize(param_types.len(), Val::I32(0));
            read_vals(param_types, slots, context.inner_mut(), &mut vals);
            // A reference that can't be null has no such value; the closure must set it, as is
            // checked below.
            let zero = |ty: &ValType| Val::default_for_ty(*ty).unwrap_or(Val::I32(0));
            vals.extend(result_types.iter().map(zero));
            let (params, results) = vals.split_at_mut(param_types.len());
            func(Caller::new(context, instance), params, results)?;
            // SAFETY: as before.
            let store = unsafe { store.as_ref() };
            check_vals(store, "result", result_types, results)?;
            write_vals(results, slots, store)
        };
    HostFunc::new(engine, &ty, Box::new(call))
}

/// Writes values to the slots from the first one on.
///
/// # Errors
///
/// If one is a reference whose scope has ended.
pub(crate) fn write_vals(vals: &[Val], slots: &mut [u64], store: &StoreInner) -> Result<(), Error> {
    let mut next = 0;
    for val in vals {
        next += val.write(&mut slots[next..], store)?;
    }
    Ok(())
}

/// Reads values of `types` from the slots from the first one on.
pub(crate) fn read_vals(
    types: &[ValType],
    slots: &[u64],
    store: &mut StoreInner,
    vals: &mut [Val],
) {
    let mut next = 0;
    for (ty, val) in types.iter().zip(vals) {
        *val = Val::read(*ty, &slots[next..], store);
        next += ty.slots();
    }
}

/// Checks that `vals` are of `types`.
///
/// # Errors
///
/// If they aren't, or one is a reference whose scope has ended.
pub(crate) fn check_vals(
    store: &StoreInner,
    what: &str,
    types: &[ValType],
    vals: &[Val],
) -> Result<(), Error> {
    check_count(what, types.len(), vals.len())?;
    for (place, (expected, val)) in types.iter().zip(vals).enumerate() {
        if !val.is_of(store, *expected)? {
            let found = val.ty();
            let message = format!("{what} {place} is to be of type {expected}, found {found}");
            return Err(Error::msg(message));
        }
    }
    Ok(())
}

fn check_count(what: &str, expected: usize, found: usize) -> Result<(), Error> {
    if expected == found {
        return Ok(());
    }
    Err(Error::msg(format!("expected {expected} {what}s, found {found}")))
}
