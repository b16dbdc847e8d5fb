//! `fulmar wast`: runs test scripts, and prints what failed and the totals.

use crate::args::WastArgs;
use crate::escape::escape;
use crate::report::{FAILURE, SUCCESS};
use anyhow::{Context, Result};
use fulmar_spectest::{Counts, Report, Runner};
use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Runs the scripts and gives the exit code.
pub(crate) fn wast(args: &WastArgs) -> Result<i32> {
    let runner = Runner::new(&args.features.config());
    let mut total = Counts::default();
    for path in &args.files {
        let report = run_script(&runner, path)?;
        writeln!(io::stdout().lock(), "{}", escape(&report.to_string()))?;
        total += report.counts;
    }
    if args.files.len() > 1 {
        let Counts { passed, failed, skipped, .. } = total;
        writeln!(
            io::stdout().lock(),
            "total: {passed} passed, {failed} failed, {skipped} skipped"
        )?;
    }
    Ok(if total.failed == 0 { SUCCESS } else { FAILURE })
}

fn run_script(runner: &Runner, path: &Path) -> Result<Report> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
    Ok(runner.run_wast(&name, &text))
}
