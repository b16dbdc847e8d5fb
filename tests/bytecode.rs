//! Compares the bytecode of the modules in `tests/bytecode` with what stands beside them.
//!
//! Each `NAME.wat` has its bytecode in `NAME.txt`. After a change of the translator or of the fused
//! sequences run the test with `FULMAR_BLESS=1`, which writes the files, and read their difference.
//! A module that begins with `;; fuel` is translated with fuel, one with `;; plain` without
//! accumulators.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use fulmar::{Config, Engine, Module};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bytecode")
}

/// The bytecode of a module, printed.
fn bytecode(config: &Config, text: &str) -> String {
    let engine = Engine::new(config).unwrap();
    let wasm = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"));
    let module = Module::new(&engine, &wasm).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut printed = String::new();
    module.print_bytecode(None, &mut printed).unwrap();
    printed
}

/// Compares `printed` with the file `name`, or writes it there. Gives the first difference.
fn compare(name: &str, printed: &str) -> Result<(), String> {
    let path = folder().join(name);
    if std::env::var_os("FULMAR_BLESS").is_some() {
        fs::write(&path, printed).unwrap();
        return Ok(());
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    if expected == printed {
        return Ok(());
    }
    let (mut found, mut wanted) = (printed.lines(), expected.lines());
    let mut func = "";
    for number in 1.. {
        let pair = (found.next(), wanted.next());
        func = pair.1.filter(|line| line.starts_with("func")).unwrap_or(func);
        if pair.0 != pair.1 {
            let (found, wanted) = (pair.0.unwrap_or("the end"), pair.1.unwrap_or("the end"));
            let place = format!("{}:{number}, in {func}", path.display());
            return Err(format!("{place}\n    expected {wanted}\n    found    {found}\n"));
        }
    }
    Ok(())
}

fn names_with(extension: &str) -> Vec<String> {
    let names = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let names = names.filter(|path| path.extension().is_some_and(|it| it == extension));
    let mut names: Vec<String> =
        names.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// The files whose modules are made here.
const MADE: [&str; 1] = ["far_slots"];

#[test]
fn modules_have_the_expected_bytecode() {
    let mut differences = String::new();
    for name in names_with("wat") {
        let text = fs::read_to_string(folder().join(format!("{name}.wat"))).unwrap();
        let mut config = Config::new();
        config.consume_fuel(text.starts_with(";; fuel"));
        config.accumulators(!text.starts_with(";; plain"));
        let printed = bytecode(&config, &text);
        if let Err(difference) = compare(&format!("{name}.txt"), &printed) {
            writeln!(differences, "{difference}").unwrap();
        }
    }
    assert!(differences.is_empty(), "\n{differences}FULMAR_BLESS=1 accepts all of this\n");
}

#[test]
fn every_golden_file_has_its_module() {
    let mut expected = names_with("wat");
    expected.extend(MADE.map(str::to_owned));
    expected.sort();
    assert_eq!(names_with("txt"), expected);
}

/// A frame with more slots than 16-bit fields reach: what is beyond goes through scratch slots.
#[test]
fn far_slots() {
    let text = format!(
        r#"(module
            (func $frame (export "frame") (param i32 f64) (result i64)
                (local{})
                (local $f f64) (local $v v128) (local $r i64)
                (local.set $r (i64.add (local.get $r) (i64.extend_i32_u (local.get 0))))
                (local.set $f (f64.mul (local.get $f) (local.get 1)))
                (local.set $v (v128.not (local.get $v)))
                (i64.store (i32.const 8) (local.get $r))
                (select (local.get $r) (i64.const 0x123456789) (i64.eqz (local.get $r))))
            (memory 1))"#,
        " i64".repeat(8200)
    );
    let printed = bytecode(&Config::new(), &text);
    compare("far_slots.txt", &printed).unwrap_or_else(|difference| panic!("\n{difference}"));
}
