//! The embedding examples compile, run, and print what they promise.

#[path = "../examples/hello.rs"]
#[expect(dead_code, reason = "the test calls what `main` calls")]
mod hello;
#[path = "../examples/host_functions.rs"]
#[expect(dead_code, reason = "the test calls what `main` calls")]
mod host_functions;
#[path = "../examples/limits.rs"]
#[expect(dead_code, reason = "the test calls what `main` calls")]
mod limits;
#[path = "../examples/linking.rs"]
#[expect(dead_code, reason = "the test calls what `main` calls")]
mod linking;
#[path = "../examples/memory.rs"]
#[expect(dead_code, reason = "the test calls what `main` calls")]
mod memory;

use std::error::Error;
use std::io::Write;

/// What an example prints.
type Example = fn(&mut dyn Write) -> Result<(), Box<dyn Error>>;

fn printed(run: Example) -> String {
    let mut out = Vec::new();
    run(&mut out).expect("the example succeeds");
    String::from_utf8(out).expect("text")
}

#[test]
fn hello_prints_a_greeting() {
    assert_eq!(printed(hello::run), "Hello, world!\n");
}

#[test]
fn host_functions_keep_accounts() {
    let expected = "\
balance: 30
refused: 20 short, balance: 30
47 / 10 = 4 remainder 7; 1 + 2 + 3 + 4 = 10
ticks: 55
";
    assert_eq!(printed(host_functions::run), expected);
}

#[test]
fn memory_is_shared_and_grows() {
    let expected = "\
desserts
65536 bytes, their sum is 877
the guest grew it from 1 page
the host grew it from 2 pages
for the guest it can't grow now: -1
for the host neither: true
out of bounds memory access
";
    assert_eq!(printed(memory::run), expected);
}

#[test]
fn limits_hold() {
    let expected = "\
count: 1000, and fuel is left
spin: all fuel consumed
dive: call stack exhausted
hoard: 1024 KiB
instantiate: resource limit exceeded: instance count too high at 2
count: 10
";
    assert_eq!(printed(limits::run), expected);
}

#[test]
fn linking_shares_a_library() {
    let expected = "\
after twice 1: 2
after twice 20: 42
the host finds 42
and makes it 1000
unknown import \"counter\" \"reset\": expected function () -> ()
";
    assert_eq!(printed(linking::run), expected);
}

/// All examples are tested here.
#[test]
fn none_is_missing() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let entries = std::fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".rs")).collect();
    names.sort();
    let tested = ["hello.rs", "host_functions.rs", "limits.rs", "linking.rs", "memory.rs"];
    assert_eq!(names, tested);
}
