//! Clocks, randomness, waiting, and the other functions that need no descriptor.

use crate::guest::{
    ALL, BADF, CREAT, FD_READ, FD_WRITE, Guest, INVAL, NOTCAPABLE, NOTSUP, POLL_FD_READWRITE, ROOT,
    u64_at,
};
use fulmar_wasi::{MemoryInputPipe, WasiCtxBuilder};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const REALTIME: u32 = 0;
pub(crate) const MONOTONIC: u32 = 1;
const PROCESS_CPU: u32 = 2;
const THREAD_CPU: u32 = 3;

pub(crate) const CLOCK: u8 = 0;
pub(crate) const READ: u8 = 1;
const WRITE: u8 = 2;

/// A subscription to a clock.
pub(crate) fn clock(userdata: u64, id: u32, timeout: u64, flags: u16) -> Vec<u8> {
    let mut bytes = vec![0; 48];
    bytes[0..8].copy_from_slice(&userdata.to_le_bytes());
    bytes[8] = CLOCK;
    bytes[16..20].copy_from_slice(&id.to_le_bytes());
    bytes[24..32].copy_from_slice(&timeout.to_le_bytes());
    bytes[40..42].copy_from_slice(&flags.to_le_bytes());
    bytes
}

/// A subscription to a descriptor.
pub(crate) fn descriptor(userdata: u64, kind: u8, fd: u32) -> Vec<u8> {
    let mut bytes = vec![0; 48];
    bytes[0..8].copy_from_slice(&userdata.to_le_bytes());
    bytes[8] = kind;
    bytes[16..20].copy_from_slice(&fd.to_le_bytes());
    bytes
}

/// An event: the user's data, the error, the kind, and the number of bytes.
pub(crate) type Event = (u64, u16, u8, u64);

/// `poll_oneoff`.
pub(crate) fn poll(guest: &mut Guest, subscriptions: &[Vec<u8>]) -> Result<Vec<Event>, u32> {
    let start = guest.put(&subscriptions.concat());
    let events = guest.put(&vec![0xaa; subscriptions.len() * 32]);
    let args = [start.into(), events.into(), subscriptions.len() as u64];
    let count = guest.result_u32("poll_oneoff", &args)?;
    let events = guest.read(events, count as usize * 32);
    let events = events.chunks(32).map(|event| {
        let error = u16::from_le_bytes([event[8], event[9]]);
        (u64_at(event, 0), error, event[10], u64_at(event, 16))
    });
    Ok(events.collect())
}

fn time(guest: &mut Guest, id: u32) -> Result<u64, u32> {
    guest.result_u64("clock_time_get", &[id.into(), 0])
}

#[test]
fn clocks_tell_the_time() {
    let (mut guest, _dir) = Guest::with_dir();
    let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let realtime = Duration::from_nanos(time(&mut guest, REALTIME).unwrap());
    let after = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    assert!(before <= realtime && realtime <= after);
    let monotonic = time(&mut guest, MONOTONIC).unwrap();
    assert!(monotonic < time(&mut guest, MONOTONIC).unwrap());
    assert_eq!(time(&mut guest, 4), Err(INVAL));
    assert_eq!(guest.result_u64("clock_res_get", &[4]), Err(INVAL));
    for id in [REALTIME, MONOTONIC] {
        let resolution = guest.result_u64("clock_res_get", &[id.into()]).unwrap();
        assert!((1..=100_000_000).contains(&resolution));
    }
}

#[test]
fn clocks_of_the_processor() {
    let (mut guest, _dir) = Guest::with_dir();
    for id in [PROCESS_CPU, THREAD_CPU] {
        if cfg!(unix) {
            assert!(guest.result_u64("clock_res_get", &[id.into()]).unwrap() > 0);
            let first = time(&mut guest, id).unwrap();
            assert!((0..1_000_000).any(|_| time(&mut guest, id).unwrap() > first));
        } else {
            assert_eq!(time(&mut guest, id), Err(NOTSUP));
        }
    }
}

#[test]
fn randomness() {
    let (mut guest, _dir) = Guest::with_dir();
    guest.call("random_get", &[100, 64]);
    let first = guest.read(100, 64);
    guest.call("random_get", &[100, 64]);
    assert_ne!(first, guest.read(100, 64));
    assert_eq!(guest.read(164, 64), [0; 64]);
    guest.call("random_get", &[0, 0x1_0000]);
}

#[test]
fn sleep() {
    let (mut guest, _dir) = Guest::with_dir();
    for id in [REALTIME, MONOTONIC] {
        let before = Instant::now();
        let events = poll(&mut guest, &[clock(5, id, 20_000_000, 0)]);
        assert_eq!(events, Ok(vec![(5, 0, CLOCK, 0)]));
        assert!(before.elapsed() >= Duration::from_millis(20));
    }
}

