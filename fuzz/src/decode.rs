//! What must hold when bytes are taken in: the verdict is wasmparser's, and memory is in proportion.

use crate::counting::{Cost, measure_here};
use crate::engines::config;
use crate::targets::features;
use fulmar::{CompilationMode, Engine, Error, Module};
use wasmparser::Validator;

/// The most memory that each byte may take while a module is made of it. The dearest that the crate's own
/// tests know, and bound, are functions of nothing but tables of branches that carry values, 700 bytes for
/// each (`tests/linear_translation.rs`); measured were 111.7 in a recursion group of a million types, and
/// 54.7 in one huge function (`tests/hostile_modules.rs`).
const BYTES_EACH: usize = 700;
/// What any module may take: a few bytes declare 50,000 locals, or leave as many values on the operand stack.
/// Of each, the validator and the translator keep something.
const BYTES_ALWAYS: usize = 4 << 20;

/// Makes a module of bytes in each compilation mode.
///
/// # Panics
///
/// If wasmparser does not say the same of them, or if it takes too much memory.
pub fn check(bytes: &[u8]) {
    let most = bytes.len() * BYTES_EACH + BYTES_ALWAYS;
    same_verdict(bytes, |engine| {
        let (module, Cost { peak, .. }) = measure_here(|| Module::new(engine, bytes));
        assert!(peak <= most, "{peak} bytes for {}, of at most {most}", bytes.len());
        module
    });
}

/// Makes a module in each compilation mode and compares with the verdict of wasmparser; but values may pile up
/// on its operand stack that ours refuses.
pub fn same_verdict(bytes: &[u8], new: impl Fn(&Engine) -> Result<Module, Error>) {
    let mut validator = Validator::new_with_features(features());
    let verdict = validator.validate_all(bytes).map(drop);
    for mode in [CompilationMode::Eager, CompilationMode::LazyTranslation, CompilationMode::Lazy] {
        let mut config = config();
        config.compilation_mode(mode);
        let engine = Engine::new(&config).expect("the configuration is valid");
        let validated = Module::validate(&engine, bytes);
        let piles_up = |error: &Error| error.to_string().contains("too many values");
        let valid = verdict.is_ok() && !validated.as_ref().is_err_and(piles_up);
        assert_eq!(validated.is_ok(), valid, "{validated:?}, {verdict:?}");
        match new(&engine) {
            // Bodies are looked at when they are called.
            Ok(_) if mode == CompilationMode::Lazy => {}
            module => assert_eq!(module.is_ok(), valid, "{module:?}, {verdict:?}"),
        }
    }
}
