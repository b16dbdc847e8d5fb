//! Damaged modules: they are refused with an error that says where, or they are modules like any
//! other, but nothing panics.
//!
//! The damage is random and the same in every run; `FULMAR_SEED=NUMBER` makes it another. Besides
//! the modules in `tests/data` and `tests/bytecode` those in `examples` are damaged, and with
//! `FULMAR_SHARED=FOLDER` all in and below that folder.

#![expect(clippy::ptr_arg, reason = "all ways to spoil a module have one type; some shorten it")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use fulmar::{
    CompilationMode, Config, Engine, Error, ExternType, Linker, Module, Store, StoreLimits,
    StoreLimitsBuilder, Val,
};

/// How many bytes of modules to read for a kind of damage to a file, unless that many attempts come
/// to less.
const BYTES_MAX: usize = if cfg!(debug_assertions) { 1 << 20 } else { 256 << 20 };
const ATTEMPTS: usize = 1_000;

/// Random numbers that depend on nothing but the seed (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

fn seed() -> u64 {
    let seed = std::env::var("FULMAR_SEED").ok().and_then(|seed| seed.parse().ok());
    seed.unwrap_or(2026)
}

/// The files below a folder whose names end in `.wasm` or `.wat`; none if there is no such folder.
fn modules_below(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            modules_below(&path, found);
        } else if path.extension().is_some_and(|it| it == "wasm" || it == "wat") {
            found.push(path);
        }
    }
}

/// The modules of this repository, or of the folder that the environment names.
fn modules(shared: bool) -> Vec<(String, Vec<u8>)> {
    let mut paths = Vec::new();
    if shared {
        let folder = std::env::var_os("FULMAR_SHARED");
        folder.iter().for_each(|folder| modules_below(Path::new(folder), &mut paths));
    } else {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for folder in ["tests/data", "tests/bytecode", "examples"] {
            modules_below(&root.join(folder), &mut paths);
        }
        assert!(paths.len() >= 2, "the modules of the repository are there");
    }
    let read = |path: PathBuf| (path.display().to_string(), wat::parse_file(&path).unwrap());
    paths.into_iter().map(read).collect()
}

/// An engine of each mode.
fn engines() -> Vec<(CompilationMode, Engine)> {
    let modes = [CompilationMode::Eager, CompilationMode::LazyTranslation, CompilationMode::Lazy];
    let engine = |mode| {
        let mut config = Config::new();
        config.compilation_mode(mode).consume_fuel(true).max_wasm_stack(64 << 10);
        (mode, Engine::new(&config).unwrap())
    };
    modes.into_iter().map(engine).collect()
}

/// What became of damaged modules.
#[derive(Default, Debug)]
struct Tally {
    refused: usize,
    accepted: usize,
    run: usize,
}

impl Tally {
    /// Has an engine take in a module, and run it if it can.
    fn attempt(&mut self, (mode, engine): &(CompilationMode, Engine), wasm: &[u8]) {
        let verdict = Module::validate(engine, wasm);
        match Module::new(engine, wasm) {
            Err(error) => {
                self.refused += 1;
                check_offset(&error, wasm);
                assert!(verdict.is_err(), "validation accepts what is refused: {error}");
            }
            Ok(module) => {
                self.accepted += 1;
                if let Err(error) = verdict {
                    check_offset(&error, wasm);
                    assert_eq!(*mode, CompilationMode::Lazy, "validation refuses it: {error}");
                }
                if module.imports().len() == 0 {
                    self.run += 1;
                    run(engine, &module, wasm);
                }
            }
        }
    }
}

fn check_offset(error: &Error, wasm: &[u8]) {
    let offset = error.offset().unwrap_or_else(|| panic!("no offset: {error}"));
    assert!(offset <= wasm.len(), "beyond the {} bytes of the module: {error}", wasm.len());
    let text = error.to_string();
    assert!(text.ends_with(&format!(" (at offset {offset:#x})")), "{text}");
}

/// Instantiates a module and calls all its functions, with little of everything.
fn run(engine: &Engine, module: &Module, wasm: &[u8]) {
    let limits = StoreLimitsBuilder::new().memory_size(8 << 20).table_elements(10_000).build();
    let mut store: Store<StoreLimits> = Store::new(engine, limits);
    store.limiter(|limits| limits);
    store.set_fuel(10_000).unwrap();
    let instance = match Linker::new(engine).instantiate(&mut store, module) {
        Ok(instance) => instance,
        Err(error) => return check_run_time(&error, wasm),
    };
    for export in module.exports() {
        let ExternType::Func(ty) = export.ty() else { continue };
        let func = instance.get_func(&mut store, export.name()).expect("an exported function");
        let params: Vec<Val> =
            ty.params().iter().map(|ty| Val::default_for_ty(*ty).unwrap()).collect();
        let mut results = vec![Val::I32(0); ty.results().len()];
        store.set_fuel(10_000).unwrap();
        if let Err(error) = func.call(&mut store, &params, &mut results) {
            check_run_time(&error, wasm);
        }
    }
}

