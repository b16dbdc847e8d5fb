//! By `pshufb`, which processors without SSSE3 lack: whether this one has it is asked once.

use core::arch::asm;
use core::arch::x86_64::{__cpuid, __m128i};
use core::sync::atomic::{AtomicBool, Ordering};

use super::super::lanes::Lane;
use super::portable;
use crate::V128;

/// Whether the processor has SSSE3; known after [`detect`].
static HAS_SSSE3: AtomicBool = AtomicBool::new(cfg!(target_feature = "ssse3"));

/// Asks the processor, unless it is known to have it: in a virtual machine the question leaves the guest.
pub(super) fn detect() {
    if has_ssse3() {
        return;
    }
    // Leaf 1 is there on every processor of 64 bits; bit 9 of `ecx` is SSSE3 (Intel's manual, CPUID).
    HAS_SSSE3.store(__cpuid(1).ecx & 1 << 9 != 0, Ordering::Relaxed);
}

#[inline(always)]
fn has_ssse3() -> bool {
    cfg!(target_feature = "ssse3") || HAS_SSSE3.load(Ordering::Relaxed)
}

/// The bytes of `a` that the low four bits of `indices` name; zero where the highest bit is set.
///
/// # Safety
///
/// The processor has SSSE3.
#[inline(always)]
unsafe fn pshufb(a: V128, indices: V128) -> V128 {
    // SAFETY: the caller's promise. Vectors are 16 bytes of any value, in the processor's type as in ours.
    unsafe {
        let mut bytes = core::mem::transmute::<V128, __m128i>(a);
        let indices = core::mem::transmute::<V128, __m128i>(indices);
        asm!(
            "pshufb {0}, {1}", inout(xmm_reg) bytes, in(xmm_reg) indices,
            options(pure, nomem, nostack, preserves_flags)
        );
        core::mem::transmute::<__m128i, V128>(bytes)
    }
}

/// As [`portable::in_one`].
#[inline(always)]
pub(in super::super) fn in_one(a: V128, indices: V128) -> V128 {
    if !has_ssse3() {
        return in_one_without(a.into(), indices.into()).into();
    }
    // From 16 on the sum has the highest bit.
    // SAFETY: the processor has SSSE3.
    unsafe { pshufb(a, u8::map(indices, |index| index.saturating_add(0x70))) }
}

/// As [`portable::in_two`].
#[inline(always)]
pub(in super::super) fn in_two(a: V128, b: V128, lanes: V128) -> V128 {
    if !has_ssse3() {
        return in_two_without(a.into(), b.into(), lanes.into()).into();
    }
    // SAFETY: the processor has SSSE3. Lanes of `a` have the highest bit when 16 is taken away.
    let (a, b) = unsafe {
        let of_a = u8::map(lanes, |lane| lane.saturating_add(0x70));
        (pshufb(a, of_a), pshufb(b, u8::map(lanes, |lane| lane.wrapping_sub(16))))
    };
    u8::zip(a, b, |a, b| a | b)
}

/// Without SSSE3: by itself, since a handler that had this in it would have a frame. Numbers are passed in
/// registers, where vectors would be in memory of the handler's, which could not leave by a jump then.
#[cold]
#[inline(never)]
fn in_one_without(a: u128, indices: u128) -> u128 {
    portable::in_one(a.into(), indices.into()).into()
}

/// The same of two vectors.
#[cold]
#[inline(never)]
fn in_two_without(a: u128, b: u128, lanes: u128) -> u128 {
    portable::in_two(a.into(), b.into(), lanes.into()).into()
}
