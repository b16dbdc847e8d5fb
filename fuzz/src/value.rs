//! Values as every engine can show them: references by what they lead to, not by their address.

use std::fmt;

/// How deep the objects behind a reference are looked at.
pub const DEPTH_MAX: usize = 2;
/// How many elements of an array, or of a table, are looked at.
pub const ELEMENTS_MAX: usize = 8;

/// A value that left a guest, or goes into one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Value {
    I32(i32),
    I64(i64),
    /// The bits of a 32-bit float.
    F32(u32),
    /// The bits of a 64-bit float.
    F64(u64),
    V128(u128),
    /// The null of any type.
    Null,
    /// A function; which one is not looked at.
    Func,
    /// A value of the host, or a guest's value as one.
    Extern,
    /// An exception.
    Exn,
    I31(i32),
    /// An object that lies deeper than [`DEPTH_MAX`].
    Deep,
    /// A structure and its fields.
    Struct(Vec<Value>),
    /// An array: its length and its first elements.
    Array(u32, Vec<Value>),
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I32(value) => write!(f, "{value}_i32"),
            Self::I64(value) => write!(f, "{value}_i64"),
            Self::F32(bits) => write!(f, "{:?}_f32[{bits:#x}]", f32::from_bits(*bits)),
            Self::F64(bits) => write!(f, "{:?}_f64[{bits:#x}]", f64::from_bits(*bits)),
            Self::V128(bits) => write!(f, "v128[{bits:#034x}]"),
            Self::Null => f.write_str("null"),
            Self::Func => f.write_str("func"),
            Self::Extern => f.write_str("extern"),
            Self::Exn => f.write_str("exn"),
            Self::I31(value) => write!(f, "{value}_i31"),
            Self::Deep => f.write_str("…"),
            Self::Struct(fields) => write!(f, "struct{fields:?}"),
            Self::Array(len, elements) => write!(f, "array({len}){elements:?}"),
        }
    }
}
