//! Where handlers pass the accumulator of v128 on in a vector register.

use crate::V128;

use super::super::state::State;

#[cfg(target_arch = "aarch64")]
type Host = core::arch::aarch64::uint8x16_t;
#[cfg(target_arch = "x86_64")]
type Host = core::arch::x86_64::__m128i;

/// A vector in the type that the host's calling convention passes in a register.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct VectorRegister(Host);

impl VectorRegister {
    /// The register with a vector whose bits are all zero.
    #[inline(always)]
    pub(crate) fn zero() -> VectorRegister {
        VectorRegister::new(V128::ZERO)
    }

    #[inline(always)]
    fn new(vector: V128) -> VectorRegister {
        // SAFETY: both are 16 bytes, of which any value is valid.
        VectorRegister(unsafe { core::mem::transmute::<V128, Host>(vector) })
    }
}

impl State {
    /// What the accumulator of v128 holds.
    #[inline(always)]
    pub(crate) fn vector(&self) -> V128 {
        // SAFETY: both are 16 bytes, of which any value is valid.
        unsafe { core::mem::transmute::<Host, V128>(self.v128.0) }
    }

    /// Puts a vector in the accumulator of v128.
    #[inline(always)]
    pub(crate) fn set_vector(&mut self, vector: V128) {
        self.v128 = VectorRegister::new(vector);
    }
}
