//! Runs the WASI programs in the folder `programs` of the directory that `FULMAR_SHARED` names, and compares what they
//! print. Without that variable nothing is tested: the programs are not part of this repository. Nor is it in builds with
//! debug assertions, in which the programs would take very long.
//!
//! Each program has a folder of its name with its inputs, and reports to a module `bench` when it starts and ends.

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn programs_print_what_is_expected() {
    let Some(shared) = std::env::var_os("FULMAR_SHARED").filter(|_| !cfg!(debug_assertions)) else {
        return;
    };
    let entries = fs::read_dir(Path::new(&shared).join("programs")).unwrap();
    let mut folders: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.retain(|folder| folder.is_dir());
    folders.sort();
    assert!(!folders.is_empty());
    for folder in &folders {
        run(folder);
    }
}

fn run(folder: &Path) {
    let name = folder.file_name().unwrap().to_str().unwrap();
    let bench = concat!("bench=", env!("CARGO_MANIFEST_DIR"), "/tests/data/bench.wat");
    let output = Command::new(env!("CARGO_BIN_EXE_fulmar"))
        .args(["run", "--dir", ".", "--preload", bench])
        .arg(format!("{name}.wasm"))
        .current_dir(folder)
        .output()
        .unwrap();
    for (stream, found) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let expected = fs::read(folder.join(format!("{name}.{stream}.expected"))).unwrap();
        let [expected, found] = [&expected, found].map(|bytes| String::from_utf8_lossy(bytes));
        assert_eq!(expected, found, "{name}: {stream}");
    }
    assert_eq!(output.status.code(), Some(0), "{name}");
}
