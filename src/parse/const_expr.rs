//! Constant expressions (spec: valid/instructions, "constant expressions"): reading them and
//! computing their values.
//!
//! Most are one instruction; those are kept without an allocation. Values are slots: two 64-bit
//! words, of which only `v128` uses the second.

use crate::Error;
use crate::types::index::{FuncIdx, GlobalIdx};
use alloc::boxed::Box;
use alloc::vec::Vec;
use wasmparser::Operator;

/// The value of a constant expression, as a global holds it: low word first.
pub(crate) type ConstValue = [u64; 2];

/// A constant expression of a valid module.
#[derive(Debug, Clone)]
pub(crate) enum ConstExpr {
    /// One instruction.
    One(ConstOp),
    /// Several, in postfix order.
    Many(Box<[ConstOp]>),
}

/// An instruction of a constant expression.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub(crate) enum ConstOp {
    Const(u64),
    V128(ConstValue),
    RefNull,
    RefFunc(FuncIdx),
    GlobalGet(GlobalIdx),
    I32Add,
    I32Sub,
    I32Mul,
    I64Add,
    I64Sub,
    I64Mul,
}

/// What a constant expression can refer to.
pub(crate) trait ConstContext {
    /// The value of a global that is already initialised.
    fn global(&mut self, global: GlobalIdx) -> ConstValue;
    /// The slot of a reference to a function.
    fn func_ref(&mut self, func: FuncIdx) -> u64;
}

impl ConstExpr {
    /// Reads an expression that the validator has accepted.
    pub(crate) fn read(expr: &wasmparser::ConstExpr<'_>) -> Result<Self, Error> {
        let mut reader = expr.get_operators_reader();
        let first = read_op(&mut reader)?;
        let second = read_op(&mut reader)?;
        let (Some(first), Some(second)) = (first, second) else {
            return Ok(Self::One(first.unwrap_or(ConstOp::RefNull)));
        };
        let mut ops = Vec::from([first, second]);
        while let Some(op) = read_op(&mut reader)? {
            ops.push(op);
        }
        Ok(Self::Many(ops.into()))
    }

    /// The value.
    pub(crate) fn eval(&self, context: &mut impl ConstContext) -> ConstValue {
        match self {
            Self::One(op) => eval_leaf(*op, context),
            Self::Many(ops) => eval_many(ops, context),
        }
    }
}

/// The next instruction, or `None` at the end.
fn read_op(reader: &mut wasmparser::OperatorsReader<'_>) -> Result<Option<ConstOp>, Error> {
    let offset = reader.original_position();
    Ok(Some(match reader.read().map_err(Error::parse)? {
        Operator::I32Const { value } => ConstOp::Const(u64::from(value.cast_unsigned())),
        Operator::I64Const { value } => ConstOp::Const(value.cast_unsigned()),
        Operator::F32Const { value } => ConstOp::Const(u64::from(value.bits())),
        Operator::F64Const { value } => ConstOp::Const(value.bits()),
        Operator::V128Const { value } => ConstOp::V128(split(value.i128().cast_unsigned())),
        Operator::RefNull { .. } => ConstOp::RefNull,
        Operator::RefFunc { function_index } => ConstOp::RefFunc(FuncIdx(function_index)),
        Operator::GlobalGet { global_index } => ConstOp::GlobalGet(GlobalIdx(global_index)),
        Operator::I32Add => ConstOp::I32Add,
        Operator::I32Sub => ConstOp::I32Sub,
        Operator::I32Mul => ConstOp::I32Mul,
        Operator::I64Add => ConstOp::I64Add,
        Operator::I64Sub => ConstOp::I64Sub,
        Operator::I64Mul => ConstOp::I64Mul,
        Operator::End => return Ok(None),
        _ => {
            let offset = usize::try_from(offset).unwrap_or(usize::MAX);
            return Err(Error::validation(
                "unsupported instruction in constant expression",
                offset,
            ));
        }
    }))
}

/// The low and high word of a vector.
fn split(bits: u128) -> ConstValue {
    [bits as u64, (bits >> 64) as u64]
}

