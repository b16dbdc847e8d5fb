//! What the instructions on numbers and memory take and give (spec: appendix/index-instructions).

use super::kind::Kind;
use super::kind::Kind::{F32, F64, I32, I64};
use core::ops::RangeInclusive;

/// An instruction that computes a number from one, or from two of the same kind.
#[derive(Copy, Clone)]
pub(super) struct Numeric {
    pub(super) is_binary: bool,
    pub(super) operand: Kind,
    pub(super) result: Kind,
}

/// An access to memory.
#[derive(Copy, Clone)]
pub(super) struct Access {
    /// Of the value on the stack.
    pub(super) kind: Kind,
    /// The logarithm of the bytes in memory.
    pub(super) align: u8,
}

/// The opcode of the first load.
pub(super) const LOAD_FIRST: u8 = 0x28;
pub(super) const LOAD_LAST: u8 = 0x35;
pub(super) const STORE_FIRST: u8 = 0x36;
pub(super) const STORE_LAST: u8 = 0x3e;
pub(super) const NUMERIC_FIRST: u8 = 0x45;
pub(super) const NUMERIC_LAST: u8 = 0xc4;

/// The numeric instructions, from `i32.eqz` on.
static NUMERIC: [Numeric; (NUMERIC_LAST - NUMERIC_FIRST) as usize + 1] = numeric([
    // i32.eqz
    (0x45..=0x45, unary(I32, I32)),
    // i32.eq to i32.ge_u
    (0x46..=0x4f, binary(I32, I32)),
    // i64.eqz
    (0x50..=0x50, unary(I64, I32)),
    // i64.eq to i64.ge_u
    (0x51..=0x5a, binary(I64, I32)),
    // f32.eq to f32.ge
    (0x5b..=0x60, binary(F32, I32)),
    // f64.eq to f64.ge
    (0x61..=0x66, binary(F64, I32)),
    // i32.clz to i32.popcnt
    (0x67..=0x69, unary(I32, I32)),
    // i32.add to i32.rotr
    (0x6a..=0x78, binary(I32, I32)),
    // i64.clz to i64.popcnt
    (0x79..=0x7b, unary(I64, I64)),
    // i64.add to i64.rotr
    (0x7c..=0x8a, binary(I64, I64)),
    // f32.abs to f32.sqrt
    (0x8b..=0x91, unary(F32, F32)),
    // f32.add to f32.copysign
    (0x92..=0x98, binary(F32, F32)),
    // f64.abs to f64.sqrt
    (0x99..=0x9f, unary(F64, F64)),
    // f64.add to f64.copysign
    (0xa0..=0xa6, binary(F64, F64)),
    // i32.wrap_i64
    (0xa7..=0xa7, unary(I64, I32)),
    // i32.trunc_f32_s to i32.trunc_f64_u
    (0xa8..=0xa9, unary(F32, I32)),
    (0xaa..=0xab, unary(F64, I32)),
    // i64.extend_i32_s and i64.extend_i32_u
    (0xac..=0xad, unary(I32, I64)),
    // i64.trunc_f32_s to i64.trunc_f64_u
    (0xae..=0xaf, unary(F32, I64)),
    (0xb0..=0xb1, unary(F64, I64)),
    // f32.convert_i32_s to f32.convert_i64_u
    (0xb2..=0xb3, unary(I32, F32)),
    (0xb4..=0xb5, unary(I64, F32)),
    // f32.demote_f64
    (0xb6..=0xb6, unary(F64, F32)),
    // f64.convert_i32_s to f64.convert_i64_u
    (0xb7..=0xb8, unary(I32, F64)),
    (0xb9..=0xba, unary(I64, F64)),
    // f64.promote_f32
    (0xbb..=0xbb, unary(F32, F64)),
    // i32.reinterpret_f32 to f64.reinterpret_i64
    (0xbc..=0xbc, unary(F32, I32)),
    (0xbd..=0xbd, unary(F64, I64)),
    (0xbe..=0xbe, unary(I32, F32)),
    (0xbf..=0xbf, unary(I64, F64)),
    // i32.extend8_s and i32.extend16_s
    (0xc0..=0xc1, unary(I32, I32)),
    // i64.extend8_s to i64.extend32_s
    (0xc2..=0xc4, unary(I64, I64)),
]);

/// The loads, from `i32.load` on.
static LOADS: [Access; (LOAD_LAST - LOAD_FIRST) as usize + 1] = [
    access(I32, 2),
    access(I64, 3),
    access(F32, 2),
    access(F64, 3),
    // i32.load8_s to i32.load16_u
    access(I32, 0),
    access(I32, 0),
    access(I32, 1),
    access(I32, 1),
    // i64.load8_s to i64.load32_u
    access(I64, 0),
    access(I64, 0),
    access(I64, 1),
    access(I64, 1),
    access(I64, 2),
    access(I64, 2),
];

/// The stores, from `i32.store` on.
static STORES: [Access; (STORE_LAST - STORE_FIRST) as usize + 1] = [
    access(I32, 2),
    access(I64, 3),
    access(F32, 2),
    access(F64, 3),
    // i32.store8 to i64.store32
    access(I32, 0),
    access(I32, 1),
    access(I64, 0),
    access(I64, 1),
    access(I64, 2),
];

impl Numeric {
    /// The instruction with this opcode, which is that of one.
    #[inline(always)]
    pub(super) fn of(opcode: u8) -> Self {
        NUMERIC[usize::from(opcode - NUMERIC_FIRST)]
    }
}

impl Access {
    /// The load with this opcode, which is that of one.
    #[inline(always)]
    pub(super) fn load(opcode: u8) -> Self {
        LOADS[usize::from(opcode - LOAD_FIRST)]
    }

    /// The store with this opcode, which is that of one.
    #[inline(always)]
    pub(super) fn store(opcode: u8) -> Self {
        STORES[usize::from(opcode - STORE_FIRST)]
    }
}

const fn unary(operand: Kind, result: Kind) -> Numeric {
    Numeric { is_binary: false, operand, result }
}

const fn binary(operand: Kind, result: Kind) -> Numeric {
    Numeric { is_binary: true, operand, result }
}

const fn access(kind: Kind, align: u8) -> Access {
    Access { kind, align }
}

/// The table that has these rows, which follow each other.
const fn numeric<const ROWS: usize, const LEN: usize>(
    rows: [(RangeInclusive<u8>, Numeric); ROWS],
) -> [Numeric; LEN] {
    let mut table = [unary(I32, I32); LEN];
    let (mut row, mut next) = (0, 0);
    while row < ROWS {
        let (opcodes, numeric) = &rows[row];
        assert!(*opcodes.start() as usize == NUMERIC_FIRST as usize + next);
        while next <= (*opcodes.end() - NUMERIC_FIRST) as usize {
            table[next] = *numeric;
            next += 1;
        }
        row += 1;
    }
    assert!(next == LEN);
    table
}