#[test]
fn sleep_until() {
    let (mut guest, _dir) = Guest::with_dir();
    for id in [REALTIME, MONOTONIC] {
        let until = time(&mut guest, id).unwrap() + 20_000_000;
        let events = poll(&mut guest, &[clock(5, id, until, 1)]);
        assert_eq!(events, Ok(vec![(5, 0, CLOCK, 0)]));
        assert!(time(&mut guest, id).unwrap() >= until);
        // A moment that is over.
        let events = poll(&mut guest, &[clock(6, id, 1, 1)]);
        assert_eq!(events, Ok(vec![(6, 0, CLOCK, 0)]));
    }
}

#[test]
fn the_first_clock_wakes() {
    let (mut guest, _dir) = Guest::with_dir();
    let subscriptions =
        [clock(1, MONOTONIC, u64::MAX, 0), clock(2, REALTIME, 1, 0), clock(3, MONOTONIC, 0, 0)];
    let events = poll(&mut guest, &subscriptions);
    assert_eq!(events, Ok(vec![(2, 0, CLOCK, 0), (3, 0, CLOCK, 0)]));
}

#[test]
fn descriptors_are_ready_before_a_clock() {
    let dir = tempfile::tempdir().unwrap();
    let ctx = WasiCtxBuilder::new()
        .stdin(Box::new(MemoryInputPipe::new("text")))
        .preopened_dir(dir.path(), "/")
        .unwrap()
        .build();
    let mut guest = Guest::new(ctx);
    let file = guest.open(ROOT, "file", CREAT, ALL, 0).unwrap();
    guest.fd_write(file, b"seven b").unwrap();
    guest.seek(file, 2, 0).unwrap();
    let subscriptions = [
        clock(1, MONOTONIC, 60_000_000_000, 0),
        descriptor(2, READ, 0),
        descriptor(3, WRITE, 1),
        descriptor(4, WRITE, 2),
        descriptor(5, READ, file),
        descriptor(6, WRITE, file),
    ];
    let events = poll(&mut guest, &subscriptions).unwrap();
    let expected =
        [(2, 0, READ, 1), (3, 0, WRITE, 1), (4, 0, WRITE, 1), (5, 0, READ, 5), (6, 0, WRITE, 1)];
    assert_eq!(events, expected);
}

#[test]
fn descriptors_that_cannot_be_waited_for() {
    let (mut guest, _dir) = Guest::with_dir();
    let file = guest.open(ROOT, "file", CREAT, FD_READ | FD_WRITE, 0).unwrap();
    let allowed = guest.open(ROOT, "file", 0, FD_READ | POLL_FD_READWRITE, 0).unwrap();
    let subscriptions = [
        descriptor(1, READ, 99),
        descriptor(2, READ, 1),
        descriptor(3, READ, file),
        descriptor(4, READ, allowed),
        descriptor(5, WRITE, allowed),
        descriptor(6, READ, ROOT),
    ];
    let events = poll(&mut guest, &subscriptions).unwrap();
    let expected = [
        (1, BADF as u16, READ, 0),
        (2, NOTCAPABLE as u16, READ, 0),
        (3, NOTCAPABLE as u16, READ, 0),
        (4, 0, READ, 0),
        (5, NOTCAPABLE as u16, WRITE, 0),
        (6, NOTCAPABLE as u16, READ, 0),
    ];
    assert_eq!(events, expected);
}

#[test]
fn subscriptions_that_make_no_sense() {
    let (mut guest, _dir) = Guest::with_dir();
    assert_eq!(poll(&mut guest, &[]), Err(INVAL));
    assert_eq!(poll(&mut guest, &[clock(1, 9, 0, 0)]), Err(INVAL));
    assert_eq!(poll(&mut guest, &[clock(1, REALTIME, 0, 2)]), Err(INVAL));
    assert_eq!(poll(&mut guest, &[clock(1, THREAD_CPU, 0, 0)]), Err(NOTSUP));
    assert_eq!(poll(&mut guest, &[descriptor(1, 3, 0)]), Err(INVAL));
}

#[test]
fn signals_end_the_guest_or_do_nothing() {
    let (mut guest, _dir) = Guest::with_dir();
    const CHLD: u64 = 16;
    const STOP: u64 = 18;
    const ABRT: u64 = 6;
    guest.call("proc_raise", &[0]);
    guest.call("proc_raise", &[CHLD]);
    assert_eq!(guest.errno("proc_raise", &[STOP]), NOTSUP);
    assert_eq!(guest.errno("proc_raise", &[31]), INVAL);
    assert_eq!(guest.errno("proc_raise", &[u64::MAX]), INVAL);
    let error = guest.try_call("proc_raise", &[ABRT]).unwrap_err();
    assert_eq!(error.i32_exit_status(), Some(128 + 6));
}

#[test]
fn give_way() {
    let (mut guest, _dir) = Guest::with_dir();
    guest.call("sched_yield", &[]);
}
