//! Instructions on references that look at nothing but their slots (spec: exec/instructions,
//! "reference instructions" and "aggregate reference instructions").

use crate::{I31, Trap};

/// `ref.i31`
pub(crate) fn ref_i31(value: i32) -> u64 {
    I31::wrapping_i32(value).slot()
}

/// `i31.get_s`; the operand is null or an integer.
pub(crate) fn i31_get_s(reference: u64) -> Result<i32, Trap> {
    Ok(I31::from_slot(reference).ok_or(Trap::NullReference)?.get_i32())
}

/// `i31.get_u`; the operand is null or an integer.
pub(crate) fn i31_get_u(reference: u64) -> Result<i32, Trap> {
    Ok(I31::from_slot(reference).ok_or(Trap::NullReference)?.get_u32().cast_signed())
}

/// `ref.as_non_null`
pub(crate) fn ref_as_non_null(reference: u64) -> Result<u64, Trap> {
    if reference == 0 { Err(Trap::NullReference) } else { Ok(reference) }
}
