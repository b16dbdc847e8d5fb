//! Rust types as WebAssembly values: how typed calls and host closures pass through slots.
//!
//! A slot is 64 bits: `i32` and `f32` are zero-extended, references are positions in the store and
//! one, and `v128` takes two, low word first.

use crate::store::StoreInner;
use crate::{Error, Func, GcRef, HeapType, RefType, Rooted, V128, ValType};

/// A Rust type that is a WebAssembly value type: the numbers, [`V128`], [`Func`], and [`Rooted`] of
/// each [`GcRef`]; references are nullable as an `Option`.
pub trait WasmTy: SlotValue {}

/// What [`WasmTy`] does; not to be implemented elsewhere.
pub trait SlotValue: Sized + Send + 'static {
    /// The number of slots.
    const SLOTS: usize;

    /// The WebAssembly type.
    fn val_type() -> ValType;

    /// The value that the first of `slots` hold.
    fn read(slots: &[u64], store: &mut StoreInner) -> Self;

    /// Writes the value to the first of `slots`.
    ///
    /// # Errors
    ///
    /// If it is a reference whose scope has ended.
    fn write(self, slots: &mut [u64], store: &StoreInner) -> Result<(), Error>;
}

/// A row for each type of one slot: the type, its WebAssembly type, and the conversions from and to
/// a slot.
macro_rules! one_slot {
    ($($ty:ty, $val_type:expr, $read:expr, $write:expr;)*) => {$(
        impl WasmTy for $ty {}

        impl SlotValue for $ty {
            const SLOTS: usize = 1;

            fn val_type() -> ValType {
                $val_type
            }

            #[inline]
            fn read(slots: &[u64], store: &mut StoreInner) -> Self {
                const READ: fn(u64, &mut StoreInner) -> $ty = $read;
                READ(slots[0], store)
            }

            #[inline]
            fn write(self, slots: &mut [u64], store: &StoreInner) -> Result<(), Error> {
                const WRITE: fn($ty, &StoreInner) -> u64 = $write;
                slots[0] = WRITE(self, store);
                Ok(())
            }
        }
    )*};
}

one_slot! {
    i32, ValType::I32, |slot, _| slot as i32, |value, _| u64::from(value.cast_unsigned());
    u32, ValType::I32, |slot, _| slot as u32, |value, _| u64::from(value);
    i64, ValType::I64, |slot, _| slot.cast_signed(), |value, _| value.cast_unsigned();
    u64, ValType::I64, |slot, _| slot, |value, _| value;
    f32, ValType::F32, |slot, _| f32::from_bits(slot as u32), |value, _| u64::from(value.to_bits());
    f64, ValType::F64, |slot, _| f64::from_bits(slot), |value, _| value.to_bits();
    Option<Func>, ValType::FUNCREF, |slot, store| Func::from_slot(slot, store), Func::to_slot;
    Func, ValType::Ref(RefType::new(false, HeapType::Func)),
        |slot, store| Func::from_slot(slot, store).expect("validated: not null"),
        |func, store| Func::to_slot(Some(func), store);
}

impl<T: GcRef> WasmTy for Option<Rooted<T>> {}

impl<T: GcRef> SlotValue for Option<Rooted<T>> {
    const SLOTS: usize = 1;

    fn val_type() -> ValType {
        ValType::Ref(RefType::new(true, T::HEAP_TYPE))
    }

    #[inline]
    fn read(slots: &[u64], store: &mut StoreInner) -> Self {
        Rooted::from_slot(store, slots[0])
    }

    #[inline]
    fn write(self, slots: &mut [u64], store: &StoreInner) -> Result<(), Error> {
        slots[0] = Rooted::to_slot(self, store)?;
        Ok(())
    }
}

impl<T: GcRef> WasmTy for Rooted<T> {}

impl<T: GcRef> SlotValue for Rooted<T> {
    const SLOTS: usize = 1;

    fn val_type() -> ValType {
        ValType::Ref(RefType::new(false, T::HEAP_TYPE))
    }

    #[inline]
    fn read(slots: &[u64], store: &mut StoreInner) -> Self {
        Rooted::from_slot(store, slots[0]).expect("validated: not null")
    }

    #[inline]
    fn write(self, slots: &mut [u64], store: &StoreInner) -> Result<(), Error> {
        SlotValue::write(Some(self), slots, store)
    }
}

impl WasmTy for V128 {}

impl SlotValue for V128 {
    const SLOTS: usize = 2;

