//! The program: exit codes, the last line, and the options that choose what is run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder of scripts of its own for each test, with a script of the same name in two places.
fn suite(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name).join("suite");
    fs::create_dir_all(folder.join("sub")).unwrap();
    let module = r#"(module (func (export "f") (result i32) (i32.const 1)))"#;
    let right = format!("{module}\n(assert_return (invoke \"f\") (i32.const 1))\n");
    let wrong = format!("{module}\n(assert_return (invoke \"f\") (i32.const 2))\n");
    fs::write(folder.join("a.wast"), &right).unwrap();
    fs::write(folder.join("sub/a.wast"), right + &wrong).unwrap();
    fs::write(folder.join("notes.txt"), "no script").unwrap();
    folder
}

/// Runs the program; gives its exit code and what it printed, errors included.
fn run(args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_fulmar-spectest")).args(args).output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(printed).unwrap())
}

#[track_caller]
fn check(args: &[&str], code: i32, last_line: &str) -> String {
    let (found, printed) = run(args);
    assert_eq!(printed.lines().last(), Some(last_line), "{printed}");
    assert_eq!(found, Some(code), "{printed}");
    printed
}

#[test]
fn a_failure_is_an_exit_code_and_a_line() {
    let suite = suite("failure");
    let printed = check(&[suite.to_str().unwrap()], 1, "2 passed, 1 failed, 0 skipped");
    let row = |name: &str| printed.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(row("suite/a.wast ").split_whitespace().eq([
        "suite/a.wast",
        "1",
        "0",
        "0",
        "0",
        "0",
        "0"
    ]));
    assert!(row("suite/sub/a.wast ").contains(" 1       1 "), "{printed}");
    let failure = "suite/sub/a.wast:4:2: assert_return: expected i32 2, found i32 1";
    assert_eq!(row("suite/sub/a.wast:4"), failure);
    let printed = check(&[suite.to_str().unwrap(), "-q"], 1, "2 passed, 1 failed, 0 skipped");
    assert!(!printed.contains("suite/a.wast") && printed.contains(failure), "{printed}");
}

#[test]
fn scripts_are_chosen_by_path() {
    let suite = suite("selection");
    let path = suite.to_str().unwrap();
    check(&[path, "--skip", "sub"], 0, "1 passed, 0 failed, 0 skipped");
    check(&[path, "--only=sub/a.wast"], 1, "1 passed, 1 failed, 0 skipped");
    check(&[path, "--only", "a.wast"], 0, "1 passed, 0 failed, 0 skipped");
    check(&[suite.join("a.wast").to_str().unwrap()], 0, "1 passed, 0 failed, 0 skipped");
    let list = suite.join("list.txt");
    fs::write(&list, "sub  fails\n").unwrap();
    let list = list.to_str().unwrap();
    check(&[path, "--skip-list", list], 0, "1 passed, 0 failed, 0 skipped");
    check(&[path, "--skip", "gone"], 2, "error: no script is called gone");
}

#[test]
fn expected_failures_are_neither_failed_nor_passed() {
    let suite = suite("expected");
    let path = suite.to_str().unwrap();
    let list = suite.join("list.txt");
    let check = |lines: &str, code, last_line: &str| {
        fs::write(&list, lines).unwrap();
        check(&[path, "--expected-failures", list.to_str().unwrap()], code, last_line)
    };
    check("suite/sub/a.wast:4  why\n", 0, "2 passed, 0 failed, 1 skipped");
    let printed =
        check("suite/sub/a.wast:4  a\nsuite/a.wast:2  b\n", 1, "2 passed, 1 failed, 1 skipped");
    assert!(printed.contains("suite/a.wast:2: expected a failure (b), found none"), "{printed}");
    check("suite/sub/a.wast:4  a\nsuite/gone.wast:2  b\n", 1, "2 passed, 1 failed, 1 skipped");
    // That suite isn't run.
    check("suite/sub/a.wast:4  a\nother/a.wast:2  b\n", 0, "2 passed, 0 failed, 1 skipped");
}

#[test]
fn the_engine_is_set_up_by_options() {
    let path = suite("setup").join("deep.wast");
    let script = r#"
        (module (func $deep (export "deep") (param i32) (result i32)
          (if (result i32) (local.get 0)
            (then (call $deep (i32.sub (local.get 0) (i32.const 1))))
            (else (i32.const 7)))))
        (assert_return (invoke "deep" (i32.const 10000)) (i32.const 7))"#;
    fs::write(&path, script).unwrap();
    let path = path.to_str().unwrap();
    for mode in ["eager", "lazy-translation", "lazy"] {
        check(&[path, "--compilation", mode], 0, "1 passed, 0 failed, 0 skipped");
    }
    check(&[path, "--features", "wasm1"], 0, "1 passed, 0 failed, 0 skipped");
    check(&[path, "--fuel", "1000000"], 0, "1 passed, 0 failed, 0 skipped");
    let printed = check(&[path, "--fuel", "10000"], 1, "0 passed, 1 failed, 0 skipped");
    assert!(printed.contains("found a trap: all fuel consumed"), "{printed}");
    let printed = check(&[path, "--max-stack", "20000"], 1, "0 passed, 1 failed, 0 skipped");
    assert!(printed.contains("found a trap: call stack exhausted"), "{printed}");
}

#[test]
fn wrong_usage_is_an_exit_code_of_its_own() {
    let hint = "See fulmar-spectest --help.";
    for args in [
        &[][..],
        &["--nothing"],
        &["--features", "wasm9", "."],
        &["--fuel", "much", "."],
        &["--suite"],
    ] {
        check(args, 2, hint);
    }
    assert_eq!(run(&["--suite", "none"]).0, Some(2));
    assert_eq!(run(&["no/such/folder"]).0, Some(2));
    let (code, help) = run(&["--help"]);
    assert_eq!(code, Some(0));
    assert!(help.contains("--expected-failures FILE") && help.contains("tail-call"), "{help}");
}
