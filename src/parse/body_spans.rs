//! Where the bodies of functions are. Whoever translates must know; a module all of whose functions are
//! translated forgets it, and reads it again from the code section if somebody asks where code came from.

use super::{Span, span_of};
use alloc::boxed::Box;
use core::ops::Index;
use spin::Once;
use wasmparser::BinaryReader;

/// The span of each defined function's body: its locals and instructions.
#[derive(Default)]
pub(crate) struct BodySpans {
    /// Where the contents of the code section begin.
    section: u32,
    count: u32,
    /// None if they were forgotten.
    spans: Once<Box<[Span]>>,
}

impl BodySpans {
    /// Those of the code section whose contents begin at `section`.
    pub(super) fn new(section: u32, spans: Box<[Span]>) -> Self {
        let count = u32::try_from(spans.len()).expect("validated count");
        Self { section, count, spans: Once::initialized(spans) }
    }

    /// The number of defined functions.
    pub(crate) fn len(&self) -> usize {
        self.count as usize
    }

    /// All of them, which are known from here on. They are of this module.
    pub(crate) fn all(&self, module: &[u8]) -> &[Span] {
        self.spans.call_once(|| self.read(module))
    }

    /// Frees the list.
    pub(crate) fn forget(&mut self) {
        self.spans = Once::new();
    }

    #[cold]
    fn read(&self, module: &[u8]) -> Box<[Span]> {
        let mut reader = BinaryReader::new(&module[self.section as usize..], 0);
        let mut read = || -> wasmparser::Result<Box<[Span]>> {
            let count = reader.read_var_u32()?;
            let body = |_| {
                let bytes = reader.read_var_u32()?;
                Ok(span_of(module, reader.read_bytes(bytes as usize)?))
            };
            (0..count).map(body).collect()
        };
        let spans = if self.count == 0 { Ok(Box::default()) } else { read() };
        spans.expect("validated: the section has been read before")
    }
}

/// The span of a body that is known.
impl Index<usize> for BodySpans {
    type Output = Span;

    fn index(&self, defined: usize) -> &Span {
        &self.spans.get().expect("whoever translates asks for all of them before")[defined]
    }
}
