//! Float instructions on `f32` and `f64` (spec: Execution, "Floating-Point Operations").
//!
//! `abs`, `neg` and `copysign` touch the sign bit and nothing else, NaN or not. All other results
//! that are NaN are quiet. The minimum and maximum of NaN-free operands, signed zeros included, are
//! here once for scalars and lanes.

use core::ops::{Add, BitAnd, BitOr};

use super::rounding::Rounding;
use super::sqrt::{sqrt_f32, sqrt_f64};

/// What `f32` and `f64` have in common beyond the operators.
pub(super) trait Float: Copy + PartialOrd + Add<Output = Self> {
    type Bits: Copy + BitAnd<Output = Self::Bits> + BitOr<Output = Self::Bits>;

    fn bits(self) -> Self::Bits;
    fn of_bits(bits: Self::Bits) -> Self;
}

/// One row a float type and that of its bits.
macro_rules! floats {
    ($( $float:ident, $bits:ident; )+) => {
        $(
            impl Float for $float {
                type Bits = $bits;

                #[inline(always)]
                fn bits(self) -> $bits {
                    self.to_bits()
                }

                #[inline(always)]
                fn of_bits(bits: $bits) -> Self {
                    Self::from_bits(bits)
                }
            }
        )+
    };
}

floats! {
    f32, u32;
    f64, u64;
}

/// `fmin`: NaN if an operand is, and `-0.0` below `0.0`.
///
/// Both selections agree unless the operands compare equal or unordered; equal operands differ at
/// most in the sign of zero, which the union of their bits decides. No branch, so lanes vectorise.
#[inline(always)]
pub(super) fn minimum<F: Float>(a: F, b: F) -> F {
    let left = if a < b { a } else { b };
    let right = if b < a { b } else { a };
    either_nan(a, b, F::of_bits(left.bits() | right.bits()))
}

/// `fmax`: NaN if an operand is, and `0.0` above `-0.0`; see [`minimum`].
#[inline(always)]
pub(super) fn maximum<F: Float>(a: F, b: F) -> F {
    let left = if a > b { a } else { b };
    let right = if b > a { b } else { a };
    either_nan(a, b, F::of_bits(left.bits() & right.bits()))
}

/// The arithmetic NaN that follows from the operands if one of them is NaN, else `ordered`.
#[inline(always)]
fn either_nan<F: Float>(a: F, b: F, ordered: F) -> F {
    if a.partial_cmp(&b).is_none() { a + b } else { ordered }
}

instructions! {
    f32_abs(a: f32) -> f32 = a.abs();
    f32_neg(a: f32) -> f32 = -a;
    f32_ceil(a: f32) -> f32 = a.round_up();
    f32_floor(a: f32) -> f32 = a.round_down();
    f32_trunc(a: f32) -> f32 = a.round_to_zero();
    f32_nearest(a: f32) -> f32 = a.round_to_even();
    f32_sqrt(a: f32) -> f32 = sqrt_f32(a);

    f32_add(a: f32, b: f32) -> f32 = a + b;
    f32_sub(a: f32, b: f32) -> f32 = a - b;
    f32_mul(a: f32, b: f32) -> f32 = a * b;
    f32_div(a: f32, b: f32) -> f32 = a / b;
    f32_min(a: f32, b: f32) -> f32 = minimum(a, b);
    f32_max(a: f32, b: f32) -> f32 = maximum(a, b);
    f32_copysign(a: f32, b: f32) -> f32 = a.copysign(b);

    f32_eq(a: f32, b: f32) -> bool = a == b;
    f32_ne(a: f32, b: f32) -> bool = a != b;
    f32_lt(a: f32, b: f32) -> bool = a < b;
    f32_gt(a: f32, b: f32) -> bool = a > b;
    f32_le(a: f32, b: f32) -> bool = a <= b;
    f32_ge(a: f32, b: f32) -> bool = a >= b;
}

instructions! {
    f64_abs(a: f64) -> f64 = a.abs();
    f64_neg(a: f64) -> f64 = -a;
    f64_ceil(a: f64) -> f64 = a.round_up();
    f64_floor(a: f64) -> f64 = a.round_down();
    f64_trunc(a: f64) -> f64 = a.round_to_zero();
    f64_nearest(a: f64) -> f64 = a.round_to_even();
    f64_sqrt(a: f64) -> f64 = sqrt_f64(a);

    f64_add(a: f64, b: f64) -> f64 = a + b;
    f64_sub(a: f64, b: f64) -> f64 = a - b;
    f64_mul(a: f64, b: f64) -> f64 = a * b;
    f64_div(a: f64, b: f64) -> f64 = a / b;
    f64_min(a: f64, b: f64) -> f64 = minimum(a, b);
    f64_max(a: f64, b: f64) -> f64 = maximum(a, b);
    f64_copysign(a: f64, b: f64) -> f64 = a.copysign(b);

    f64_eq(a: f64, b: f64) -> bool = a == b;
    f64_ne(a: f64, b: f64) -> bool = a != b;
    f64_lt(a: f64, b: f64) -> bool = a < b;
    f64_gt(a: f64, b: f64) -> bool = a > b;
    f64_le(a: f64, b: f64) -> bool = a <= b;
    f64_ge(a: f64, b: f64) -> bool = a >= b;
}

