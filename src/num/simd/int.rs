//! Integer arithmetic on lanes of one width (spec: "Integer Operations", applied to each lane).

use super::lanes::Lane;
use crate::V128;
use crate::v128::each_lane;

instructions! {
    i8x16_abs(v: V128) -> V128 = i8::map(v, i8::wrapping_abs);
    i8x16_neg(v: V128) -> V128 = i8::map(v, i8::wrapping_neg);
    i8x16_popcnt(v: V128) -> V128 = u8::map(v, |lane| lane.count_ones() as u8);
    i8x16_all_true(v: V128) -> bool = i8::all(v, |lane| lane != 0);
    i8x16_shl(v: V128, count: i32) -> V128 = u8::map(v, |lane| lane << (count & 7));
    i8x16_shr_s(v: V128, count: i32) -> V128 = i8::map(v, |lane| lane >> (count & 7));
    i8x16_shr_u(v: V128, count: i32) -> V128 = u8::map(v, |lane| lane >> (count & 7));
    i8x16_add(a: V128, b: V128) -> V128 = i8::zip(a, b, i8::wrapping_add);
    i8x16_add_sat_s(a: V128, b: V128) -> V128 = i8::zip(a, b, i8::saturating_add);
    i8x16_add_sat_u(a: V128, b: V128) -> V128 = u8::zip(a, b, u8::saturating_add);
    i8x16_sub(a: V128, b: V128) -> V128 = i8::zip(a, b, i8::wrapping_sub);
    i8x16_sub_sat_s(a: V128, b: V128) -> V128 = i8::zip(a, b, i8::saturating_sub);
    i8x16_sub_sat_u(a: V128, b: V128) -> V128 = u8::zip(a, b, u8::saturating_sub);
    i8x16_min_s(a: V128, b: V128) -> V128 = i8::zip(a, b, i8::min);
    i8x16_min_u(a: V128, b: V128) -> V128 = u8::zip(a, b, u8::min);
    i8x16_max_s(a: V128, b: V128) -> V128 = i8::zip(a, b, i8::max);
    i8x16_max_u(a: V128, b: V128) -> V128 = u8::zip(a, b, u8::max);
    i8x16_avgr_u(a: V128, b: V128) -> V128 = u8::zip(a, b, |a, b| ((u16::from(a) + u16::from(b) + 1) >> 1) as u8);
}

instructions! {
    i16x8_abs(v: V128) -> V128 = i16::map(v, i16::wrapping_abs);
    i16x8_neg(v: V128) -> V128 = i16::map(v, i16::wrapping_neg);
    i16x8_all_true(v: V128) -> bool = i16::all(v, |lane| lane != 0);
    i16x8_shl(v: V128, count: i32) -> V128 = u16::map(v, |lane| lane << (count & 15));
    i16x8_shr_s(v: V128, count: i32) -> V128 = i16::map(v, |lane| lane >> (count & 15));
    i16x8_shr_u(v: V128, count: i32) -> V128 = u16::map(v, |lane| lane >> (count & 15));
    i16x8_add(a: V128, b: V128) -> V128 = i16::zip(a, b, i16::wrapping_add);
    i16x8_add_sat_s(a: V128, b: V128) -> V128 = i16::zip(a, b, i16::saturating_add);
    i16x8_add_sat_u(a: V128, b: V128) -> V128 = u16::zip(a, b, u16::saturating_add);
    i16x8_sub(a: V128, b: V128) -> V128 = i16::zip(a, b, i16::wrapping_sub);
    i16x8_sub_sat_s(a: V128, b: V128) -> V128 = i16::zip(a, b, i16::saturating_sub);
    i16x8_sub_sat_u(a: V128, b: V128) -> V128 = u16::zip(a, b, u16::saturating_sub);
    i16x8_mul(a: V128, b: V128) -> V128 = i16::zip(a, b, i16::wrapping_mul);
    i16x8_q15mulr_sat_s(a: V128, b: V128) -> V128 = i16::zip(a, b, q15mulr_sat);
    i16x8_min_s(a: V128, b: V128) -> V128 = i16::zip(a, b, i16::min);
    i16x8_min_u(a: V128, b: V128) -> V128 = u16::zip(a, b, u16::min);
    i16x8_max_s(a: V128, b: V128) -> V128 = i16::zip(a, b, i16::max);
    i16x8_max_u(a: V128, b: V128) -> V128 = u16::zip(a, b, u16::max);
    i16x8_avgr_u(a: V128, b: V128) -> V128 = u16::zip(a, b, |a, b| ((u32::from(a) + u32::from(b) + 1) >> 1) as u16);
}

