//! Values whose types are known only at run time.

use crate::store::StoreId;
use crate::{ExnRef, ExternRef, Func, HeapType, RefType, V128, ValType};

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
    ExternRef(Option<ExternRef>),
    /// A reference to an exception, or null.
    ExnRef(Option<ExnRef>),
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
    extern_ref: Self::ExternRef(reference) => reference, Option<ExternRef>;
    /// The reference, which may be null, if it is one to an exception.
    exn_ref: Self::ExnRef(reference) => reference, Option<ExnRef>;
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
            Self::ExnRef(_) => ValType::EXNREF,
        }
    }

    /// The reference, if it is one.
    pub fn as_ref_val(&self) -> Option<Ref> {
        match *self {
            Self::FuncRef(reference) => Some(Ref::Func(reference)),
            Self::ExternRef(reference) => Some(Ref::Extern(reference)),
            Self::ExnRef(reference) => Some(Ref::Exn(reference)),
            _ => None,
        }
    }

    /// Whether this is a value of type `ty`.
    pub(crate) fn is_of(&self, ty: ValType) -> bool {
        match (self.as_ref_val(), ty) {
            (Some(reference), ValType::Ref(ty)) => reference.is_of(ty),
            _ => self.ty() == ty,
        }
    }

    /// Writes the value to the first of `slots` and gives the number it takes.
    ///
    /// # Panics
    ///
    /// If it is a reference into another store.
    pub(crate) fn write(&self, slots: &mut [u64], store: StoreId) -> usize {
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
            Self::ExternRef(reference) => ExternRef::to_slot(reference, store),
            Self::ExnRef(reference) => ExnRef::to_slot(reference, store),
        };
        self.ty().slots()
    }

    /// The value of type `ty` that the first of `slots` hold.
    pub(crate) fn read(ty: ValType, slots: &[u64], store: StoreId) -> Self {
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

impl From<ExternRef> for Val {
    fn from(reference: ExternRef) -> Self {
        Self::ExternRef(Some(reference))
    }
}

impl From<ExnRef> for Val {
    fn from(reference: ExnRef) -> Self {
        Self::ExnRef(Some(reference))
    }
}

impl From<Ref> for Val {
    fn from(reference: Ref) -> Self {
        match reference {
            Ref::Func(reference) => Self::FuncRef(reference),
            Ref::Extern(reference) => Self::ExternRef(reference),
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
    Extern(Option<ExternRef>),
    /// To an exception, or null.
    Exn(Option<ExnRef>),
}

impl Ref {
    /// The null of a heap type.
    pub fn null(heap_type: HeapType) -> Self {
        match heap_type {
            HeapType::Func => Self::Func(None),
            HeapType::Extern => Self::Extern(None),
            HeapType::Exn | HeapType::NoExn => Self::Exn(None),
        }
    }

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Func(None) | Self::Extern(None) | Self::Exn(None))
    }

    /// The function, if this refers to one.
    pub fn as_func(&self) -> Option<Func> {
        match *self {
            Self::Func(func) => func,
            _ => None,
        }
    }

    /// The reference to a value of the host, if this is one and not null.
    pub fn as_extern(&self) -> Option<ExternRef> {
        match *self {
            Self::Extern(reference) => reference,
            _ => None,
        }
    }

    /// The exception, if this refers to one.
    pub fn as_exn(&self) -> Option<ExnRef> {
        match *self {
            Self::Exn(reference) => reference,
            _ => None,
        }
    }

    /// The type, which is nullable only for null.
    pub fn ty(&self) -> RefType {
        let heap_type = match self {
            Self::Func(_) => HeapType::Func,
            Self::Extern(_) => HeapType::Extern,
            Self::Exn(None) => HeapType::NoExn,
            Self::Exn(Some(_)) => HeapType::Exn,
        };
        RefType::new(self.is_null(), heap_type)
    }

    /// Whether this is a reference of type `ty`.
    pub(crate) fn is_of(&self, ty: RefType) -> bool {
        self.ty().matches(&ty)
    }

    /// The slot.
    ///
    /// # Panics
    ///
    /// If this refers into another store.
    pub(crate) fn to_slot(self, store: StoreId) -> u64 {
        match self {
            Self::Func(reference) => Func::to_slot(reference, store),
            Self::Extern(reference) => ExternRef::to_slot(reference, store),
            Self::Exn(reference) => ExnRef::to_slot(reference, store),
        }
    }

    /// The reference of type `ty` that a slot of `store` holds.
    pub(crate) fn from_slot(ty: RefType, slot: u64, store: StoreId) -> Self {
        match ty.heap_type() {
            HeapType::Func => Self::Func(Func::from_slot(slot, store)),
            HeapType::Extern => Self::Extern(ExternRef::from_slot(slot, store)),
            HeapType::Exn | HeapType::NoExn => Self::Exn(ExnRef::from_slot(slot, store)),
        }
    }
}

impl From<Func> for Ref {
    fn from(func: Func) -> Self {
        Self::Func(Some(func))
    }
}

impl From<ExternRef> for Ref {
    fn from(reference: ExternRef) -> Self {
        Self::Extern(Some(reference))
    }
}

impl From<ExnRef> for Ref {
    fn from(reference: ExnRef) -> Self {
        Self::Exn(Some(reference))
    }
}
