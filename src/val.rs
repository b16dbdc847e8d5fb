//! Values whose types are known only at run time.

use crate::gc::heap_type_of;
use crate::store::StoreInner;
use crate::types::{CompositeKind, ConcreteType};
use crate::{AnyRef, ArrayRef, EqRef, Error, ExnRef, ExternRef, Func, HeapType, RefType, Rooted};
use crate::{StructRef, V128, ValType};

/// A value of any type.
///
/// Floats are held as their bits, so that NaNs keep theirs.
#[derive(Copy, Clone, Debug)]
pub enum Val {
    /// A 32-bit integer.
    I32(i32),
    /// A 64-bit integer.
    I64(i64),
    /// The bits of a 32-bit float.
    F32(u32),
    /// The bits of a 64-bit float.
    F64(u64),
    /// A 128-bit vector.
    V128(V128),
    /// A reference to a function, or null.
    FuncRef(Option<Func>),
    /// A reference to a value of the host, or null.
    ExternRef(Option<Rooted<ExternRef>>),
    /// A reference to a guest's own value, or null.
    AnyRef(Option<Rooted<AnyRef>>),
    /// A reference to an exception, or null.
    ExnRef(Option<Rooted<ExnRef>>),
}

/// An accessor for each variant: the value, if it is of that type.
macro_rules! accessors {
    ($($(#[$doc:meta])* $name:ident: $variant:pat => $value:expr, $ty:ty;)*) => {
        impl Val {$(
            $(#[$doc])*
            pub fn $name(&self) -> Option<$ty> {
                match *self {
                    $variant => Some($value),
                    _ => None,
                }
            }
        )*}
    };
}

accessors! {
    /// The value, if it is an `i32`.
    i32: Self::I32(value) => value, i32;
    /// The value, if it is an `i64`.
    i64: Self::I64(value) => value, i64;
    /// The value, if it is an `f32`.
    f32: Self::F32(bits) => f32::from_bits(bits), f32;
    /// The value, if it is an `f64`.
    f64: Self::F64(bits) => f64::from_bits(bits), f64;
    /// The value, if it is a `v128`.
    v128: Self::V128(value) => value, V128;
    /// The reference, which may be null, if it is one to a function.
    func_ref: Self::FuncRef(reference) => reference, Option<Func>;
    /// The reference, which may be null, if it is one to a value of the host.
    extern_ref: Self::ExternRef(reference) => reference, Option<Rooted<ExternRef>>;
    /// The reference, which may be null, if it is one to a guest's own value.
    any_ref: Self::AnyRef(reference) => reference, Option<Rooted<AnyRef>>;
    /// The reference, which may be null, if it is one to an exception.
    exn_ref: Self::ExnRef(reference) => reference, Option<Rooted<ExnRef>>;
}

impl Val {
    /// The zero or null of a type; `None` for references that can't be null.
    pub fn default_for_ty(ty: ValType) -> Option<Self> {
        Some(match ty {
            ValType::I32 => Self::I32(0),
            ValType::I64 => Self::I64(0),
            ValType::F32 => Self::F32(0),
            ValType::F64 => Self::F64(0),
            ValType::V128 => Self::V128(V128::from(0)),
            ValType::Ref(ty) if ty.is_nullable() => Ref::null(ty.heap_type()).into(),
            ValType::Ref(_) => return None,
        })
    }

    /// The type: of references the nullable one.
    pub fn ty(&self) -> ValType {
        match self {
            Self::I32(_) => ValType::I32,
            Self::I64(_) => ValType::I64,
            Self::F32(_) => ValType::F32,
            Self::F64(_) => ValType::F64,
            Self::V128(_) => ValType::V128,
            Self::FuncRef(_) => ValType::FUNCREF,
            Self::ExternRef(_) => ValType::EXTERNREF,
            Self::AnyRef(_) => ValType::ANYREF,
            Self::ExnRef(_) => ValType::EXNREF,
        }
    }

    /// The reference, if it is one.
    pub fn as_ref_val(&self) -> Option<Ref> {
        match *self {
            Self::FuncRef(reference) => Some(Ref::Func(reference)),
            Self::ExternRef(reference) => Some(Ref::Extern(reference)),
            Self::AnyRef(reference) => Some(Ref::Any(reference)),
            Self::ExnRef(reference) => Some(Ref::Exn(reference)),
            _ => None,
        }
    }

    /// Whether this is a value of type `ty`.
    ///
    /// # Errors
    ///
    /// If it is a reference whose scope has ended.
    pub(crate) fn is_of(&self, store: &StoreInner, ty: ValType) -> Result<bool, Error> {
        match (self.as_ref_val(), ty) {
            (Some(reference), ValType::Ref(ty)) => reference.is_of(store, ty),
            _ => Ok(self.ty() == ty),
        }
    }

    /// Writes the value to the first of `slots` and gives the number it takes.
    ///
    /// # Errors
    ///
    /// If it is a reference whose scope has ended.
    ///
    /// # Panics
    ///
    /// If it is a reference into another store.
    pub(crate) fn write(&self, slots: &mut [u64], store: &StoreInner) -> Result<usize, Error> {
        slots[0] = match *self {
            Self::I32(value) => u64::from(value.cast_unsigned()),
            Self::I64(value) => value.cast_unsigned(),
            Self::F32(bits) => u64::from(bits),
            Self::F64(bits) => bits,
            Self::V128(value) => {
                let bits = value.as_u128();
                slots[1] = (bits >> 64) as u64;
                bits as u64
            }
            Self::FuncRef(reference) => Func::to_slot(reference, store),
            Self::ExternRef(reference) => Rooted::to_slot(reference, store)?,
            Self::AnyRef(reference) => Rooted::to_slot(reference, store)?,
            Self::ExnRef(reference) => Rooted::to_slot(reference, store)?,
        };
        Ok(self.ty().slots())
    }

    /// The value of type `ty` that the first of `slots` hold.
    pub(crate) fn read(ty: ValType, slots: &[u64], store: &mut StoreInner) -> Self {
        match ty {
            ValType::I32 => Self::I32((slots[0] as u32).cast_signed()),
            ValType::I64 => Self::I64(slots[0].cast_signed()),
            ValType::F32 => Self::F32(slots[0] as u32),
            ValType::F64 => Self::F64(slots[0]),
            ValType::V128 => Self::V128((u128::from(slots[0]) | u128::from(slots[1]) << 64).into()),
            ValType::Ref(ty) => Ref::from_slot(ty, slots[0], store).into(),
        }
    }
}

impl From<i32> for Val {
    fn from(value: i32) -> Self {
        Self::I32(value)
    }
}

impl From<i64> for Val {
    fn from(value: i64) -> Self {
        Self::I64(value)
    }
}

impl From<f32> for Val {
    fn from(value: f32) -> Self {
        Self::F32(value.to_bits())
    }
}

impl From<f64> for Val {
    fn from(value: f64) -> Self {
        Self::F64(value.to_bits())
    }
}

impl From<V128> for Val {
    fn from(value: V128) -> Self {
        Self::V128(value)
    }
}

impl From<Func> for Val {
    fn from(func: Func) -> Self {
        Self::FuncRef(Some(func))
    }
}

impl From<Rooted<ExternRef>> for Val {
    fn from(reference: Rooted<ExternRef>) -> Self {
        Self::ExternRef(Some(reference))
    }
}

impl From<Rooted<ExnRef>> for Val {
    fn from(reference: Rooted<ExnRef>) -> Self {
        Self::ExnRef(Some(reference))
    }
}

impl From<Ref> for Val {
    fn from(reference: Ref) -> Self {
        match reference {
            Ref::Func(reference) => Self::FuncRef(reference),
            Ref::Extern(reference) => Self::ExternRef(reference),
            Ref::Any(reference) => Self::AnyRef(reference),
            Ref::Exn(reference) => Self::ExnRef(reference),
        }
    }
}

/// A reference: what tables hold.
#[derive(Copy, Clone, Debug)]
pub enum Ref {
    /// To a function, or null.
    Func(Option<Func>),
    /// To a value of the host, or null.
    Extern(Option<Rooted<ExternRef>>),
    /// To a guest's own value, or null.
    Any(Option<Rooted<AnyRef>>),
    /// To an exception, or null.
    Exn(Option<Rooted<ExnRef>>),
}

impl Ref {
    /// The null of a heap type.
    pub fn null(heap_type: HeapType) -> Self {
        match heap_type.top() {
            HeapType::Func => Self::Func(None),
            HeapType::Extern => Self::Extern(None),
            HeapType::Exn => Self::Exn(None),
            _ => Self::Any(None),
        }
    }

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Func(None) | Self::Extern(None) | Self::Any(None) | Self::Exn(None))
    }

    /// The function, if this refers to one.
    pub fn as_func(&self) -> Option<Func> {
        match *self {
            Self::Func(func) => func,
            _ => None,
        }
    }

    /// The reference to a value of the host, if this is one and not null.
    pub fn as_extern(&self) -> Option<Rooted<ExternRef>> {
        match *self {
            Self::Extern(reference) => reference,
            _ => None,
        }
    }

    /// The reference to a guest's own value, if this is one and not null.
    pub fn as_any(&self) -> Option<Rooted<AnyRef>> {
        match *self {
            Self::Any(reference) => reference,
            _ => None,
        }
    }

    /// The exception, if this refers to one.
    pub fn as_exn(&self) -> Option<Rooted<ExnRef>> {
        match *self {
            Self::Exn(reference) => reference,
            _ => None,
        }
    }

    /// The greatest type of its hierarchy, nullable only for null.
    pub fn ty(&self) -> RefType {
        let heap_type = match self {
            Self::Func(_) => HeapType::Func,
            Self::Extern(_) => HeapType::Extern,
            Self::Any(_) => HeapType::Any,
            Self::Exn(_) => HeapType::Exn,
        };
        RefType::new(self.is_null(), heap_type)
    }

    /// Whether this is a reference of type `ty`.
    ///
    /// # Errors
    ///
    /// If its scope has ended.
    pub(crate) fn is_of(&self, store: &StoreInner, ty: RefType) -> Result<bool, Error> {
        let expected = ty.heap_type();
        if self.ty().heap_type() != expected.top() {
            return Ok(false);
        }
        if self.is_null() {
            return Ok(ty.is_nullable());
        }
        let heap_type = match self {
            Self::Func(Some(func)) => {
                let id = store.lists.funcs[func.position(store.id) as usize].ty;
                HeapType::Concrete(ConcreteType { id, kind: CompositeKind::Func })
            }
            Self::Any(Some(reference)) => heap_type_of(store, reference.root().slot(store)?),
            top => top.ty().heap_type(),
        };
        Ok(heap_type.is_subtype(&expected, store.engine.types()))
    }

    /// The slot.
    ///
    /// # Errors
    ///
    /// If its scope has ended.
    ///
    /// # Panics
    ///
    /// If this refers into another store.
    pub(crate) fn to_slot(self, store: &StoreInner) -> Result<u64, Error> {
        match self {
            Self::Func(reference) => Ok(Func::to_slot(reference, store)),
            Self::Extern(reference) => Rooted::to_slot(reference, store),
            Self::Any(reference) => Rooted::to_slot(reference, store),
            Self::Exn(reference) => Rooted::to_slot(reference, store),
        }
    }

    /// The reference of type `ty` that a slot of `store` holds.
    pub(crate) fn from_slot(ty: RefType, slot: u64, store: &mut StoreInner) -> Self {
        match ty.heap_type().top() {
            HeapType::Func => Self::Func(Func::from_slot(slot, store)),
            HeapType::Extern => Self::Extern(Rooted::from_slot(store, slot)),
            HeapType::Exn => Self::Exn(Rooted::from_slot(store, slot)),
            _ => Self::Any(Rooted::from_slot(store, slot)),
        }
    }
}

impl From<Func> for Ref {
    fn from(func: Func) -> Self {
        Self::Func(Some(func))
    }
}

impl From<Rooted<ExternRef>> for Ref {
    fn from(reference: Rooted<ExternRef>) -> Self {
        Self::Extern(Some(reference))
    }
}

impl From<Rooted<ExnRef>> for Ref {
    fn from(reference: Rooted<ExnRef>) -> Self {
        Self::Exn(Some(reference))
    }
}

macro_rules! any_refs {
    ($($ty:ty)*) => {$(
        impl From<Rooted<$ty>> for Val {
            fn from(reference: Rooted<$ty>) -> Self {
                Self::AnyRef(Some(reference.into()))
            }
        }

        impl From<Rooted<$ty>> for Ref {
            fn from(reference: Rooted<$ty>) -> Self {
                Self::Any(Some(reference.into()))
            }
        }
    )*};
}

any_refs! { AnyRef EqRef StructRef ArrayRef }
