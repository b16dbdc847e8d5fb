//! The operators of a body, one by one, without asking for memory.
//!
//! The parser has a reader that also checks how blocks nest, for which it lists the open ones, and
//! that lists the clauses of a `try_table`. The body has been validated, so that nesting is right, and
//! clauses can be read when they are needed: neither list is made here, since the parser ends the
//! process if there is no memory for it.

use alloc::vec::Vec;
use core::mem;

use wasmparser::{
    BinaryReader, BlockType, Catch, FrameKind, FrameStack, FunctionBody, Operator, Result,
    TryTable, VisitOperator, VisitSimdOperator, WasmFeatures,
};

use crate::parse::visit_common;

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
    /// What was read last.
    last: Last<'a>,
}

/// The clauses of a `try_table`.
#[derive(Clone)]
pub(super) struct Catches<'a> {
    /// At the first one.
    reader: BinaryReader<'a>,
    count: u32,
}

impl<'a> Operators<'a> {
    pub(super) fn new(body: &FunctionBody<'a>) -> Result<Self> {
        let reader = body.get_binary_reader_for_operators()?;
        let start = body.range().start;
        Ok(Operators {
            bytes: body.as_bytes(),
            start,
            features: reader.features(),
            at: (reader.original_position() - start) as usize,
            last: Last(Operator::Nop),
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

    /// The next operator. The clauses of a `try_table` are not in it, but come to `catches`.
    pub(super) fn read(&mut self, catches: &mut Option<Catches<'a>>) -> Result<&Operator<'a>> {
        let rest = &self.bytes[self.at..];
        let len = match visit_common(rest, &mut self.last) {
            Some(((), len)) => len,
            None => self.read_uncommon(rest, catches)?,
        };
        self.at += len;
        Ok(&self.last.0)
    }

    /// Reads the operator at the start of `rest`; gives its length.
    #[cold]
    fn read_uncommon(
        &mut self,
        rest: &'a [u8],
        catches: &mut Option<Catches<'a>>,
    ) -> Result<usize> {
        let mut reader = BinaryReader::new_features(rest, self.position(), self.features);
        if rest.first() == Some(&TRY_TABLE) {
            let operator = try_table(&mut reader, catches)?;
            self.last.set(operator);
        } else {
            reader.visit_operator(&mut self.last)?;
        }
        Ok(reader.current_position())
    }
}

/// A `try_table` without its clauses.
fn try_table<'a>(
    reader: &mut BinaryReader<'a>,
    catches: &mut Option<Catches<'a>>,
) -> Result<Operator<'a>> {
    reader.read_u8()?;
    let ty = block_type(reader)?;
    let count = reader.read_var_u32()?;
    *catches = Some(Catches { reader: reader.clone(), count });
    for _ in 0..count {
        reader.read::<Catch>()?;
    }
    Ok(Operator::TryTable { try_table: TryTable { ty, catches: Vec::new() } })
}

/// A block type: nothing and value types are negative numbers of one byte.
fn block_type(reader: &mut BinaryReader<'_>) -> Result<BlockType> {
    const EMPTY: u8 = 0x40;
    Ok(match reader.clone().read_u8()? {
        EMPTY => {
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

/// The [`Operator`] that the parser read last.
struct Last<'a>(Operator<'a>);

impl<'a> Last<'a> {
    /// The operator before is forgotten, since to drop it is more work than to copy one: none that is made
    /// here has anything to free.
    #[inline(always)]
    fn set(&mut self, operator: Operator<'a>) {
        mem::forget(mem::replace(&mut self.0, operator));
    }
}

impl FrameStack for Last<'_> {
    /// What `else` wants; nothing else that is valid asks.
    fn current_frame(&self) -> Option<FrameKind> {
        Some(FrameKind::If)
    }
}

macro_rules! to_operator {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        $(fn $visit(&mut self $($(, $arg: $argty)*)?) {
            self.set(Operator::$op $({ $($arg),* })?);
        })*
    };
}

impl<'a> VisitOperator<'a> for Last<'a> {
    type Output = ();

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = ()>> {
        Some(self)
    }

    wasmparser::for_each_visit_operator!(to_operator);
}

impl<'a> VisitSimdOperator<'a> for Last<'a> {
    wasmparser::for_each_visit_simd_operator!(to_operator);
}
