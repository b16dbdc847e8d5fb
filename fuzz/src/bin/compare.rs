//! Compares fulmar with the other engines on one module, for making a find smaller.
//!
//! usage: compare FILE
//!
//! Calls every export with zeros; prints each difference and fails if there is one. The targets write
//! the module of an input to the file that `FULMAR_DUMP` names.

use arbitrary::Unstructured;
use fulmar_fuzz::engines::{FulmarGuest, Settings};
use fulmar_fuzz::observe::{self, Guest};
use fulmar_fuzz::plan::Plan;
use std::panic::catch_unwind;

fn main() {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: compare FILE");
        std::process::exit(2);
    };
    let wasm = std::fs::read(path).expect("the file can be read");
    let mut ours = FulmarGuest::new(&wasm, Settings::default());
    let plan = Plan::new(ours.module(), &mut Unstructured::new(&[])).expect("zeros are enough");
    let ours = observe::run(&mut ours, &plan);
    let mut others: Vec<(&str, Box<dyn Guest>)> = Vec::new();
    #[cfg(feature = "wasmi")]
    match fulmar_fuzz::engines::WasmiGuest::new(&wasm) {
        Some(guest) => others.push(("wasmi", Box::new(guest))),
        None => eprintln!("wasmi panics"),
    }
    #[cfg(feature = "wasmtime")]
    match fulmar_fuzz::engines::WasmtimeGuest::new(&wasm) {
        Ok(guest) => others.push(("wasmtime", Box::new(guest))),
        Err(error) => eprintln!("wasmtime: {error}"),
    }
    let mut differs = false;
    for (name, mut guest) in others {
        let theirs = observe::run(&mut *guest, &plan);
        match catch_unwind(|| observe::compare(&ours, (name, &theirs))) {
            Ok(steps) => eprintln!("{name}: {steps} of {} steps are the same", ours.len()),
            Err(_) => differs = true,
        }
    }
    std::process::exit(i32::from(differs));
}
