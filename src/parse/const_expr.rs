//! Constant expressions (spec: valid/instructions, "constant expressions"): reading them and
//! computing their values.
//!
//! Most are one instruction; those are kept without an allocation. Values are slots: two 64-bit
//! words, of which only `v128` uses the second.

use crate::types::index::{FuncIdx, GlobalIdx};
use crate::types::{CompositeType, SubType, TypeId};
use crate::{Error, I31, Trap};
use alloc::boxed::Box;
use alloc::sync::Arc;
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
    RefI31,
    /// `struct.new` and its number of fields.
    StructNew(TypeId, u32),
    StructNewDefault(TypeId),
    ArrayNew(TypeId),
    ArrayNewDefault(TypeId),
    ArrayNewFixed(TypeId, u32),
}

/// What a constant expression can refer to.
pub(crate) trait ConstContext {
    /// The value of a global that is already initialised.
    fn global(&mut self, global: GlobalIdx) -> ConstValue;
    /// The slot of a reference to a function.
    fn func_ref(&mut self, func: FuncIdx) -> u64;
    /// A new object of the type `ty`, an array of `len` elements or a structure. The values are
    /// those that are alive.
    fn object(&mut self, ty: TypeId, len: u32, alive: &[ConstValue]) -> Result<u64, Trap>;
    /// Sets a field or an element of an object of the type `ty`.
    fn set_part(&mut self, ty: TypeId, object: u64, index: usize, value: ConstValue);
}

impl ConstExpr {
    /// Reads an expression that the validator has accepted.
    ///
    /// It is of a module with these types.
    pub(crate) fn read(
        expr: &wasmparser::ConstExpr<'_>,
        types: &ModuleTypes<'_>,
    ) -> Result<Self, Error> {
        let mut reader = expr.get_operators_reader();
        let first = read_op(&mut reader, types)?;
        let second = read_op(&mut reader, types)?;
        let (first, second) = match (first, second) {
            (Some(first), Some(second)) => (first, second),
            (Some(first), None) => return Ok(Self::One(first)),
            (None, _) => unreachable!("validated: an expression has a value"),
        };
        let mut ops = Vec::from([first, second]);
        while let Some(op) = read_op(&mut reader, types)? {
            ops.push(op);
        }
        Ok(Self::Many(ops.into()))
    }

    /// The value.
    ///
    /// # Errors
    ///
    /// If there is no memory for an object.
    pub(crate) fn eval(&self, context: &mut impl ConstContext) -> Result<ConstValue, Trap> {
        match self {
            Self::One(op) => eval_op(*op, &mut Vec::new(), context),
            Self::Many(ops) => eval_many(ops, context),
        }
    }
}

/// The types of a module, by index: their ids and what they are.
pub(crate) struct ModuleTypes<'a> {
    pub(crate) ids: &'a [TypeId],
    pub(crate) defined: &'a [Arc<SubType>],
}

impl ModuleTypes<'_> {
    fn id(&self, index: u32) -> TypeId {
        self.ids[index as usize]
    }

    fn fields(&self, index: u32) -> u32 {
        match &self.defined[index as usize].composite {
            CompositeType::Struct(fields) => fields.len() as u32,
            _ => 0,
        }
    }
}

