//! The function names of a module, read from its name section when first asked for.

use super::{Span, span_of};
use crate::types::index::FuncIdx;
use alloc::boxed::Box;
use alloc::vec::Vec;
use wasmparser::{BinaryReader, Name, NameSectionReader};

/// Function names, sorted by function.
#[derive(Default)]
pub(crate) struct FuncNames {
    names: Box<[(FuncIdx, Span)]>,
}

impl FuncNames {
    /// Reads the name section that `section` spans within `module`.
    ///
    /// The section has no meaning (spec: appendix/custom), so that what is malformed ends the list
    /// and is no error.
    pub(crate) fn read(module: &[u8], section: Span) -> Self {
        let mut names = Vec::new();
        let reader = BinaryReader::new(section.bytes(module), section.start as u64);
        for subsection in NameSectionReader::new(reader) {
            let Ok(Name::Function(map)) = subsection else {
                continue;
            };
            for naming in map {
                let Ok(naming) = naming else { break };
                names.push((FuncIdx(naming.index), span_of(module, naming.name.as_bytes())));
            }
        }
        // Sorted within a subsection already; a second one may come.
        names.sort_by_key(|(func, _)| *func);
        Self { names: names.into() }
    }

    /// The name of a function, as bytes of the module.
    pub(crate) fn get(&self, func: FuncIdx) -> Option<Span> {
        let position = self.names.binary_search_by_key(&func, |(func, _)| *func).ok()?;
        Some(self.names[position].1)
    }
}
