//! Where a run of many inputs is, in a file that outlives the process: some engine may end it by a signal.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;

static FILE: OnceLock<File> = OnceLock::new();

/// Where the engine stands in the file, behind the count.
const ENGINE_AT: u64 = 64;
const LEN: usize = 96;

/// What a run had done when it noted it last.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// The input that is being run, or the next.
    pub index: u64,
    /// The steps compared before it.
    pub steps: u64,
    /// What was found before it.
    pub finds: u64,
}

/// Notes all that follows in `file`, for the rest of the process.
pub fn note_in(file: File) {
    FILE.get_or_init(|| file);
}

/// Notes how far the run is.
///
/// # Panics
///
/// If the file can't be written.
pub fn note(count: Count) {
    let Count { index, steps, finds } = count;
    write(&format!("{index} {steps} {finds} "), 0);
}

/// Notes which engine runs from now on.
///
/// # Panics
///
/// If the file can't be written.
pub fn enter(engine: &str) {
    write(&format!("{engine} "), ENGINE_AT);
}

fn write(text: &str, at: u64) {
    if let Some(file) = FILE.get() {
        file.write_all_at(text.as_bytes(), at).expect("the file can be written");
    }
}

/// The count and the engine that were noted last.
///
/// # Errors
///
/// If the file can't be read, or nothing was noted in it.
pub fn read(file: &File) -> io::Result<(Count, String)> {
    let mut bytes = [0; LEN];
    let read = file.read_at(&mut bytes, 0)?;
    let text = String::from_utf8_lossy(&bytes[..read]);
    let mut words = text.split([' ', '\0']).filter(|word| !word.is_empty());
    let mut number =
        || words.next().and_then(|word| word.parse().ok()).ok_or(io::ErrorKind::InvalidData);
    let count = Count { index: number()?, steps: number()?, finds: number()? };
    Ok((count, words.next().unwrap_or("the target").to_owned()))
}
