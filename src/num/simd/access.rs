//! Instructions that move lanes and bits without computing: splat, lane access, shuffle, selection
//! and the bitwise ones.

use super::lanes::Lane;
use super::look_up;
use crate::V128;

instructions! {
    i8x16_splat(x: i32) -> V128 = (x as i8).splat();
    i16x8_splat(x: i32) -> V128 = (x as i16).splat();
    i32x4_splat(x: i32) -> V128 = x.splat();
    i64x2_splat(x: i64) -> V128 = x.splat();
    f32x4_splat(x: f32) -> V128 = x.splat();
    f64x2_splat(x: f64) -> V128 = x.splat();

    i8x16_extract_lane_s(v: V128, lane: u8) -> i32 = i32::from(i8::extract(v, lane));
    i8x16_extract_lane_u(v: V128, lane: u8) -> i32 = i32::from(u8::extract(v, lane));
    i16x8_extract_lane_s(v: V128, lane: u8) -> i32 = i32::from(i16::extract(v, lane));
    i16x8_extract_lane_u(v: V128, lane: u8) -> i32 = i32::from(u16::extract(v, lane));
    i32x4_extract_lane(v: V128, lane: u8) -> i32 = i32::extract(v, lane);
    i64x2_extract_lane(v: V128, lane: u8) -> i64 = i64::extract(v, lane);
    f32x4_extract_lane(v: V128, lane: u8) -> f32 = f32::extract(v, lane);
    f64x2_extract_lane(v: V128, lane: u8) -> f64 = f64::extract(v, lane);

    i8x16_replace_lane(v: V128, lane: u8, x: i32) -> V128 = (x as i8).replace(v, lane);
    i16x8_replace_lane(v: V128, lane: u8, x: i32) -> V128 = (x as i16).replace(v, lane);
    i32x4_replace_lane(v: V128, lane: u8, x: i32) -> V128 = x.replace(v, lane);
    i64x2_replace_lane(v: V128, lane: u8, x: i64) -> V128 = x.replace(v, lane);
    f32x4_replace_lane(v: V128, lane: u8, x: f32) -> V128 = x.replace(v, lane);
    f64x2_replace_lane(v: V128, lane: u8, x: f64) -> V128 = x.replace(v, lane);

    // By lanes: one number of 128 bits would be computed, and written to its slots, in halves, and a
    // load of both waits until both are in the cache.
    v128_not(a: V128) -> V128 = u64::map(a, |a| !a);
    v128_and(a: V128, b: V128) -> V128 = u64::zip(a, b, |a, b| a & b);
    v128_andnot(a: V128, b: V128) -> V128 = u64::zip(a, b, |a, b| a & !b);
    v128_or(a: V128, b: V128) -> V128 = u64::zip(a, b, |a, b| a | b);
    v128_xor(a: V128, b: V128) -> V128 = u64::zip(a, b, |a, b| a ^ b);
    v128_any_true(v: V128) -> bool = v.as_u128() != 0;
}

/// The bits of `a` where `mask` has ones, those of `b` where it has zeros.
#[inline(always)]
pub(crate) fn v128_bitselect(a: V128, b: V128, mask: V128) -> V128 {
    u64::zip3(a, b, mask, |a, b, mask| (a & mask) | (b & !mask))
}

/// The bytes of `a` and `b`, taken as one table of 32, in the order that `lanes` names; the lane
/// indices are validated to be below 32.
#[inline(always)]
pub(crate) fn i8x16_shuffle(a: V128, b: V128, lanes: [u8; 16]) -> V128 {
    look_up::in_two(a, b, V128::from_le_bytes(lanes))
}

