//! Any bytes: an error or a module, never a panic; validation and translation agree.

#![no_main]

use fulmar::{CompilationMode, Config, Engine, Module};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut config = Config::new();
    config.compilation_mode(CompilationMode::Eager);
    let engine = Engine::new(&config).expect("the configuration is valid");
    let valid = Module::validate(&engine, bytes).is_ok();
    assert_eq!(Module::new(&engine, bytes).is_ok(), valid);
});
