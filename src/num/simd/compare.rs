//! Comparisons lane by lane (spec: "Vector Instructions", `vrelop`): lanes of all ones or zeros.

use super::lanes::Lane;
use crate::V128;

instructions! {
    i8x16_eq(a: V128, b: V128) -> V128 = i8::compare(a, b, |a, b| a == b);
    i8x16_ne(a: V128, b: V128) -> V128 = i8::compare(a, b, |a, b| a != b);
    i8x16_lt_s(a: V128, b: V128) -> V128 = i8::compare(a, b, |a, b| a < b);
    i8x16_lt_u(a: V128, b: V128) -> V128 = u8::compare(a, b, |a, b| a < b);
    i8x16_gt_s(a: V128, b: V128) -> V128 = i8::compare(a, b, |a, b| a > b);
    i8x16_gt_u(a: V128, b: V128) -> V128 = u8::compare(a, b, |a, b| a > b);
    i8x16_le_s(a: V128, b: V128) -> V128 = i8::compare(a, b, |a, b| a <= b);
    i8x16_le_u(a: V128, b: V128) -> V128 = u8::compare(a, b, |a, b| a <= b);
    i8x16_ge_s(a: V128, b: V128) -> V128 = i8::compare(a, b, |a, b| a >= b);
    i8x16_ge_u(a: V128, b: V128) -> V128 = u8::compare(a, b, |a, b| a >= b);

    i16x8_eq(a: V128, b: V128) -> V128 = i16::compare(a, b, |a, b| a == b);
    i16x8_ne(a: V128, b: V128) -> V128 = i16::compare(a, b, |a, b| a != b);
    i16x8_lt_s(a: V128, b: V128) -> V128 = i16::compare(a, b, |a, b| a < b);
    i16x8_lt_u(a: V128, b: V128) -> V128 = u16::compare(a, b, |a, b| a < b);
    i16x8_gt_s(a: V128, b: V128) -> V128 = i16::compare(a, b, |a, b| a > b);
    i16x8_gt_u(a: V128, b: V128) -> V128 = u16::compare(a, b, |a, b| a > b);
    i16x8_le_s(a: V128, b: V128) -> V128 = i16::compare(a, b, |a, b| a <= b);
    i16x8_le_u(a: V128, b: V128) -> V128 = u16::compare(a, b, |a, b| a <= b);
    i16x8_ge_s(a: V128, b: V128) -> V128 = i16::compare(a, b, |a, b| a >= b);
    i16x8_ge_u(a: V128, b: V128) -> V128 = u16::compare(a, b, |a, b| a >= b);

    i32x4_eq(a: V128, b: V128) -> V128 = i32::compare(a, b, |a, b| a == b);
    i32x4_ne(a: V128, b: V128) -> V128 = i32::compare(a, b, |a, b| a != b);
    i32x4_lt_s(a: V128, b: V128) -> V128 = i32::compare(a, b, |a, b| a < b);
    i32x4_lt_u(a: V128, b: V128) -> V128 = u32::compare(a, b, |a, b| a < b);
    i32x4_gt_s(a: V128, b: V128) -> V128 = i32::compare(a, b, |a, b| a > b);
    i32x4_gt_u(a: V128, b: V128) -> V128 = u32::compare(a, b, |a, b| a > b);
    i32x4_le_s(a: V128, b: V128) -> V128 = i32::compare(a, b, |a, b| a <= b);
    i32x4_le_u(a: V128, b: V128) -> V128 = u32::compare(a, b, |a, b| a <= b);
    i32x4_ge_s(a: V128, b: V128) -> V128 = i32::compare(a, b, |a, b| a >= b);
    i32x4_ge_u(a: V128, b: V128) -> V128 = u32::compare(a, b, |a, b| a >= b);

    i64x2_eq(a: V128, b: V128) -> V128 = i64::compare(a, b, |a, b| a == b);
    i64x2_ne(a: V128, b: V128) -> V128 = i64::compare(a, b, |a, b| a != b);
    i64x2_lt_s(a: V128, b: V128) -> V128 = i64::compare(a, b, |a, b| a < b);
    i64x2_gt_s(a: V128, b: V128) -> V128 = i64::compare(a, b, |a, b| a > b);
    i64x2_le_s(a: V128, b: V128) -> V128 = i64::compare(a, b, |a, b| a <= b);
    i64x2_ge_s(a: V128, b: V128) -> V128 = i64::compare(a, b, |a, b| a >= b);

    f32x4_eq(a: V128, b: V128) -> V128 = f32::compare(a, b, |a, b| a == b);
    f32x4_ne(a: V128, b: V128) -> V128 = f32::compare(a, b, |a, b| a != b);
    f32x4_lt(a: V128, b: V128) -> V128 = f32::compare(a, b, |a, b| a < b);
    f32x4_gt(a: V128, b: V128) -> V128 = f32::compare(a, b, |a, b| a > b);
    f32x4_le(a: V128, b: V128) -> V128 = f32::compare(a, b, |a, b| a <= b);
    f32x4_ge(a: V128, b: V128) -> V128 = f32::compare(a, b, |a, b| a >= b);

    f64x2_eq(a: V128, b: V128) -> V128 = f64::compare(a, b, |a, b| a == b);
    f64x2_ne(a: V128, b: V128) -> V128 = f64::compare(a, b, |a, b| a != b);
    f64x2_lt(a: V128, b: V128) -> V128 = f64::compare(a, b, |a, b| a < b);
    f64x2_gt(a: V128, b: V128) -> V128 = f64::compare(a, b, |a, b| a > b);
    f64x2_le(a: V128, b: V128) -> V128 = f64::compare(a, b, |a, b| a <= b);
    f64x2_ge(a: V128, b: V128) -> V128 = f64::compare(a, b, |a, b| a >= b);
}

