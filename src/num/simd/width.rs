//! Instructions between lanes of different widths: extend, narrow, and the products and sums that
//! are wider than their operands.

use super::lanes::{Lane, Widen};
use crate::V128;
use crate::v128::each_lane;

instructions! {
    i16x8_extend_low_i8x16_s(v: V128) -> V128 = i8::extend_low(v);
    i16x8_extend_high_i8x16_s(v: V128) -> V128 = i8::extend_high(v);
    i16x8_extend_low_i8x16_u(v: V128) -> V128 = u8::extend_low(v);
    i16x8_extend_high_i8x16_u(v: V128) -> V128 = u8::extend_high(v);
    i32x4_extend_low_i16x8_s(v: V128) -> V128 = i16::extend_low(v);
    i32x4_extend_high_i16x8_s(v: V128) -> V128 = i16::extend_high(v);
    i32x4_extend_low_i16x8_u(v: V128) -> V128 = u16::extend_low(v);
    i32x4_extend_high_i16x8_u(v: V128) -> V128 = u16::extend_high(v);
    i64x2_extend_low_i32x4_s(v: V128) -> V128 = i32::extend_low(v);
    i64x2_extend_high_i32x4_s(v: V128) -> V128 = i32::extend_high(v);
    i64x2_extend_low_i32x4_u(v: V128) -> V128 = u32::extend_low(v);
    i64x2_extend_high_i32x4_u(v: V128) -> V128 = u32::extend_high(v);
}

// The product of two extended lanes always fits the wide lane.
instructions! {
    i16x8_extmul_low_i8x16_s(a: V128, b: V128) -> V128 =
        i16::zip(i8::extend_low(a), i8::extend_low(b), i16::wrapping_mul);
    i16x8_extmul_high_i8x16_s(a: V128, b: V128) -> V128 =
        i16::zip(i8::extend_high(a), i8::extend_high(b), i16::wrapping_mul);
    i16x8_extmul_low_i8x16_u(a: V128, b: V128) -> V128 =
        u16::zip(u8::extend_low(a), u8::extend_low(b), u16::wrapping_mul);
    i16x8_extmul_high_i8x16_u(a: V128, b: V128) -> V128 =
        u16::zip(u8::extend_high(a), u8::extend_high(b), u16::wrapping_mul);
    i32x4_extmul_low_i16x8_s(a: V128, b: V128) -> V128 =
        i32::zip(i16::extend_low(a), i16::extend_low(b), i32::wrapping_mul);
    i32x4_extmul_high_i16x8_s(a: V128, b: V128) -> V128 =
        i32::zip(i16::extend_high(a), i16::extend_high(b), i32::wrapping_mul);
    i32x4_extmul_low_i16x8_u(a: V128, b: V128) -> V128 =
        u32::zip(u16::extend_low(a), u16::extend_low(b), u32::wrapping_mul);
    i32x4_extmul_high_i16x8_u(a: V128, b: V128) -> V128 =
        u32::zip(u16::extend_high(a), u16::extend_high(b), u32::wrapping_mul);
    i64x2_extmul_low_i32x4_s(a: V128, b: V128) -> V128 =
        i64::zip(i32::extend_low(a), i32::extend_low(b), i64::wrapping_mul);
    i64x2_extmul_high_i32x4_s(a: V128, b: V128) -> V128 =
        i64::zip(i32::extend_high(a), i32::extend_high(b), i64::wrapping_mul);
    i64x2_extmul_low_i32x4_u(a: V128, b: V128) -> V128 =
        u64::zip(u32::extend_low(a), u32::extend_low(b), u64::wrapping_mul);
    i64x2_extmul_high_i32x4_u(a: V128, b: V128) -> V128 =
        u64::zip(u32::extend_high(a), u32::extend_high(b), u64::wrapping_mul);
}

instructions! {
    i16x8_extadd_pairwise_i8x16_s(v: V128) -> V128 = i8::pairwise_sum(v);
    i16x8_extadd_pairwise_i8x16_u(v: V128) -> V128 = u8::pairwise_sum(v);
    i32x4_extadd_pairwise_i16x8_s(v: V128) -> V128 = i16::pairwise_sum(v);
    i32x4_extadd_pairwise_i16x8_u(v: V128) -> V128 = u16::pairwise_sum(v);
    // Twice the square of the least `i16` wraps around.
    i32x4_dot_i16x8_s(a: V128, b: V128) -> V128 = i16::dot(a, b);
}

instructions! {
    i8x16_narrow_i16x8_s(a: V128, b: V128) -> V128 =
        V128::from_i8x16(narrow(a.to_i16x8(), b.to_i16x8(), |lane| lane.clamp(-0x80, 0x7f) as i8));
    i8x16_narrow_i16x8_u(a: V128, b: V128) -> V128 =
        V128::from_u8x16(narrow(a.to_i16x8(), b.to_i16x8(), |lane| lane.clamp(0, 0xff) as u8));
    i16x8_narrow_i32x4_s(a: V128, b: V128) -> V128 =
        V128::from_i16x8(narrow(a.to_i32x4(), b.to_i32x4(), |lane| lane.clamp(-0x8000, 0x7fff) as i16));
    i16x8_narrow_i32x4_u(a: V128, b: V128) -> V128 =
        V128::from_u16x8(narrow(a.to_i32x4(), b.to_i32x4(), |lane| lane.clamp(0, 0xffff) as u16));
}

