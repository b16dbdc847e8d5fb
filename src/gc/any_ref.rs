//! References to guests' own values: of any type, comparable ones, and integers of 31 bits.

use super::rooted::gc_refs;
use super::{ArrayRef, ExternRef, GcRoot, Rooted, StructRef};
use crate::store::{HOST, HeapHandle, StoreInner};
use crate::types::ConcreteType;
use crate::{AsContext, AsContextMut, Error, HeapType, StoreContext};
use core::any::Any;
use core::fmt;

gc_refs! {
    /// A reference to any value of a guest's: an integer of 31 bits, a structure, an array, or a
    /// value of the host that was converted by `any.convert_extern`.
    ///
    /// ```
    /// use fulmar::{AnyRef, Engine, I31, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ());
    /// let seven = AnyRef::from_i31(&mut store, I31::wrapping_i32(7));
    /// assert_eq!(seven.as_i31(&store)?.map(|number| number.get_i32()), Some(7));
    /// assert!(!seven.is_struct(&store)?);
    /// # Ok::<(), fulmar::Error>(())
    /// ```
    AnyRef: Any;
    /// A reference to what can be compared by identity: an integer of 31 bits, a structure, or an
    /// array.
    EqRef: Eq;
}

/// The heap type of what a slot leads to, which is not null.
pub(crate) fn heap_type_of(store: &StoreInner, slot: u64) -> HeapType {
    let Some(handle) = HeapHandle::from_slot(slot) else {
        return HeapType::I31;
    };
    let id = store.heap.header(handle).ty;
    if id == HOST {
        return HeapType::Any;
    }
    let kind = store.heap.types[id.index()].composite.kind();
    HeapType::Concrete(ConcreteType { id, kind })
}

/// The methods that references to any and to comparable values have.
macro_rules! methods {
    ($($name:ident)*) => {$(
        impl $name {
            /// A reference to an integer, which takes no memory.
            pub fn from_i31(mut store: impl AsContextMut, value: I31) -> Rooted<Self> {
                let mut store = store.as_context_mut();
                Rooted::from_root(GcRoot::new(store.inner_mut(), value.slot()))
            }

            /// The most special type of the object.
            ///
            /// # Errors
            ///
            /// If the scope of the reference has ended, as with all other functions here.
            ///
            /// # Panics
            ///
            /// If the reference belongs to another store, as with all other functions here.
            pub fn ty(&self, store: impl AsContext) -> Result<HeapType, Error> {
                let store = store.as_context();
                let store = store.inner();
                Ok(heap_type_of(store, self.root.slot(store)?))
            }

            /// Whether the object is of the type `ty`.
            ///
            /// # Errors
            ///
            /// If the scope of the reference has ended.
            pub fn matches_ty(&self, store: impl AsContext, ty: &HeapType) -> Result<bool, Error> {
                let store = store.as_context();
                Ok(self.ty(&store)?.matches(store.engine(), ty))
            }

            /// Whether it is an integer.
            ///
            /// # Errors
            ///
            /// If the scope of the reference has ended.
            pub fn is_i31(&self, store: impl AsContext) -> Result<bool, Error> {
                Ok(self.as_i31(store)?.is_some())
            }

            /// The integer, if it is one.
            ///
            /// # Errors
            ///
            /// If the scope of the reference has ended.
            pub fn as_i31(&self, store: impl AsContext) -> Result<Option<I31>, Error> {
                Ok(I31::from_slot(self.root.slot(store.as_context().inner())?))
            }

            /// Whether it is a structure.
            ///
            /// # Errors
            ///
            /// If the scope of the reference has ended.
            pub fn is_struct(&self, store: impl AsContext) -> Result<bool, Error> {
                self.matches_ty(store, &HeapType::Struct)
            }

            /// The reference to a structure, if it is one.
            ///
            /// # Errors
            ///
            /// If the scope of the reference has ended.
            pub fn as_struct(
                &self,
                store: impl AsContext,
            ) -> Result<Option<Rooted<StructRef>>, Error> {
                Ok(self.is_struct(store)?.then(|| Rooted::from_root(self.root)))
            }

            /// Whether it is an array.
            ///
            /// # Errors
            ///
            /// If the scope of the reference has ended.
            pub fn is_array(&self, store: impl AsContext) -> Result<bool, Error> {
                self.matches_ty(store, &HeapType::Array)
            }

            /// The reference to an array, if it is one.
            ///
            /// # Errors
            ///
            /// If the scope of the reference has ended.
            pub fn as_array(
                &self,
                store: impl AsContext,
            ) -> Result<Option<Rooted<ArrayRef>>, Error> {
                Ok(self.is_array(store)?.then(|| Rooted::from_root(self.root)))
            }
        }
    )*};
}

