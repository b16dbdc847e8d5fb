//! Prints a number for each of many random modules that stands for all that they do.
//!
//! usage: digest SEED COUNT
//!
//! Two builds must print the same; `ci/fuzz` compares tail-call with loop dispatch.

use fulmar_fuzz::{seeded, targets};

fn main() {
    let mut arguments = std::env::args().skip(1).map(|it| it.parse::<u64>());
    let (Some(Ok(seed)), Some(Ok(count)), None) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        eprintln!("usage: digest SEED COUNT");
        std::process::exit(2);
    };
    for index in 0..count {
        match targets::digest(&seeded::input(seed, index)) {
            Some(digest) => println!("{index} {digest:016x}"),
            None => println!("{index} short"),
        }
    }
}
