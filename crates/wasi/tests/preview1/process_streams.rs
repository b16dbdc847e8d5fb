//! The standard streams of a process, in a process of their own: this test program once more, with
//! pipes.

use crate::clocks::{CLOCK, MONOTONIC, READ, clock, descriptor, poll};
use crate::guest::{AGAIN, Guest, NONBLOCK};
use fulmar_wasi::WasiCtxBuilder;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

/// Tells a process that it is the child.
const CHILD: &str = "FULMAR_WASI_TEST_CHILD";

#[test]
fn waiting_for_the_standard_input() {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "process_streams::child", "--nocapture"])
        .env(CHILD, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let mut heard = Vec::new();
    for line in stdout.lines().map(Result::unwrap) {
        match line.as_str() {
            "send" => stdin.as_mut().unwrap().write_all(b"input\n").unwrap(),
            "close" => drop(stdin.take()),
            _ => continue,
        }
        heard.push(line);
    }
    assert!(child.wait().unwrap().success());
    assert_eq!(heard, ["send", "close"]);
}

/// What the child does; nothing, if this process is not it.
#[test]
fn child() {
    if env::var_os(CHILD).is_none() {
        return;
    }
    let mut guest = Guest::new(WasiCtxBuilder::new().inherit_stdio().inherit_env().build());
    let stat: [u8; 24] = guest.result("fd_fdstat_get", &[0]).unwrap();
    assert_eq!(stat[0], 0, "a pipe is no terminal");
    let stdin = |timeout| [descriptor(1, READ, 0), clock(2, MONOTONIC, timeout, 0)];
    assert_eq!(poll(&mut guest, &stdin(0)), Ok(vec![(2, 0, CLOCK, 0)]));
    assert_eq!(poll(&mut guest, &stdin(10_000_000)), Ok(vec![(2, 0, CLOCK, 0)]));
    guest.call("fd_fdstat_set_flags", &[0, NONBLOCK.into()]);
    assert_eq!(guest.fd_read(0, 10), Err(AGAIN));
    guest.call("fd_fdstat_set_flags", &[0, 0]);

    guest.fd_write(1, b"send\n").unwrap();
    assert_eq!(poll(&mut guest, &stdin(60_000_000_000)), Ok(vec![(1, 0, READ, 6)]));
    assert_eq!(guest.fd_read(0, 2), Ok(b"in".to_vec()));
    assert_eq!(poll(&mut guest, &[descriptor(3, READ, 0)]), Ok(vec![(3, 0, READ, 4)]));
    let place = guest.put(&[0; 8]);
    let [list, len] = guest.list(&[(place, 1), (place + 4, 4)]);
    assert_eq!(guest.result_u32("fd_read", &[0, list, len]), Ok(4));
    assert_eq!(guest.read(place, 8), b"p\0\0\0ut\n\0");

    guest.fd_write(1, b"close\n").unwrap();
    assert_eq!(poll(&mut guest, &stdin(60_000_000_000)), Ok(vec![(1, 0, READ, 0)]));
    assert_eq!(guest.fd_read(0, 10), Ok(Vec::new()));
    guest.fd_write(2, b"").unwrap();
}
