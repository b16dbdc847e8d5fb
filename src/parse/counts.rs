//! What a module declares to have: no more than there are bytes for.
//!
//! The validator reserves memory for as many items of a section, and types of a recursion group, as are
//! declared, up to a million, before it reads them. Who declares more than can follow is refused before.

use crate::Error;
use wasmparser::{BinaryReader, Payload, SubType, WasmFeatures};

/// The first byte of a recursion group (spec: binary/types, "recursive types").
const REC: u8 = 0x4e;

/// Refuses a section of `module` that declares more items than it has bytes, or a recursion group of more types.
pub(super) fn check(
    payload: &Payload<'_>,
    module: &[u8],
    features: WasmFeatures,
) -> Result<(), Error> {
    let (count, range) = match payload {
        Payload::TypeSection(section) => (section.count(), section.range()),
        Payload::ImportSection(section) => (section.count(), section.range()),
        Payload::FunctionSection(section) => (section.count(), section.range()),
        Payload::TableSection(section) => (section.count(), section.range()),
        Payload::MemorySection(section) => (section.count(), section.range()),
        Payload::TagSection(section) => (section.count(), section.range()),
        Payload::GlobalSection(section) => (section.count(), section.range()),
        Payload::ExportSection(section) => (section.count(), section.range()),
        Payload::ElementSection(section) => (section.count(), section.range()),
        Payload::DataSection(section) => (section.count(), section.range()),
        _ => return Ok(()),
    };
    let mut fits = u64::from(count) <= range.end - range.start;
    if fits && matches!(payload, Payload::TypeSection(_)) {
        let bytes = &module[range.start as usize..range.end as usize];
        fits = groups_fit(BinaryReader::new_features(bytes, range.start, features), bytes);
    }
    if fits {
        return Ok(());
    }
    let offset = usize::try_from(range.end).unwrap_or(usize::MAX);
    Err(Error::validation("unexpected end-of-file: the section is too short for its items", offset))
}

/// Whether no recursion group of a type section, whose `bytes` the reader has, declares more types than bytes
/// follow. Whatever else is wrong is left to the validator, which goes no further.
fn groups_fit(reader: BinaryReader<'_>, bytes: &[u8]) -> bool {
    // Most modules have no groups, so that their types need not be read twice.
    !bytes.contains(&REC) || read_groups(reader).unwrap_or(true)
}

/// Reads the types of a section, up to a group that does not fit.
fn read_groups(mut reader: BinaryReader<'_>) -> wasmparser::Result<bool> {
    for _ in 0..reader.read_var_u32()? {
        let mut types = 1;
        if reader.clone().read_u8()? == REC {
            reader.read_u8()?;
            types = reader.read_var_u32()?;
            if types as usize > reader.bytes_remaining() {
                return Ok(false);
            }
        }
        for _ in 0..types {
            reader.read::<SubType>()?;
        }
    }
    Ok(true)
}
