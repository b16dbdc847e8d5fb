//! Runs one target on inputs made from numbers for a long time, past anything it finds, and says what has run.
//!
//! usage: soak TARGET SECONDS [SEED [FIRST]]
//!
//! SECONDS are those of the processor, as Linux counts them. FIRST is the first input (0). Prints a line each
//! minute, so that a run that is cut short counts as well, and one at the end; fails if anything was found. The
//! inputs run in a process of their own: where one is ended by a signal, by an engine to compare with perhaps,
//! this says which engine ran, and goes on behind that input.

use fulmar_fuzz::targets;
use fulmar_fuzz::whereabouts::{self, Count};
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

const BETWEEN_LINES: Duration = Duration::from_secs(60);
/// The first argument of the process that runs inputs, behind which comes the file that it notes them in.
const INPUTS: &str = "--inputs-noted-in";

fn main() -> io::Result<ExitCode> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == INPUTS) {
        whereabouts::note_in(OpenOptions::new().write(true).open(&arguments[1])?);
        arguments.drain(..2);
        let run = Run::from(&arguments).expect("the arguments of this very program");
        return Ok(run.inputs());
    }
    let Some(run) = Run::from(&arguments) else {
        eprintln!("usage: soak TARGET SECONDS [SEED [FIRST]]");
        return Ok(ExitCode::from(2));
    };
    let notes = std::env::temp_dir().join(format!("soak-{}", std::process::id()));
    let ended = run.supervise(&notes);
    fs::remove_file(&notes)?;
    ended
}

/// What is to be run.
struct Run {
    name: String,
    seconds: u64,
    seed: u64,
    first: u64,
}

impl Run {
    fn from(arguments: &[String]) -> Option<Self> {
        let number = |at: usize, default| match arguments.get(at) {
            Some(text) => text.parse::<u64>().ok(),
            None => default,
        };
        let name = arguments.first()?.clone();
        targets::by_name(&name)?;
        Some(Self {
            name,
            seconds: number(1, None)?,
            seed: number(2, Some(2026))?,
            first: number(3, Some(0))?,
        })
    }

    /// Runs the inputs in processes of their own, up to the end.
    fn supervise(&self, notes: &Path) -> io::Result<ExitCode> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).open(notes)?;
        let mut all = Count { index: self.first, ..Count::default() };
        loop {
            file.set_len(0)?;
            let left = self.seconds.saturating_sub(cpu_seconds(Whose::Children) as u64);
            let arguments = [left, self.seed, all.index].map(|number| number.to_string());
            let mut inputs = Command::new(std::env::current_exe()?);
            let status = inputs.arg(INPUTS).arg(notes).arg(&self.name).args(arguments).status()?;
            let (count, engine) = whereabouts::read(&file)?;
            all.index = count.index;
            all.steps += count.steps;
            all.finds += count.finds;
            let Some(signal) = status.signal() else { break };
            println!(
                "{}: FULMAR_SEED={} FULMAR_ONLY={} ended by signal {signal} while {engine} ran",
                self.name, self.seed, count.index,
            );
            all.index += 1;
            all.finds += 1;
        }
        println!("{} in all", self.line(all, cpu_seconds(Whose::Children)));
        Ok(if all.finds == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Runs inputs until the time is over.
    fn inputs(&self) -> ExitCode {
        let target = targets::by_name(&self.name).expect("looked up before");
        let mut count = Count { index: self.first, ..Count::default() };
        let mut last_line = Instant::now();
        whereabouts::note(count);
        while !count.index.is_multiple_of(64) || cpu_seconds(Whose::Own) < self.seconds as f64 {
            let input = targets::seeded_input(&self.name, self.seed, count.index);
            match catch_unwind(AssertUnwindSafe(|| target(&input))) {
                Ok(verdict) => count.steps += verdict.steps() as u64,
                Err(_) => {
                    count.finds += 1;
                    println!(
                        "{}: FULMAR_SEED={} FULMAR_ONLY={}",
                        self.name, self.seed, count.index
                    );
                }
            }
            count.index += 1;
            whereabouts::note(count);
            if last_line.elapsed() >= BETWEEN_LINES {
                last_line = Instant::now();
                println!("{}", self.line(count, cpu_seconds(Whose::Own)));
            }
        }
        ExitCode::SUCCESS
    }

    fn line(&self, count: Count, cpu_seconds: f64) -> String {
        let Count { index, steps, finds } = count;
        format!(
            "{}: seed {}, inputs {} up to {index}, {steps} steps compared, {} CPU s, {finds} finds",
            self.name,
            self.seed,
            self.first,
            cpu_seconds.floor(),
        )
    }
}

/// Of whom the time is taken.
enum Whose {
    Own,
    /// The processes started and ended.
    Children,
}

/// The time that this process has had of a processor, or those it started.
fn cpu_seconds(whose: Whose) -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux tells");
    // Behind the name, which may have spaces and parentheses, the 12th and 13th field are ticks of 10 ms, and
    // the next two those of children.
    let (_, fields) = stat.rsplit_once(')').expect("a name");
    let skipped = match whose {
        Whose::Own => 11,
        Whose::Children => 13,
    };
    let ticks = fields.split_whitespace().skip(skipped).take(2).map(|it| it.parse::<u64>());
    ticks.map(|it| it.expect("a number")).sum::<u64>() as f64 / 100.0
}