instructions! {
    i32x4_abs(v: V128) -> V128 = i32::map(v, i32::wrapping_abs);
    i32x4_neg(v: V128) -> V128 = i32::map(v, i32::wrapping_neg);
    i32x4_all_true(v: V128) -> bool = i32::all(v, |lane| lane != 0);
    i32x4_shl(v: V128, count: i32) -> V128 = u32::map(v, |lane| lane << (count & 31));
    i32x4_shr_s(v: V128, count: i32) -> V128 = i32::map(v, |lane| lane >> (count & 31));
    i32x4_shr_u(v: V128, count: i32) -> V128 = u32::map(v, |lane| lane >> (count & 31));
    i32x4_add(a: V128, b: V128) -> V128 = i32::zip(a, b, i32::wrapping_add);
    i32x4_sub(a: V128, b: V128) -> V128 = i32::zip(a, b, i32::wrapping_sub);
    i32x4_mul(a: V128, b: V128) -> V128 = i32::zip(a, b, i32::wrapping_mul);
    i32x4_min_s(a: V128, b: V128) -> V128 = i32::zip(a, b, i32::min);
    i32x4_min_u(a: V128, b: V128) -> V128 = u32::zip(a, b, u32::min);
    i32x4_max_s(a: V128, b: V128) -> V128 = i32::zip(a, b, i32::max);
    i32x4_max_u(a: V128, b: V128) -> V128 = u32::zip(a, b, u32::max);
}

instructions! {
    i64x2_abs(v: V128) -> V128 = i64::map(v, i64::wrapping_abs);
    i64x2_neg(v: V128) -> V128 = i64::map(v, i64::wrapping_neg);
    i64x2_all_true(v: V128) -> bool = i64::all(v, |lane| lane != 0);
    i64x2_shl(v: V128, count: i32) -> V128 = u64::map(v, |lane| lane << (count & 63));
    i64x2_shr_s(v: V128, count: i32) -> V128 = i64::map(v, |lane| lane >> (count & 63));
    i64x2_shr_u(v: V128, count: i32) -> V128 = u64::map(v, |lane| lane >> (count & 63));
    i64x2_add(a: V128, b: V128) -> V128 = i64::zip(a, b, i64::wrapping_add);
    i64x2_sub(a: V128, b: V128) -> V128 = i64::zip(a, b, i64::wrapping_sub);
    i64x2_mul(a: V128, b: V128) -> V128 = i64::zip(a, b, i64::wrapping_mul);
}

// A multiplication gathers the sign bits: once each lane is reduced to the bit 0 of a field, the
// product with the right powers of two has them side by side in its highest bits.
instructions! {
    i8x16_bitmask(v: V128) -> i32 = {
        let v = v.to_u64x2();
        let [low, high] = each_lane(|half| {
            (v[half] >> 7 & 0x0101_0101_0101_0101).wrapping_mul(0x0102_0408_1020_4080) >> 56
        });
        (low | high << 8) as i32
    };
    i16x8_bitmask(v: V128) -> i32 = {
        let v = v.to_u64x2();
        let [low, high] = each_lane(|half| {
            (v[half] >> 15 & 0x0001_0001_0001_0001).wrapping_mul(0x1000_2000_4000_8000) >> 60
        });
        (low | high << 4) as i32
    };
    i32x4_bitmask(v: V128) -> i32 = {
        let [a, b, c, d] = v.to_u32x4();
        (a >> 31 | b >> 31 << 1 | c >> 31 << 2 | d >> 31 << 3).cast_signed()
    };
    i64x2_bitmask(v: V128) -> i32 = {
        let [a, b] = v.to_u64x2();
        (a >> 63 | b >> 63 << 1) as i32
    };
}

