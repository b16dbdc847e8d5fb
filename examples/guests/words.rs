//! Tells which words and letters a text uses most.
//!
//!     words [-n COUNT] [FILE...]        without files, the standard input
//!
//! A guest for WASI: hash maps (which ask for random bytes), sorting, Unicode case folding,
//! formatting, arguments, files and the standard streams.

use std::collections::{BTreeMap, HashMap};
use std::env;
use std::fs;
use std::io::{self, Read, Write};
use std::process::ExitCode;

const BAR_WIDTH: usize = 40;

fn main() -> ExitCode {
    let outcome = Options::parse(env::args().skip(1))
        .and_then(|options| report(&options.text()?, options.count).map_err(|e| e.to_string()));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("words: {message}");
            ExitCode::FAILURE
        }
    }
}

struct Options {
    count: usize,
    files: Vec<String>,
}

impl Options {
    fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Options { count: 12, files: Vec::new() };
        while let Some(arg) = args.next() {
            if arg == "-n" {
                let count = args.next().ok_or("-n needs a number")?;
                options.count = count.parse().map_err(|error| format!("-n {count}: {error}"))?;
            } else {
                options.files.push(arg);
            }
        }
        Ok(options)
    }

    /// The texts of all files, or the standard input.
    fn text(&self) -> Result<String, String> {
        let mut text = String::new();
        if self.files.is_empty() {
            io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| format!("standard input: {error}"))?;
        }
        for name in &self.files {
            let file = fs::read_to_string(name).map_err(|error| format!("{name}: {error}"))?;
            text.push_str(&file);
        }
        Ok(text)
    }
}

fn report(text: &str, count: usize) -> io::Result<()> {
    let words = word_counts(text);
    let letters = letter_counts(text);
    let total: usize = words.values().sum();

    let mut out = io::stdout().lock();
    writeln!(out, "{total} words, {} different", words.len())?;
    if total > 0 {
        let letters_in_words: usize = words.iter().map(|(w, n)| w.chars().count() * n).sum();
        let mean = letters_in_words as f64 / total as f64;
        writeln!(out, "{mean:.2} letters a word on average")?;
    }
    if let Some(word) = longest(&words) {
        writeln!(out, "longest: {word}")?;
    }

    writeln!(out)?;
    let mut ranking: Vec<_> = words.iter().collect();
    ranking.sort_by(|(word, n), (other, m)| m.cmp(n).then(word.cmp(other)));
    for (word, n) in ranking.into_iter().take(count) {
        let share = 100.0 * *n as f64 / total as f64;
        writeln!(out, "{n:6} {share:5.1}%  {word}")?;
    }

    writeln!(out)?;
    let most = letters.values().copied().max().unwrap_or(1);
    for (letter, n) in &letters {
        let bar = "#".repeat(n * BAR_WIDTH / most);
        writeln!(out, "{}", format!("{letter} {n:6} {bar}").trim_end())?;
    }
    out.flush()
}

/// How often each word occurs, in lower case.
fn word_counts(text: &str) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    let in_word = |c: char| c.is_alphanumeric() || c == '\'';
    for word in text.split(|c| !in_word(c)) {
        let word = word.trim_matches('\'');
        if !word.is_empty() {
            *counts.entry(word.to_lowercase()).or_default() += 1;
        }
    }
    counts
}

/// How often each letter occurs, in lower case and in order.
fn letter_counts(text: &str) -> BTreeMap<char, usize> {
    let mut counts = BTreeMap::new();
    let letters = text.chars().filter(|c| c.is_alphabetic());
    for letter in letters.flat_map(char::to_lowercase) {
        *counts.entry(letter).or_default() += 1;
    }
    counts
}

/// The longest word; of several, the first in order.
fn longest(words: &HashMap<String, usize>) -> Option<&str> {
    words.keys().map(String::as_str).min_by_key(|word| (usize::MAX - word.chars().count(), *word))
}
