//! `fulmar-spectest`: runs suites of test scripts, prints a table, and exits with 1 if anything was unexpected.

mod args;

use args::{Args, Command};
use fulmar_spectest::{
    Counts, ExpectedFailures, Features, Runner, Selection, SpecVersion, Suite, Summary, Verdict,
    run_suite,
};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// Exit codes.
const FAILED: u8 = 1;
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let args = match args::parse(std::env::args().skip(1)) {
        Ok(Command::Run(args)) => args,
        Ok(Command::Help) => {
            let printed = io::stdout().write_all(args::help().as_bytes());
            return printed.map_or(ExitCode::from(FAILED), |()| ExitCode::SUCCESS);
        }
        Err(message) => {
            eprintln!("error: {message}\nSee fulmar-spectest --help.");
            return ExitCode::from(USAGE);
        }
    };
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FAILED),
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(USAGE)
        }
    }
}

/// Runs what `args` name; `true` if everything went as expected.
fn run(args: &Args) -> Result<bool, String> {
    let expected = match &args.expected_failures {
        Some(path) => {
            let text = std::fs::read_to_string(path);
            let text = text.map_err(|error| format!("{}: {error}", path.display()))?;
            let list = ExpectedFailures::parse(&text);
            list.map_err(|error| format!("{}: {error}", path.display()))?
        }
        None => ExpectedFailures::of_fulmar()?,
    };
    let suites = suites(args)?;
    let scripts = suites.iter().flat_map(|(suite, _)| &suite.scripts);
    let unused = args.selection.unused(scripts.map(|script| script.path.as_str()));
    if !unused.is_empty() {
        return Err(format!("no script is called {}", unused.join(", ")));
    }
    let mut total = Summary::default();
    let mut out = io::stdout().lock();
    let printed = print_runs(args, &suites, &expected, &mut total, &mut out)
        .and_then(|()| write!(out, "{total}"))
        .and_then(|()| out.flush());
    printed.map_err(|error| error.to_string())?;
    Ok(total.is_ok())
}

/// The suites to be run, each with the proposals it is run under.
fn suites(args: &Args) -> Result<Vec<(Suite, Features)>, String> {
    let mut suites = Vec::new();
    for name in &args.suites {
        let (suite, features) =
            carried_suite(name).ok_or_else(|| format!("no suite {name:?} is carried along"))?;
        suites.push((suite, args.features.clone().unwrap_or(features)));
    }
    for path in &args.paths {
        let suite = Suite::from_path(Path::new(path));
        let suite = suite.map_err(|error| format!("{}: {error}", path.display()))?;
        suites.push((suite, args.features.clone().unwrap_or(SpecVersion::V3.into())));
    }
    Ok(suites)
}

#[cfg(feature = "testsuite")]
use fulmar_spectest::carried_suite;

#[cfg(not(feature = "testsuite"))]
fn carried_suite(_name: &str) -> Option<(Suite, Features)> {
    None
}

/// Runs the suites, prints a row for each script, and adds everything up in `total`.
fn print_runs(
    args: &Args,
    suites: &[(Suite, Features)],
    expected: &ExpectedFailures,
    total: &mut Summary,
    out: &mut impl Write,
) -> io::Result<()> {
    print_row(out, "script", ["passed", "failed", "expected", "skipped", "malformed", "text"])?;
    for (suite, features) in suites {
        let mut runner = Runner::new(&args.settings.config(features));
        runner.fuel(args.settings.fuel).validates_lazily(args.settings.validates_lazily());
        let selection: &Selection = &args.selection;
        let summary = run_suite(&runner, suite, selection, expected, |verdict: &Verdict| {
            if args.quiet && verdict.is_ok() {
                return Ok(());
            }
            let counts = &verdict.report.counts;
            let row = columns(counts, verdict.unexpected_count(), verdict.expected);
            print_row(out, &verdict.report.file, row)?;
            out.flush()
        })?;
        let row = columns(&summary.counts, summary.unexpected_count(), summary.expected);
        print_row(out, &format!("{} total", suite.name), row)?;
        *total += summary;
    }
    writeln!(out)
}

fn columns(counts: &Counts, unexpected: usize, expected: usize) -> [usize; 6] {
    [counts.passed, unexpected, expected, counts.skipped, counts.malformed, counts.text]
}

fn print_row(
    out: &mut impl Write,
    name: &str,
    [passed, failed, expected, skipped, malformed, text]: [impl std::fmt::Display; 6],
) -> io::Result<()> {
    write!(out, "{name:<50} {passed:>7} {failed:>7} {expected:>8} {skipped:>7}")?;
    writeln!(out, " {malformed:>9} {text:>6}")
}
