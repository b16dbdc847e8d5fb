//! Modules out of an input's bytes.

use crate::host;
use arbitrary::{Arbitrary, Result, Unstructured};
use std::iter;
use wasm_smith::{Config, Module};
use wasmparser::{BinaryReader, Operator, Parser, Payload};

/// What the modules may use, beyond what all engines have.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Everything that fulmar has.
    All,
    /// What wasmi has, too: no garbage collection, typed references or exceptions; relaxed vector
    /// instructions neither, whose results may differ.
    Wasmi,
    /// Much garbage collection and little else.
    Gc,
}

/// The name under which the counter that [`terminating`] adds is exported.
pub const COUNTER: &str = "calls and turns left";
/// How often functions and loops begin in one call from the host, before it ends in `unreachable`.
pub const COUNTER_START: i32 = 1_000;

/// The bytes of each memory and the elements of each table are limited to these, in all engines.
pub const MEMORY_BYTES_MAX: usize = 256 << 10;
pub const TABLE_ELEMENTS_MAX: usize = 2_000;

fn config(profile: Profile, u: &mut Unstructured<'_>) -> Result<Config> {
    // The features and instructions of each module are a random choice, so that rare ones meet.
    let mut config = Config::arbitrary(u)?;
    config.available_imports = Some(host::imports());
    config.max_imports = host::FUNCS.len();
    config.export_everything = true;
    config.canonicalize_nans = true;
    config.max_types = 16;
    config.min_funcs = 1;
    config.max_funcs = 8;
    config.max_globals = 8;
    config.max_tags = 4;
    config.max_instructions = u.int_in_range(10..=400)?;
    config.max_element_segments = 6;
    config.max_data_segments = 6;
    config.max_elements = 16;
    config.max_memories = 3;
    config.max_tables = 3;
    config.max_memory32_bytes = 128 << 10;
    config.max_memory64_bytes = 128 << 10;
    config.max_table_elements = 1_000;
    config.min_uleb_size = 1;
    config.bulk_memory_enabled = true;
    config.reference_types_enabled = true;
    config.multi_value_enabled = true;
    config.wide_arithmetic_enabled = u.arbitrary()?;
    config.custom_page_sizes_enabled = u.arbitrary()?;
    config.threads_enabled = false;
    config.compact_imports_enabled = false;
    match profile {
        Profile::All => {}
        Profile::Wasmi => {
            config.gc_enabled = false;
            config.exceptions_enabled = false;
            config.relaxed_simd_enabled = false;
            // Divisors that wasm-smith makes safe are what wasmi 2.0.0 gets wrong: see README.md.
            config.disallow_traps = false;
        }
        Profile::Gc => {
            config.gc_enabled = true;
            config.min_types = 8;
            config.min_globals = 2;
            config.min_tables = 1;
            config.simd_enabled = false;
            config.relaxed_simd_enabled = false;
            config.allow_floats = false;
            config.max_memories = 1;
            config.allowed_instructions = wasm_smith::InstructionKinds::all();
            config.disallow_traps = true;
        }
    }
    Ok(config)
}

/// A valid module, which may run forever.
pub fn module(profile: Profile, u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let config = config(profile, u)?;
    Ok(Module::new(config, u)?.to_bytes())
}

/// A valid module in which every call ends: it counts down an exported global. Is dumped.
pub fn terminating(profile: Profile, u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let config = config(profile, u)?;
    let mut module = Module::new(config, u)?;
    let counter = module
        .ensure_termination(COUNTER_START.cast_unsigned())
        .expect("all functions are generated");
    let wasm = export_global(&module.to_bytes(), counter, COUNTER);
    dump(&wasm);
    Ok(wasm)
}

/// Writes a module to the file that the environment names by `FULMAR_DUMP`, if it does, to be looked at.
pub fn dump(wasm: &[u8]) {
    if let Some(path) = std::env::var_os("FULMAR_DUMP") {
        std::fs::write(path, wasm).expect("the file can be written");
    }
}

