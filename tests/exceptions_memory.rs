//! Throwing and catching without references takes no memory, however often it is done.
//!
//! Alone in its file: it counts what the whole program allocates.

use fulmar::{Engine, Instance, Module, Store};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The system's allocator, counting.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_million_exceptions() {
    let text = r#"(module
        (tag $t (param i32 v128))
        (func $throw (param i32) (throw $t (local.get 0) (v128.const i64x2 1 2)))
        (func (export "run") (param $n i32) (result i32)
            (local $sum i32)
            (loop $l
                (block $h (result i32 v128)
                    (try_table (catch $t $h) (call $throw (i32.const 3)))
                    (unreachable))
                (drop)
                (local.set $sum (i32.add (local.get $sum)))
                (block $h (try_table (catch_all $h) (call $throw (i32.const 4))))
                (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $sum)))"#;
    let engine = Engine::default();
    let module = Module::new(&engine, &wat::parse_str(text).unwrap()).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
    assert_eq!(run.call(&mut store, 1).unwrap(), 3);
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    assert_eq!(run.call(&mut store, 1_000_000).unwrap(), 3_000_000);
    assert_eq!(ALLOCATIONS.load(Ordering::Relaxed), before);
}
