//! The stack of a store: one buffer with frames from its start and records from its end; and the
//! buffers that an engine keeps for the next stores.

use alloc::alloc::{Layout, alloc_zeroed, dealloc};
use alloc::vec::Vec;
use core::ptr::{self, NonNull};

use spin::Mutex;

use super::state::Record;

/// The memory of a stack, all of it initialized.
struct Buffer {
    base: NonNull<u8>,
    bytes: usize,
}

// SAFETY: the memory is owned.
unsafe impl Send for Buffer {}
// SAFETY: nothing changes behind a shared reference.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// A buffer of zeros; `None` if there is no memory for it.
    fn new(bytes: usize) -> Option<Self> {
        // SAFETY: the size is not zero.
        let base = NonNull::new(unsafe { alloc_zeroed(layout(bytes)) })?;
        Some(Self { base, bytes })
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: allocated by `new` with this layout.
        unsafe { dealloc(self.base.as_ptr(), layout(self.bytes)) };
    }
}

fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes, 16).expect("the size is bounded and a multiple of 16")
}

/// The buffers of stores that are no more. A store that lives for one call would spend most of its
/// time on getting memory for its stack and giving it back.
#[derive(Default)]
pub(crate) struct StackPool {
    buffers: Mutex<Vec<Buffer>>,
}

/// The most buffers that a pool keeps.
const POOL_MAX: usize = 4;

impl StackPool {
    /// A buffer of a former store, or a new one; `None` if there is no memory for it. All buffers of
    /// a pool have the same size.
    fn take(&self, bytes: usize) -> Option<Buffer> {
        let kept = self.buffers.lock().pop();
        kept.filter(|buffer| buffer.bytes == bytes).or_else(|| Buffer::new(bytes))
    }

    fn put(&self, buffer: Buffer) {
        let mut buffers = self.buffers.lock();
        if buffers.len() < POOL_MAX {
            buffers.push(buffer);
        }
    }
}

/// The stack, which gets its buffer at the first call. Frames grow up from `top`, records down from
/// `records`; while a guest runs, both are in its context and here is only what a host function may
/// use.
pub(crate) struct Stack {
    /// `None` before the first call.
    buffer: Option<Buffer>,
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
        Stack { buffer: None, bytes, top: ptr::null_mut(), records: ptr::null_mut() }
    }

    /// Where the next call may put its frames and records; `None` if there is no memory for them.
    pub(super) fn free(&mut self, pool: &StackPool) -> Option<(*mut u64, *mut Record)> {
        if self.buffer.is_none() {
            let buffer = pool.take(self.bytes)?;
            let base = buffer.base.as_ptr();
            // SAFETY: the offset is the size of the buffer.
            self.suspend(base.cast(), unsafe { base.add(self.bytes).cast() });
            self.buffer = Some(buffer);
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

    /// Gives the buffer back: no call can follow.
    pub(crate) fn release(&mut self, pool: &StackPool) {
        if let Some(buffer) = self.buffer.take() {
            pool.put(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_used_again() {
        let pool = StackPool::default();
        let mut stacks = [(); POOL_MAX + 1].map(|()| Stack::new(1024));
        let places = stacks.each_mut().map(|stack| stack.free(&pool).unwrap().0);
        stacks.iter_mut().for_each(|stack| stack.release(&pool));
        assert_eq!(pool.buffers.lock().len(), POOL_MAX);
        let mut next = Stack::new(1024);
        assert!(places.contains(&next.free(&pool).unwrap().0));
        let mut larger = Stack::new(4096);
        let (top, records) = larger.free(&pool).unwrap();
        assert_eq!(records.addr() - top.addr(), 4096, "not one of another size");
    }
}
