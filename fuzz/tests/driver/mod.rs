//! Runs a target on inputs made from numbers.

use fulmar_fuzz::targets;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// Runs a target on `count` inputs, of which most must be good for something.
pub(crate) fn drive(name: &str, count: u64) {
    let target = targets::by_name(name).expect("a target");
    let seed = number("FULMAR_SEED").unwrap_or(2026);
    let indices = match number("FULMAR_ONLY") {
        Some(index) => index..index + 1,
        None => 0..number("FULMAR_COUNT").unwrap_or(count),
    };
    let inputs = indices.end - indices.start;
    let (mut useful, mut steps) = (0, 0);
    for index in indices {
        let input = targets::seeded_input(name, seed, index);
        match catch_unwind(AssertUnwindSafe(|| target(&input))) {
            Ok(verdict) => {
                useful += u64::from(verdict.steps() > 0);
                steps += verdict.steps();
            }
            Err(panic) => {
                eprintln!("{name}: FULMAR_SEED={seed} FULMAR_ONLY={index}");
                resume_unwind(panic);
            }
        }
    }
    eprintln!("{name}: seed {seed}, {inputs} inputs, {useful} useful, {steps} steps compared");
    assert!(useful * 2 >= inputs, "most inputs make a module that runs");
}