#[cfg(test)]
mod tests {
    //! `f32` results are compared with the same operation in `f64`, rounded once more, which is
    //! exact for these operations; minimum and rounding are compared with the standard library and
    //! with the spec's case distinctions.

    extern crate std;

    use super::*;

    const F32_EDGES: [u32; 30] = [
        0,
        1,
        0x007f_ffff,
        0x0080_0000,
        0x3eff_ffff,
        0x3f00_0000,
        0x3f00_0001,
        0x3f7f_ffff,
        0x3f80_0000,
        0x3f80_0001,
        0x3fc0_0000,
        0x4020_0000,
        0x4049_0fdb,
        0x4afe_ffff,
        0x4aff_ffff,
        0x4b00_0000,
        0x4b00_0001,
        0x4b7f_ffff,
        0x4b80_0001,
        0x4f00_0000,
        0x5f80_0000,
        0x7f00_0000,
        0x7f7f_ffff,
        0x7f80_0000,
        0x7fc0_0000,
        0x7fc0_0001,
        0x7fff_ffff,
        0x7f80_0001,
        0x7fa0_0000,
        0x7fbf_ffff,
    ];

    fn f32_samples() -> impl Iterator<Item = f32> + Clone {
        F32_EDGES.into_iter().flat_map(|bits| [bits, bits | 1 << 31]).map(f32::from_bits)
    }

    /// The same samples in `f64`, with the fraction's low bits kept at the low end.
    fn f64_samples() -> impl Iterator<Item = f64> + Clone {
        let near_integral = [
            0x4330_0000_0000_0000,
            0x432f_ffff_ffff_ffff,
            0x431f_ffff_ffff_ffff,
            0x3fdf_ffff_ffff_ffff,
        ];
        let bounds = [1, 0x7fef_ffff_ffff_ffff, 0x7ff0_0000_0000_0000];
        let nans = [0x7ff8_0000_0000_0000, 0x7ff8_0000_0000_0001, 0x7ff0_0000_0000_0001];
        let ordinary = f32_samples().filter(|x| !x.is_nan()).map(f64::from);
        let listed = near_integral
            .into_iter()
            .chain(bounds)
            .chain(nans)
            .flat_map(|bits| [bits, bits | 1 << 63]);
        ordinary.chain(listed.map(f64::from_bits))
    }

    /// Asserts equal bits, or for NaN the spec's `nans_N` of the operands.
    #[track_caller]
    fn assert_f32(got: f32, expected: f32, operands: &[f32]) {
        if expected.is_nan() {
            let canonical = |x: &f32| x.to_bits() & 0x7fff_ffff == 0x7fc0_0000;
            assert!(
                got.is_nan() && got.to_bits() & 0x0040_0000 != 0,
                "{operands:?} gave {:#x}",
                got.to_bits()
            );
            assert!(
                canonical(&got) || operands.iter().any(|x| x.is_nan() && !canonical(x)),
                "{operands:?} gave {:#x}",
                got.to_bits()
            );
        } else {
            assert_eq!(
                got.to_bits(),
                expected.to_bits(),
                "{operands:?} gave {got}, not {expected}"
            );
        }
    }

    #[track_caller]
    fn assert_f64(got: f64, expected: f64, operands: &[f64]) {
        if expected.is_nan() {
            let canonical = |x: &f64| x.to_bits() << 1 >> 1 == 0x7ff8_0000_0000_0000;
            assert!(
                got.is_nan() && got.to_bits() & 1 << 51 != 0,
                "{operands:?} gave {:#x}",
                got.to_bits()
            );
            assert!(
                canonical(&got) || operands.iter().any(|x| x.is_nan() && !canonical(x)),
                "{operands:?} gave {:#x}",
                got.to_bits()
            );
        } else {
            assert_eq!(
                got.to_bits(),
                expected.to_bits(),
                "{operands:?} gave {got}, not {expected}"
            );
        }
    }

    /// The spec's case distinctions for `fmin`; `fmax` is that of the negated operands, negated.
    fn spec_min(a: f64, b: f64) -> f64 {
        match () {
            () if a.is_nan() || b.is_nan() => f64::NAN,
            () if a == 0.0 && b == 0.0 => {
                if a.is_sign_negative() {
                    a
                } else {
                    b
                }
            }
            () if a <= b => a,
            () => b,
        }
    }

