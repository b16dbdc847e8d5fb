//! The stopwatch of all measurements.
//!
//! On Unix it runs with the processor time of the thread, so that other processes disturb less; the
//! engines do all their work in the thread that calls them, but for loading modules.

use std::time::Duration;

#[cfg(unix)]
type Reading = Duration;
#[cfg(not(unix))]
type Reading = std::time::Instant;

/// A stopwatch that runs.
pub(crate) struct Stopwatch {
    start: Reading,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self { start: now() }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        now() - self.start
    }
}

#[cfg(unix)]
fn now() -> Reading {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::ThreadCPUTime);
    // Both parts are small and not negative.
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[cfg(not(unix))]
fn now() -> Reading {
    Reading::now()
}