    fn val_type() -> ValType {
        ValType::V128
    }

    #[inline]
    fn read(slots: &[u64], _: &mut StoreInner) -> Self {
        Self::from(u128::from(slots[0]) | u128::from(slots[1]) << 64)
    }

    #[inline]
    fn write(self, slots: &mut [u64], _: &StoreInner) -> Result<(), Error> {
        let bits = self.as_u128();
        (slots[0], slots[1]) = (bits as u64, (bits >> 64) as u64);
        Ok(())
    }
}

/// The parameters of a typed call: nothing, one [`WasmTy`], or a tuple of up to 16.
pub trait WasmParams: SlotList {}

/// The results of a typed call: nothing, one [`WasmTy`], or a tuple of up to 16.
pub trait WasmResults: SlotList {}

impl<L: SlotList> WasmParams for L {}
impl<L: SlotList> WasmResults for L {}

/// What [`WasmParams`] and [`WasmResults`] do; not to be implemented elsewhere.
pub trait SlotList: Sized + Send + 'static {
    /// The number of slots of all together.
    const SLOTS: usize;

    /// The WebAssembly types.
    fn val_types() -> impl AsRef<[ValType]> + IntoIterator<Item = ValType>;

    /// The values that `slots` hold.
    fn read(slots: &[u64], store: &mut StoreInner) -> Self;

    /// Writes the values to `slots`.
    ///
    /// # Errors
    ///
    /// If one is a reference whose scope has ended.
    fn write(self, slots: &mut [u64], store: &StoreInner) -> Result<(), Error>;
}

impl<V: WasmTy> SlotList for V {
    const SLOTS: usize = V::SLOTS;

    fn val_types() -> impl AsRef<[ValType]> + IntoIterator<Item = ValType> {
        [V::val_type()]
    }

    #[inline]
    fn read(slots: &[u64], store: &mut StoreInner) -> Self {
        V::read(slots, store)
    }

    #[inline]
    fn write(self, slots: &mut [u64], store: &StoreInner) -> Result<(), Error> {
        V::write(self, slots, store)
    }
}

impl SlotList for () {
    const SLOTS: usize = 0;

    fn val_types() -> impl AsRef<[ValType]> + IntoIterator<Item = ValType> {
        []
    }

    #[inline]
    fn read(_: &[u64], _: &mut StoreInner) -> Self {}

    #[inline]
    fn write(self, _: &mut [u64], _: &StoreInner) -> Result<(), Error> {
        Ok(())
    }
}

/// A row for each tuple: its types, and lower-case names for its values.
macro_rules! tuples {
    ($([$($ty:ident $value:ident),*];)*) => {$(
        impl<$($ty: WasmTy),*> SlotList for ($($ty,)*) {
            const SLOTS: usize = 0 $(+ $ty::SLOTS)*;

            fn val_types() -> impl AsRef<[ValType]> + IntoIterator<Item = ValType> {
                [$($ty::val_type()),*]
            }

            #[inline]
            fn read(slots: &[u64], store: &mut StoreInner) -> Self {
                let rest = slots;
                $(
                    let $value = <$ty as SlotValue>::read(rest, store);
                    let rest = &rest[<$ty as SlotValue>::SLOTS..];
                )*
                let _ = rest;
                ($($value,)*)
            }

            #[inline]
            fn write(self, slots: &mut [u64], store: &StoreInner) -> Result<(), Error> {
                let ($($value,)*) = self;
                let rest = slots;
                $(
                    $value.write(rest, store)?;
                    let rest = &mut rest[<$ty as SlotValue>::SLOTS..];
                )*
                let _ = rest;
                Ok(())
            }
        }
    )*};
}

tuples! {
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

/// What a host closure returns: [`WasmResults`], or a `Result` of them and an [`Error`] that ends
/// the guest.
pub trait WasmRet: IntoResults {}

impl<R: IntoResults> WasmRet for R {}

/// What [`WasmRet`] does; not to be implemented elsewhere.
pub trait IntoResults {
    /// The results.
    type Results: SlotList;

    /// The results, or the error that ends the guest.
    fn into_results(self) -> Result<Self::Results, Error>;
}

impl<L: SlotList> IntoResults for L {
    type Results = L;

    #[inline]
    fn into_results(self) -> Result<L, Error> {
        Ok(self)
    }
}

impl<L: SlotList> IntoResults for Result<L, Error> {
    type Results = L;

    #[inline]
    fn into_results(self) -> Result<L, Error> {
        self
    }
}
