//! Float arithmetic on lanes (spec: "Floating-Point Operations", applied to each lane).

use super::lanes::Lane;
use crate::V128;
use crate::num::float::{maximum, minimum};
use crate::num::rounding::Rounding;
use crate::num::sqrt::{sqrt_f32, sqrt_f64};

// `pmin` and `pmax` select an operand and change none of its bits, even those of a NaN.
instructions! {
    f32x4_ceil(v: V128) -> V128 = f32::map(v, f32::round_up);
    f32x4_floor(v: V128) -> V128 = f32::map(v, f32::round_down);
    f32x4_trunc(v: V128) -> V128 = f32::map(v, f32::round_to_zero);
    f32x4_nearest(v: V128) -> V128 = f32::map(v, f32::round_to_even);
    f32x4_abs(v: V128) -> V128 = u32::map(v, |lane| lane & 0x7fff_ffff);
    f32x4_neg(v: V128) -> V128 = u32::map(v, |lane| lane ^ 0x8000_0000);
    f32x4_sqrt(v: V128) -> V128 = f32::map(v, sqrt_f32);
    f32x4_add(a: V128, b: V128) -> V128 = f32::zip(a, b, |a, b| a + b);
    f32x4_sub(a: V128, b: V128) -> V128 = f32::zip(a, b, |a, b| a - b);
    f32x4_mul(a: V128, b: V128) -> V128 = f32::zip(a, b, |a, b| a * b);
    f32x4_div(a: V128, b: V128) -> V128 = f32::zip(a, b, |a, b| a / b);
    f32x4_min(a: V128, b: V128) -> V128 = f32::zip(a, b, minimum);
    f32x4_max(a: V128, b: V128) -> V128 = f32::zip(a, b, maximum);
    f32x4_pmin(a: V128, b: V128) -> V128 = f32::zip(a, b, |a, b| if b < a { b } else { a });
    f32x4_pmax(a: V128, b: V128) -> V128 = f32::zip(a, b, |a, b| if a < b { b } else { a });

    f64x2_ceil(v: V128) -> V128 = f64::map(v, f64::round_up);
    f64x2_floor(v: V128) -> V128 = f64::map(v, f64::round_down);
    f64x2_trunc(v: V128) -> V128 = f64::map(v, f64::round_to_zero);
    f64x2_nearest(v: V128) -> V128 = f64::map(v, f64::round_to_even);
    f64x2_abs(v: V128) -> V128 = u64::map(v, |lane| lane & 0x7fff_ffff_ffff_ffff);
    f64x2_neg(v: V128) -> V128 = u64::map(v, |lane| lane ^ 0x8000_0000_0000_0000);
    f64x2_sqrt(v: V128) -> V128 = f64::map(v, sqrt_f64);
    f64x2_add(a: V128, b: V128) -> V128 = f64::zip(a, b, |a, b| a + b);
    f64x2_sub(a: V128, b: V128) -> V128 = f64::zip(a, b, |a, b| a - b);
    f64x2_mul(a: V128, b: V128) -> V128 = f64::zip(a, b, |a, b| a * b);
    f64x2_div(a: V128, b: V128) -> V128 = f64::zip(a, b, |a, b| a / b);
    f64x2_min(a: V128, b: V128) -> V128 = f64::zip(a, b, minimum);
    f64x2_max(a: V128, b: V128) -> V128 = f64::zip(a, b, maximum);
    f64x2_pmin(a: V128, b: V128) -> V128 = f64::zip(a, b, |a, b| if b < a { b } else { a });
    f64x2_pmax(a: V128, b: V128) -> V128 = f64::zip(a, b, |a, b| if a < b { b } else { a });
}

#[cfg(test)]
mod tests {
    //! The scalar functions, which have tests of their own, are the reference for each lane; where
    //! both operands are NaN either may be the one that goes on, and the quiet bit is what counts.

    use super::super::samples::{f32_pairs, f64_pairs};
    use super::*;
    use crate::num;

    /// One row an instruction: its name and the scalar one.
    macro_rules! check {
        ($pairs:ident, $to:ident, $quiet:literal;
         unary { $( $unary:ident = $scalar_unary:path; )+ }
         binary { $( $binary:ident = $scalar_binary:path; )+ }) => {
            for (a, b) in $pairs() {
                let operands = a.$to().into_iter().zip(b.$to()).enumerate();
                for (i, (x, y)) in operands {
                    $( assert_eq!(
                        $unary(a).$to()[i].to_bits(), $scalar_unary(x).to_bits(), "{}({a:?})", stringify!($unary)
                    ); )+
                    $(
                        let (got, expected) = ($binary(a, b).$to()[i], $scalar_binary(x, y));
                        assert!(
                            got.to_bits() == expected.to_bits()
                                || got.is_nan() && expected.is_nan() && got.to_bits() & $quiet != 0,
                            "{}({a:?}, {b:?}) gave {got} in lane {i}", stringify!($binary)
                        );
                    )+
                }
            }
        };
    }

    #[test]
    fn lanes_agree_with_scalars() {
        check! { f32_pairs, to_f32x4, 0x0040_0000;
            unary {
                f32x4_ceil = num::f32_ceil;
                f32x4_floor = num::f32_floor;
                f32x4_trunc = num::f32_trunc;
                f32x4_nearest = num::f32_nearest;
                f32x4_abs = num::f32_abs;
                f32x4_neg = num::f32_neg;
                f32x4_sqrt = num::f32_sqrt;
            }
            binary {
                f32x4_add = num::f32_add;
                f32x4_sub = num::f32_sub;
                f32x4_mul = num::f32_mul;
                f32x4_div = num::f32_div;
                f32x4_min = num::f32_min;
                f32x4_max = num::f32_max;
            }
        }
        check! { f64_pairs, to_f64x2, 0x0008_0000_0000_0000;
            unary {
                f64x2_ceil = num::f64_ceil;
                f64x2_floor = num::f64_floor;
                f64x2_trunc = num::f64_trunc;
                f64x2_nearest = num::f64_nearest;
                f64x2_abs = num::f64_abs;
                f64x2_neg = num::f64_neg;
                f64x2_sqrt = num::f64_sqrt;
            }
            binary {
                f64x2_add = num::f64_add;
                f64x2_sub = num::f64_sub;
                f64x2_mul = num::f64_mul;
                f64x2_div = num::f64_div;
                f64x2_min = num::f64_min;
                f64x2_max = num::f64_max;
            }
        }
    }

    #[test]
    fn pseudo_minimum_selects_an_operand_bit_for_bit() {
        for (a, b) in f32_pairs() {
            for i in 0..4 {
                let (x, y) = (a.to_f32x4()[i], b.to_f32x4()[i]);
                let [least, greatest] =
                    [f32x4_pmin(a, b), f32x4_pmax(a, b)].map(|v| v.to_u32x4()[i]);
                assert_eq!(least, if y < x { y } else { x }.to_bits(), "{x} {y}");
                assert_eq!(greatest, if x < y { y } else { x }.to_bits(), "{x} {y}");
            }
        }
        for (a, b) in f64_pairs() {
            for i in 0..2 {
                let (x, y) = (a.to_f64x2()[i], b.to_f64x2()[i]);
                let [least, greatest] =
                    [f64x2_pmin(a, b), f64x2_pmax(a, b)].map(|v| v.to_u64x2()[i]);
                assert_eq!(least, if y < x { y } else { x }.to_bits(), "{x} {y}");
                assert_eq!(greatest, if x < y { y } else { x }.to_bits(), "{x} {y}");
            }
        }
    }
}
