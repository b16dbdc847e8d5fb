//! What vector loads and stores of less than a vector do with the bits in memory.
//!
//! The access itself is not here: a load takes the integer that was read from memory (lane 0 in its
//! lowest bits), a store gives the integer to write.

use super::lanes::{Lane, Widen};
use crate::V128;

instructions! {
    v128_load8x8_s(bits: u64) -> V128 = i8::extend_low(v128_load64_zero(bits));
    v128_load8x8_u(bits: u64) -> V128 = u8::extend_low(v128_load64_zero(bits));
    v128_load16x4_s(bits: u64) -> V128 = i16::extend_low(v128_load64_zero(bits));
    v128_load16x4_u(bits: u64) -> V128 = u16::extend_low(v128_load64_zero(bits));
    v128_load32x2_s(bits: u64) -> V128 = i32::extend_low(v128_load64_zero(bits));
    v128_load32x2_u(bits: u64) -> V128 = u32::extend_low(v128_load64_zero(bits));

    v128_load8_splat(bits: u8) -> V128 = bits.splat();
    v128_load16_splat(bits: u16) -> V128 = bits.splat();
    v128_load32_splat(bits: u32) -> V128 = bits.splat();
    v128_load64_splat(bits: u64) -> V128 = bits.splat();

    v128_load32_zero(bits: u32) -> V128 = V128::from_u32x4([bits, 0, 0, 0]);
    v128_load64_zero(bits: u64) -> V128 = V128::from_u64x2([bits, 0]);

    v128_load8_lane(v: V128, lane: u8, bits: u8) -> V128 = bits.replace(v, lane);
    v128_load16_lane(v: V128, lane: u8, bits: u16) -> V128 = bits.replace(v, lane);
    v128_load32_lane(v: V128, lane: u8, bits: u32) -> V128 = bits.replace(v, lane);
    v128_load64_lane(v: V128, lane: u8, bits: u64) -> V128 = bits.replace(v, lane);

    v128_store8_lane(v: V128, lane: u8) -> u8 = u8::extract(v, lane);
    v128_store16_lane(v: V128, lane: u8) -> u16 = u16::extract(v, lane);
    v128_store32_lane(v: V128, lane: u8) -> u32 = u32::extract(v, lane);
    v128_store64_lane(v: V128, lane: u8) -> u64 = u64::extract(v, lane);
}

#[cfg(test)]
mod tests {
    use super::super::samples::{signed, unsigned, vector};
    use super::*;

    const BITS: u64 = 0x8706_f504_7302_8180;
    const V: V128 = V128::from_u128(0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100);

    /// One row an instruction: how lanes are read, narrow and wide width, and its name.
    macro_rules! check_extend {
        ($( $read:ident, $narrow:literal, $wide:literal: $name:ident; )+) => {
            $(
                let lanes = $read(V128::from_u128(u128::from(BITS)), $narrow);
                assert_eq!($name(BITS), vector($wide, |i| lanes[i] as u128), "{}", stringify!($name));
            )+
        };
    }

    #[test]
    fn extending_loads() {
        check_extend! {
            signed, 8, 16: v128_load8x8_s;
            unsigned, 8, 16: v128_load8x8_u;
            signed, 16, 32: v128_load16x4_s;
            unsigned, 16, 32: v128_load16x4_u;
            signed, 32, 64: v128_load32x2_s;
            unsigned, 32, 64: v128_load32x2_u;
        }
    }

    #[test]
    fn splatting_and_zeroing_loads() {
        assert_eq!(v128_load8_splat(0x81), vector(8, |_| 0x81));
        assert_eq!(v128_load16_splat(0x8182), vector(16, |_| 0x8182));
        assert_eq!(v128_load32_splat(0x8182_8384), vector(32, |_| 0x8182_8384));
        assert_eq!(v128_load64_splat(BITS), vector(64, |_| u128::from(BITS)));
        assert_eq!(v128_load32_zero(0x8182_8384).as_u128(), 0x8182_8384);
        assert_eq!(v128_load64_zero(BITS).as_u128(), u128::from(BITS));
    }

    /// One row a width: the load and the store of a lane, and the integer type.
    macro_rules! check_lane {
        ($( $bits:literal: $load:ident $store:ident $int:ident; )+) => {
            $( for lane in 0..128 / $bits {
                let shift = u32::from(lane) * $bits;
                let (x, mask) = (BITS as $int, u128::from($int::MAX) << shift);
                let loaded = $load(V, lane, x);
                assert_eq!(loaded.as_u128(), V.as_u128() & !mask | u128::from(x) << shift);
                assert_eq!($store(loaded, lane), x);
                assert_eq!($store(V, lane), (V.as_u128() >> shift) as $int);
            } )+
        };
    }

    #[test]
    fn lane_loads_and_stores() {
        check_lane! {
            8: v128_load8_lane v128_store8_lane u8;
            16: v128_load16_lane v128_store16_lane u16;
            32: v128_load32_lane v128_store32_lane u32;
            64: v128_load64_lane v128_store64_lane u64;
        }
    }
}
