//! The stack of a store: one buffer with frames from its start and records from its end.

use alloc::alloc::{Layout, alloc_zeroed, dealloc};
use core::ptr::{self, NonNull};

use super::state::Record;

/// The memory of a stack, all of it initialized.
pub(crate) struct StackBuffer {
    base: NonNull<u8>,
    bytes: usize,
}

// SAFETY: the memory is owned.
unsafe impl Send for StackBuffer {}
// SAFETY: nothing changes behind a shared reference.
unsafe impl Sync for StackBuffer {}

impl StackBuffer {
    /// A buffer of zeros; `None` if there is no memory for it.
    fn new(bytes: usize) -> Option<Self> {
        // SAFETY: the size is not zero.
        let base = NonNull::new(unsafe { alloc_zeroed(layout(bytes)) })?;
        Some(Self { base, bytes })
    }
}

impl Drop for StackBuffer {
    fn drop(&mut self) {
        // SAFETY: allocated by `new` with this layout.
        unsafe { dealloc(self.base.as_ptr(), layout(self.bytes)) };
    }
}

fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes, 16).expect("the size is bounded and a multiple of 16")
}

/// The stack, which gets its buffer at the first call. Frames grow up from `top`, records down from
/// `records`; while a guest runs, both are in its context and here is only what a host function may
/// use.
pub(crate) struct Stack {
    /// `None` before the first call.
    buffer: Option<StackBuffer>,
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
    /// A stack of at most `bytes_max` bytes, in the buffer of a former one if there is one of that
    /// size.
    pub(crate) fn new(bytes_max: usize, buffer: Option<StackBuffer>) -> Stack {
        let bytes = bytes_max.clamp(STACK_BYTES_MIN, isize::MAX as usize / 2) / 16 * 16;
        let mut stack =
            Stack { buffer: None, bytes, top: ptr::null_mut(), records: ptr::null_mut() };
        if let Some(buffer) = buffer.filter(|buffer| buffer.bytes == bytes) {
            stack.put(buffer);
        }
        stack
    }

    /// Makes all of `buffer`, which has the right size, free for calls.
    fn put(&mut self, buffer: StackBuffer) {
        let base = buffer.base.as_ptr();
        // SAFETY: the offset is the size of the buffer.
        self.suspend(base.cast(), unsafe { base.add(self.bytes).cast() });
        self.buffer = Some(buffer);
    }

    /// Where the next call may put its frames and records; `None` if there is no memory for them.
    pub(super) fn free(&mut self) -> Option<(*mut u64, *mut Record)> {
        if self.buffer.is_none() {
            self.put(StackBuffer::new(self.bytes)?);
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
        let Some(buffer) = &self.buffer else {
            return &[];
        };
        let base = buffer.base.as_ptr().cast::<u64>();
        let count = (end.addr() - base.addr()) / size_of::<u64>();
        // SAFETY: the caller's promise; all of a buffer is initialized.
        unsafe { core::slice::from_raw_parts(base, count) }
    }

    /// Gives the buffer away, if a call needed one: none can follow.
    pub(crate) fn release(&mut self) -> Option<StackBuffer> {
        self.buffer.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_used_again() {
        let mut first = Stack::new(1024, None);
        assert_eq!(first.release().map(|buffer| buffer.bytes), None, "no call needed it yet");
        let (top, _) = first.free().unwrap();
        first.suspend(top.wrapping_add(1), ptr::null_mut());
        let mut next = Stack::new(1024, first.release());
        let (next_top, records) = next.free().unwrap();
        assert_eq!((next_top, records.addr() - next_top.addr()), (top, 1024));
        let (top, records) = Stack::new(4096, next.release()).free().unwrap();
        assert_eq!(records.addr() - top.addr(), 4096, "not one of another size");
    }
}
