//! Values at which instructions change their minds, and constants of them.

use crate::value::Value;
use arbitrary::{Result, Unstructured};
use wasm_encoder::{Ieee32, Ieee64, InstructionSink, ValType};

/// Integers; those of fewer bits are the lowest of these.
const INTEGERS: [i64; 22] = [
    0,
    1,
    -1,
    7,
    31,
    32,
    63,
    64,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    i64::MAX,
    i64::MIN,
    0x5555_5555_5555_5555,
    0x0123_4567_89ab_cdef,
];

/// Floats, to be rounded where they have 32 bits.
const FLOATS: [f64; 20] = [
    0.0,
    0.1,
    0.5,
    1.0,
    1.5,
    2.5,
    1e-45,
    1.175_494_350_822_287_5e-38,
    2.225_073_858_507_201_4e-308,
    5e-324,
    3.402_823_466_385_288_6e38,
    f64::MAX,
    f64::INFINITY,
    16_777_217.0,
    2_147_483_648.0,
    4_294_967_296.0,
    4_503_599_627_370_496.5,
    9_223_372_036_854_775_808.0,
    18_446_744_073_709_551_616.0,
    f64::NAN,
];

fn integer(u: &mut Unstructured<'_>) -> Result<i64> {
    Ok(match u.int_in_range(0..=7)? {
        0 => u.arbitrary()?,
        1 => 1_i64.wrapping_shl(u.int_in_range(0..=63)?),
        2 => u.choose(&INTEGERS)?.wrapping_neg(),
        3 => u.choose(&INTEGERS)?.wrapping_add(u.int_in_range(-2..=2)?),
        _ => *u.choose(&INTEGERS)?,
    })
}

/// The bits of a 32-bit float, of any NaN, too.
fn f32_bits(u: &mut Unstructured<'_>) -> Result<u32> {
    let sign = u32::from(u.arbitrary::<bool>()?) << 31;
    Ok(match u.int_in_range(0..=7)? {
        0 => u.arbitrary()?,
        1 => 0x7f80_0001 | sign,
        2 => (*u.choose(&FLOATS)? as f32).to_bits().wrapping_add_signed(u.int_in_range(-2..=2)?),
        _ => (*u.choose(&FLOATS)? as f32).to_bits() ^ sign,
    })
}

/// The bits of a 64-bit float, of any NaN, too.
fn f64_bits(u: &mut Unstructured<'_>) -> Result<u64> {
    let sign = u64::from(u.arbitrary::<bool>()?) << 63;
    Ok(match u.int_in_range(0..=7)? {
        0 => u.arbitrary()?,
        1 => 0x7ff0_0000_0000_0001 | sign,
        2 => u.choose(&FLOATS)?.to_bits().wrapping_add_signed(u.int_in_range(-2..=2)?),
        _ => u.choose(&FLOATS)?.to_bits() ^ sign,
    })
}

/// A vector whose lanes, of a width that the input chooses, are such values.
fn vector(u: &mut Unstructured<'_>) -> Result<u128> {
    let (kind, mut bits) = (u.int_in_range(0..=5)?, 0);
    let width = [8, 16, 32, 64, 32, 64][kind];
    for at in (0..128).step_by(width) {
        let lane = match kind {
            4 => u64::from(f32_bits(u)?),
            5 => f64_bits(u)?,
            _ => integer(u)?.cast_unsigned() & u64::MAX >> (64 - width),
        };
        bits |= u128::from(lane) << at;
    }
    Ok(bits)
}

/// A value of that type, which is no reference.
pub fn value(ty: ValType, u: &mut Unstructured<'_>) -> Result<Value> {
    Ok(match ty {
        ValType::I32 => Value::I32(integer(u)? as i32),
        ValType::I64 => Value::I64(integer(u)?),
        ValType::F32 => Value::F32(f32_bits(u)?),
        ValType::F64 => Value::F64(f64_bits(u)?),
        _ => Value::V128(vector(u)?),
    })
}

/// The instruction that gives a number or vector.
pub fn constant(put: &mut InstructionSink<'_>, value: &Value) {
    match value {
        Value::I32(value) => put.i32_const(*value),
        Value::I64(value) => put.i64_const(*value),
        Value::F32(bits) => put.f32_const(Ieee32::new(*bits)),
        Value::F64(bits) => put.f64_const(Ieee64::new(*bits)),
        Value::V128(bits) => put.v128_const(bits.cast_signed()),
        other => panic!("no constant gives {other:?}"),
    };
}
