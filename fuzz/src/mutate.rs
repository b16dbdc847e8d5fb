//! Changes to modules by wasm-mutate, which knows their structure.

use crate::generate::{self, Profile};
use crate::quiet::catch;
use crate::targets::features;
use arbitrary::{Result, Unstructured};
use wasm_mutate::WasmMutate;
use wasmparser::{Parser, Validator};

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

/// A module that was changed a few times, and then perhaps damaged, anywhere and where a section starts. Is dumped.
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
    if u.arbitrary()? {
        damage_section(&mut wasm, u)?;
    }
    generate::dump(&wasm);
    Ok(wasm)
}

/// Changes the number of items in a section, or the first one: few of all bytes are such.
fn damage_section(wasm: &mut Vec<u8>, u: &mut Unstructured<'_>) -> Result<()> {
    let payloads = Parser::new(0).parse_all(wasm).map_while(|payload| payload.ok());
    let starts: Vec<u64> =
        payloads.filter_map(|it| it.as_section().map(|(_, range)| range.start)).collect();
    if starts.is_empty() {
        return Ok(());
    }
    let at = *u.choose(&starts)? as usize + u.int_in_range(0..=2)?;
    let Some(byte) = wasm.get_mut(at) else { return Ok(()) };
    match u.int_in_range(0..=2)? {
        0 => *byte = u.arbitrary()?,
        1 => *byte ^= 1 << u.int_in_range(0..=7)?,
        // A number that goes on.
        _ => drop(wasm.splice(at..at, vec![0xff; u.int_in_range(1..=3)?])),
    }
    Ok(())
}
