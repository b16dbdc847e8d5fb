//! Fields and elements of objects: between the heap's storage and slots.

use crate::types::StorageType;
use core::ptr::NonNull;

/// A value as slots have it: low word first, of which only vectors use the second.
pub(crate) type Slots = [u64; 2];

/// Reads a field of the type `ty`; packed integers are zero-extended.
///
/// # Safety
///
/// Such a field is at `at`, and nobody writes to it now.
pub(crate) unsafe fn load(at: NonNull<u8>, ty: StorageType) -> Slots {
    // SAFETY: the caller's promise.
    let word = unsafe {
        match ty.bytes() {
            1 => u64::from(at.read()),
            2 => u64::from(at.cast::<u16>().read()),
            4 => u64::from(at.cast::<u32>().read()),
            8 => at.cast::<u64>().read(),
            _ => return at.cast::<Slots>().read(),
        }
    };
    [word, 0]
}

/// Writes a field of the type `ty`; what does not fit packed integers is cut off.
///
/// # Safety
///
/// Such a field is at `at`, and nobody else uses it now.
pub(crate) unsafe fn store(at: NonNull<u8>, ty: StorageType, slots: Slots) {
    let [word, _] = slots;
    // SAFETY: the caller's promise.
    unsafe {
        match ty.bytes() {
            1 => at.write(word as u8),
            2 => at.cast::<u16>().write(word as u16),
            4 => at.cast::<u32>().write(word as u32),
            8 => at.cast::<u64>().write(word),
            _ => at.cast::<Slots>().write(slots),
        }
    }
}

/// The slots that a value takes on the stack.
pub(crate) fn stack_slots(ty: StorageType) -> usize {
    ty.unpack().slots()
}

/// Brings bytes of a data segment, little-endian integers of `bytes` bytes each, to the order in
/// which the heap has such elements.
pub(crate) fn from_little_endian(parts: &mut [u8], bytes: usize) {
    if cfg!(target_endian = "big") {
        // A vector is two words, the low one first, like in slots.
        parts.chunks_exact_mut(bytes.min(8)).for_each(<[u8]>::reverse);
    }
}
