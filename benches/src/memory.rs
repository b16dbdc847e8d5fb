//! Measures what a module takes when all of it is translated, by counting the bytes on the heap.

use crate::engines::{Engine, Failure};
use crate::modules::Modules;
use crate::sampling::Samples;
use crate::table::{Row, Table};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use wasmparser::{Parser, Payload};

/// The system's allocator, which counts the bytes that are allocated.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the system's allocator does all that is asked for; the default methods call these two.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LIVE.fetch_add(size, Ordering::Relaxed);
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(at, layout, size) }
    }
}

/// The table of these shared modules: how much the heap grows, and that without the bytes of the module,
/// of which an engine may keep a copy.
pub(crate) fn measure(
    engines: &[&'static dyn Engine],
    names: &[&str],
    modules: &Modules,
) -> Result<Table, Failure> {
    let columns = engines.iter().map(|engine| engine.name().into()).collect();
    let mut table = Table::new("memory", "bytes a byte of the code section", columns);
    for (group, counts_copy) in [("all", true), ("without the module's bytes", false)] {
        for &name in names {
            let wasm = modules.shared(name)?;
            let code = code_bytes(&wasm)? as f64;
            let outcomes = engines.iter().map(|engine| {
                let before = LIVE.load(Ordering::Relaxed);
                let (module, copy) = engine.translate(&wasm).map_err(|error| error.to_string())?;
                let grown = LIVE.load(Ordering::Relaxed) as f64 - before as f64;
                drop(module);
                let left_out = if counts_copy { 0.0 } else { copy as f64 };
                Ok(Samples(vec![(grown - left_out) / code]))
            });
            table.push(Row::new(group, name.into(), outcomes.collect()));
        }
    }
    Ok(table)
}

/// The size of a module's code section.
fn code_bytes(wasm: &[u8]) -> Result<usize, Failure> {
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::CodeSectionStart { size, .. } = payload? {
            return Ok(size as usize);
        }
    }
    Err("there is no code section".into())
}
