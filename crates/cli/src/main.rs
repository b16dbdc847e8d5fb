//! The command `fulmar`: reads the command line, hands it to the command's own file, and ends with the exit code.
//!
//! What a command does is in the file of its name; how errors look and which exit codes they give, in `report`.

mod args;
mod entry;
mod escape;
mod host;
mod inspect;
mod invoke;
mod load;
mod report;
mod run;
mod summary;
mod validate;
mod wast;

use args::Command;
use std::process;

fn main() {
    // Everything that a command holds is dropped when this is called, so that nothing is left unwritten.
    process::exit(code())
}

fn code() -> i32 {
    let ended = match args::parse() {
        Command::Run(args) => run::run(&args),
        Command::Validate(args) => validate::validate(&args),
        Command::Inspect(args) => inspect::inspect(&args),
        Command::Wast(args) => wast::wast(&args),
    };
    ended.unwrap_or_else(|error| report::report(&error))
}