/// The bytes of `a` in the order that the lanes of `s` name; zero for an index outside.
#[inline(always)]
pub(crate) fn i8x16_swizzle(a: V128, s: V128) -> V128 {
    look_up::in_one(a, s)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: V128 = V128::from_u128(0x0f0e_0d0c_0b0a_0908_0706_0504_0302_8100);
    const B: V128 = V128::from_u128(0x1f1e_1d1c_1b1a_1918_1716_1514_1312_1110);

    fn bits(bits: u128) -> V128 {
        V128::from_u128(bits)
    }

    #[test]
    fn splats_repeat_the_low_bits() {
        assert_eq!(i8x16_splat(0x1234_5678), bits(0x7878_7878_7878_7878_7878_7878_7878_7878));
        assert_eq!(i16x8_splat(0x1234_5678), bits(0x5678_5678_5678_5678_5678_5678_5678_5678));
        assert_eq!(i32x4_splat(0x1234_5678), bits(0x1234_5678_1234_5678_1234_5678_1234_5678));
        assert_eq!(i64x2_splat(0x1234_5678), bits(0x0000_0000_1234_5678_0000_0000_1234_5678));
        assert_eq!(
            f32x4_splat(f32::from_bits(0x7f80_0001)),
            bits(0x7f80_0001_7f80_0001_7f80_0001_7f80_0001)
        );
        assert_eq!(f64x2_splat(-0.0), bits(0x8000_0000_0000_0000_8000_0000_0000_0000));
    }

    #[test]
    fn lanes_are_numbered_from_the_low_end() {
        assert_eq!([i8x16_extract_lane_s(A, 1), i8x16_extract_lane_u(A, 1)], [-127, 0x81]);
        assert_eq!([i16x8_extract_lane_s(A, 0), i16x8_extract_lane_u(A, 0)], [-0x7f00, 0x8100]);
        assert_eq!([i8x16_extract_lane_s(A, 15), i16x8_extract_lane_s(A, 7)], [0x0f, 0x0f0e]);
        assert_eq!(
            [i32x4_extract_lane(A, 0), i32x4_extract_lane(A, 3)],
            [0x0302_8100, 0x0f0e_0d0c]
        );
        assert_eq!(
            [i64x2_extract_lane(A, 0), i64x2_extract_lane(A, 1)],
            [0x0706_0504_0302_8100, 0x0f0e_0d0c_0b0a_0908]
        );
        assert_eq!(f32x4_extract_lane(A, 3).to_bits(), 0x0f0e_0d0c);
        assert_eq!(f64x2_extract_lane(A, 1).to_bits(), 0x0f0e_0d0c_0b0a_0908);
    }

    #[test]
    fn replacing_touches_one_lane() {
        for lane in 0..16 {
            let mask = |width: u32| bits((u128::MAX >> (128 - width)) << (u32::from(lane) * width));
            let changed = |v: V128, width: u32| {
                v128_or(v128_and(v, mask(width)), v128_andnot(A, mask(width)))
            };
            assert_eq!(i8x16_replace_lane(A, lane, 0x55aa), changed(i8x16_splat(0xaa), 8));
            if lane < 8 {
                assert_eq!(i16x8_replace_lane(A, lane, 0x5_5aa5), changed(i16x8_splat(0x5aa5), 16));
            }
            if lane < 4 {
                assert_eq!(i32x4_replace_lane(A, lane, -3), changed(i32x4_splat(-3), 32));
                let nan = f32::from_bits(0xff80_0001);
                assert_eq!(f32x4_replace_lane(A, lane, nan), changed(f32x4_splat(nan), 32));
            }
            if lane < 2 {
                assert_eq!(i64x2_replace_lane(A, lane, -3), changed(i64x2_splat(-3), 64));
                assert_eq!(f64x2_replace_lane(A, lane, 1.5), changed(f64x2_splat(1.5), 64));
            }
        }
    }

    #[test]
    fn bitwise_instructions_agree_with_those_of_bytes() {
        let mask = bits(0x00ff_0ff0_f00f_aaaa_5555_ffff_0000_1234);
        let (a, b, m) = (A.to_le_bytes(), B.to_le_bytes(), mask.to_le_bytes());
        for i in 0..16 {
            assert_eq!(v128_not(A).to_le_bytes()[i], !a[i]);
            assert_eq!(v128_and(A, B).to_le_bytes()[i], a[i] & b[i]);
            assert_eq!(v128_andnot(A, B).to_le_bytes()[i], a[i] & !b[i]);
            assert_eq!(v128_or(A, B).to_le_bytes()[i], a[i] | b[i]);
            assert_eq!(v128_xor(A, B).to_le_bytes()[i], a[i] ^ b[i]);
            assert_eq!(v128_bitselect(A, B, mask).to_le_bytes()[i], (a[i] & m[i]) | (b[i] & !m[i]));
        }
        assert!(!v128_any_true(V128::ZERO));
        assert!((0..128).all(|bit| v128_any_true(bits(1 << bit))));
    }

    #[test]
    fn shuffle_takes_bytes_of_both() {
        let lanes = [0, 16, 1, 17, 15, 31, 14, 30, 0, 0, 31, 31, 8, 24, 7, 23];
        let both = [A.to_le_bytes(), B.to_le_bytes()].concat();
        assert_eq!(
            i8x16_shuffle(A, B, lanes).to_le_bytes(),
            lanes.map(|lane| both[usize::from(lane)])
        );
    }

    #[test]
    fn swizzle_gives_zero_outside() {
        for first in (0..=u8::MAX).step_by(16) {
            let indices = core::array::from_fn(|i| first + 15 - i as u8);
            let expected =
                indices.map(|index| A.to_le_bytes().get(usize::from(index)).copied().unwrap_or(0));
            assert_eq!(i8x16_swizzle(A, V128::from_le_bytes(indices)).to_le_bytes(), expected);
        }
    }
}
