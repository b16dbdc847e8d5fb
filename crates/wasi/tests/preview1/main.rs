//! WASI as guests see it: whole programs, and single functions by a guest that passes on what the
//! test says.

mod clocks;
mod descriptors;
mod files;
mod guest;
mod hostile;
#[cfg(unix)]
mod process_streams;
mod programs;
#[cfg(unix)]
mod sandbox;
mod signatures;
