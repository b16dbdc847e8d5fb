//! Global instances.

/// The value of a global: `i32` and `f32` zero-extended, references as slots, `v128` low word
/// first.
///
/// Cells are on the heap, never move, and are freed with their store.
#[repr(C, align(16))]
#[derive(Debug, Default)]
pub(crate) struct GlobalCell {
    pub(crate) bits: [u64; 2],
}
