//! By `tbl`, which gives zero for an index outside.

use core::arch::aarch64::{uint8x16_t, uint8x16x2_t, vqtbl1q_u8, vqtbl2q_u8};

use crate::V128;

#[inline(always)]
fn register(vector: V128) -> uint8x16_t {
    // SAFETY: both are 16 bytes, of which any value is valid.
    unsafe { core::mem::transmute::<V128, uint8x16_t>(vector) }
}

#[inline(always)]
fn vector(register: uint8x16_t) -> V128 {
    // SAFETY: both are 16 bytes, of which any value is valid.
    unsafe { core::mem::transmute::<uint8x16_t, V128>(register) }
}

/// The bytes of `a` in the order that the lanes of `indices` name; zero for an index outside.
#[inline(always)]
pub(in super::super) fn in_one(a: V128, indices: V128) -> V128 {
    // SAFETY: this file is there only if the compiler may use NEON.
    vector(unsafe { vqtbl1q_u8(register(a), register(indices)) })
}

/// The bytes of `a` and `b` that `lanes` names: 0 to 15 for `a`, 16 to 31 for `b`.
#[inline(always)]
pub(in super::super) fn in_two(a: V128, b: V128, lanes: V128) -> V128 {
    let table = uint8x16x2_t(register(a), register(b));
    // SAFETY: this file is there only if the compiler may use NEON.
    vector(unsafe { vqtbl2q_u8(table, register(lanes)) })
}
