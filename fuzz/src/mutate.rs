//! Changes to modules by wasm-mutate, which knows their structure.

use crate::generate::{self, Profile};
use crate::quiet::catch;
use crate::targets::features;
use arbitrary::{Result, Unstructured};
use wasm_mutate::WasmMutate;
use wasmparser::Validator;

/// How hard wasm-mutate looks for a change.
const FUEL: u64 = 300;
/// The most changes to one module.
const CHANGES_MAX: u32 = 3;

/// A module with one more change; `None` where wasm-mutate has none to offer, and where there is no module:
/// it panics at invalid ones, and at some that are valid.
pub fn mutate(wasm: &[u8], seed: u32) -> Option<Vec<u8>> {
    Validator::new_with_features(features()).validate_all(wasm).ok()?;
    catch(|| {
        let mut mutate = WasmMutate::default();
        mutate.seed(seed.into()).fuel(FUEL);
        mutate.run(wasm).ok()?.next()?.ok()
    })
    .ok()
    .flatten()
}

/// A module that was changed a few times, and then perhaps damaged. Is dumped.
pub fn mutated(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    // Of types of garbage collection wasm-mutate knows nothing.
    let profile = if u.ratio(1, 4)? { Profile::All } else { Profile::Wasmi };
    let mut wasm = generate::module(profile, u)?;
    for _ in 0..u.int_in_range(0..=CHANGES_MAX)? {
        wasm = mutate(&wasm, u.arbitrary()?).unwrap_or(wasm);
    }
    if u.arbitrary()? {
        generate::damage(&mut wasm, u)?;
    }
    generate::dump(&wasm);
    Ok(wasm)
}
