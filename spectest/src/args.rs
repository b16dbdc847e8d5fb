//! The command line: words in, [`Args`] out, or what is wrong with the words.

use fulmar_spectest::{Features, Selection, Settings, compilation_mode};
use std::path::PathBuf;

/// What to run and how.
#[derive(Default)]
pub(crate) struct Args {
    /// Names of suites that are carried along.
    pub(crate) suites: Vec<String>,
    /// Scripts and folders.
    pub(crate) paths: Vec<PathBuf>,
    /// The accepted proposals, if not those each suite was written for.
    pub(crate) features: Option<Features>,
    pub(crate) settings: Settings,
    pub(crate) selection: Selection,
    /// The list of expected failures, if not fulmar's own.
    pub(crate) expected_failures: Option<PathBuf>,
    pub(crate) quiet: bool,
}

/// What the command line asks for.
pub(crate) enum Command {
    Run(Box<Args>),
    Help,
}

/// An option with a value.
struct ValueOption {
    name: &'static str,
    /// What help calls the value.
    value: &'static str,
    /// What it does.
    what: &'static str,
    set: fn(&mut Args, &str) -> Result<(), String>,
}

const OPTIONS: &[ValueOption] = &[
    ValueOption {
        name: "--suite",
        value: "NAME",
        what: "run a suite that is carried along (see below); may be repeated",
        set: |args, value| {
            args.suites.push(value.to_owned());
            Ok(())
        },
    },
    ValueOption {
        name: "--features",
        value: "SET",
        what: "accept exactly these proposals, such as wasm2 or wasm2,+tail-call,-simd",
        set: |args, value| {
            args.features = Some(value.parse()?);
            Ok(())
        },
    },
    ValueOption {
        name: "--only",
        value: "PATTERN",
        what: "run only these scripts of each suite; may be repeated",
        set: |args, value| {
            args.selection.only(value);
            Ok(())
        },
    },
    ValueOption {
        name: "--skip",
        value: "PATTERN",
        what: "leave these scripts out; may be repeated",
        set: |args, value| {
            args.selection.skip(value);
            Ok(())
        },
    },
    ValueOption {
        name: "--skip-list",
        value: "FILE",
        what: "leave out what the lines of FILE name, each with a reason",
        set: |args, value| args.selection.skip_listed_in(value.as_ref()).map(drop),
    },
    ValueOption {
        name: "--expected-failures",
        value: "FILE",
        what: "take the expected failures from FILE, not fulmar's own",
        set: |args, value| {
            args.expected_failures = Some(value.into());
            Ok(())
        },
    },
    ValueOption {
        name: "--compilation",
        value: "MODE",
        what: "compile functions eager, lazy-translation or lazy",
        set: |args, value| {
            args.settings.compilation = Some(compilation_mode(value)?);
            Ok(())
        },
    },
    ValueOption {
        name: "--fuel",
        value: "N",
        what: "meter fuel, and give each directive this much",
        set: |args, value| {
            args.settings.fuel = Some(number(value)?);
            Ok(())
        },
    },
    ValueOption {
        name: "--max-stack",
        value: "BYTES",
        what: "the most that the guest's stack may take",
        set: |args, value| {
            args.settings.stack_bytes_max = Some(number(value)?);
            Ok(())
        },
    },
];

/// Reads the words of a command line, without the program's name.
pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut args = Args::default();
    while let Some(word) = words.next() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
            _ => (word.as_str(), None),
        };
        match name {
            "--help" | "-h" => return Ok(Command::Help),
            "--quiet" | "-q" => args.quiet = true,
            "--no-accumulators" => args.settings.no_accumulators = true,
            "--gc-stress" => args.settings.gc_stress = true,
            _ if name.starts_with('-') => {
                let option = OPTIONS.iter().find(|option| option.name == name);
                let option = option.ok_or_else(|| format!("unknown option {name}"))?;
                let value = value.or_else(|| words.next());
                let value = value.ok_or_else(|| format!("{name} needs {}", option.value))?;
                (option.set)(&mut args, &value).map_err(|error| format!("{name}: {error}"))?;
            }
            path => args.paths.push(path.into()),
        }
    }
    if args.suites.is_empty() && args.paths.is_empty() {
        return Err("nothing to run: name a folder, a script or a suite".into());
    }
    Ok(Command::Run(Box::new(args)))
}

fn number<T: std::str::FromStr>(value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("expected a number, found {value:?}"))
}

/// The text of `--help`.
pub(crate) fn help() -> String {
    let mut text = String::from(
        "Runs WebAssembly test scripts (.wast) against fulmar.\n\n\
         Usage: fulmar-spectest [OPTIONS] [FOLDER | SCRIPT]...\n\nOptions:\n",
    );
    for ValueOption { name, value, what, .. } in OPTIONS {
        let left = format!("{name} {value}");
        text += &format!("  {left:<26} {what}\n");
    }
    for (left, what) in [
        ("--no-accumulators", "keep no values in the interpreter's accumulators"),
        ("--gc-stress", "collect garbage before each allocation"),
        ("-q, --quiet", "print no row for scripts in which all went as expected"),
        ("-h, --help", "print this"),
    ] {
        text += &format!("  {left:<26} {what}\n");
    }
    text += "\n\
        PATTERN is the path of a script or folder within its suite; * in it stands for any\n\
        characters. A run exits with 1 if there is a failure that isn't listed as expected, or a\n\
        listed one did not happen. Malformed modules that the text parser refuses test nothing of\n\
        fulmar: they have a column of their own.\n\n";
    let proposals: Vec<_> = fulmar_spectest::proposal_names().collect();
    text += &format!("Proposals: {}\n", proposals.join(" "));
    text += &suites();
    text
}

#[cfg(feature = "testsuite")]
fn suites() -> String {
    let names: Vec<_> = fulmar_spectest::carried_suite_names().collect();
    format!("Suites: {}\n", names.join(" "))
}

#[cfg(not(feature = "testsuite"))]
fn suites() -> String {
    "Suites: none, this is a build without the feature testsuite\n".into()
}
