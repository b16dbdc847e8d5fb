//! `Config::parallel_compilation`: whether other threads than the one that makes a module work on it.
//!
//! Whoever works allocates, so an allocator that knows its threads sees it. One test, since the allocator
//! is the whole program's.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use fulmar::{CompilationMode, Config, Engine, Module};

struct Watching;

/// Whether allocations are looked at.
static WATCHED: AtomicBool = AtomicBool::new(false);
/// Whether another thread allocated meanwhile.
static OTHERS: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Whether the thread is the one that makes the module.
    static MAKER: Cell<bool> = const { Cell::new(false) };
}

// SAFETY: all memory comes from the system's allocator, whose contract is this one's.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if WATCHED.load(Relaxed) && !MAKER.get() {
            OTHERS.store(true, Relaxed);
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise; the memory is the system allocator's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Watching = Watching;

/// Whether other threads worked on the module.
fn others_work(mode: CompilationMode, parallel: bool, wasm: &[u8]) -> bool {
    let mut config = Config::new();
    config.compilation_mode(mode).parallel_compilation(parallel);
    let engine = Engine::new(&config).unwrap();
    MAKER.set(true);
    OTHERS.store(false, Relaxed);
    WATCHED.store(true, Relaxed);
    let module = Module::new(&engine, wasm);
    WATCHED.store(false, Relaxed);
    module.unwrap();
    OTHERS.load(Relaxed)
}

#[test]
fn threads_are_there_only_if_wanted() {
    let instructions = "(local.set 0 (i64.mul (local.get 0) (i64.const 12345)))".repeat(100);
    let func = format!("(func (param i64) {instructions})");
    let wasm = wat::parse_str(format!("(module {})", func.repeat(1_000))).unwrap();
    let several = thread::available_parallelism().is_ok_and(|count| count.get() > 1);
    for mode in [CompilationMode::LazyTranslation, CompilationMode::Eager] {
        assert!(!others_work(mode, false, &wasm), "{mode:?}");
        // A thread that starts late finds nothing left to do.
        let shared = (0..100).any(|_| others_work(mode, true, &wasm));
        assert_eq!(shared, several, "{mode:?}");
    }
    // Nothing is validated or translated yet.
    assert!(!others_work(CompilationMode::Lazy, true, &wasm));
}
