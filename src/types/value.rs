//! Value types and reference types (spec: syntax/types).

use super::heap::HeapType;
use super::registry::TypeRegistry;
use crate::Engine;
use core::fmt;

/// The type of a value.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum ValType {
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
    /// A 32-bit float.
    F32,
    /// A 64-bit float.
    F64,
    /// A 128-bit vector.
    V128,
    /// A reference.
    Ref(RefType),
}

const _: () = assert!(size_of::<ValType>() == 6, "lists of types are small");

impl ValType {
    /// The nullable reference to any function.
    pub const FUNCREF: Self = Self::Ref(RefType::FUNCREF);
    /// The nullable reference to any host value.
    pub const EXTERNREF: Self = Self::Ref(RefType::EXTERNREF);
    /// The nullable reference to any exception.
    pub const EXNREF: Self = Self::Ref(RefType::EXNREF);
    /// The nullable reference to any value of a guest's.
    pub const ANYREF: Self = Self::Ref(RefType::ANYREF);
    /// The nullable reference to anything that can be compared by identity.
    pub const EQREF: Self = Self::Ref(RefType::EQREF);
    /// The nullable reference to an integer of 31 bits.
    pub const I31REF: Self = Self::Ref(RefType::I31REF);
    /// The nullable reference to any structure.
    pub const STRUCTREF: Self = Self::Ref(RefType::STRUCTREF);
    /// The nullable reference to any array.
    pub const ARRAYREF: Self = Self::Ref(RefType::ARRAYREF);

    /// Whether this is one of the number types `i32`, `i64`, `f32` and `f64`.
    pub fn is_num(&self) -> bool {
        matches!(self, Self::I32 | Self::I64 | Self::F32 | Self::F64)
    }

    /// Whether this is the vector type.
    pub fn is_vector(&self) -> bool {
        matches!(self, Self::V128)
    }

    /// Whether this is a reference type.
    pub fn is_ref(&self) -> bool {
        matches!(self, Self::Ref(_))
    }

    /// The reference type, if this is one.
    pub fn as_ref_type(&self) -> Option<RefType> {
        match self {
            Self::Ref(ty) => Some(*ty),
            _ => None,
        }
    }

    /// Whether a value of this type may stand where `other` is expected (spec: valid/matching).
    ///
    /// Concrete heap types are those of `engine`.
    pub fn matches(&self, engine: &Engine, other: &ValType) -> bool {
        self.is_subtype(other, engine.types())
    }

    pub(crate) fn is_subtype(&self, other: &ValType, types: &TypeRegistry) -> bool {
        match (self, other) {
            (Self::Ref(this), Self::Ref(other)) => this.is_subtype(other, types),
            (this, other) => this == other,
        }
    }

    /// Whether the type has a value to begin with: zero, or null.
    pub fn is_defaultable(&self) -> bool {
        !matches!(self, Self::Ref(ty) if !ty.is_nullable())
    }

    /// Whether values of this type can lead to objects of the heap: functions are none.
    pub(crate) fn is_traced(self) -> bool {
        matches!(self, Self::Ref(ty) if ty.heap_type().top() != HeapType::Func)
    }

    /// How many 64-bit slots a value of this type takes.
    #[inline]
    pub(crate) const fn slots(self) -> usize {
        match self {
            Self::V128 => 2,
            _ => 1,
        }
    }
}

/// The number of slots that values of `types` take together.
pub(crate) fn slots_of(types: &[ValType]) -> usize {
    types.iter().map(|ty| ty.slots()).sum()
}

impl From<RefType> for ValType {
    fn from(ty: RefType) -> Self {
        Self::Ref(ty)
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I32 => f.write_str("i32"),
            Self::I64 => f.write_str("i64"),
            Self::F32 => f.write_str("f32"),
            Self::F64 => f.write_str("f64"),
            Self::V128 => f.write_str("v128"),
            Self::Ref(ty) => ty.fmt(f),
        }
    }
}

/// The type of a reference: what it points to and whether it may be null.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct RefType {
    nullable: bool,
    heap_type: HeapType,
}

impl RefType {
    /// The nullable reference to any function.
    pub const FUNCREF: Self = Self::new(true, HeapType::Func);
    /// The nullable reference to any host value.
    pub const EXTERNREF: Self = Self::new(true, HeapType::Extern);
    /// The nullable reference to any exception.
    pub const EXNREF: Self = Self::new(true, HeapType::Exn);
    /// The nullable reference to any value of a guest's.
    pub const ANYREF: Self = Self::new(true, HeapType::Any);
    /// The nullable reference to anything that can be compared by identity.
    pub const EQREF: Self = Self::new(true, HeapType::Eq);
    /// The nullable reference to an integer of 31 bits.
    pub const I31REF: Self = Self::new(true, HeapType::I31);
    /// The nullable reference to any structure.
    pub const STRUCTREF: Self = Self::new(true, HeapType::Struct);
    /// The nullable reference to any array.
    pub const ARRAYREF: Self = Self::new(true, HeapType::Array);

    /// The reference type with this nullability and referent.
    pub const fn new(nullable: bool, heap_type: HeapType) -> Self {
        Self { nullable, heap_type }
    }

    /// Whether null is a value of this type.
    pub const fn is_nullable(&self) -> bool {
        self.nullable
    }

    /// What references of this type point to.
    pub const fn heap_type(&self) -> HeapType {
        self.heap_type
    }

    /// Whether a reference of this type may stand where `other` is expected (spec: valid/matching).
    ///
    /// Concrete heap types are those of `engine`.
    pub fn matches(&self, engine: &Engine, other: &RefType) -> bool {
        self.is_subtype(other, engine.types())
    }

    pub(crate) fn is_subtype(&self, other: &RefType, types: &TypeRegistry) -> bool {
        (!self.nullable || other.nullable) && self.heap_type.is_subtype(&other.heap_type, types)
    }
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.nullable, self.heap_type) {
            (true, HeapType::Concrete(ty)) => write!(f, "(ref null {ty})"),
            (true, HeapType::NoExn) => f.write_str("nullexnref"),
            (true, HeapType::NoFunc) => f.write_str("nullfuncref"),
            (true, HeapType::NoExtern) => f.write_str("nullexternref"),
            (true, HeapType::None) => f.write_str("nullref"),
            (true, heap_type) => write!(f, "{heap_type}ref"),
            (false, heap_type) => write!(f, "(ref {heap_type})"),
        }
    }
}
