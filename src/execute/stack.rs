//! The stack of a store: one buffer with frames from its start and records from its end.

use alloc::alloc::{Layout, alloc_zeroed, dealloc};
use core::ptr::{self, NonNull};

use super::state::Record;

/// The buffer, allocated at the first call. Frames grow up from `top`, records down from `records`;
/// while a guest runs, both are in its context and here is only what a host function may use.
pub(crate) struct Stack {
    /// Null before the first call.
    base: *mut u8,
    bytes: usize,
    /// The first free slot.
    top: *mut u64,
    /// The newest record.
    records: *mut Record,
}

// SAFETY: the buffer is owned.
unsafe impl Send for Stack {}
// SAFETY: nothing changes behind a shared reference.
unsafe impl Sync for Stack {}

/// The size of a stack that can hold no frame.
const STACK_BYTES_MIN: usize = 256;

impl Stack {
    /// A stack of at most `bytes_max` bytes.
    pub(crate) fn new(bytes_max: usize) -> Stack {
        let bytes = bytes_max.clamp(STACK_BYTES_MIN, isize::MAX as usize / 2) / 16 * 16;
        Stack { base: ptr::null_mut(), bytes, top: ptr::null_mut(), records: ptr::null_mut() }
    }

    /// Where the next call may put its frames and records; `None` if there is no memory for them.
    pub(super) fn free(&mut self) -> Option<(*mut u64, *mut Record)> {
        if self.base.is_null() {
            // SAFETY: the size is not zero.
            self.base = NonNull::new(unsafe { alloc_zeroed(self.layout()) })?.as_ptr();
            // SAFETY: the offset is the size of the buffer.
            self.suspend(self.base.cast(), unsafe { self.base.add(self.bytes).cast() });
        }
        Some((self.top, self.records))
    }

    /// Says what is free from now on: from `top` up to `records`.
    pub(super) fn suspend(&mut self, top: *mut u64, records: *mut Record) {
        (self.top, self.records) = (top, records);
    }

    /// The first free slot, while no guest runs.
    pub(crate) fn top(&self) -> *const u64 {
        self.top
    }

    /// All slots below `end`, where frames are.
    ///
    /// # Safety
    ///
    /// `end` is null if there was no call yet, or else a place in the buffer.
    pub(crate) unsafe fn slots_below(&self, end: *const u64) -> &[u64] {
        if self.base.is_null() {
            return &[];
        }
        let count = (end.addr() - self.base.addr()) / size_of::<u64>();
        // SAFETY: the caller's promise; the buffer was allocated with zeros, so that all of it is
        // initialised.
        unsafe { core::slice::from_raw_parts(self.base.cast(), count) }
    }

    fn layout(&self) -> Layout {
        Layout::from_size_align(self.bytes, 16).expect("the size is bounded and a multiple of 16")
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if !self.base.is_null() {
            // SAFETY: allocated by `free` with this layout.
            unsafe { dealloc(self.base, self.layout()) };
        }
    }
}
