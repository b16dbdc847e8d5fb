//! Runs the example programs and compares what they print with what the same programs print natively.
//!
//! The cases are in `examples/guests/expected/cases`: a name, a program, and its arguments and input.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a line of `cases` says.
struct Case<'a> {
    name: &'a str,
    program: &'a str,
    args: Vec<&'a str>,
    stdin: Option<&'a str>,
}

impl<'a> Case<'a> {
    fn parse(line: &'a str) -> Self {
        let mut words = line.split_whitespace();
        let (name, program) = (words.next().unwrap(), words.next().unwrap());
        let (inputs, args): (Vec<_>, Vec<_>) = words.partition(|word| word.starts_with('<'));
        Self { name, program, args, stdin: inputs.first().map(|word| &word[1..]) }
    }

    fn run(&self, guests: &Path) {
        let Self { name, program, args, stdin } = self;
        let stdin =
            stdin.map_or_else(Stdio::null, |file| File::open(guests.join(file)).unwrap().into());
        let output = Command::new(env!("CARGO_BIN_EXE_fulmar"))
            .args(["run", "--dir", "."])
            .arg(guests.join("..").join(program).with_extension("wasm"))
            .args(args)
            .current_dir(guests)
            .stdin(stdin)
            .output()
            .unwrap();
        let expected =
            fs::read(guests.join("expected").join(name).with_extension("stdout")).unwrap();
        let [expected, found] =
            [&expected, &output.stdout].map(|bytes| String::from_utf8_lossy(bytes));
        assert_eq!(expected, found, "{name}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{name}");
        assert_eq!(output.status.code(), Some(0), "{name}");
    }
}

#[test]
fn examples_print_what_they_print_natively() {
    let guests: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "..", "..", "examples", "guests"].iter().collect();
    let cases = fs::read_to_string(guests.join("expected/cases")).unwrap();
    let lines = cases.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let cases: Vec<_> = lines.map(Case::parse).collect();
    for case in &cases {
        case.run(&guests);
    }
    let programs = fs::read_dir(guests.join("..")).unwrap().map(|entry| entry.unwrap().path());
    for program in
        programs.filter(|path| path.extension().is_some_and(|extension| extension == "wasm"))
    {
        let name = program.file_stem().unwrap();
        assert!(cases.iter().any(|case| case.program == name), "no case for {}", program.display());
    }
}