/// The next instruction, or `None` at the end. Conversions between host values and others change
/// nothing and are left out.
fn read_op(
    reader: &mut wasmparser::OperatorsReader<'_>,
    types: &ModuleTypes<'_>,
) -> Result<Option<ConstOp>, Error> {
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
        Operator::RefI31 => ConstOp::RefI31,
        Operator::StructNew { struct_type_index: ty } => {
            ConstOp::StructNew(types.id(ty), types.fields(ty))
        }
        Operator::StructNewDefault { struct_type_index: ty } => {
            ConstOp::StructNewDefault(types.id(ty))
        }
        Operator::ArrayNew { array_type_index: ty } => ConstOp::ArrayNew(types.id(ty)),
        Operator::ArrayNewDefault { array_type_index: ty } => {
            ConstOp::ArrayNewDefault(types.id(ty))
        }
        Operator::ArrayNewFixed { array_type_index: ty, array_size } => {
            ConstOp::ArrayNewFixed(types.id(ty), array_size)
        }
        Operator::AnyConvertExtern | Operator::ExternConvertAny => return read_op(reader, types),
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

fn eval_many(ops: &[ConstOp], context: &mut impl ConstContext) -> Result<ConstValue, Trap> {
    let mut stack = Vec::new();
    for op in ops {
        let value = eval_op(*op, &mut stack, context)?;
        stack.push(value);
    }
    Ok(pop(&mut stack))
}

fn pop(stack: &mut Vec<ConstValue>) -> ConstValue {
    stack.pop().expect("validated: the operand is there")
}

/// The value of an instruction that takes its operands from `stack`.
fn eval_op(
    op: ConstOp,
    stack: &mut Vec<ConstValue>,
    context: &mut impl ConstContext,
) -> Result<ConstValue, Trap> {
    if let Some(compute) = binary_op(op) {
        let ([rhs, _], [lhs, _]) = (pop(stack), pop(stack));
        return Ok([compute(lhs, rhs), 0]);
    }
    Ok(match op {
        ConstOp::Const(bits) => [bits, 0],
        ConstOp::V128(words) => words,
        ConstOp::RefNull => [0, 0],
        ConstOp::RefFunc(func) => [context.func_ref(func), 0],
        ConstOp::GlobalGet(global) => context.global(global),
        ConstOp::RefI31 => [I31::wrapping_u32(pop(stack)[0] as u32).slot(), 0],
        ConstOp::StructNew(ty, count) => [eval_parts(ty, 0, count, stack, context)?, 0],
        ConstOp::ArrayNewFixed(ty, count) => [eval_parts(ty, count, count, stack, context)?, 0],
        ConstOp::StructNewDefault(ty) => [context.object(ty, 0, stack)?, 0],
        ConstOp::ArrayNewDefault(ty) => {
            let [len, _] = pop(stack);
            [context.object(ty, len as u32, stack)?, 0]
        }
        ConstOp::ArrayNew(ty) => {
            let [len, _] = pop(stack);
            let object = context.object(ty, len as u32, stack)?;
            let element = pop(stack);
            (0..len as u32 as usize).for_each(|at| context.set_part(ty, object, at, element));
            [object, 0]
        }
        ConstOp::I32Add
        | ConstOp::I32Sub
        | ConstOp::I32Mul
        | ConstOp::I64Add
        | ConstOp::I64Sub
        | ConstOp::I64Mul => unreachable!("binary"),
    })
}

/// A new object whose first `count` parts are the topmost values, which it pops.
fn eval_parts(
    ty: TypeId,
    len: u32,
    count: u32,
    stack: &mut Vec<ConstValue>,
    context: &mut impl ConstContext,
) -> Result<u64, Trap> {
    let object = context.object(ty, len, stack)?;
    let first = stack.len() - count as usize;
    for (index, value) in stack.drain(first..).enumerate() {
        context.set_part(ty, object, index, value);
    }
    Ok(object)
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

        fn object(&mut self, _: TypeId, _: u32, _: &[ConstValue]) -> Result<u64, Trap> {
            Err(Trap::AllocationTooLarge)
        }

        fn set_part(&mut self, _: TypeId, _: u64, _: usize, _: ConstValue) {}
    }

    fn read(bytes: &[u8]) -> ConstExpr {
        let expr = wasmparser::ConstExpr::new(BinaryReader::new(bytes, 0));
        let types = ModuleTypes { ids: &[TypeId(3)], defined: &[] };
        ConstExpr::read(&expr, &types).unwrap()
    }

    fn eval(bytes: &[u8]) -> ConstValue {
        read(bytes).eval(&mut Context).unwrap()
    }

    #[test]
    fn single_instructions() {
        assert_eq!(eval(&[0x41, 0x7f, 0x0b]), [0xffff_ffff, 0], "i32.const -1 is zero-extended");
        assert_eq!(eval(&[0x42, 0x7f, 0x0b]), [u64::MAX, 0]);
        assert_eq!(eval(&[0x43, 0, 0, 0x80, 0x3f, 0x0b]), [0x3f80_0000, 0]);
        assert_eq!(eval(&[0xd0, 0x70, 0x0b]), [0, 0]);
        assert_eq!(eval(&[0xd2, 6, 0x0b]), [7, 0]);
        assert_eq!(eval(&[0x41, 5, 0xfb, 0x1c, 0x0b]), [11, 0], "ref.i31");
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
    fn objects_that_cannot_be_made_are_traps() {
        // (array.new_default 0 (i32.const 1))
        let default = read(&[0x41, 1, 0xfb, 7, 0, 0x0b]);
        assert_eq!(default.eval(&mut Context), Err(Trap::AllocationTooLarge));
    }

    #[test]
    fn one_instruction_takes_no_allocation() {
        assert!(matches!(read(&[0x41, 0, 0x0b]), ConstExpr::One(ConstOp::Const(0))));
    }
}
