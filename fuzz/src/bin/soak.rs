//! Runs one target on inputs made from numbers for a long time, past anything it finds, and says what has run.
//!
//! usage: soak TARGET SECONDS [SEED [FIRST]]
//!
//! SECONDS are those of the processor, as Linux counts them. Prints a line each minute and at the end, so that a
//! run that is cut short counts as well; fails if anything was found. FIRST is the first input (0).

use fulmar_fuzz::targets;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

const BETWEEN_LINES: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default| match arguments.get(at) {
        Some(text) => text.parse::<u64>().ok(),
        None => default,
    };
    let name = arguments.first().map_or("", String::as_str);
    let (Some(target), Some(seconds), Some(seed), Some(first)) =
        (targets::by_name(name), number(1, None), number(2, Some(2026)), number(3, Some(0)))
    else {
        eprintln!("usage: soak TARGET SECONDS [SEED [FIRST]]");
        return ExitCode::from(2);
    };
    let (mut index, mut steps, mut finds) = (first, 0, 0);
    let mut last_line = Instant::now();
    loop {
        let input = targets::seeded_input(name, seed, index);
        match catch_unwind(AssertUnwindSafe(|| target(&input))) {
            Ok(verdict) => steps += verdict.steps(),
            Err(_) => {
                finds += 1;
                println!("{name}: FULMAR_SEED={seed} FULMAR_ONLY={index}");
            }
        }
        index += 1;
        let over = index % 64 == 0 && cpu_seconds() >= seconds as f64;
        if over || last_line.elapsed() >= BETWEEN_LINES {
            last_line = Instant::now();
            println!(
                "{name}: seed {seed}, inputs {first} to {}, {steps} steps compared, {:.0} CPU s, {finds} finds",
                index - 1,
                cpu_seconds().floor(),
            );
        }
        if over {
            return if finds == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
    }
}

/// The time that this process has had of a processor.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux tells");
    // Behind the name, which may have spaces and parentheses, the 12th and 13th field are ticks of 10 ms.
    let (_, fields) = stat.rsplit_once(')').expect("a name");
    let ticks = fields.split_whitespace().skip(11).take(2).map(|it| it.parse::<u64>());
    ticks.map(|it| it.expect("a number")).sum::<u64>() as f64 / 100.0
}