#[cfg(test)]
mod tests {
    use super::super::samples::{f32_pairs, f64_pairs, int_pairs, signed, unsigned, vector};
    use super::*;

    /// One row a shape: operands, how lanes are read, lane width, and the six comparisons.
    macro_rules! check {
        ($( $pairs:expr, $read:expr, $bits:literal: $eq:ident $ne:ident $lt:ident $gt:ident $le:ident $ge:ident; )+) => {
            $( for (a, b) in $pairs {
                let (x, y) = ($read(a), $read(b));
                assert_eq!($eq(a, b), vector($bits, |i| mask(x[i] == y[i])), "{a:?} {b:?}");
                assert_eq!($ne(a, b), vector($bits, |i| mask(x[i] != y[i])), "{a:?} {b:?}");
                assert_eq!($lt(a, b), vector($bits, |i| mask(x[i] < y[i])), "{a:?} {b:?}");
                assert_eq!($gt(a, b), vector($bits, |i| mask(x[i] > y[i])), "{a:?} {b:?}");
                assert_eq!($le(a, b), vector($bits, |i| mask(x[i] <= y[i])), "{a:?} {b:?}");
                assert_eq!($ge(a, b), vector($bits, |i| mask(x[i] >= y[i])), "{a:?} {b:?}");
            } )+
        };
    }

    fn mask(holds: bool) -> u128 {
        if holds { u128::MAX } else { 0 }
    }

    #[test]
    fn comparisons_agree_with_those_of_lanes() {
        check! {
            int_pairs(8),  |v| signed(v, 8),    8:  i8x16_eq i8x16_ne i8x16_lt_s i8x16_gt_s i8x16_le_s i8x16_ge_s;
            int_pairs(8),  |v| unsigned(v, 8),  8:  i8x16_eq i8x16_ne i8x16_lt_u i8x16_gt_u i8x16_le_u i8x16_ge_u;
            int_pairs(16), |v| signed(v, 16),   16: i16x8_eq i16x8_ne i16x8_lt_s i16x8_gt_s i16x8_le_s i16x8_ge_s;
            int_pairs(16), |v| unsigned(v, 16), 16: i16x8_eq i16x8_ne i16x8_lt_u i16x8_gt_u i16x8_le_u i16x8_ge_u;
            int_pairs(32), |v| signed(v, 32),   32: i32x4_eq i32x4_ne i32x4_lt_s i32x4_gt_s i32x4_le_s i32x4_ge_s;
            int_pairs(32), |v| unsigned(v, 32), 32: i32x4_eq i32x4_ne i32x4_lt_u i32x4_gt_u i32x4_le_u i32x4_ge_u;
            int_pairs(64), |v| signed(v, 64),   64: i64x2_eq i64x2_ne i64x2_lt_s i64x2_gt_s i64x2_le_s i64x2_ge_s;
            f32_pairs(),   V128::to_f32x4,      32: f32x4_eq f32x4_ne f32x4_lt f32x4_gt f32x4_le f32x4_ge;
            f64_pairs(),   V128::to_f64x2,      64: f64x2_eq f64x2_ne f64x2_lt f64x2_gt f64x2_le f64x2_ge;
        }
    }
}
