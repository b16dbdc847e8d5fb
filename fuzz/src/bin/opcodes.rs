//! Prints how many opcodes of fulmar's table the modules of targets are translated to, and which by none of them.
//!
//! usage: opcodes SEED SECONDS TARGET…
//!
//! Each target runs for SECONDS. The numbers go to stderr, the opcodes that no target had to stdout.

use fulmar_fuzz::{quiet, reach, targets};
use std::process::ExitCode;
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let mut number = || arguments.next()?.parse::<u64>().ok();
    let (Some(seed), Some(seconds)) = (number(), number()) else {
        eprintln!("usage: opcodes SEED SECONDS TARGET…");
        return ExitCode::from(2);
    };
    let names = reach::names();
    let mut seen_by_any = vec![false; names.len()];
    let said = |what: &str, seen: &[bool]| {
        let count = seen.iter().filter(|seen| **seen).count();
        eprintln!("{what}: {count} of {} opcodes", seen.len());
    };
    for name in arguments {
        let Some(target) = targets::by_name(&name) else {
            eprintln!("opcodes: there is no target {name}");
            return ExitCode::from(2);
        };
        reach::begin();
        let start = Instant::now();
        let mut inputs = 0;
        while start.elapsed() < Duration::from_secs(seconds) {
            let input = targets::seeded_input(&name, seed, inputs);
            // What a target finds is not what is asked here.
            let _ = quiet::catch(|| target(&input));
            inputs += 1;
        }
        let seen = reach::end();
        said(&format!("{name}, {inputs} inputs"), &seen);
        seen_by_any.iter_mut().zip(seen).for_each(|(any, seen)| *any |= seen);
    }
    said("all of them", &seen_by_any);
    names
        .iter()
        .zip(seen_by_any)
        .filter(|(_, seen)| !seen)
        .for_each(|(name, _)| println!("{name}"));
    ExitCode::SUCCESS
}
