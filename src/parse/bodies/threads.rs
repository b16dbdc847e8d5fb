//! All bodies of a module, by several threads if they are many.

use super::BodyValidation;
use crate::Error;
use crate::parse::ParsedModule;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// The bytes of code that are worth a thread: some 2 ms of work against 0.1 ms to start one.
const THREAD_BYTES: usize = 256 << 10;
/// The most threads: beyond it memory is what they wait for.
const THREADS_MAX: usize = 8;
/// The number of bodies that a thread takes at a time.
const BATCH: usize = 32;

/// Validates all bodies of a module.
pub(in crate::parse) fn validate_all(
    module: &ParsedModule,
    validation: &BodyValidation,
) -> Result<(), Error> {
    let bytes: usize = module.bodies.iter().map(|body| body.range().len()).sum();
    let wanted = (bytes / THREAD_BYTES).min(THREADS_MAX);
    let threads = match wanted {
        0 | 1 => 1,
        wanted => thread::available_parallelism().map_or(1, |count| count.get().min(wanted)),
    };
    let next = AtomicUsize::new(0);
    let work = || validate_batches(module, validation, &next);
    let first = thread::scope(|scope| {
        // A thread that can't be started leaves its share to the others.
        let helpers: Vec<_> = (1..threads)
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, work).ok())
            .collect();
        let errors = helpers.into_iter().filter_map(|helper| helper.join().expect("no panics"));
        work().into_iter().chain(errors).min_by_key(|(defined, _)| *defined)
    });
    first.map_or(Ok(()), |(_, error)| Err(error))
}

/// Validates batches of bodies while there are any; the result is the first invalid one.
fn validate_batches(
    module: &ParsedModule,
    validation: &BodyValidation,
    next: &AtomicUsize,
) -> Option<(usize, Error)> {
    let mut allocations = Default::default();
    let count = module.bodies.len();
    loop {
        let start = next.fetch_add(BATCH, Ordering::Relaxed);
        if start >= count {
            return None;
        }
        for defined in start..count.min(start + BATCH) {
            match validation.validate_with(allocations, module, defined) {
                Ok(reused) => allocations = reused,
                Err(error) => {
                    // What others have begun before this goes on; nobody begins anything after it.
                    next.store(count, Ordering::Relaxed);
                    return Some((defined, error));
                }
            }
        }
    }
}
