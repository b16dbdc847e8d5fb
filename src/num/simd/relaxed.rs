//! The relaxed vector instructions, with one choice of result on every host (spec: "Relaxed
//! Operations").
//!
//! Each has the first of the results that the spec lists, that of its deterministic profile: the
//! result of its strict counterpart, and for multiply-adds that of a multiplication and an addition.

use super::access::{i8x16_swizzle, v128_bitselect};
use super::convert::{
    i32x4_trunc_sat_f32x4_s, i32x4_trunc_sat_f32x4_u, i32x4_trunc_sat_f64x2_s_zero,
    i32x4_trunc_sat_f64x2_u_zero,
};
use super::float::{
    f32x4_add, f32x4_max, f32x4_min, f32x4_mul, f32x4_neg, f64x2_add, f64x2_max, f64x2_min,
    f64x2_mul, f64x2_neg,
};
use super::int::{i16x8_q15mulr_sat_s, i32x4_add};
use super::lanes::Widen;
use super::width::i32x4_extadd_pairwise_i16x8_s;
use crate::V128;

instructions! {
    i8x16_relaxed_swizzle(a: V128, s: V128) -> V128 = i8x16_swizzle(a, s);
    i32x4_relaxed_trunc_f32x4_s(v: V128) -> V128 = i32x4_trunc_sat_f32x4_s(v);
    i32x4_relaxed_trunc_f32x4_u(v: V128) -> V128 = i32x4_trunc_sat_f32x4_u(v);
    i32x4_relaxed_trunc_f64x2_s_zero(v: V128) -> V128 = i32x4_trunc_sat_f64x2_s_zero(v);
    i32x4_relaxed_trunc_f64x2_u_zero(v: V128) -> V128 = i32x4_trunc_sat_f64x2_u_zero(v);

    f32x4_relaxed_madd(a: V128, b: V128, c: V128) -> V128 = f32x4_add(f32x4_mul(a, b), c);
    f32x4_relaxed_nmadd(a: V128, b: V128, c: V128) -> V128 = f32x4_add(f32x4_neg(f32x4_mul(a, b)), c);
    f64x2_relaxed_madd(a: V128, b: V128, c: V128) -> V128 = f64x2_add(f64x2_mul(a, b), c);
    f64x2_relaxed_nmadd(a: V128, b: V128, c: V128) -> V128 = f64x2_add(f64x2_neg(f64x2_mul(a, b)), c);

    i8x16_relaxed_laneselect(a: V128, b: V128, mask: V128) -> V128 = v128_bitselect(a, b, mask);
    i16x8_relaxed_laneselect(a: V128, b: V128, mask: V128) -> V128 = v128_bitselect(a, b, mask);
    i32x4_relaxed_laneselect(a: V128, b: V128, mask: V128) -> V128 = v128_bitselect(a, b, mask);
    i64x2_relaxed_laneselect(a: V128, b: V128, mask: V128) -> V128 = v128_bitselect(a, b, mask);

    f32x4_relaxed_min(a: V128, b: V128) -> V128 = f32x4_min(a, b);
    f32x4_relaxed_max(a: V128, b: V128) -> V128 = f32x4_max(a, b);
    f64x2_relaxed_min(a: V128, b: V128) -> V128 = f64x2_min(a, b);
    f64x2_relaxed_max(a: V128, b: V128) -> V128 = f64x2_max(a, b);

    i16x8_relaxed_q15mulr_s(a: V128, b: V128) -> V128 = i16x8_q15mulr_sat_s(a, b);
}

// Both operands are read as signed. Twice the square of the least `i8` wraps around in an `i16`.
instructions! {
    i16x8_relaxed_dot_i8x16_i7x16_s(a: V128, b: V128) -> V128 = i8::dot(a, b);
    i32x4_relaxed_dot_i8x16_i7x16_add_s(a: V128, b: V128, c: V128) -> V128 =
        i32x4_add(i32x4_extadd_pairwise_i16x8_s(i16x8_relaxed_dot_i8x16_i7x16_s(a, b)), c);
}

#[cfg(test)]
mod tests {
    use super::super::lanes::Lane;
    use super::super::samples::{f32_pairs, f64_pairs, int_pairs, signed, vector};
    use super::*;

