//! The superinstructions: sequences of ops that run as one cell.
//!
//! A row only names its parts: the cell is one label followed by the operands of each part, and the
//! handler runs the parts one after the other. The encoder fuses greedily, longest first; it never
//! fuses across a branch target. Which sequences stand here is a matter of measurement, see
//! docs/RATIONALE.md.

use super::op::{Op, Opcode};
use super::shape::{Place, Shape};

/// The most parts a row may have.
pub(crate) const PARTS_MAX: usize = 3;

/// Calls the macro `$consumer` with every fused sequence. The first two parts of a triple must
/// stand among the pairs.
macro_rules! for_each_fused {
    ($consumer:ident) => {
        $consumer! {
            pairs {
                Copy(Slot, Slot, Slot), Copy(Slot, Slot, Slot);
                Copy(Slot, Slot, Slot), Call(Slot, Slot, Slot);
                I32Add(Slot, Slot, Imm), Copy(Slot, Slot, Slot);
                Copy(Slot, Imm, Slot), Copy(Slot, Slot, Slot);
                Copy(Slot, Imm, Slot), Br(Slot, Slot, Slot);
                Copy(Slot, Imm, Slot), Copy(Slot, Imm, Slot);
                I32Load8U(Acc, Slot, Slot), BrIfI32And(Slot, Acc, Imm);
                Copy(Slot, Imm, Slot), Call(Slot, Slot, Slot);
                Copy(Slot, Slot, Slot), Copy(Slot, Imm, Slot);
                Copy(Slot, Slot, Slot), Br(Slot, Slot, Slot);
                BrIfI32And(Slot, Acc, Imm), I32Add(Slot, Slot, Imm);
                I32Add(Slot, Slot, Imm), I32Add(Slot, Slot, Imm);
                I32Add(Slot, Slot, Imm), Copy(Slot, Imm, Slot);
                BrIfI32Ne(Slot, Acc, Imm), Copy(Slot, Imm, Slot);
                Const64(Slot, Slot, Slot), I64And(Slot, Slot, Slot);
                I32Load(Slot, Slot, Slot), BrIfI32Ne(Slot, Acc, Imm);
                I64Xor(Slot, Acc, Slot), I64Xor(Slot, Acc, Slot);
                I32Add(Slot, Slot, Imm), BrIfI32GtU(Slot, Acc, Imm);
                I32LtU(Slot, Acc, Imm), SelectImmSecond(Slot, Acc, Slot);
                I32Sub(Slot, Slot, Slot), I32LtU(Slot, Acc, Imm);
                I64And(Acc, Acc, Slot), I64Xor(Slot, Acc, Slot);
                I32Load(Slot, Slot, Slot), I32Load(Slot, Slot, Slot);
                SelectImmSecond(Slot, Acc, Slot), Copy(Slot, Imm, Slot);
                BrIfI32Ne(Slot, Acc, Imm), I32Add(Slot, Slot, Imm);
                I64Xor(Acc, Slot, Imm), I64And(Acc, Acc, Slot);
                I32Add(Slot, Slot, Imm), I32Sub(Slot, Slot, Slot);
                BrIfI32Eq(Slot, Acc, Imm), I32Add(Slot, Slot, Imm);
                I32Add(Acc, Slot, Imm), I32Add(Acc, Acc, Imm);
                I64LtU(Acc, Slot, Slot), I64ExtendI32U(Acc, Acc, Slot);
                I64Add(Slot, Acc, Slot), I64LtU(Acc, Slot, Slot);
                Copy(Slot, Slot, Slot), BrIfI32Ne(Slot, Slot, Imm);
                I64ExtendI32U(Acc, Acc, Slot), I64Add(Slot, Acc, Slot);
                I64Xor(Slot, Acc, Slot), I64Xor(Acc, Slot, Imm);
                I32Add(Slot, Slot, Imm), Br(Slot, Slot, Slot);
                BrIfI32And(Slot, Acc, Imm), Copy(Slot, Slot, Slot);
                I32Shl(Acc, Slot, Imm), I32Add(Acc, Acc, Slot);
                I32Or(Acc, Acc, Imm), I32Store8(Slot, Slot, Acc);
                I32Store(Slot, Slot, Acc), I32Add(Slot, Slot, Imm);
                I32Add(Acc, Acc, Imm), I32Store(Slot, Slot, Acc);
                I32Add(Slot, Slot, Imm), I32Add(Acc, Slot, Imm);
                I64Load(Acc, Slot, Slot), I64Add(Slot, Acc, Slot);
                I32Store(Slot, Slot, Slot), I32Store(Slot, Slot, Slot);
                I32Add(Acc, Acc, Imm), I64Load(Acc, Acc, Slot);
                I64Store(Slot, Slot, Acc), I32Add(Slot, Slot, Imm);
                I64Load(Acc, Acc, Slot), I64Add(Slot, Acc, Slot);
                I32Add(Acc, Slot, Slot), I32Load8U(Acc, Acc, Slot);
                BrIfI32Ne(Slot, Slot, Imm), Copy(Slot, Imm, Slot);
                I32Load(Slot, Slot, Slot), BrIfI32Eq(Slot, Acc, Imm);
                I32Add(Slot, Slot, Imm), BrIfI32Ne(Slot, Slot, Slot);
                I64Xor(Acc, Slot, Slot), I64Shl(Slot, Acc, Imm);
                I32Add(Acc, Slot, Imm), I32Store(Slot, Slot, Acc);
                I64Xor(Acc, Acc, Imm), I64And(Slot, Acc, Slot);
                I32Store(Slot, Slot, Acc), I32Load(Slot, Slot, Slot);
                BrIfI32LeS(Slot, Slot, Slot), I32Add(Slot, Slot, Imm);
                I64Or(Slot, Acc, Slot), Const64(Slot, Slot, Slot);
                I32Store8(Slot, Slot, Acc), I32Add(Slot, Slot, Imm);
                I32Add(Acc, Slot, Imm), I32Load(Slot, Acc, Slot);
                Const64(Slot, Slot, Slot), I64And(Acc, Slot, Slot);
                I64Load(Acc, Acc, Slot), I64Store(Slot, Slot, Acc);
                I64Xor(Acc, Slot, Slot), I64ShrU(Slot, Acc, Imm);
                I32Add(Slot, Slot, Imm), BrIfI32Ne(Slot, Acc, Imm);
                I32Load8U(Acc, Slot, Slot), BrIfI32Ne(Slot, Acc, Imm);
                BrIfI32Ne(Slot, Slot, Slot), Copy(Slot, Slot, Slot);
                BrIfI32Ne(Slot, Slot, Imm), I32Add(Slot, Slot, Imm);
                I64And(Slot, Acc, Slot), I64Xor(Acc, Slot, Slot);
                I32Xor(Slot, Slot, Imm), BrIfI32GtS(Slot, Slot, Slot);
                I32Add(Slot, Slot, Imm), Call(Slot, Slot, Slot);
                I64Shl(Slot, Acc, Imm), Const64(Slot, Slot, Slot);
                I64Load(Acc, Slot, Slot), I64Store(Slot, Slot, Acc);
                Select(Slot, Acc, Slot), Br(Slot, Slot, Slot);
                I32DivU(Slot, Slot, Imm), I32Mul(Acc, Acc, Imm);
                I32Mul(Acc, Acc, Imm), I32Sub(Acc, Slot, Acc);
                BrIfI32Ne(Slot, Acc, Imm), Copy(Slot, Slot, Slot);
                I32Sub(Acc, Slot, Acc), I32Or(Acc, Acc, Imm);
                I32Store(Slot, Slot, Slot), I32Add(Slot, Slot, Imm);
                I32Add(Acc, Acc, Slot), I32Add(Acc, Acc, Imm);
                I32GtU(Slot, Slot, Imm), Copy(Slot, Slot, Slot);
                I64Add(Slot, Acc, Slot), I32Add(Acc, Slot, Imm);
                I64Add(Slot, Acc, Slot), I64Load(Acc, Slot, Slot);
                Copy(Slot, Imm, Slot), I32Add(Slot, Slot, Imm);
                I64Xor(Slot, Acc, Slot), I64Xor(Acc, Slot, Slot);
                I64And(Slot, Slot, Slot), I64Xor(Acc, Acc, Imm);
                I32Load(Slot, Slot, Slot), I32Add(Acc, Acc, Imm);
                I32Add(Acc, Acc, Imm), I32Load(Slot, Acc, Slot);
                I32Sub(Acc, Slot, Slot), I32ShrS(Acc, Acc, Imm);
                I32Add(Slot, Slot, Imm), Copy(Slot, Acc, Slot);
                I32Load8U(Acc, Slot, Slot), BrIfI32Eq(Slot, Acc, Imm);
                I64ShrU(Acc, Slot, Imm), I64Or(Slot, Acc, Slot);
                I32Load(Acc, Slot, Slot), I32Add(Slot, Acc, Slot);
                I32Load(Slot, Slot, Slot), Br(Slot, Slot, Slot);
                I32And(Slot, Slot, Imm), BrIfI32Ne(Slot, Acc, Imm);
                I32Xor(Acc, Acc, Imm), I32Sub(Acc, Imm, Acc);
                I64Shl(Slot, Acc, Imm), I64ShrU(Acc, Slot, Imm);
                BrIfI32Eq(Slot, Acc, Imm), I32Load(Slot, Slot, Slot);
                I32Shl(Acc, Acc, Imm), I32Add(Acc, Acc, Slot);
                BrIfI32Eq(Slot, Acc, Imm), Copy(Slot, Imm, Slot);
                BrIfI32GeS(Slot, Slot, Slot), I32Add(Slot, Slot, Imm);
                I32GtS(Acc, Acc, Slot), Select(Slot, Acc, Slot);
                I64Store(Slot, Slot, Acc), Br(Slot, Slot, Slot);
                I32Load(Slot, Slot, Slot), Copy(Slot, Slot, Slot);
                I32Shl(Acc, Slot, Imm), I32Add(Slot, Acc, Slot);
                I32Add(Slot, Acc, Slot), I32Store(Slot, Slot, Acc);
                I32Load8U(Acc, Acc, Slot), BrIfI32Eq(Slot, Acc, Imm);
                BrIfI32Eq(Slot, Acc, Imm), Copy(Slot, Slot, Slot);
                I32Add(Slot, Slot, Imm), I32Store(Slot, Slot, Acc);
                I64And(Slot, Slot, Slot), I64Xor(Slot, Acc, Slot);
                I32Add(Acc, Slot, Imm), I64Load(Acc, Acc, Slot);
                I32GtS(Acc, Slot, Slot), Select(Slot, Acc, Slot);
                I32Add(Slot, Slot, Imm), I32Load(Slot, Slot, Slot);
                BrIfI32Ne(Slot, Acc, Imm), Br(Slot, Slot, Slot);
                I32Store(Slot, Acc, Slot), Br(Slot, Slot, Slot);
                Const64(Slot, Slot, Slot), Copy(Slot, Slot, Slot);
                I32Add(Slot, Slot, Imm), I32GtU(Slot, Slot, Imm);
                I32LtU(Acc, Slot, Slot), SelectImmSecond(Acc, Acc, Slot);
                I32Load(Slot, Acc, Slot), I32Xor(Acc, Acc, Imm);
                I32Add(Acc, Slot, Imm), I32Add(Acc, Acc, Slot);
                Const64(Slot, Slot, Slot), Select(Slot, Slot, Slot);
                I32Load(Acc, Slot, Slot), I32Store(Slot, Acc, Slot);
                I32And(Slot, Slot, Imm), SelectImms(Slot, Acc, Slot);
                Copy(Slot, Acc, Slot), Br(Slot, Slot, Slot);
                BrIfI32GtU(Slot, Acc, Imm), I32Load8U(Acc, Slot, Slot);
                I32Load8U(Slot, Acc, Slot), I32Extend8S(Slot, Acc, Slot);
                I32Add(Acc, Slot, Slot), I32Load8U(Slot, Acc, Slot);
                BrIfI32Ne(Slot, Slot, Imm), Copy(Slot, Slot, Slot);
                BrIfI32GtS(Slot, Slot, Slot), I32Add(Slot, Slot, Slot);
                I32Add(Acc, Acc, Slot), I32Load(Slot, Acc, Slot);
                I32And(Acc, Slot, Imm), BrIfI32Ne(Slot, Acc, Imm);
                I32Add(Slot, Slot, Imm), I32Mul(Slot, Slot, Imm);
                BrIfI32Eq(Slot, Acc, Imm), Br(Slot, Slot, Slot);
                BrIfI32Ne(Slot, Acc, Imm), BrIfI32LeS(Slot, Slot, Slot);
                I32Load(Slot, Slot, Slot), I32Load(Acc, Slot, Slot);
                I32Or(Acc, Acc, Slot), BrIfI32Ne(Slot, Acc, Imm);
                I64Xor(Slot, Acc, Slot), I64Xor(Acc, Acc, Slot);
                Select(Slot, Acc, Slot), Copy(Slot, Slot, Slot);
                I32Add(Slot, Slot, Imm), I32DivU(Slot, Slot, Imm);
                I32Add(Acc, Acc, Slot), I32Add(Slot, Acc, Imm);
                I32Add(Slot, Acc, Imm), BrIfI32GtU(Slot, Acc, Imm);
                I32LtS(Acc, Acc, Slot), Select(Slot, Acc, Slot);
                BrIfI32Eq(Slot, Slot, Imm), BrIfI32LtS(Slot, Slot, Imm);
                GlobalGet(Acc, Slot, Slot), I32Sub(Slot, Acc, Imm);
                I32Sub(Slot, Acc, Imm), GlobalSet(Slot, Acc, Slot);
                I32And(Slot, Slot, Imm), Br(Slot, Slot, Slot);
                BrIfI32Ne(Slot, Slot, Imm), BrIfI32LeS(Slot, Slot, Slot);
                I32Add(Acc, Slot, Imm), I32And(Acc, Acc, Imm);
                I32Add(Slot, Slot, Imm), BrIfI32Ne(Slot, Slot, Imm);
                I32Load(Acc, Slot, Slot), I32Store(Slot, Slot, Acc);
                I64ShrU(Slot, Acc, Imm), Const64(Slot, Slot, Slot);
                BrIfI32LtS(Slot, Slot, Imm), Br(Slot, Slot, Slot);
                I32Add(Slot, Slot, Imm), BrIfI32LtU(Slot, Acc, Imm);
                I32Add(Acc, Slot, Imm), GlobalSet(Slot, Acc, Slot);
                I32Load8U(Acc, Acc, Slot), BrIfI32Ne(Slot, Acc, Imm);
                BrIfI32Ne(Slot, Acc, Imm), I32Shl(Acc, Slot, Imm);
                I32Add(Acc, Slot, Imm), I32Add(Slot, Acc, Slot);
                I32Add(Slot, Slot, Imm), BrIfI32LeU(Slot, Acc, Slot);
                I32Add(Slot, Acc, Imm), I32Store(Slot, Slot, Acc);
                I64And(Slot, Slot, Slot), I64Xor(Acc, Slot, Slot);
                BrIfI32Eq(Slot, Slot, Imm), I32Load8U(Acc, Slot, Slot);
                I32Add(Slot, Slot, Imm), BrIfI32LtU(Slot, Acc, Slot);
                I32Load(Slot, Slot, Slot), BrIfI32LtU(Slot, Acc, Imm);
                I32Load(Acc, Acc, Slot), BrIfI32Eq(Slot, Acc, Imm);
                I32Load8U(Acc, Acc, Slot), I32Store8(Slot, Slot, Acc);
                I64ShrU(Acc, Slot, Imm), I64Add(Slot, Acc, Slot);
                I32Add(Slot, Slot, Imm), BrIfI32GeU(Slot, Acc, Slot);
                BrIfI32Eq(Slot, Acc, Imm), BrIfI32Ne(Slot, Acc, Imm);
                I64Load(Slot, Acc, Slot), I32Add(Acc, Slot, Imm);
                I32GtU(Acc, Slot, Slot), Select(Slot, Acc, Slot);
                I32And(Acc, Slot, Imm), I32Or(Slot, Acc, Slot);
                I32LtU(Acc, Acc, Slot), Select(Slot, Acc, Slot);
                I32Load(Acc, Slot, Slot), I32Add(Acc, Acc, Imm);
                I32Add(Slot, Acc, Imm), Copy(Slot, Imm, Slot);
                I32Add(Acc, Acc, Slot), I32Store(Slot, Acc, Imm);
                BrIfI32Eq(Slot, Slot, Imm), Br(Slot, Slot, Slot);
                BrIfI32GtS(Slot, Acc, Imm), I32Add(Slot, Slot, Imm);
                I32Load(Acc, Slot, Slot), I32Add(Acc, Acc, Slot);
                I32Sub(Acc, Imm, Acc), I32Or(Acc, Acc, Slot);
                BrIfI32LtU(Slot, Acc, Imm), Copy(Slot, Imm, Slot);
                I32Load8U(Slot, Slot, Slot), BrIfI32Eq(Slot, Acc, Imm);
                Copy(Slot, Imm, Slot), I64Load(Slot, Slot, Slot);
                I64Load(Slot, Slot, Slot), I64Load(Acc, Slot, Slot);
                BrIfI32LtU(Slot, Slot, Slot), I32Load(Slot, Slot, Slot);
                I32Add(Acc, Slot, Imm), I32Load8U(Acc, Acc, Slot);
                I32Store(Slot, Slot, Acc), Copy(Slot, Slot, Slot);
                I32LtS(Acc, Slot, Imm), SelectImmFirst(Slot, Acc, Slot);
                I64Mul(Acc, Acc, Imm), I64Sub(Acc, Slot, Acc);
                I64Load(Slot, Slot, Slot), BrIfI64Ne(Slot, Acc, Imm);
                BrIfI32Eq(Slot, Slot, Imm), BrIfI32Eq(Slot, Slot, Imm);
                I32Load(Slot, Acc, Slot), Br(Slot, Slot, Slot);
                I32Add(Slot, Slot, Imm), I32Add(Slot, Slot, Slot);
                I32WrapI64(Acc, Slot, Slot), I32And(Acc, Acc, Imm);
                BrUnlessI32And(Slot, Slot, Imm), Copy(Slot, Imm, Slot);
                I32Add(Acc, Acc, Imm), I64Load(Slot, Acc, Slot);
                Copy(Slot, Imm, Slot), BrIfI32Ne(Slot, Slot, Imm);
                I32Add(Acc, Acc, Slot), I32Store(Slot, Acc, Slot);
                I32Add(Acc, Acc, Imm), I32Load8U(Acc, Acc, Slot);
                I32Mul(Slot, Slot, Imm), I32Add(Slot, Acc, Slot);
                I32GtS(Acc, Acc, Imm), SelectImmSecond(Slot, Acc, Slot);
                BrIfI32GtU(Slot, Slot, Imm), I32Mul(Slot, Slot, Imm);
                I32Mul(Slot, Acc, Imm), I32Load(Slot, Slot, Slot);
                I32Load(Slot, Slot, Slot), I64ExtendI32S(Acc, Slot, Slot);
                I64ExtendI32S(Acc, Slot, Slot), I64Store(Slot, Slot, Acc);
                I32ShrS(Acc, Acc, Imm), I32Mul(Slot, Acc, Imm);
                I32Mul(Slot, Slot, Imm), BrIfI32GeU(Slot, Slot, Slot);
                SelectImmSecond(Slot, Acc, Slot), I32GtS(Acc, Acc, Slot);
                I32Store(Slot, Slot, Imm), I32Add(Acc, Slot, Imm);
                I64Shl(Acc, Acc, Imm), I64Or(Acc, Acc, Slot);
                I32Add(Acc, Acc, Slot), I32Store(Slot, Slot, Acc);
                I32Or(Slot, Acc, Slot), I32Add(Acc, Slot, Imm);
                I32Sub(Slot, Slot, Acc), Copy(Slot, Imm, Slot);
                I32And(Acc, Acc, Slot), I32And(Acc, Acc, Imm);
                I32Add(Acc, Slot, Imm), I64Load(Slot, Acc, Slot);
                I32Load8S(Slot, Slot, Slot), Copy(Slot, Imm, Slot);
                I32And(Acc, Acc, Imm), BrIfI32LtU(Slot, Acc, Imm);
                I32Store(Slot, Slot, Acc), Br(Slot, Slot, Slot);
                I32Or(Acc, Acc, Slot), I32And(Acc, Acc, Slot);
                I32Sub(Acc, Imm, Acc), I32Or(Slot, Acc, Slot);
                I32Add(Acc, Acc, Imm), BrIfI32LtU(Slot, Acc, Imm);
                I32Load(Slot, Acc, Slot), I32Load(Slot, Slot, Slot);
                I64GtU(Slot, Slot, Imm), I64ShrU(Slot, Slot, Imm);
                I64ShrU(Slot, Slot, Imm), BrIfI32Ne(Slot, Slot, Imm);
                I32Sub(Slot, Slot, Slot), I32Store(Slot, Slot, Acc);
                I32Store(Slot, Acc, Imm), I32Add(Slot, Slot, Imm);
                I32Store8(Slot, Slot, Acc), I64GtU(Slot, Slot, Imm);
                I32Add(Slot, Slot, Imm), I32Add(Slot, Acc, Slot);
                I64Add(Slot, Acc, Slot), I64ShrU(Slot, Acc, Imm);
                I32Shl(Acc, Acc, Imm), I32Add(Slot, Acc, Slot);
                I32Add(Slot, Acc, Imm), I32And(Acc, Slot, Imm);
                I32Load(Slot, Slot, Slot), I32Add(Slot, Slot, Imm);
                Copy(Slot, Acc, Slot), I32Add(Slot, Acc, Slot);
                I32Store(Slot, Slot, Acc), I32Load(Acc, Slot, Slot);
                I32Add(Acc, Slot, Slot), I32Add(Slot, Acc, Slot);
                I32LtU(Acc, Acc, Slot), SelectImmFirst(Slot, Acc, Slot);
                I32Add(Slot, Slot, Imm), I32Load8U(Slot, Acc, Slot);
                I32WrapI64(Slot, Slot, Slot), BrIfI32Eq(Slot, Acc, Imm);
                I32Load8S(Acc, Slot, Slot), I32Shl(Acc, Acc, Imm);
                I32Add(Slot, Slot, Imm), I32Load8S(Acc, Slot, Slot);
                I32Load8S(Acc, Acc, Slot), BrIfI32GtS(Slot, Acc, Imm);
                I32Sub(Slot, Slot, Imm), BrIfI32GtU(Slot, Acc, Imm);
                I32Load(Acc, Slot, Slot), I32Add(Slot, Acc, Imm);
                Copy(Slot, Acc, Slot), I32Add(Slot, Slot, Imm);
                GlobalSet(Slot, Acc, Slot), Return(Slot, Slot, Slot);
                BrIfI32LtU(Slot, Slot, Slot), Copy(Slot, Slot, Slot);
                I32Mul(Slot, Slot, Imm), I32Add(Slot, Slot, Imm);
                I64And(Acc, Slot, Slot), I64Add(Slot, Acc, Slot);
                I32Add(Acc, Acc, Imm), I32Load8U(Slot, Acc, Slot);
                I64Store32(Slot, Slot, Acc), I32Add(Slot, Slot, Imm);
                I32Add(Slot, Slot, Imm), BrIfI32LeU(Slot, Acc, Imm);
                I32Load8U(Acc, Acc, Slot), I32Add(Acc, Acc, Imm);
                I32Add(Slot, Slot, Imm), I32WrapI64(Acc, Slot, Slot);
                I32Mul(Acc, Acc, Imm), I32Add(Slot, Acc, Imm);
                I32Load8S(Acc, Slot, Slot), I32Add(Slot, Acc, Imm);
                BrIfI32Ne(Slot, Slot, Imm), BrIfI32GeS(Slot, Slot, Slot);
                I32Load8U(Slot, Acc, Slot), I32Add(Acc, Acc, Imm);
                Copy(Slot, Acc, Slot), Copy(Slot, Slot, Slot);
                BrIfI32LtU(Slot, Acc, Imm), Br(Slot, Slot, Slot);
                I32Load8U(Slot, Slot, Slot), I32Add(Slot, Slot, Imm);
                I64ShrU(Slot, Acc, Imm), I64Xor(Slot, Acc, Slot);
                I32And(Acc, Acc, Imm), BrIfI32Ne(Slot, Acc, Imm);
                I32Load(Slot, Acc, Slot), BrIfI32Eq(Slot, Acc, Imm);
                I32Add(Acc, Slot, Imm), I64Store(Slot, Acc, Slot);
                BrIfI32Eq(Slot, Slot, Imm), Copy(Slot, Imm, Slot);
                I64ShrU(Slot, Acc, Imm), I64Xor(Acc, Acc, Imm);
                Copy(Slot, Imm, Slot), I32Load8S(Slot, Slot, Slot);
                I32Load(Slot, Slot, Slot), Copy(Slot, Imm, Slot);
                I32Add(Slot, Slot, Slot), I32Add(Slot, Slot, Imm);
                I32Store(Slot, Slot, Acc), I32Store(Slot, Slot, Slot);
                I64Store(Slot, Slot, Slot), I64Store(Slot, Slot, Slot);
                SelectImmSecond(Acc, Acc, Slot), I32Load8S(Acc, Acc, Slot);
                I32Add(Slot, Acc, Slot), I32Load(Slot, Acc, Slot);
                Copy(Slot, Slot, Slot), I32Add(Slot, Slot, Imm);
                I32Load16U(Acc, Slot, Slot), BrIfI32Ne(Slot, Acc, Imm);
                I32Store(Slot, Slot, Imm), I32Store(Slot, Slot, Imm);
                Copy(Slot, Slot, Slot), I32Add(Slot, Acc, Imm);
                I32Add(Acc, Slot, Imm), I32Load(Acc, Acc, Slot);
                I64ShrU(Slot, Acc, Imm), I32Add(Acc, Slot, Imm);
                Copy(Slot, Imm, Slot), BrIfI32Eq(Slot, Slot, Imm);
                I32Add(Slot, Slot, Imm), BrIfI32LeU(Slot, Slot, Slot);
                I32Add(Slot, Slot, Imm), I32Sub(Slot, Slot, Imm);
                I32Shl(Slot, Slot, Imm), I32And(Acc, Slot, Imm);
                SelectImmSecond(Slot, Acc, Slot), Copy(Slot, Slot, Slot);
                Select(Slot, Acc, Slot), Select(Slot, Slot, Slot);
                I64Add(Slot, Acc, Slot), I64Shl(Acc, Acc, Imm);
                I64Or(Acc, Acc, Slot), I64Add(Slot, Acc, Slot);
                I64Add(Slot, Acc, Slot), I64ShrU(Acc, Slot, Imm);
                I32Load(Slot, Slot, Slot), I32Shl(Acc, Slot, Imm);
                I32LtS(Acc, Slot, Imm), SelectImmSecond(Slot, Acc, Slot);
                I64And(Acc, Slot, Slot), I64Xor(Slot, Acc, Slot);
                I32Add(Acc, Acc, Slot), I32Add(Acc, Acc, Slot);
                I32Add(Slot, Acc, Slot), I32LtU(Acc, Slot, Slot);
                I32Add(Slot, Slot, Slot), I32LtU(Acc, Slot, Slot);
                I64And(Acc, Slot, Slot), I64Store(Slot, Slot, Acc);
                I32Add(Slot, Acc, Slot), I32Xor(Acc, Slot, Imm);
                I32Sub(Slot, Slot, Slot), I32Xor(Slot, Slot, Imm);
                I32And(Acc, Slot, Imm), I32Ne(Slot, Acc, Imm);
                I32Load16U(Acc, Slot, Slot), BrIfI32Eq(Slot, Acc, Imm);
                BrIfI32Eq(Slot, Acc, Imm), BrIfI32Eq(Slot, Acc, Imm);
                Copy(Slot, Slot, Slot), I32Load8U(Acc, Acc, Slot);
                BrIfI32Eq(Slot, Slot, Imm), I32Load(Acc, Slot, Slot);
                I32And(Acc, Acc, Imm), BrIfI32Eq(Slot, Acc, Imm);
                I32Load(Slot, Slot, Slot), I32Xor(Acc, Acc, Imm);
                I32Load16U(Slot, Slot, Slot), BrIfI32Ne(Slot, Acc, Imm);
                BrIfI32Ne(Slot, Acc, Imm), I32Load16U(Slot, Slot, Slot);
                I32Extend8S(Slot, Acc, Slot), BrIfI32LtS(Slot, Acc, Imm);
                I32Load8U(Acc, Slot, Slot), I32Add(Acc, Acc, Imm);
                I64Xor(Slot, Acc, Slot), I64Shl(Slot, Acc, Imm);
                I64Add(Slot, Acc, Slot), I64Load(Slot, Slot, Slot);
                I64Store(Slot, Slot, Acc), I64Load(Acc, Slot, Slot);
                BrIfI32Ne(Slot, Acc, Imm), I32Load(Slot, Slot, Slot);
                I32Load(Acc, Slot, Slot), I32Sub(Slot, Acc, Slot);
                I32Load(Slot, Slot, Slot), BrIfI32LtU(Slot, Slot, Slot);
                BrIfI32LtS(Slot, Acc, Imm), I32And(Slot, Slot, Imm);
                I32Extend8S(Slot, Acc, Slot), BrIfI32GtS(Slot, Acc, Imm);
                SelectImmSecond(Acc, Acc, Slot), I32Load8S(Slot, Acc, Slot);
                I32Add(Slot, Acc, Slot), I32Add(Slot, Slot, Imm);
                I32Add(Slot, Acc, Imm), I32Load(Slot, Slot, Slot);
                I32Xor(Acc, Slot, Imm), I32LtU(Acc, Acc, Slot);
                I32Add(Acc, Acc, Slot), I32Load(Acc, Acc, Slot);
                I32Store(Slot, Slot, Acc), I32Add(Acc, Slot, Imm);
                I32Store(Slot, Slot, Acc), Copy(Slot, Imm, Slot);
                I32Add(Slot, Slot, Imm), I32Load8U(Slot, Slot, Slot);
                I32Sub(Slot, Slot, Slot), Copy(Slot, Slot, Slot);
                I32Load(Slot, Acc, Slot), I32Load(Acc, Slot, Slot);
                I32Or(Acc, Acc, Slot), I32Store8(Slot, Slot, Acc);
                I32Add(Slot, Slot, Imm), I32Load(Acc, Slot, Slot);
                I32Store(Slot, Slot, Imm), I32Add(Slot, Slot, Imm);
                I32Store8(Slot, Slot, Imm), Copy(Slot, Slot, Slot);
                BrIfI32GeU(Slot, Acc, Imm), I32Add(Slot, Slot, Imm);
                BrIfI32LtU(Slot, Acc, Imm), I32Add(Slot, Slot, Imm);
                I32Add(Slot, Slot, Slot), Copy(Slot, Imm, Slot);
                I64Load(Acc, Imm, Slot), I64Store(Slot, Slot, Acc);
                I32Add(Slot, Acc, Slot), Copy(Slot, Imm, Slot);
                BrIfI32Ne(Slot, Slot, Imm), BrIfI32Ne(Slot, Slot, Imm);
                I32Load(Slot, Acc, Slot), Copy(Slot, Imm, Slot);
                I32Sub(Acc, Slot, Slot), I32Add(Slot, Acc, Slot);
                I32Load16U(Slot, Slot, Slot), BrIfI32Eq(Slot, Acc, Imm);
                I32Add(Slot, Acc, Slot), Copy(Slot, Slot, Slot);
                I32Add(Slot, Slot, Slot), I32Store(Slot, Slot, Acc);
                I32Add(Acc, Slot, Imm), I32Sub(Slot, Slot, Acc);
                BrIfI32And(Slot, Acc, Imm), I32Sub(Slot, Slot, Slot);
                BrIfI32Eq(Slot, Acc, Imm), I32Load16U(Slot, Slot, Slot);
                I32Mul(Acc, Slot, Imm), I32Add(Acc, Acc, Slot);
                BrIfI32Ne(Slot, Slot, Imm), Br(Slot, Slot, Slot);
                Copy(Slot, Slot, Slot), Copy(Slot, Acc, Slot);
                BrIfI32Eq(Slot, Slot, Imm), I32Store(Slot, Slot, Slot);
                I32Load(Slot, Acc, Slot), I32Add(Acc, Slot, Imm);
                BrIfI32Eq(Slot, Slot, Imm), BrIfI32Ne(Slot, Slot, Imm);
                I32Sub(Slot, Imm, Slot), BrIfI32GtS(Slot, Slot, Slot);
                Select(Slot, Acc, Slot), Copy(Slot, Acc, Slot);
                I32Add(Acc, Slot, Slot), I32Load8S(Acc, Acc, Slot);
                I32And(Acc, Slot, Imm), BrIfI32Eq(Slot, Acc, Imm);
                I64Load(Slot, Slot, Slot), I64Load(Slot, Slot, Slot);
                I64Store(Slot, Slot, Acc), Copy(Slot, Imm, Slot);
                I64And(Slot, Slot, Slot), I64Xor(Acc, Slot, Imm);
                SelectImmSecond(Slot, Acc, Slot), Br(Slot, Slot, Slot);
                I32Sub(Slot, Slot, Imm), Copy(Slot, Slot, Slot);
                I32And(Acc, Slot, Imm), Select(Slot, Acc, Slot);
                I32Add(Acc, Acc, Slot), I32Sub(Slot, Acc, Slot);
                I32Load(Acc, Acc, Slot), BrIfI32Ne(Slot, Acc, Imm);
                I32Load(Acc, Slot, Slot), BrIfI32Ne(Slot, Acc, Imm);
                I32Load8S(Acc, Acc, Slot), BrIfI32LtS(Slot, Acc, Imm);
                I64Xor(Acc, Acc, Slot), I64ShrU(Slot, Acc, Imm);
                I64Xor(Acc, Acc, Slot), I64Shl(Slot, Acc, Imm);
                Copy(Slot, Imm, Slot), I32Load8U(Acc, Slot, Slot);
                I32Add(Slot, Acc, Slot), I32Sub(Acc, Slot, Slot);
                Copy(Slot, Imm, Slot), I32Add(Acc, Slot, Slot);
                I32Sub(Acc, Slot, Imm), I32Load(Slot, Acc, Slot);
                I32Add(Acc, Slot, Slot), I32Load(Acc, Acc, Slot);
                BrIfI32Eq(Slot, Slot, Imm), I32Load(Slot, Slot, Slot);
                I32Add(Slot, Acc, Slot), I32Add(Slot, Acc, Imm);
                I32And(Slot, Slot, Imm), BrIfI32Eq(Slot, Acc, Imm);
                BrIfI32GeU(Slot, Slot, Slot), I32Add(Acc, Slot, Slot);
                I32Load8U(Acc, Acc, Slot), BrUnlessI32And(Slot, Acc, Imm);
                I32Load(Slot, Slot, Slot), I32Add(Slot, Acc, Slot);
                BrIfI32LtU(Slot, Acc, Imm), BrIfI32Eq(Slot, Slot, Imm);
                I32Add(Slot, Acc, Imm), I32Add(Acc, Slot, Imm);
                I32Add(Slot, Slot, Imm), I32Store(Slot, Acc, Imm);
                I32Add(Slot, Slot, Slot), I32Sub(Slot, Slot, Slot);
                I64Add(Slot, Acc, Slot), I64Store32(Slot, Slot, Acc);
                I32Add(Slot, Slot, Imm), I32Load8S(Slot, Slot, Slot);
                I32And(Slot, Slot, Imm), I32And(Acc, Slot, Imm);
                I32Add(Acc, Slot, Imm), I32Store(Slot, Acc, Imm);
                I32Load(Acc, Slot, Slot), BrIfI32Eq(Slot, Acc, Imm);
                I32GtS(Acc, Slot, Imm), SelectImmSecond(Slot, Acc, Slot);
                Copy(Slot, Acc, Slot), BrIfI32Eq(Slot, Acc, Imm);
                Copy(Slot, Acc, Slot), BrIfI32Eq(Slot, Slot, Imm);
                I32Shl(Slot, Imm, Slot), BrIfI32And(Slot, Acc, Imm);
                I32Shl(Acc, Imm, Slot), I32Xor(Slot, Acc, Imm);
                I32Load(Slot, Slot, Slot), BrIfI32Eq(Slot, Slot, Imm);
                I64Shl(Acc, Acc, Imm), I64Or(Slot, Acc, Slot);
                BrIfI32GtU(Slot, Slot, Slot), I32Add(Slot, Slot, Imm);
                I32Add(Acc, Acc, Slot), I32Load8U(Slot, Acc, Slot);
                BrIfI32Ne(Slot, Slot, Imm), I32Load8U(Acc, Slot, Slot);
                I32Add(Slot, Slot, Imm), I32Mul(Acc, Slot, Imm);
                I32Load8U(Acc, Acc, Slot), I32Or(Acc, Acc, Slot);
                F64Sub(Acc, Slot, Acc), F64Mul(Slot, Acc, Imm);
                I32Add(Slot, Acc, Slot), I32Add(Slot, Slot, Slot);
                BrIfI64Ne(Slot, Acc, Imm), Copy(Slot, Imm, Slot);
                SelectImms(Acc, Acc, Slot), I32Store8(Slot, Slot, Acc);
                I32Add(Slot, Acc, Slot), I32And(Slot, Slot, Imm);
                I32Store(Slot, Slot, Acc), BrIfI32LtU(Slot, Acc, Imm);
                I32LtS(Acc, Slot, Imm), SelectImms(Acc, Acc, Slot);
            }
            triples {
                Copy(Slot, Slot, Slot), Copy(Slot, Slot, Slot), Call(Slot, Slot, Slot);
                I32Add(Slot, Slot, Imm), Copy(Slot, Slot, Slot), Copy(Slot, Slot, Slot);
                I32Load8U(Acc, Slot, Slot), BrIfI32And(Slot, Acc, Imm), I32Add(Slot, Slot, Imm);
                BrIfI32And(Slot, Acc, Imm), I32Add(Slot, Slot, Imm), Copy(Slot, Slot, Slot);
                Copy(Slot, Imm, Slot), Copy(Slot, Slot, Slot), Call(Slot, Slot, Slot);
                Copy(Slot, Slot, Slot), Copy(Slot, Slot, Slot), Copy(Slot, Slot, Slot);
                Copy(Slot, Slot, Slot), Copy(Slot, Imm, Slot), Call(Slot, Slot, Slot);
                BrIfI32Ne(Slot, Acc, Imm), Copy(Slot, Imm, Slot), Br(Slot, Slot, Slot);
                I32Add(Slot, Slot, Imm), Copy(Slot, Imm, Slot), Copy(Slot, Slot, Slot);
                I32Add(Slot, Slot, Imm), Copy(Slot, Slot, Slot), Copy(Slot, Imm, Slot);
                I32Sub(Slot, Slot, Slot), I32LtU(Slot, Acc, Imm), SelectImmSecond(Slot, Acc, Slot);
                I32Load(Slot, Slot, Slot), BrIfI32Ne(Slot, Acc, Imm), Copy(Slot, Imm, Slot);
                Copy(Slot, Slot, Slot), Copy(Slot, Imm, Slot), Copy(Slot, Slot, Slot);
                SelectImmSecond(Slot, Acc, Slot), Copy(Slot, Imm, Slot), Call(Slot, Slot, Slot);
                I32LtU(Slot, Acc, Imm), SelectImmSecond(Slot, Acc, Slot), Copy(Slot, Imm, Slot);
                Copy(Slot, Imm, Slot), Copy(Slot, Slot, Slot), Copy(Slot, Imm, Slot);
                I64Xor(Acc, Slot, Imm), I64And(Acc, Acc, Slot), I64Xor(Slot, Acc, Slot);
                I32Add(Slot, Slot, Imm), I32Sub(Slot, Slot, Slot), I32LtU(Slot, Acc, Imm);
                Copy(Slot, Imm, Slot), Copy(Slot, Imm, Slot), Copy(Slot, Slot, Slot);
                I64Add(Slot, Acc, Slot), I64LtU(Acc, Slot, Slot), I64ExtendI32U(Acc, Acc, Slot);
                I64LtU(Acc, Slot, Slot), I64ExtendI32U(Acc, Acc, Slot), I64Add(Slot, Acc, Slot);
                Copy(Slot, Imm, Slot), Copy(Slot, Slot, Slot), Copy(Slot, Slot, Slot);
                Copy(Slot, Imm, Slot), Copy(Slot, Imm, Slot), Br(Slot, Slot, Slot);
                Copy(Slot, Imm, Slot), Copy(Slot, Imm, Slot), Copy(Slot, Imm, Slot);
                I64And(Acc, Acc, Slot), I64Xor(Slot, Acc, Slot), I64Xor(Slot, Acc, Slot);
                I64Xor(Slot, Acc, Slot), I64Xor(Acc, Slot, Imm), I64And(Acc, Acc, Slot);
                I32Add(Slot, Slot, Imm), Copy(Slot, Slot, Slot), Call(Slot, Slot, Slot);
                I32Add(Acc, Slot, Imm), I32Add(Acc, Acc, Imm), I64Load(Acc, Acc, Slot);
                I64Load(Acc, Acc, Slot), I64Add(Slot, Acc, Slot), I64LtU(Acc, Slot, Slot);
                I32Add(Acc, Acc, Imm), I64Load(Acc, Acc, Slot), I64Add(Slot, Acc, Slot);
                I32Load8U(Acc, Slot, Slot), BrIfI32And(Slot, Acc, Imm), Copy(Slot, Slot, Slot);
                Copy(Slot, Slot, Slot), Copy(Slot, Slot, Slot), Br(Slot, Slot, Slot);
                BrIfI32LeS(Slot, Slot, Slot), I32Add(Slot, Slot, Imm), I32Sub(Slot, Slot, Slot);
                BrIfI32And(Slot, Acc, Imm), Copy(Slot, Slot, Slot), Copy(Slot, Slot, Slot);
                I64Xor(Slot, Acc, Slot), I64Xor(Slot, Acc, Slot), I64Xor(Acc, Slot, Imm);
                I64Or(Slot, Acc, Slot), Const64(Slot, Slot, Slot), I64And(Slot, Slot, Slot);
                I64Xor(Acc, Acc, Imm), I64And(Slot, Acc, Slot), I64Xor(Acc, Slot, Slot);
                I32DivU(Slot, Slot, Imm), I32Mul(Acc, Acc, Imm), I32Sub(Acc, Slot, Acc);
                I32Mul(Acc, Acc, Imm), I32Sub(Acc, Slot, Acc), I32Or(Acc, Acc, Imm);
                I32Sub(Acc, Slot, Acc), I32Or(Acc, Acc, Imm), I32Store8(Slot, Slot, Acc);
                I64Shl(Slot, Acc, Imm), Const64(Slot, Slot, Slot), I64And(Slot, Slot, Slot);
                I32Add(Slot, Slot, Imm), I32Add(Slot, Slot, Imm), Copy(Slot, Imm, Slot);
                I32GtU(Slot, Slot, Imm), Copy(Slot, Slot, Slot), BrIfI32Ne(Slot, Slot, Imm);
                I64Load(Acc, Slot, Slot), I64Add(Slot, Acc, Slot), I64Load(Acc, Slot, Slot);
                I64Add(Slot, Acc, Slot), I64Load(Acc, Slot, Slot), I64Add(Slot, Acc, Slot);
                I64ExtendI32U(Acc, Acc, Slot), I64Add(Slot, Acc, Slot), I32Add(Acc, Slot, Imm);
                I64Add(Slot, Acc, Slot), I32Add(Acc, Slot, Imm), I32Add(Acc, Acc, Imm);
                BrIfI32Ne(Slot, Slot, Imm), Copy(Slot, Imm, Slot), Br(Slot, Slot, Slot);
                Const64(Slot, Slot, Slot), I64And(Slot, Slot, Slot), I64Xor(Acc, Acc, Imm);
                I32Load(Slot, Slot, Slot), I32Add(Acc, Acc, Imm), I32Store(Slot, Slot, Acc);
                I64ShrU(Acc, Slot, Imm), I64Or(Slot, Acc, Slot), Const64(Slot, Slot, Slot);
                I64And(Slot, Slot, Slot), I64Xor(Acc, Acc, Imm), I64And(Slot, Acc, Slot);
                I64Shl(Slot, Acc, Imm), I64ShrU(Acc, Slot, Imm), I64Or(Slot, Acc, Slot);
                Const64(Slot, Slot, Slot), I64And(Slot, Slot, Slot), I64Xor(Slot, Acc, Slot);
                I32Add(Acc, Slot, Imm), I64Load(Acc, Acc, Slot), I64Store(Slot, Slot, Acc);
                I32Add(Acc, Acc, Imm), I32Store(Slot, Slot, Acc), I32Load(Slot, Slot, Slot);
                I64Xor(Acc, Slot, Slot), I64Shl(Slot, Acc, Imm), Const64(Slot, Slot, Slot);
                I32Add(Slot, Slot, Imm), BrIfI32Ne(Slot, Slot, Slot), Copy(Slot, Slot, Slot);
                I64Xor(Slot, Acc, Slot), I64Xor(Slot, Acc, Slot), I64Xor(Acc, Slot, Slot);
                I64And(Slot, Slot, Slot), I64Xor(Slot, Acc, Slot), I64Xor(Slot, Acc, Slot);
                I32Add(Slot, Slot, Imm), I32Add(Acc, Slot, Imm), I64Load(Acc, Acc, Slot);
                I32Store8(Slot, Slot, Acc), I32Add(Slot, Slot, Imm), I32GtU(Slot, Slot, Imm);
                I32GtS(Acc, Slot, Slot), Select(Slot, Acc, Slot), Br(Slot, Slot, Slot);
                I32Load(Acc, Slot, Slot), I32Store(Slot, Acc, Slot), Br(Slot, Slot, Slot);
                BrIfI32GtU(Slot, Acc, Imm), I32Load8U(Acc, Slot, Slot), BrIfI32Ne(Slot, Acc, Imm);
                I32Add(Slot, Slot, Imm), I32GtU(Slot, Slot, Imm), Copy(Slot, Slot, Slot);
                I32Or(Acc, Acc, Imm), I32Store8(Slot, Slot, Acc), I32Add(Slot, Slot, Imm);
                BrIfI32Ne(Slot, Acc, Imm), I32Add(Slot, Slot, Imm), I32Add(Slot, Slot, Imm);
                I64Xor(Acc, Slot, Slot), I64Shl(Slot, Acc, Imm), I64ShrU(Acc, Slot, Imm);
                I32Add(Slot, Slot, Imm), I32DivU(Slot, Slot, Imm), I32Mul(Acc, Acc, Imm);
                I32Add(Acc, Slot, Imm), I32Store(Slot, Slot, Acc), I32Add(Slot, Slot, Imm);
                BrIfI32GeS(Slot, Slot, Slot), I32Add(Slot, Slot, Imm), I32Sub(Slot, Slot, Slot);
                I32Load8U(Acc, Acc, Slot), BrIfI32Eq(Slot, Acc, Imm), I32Add(Slot, Slot, Imm);
                I32Add(Acc, Slot, Slot), I32Load8U(Acc, Acc, Slot), BrIfI32Eq(Slot, Acc, Imm);
                BrIfI32Eq(Slot, Acc, Imm), I32Add(Slot, Slot, Imm), BrIfI32Ne(Slot, Slot, Slot);
                GlobalGet(Acc, Slot, Slot), I32Sub(Slot, Acc, Imm), GlobalSet(Slot, Acc, Slot);
                BrIfI32Ne(Slot, Acc, Imm), BrIfI32LeS(Slot, Slot, Slot), I32Add(Slot, Slot, Imm);
                I32Add(Slot, Acc, Imm), BrIfI32GtU(Slot, Acc, Imm), I32Load8U(Acc, Slot, Slot);
                I64Store(Slot, Slot, Acc), I32Add(Slot, Slot, Imm), I32Add(Acc, Slot, Imm);
                I64Load(Acc, Acc, Slot), I64Store(Slot, Slot, Acc), I32Add(Slot, Slot, Imm);
                Copy(Slot, Imm, Slot), Copy(Slot, Imm, Slot), Call(Slot, Slot, Slot);
                I32Load(Slot, Acc, Slot), I32Xor(Acc, Acc, Imm), I32Sub(Acc, Imm, Acc);
                I64And(Slot, Acc, Slot), I64Xor(Acc, Slot, Slot), I64Shl(Slot, Acc, Imm);
                I32Xor(Slot, Slot, Imm), BrIfI32GtS(Slot, Slot, Slot), I32Add(Slot, Slot, Slot);
                I32Add(Acc, Slot, Imm), I32Load(Slot, Acc, Slot), I32Xor(Acc, Acc, Imm);
                I64Load(Acc, Slot, Slot), I64Store(Slot, Slot, Acc), I32Add(Slot, Slot, Imm);
                Const64(Slot, Slot, Slot), I64And(Slot, Slot, Slot), I64Xor(Acc, Slot, Slot);
                I64Xor(Slot, Acc, Slot), I64Xor(Acc, Slot, Slot), I64Shl(Slot, Acc, Imm);
                BrIfI32Eq(Slot, Acc, Imm), I32Add(Slot, Slot, Imm), Copy(Slot, Slot, Slot);
                I32Store(Slot, Slot, Acc), I32Add(Slot, Slot, Imm), I32Add(Slot, Slot, Imm);
                I64ShrU(Slot, Acc, Imm), Const64(Slot, Slot, Slot), I64And(Slot, Slot, Slot);
                I32Add(Slot, Slot, Imm), Copy(Slot, Imm, Slot), Copy(Slot, Imm, Slot);
                I32Shl(Acc, Acc, Imm), I32Add(Acc, Acc, Slot), I32Add(Acc, Acc, Imm);
                I64And(Slot, Acc, Slot), I64Xor(Acc, Slot, Slot), I64ShrU(Slot, Acc, Imm);
                I32Load(Slot, Slot, Slot), BrIfI32Eq(Slot, Acc, Imm), I32Add(Slot, Slot, Imm);
                I32Add(Slot, Slot, Imm), BrIfI32Ne(Slot, Slot, Imm), Copy(Slot, Imm, Slot);
                I32Add(Slot, Slot, Imm), I32Add(Slot, Slot, Imm), Call(Slot, Slot, Slot);
                BrIfI32Ne(Slot, Acc, Imm), Copy(Slot, Slot, Slot), Copy(Slot, Slot, Slot);
                I32Shl(Acc, Slot, Imm), I32Add(Acc, Acc, Slot), I32Store(Slot, Acc, Imm);
                I32And(Slot, Slot, Imm), BrIfI32Ne(Slot, Acc, Imm), BrIfI32LeS(Slot, Slot, Slot);
                BrUnlessI32And(Slot, Slot, Imm), Copy(Slot, Imm, Slot), Copy(Slot, Imm, Slot);
                I64Load(Slot, Slot, Slot), I64Load(Acc, Slot, Slot), I64Add(Slot, Acc, Slot);
                BrIfI32Eq(Slot, Slot, Imm), I32Load8U(Acc, Slot, Slot), BrIfI32And(Slot, Acc, Imm);
                I32Load(Slot, Slot, Slot), BrIfI32LtU(Slot, Acc, Imm), Copy(Slot, Imm, Slot);
                BrIfI32Ne(Slot, Slot, Imm), I32Add(Slot, Slot, Imm), BrIfI32Ne(Slot, Slot, Imm);
                BrIfI32GtU(Slot, Slot, Imm), I32Mul(Slot, Slot, Imm), I32Add(Slot, Acc, Slot);
                I32Load(Slot, Slot, Slot), I64ExtendI32S(Acc, Slot, Slot), I64Store(Slot, Slot, Acc);
                I64ExtendI32S(Acc, Slot, Slot), I64Store(Slot, Slot, Acc), Br(Slot, Slot, Slot);
                I32Sub(Acc, Slot, Slot), I32ShrS(Acc, Acc, Imm), I32Mul(Slot, Acc, Imm);
                I32ShrS(Acc, Acc, Imm), I32Mul(Slot, Acc, Imm), I32Load(Slot, Slot, Slot);
                I32Mul(Slot, Acc, Imm), I32Load(Slot, Slot, Slot), BrIfI32LtU(Slot, Acc, Imm);
                I32Add(Slot, Slot, Imm), I32Mul(Slot, Slot, Imm), BrIfI32GeU(Slot, Slot, Slot);
                I32GtS(Acc, Acc, Imm), SelectImmSecond(Slot, Acc, Slot), I32GtS(Acc, Acc, Slot);
                SelectImmSecond(Slot, Acc, Slot), I32GtS(Acc, Acc, Slot), Select(Slot, Acc, Slot);
                I32Load(Acc, Slot, Slot), I32Add(Acc, Acc, Imm), I32Store(Slot, Slot, Acc);
                I32Sub(Acc, Imm, Acc), I32Or(Acc, Acc, Slot), I32And(Acc, Acc, Slot);
                I32Or(Acc, Acc, Slot), I32And(Acc, Acc, Slot), I32And(Acc, Acc, Imm);
                BrIfI32Ne(Slot, Slot, Imm), BrIfI32LeS(Slot, Slot, Slot), I32Add(Slot, Slot, Imm);
                I32Sub(Acc, Imm, Acc), I32Or(Slot, Acc, Slot), I32Add(Acc, Slot, Imm);
                I64GtU(Slot, Slot, Imm), I64ShrU(Slot, Slot, Imm), BrIfI32Ne(Slot, Slot, Imm);
            }
        }
    };
}
pub(crate) use for_each_fused;