/// An error of running a module: a trap, a limit, or that the function called is not valid.
fn check_run_time(error: &Error, wasm: &[u8]) {
    if error.offset().is_some() {
        check_offset(error, wasm);
    }
    for frame in error.backtrace().iter().flat_map(|it| it.frames()) {
        let offset = frame.module_offset();
        assert!(offset.is_none_or(|offset| offset < wasm.len()), "{error:?}");
    }
    // Names may be damaged, too.
    assert!(!format!("{error:?}").is_empty());
}

/// Damages each module in many ways; `damage` gets a copy to change.
fn attempt_all(shared: bool, damage: impl Fn(&mut Vec<u8>, &mut Random)) -> Tally {
    let engines = engines();
    let mut tally = Tally::default();
    for (name, wasm) in modules(shared) {
        let mut random = Random(seed());
        let attempts = (BYTES_MAX / wasm.len()).clamp(3, ATTEMPTS);
        for attempt in 0..attempts {
            let mut damaged = wasm.clone();
            damage(&mut damaged, &mut random);
            let engine = &engines[attempt % engines.len()];
            let result = catch_unwind(AssertUnwindSafe(|| tally.attempt(engine, &damaged)));
            if let Err(panic) = result {
                eprintln!("{name}, seed {}, attempt {attempt} of its kind", seed());
                std::panic::resume_unwind(panic);
            }
        }
    }
    eprintln!("seed {}: {tally:?}", seed());
    tally
}

fn truncate(wasm: &mut Vec<u8>, random: &mut Random) {
    let len = random.below(wasm.len());
    wasm.truncate(len);
}

fn flip_a_bit(wasm: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(wasm.len());
    wasm[at] ^= 1 << random.below(8);
}

fn replace_bytes(wasm: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(4) {
        let at = random.below(wasm.len());
        wasm[at] = random.next() as u8;
    }
}

/// Copies some bytes over others.
fn transplant(wasm: &mut Vec<u8>, random: &mut Random) {
    let len = 1 + random.below(16.min(wasm.len()));
    let from = random.below(wasm.len() - len + 1);
    let to = random.below(wasm.len() - len + 1);
    wasm.copy_within(from..from + len, to);
}

#[test]
fn undamaged_modules_are_accepted() {
    let tally = attempt_all(false, |_, _| {});
    assert_eq!(tally.refused, 0);
    assert!(tally.run >= ATTEMPTS);
}

#[test]
fn truncated_modules() {
    let tally = attempt_all(false, truncate);
    assert!(tally.refused >= ATTEMPTS);
}

#[test]
fn modules_with_a_flipped_bit() {
    let tally = attempt_all(false, flip_a_bit);
    assert!(tally.refused >= ATTEMPTS && tally.run >= 200, "{tally:?}");
}

#[test]
fn modules_with_other_bytes() {
    let tally = attempt_all(false, replace_bytes);
    assert!(tally.refused >= ATTEMPTS && tally.run >= 100, "{tally:?}");
}

#[test]
fn modules_with_bytes_from_elsewhere() {
    let tally = attempt_all(false, transplant);
    assert!(tally.refused >= ATTEMPTS && tally.run >= 50, "{tally:?}");
}

#[test]
fn shared_modules() {
    for damage in [truncate, flip_a_bit, replace_bytes, transplant] {
        attempt_all(true, damage);
    }
}

/// Every prefix of small modules.
#[test]
fn all_prefixes() {
    let engines = engines();
    for (name, wasm) in modules(false).into_iter().filter(|(_, wasm)| wasm.len() < 2_000) {
        for len in 0..wasm.len() {
            let mut tally = Tally::default();
            tally.attempt(&engines[len % engines.len()], &wasm[..len]);
            // A module may end behind any section, if it has no functions without bodies.
            assert!(tally.refused == 1 || len >= 8, "{name} cut at {len}");
        }
    }
}

/// Each section with a count of four billion and nothing behind it, and sections that claim to be
/// longer than the file: refused without that much memory.
#[test]
fn counts_that_lie() {
    let count = [0xff, 0xff, 0xff, 0xff, 0x0f];
    let engines = engines();
    let mut tally = Tally::default();
    for section in 0..=13_u8 {
        let mut wasm = b"\0asm\x01\0\0\0".to_vec();
        wasm.extend([section, 5]);
        wasm.extend(count);
        let mut long = b"\0asm\x01\0\0\0".to_vec();
        long.push(section);
        long.extend(count);
        for engine in &engines {
            tally.attempt(engine, &wasm);
            tally.attempt(engine, &long);
        }
    }
    // A function with four billion locals, a table with as many targets, and a long vector of
    // types for select.
    let bodies: [&[u8]; 3] = [
        &[1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f, 0x0b],
        &[0, 0x41, 0, 0x0e, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0x0b],
        &[0, 0x1c, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x0b],
    ];
    for body in bodies {
        let mut wasm = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0".to_vec();
        wasm.extend([10, body.len() as u8 + 2, 1, body.len() as u8]);
        wasm.extend(body);
        for engine in &engines[..2] {
            tally.attempt(engine, &wasm);
        }
        // The lazy engine may look at it later.
        let module = Module::new(&engines[2].1, &wasm);
        assert!(module.is_ok() || module.is_err_and(|error| error.offset().is_some()));
    }
    assert_eq!(tally.accepted, 0, "{tally:?}");
}
