//! Rust closures as host functions.

use super::slots::{IntoResults, SlotList};
use super::{Caller, WasmRet, WasmTy};
use crate::store::{HostFunc, InstanceData, StoreContextMut, StoreInner};
use crate::{Engine, FuncType};
use alloc::boxed::Box;
use core::ptr::NonNull;

/// A closure that can be a host function: up to 16 parameters that are [`WasmTy`], a [`Caller`]
/// before them if wanted, and results that are [`WasmRet`].
///
/// `Params` and `Results` are inferred.
pub trait IntoFunc<T, Params, Results>: Send + Sync + 'static {
    /// The host function.
    #[doc(hidden)]
    fn into_func(self, engine: &Engine) -> HostFunc;
}

/// A row for each number of parameters: their types, and lower-case names for them.
macro_rules! closures {
    ($([$($ty:ident $value:ident),*];)*) => {$(
        impl<T: 'static, Closure, Return, $($ty),*> IntoFunc<T, ($($ty,)*), Return> for Closure
        where
            Closure: Fn($($ty),*) -> Return + Send + Sync + 'static,
            Return: WasmRet,
            $($ty: WasmTy,)*
        {
            fn into_func(self, engine: &Engine) -> HostFunc {
                host_func::<T, ($($ty,)*), Return>(
                    engine,
                    move |_, ($($value,)*)| self($($value),*),
                )
            }
        }

        impl<T: 'static, Closure, Return, $($ty),*> IntoFunc<T, (Caller<'_, T>, $($ty,)*), Return>
            for Closure
        where
            Closure: Fn(Caller<'_, T>, $($ty),*) -> Return + Send + Sync + 'static,
            Return: WasmRet,
            $($ty: WasmTy,)*
        {
            fn into_func(self, engine: &Engine) -> HostFunc {
                host_func::<T, ($($ty,)*), Return>(
                    engine,
                    move |caller, ($($value,)*)| self(caller, $($value),*),
                )
            }
        }
    )*};
}

closures! {
    [];
    [A a];
    [A a, B b];
    [A a, B b, C c];
    [A a, B b, C c, D d];
    [A a, B b, C c, D d, E e];
    [A a, B b, C c, D d, E e, F f];
    [A a, B b, C c, D d, E e, F f, G g];
    [A a, B b, C c, D d, E e, F f, G g, H h];
    [A a, B b, C c, D d, E e, F f, G g, H h, I i];
    [A a, B b, C c, D d, E e, F f, G g, H h, I i, J j];
    [A a, B b, C c, D d, E e, F f, G g, H h, I i, J j, K k];
    [A a, B b, C c, D d, E e, F f, G g, H h, I i, J j, K k, L l];
    [A a, B b, C c, D d, E e, F f, G g, H h, I i, J j, K k, L l, M m];
    [A a, B b, C c, D d, E e, F f, G g, H h, I i, J j, K k, L l, M m, N n];
    [A a, B b, C c, D d, E e, F f, G g, H h, I i, J j, K k, L l, M m, N n, O o];
    [A a, B b, C c, D d, E e, F f, G g, H h, I i, J j, K k, L l, M m, N n, O o, P p];
}

/// The host function that reads its parameters from the slots, calls `closure`, and writes its
/// results to them.
fn host_func<T, Params, Return>(
    engine: &Engine,
    closure: impl Fn(Caller<'_, T>, Params) -> Return + Send + Sync + 'static,
) -> HostFunc
where
    T: 'static,
    Params: SlotList,
    Return: IntoResults,
{
    let call =
        move |store: NonNull<StoreInner>, instance: *const InstanceData, slots: &mut [u64]| {
            // SAFETY: whoever calls a host function vouches for the store and its data type, and
            // waits for the call to end.
            let mut context = unsafe { StoreContextMut::<T>::from_inner(store) };
            let params = Params::read(slots, context.inner_mut());
            let results = closure(Caller::new(context, instance), params).into_results()?;
            // SAFETY: as before.
            let store = unsafe { store.as_ref() };
            results.write(slots, store)
        };
    let ty = FuncType::new(Params::val_types(), Return::Results::val_types());
    HostFunc::new(engine, &ty, Box::new(call))
}
