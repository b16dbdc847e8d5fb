//! The types of values that are known here, in one byte each.

use super::super::types::plain_val_type;
use super::Known;
use crate::{RefType, ValType};

/// A type of value.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    I32,
    I64,
    F32,
    F64,
    V128,
    FuncRef,
    ExternRef,
}

impl Kind {
    /// Addresses of a memory or a table.
    pub(super) fn address(is_64: bool) -> Self {
        if is_64 { Self::I64 } else { Self::I32 }
    }

    /// The kind of a type.
    #[inline]
    pub(super) fn of(ty: ValType) -> Known<Self> {
        Some(match ty {
            ValType::I32 => Self::I32,
            ValType::I64 => Self::I64,
            ValType::F32 => Self::F32,
            ValType::F64 => Self::F64,
            ValType::V128 => Self::V128,
            ValType::Ref(RefType::FUNCREF) => Self::FuncRef,
            ValType::Ref(RefType::EXTERNREF) => Self::ExternRef,
            ValType::Ref(_) => return None,
        })
    }

    /// The kind of a type of one byte.
    #[inline]
    pub(super) fn from_byte(byte: u8) -> Known<Self> {
        Self::of(plain_val_type(byte)?)
    }

    /// Whether `select` takes it without saying so.
    pub(super) fn is_number_or_vector(self) -> bool {
        !matches!(self, Self::FuncRef | Self::ExternRef)
    }
}
