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
    TryTable, VisitOperator, VisitSimdOperator,
};

/// The first byte of `try_table`.
const TRY_TABLE: u8 = 0x1f;

/// Reads the operators of a body.
pub(super) struct Operators<'a> {
    reader: BinaryReader<'a>,
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
        Ok(Operators { reader, last: Last(Operator::Nop) })
    }

    /// Whether there are no more.
    pub(super) fn eof(&self) -> bool {
        self.reader.eof()
    }

    /// The byte offset of the next one in the module.
    pub(super) fn position(&self) -> u64 {
        self.reader.original_position()
    }

    /// The next operator. The clauses of a `try_table` are not in it, but come to `catches`.
    pub(super) fn read(&mut self, catches: &mut Option<Catches<'a>>) -> Result<&Operator<'a>> {
        if self.reader.clone().read_u8()? == TRY_TABLE {
            let operator = self.try_table(catches)?;
            self.last.set(operator);
        } else {
            self.reader.visit_operator(&mut self.last)?;
        }
        Ok(&self.last.0)
    }

    #[cold]
    fn try_table(&mut self, catches: &mut Option<Catches<'a>>) -> Result<Operator<'a>> {
        self.reader.read_u8()?;
        let ty = self.block_type()?;
        let count = self.reader.read_var_u32()?;
        *catches = Some(Catches { reader: self.reader.clone(), count });
        for _ in 0..count {
            self.reader.read::<Catch>()?;
        }
        Ok(Operator::TryTable { try_table: TryTable { ty, catches: Vec::new() } })
    }

    /// A block type: nothing and value types are negative numbers of one byte.
    fn block_type(&mut self) -> Result<BlockType> {
        const EMPTY: u8 = 0x40;
        Ok(match self.reader.clone().read_u8()? {
            EMPTY => {
                self.reader.read_u8()?;
                BlockType::Empty
            }
            first if first & 0xc0 == 0x40 => BlockType::Type(self.reader.read()?),
            _ => BlockType::FuncType(self.reader.read_var_s33()? as u32),
        })
    }
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