/// `iq15mulrsat_s`: the rounded product of two fixed-point fractions of 15 bits.
#[inline(always)]
pub(super) fn q15mulr_sat(a: i16, b: i16) -> i16 {
    let product = (i32::from(a) * i32::from(b) + 0x4000) >> 15;
    // Only the product of the two least values is too large.
    product.min(i32::from(i16::MAX)) as i16
}

#[cfg(test)]
mod tests {
    //! Every instruction is compared lane by lane with its formula on unbounded integers.

    use super::super::samples::{int_pairs, signed, unsigned, vector};
    use super::*;

    /// One row an instruction: how its lanes are read, their width, its name, and its formula.
    macro_rules! check {
        ($( $read:ident $bits:literal { $( $name:ident = $formula:expr; )+ } )+) => {
            $( for (a, b) in int_pairs($bits) {
                let (left, right) = ($read(a, $bits), $read(b, $bits));
                $(
                    let formula: fn(i128, i128) -> i128 = $formula;
                    let expected = vector($bits, |i| formula(left[i], right[i]) as u128);
                    assert_eq!($name(a, b), expected, "{}({a:?}, {b:?})", stringify!($name));
                )+
            } )+
        };
    }

    #[test]
    fn binary_instructions() {
        check! {
            signed 8 {
                i8x16_add = |a, b| a + b;
                i8x16_add_sat_s = |a, b| (a + b).clamp(-0x80, 0x7f);
                i8x16_sub = |a, b| a - b;
                i8x16_sub_sat_s = |a, b| (a - b).clamp(-0x80, 0x7f);
                i8x16_min_s = |a, b| if a < b { a } else { b };
                i8x16_max_s = |a, b| if a < b { b } else { a };
            }
            unsigned 8 {
                i8x16_add_sat_u = |a, b| (a + b).clamp(0, 0xff);
                i8x16_sub_sat_u = |a, b| (a - b).clamp(0, 0xff);
                i8x16_min_u = |a, b| if a < b { a } else { b };
                i8x16_max_u = |a, b| if a < b { b } else { a };
                i8x16_avgr_u = |a, b| (a + b + 1) / 2;
            }
            signed 16 {
                i16x8_add = |a, b| a + b;
                i16x8_add_sat_s = |a, b| (a + b).clamp(-0x8000, 0x7fff);
                i16x8_sub = |a, b| a - b;
                i16x8_sub_sat_s = |a, b| (a - b).clamp(-0x8000, 0x7fff);
                i16x8_mul = |a, b| a * b;
                i16x8_q15mulr_sat_s = |a, b| (a * b + 0x4000).div_euclid(0x8000).clamp(-0x8000, 0x7fff);
                i16x8_min_s = |a, b| if a < b { a } else { b };
                i16x8_max_s = |a, b| if a < b { b } else { a };
            }
            unsigned 16 {
                i16x8_add_sat_u = |a, b| (a + b).clamp(0, 0xffff);
                i16x8_sub_sat_u = |a, b| (a - b).clamp(0, 0xffff);
                i16x8_min_u = |a, b| if a < b { a } else { b };
                i16x8_max_u = |a, b| if a < b { b } else { a };
                i16x8_avgr_u = |a, b| (a + b + 1) / 2;
            }
            signed 32 {
                i32x4_add = |a, b| a + b;
                i32x4_sub = |a, b| a - b;
                i32x4_mul = |a, b| a * b;
                i32x4_min_s = |a, b| if a < b { a } else { b };
                i32x4_max_s = |a, b| if a < b { b } else { a };
            }
            unsigned 32 {
                i32x4_min_u = |a, b| if a < b { a } else { b };
                i32x4_max_u = |a, b| if a < b { b } else { a };
            }
            signed 64 {
                i64x2_add = |a, b| a + b;
                i64x2_sub = |a, b| a - b;
                i64x2_mul = |a, b| a * b;
            }
        }
    }

