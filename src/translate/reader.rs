//! The operators of a body, one by one, without asking for memory.
//!
//! The parser has a reader that also checks how blocks nest, for which it lists the open ones, and
//! that lists the clauses of a `try_table`. The body has been validated, so that nesting is right, and
//! clauses can be read when they are needed: neither list is made here, since the parser ends the
//! process if there is no memory for it.

use alloc::vec::Vec;

use wasmparser::{BinaryReader, BlockType, Catch, FunctionBody, Operator, TryTable, WasmFeatures};

use crate::error::Error;
use crate::parse::{EMPTY_BLOCK, visit_common};

use super::Walk;

/// The first byte of `try_table`.
const TRY_TABLE: u8 = 0x1f;

/// For the operators that begin in so many bytes room is asked at once.
pub(super) const STRETCH_BYTES: usize = 64;

/// Reads the operators of a body.
pub(super) struct Operators<'a> {
    bytes: &'a [u8],
    /// The byte offset of `bytes` in the module.
    start: u64,
    features: WasmFeatures,
    /// The position in `bytes`.
    at: usize,
}

/// The clauses of a `try_table`.
#[derive(Clone)]
pub(super) struct Catches<'a> {
    /// At the first one.
    reader: BinaryReader<'a>,
    count: u32,
}

impl<'a> Operators<'a> {
    pub(super) fn new(body: &FunctionBody<'a>) -> wasmparser::Result<Self> {
        let reader = body.get_binary_reader_for_operators()?;
        let start = body.range().start;
        Ok(Operators {
            bytes: body.as_bytes(),
            start,
            features: reader.features(),
            at: (reader.original_position() - start) as usize,
        })
    }

    /// Whether there are no more.
    pub(super) fn eof(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// Hands those that begin in the next [`STRETCH_BYTES`] to `walk`. The clauses of a `try_table` are not in
    /// it, but are noted there.
    #[inline(always)]
    pub(super) fn visit_stretch(&mut self, walk: &mut Walk<'a>) -> Result<(), Error> {
        let bytes = self.bytes;
        let end = bytes.len().min(self.at + STRETCH_BYTES);
        let mut at = self.at;
        while at < end {
            // Fits: a span has the body's end in 32 bits.
            walk.offset = (self.start + at as u64) as u32;
            let rest = &bytes[at..];
            at += match visit_common(rest, walk) {
                Some(len) => len?,
                None => self.visit_uncommon(rest, walk)?,
            };
        }
        self.at = at;
        Ok(())
    }

    /// Hands over the operator at the start of `rest`; gives its length.
    #[cold]
    fn visit_uncommon(&self, rest: &'a [u8], walk: &mut Walk<'a>) -> Result<usize, Error> {
        let offset = walk.offset.into();
        let mut reader = BinaryReader::new_features(rest, offset, self.features);
        if rest.first() == Some(&TRY_TABLE) {
            let (operator, catches) = try_table(&mut reader).map_err(Error::parse)?;
            walk.try_table_with(&operator, catches)?;
        } else {
            reader.visit_operator(walk).map_err(Error::parse)??;
        }
        Ok(reader.current_position())
    }
}

/// A `try_table` without its clauses, and these.
fn try_table<'a>(reader: &mut BinaryReader<'a>) -> wasmparser::Result<(Operator<'a>, Catches<'a>)> {
    reader.read_u8()?;
    let ty = block_type(reader)?;
    let count = reader.read_var_u32()?;
    let catches = Catches { reader: reader.clone(), count };
    for _ in 0..count {
        reader.read::<Catch>()?;
    }
    Ok((Operator::TryTable { try_table: TryTable { ty, catches: Vec::new() } }, catches))
}

/// A block type: nothing and value types are negative numbers of one byte.
fn block_type(reader: &mut BinaryReader<'_>) -> wasmparser::Result<BlockType> {
    Ok(match reader.clone().read_u8()? {
        EMPTY_BLOCK => {
            reader.read_u8()?;
            BlockType::Empty
        }
        first if first & 0xc0 == 0x40 => BlockType::Type(reader.read()?),
        _ => BlockType::FuncType(reader.read_var_s33()? as u32),
    })
}

impl<'a> Catches<'a> {
    pub(super) fn len(&self) -> usize {
        self.count as usize
    }

    /// The clauses, which were read before without a fault.
    pub(super) fn iter(&self) -> impl Iterator<Item = Catch> + use<'a> {
        let mut reader = self.reader.clone();
        (0..self.count).map_while(move |_| reader.read().ok())
    }
}
