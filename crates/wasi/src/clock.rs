//! Clocks, and the moments for which `poll_oneoff` waits.

use crate::WasiCtx;
use crate::errno::Errno;
use crate::os;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock of WASI.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Clock {
    /// Time since 1970.
    Realtime,
    /// Time since the guest's state was built.
    Monotonic,
    /// Processor time of this process, the host included.
    ProcessCpu,
    /// Processor time of this thread, the host included.
    ThreadCpu,
}

impl Clock {
    /// From what a guest passes.
    pub(crate) fn new(id: u32) -> Result<Self, Errno> {
        match id {
            0 => Ok(Self::Realtime),
            1 => Ok(Self::Monotonic),
            2 => Ok(Self::ProcessCpu),
            3 => Ok(Self::ThreadCpu),
            _ => Err(Errno::Inval),
        }
    }
}

/// `clock_res_get`, in nanoseconds.
pub(crate) fn resolution(id: u32) -> Result<u64, Errno> {
    // Some systems say 0 of a clock that is finer than they can tell; guests divide by this.
    Ok(nanoseconds(os::clock_resolution(Clock::new(id)?)?)?.max(1))
}

/// `clock_time_get`, in nanoseconds.
pub(crate) fn time(ctx: &WasiCtx, id: u32) -> Result<u64, Errno> {
    nanoseconds(match Clock::new(id)? {
        Clock::Realtime => since_1970(SystemTime::now()),
        Clock::Monotonic => ctx.start.elapsed(),
        clock => os::cpu_time(clock)?,
    })
}

/// The time since 1970; zero before.
pub(crate) fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// A duration as guests know it: those that they can express end in the year 2554.
pub(crate) fn nanoseconds(duration: Duration) -> Result<u64, Errno> {
    Ok(u64::try_from(duration.as_nanos())?)
}

/// One moment on both clocks for which a guest can wait.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Moment {
    monotonic: Instant,
    realtime: SystemTime,
}

impl Moment {
    /// The present one.
    pub(crate) fn now() -> Self {
        Self { monotonic: Instant::now(), realtime: SystemTime::now() }
    }

    /// As the monotonic clock of the host has it.
    pub(crate) fn monotonic(self) -> Instant {
        self.monotonic
    }

    /// When `nanoseconds` from this moment are over, or if `absolute`, when `clock` stands at
    /// `nanoseconds`.
    ///
    /// `None` if that lies beyond all time.
    pub(crate) fn deadline(
        self,
        ctx: &WasiCtx,
        clock: Clock,
        nanoseconds: u64,
        absolute: bool,
    ) -> Result<Option<Instant>, Errno> {
        let timeout = Duration::from_nanos(nanoseconds);
        let elapsed = match clock {
            Clock::ProcessCpu | Clock::ThreadCpu => return Err(Errno::Notsup),
            _ if !absolute => Duration::ZERO,
            Clock::Realtime => since_1970(self.realtime),
            Clock::Monotonic => self.monotonic.duration_since(ctx.start),
        };
        Ok(self.monotonic.checked_add(timeout.saturating_sub(elapsed)))
    }
}
