//! The meaning of every numeric and vector instruction (spec: Execution, "Numerics").
//!
//! One plain function an instruction, named after it: `i32.add` is [`i32_add`]. Operands come in
//! the order in which the instruction's text form lists them; immediates come last. Tests and
//! comparisons give `bool` (vector comparisons give a mask vector), shift and rotate counts are
//! taken modulo the width, and an instruction that can trap gives `Result<_, Trap>`.
//!
//! The functions have no state and know nothing of slots, memories or bytecode: the interpreter,
//! the constant folder and the translator's tests share them.
//!
//! NaNs: whatever an arithmetic instruction makes of a NaN is an arithmetic NaN, and a canonical
//! one if all NaN operands were canonical. For the four basic operations and the conversions this
//! is what IEEE hardware does; a compiler may only break it by folding an operation with a constant
//! operand (`x * 1.0`), so callers must not wrap one of these functions around a literal float.

/// One row an instruction: name, operands, result, and what it computes.
macro_rules! instructions {
    ($( $(#[$attribute:meta])* $name:ident($($operand:ident: $type:ty),*) -> $result:ty = $value:expr; )+) => {
        $(
            $(#[$attribute])*
            #[inline(always)]
            pub(crate) fn $name($($operand: $type),*) -> $result {
                $value
            }
        )+
    };
}

mod convert;
mod float;
mod int;
mod reference;
mod simd;
mod wide;

#[cfg_attr(
    all(
        feature = "std",
        any(
            target_arch = "aarch64",
            target_arch = "wasm32",
            all(any(target_arch = "x86", target_arch = "x86_64"), target_feature = "sse4.1"),
        )
    ),
    path = "rounding_native.rs"
)]
mod rounding;

#[cfg_attr(feature = "std", path = "sqrt_std.rs")]
#[cfg_attr(not(feature = "std"), path = "sqrt_libm.rs")]
mod sqrt;

pub(crate) use convert::*;
pub(crate) use float::*;
pub(crate) use int::*;
pub(crate) use reference::*;
pub(crate) use simd::*;
pub(crate) use wide::*;
