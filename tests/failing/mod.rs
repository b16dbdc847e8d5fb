//! A global allocator that refuses memory when told to, and counts the bytes that this thread has in use: the
//! test harness's own threads allocate when they like.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

struct Failing;

thread_local! {
    /// The bytes in use.
    static NOW: Cell<isize> = const { Cell::new(0) };
}
/// What is smaller than this is never refused.
static LEAST: AtomicUsize = AtomicUsize::new(usize::MAX);
/// How many more requests of that size are granted before one is refused.
static GRANTED: AtomicUsize = AtomicUsize::new(0);
/// Whether all those behind it are refused as well.
static ALL: AtomicBool = AtomicBool::new(false);
static REFUSED: AtomicUsize = AtomicUsize::new(0);

fn refuses(size: usize) -> bool {
    if size < LEAST.load(Relaxed) {
        return false;
    }
    let left = GRANTED.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1));
    let refuses = left.is_err() && (ALL.load(Relaxed) || REFUSED.load(Relaxed) == 0);
    REFUSED.fetch_add(usize::from(refuses), Relaxed);
    refuses
}

fn count(allocated: usize, freed: usize) {
    NOW.set(NOW.get() + allocated.cast_signed() - freed.cast_signed());
}

/// Counts a request that was granted.
fn granted(pointer: *mut u8, freed: usize, allocated: usize) -> *mut u8 {
    if !pointer.is_null() {
        count(allocated, freed);
    }
    pointer
}

// SAFETY: all memory comes from the system's allocator, whose contract is this one's; to refuse is
// always allowed.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if refuses(layout.size()) {
            return null_mut();
        }
        // SAFETY: the caller's promise.
        granted(unsafe { System.alloc(layout) }, 0, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if refuses(layout.size()) {
            return null_mut();
        }
        // SAFETY: the caller's promise.
        granted(unsafe { System.alloc_zeroed(layout) }, 0, layout.size())
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: the caller's promise; the memory is the system allocator's.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if refuses(size) {
            return null_mut();
        }
        // SAFETY: as in `dealloc`.
        granted(unsafe { System.realloc(pointer, layout, size) }, layout.size(), size)
    }
}

#[global_allocator]
static ALLOCATOR: Failing = Failing;

/// Which requests are refused, from one size on.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) least_bytes: usize,
    /// So many are granted before.
    pub(crate) granted: usize,
    /// Whether all behind the first one are refused as well.
    pub(crate) all: bool,
}

/// Runs something with a refusal; says how many requests were refused.
pub(crate) fn refusing<R>(refusal: Refusal, run: impl FnOnce() -> R) -> (R, usize) {
    REFUSED.store(0, Relaxed);
    GRANTED.store(refusal.granted, Relaxed);
    ALL.store(refusal.all, Relaxed);
    LEAST.store(refusal.least_bytes, Relaxed);
    let result = run();
    LEAST.store(usize::MAX, Relaxed);
    (result, REFUSED.load(Relaxed))
}

/// The bytes in use.
pub(crate) fn bytes_in_use() -> isize {
    NOW.get()
}
