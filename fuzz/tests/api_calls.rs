//! The target `api_calls` on inputs made from numbers. Alone in its file: it silences panics of the
//! whole process while it calls what is to panic.
//!
//! `FULMAR_SEED=NUMBER` makes the inputs others, `FULMAR_COUNT=NUMBER` more or fewer.

use fulmar_fuzz::seeded;
use fulmar_fuzz::targets::{Verdict, api_calls};

fn number(name: &str, otherwise: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[test]
fn sequences_of_calls() {
    let (seed, count) = (number("FULMAR_SEED", 2026), number("FULMAR_COUNT", 2_000));
    let mut steps = 0;
    for index in 0..count {
        eprint!("\rapi_calls: seed {seed}, input {index}");
        if let Verdict::Compared(compared) = api_calls(&seeded::input(seed, index)) {
            steps += compared;
        }
    }
    eprintln!("\rapi_calls: seed {seed}, {count} inputs, {steps} calls");
    assert!(steps as u64 > 50 * count, "inputs are long enough for many calls");
}
