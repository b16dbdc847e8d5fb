//! The operators of a body, one by one, without asking for memory.
//!
//! The parser has a reader that also checks how blocks nest, for which it lists the open ones, and
//! that lists the clauses of a `try_table`. The body has been validated, so that nesting is right, and
//! clauses can be read when they are needed: neither list is made here, since the parser ends the
//! process if there is no memory for it.

use alloc::vec::Vec;

use wasmparser::{BinaryReader, BlockType, Catch, FunctionBody, Operator, TryTable, WasmFeatures};

use crate::buffer::NoMemory;
use crate::error::Error;
use crate::parse::{EMPTY_BLOCK, visit_common};

use super::Walk;

/// The first byte of `try_table`.
const TRY_TABLE: u8 = 0x1f;

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

    /// The byte offset of the next one in the module.
    pub(super) fn position(&self) -> u64 {
        self.start + self.at as u64
    }

    /// Hands the next one to `walk`. The clauses of a `try_table` are not in it, but are noted there.
    #[inline(always)]
    pub(super) fn visit(&mut self, walk: &mut Walk<'a>) -> Result<(), Error> {
        let rest = &self.bytes[self.at..];
        let (visited, len) = match visit_common(rest, walk) {
            Some(visited) => visited,
            None => self.visit_uncommon(rest, walk).map_err(Error::parse)?,
        };
        self.at += len;
        Ok(visited?)
    }

    /// Hands over the operator at the start of `rest`; gives its length as well.
    #[cold]
    fn visit_uncommon(
        &mut self,
        rest: &'a [u8],
        walk: &mut Walk<'a>,
    ) -> wasmparser::Result<(Result<(), NoMemory>, usize)> {
        let mut reader = BinaryReader::new_features(rest, self.position(), self.features);
        let visited = if rest.first() == Some(&TRY_TABLE) {
            let (operator, catches) = try_table(&mut reader)?;
            walk.try_table_with(&operator, catches)
        } else {
            reader.visit_operator(walk)?
        };
        Ok((visited, reader.current_position()))
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