methods! { AnyRef EqRef }

impl AnyRef {
    /// The value of the host that was converted by `any.convert_extern`, if it is that.
    ///
    /// # Errors
    ///
    /// If the scope of the reference has ended.
    pub fn data<'a, T: 'static>(
        &self,
        store: impl Into<StoreContext<'a, T>>,
    ) -> Result<Option<&'a (dyn Any + Send + Sync)>, Error> {
        self.root.host(store.into().into_inner())
    }

    /// Whether it can be compared by identity.
    ///
    /// # Errors
    ///
    /// If the scope of the reference has ended.
    pub fn is_eqref(&self, store: impl AsContext) -> Result<bool, Error> {
        self.matches_ty(store, &HeapType::Eq)
    }

    /// The reference to something that can be compared, if it is that.
    ///
    /// # Errors
    ///
    /// If the scope of the reference has ended.
    pub fn as_eqref(&self, store: impl AsContext) -> Result<Option<Rooted<EqRef>>, Error> {
        Ok(self.is_eqref(store)?.then(|| Rooted::from_root(self.root)))
    }

    /// What `any.convert_extern` gives for a value of the host.
    ///
    /// # Errors
    ///
    /// If the scope of the reference has ended.
    pub fn convert_extern(
        mut store: impl AsContextMut,
        value: Rooted<ExternRef>,
    ) -> Result<Rooted<Self>, Error> {
        let mut store = store.as_context_mut();
        Ok(Rooted::from_root(value.root().in_scope(store.inner_mut())?))
    }
}

/// Reference types whose objects are objects of others.
macro_rules! upcasts {
    ($($name:ident to $super_name:ident by $method:ident;)*) => {$(
        impl Rooted<$name> {
            /// The same reference as one of a more general type.
            #[inline]
            pub fn $method(self) -> Rooted<$super_name> {
                Rooted::from_root(self.root())
            }
        }

        impl From<Rooted<$name>> for Rooted<$super_name> {
            fn from(reference: Rooted<$name>) -> Self {
                reference.$method()
            }
        }
    )*};
}

upcasts! {
    EqRef to AnyRef by to_anyref;
    StructRef to AnyRef by to_anyref;
    StructRef to EqRef by to_eqref;
    ArrayRef to AnyRef by to_anyref;
    ArrayRef to EqRef by to_eqref;
}

/// An integer of 31 bits, which a reference holds in place of an object.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Default)]
pub struct I31(u32);

impl I31 {
    /// The integer, if it fits 31 bits without sign.
    pub fn new_u32(value: u32) -> Option<Self> {
        (value >> 31 == 0).then_some(Self(value))
    }

    /// The integer, if it fits 31 bits with sign.
    pub fn new_i32(value: i32) -> Option<Self> {
        let wrapped = Self::wrapping_i32(value);
        (wrapped.get_i32() == value).then_some(wrapped)
    }

    /// The lower 31 bits.
    pub fn wrapping_u32(value: u32) -> Self {
        Self(value & (u32::MAX >> 1))
    }

    /// The lower 31 bits.
    pub fn wrapping_i32(value: i32) -> Self {
        Self::wrapping_u32(value.cast_unsigned())
    }

    /// The value without sign.
    pub fn get_u32(&self) -> u32 {
        self.0
    }

    /// The value with sign.
    pub fn get_i32(&self) -> i32 {
        (self.0 << 1).cast_signed() >> 1
    }

    /// The slot of a reference to it.
    pub(crate) fn slot(self) -> u64 {
        u64::from(self.0 << 1 | 1)
    }

    /// The integer that a slot holds, if it does.
    pub(crate) fn from_slot(slot: u64) -> Option<Self> {
        (slot & 1 != 0).then_some(Self((slot as u32) >> 1))
    }
}

impl fmt::Debug for I31 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "I31({})", self.get_i32())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_31_bits() {
        assert_eq!(I31::new_u32(1 << 31), None);
        assert_eq!(I31::new_i32(1 << 30), None);
        assert_eq!(I31::new_i32(-1 << 30).map(|value| value.get_i32()), Some(-1 << 30));
        assert_eq!(I31::wrapping_i32(-1).get_u32(), u32::MAX >> 1);
        for value in [0, 1, -1, i32::MAX >> 1, -1 << 30] {
            let value = I31::wrapping_i32(value);
            assert_eq!(I31::from_slot(value.slot()), Some(value));
            assert!(value.slot() <= u64::from(u32::MAX));
        }
    }
}