/// Whether the counter of a terminating module counts calls and turns alone: it also pays for bulk instructions, by
/// their lengths.
pub fn counts_only_turns(wasm: &[u8]) -> bool {
    let is_bulk = |operator: &Operator<'_>| {
        use Operator::{
            ArrayCopy, ArrayFill, ArrayInitData, ArrayInitElem, ArrayNew, ArrayNewData,
            ArrayNewDefault, ArrayNewElem,
        };
        use Operator::{MemoryCopy, MemoryFill, MemoryInit, TableCopy, TableFill, TableInit};
        matches!(operator, MemoryCopy { .. } | MemoryFill { .. } | MemoryInit { .. })
            || matches!(operator, TableCopy { .. } | TableFill { .. } | TableInit { .. })
            || matches!(operator, ArrayCopy { .. } | ArrayFill { .. } | ArrayInitData { .. })
            || matches!(operator, ArrayInitElem { .. } | ArrayNew { .. } | ArrayNewData { .. })
            || matches!(operator, ArrayNewDefault { .. } | ArrayNewElem { .. })
    };
    !has(wasm, is_bulk)
}

/// Whether results may rightly differ from wasmtime's: it rounds a relaxed multiply and add once, fulmar twice; and
/// wasm-smith leaves the NaNs of relaxed minima and maxima as they are.
pub fn has_relaxed_floats(wasm: &[u8]) -> bool {
    use Operator::{F32x4RelaxedMadd, F32x4RelaxedNmadd, F64x2RelaxedMadd, F64x2RelaxedNmadd};
    use Operator::{F32x4RelaxedMax, F32x4RelaxedMin, F64x2RelaxedMax, F64x2RelaxedMin};
    has(wasm, |operator| {
        matches!(operator, F32x4RelaxedMadd | F32x4RelaxedNmadd | F32x4RelaxedMax | F32x4RelaxedMin)
            || matches!(operator, F64x2RelaxedMadd | F64x2RelaxedNmadd)
            || matches!(operator, F64x2RelaxedMax | F64x2RelaxedMin)
    })
}

/// Whether a valid module has such an instruction.
fn has(wasm: &[u8], wanted: impl Fn(&Operator<'_>) -> bool) -> bool {
    Parser::new(0).parse_all(wasm).any(|payload| match payload {
        Ok(Payload::CodeSectionEntry(body)) => {
            let mut operators = body.get_operators_reader().expect("the body is well-formed");
            iter::from_fn(|| (!operators.eof()).then(|| operators.read()))
                .any(|operator| wanted(&operator.expect("the body is well-formed")))
        }
        _ => false,
    })
}

/// A module whose functions may be invalid.
pub fn doubtful(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut config = config(Profile::All, u)?;
    config.allow_invalid_funcs = u.ratio(1, 2)?;
    Ok(Module::new(config, u)?.to_bytes())
}

/// Adds an export of a global to a valid module that has an export section.
fn export_global(wasm: &[u8], global: u32, name: &str) -> Vec<u8> {
    for payload in Parser::new(0).parse_all(wasm) {
        let Payload::ExportSection(section) = payload.expect("the module is well-formed") else {
            continue;
        };
        let range = section.range();
        let (start, end) = (range.start as usize, range.end as usize);
        let mut entries = BinaryReader::new(&wasm[start..end], 0);
        let count = entries.read_var_u32().expect("the section begins with a count");
        let mut contents = leb(count + 1);
        contents.extend_from_slice(&wasm[start + entries.original_position() as usize..end]);
        contents.extend(leb(name.len() as u32));
        contents.extend_from_slice(name.as_bytes());
        contents.push(3);
        contents.extend(leb(global));
        // In front of the contents stand the section's id and its size.
        let size_bytes = leb((end - start) as u32).len();
        let mut exported = wasm[..start - size_bytes].to_vec();
        exported.extend(leb(contents.len() as u32));
        exported.extend(contents);
        exported.extend_from_slice(&wasm[end..]);
        return exported;
    }
    panic!("the module exports its functions");
}

/// A number in LEB128, as short as it can be.
fn leb(mut value: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// Changes, removes or adds a few bytes.
pub fn damage(wasm: &mut Vec<u8>, u: &mut Unstructured<'_>) -> Result<()> {
    for _ in 0..u.int_in_range(0..=4)? {
        let at = u.choose_index(wasm.len())?;
        match u.int_in_range(0..=3)? {
            0 => wasm[at] = u.arbitrary()?,
            1 => wasm[at] ^= 1 << u.int_in_range(0..=7)?,
            2 => drop(wasm.remove(at)),
            _ => wasm.insert(at, u.arbitrary()?),
        }
    }
    Ok(())
}
