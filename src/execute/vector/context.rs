//! Where the accumulator of v128 is in the context: on hosts whose calls don't pass vectors in registers,
//! and in dispatch by the loop.

use super::super::state::State;
use crate::V128;

/// No register: handlers pass nothing on.
#[derive(Clone, Copy)]
pub(crate) struct VectorRegister;

impl VectorRegister {
    #[inline(always)]
    pub(crate) fn zero() -> VectorRegister {
        VectorRegister
    }
}

impl State {
    /// What the accumulator of v128 holds.
    #[inline(always)]
    pub(crate) fn vector(&self) -> V128 {
        // SAFETY: the context outlives execution.
        unsafe { (*self.ctx).v128 }
    }

    /// Puts a vector in the accumulator of v128.
    #[inline(always)]
    pub(crate) fn set_vector(&mut self, vector: V128) {
        // SAFETY: the context outlives execution.
        unsafe { (*self.ctx).v128 = vector };
    }
}