    #[test]
    fn results_are_those_of_the_strict_instructions() {
        for (a, b) in int_pairs(16).into_iter().chain(f32_pairs()).chain(f64_pairs()) {
            assert_eq!(i8x16_relaxed_swizzle(a, b), i8x16_swizzle(a, b));
            assert_eq!(i16x8_relaxed_q15mulr_s(a, b), i16x8_q15mulr_sat_s(a, b));
            assert_eq!(i32x4_relaxed_trunc_f32x4_s(a), i32x4_trunc_sat_f32x4_s(a));
            assert_eq!(i32x4_relaxed_trunc_f32x4_u(a), i32x4_trunc_sat_f32x4_u(a));
            assert_eq!(i32x4_relaxed_trunc_f64x2_s_zero(a), i32x4_trunc_sat_f64x2_s_zero(a));
            assert_eq!(i32x4_relaxed_trunc_f64x2_u_zero(a), i32x4_trunc_sat_f64x2_u_zero(a));
            let mask = V128::from_u128(0x80ff_7f00_8000_7fff_ffff_0000_1234_5678);
            let selected = v128_bitselect(a, b, mask);
            assert_eq!(i8x16_relaxed_laneselect(a, b, mask), selected);
            assert_eq!(i16x8_relaxed_laneselect(a, b, mask), selected);
            assert_eq!(i32x4_relaxed_laneselect(a, b, mask), selected);
            assert_eq!(i64x2_relaxed_laneselect(a, b, mask), selected);
        }
        // Zeros of both signs; the NaNs of the strict instructions have their own tests.
        let (zero, minus_zero) = ((0.0_f32).splat(), (-0.0_f32).splat());
        assert_eq!(f32x4_relaxed_min(zero, minus_zero), minus_zero);
        assert_eq!(f32x4_relaxed_max(minus_zero, zero), zero);
        let (zero, minus_zero) = ((0.0_f64).splat(), (-0.0_f64).splat());
        assert_eq!(f64x2_relaxed_min(zero, minus_zero), minus_zero);
        assert_eq!(f64x2_relaxed_max(minus_zero, zero), zero);
    }

    #[test]
    fn multiply_adds_round_twice() {
        // The square of 1 + e is rounded to 1 + 2e before that is taken away: nothing is left.
        let near_one = (1.0 + f32::EPSILON).splat();
        let rounded = (1.0 + 2.0 * f32::EPSILON).splat();
        assert_eq!(f32x4_relaxed_madd(near_one, near_one, f32x4_neg(rounded)), 0.0_f32.splat());
        assert_eq!(f32x4_relaxed_nmadd(near_one, near_one, rounded), 0.0_f32.splat());
        let near_one = (1.0 + f64::EPSILON).splat();
        let rounded = (1.0 + 2.0 * f64::EPSILON).splat();
        assert_eq!(f64x2_relaxed_madd(near_one, near_one, f64x2_neg(rounded)), 0.0_f64.splat());
        assert_eq!(f64x2_relaxed_nmadd(near_one, near_one, rounded), 0.0_f64.splat());
        // An intermediate product above the greatest float is infinite.
        let (max, two) = (f32::MAX.splat(), 2.0_f32.splat());
        assert_eq!(f32x4_relaxed_madd(max, two, (-f32::MAX).splat()), f32::INFINITY.splat());
    }

    #[test]
    fn dot_products_are_signed_and_wrap() {
        let least = V128::from_i8x16([i8::MIN; 16]);
        for (a, b) in int_pairs(8).into_iter().chain([(least, least)]) {
            let (x, y) = (signed(a, 8), signed(b, 8));
            let dot = |i: usize| x[2 * i] * y[2 * i] + x[2 * i + 1] * y[2 * i + 1];
            let halves = vector(16, |i| dot(i) as u128);
            assert_eq!(i16x8_relaxed_dot_i8x16_i7x16_s(a, b), halves, "{a:?} {b:?}");
            let (halves, c) = (signed(halves, 16), signed(a, 32));
            let sums = vector(32, |i| (halves[2 * i] + halves[2 * i + 1] + c[i]) as u128);
            assert_eq!(i32x4_relaxed_dot_i8x16_i7x16_add_s(a, b, a), sums, "{a:?} {b:?}");
        }
    }
}