macro_rules! define_fused {
    (
        pairs { $($p1:ident $s1:tt, $p2:ident $s2:tt;)* }
        triples { $($t1:ident $u1:tt, $t2:ident $u2:tt, $t3:ident $u3:tt;)* }
    ) => {
        /// The pairs of opcodes that fuse.
        const PAIRS: &[(Opcode, Opcode)] = &[
            $((opcode!($p1 $s1), opcode!($p2 $s2)),)*
        ];

        /// Each fused sequence as its sequence without the last part, and the last part.
        pub(crate) const FUSED: &[(Opcode, Opcode)] = &[
            $((opcode!($p1 $s1), opcode!($p2 $s2)),)*
            $((pair(opcode!($t1 $u1), opcode!($t2 $u2)), opcode!($t3 $u3)),)*
        ];
    };
}
macro_rules! opcode {
    ($op:ident ($d:ident, $x:ident, $y:ident)) => {
        match Opcode::new(Op::$op, Shape::new(Place::$d, Place::$x, Place::$y)) {
            Some(opcode) => opcode,
            None => panic!("a fused row names a shape that its op does not have"),
        }
    };
}
for_each_fused!(define_fused);

/// The opcode of the pair of `first` and `second`.
const fn pair(first: Opcode, second: Opcode) -> Opcode {
    let mut row = 0;
    while row < PAIRS.len() {
        if PAIRS[row].0.0 == first.0 && PAIRS[row].1.0 == second.0 {
            return Opcode::fused(row);
        }
        row += 1;
    }
    panic!("the first two parts of a fused triple are not a pair")
}

/// The rows of [`FUSED`], sorted for [`fuse`]: both opcodes as one key, and the row.
static SORTED: [(u32, u16); FUSED.len()] = {
    let mut sorted = [(0, 0); FUSED.len()];
    let mut row = 0;
    while row < FUSED.len() {
        let entry = (key(FUSED[row].0, FUSED[row].1), row as u16);
        let mut at = row;
        while at > 0 && sorted[at - 1].0 > entry.0 {
            sorted[at] = sorted[at - 1];
            at -= 1;
        }
        assert!(at == 0 || sorted[at - 1].0 != entry.0, "a fused sequence stands twice");
        sorted[at] = entry;
        row += 1;
    }
    sorted
};

const fn key(init: Opcode, last: Opcode) -> u32 {
    (init.0 as u32) << 16 | last.0 as u32
}

/// The opcode that runs `init` and then `last`, if there is one.
pub(crate) fn fuse(init: Opcode, last: Opcode) -> Option<Opcode> {
    let row = SORTED.binary_search_by_key(&key(init, last), |entry| entry.0).ok()?;
    Some(Opcode::fused(usize::from(SORTED[row].1)))
}