    /// One row a shape: lane width, and its unary instructions and shifts.
    macro_rules! check_one_operand {
        ($(
            $bits:literal: $abs:ident, $neg:ident, $shl:ident, $shr_s:ident, $shr_u:ident, $all_true:ident, $bitmask:ident;
        )+) => {
            $( for (a, b) in int_pairs($bits) {
                let (s, u) = (signed(a, $bits), unsigned(a, $bits));
                assert_eq!($abs(a), vector($bits, |i| s[i].unsigned_abs()));
                assert_eq!($neg(a), vector($bits, |i| (-s[i]) as u128));
                for count in [0, 1, $bits - 1, $bits, $bits + 3, 1000, i32::MAX, i32::MIN, -1] {
                    let modulo = count.rem_euclid($bits);
                    assert_eq!($shl(a, count), vector($bits, |i| (u[i] as u128) << modulo), "{count}");
                    assert_eq!($shr_s(a, count), vector($bits, |i| (s[i] >> modulo) as u128), "{count}");
                    assert_eq!($shr_u(a, count), vector($bits, |i| (u[i] >> modulo) as u128), "{count}");
                }
                let mixed = i8x16_max_u(a, b);
                let ones = (0..).zip(signed(mixed, $bits)).filter(|(_, lane)| *lane < 0).map(|(i, _)| 1 << i);
                assert_eq!($bitmask(mixed), ones.sum::<i32>(), "{mixed:?}");
                assert_eq!($all_true(mixed), signed(mixed, $bits).iter().all(|lane| *lane != 0), "{mixed:?}");
            } )+
        };
    }

    #[test]
    fn instructions_of_one_operand() {
        check_one_operand! {
            8:  i8x16_abs, i8x16_neg, i8x16_shl, i8x16_shr_s, i8x16_shr_u, i8x16_all_true, i8x16_bitmask;
            16: i16x8_abs, i16x8_neg, i16x8_shl, i16x8_shr_s, i16x8_shr_u, i16x8_all_true, i16x8_bitmask;
            32: i32x4_abs, i32x4_neg, i32x4_shl, i32x4_shr_s, i32x4_shr_u, i32x4_all_true, i32x4_bitmask;
            64: i64x2_abs, i64x2_neg, i64x2_shl, i64x2_shr_s, i64x2_shr_u, i64x2_all_true, i64x2_bitmask;
        }
    }

    #[test]
    fn bitmask_places_each_lane() {
        for i in 0..16_u32 {
            let v = V128::from_u128(0x80 << (8 * i));
            assert_eq!(i8x16_bitmask(v), 1 << i);
            assert_eq!(i16x8_bitmask(v), i32::from(i % 2 == 1) << (i / 2));
            assert_eq!(i32x4_bitmask(v), i32::from(i % 4 == 3) << (i / 4));
            assert_eq!(i64x2_bitmask(v), i32::from(i % 8 == 7) << (i / 8));
        }
        let ones = V128::from_u128(u128::MAX);
        let masks =
            [i8x16_bitmask(ones), i16x8_bitmask(ones), i32x4_bitmask(ones), i64x2_bitmask(ones)];
        assert_eq!(masks, [0xffff, 0xff, 0xf, 0x3]);
    }

    #[test]
    fn all_true_sees_one_zero_lane() {
        for i in 0..16_u32 {
            let v = V128::from_u128(!(0xff << (8 * i)));
            assert!(
                !i8x16_all_true(v) && i16x8_all_true(v) && i32x4_all_true(v) && i64x2_all_true(v)
            );
            assert!(
                !i64x2_all_true(V128::from_u128(!0 << 64))
                    && !i16x8_all_true(V128::from_u128(!0 >> 16))
            );
        }
    }

    #[test]
    fn popcnt_counts_all_bytes() {
        for byte in 0..=u8::MAX {
            let count = (0..8).filter(|bit| byte >> bit & 1 == 1).count() as u8;
            assert_eq!(i8x16_popcnt(byte.splat()), count.splat());
        }
    }
}