/// The value of an instruction without operands.
fn eval_leaf(op: ConstOp, context: &mut impl ConstContext) -> ConstValue {
    match op {
        ConstOp::Const(bits) => [bits, 0],
        ConstOp::V128(words) => words,
        ConstOp::RefNull => [0, 0],
        ConstOp::RefFunc(func) => [context.func_ref(func), 0],
        ConstOp::GlobalGet(global) => context.global(global),
        ConstOp::I32Add
        | ConstOp::I32Sub
        | ConstOp::I32Mul
        | ConstOp::I64Add
        | ConstOp::I64Sub
        | ConstOp::I64Mul => unreachable!("validated: a lone instruction has no operands"),
    }
}

fn eval_many(ops: &[ConstOp], context: &mut impl ConstContext) -> ConstValue {
    let mut stack = Vec::new();
    for op in ops {
        let value = match binary_op(*op) {
            Some(compute) => {
                let rhs: ConstValue = stack.pop().expect("validated: two operands");
                let lhs: ConstValue = stack.pop().expect("validated: two operands");
                [compute(lhs[0], rhs[0]), 0]
            }
            None => eval_leaf(*op, context),
        };
        stack.push(value);
    }
    stack.pop().expect("validated: one result")
}

/// The function that a binary instruction computes, on slots.
fn binary_op(op: ConstOp) -> Option<fn(u64, u64) -> u64> {
    Some(match op {
        ConstOp::I32Add => |lhs, rhs| u64::from((lhs as u32).wrapping_add(rhs as u32)),
        ConstOp::I32Sub => |lhs, rhs| u64::from((lhs as u32).wrapping_sub(rhs as u32)),
        ConstOp::I32Mul => |lhs, rhs| u64::from((lhs as u32).wrapping_mul(rhs as u32)),
        ConstOp::I64Add => u64::wrapping_add,
        ConstOp::I64Sub => u64::wrapping_sub,
        ConstOp::I64Mul => u64::wrapping_mul,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmparser::BinaryReader;

    struct Context;

    impl ConstContext for Context {
        fn global(&mut self, global: GlobalIdx) -> ConstValue {
            [u64::from(global.0) * 100, 0]
        }

        fn func_ref(&mut self, func: FuncIdx) -> u64 {
            u64::from(func.0) + 1
        }
    }

    fn eval(bytes: &[u8]) -> ConstValue {
        let expr = wasmparser::ConstExpr::new(BinaryReader::new(bytes, 0));
        ConstExpr::read(&expr).unwrap().eval(&mut Context)
    }

    #[test]
    fn single_instructions() {
        assert_eq!(eval(&[0x41, 0x7f, 0x0b]), [0xffff_ffff, 0], "i32.const -1 is zero-extended");
        assert_eq!(eval(&[0x42, 0x7f, 0x0b]), [u64::MAX, 0]);
        assert_eq!(eval(&[0x43, 0, 0, 0x80, 0x3f, 0x0b]), [0x3f80_0000, 0]);
        assert_eq!(eval(&[0xd0, 0x70, 0x0b]), [0, 0]);
        assert_eq!(eval(&[0xd2, 6, 0x0b]), [7, 0]);
        assert_eq!(eval(&[0x23, 3, 0x0b]), [300, 0]);
        let mut vector = [1; 19];
        (vector[0], vector[1], vector[18]) = (0xfd, 12, 0x0b);
        vector[10..18].fill(2);
        assert_eq!(eval(&vector), [0x0101_0101_0101_0101, 0x0202_0202_0202_0202]);
    }

    #[test]
    fn extended_expressions() {
        // (i32.sub (global.get 1) (i32.mul (i32.const 60) (i32.const 2))) wraps to -20.
        let difference = [0x23, 1, 0x41, 60, 0x41, 2, 0x6c, 0x6b, 0x0b];
        assert_eq!(eval(&difference), [u64::from(-20_i32 as u32), 0]);
        // (i64.add (i64.const -1) (i64.const 3))
        assert_eq!(eval(&[0x42, 0x7f, 0x42, 3, 0x7c, 0x0b]), [2, 0]);
    }

    #[test]
    fn one_instruction_takes_no_allocation() {
        let expr = wasmparser::ConstExpr::new(BinaryReader::new(&[0x41, 0, 0x0b], 0));
        assert!(matches!(ConstExpr::read(&expr).unwrap(), ConstExpr::One(ConstOp::Const(0))));
    }
}
