//! By several threads, if there is enough to do.

use super::Bodies;
use crate::Error;
use alloc::vec::Vec;
use core::num::NonZero;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::OnceLock;
use std::thread;

/// What a thread should have to do: it takes 60 to 170 µs until one runs whose processor was asleep,
/// and half as long again until the one that waits for it goes on.
const THREAD_NANOSECONDS: usize = 150_000;
/// The most threads: beyond it memory is what they wait for.
const THREADS_MAX: usize = 8;
/// How often a thread comes for more bodies, if they are alike: the last one to come should not have
/// much to do while the others wait.
const TURNS: usize = 8;
/// The most bodies that a thread takes at a time.
const BATCH_MAX: usize = 32;

/// Does `job` for each body. Each thread has a state of its own, which `job` is given.
///
/// # Errors
///
/// That of the first body for which `job` fails; some of the later ones are left out then.
pub(crate) fn for_each_body<S: Default>(
    Bodies { count, nanoseconds, parallel }: Bodies,
    job: impl Fn(&mut S, usize) -> Result<(), Error> + Sync,
) -> Result<(), Error> {
    let wanted = (nanoseconds / THREAD_NANOSECONDS).min(THREADS_MAX);
    let threads = if parallel && wanted > 1 { processors().min(wanted) } else { 1 };
    let next = AtomicUsize::new(0);
    let batch = (count / (threads * TURNS)).clamp(1, BATCH_MAX);
    let work = || take_batches(count, batch, &next, &job);
    let first = thread::scope(|scope| {
        // A thread that can't be started leaves its share to the others.
        let helpers: Vec<_> = (1..threads)
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, work).ok())
            .collect();
        let mine = work();
        let errors = helpers.into_iter().filter_map(|helper| helper.join().expect("no panics"));
        mine.into_iter().chain(errors).min_by_key(|(body, _)| *body)
    });
    first.map_or(Ok(()), |(_, error)| Err(error))
}

/// How many threads can run at a time. Asked once: on Linux the answer is read from several files.
fn processors() -> usize {
    static PROCESSORS: OnceLock<usize> = OnceLock::new();
    *PROCESSORS.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get))
}

/// Does batches of bodies while there are any; the result is the first that failed.
fn take_batches<S: Default>(
    count: usize,
    batch: usize,
    next: &AtomicUsize,
    job: &impl Fn(&mut S, usize) -> Result<(), Error>,
) -> Option<(usize, Error)> {
    let mut state = S::default();
    loop {
        let start = next.fetch_add(batch, Ordering::Relaxed);
        if start >= count {
            return None;
        }
        for body in start..count.min(start + batch) {
            if let Err(error) = job(&mut state, body) {
                // What others have begun before this goes on; nobody begins anything after it.
                next.store(count, Ordering::Relaxed);
                return Some((body, error));
            }
        }
    }
}
