//! Value types, reference types and heap types (spec: syntax/types).

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

impl ValType {
    /// The nullable reference to any function.
    pub const FUNCREF: Self = Self::Ref(RefType::FUNCREF);
    /// The nullable reference to any host value.
    pub const EXTERNREF: Self = Self::Ref(RefType::EXTERNREF);
    /// The nullable reference to any exception.
    pub const EXNREF: Self = Self::Ref(RefType::EXNREF);

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
    pub fn matches(&self, other: &ValType) -> bool {
        match (self, other) {
            (Self::Ref(this), Self::Ref(other)) => this.matches(other),
            (this, other) => this == other,
        }
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
    pub fn matches(&self, other: &RefType) -> bool {
        (!self.nullable || other.nullable) && self.heap_type.matches(&other.heap_type)
    }
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.nullable, self.heap_type) {
            (true, HeapType::Func) => f.write_str("funcref"),
            (true, HeapType::Extern) => f.write_str("externref"),
            (true, HeapType::Exn) => f.write_str("exnref"),
            (true, HeapType::NoExn) => f.write_str("nullexnref"),
            (false, heap_type) => write!(f, "(ref {heap_type})"),
        }
    }
}

/// What a reference points to.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum HeapType {
    /// Any function.
    Func,
    /// Any value of the host.
    Extern,
    /// Any exception.
    Exn,
    /// No exception: only null refers to it.
    NoExn,
}

impl HeapType {
    /// Whether this is a subtype of `other` (spec: valid/matching).
    pub fn matches(&self, other: &HeapType) -> bool {
        self == other || matches!((self, other), (Self::NoExn, Self::Exn))
    }
}

impl fmt::Display for HeapType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Func => f.write_str("func"),
            Self::Extern => f.write_str("extern"),
            Self::Exn => f.write_str("exn"),
            Self::NoExn => f.write_str("noexn"),
        }
    }
}