    #[test]
    fn f32_arithmetic_agrees_with_f64() {
        for (a, b) in f32_samples().flat_map(|a| f32_samples().map(move |b| (a, b))) {
            let (x, y) = (f64::from(a), f64::from(b));
            assert_f32(f32_add(a, b), (x + y) as f32, &[a, b]);
            assert_f32(f32_sub(a, b), (x - y) as f32, &[a, b]);
            assert_f32(f32_mul(a, b), (x * y) as f32, &[a, b]);
            assert_f32(f32_div(a, b), (x / y) as f32, &[a, b]);
            assert_f32(f32_min(a, b), spec_min(x, y) as f32, &[a, b]);
            assert_f32(f32_max(a, b), -spec_min(-x, -y) as f32, &[a, b]);
            let comparisons = [
                f32_eq(a, b),
                f32_ne(a, b),
                f32_lt(a, b),
                f32_gt(a, b),
                f32_le(a, b),
                f32_ge(a, b),
            ];
            assert_eq!(comparisons, [x == y, x != y, x < y, x > y, x <= y, x >= y], "{a} {b}");
            let sign = b.to_bits() & 1 << 31;
            assert_eq!(f32_copysign(a, b).to_bits(), a.to_bits() & !(1 << 31) | sign);
        }
    }

    #[test]
    fn f64_minimum_and_comparisons_follow_the_spec() {
        for (a, b) in f64_samples().flat_map(|a| f64_samples().map(move |b| (a, b))) {
            assert_f64(f64_add(a, b), a + b, &[a, b]);
            assert_f64(f64_sub(a, b), a - b, &[a, b]);
            assert_f64(f64_mul(a, b), a * b, &[a, b]);
            assert_f64(f64_div(a, b), a / b, &[a, b]);
            assert_f64(f64_min(a, b), spec_min(a, b), &[a, b]);
            assert_f64(f64_max(a, b), -spec_min(-a, -b), &[a, b]);
            let comparisons = [
                f64_eq(a, b),
                f64_ne(a, b),
                f64_lt(a, b),
                f64_gt(a, b),
                f64_le(a, b),
                f64_ge(a, b),
            ];
            let order = a.partial_cmp(&b).map(|order| order as i8);
            let expected = [
                order == Some(0),
                order != Some(0),
                order == Some(-1),
                order == Some(1),
                matches!(order, Some(-1 | 0)),
                matches!(order, Some(0 | 1)),
            ];
            assert_eq!(comparisons, expected, "{a} {b}");
            let sign = b.to_bits() & 1 << 63;
            assert_eq!(f64_copysign(a, b).to_bits(), a.to_bits() << 1 >> 1 | sign);
        }
    }

    #[test]
    fn rounding_agrees_with_the_standard_library() {
        // Every quarter near zero and near the last fractions, then the edges.
        let quarters = || (-64_i16..=64).map(|n| f32::from(n) / 4.0);
        for x in quarters().chain(quarters().map(|x| x + 8_388_600.0)).chain(f32_samples()) {
            assert_f32(f32_ceil(x), x.ceil(), &[x]);
            assert_f32(f32_floor(x), x.floor(), &[x]);
            assert_f32(f32_trunc(x), x.trunc(), &[x]);
            assert_f32(f32_nearest(x), x.round_ties_even(), &[x]);
            assert_f32(f32_sqrt(x), f64::from(x).sqrt() as f32, &[x]);
        }
        let quarters = || (-64_i16..=64).map(|n| f64::from(n) / 4.0);
        for x in
            quarters().chain(quarters().map(|x| x + 4_503_599_627_370_490.0)).chain(f64_samples())
        {
            assert_f64(f64_ceil(x), x.ceil(), &[x]);
            assert_f64(f64_floor(x), x.floor(), &[x]);
            assert_f64(f64_trunc(x), x.trunc(), &[x]);
            assert_f64(f64_nearest(x), x.round_ties_even(), &[x]);
            assert_f64(f64_sqrt(x), x.sqrt(), &[x]);
        }
    }

    #[test]
    fn sign_instructions_touch_only_the_sign_bit() {
        for x in f32_samples() {
            assert_eq!(f32_abs(x).to_bits(), x.to_bits() & !(1 << 31));
            assert_eq!(f32_neg(x).to_bits(), x.to_bits() ^ 1 << 31);
        }
        for x in f64_samples() {
            assert_eq!(f64_abs(x).to_bits(), x.to_bits() & !(1 << 63));
            assert_eq!(f64_neg(x).to_bits(), x.to_bits() ^ 1 << 63);
        }
    }
}
