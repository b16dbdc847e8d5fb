//! A global allocator that counts the bytes in use by the whole program, threads that translate
//! included. So tests that measure run one after the other: each begins with [`alone`]. The fuzz
//! targets have it, too.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn count(freed: usize, allocated: usize) {
    NOW.fetch_sub(freed, Relaxed);
    let now = NOW.fetch_add(allocated, Relaxed) + allocated;
    PEAK.fetch_max(now, Relaxed);
}

// SAFETY: all memory comes from the system's allocator, whose contract is this one's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(0, layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(0, layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(layout.size(), 0);
        // SAFETY: the caller's promise; the memory is the system allocator's.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // While the old bytes are copied both are there.
        count(0, size);
        count(layout.size(), 0);
        // SAFETY: as in `dealloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The bytes that something took.
pub(crate) struct Cost {
    /// At its height.
    pub(crate) peak: usize,
    /// What it gave back less than it took.
    pub(crate) kept: isize,
}

// By hand: a derived one is no use of the field that a test program does not look at.
impl fmt::Debug for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes at the peak, {} kept", self.peak, self.kept)
    }
}

/// Waits until no other test runs.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs something on a thread with a stack of 256 KiB.
pub(crate) fn measure<R: Send>(run: impl FnOnce() -> R + Send) -> (R, Cost) {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(256 << 10);
        let panic = |panic| std::panic::resume_unwind(panic);
        thread.spawn_scoped(scope, || measure_here(run)).unwrap().join().unwrap_or_else(panic)
    })
}

/// Runs something on this thread.
pub(crate) fn measure_here<R>(run: impl FnOnce() -> R) -> (R, Cost) {
    let before = NOW.load(Relaxed);
    PEAK.store(before, Relaxed);
    let result = run();
    let cost = Cost {
        peak: PEAK.load(Relaxed).saturating_sub(before),
        kept: NOW.load(Relaxed).cast_signed() - before.cast_signed(),
    };
    (result, cost)
}
