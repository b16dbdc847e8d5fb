//! `poll_oneoff`: waiting for moments, and for bytes on the standard input.
//!
//! Everything else is always ready: files never let their reader wait, and what is written goes out
//! at once.

use crate::WasiCtx;
use crate::clock::{Clock, Moment};
use crate::errno::Errno;
use crate::file::readable;
use crate::guest::{GuestMemory, Span};
use crate::os;
use crate::rights::{FD_READ, FD_WRITE, POLL_FD_READWRITE};
use crate::stdio::Readable;
use crate::types::{Event, GuestValue, known_bits};
use std::thread;
use std::time::{Duration, Instant};

/// The bytes of a subscription.
const SUBSCRIPTION_BYTES: u32 = 48;

/// The guest's arrays, checked to lie in its memory.
#[derive(Copy, Clone)]
struct Arrays {
    subscriptions: u32,
    events: u32,
    count: u32,
}

/// What a guest waits for.
struct Subscription {
    /// Comes back in the event.
    userdata: u64,
    /// The tag, which comes back as well.
    kind: u8,
    state: State,
}

/// What is known of it before waiting.
enum State {
    /// It comes true then; never, if there is no such moment.
    At(Option<Instant>),
    /// It is true.
    Ready(Readable),
    /// It is true when the standard input of the process can be read.
    Stdin,
    /// It cannot be waited for.
    Failed(Errno),
}

/// `poll_oneoff`: gives the number of events.
pub(crate) fn oneoff(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    subscriptions: u32,
    events: u32,
    count: u32,
) -> Result<u32, Errno> {
    if count == 0 {
        return Err(Errno::Inval);
    }
    let arrays = Arrays { subscriptions, events, count };
    memory.slice(Span::array(subscriptions, SUBSCRIPTION_BYTES, count)?)?;
    memory.slice(Span::array(events, Event::BYTES, count)?)?;
    let start = Moment::now();
    let (until, stdin) = survey(ctx, memory, arrays, start)?;
    loop {
        let readable = wait(until, stdin)?;
        let events = report(ctx, memory, arrays, start, readable)?;
        if events > 0 {
            return Ok(events);
        }
    }
}

/// Until when to wait at most, and whether for the standard input.
fn survey(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    arrays: Arrays,
    start: Moment,
) -> Result<(Option<Instant>, bool), Errno> {
    let mut until: Option<Instant> = None;
    let mut stdin = false;
    for index in 0..arrays.count {
        let moment = match subscription(ctx, memory, arrays, index, start)?.state {
            State::At(moment) => moment,
            State::Ready(_) | State::Failed(_) => Some(start.monotonic()),
            State::Stdin => {
                stdin = true;
                None
            }
        };
        until = until.into_iter().chain(moment).min();
    }
    Ok((until, stdin))
}

/// Waits until a moment, or forever; or if `stdin`, until the standard input can be read before
/// that.
fn wait(until: Option<Instant>, stdin: bool) -> Result<Option<Readable>, Errno> {
    let timeout = until.map(|until| until.saturating_duration_since(Instant::now()));
    if stdin {
        return Ok(os::wait_for_stdin(timeout)?);
    }
    thread::sleep(timeout.unwrap_or(Duration::MAX));
    Ok(None)
}

/// Writes an event for each subscription that is true, and gives their number.
///
/// Subscriptions are read again from guest memory. A guest that makes the arrays overlap finds
/// nonsense in them, but no more.
fn report(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    arrays: Arrays,
    start: Moment,
    stdin: Option<Readable>,
) -> Result<u32, Errno> {
    let now = Instant::now();
    let mut count = 0;
    for index in 0..arrays.count {
        let Subscription { userdata, kind, state } =
            subscription(ctx, memory, arrays, index, start)?;
        let result = match state {
            State::At(Some(moment)) if moment <= now => Ok(Readable { bytes: 0, hangup: false }),
            State::At(_) => continue,
            State::Ready(readable) => Ok(readable),
            State::Stdin => match stdin {
                Some(readable) => Ok(readable),
                None => continue,
            },
            State::Failed(errno) => Err(errno),
        };
        let event = match result {
            Ok(Readable { bytes, hangup }) => {
                Event { userdata, error: 0, kind, ready_bytes: bytes, hangup }
            }
            Err(errno) => {
                Event { userdata, error: errno as u16, kind, ready_bytes: 0, hangup: false }
            }
        };
        memory.write(arrays.events + count * Event::BYTES, event)?;
        count += 1;
    }
    Ok(count)
}

/// The subscription at `index`.
fn subscription(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    arrays: Arrays,
    index: u32,
    start: Moment,
) -> Result<Subscription, Errno> {
    let bytes = memory.read(arrays.subscriptions + index * SUBSCRIPTION_BYTES)?;
    let kind = bytes[8];
    let state = match kind {
        0 => {
            let clock = Clock::new(u32::from_le_bytes(field(&bytes, 16)))?;
            let timeout = u64::from_le_bytes(field(&bytes, 24));
            let flags = u16::from_le_bytes(field(&bytes, 40));
            let absolute = known_bits(flags.into(), 1)? != 0;
            State::At(start.deadline(ctx, clock, timeout, absolute)?)
        }
        1 => {
            let fd = u32::from_le_bytes(field(&bytes, 16));
            match permitted(ctx, fd, FD_READ).and_then(|()| readable(ctx, fd)) {
                Ok(Some(readable)) => State::Ready(readable),
                Ok(None) => State::Stdin,
                Err(errno) => State::Failed(errno),
            }
        }
        2 => match permitted(ctx, u32::from_le_bytes(field(&bytes, 16)), FD_WRITE) {
            Ok(()) => State::Ready(Readable { bytes: 1, hangup: false }),
            Err(errno) => State::Failed(errno),
        },
        _ => return Err(Errno::Inval),
    };
    Ok(Subscription { userdata: u64::from_le_bytes(field(&bytes, 0)), kind, state })
}

/// Whether the guest may wait for a descriptor.
fn permitted(ctx: &WasiCtx, fd: u32, right: u64) -> Result<(), Errno> {
    ctx.table.get(fd)?.require(right | POLL_FD_READWRITE)
}

/// Some bytes of a subscription.
fn field<const N: usize>(
    subscription: &[u8; SUBSCRIPTION_BYTES as usize],
    start: usize,
) -> [u8; N] {
    std::array::from_fn(|index| subscription[start + index])
}