/// The lanes of `low` and then those of `high`, each made narrow.
#[inline(always)]
fn narrow<W: Copy, N: Copy + Default, const HALF: usize, const ALL: usize>(
    low: [W; HALF],
    high: [W; HALF],
    saturate: impl Fn(W) -> N,
) -> [N; ALL] {
    each_lane(|i| saturate(if i < HALF { low[i] } else { high[i - HALF] }))
}

#[cfg(test)]
mod tests {
    //! Every instruction is compared with its formula on unbounded integers.

    use super::super::samples::{int_pairs, signed, unsigned, vector};
    use super::*;

    /// One row a pair of shapes: how lanes are read, narrow and wide width, and the instructions.
    macro_rules! check {
        ($( $read:ident, $narrow:literal, $wide:literal: $low:ident $high:ident $mul_low:ident $mul_high:ident; )+) => {
            $( for (a, b) in int_pairs($narrow) {
                let (x, y, half) = ($read(a, $narrow), $read(b, $narrow), 128 / $wide);
                assert_eq!($low(a), vector($wide, |i| x[i] as u128), "{a:?}");
                assert_eq!($high(a), vector($wide, |i| x[half + i] as u128), "{a:?}");
                assert_eq!($mul_low(a, b), vector($wide, |i| (x[i] * y[i]) as u128), "{a:?} {b:?}");
                assert_eq!($mul_high(a, b), vector($wide, |i| (x[half + i] * y[half + i]) as u128), "{a:?} {b:?}");
            } )+
        };
    }

    #[test]
    fn extensions_and_extended_products() {
        check! {
            signed, 8, 16: i16x8_extend_low_i8x16_s i16x8_extend_high_i8x16_s
                i16x8_extmul_low_i8x16_s i16x8_extmul_high_i8x16_s;
            unsigned, 8, 16: i16x8_extend_low_i8x16_u i16x8_extend_high_i8x16_u
                i16x8_extmul_low_i8x16_u i16x8_extmul_high_i8x16_u;
            signed, 16, 32: i32x4_extend_low_i16x8_s i32x4_extend_high_i16x8_s
                i32x4_extmul_low_i16x8_s i32x4_extmul_high_i16x8_s;
            unsigned, 16, 32: i32x4_extend_low_i16x8_u i32x4_extend_high_i16x8_u
                i32x4_extmul_low_i16x8_u i32x4_extmul_high_i16x8_u;
            signed, 32, 64: i64x2_extend_low_i32x4_s i64x2_extend_high_i32x4_s
                i64x2_extmul_low_i32x4_s i64x2_extmul_high_i32x4_s;
            unsigned, 32, 64: i64x2_extend_low_i32x4_u i64x2_extend_high_i32x4_u
                i64x2_extmul_low_i32x4_u i64x2_extmul_high_i32x4_u;
        }
    }

    /// One row an instruction: how lanes are read, narrow and wide width, and its name.
    macro_rules! check_pairwise {
        ($( $read:ident, $narrow:literal, $wide:literal: $name:ident; )+) => {
            $( for (a, _) in int_pairs($narrow) {
                let x = $read(a, $narrow);
                assert_eq!($name(a), vector($wide, |i| (x[2 * i] + x[2 * i + 1]) as u128), "{a:?}");
            } )+
        };
    }

    #[test]
    fn pairwise_sums_and_products() {
        check_pairwise! {
            signed, 8, 16: i16x8_extadd_pairwise_i8x16_s;
            unsigned, 8, 16: i16x8_extadd_pairwise_i8x16_u;
            signed, 16, 32: i32x4_extadd_pairwise_i16x8_s;
            unsigned, 16, 32: i32x4_extadd_pairwise_i16x8_u;
        }
        let least = V128::from_i16x8([i16::MIN; 8]);
        for (a, b) in int_pairs(16).into_iter().chain([(least, least)]) {
            let (x, y) = (signed(a, 16), signed(b, 16));
            let expected =
                vector(32, |i| (x[2 * i] * y[2 * i] + x[2 * i + 1] * y[2 * i + 1]) as u128);
            assert_eq!(i32x4_dot_i16x8_s(a, b), expected, "{a:?} {b:?}");
        }
    }

    /// One row an instruction: wide and narrow width, its name, and the bounds of the narrow lanes.
    macro_rules! check_narrow {
        ($( $wide:literal, $narrow:literal: $name:ident $least:literal $greatest:literal; )+) => {
            $( for (a, b) in int_pairs($wide) {
                let lanes = [signed(a, $wide), signed(b, $wide)].concat();
                let expected = vector($narrow, |i| lanes[i].clamp($least, $greatest) as u128);
                assert_eq!($name(a, b), expected, "{a:?} {b:?}");
            } )+
        };
    }

    #[test]
    fn narrowing_reads_signed_lanes_and_saturates() {
        check_narrow! {
            16, 8: i8x16_narrow_i16x8_s -0x80 0x7f;
            16, 8: i8x16_narrow_i16x8_u 0 0xff;
            32, 16: i16x8_narrow_i32x4_s -0x8000 0x7fff;
            32, 16: i16x8_narrow_i32x4_u 0 0xffff;
        }
    }
}
