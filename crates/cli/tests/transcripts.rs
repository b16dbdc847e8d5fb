//! Runs the command lines in `transcripts/*.txt` and compares what they print and how they end.
//!
//! A transcript is a list of
//!
//! ```text
//! # a comment
//! $ fulmar run --invoke add math.wat 1 2
//! < a line of standard input
//! | a line of standard output
//! ! a line of standard error
//! = the exit code
//! ```
//!
//! Words are separated by blanks, unless there are apostrophes around them. A line that is not ended in the output ends
//! in `¬`, and the version of the package is written as `VERSION`. Everything runs in `data/`. With `FULMAR_BLESS=1` in
//! the environment the transcripts are written anew: read the diff.

#![cfg(unix)]

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The name of the variable that the processes have in their environment, beside its value `inherited`.
const VARIABLE: &str = "FULMAR_TEST";

#[test]
fn transcripts_are_as_they_were() {
    let bless = std::env::var_os("FULMAR_BLESS").is_some();
    let mut differing = Vec::new();
    for path in transcripts() {
        let expected = fs::read_to_string(&path).unwrap();
        let found = rerun(&expected);
        if found == expected {
            continue;
        }
        if bless {
            fs::write(&path, found).unwrap();
        } else {
            differing.push(difference(&path, &expected, &found));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

fn tests_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn transcripts() -> Vec<PathBuf> {
    let entries = fs::read_dir(tests_dir().join("transcripts")).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

/// The transcript with its commands run again.
fn rerun(transcript: &str) -> String {
    let mut found = String::new();
    let mut lines = transcript.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(command) = line.strip_prefix("$ ") else {
            // What commands print is made anew, all else is kept.
            if !line.starts_with(['|', '!', '=', '<']) {
                writeln!(found, "{line}").unwrap();
            }
            continue;
        };
        writeln!(found, "{line}").unwrap();
        let mut stdin = String::new();
        while let Some(line) = lines.next_if(|line| line.starts_with("< ")) {
            writeln!(found, "{line}").unwrap();
            writeln!(stdin, "{}", &line[2..]).unwrap();
        }
        let output = run(command, &stdin);
        write_lines(&mut found, '|', command, &output.stdout);
        write_lines(&mut found, '!', command, &output.stderr);
        match output.status.code() {
            Some(code) => writeln!(found, "= {code}").unwrap(),
            None => writeln!(found, "= {}", output.status).unwrap(),
        }
    }
    found
}

fn run(command: &str, stdin: &str) -> Output {
    let words = split(command);
    let Some((program, args)) = words.split_first() else {
        panic!("no command: {command}");
    };
    assert_eq!(program, "fulmar", "{command}");
    let mut process = Command::new(env!("CARGO_BIN_EXE_fulmar"))
        .args(args)
        .current_dir(tests_dir().join("data"))
        .env_clear()
        .env(VARIABLE, "inherited")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A process that doesn't read its input may have ended before.
    let _ = process.stdin.take().unwrap().write_all(stdin.as_bytes());
    process.wait_with_output().unwrap()
}

/// The words of a command line.
fn split(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (number, part) in command.split('\'').enumerate() {
        // Every second part was between apostrophes.
        if number % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

fn write_lines(transcript: &mut String, prefix: char, command: &str, bytes: &[u8]) {
    let text = str::from_utf8(bytes).unwrap_or_else(|_| panic!("not UTF-8: {command}"));
    assert!(
        !text.contains(|character: char| character.is_control() && character != '\n'),
        "{command}: {text:?}"
    );
    let text = text.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    for line in text.split_inclusive('\n') {
        let line = line.strip_suffix('\n').map_or_else(|| format!("{line}¬"), str::to_owned);
        let line = format!("{prefix} {line}");
        writeln!(transcript, "{}", line.trim_end()).unwrap();
    }
}

/// The first lines in which two transcripts differ, with the command they belong to.
fn difference(path: &Path, expected: &str, found: &str) -> String {
    let (mut expected, mut found) = (expected.lines(), found.lines());
    let mut command = "";
    loop {
        let (expected, found) = (expected.next(), found.next());
        if expected != found {
            let (expected, found) = (expected.unwrap_or("the end"), found.unwrap_or("the end"));
            return format!(
                "{}\n{command}\nexpected: {expected}\n   found: {found}\n",
                path.display()
            );
        }
        command = expected.filter(|line| line.starts_with('$')).unwrap_or(command);
    }
}
