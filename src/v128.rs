//! The value type `v128`: 128 bits, seen as lanes of integers or floats.
//!
//! Lane 0 is in the lowest bytes on every host (spec: Structure, "vector values"), therefore the
//! bytes are kept in little-endian order, and lanes are read and written by their little-endian
//! bytes; on a little-endian host this costs nothing. What instructions do with the lanes is the
//! matter of `num::simd`.

use core::fmt;

/// A 128-bit vector: the Rust side of the WebAssembly type `v128`.
///
/// The bytes are those that a store instruction writes to memory. Equality and hash are of bits:
/// two vectors with the same NaN in a float lane are equal, and `0.0` differs from `-0.0`.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct V128([u8; 16]);

impl V128 {
    /// The vector whose bits are all zero.
    pub const ZERO: Self = Self([0; 16]);

    /// The vector with the given bits; lane 0 is in the lowest ones.
    #[inline(always)]
    #[must_use]
    pub const fn from_u128(bits: u128) -> Self {
        Self(bits.to_le_bytes())
    }

    /// The bits of this vector; lane 0 is in the lowest ones.
    #[inline(always)]
    #[must_use]
    pub const fn as_u128(self) -> u128 {
        u128::from_le_bytes(self.0)
    }

    /// The vector with the given bytes, as they stand in a linear memory.
    #[inline(always)]
    #[must_use]
    pub const fn from_le_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes of this vector, as they stand in a linear memory.
    #[inline(always)]
    #[must_use]
    pub const fn to_le_bytes(self) -> [u8; 16] {
        self.0
    }
}

/// The array of `f` of each index, as [`core::array::from_fn`] gives it, but always part of the code
/// that asks for it: a handler that calls a function has a frame.
#[inline(always)]
pub(crate) fn each_lane<T: Copy + Default, const N: usize>(f: impl Fn(usize) -> T) -> [T; N] {
    let mut lanes = [T::default(); N];
    for (i, lane) in lanes.iter_mut().enumerate() {
        *lane = f(i);
    }
    lanes
}

/// One row a shape: lane type, bytes a lane, lanes a vector, and the names of the two directions.
macro_rules! shapes {
    ($( $lane:ident, $bytes:literal, $count:literal, $to:ident, $from:ident; )+) => {
        impl V128 {
            $(
                #[doc = concat!("The lanes of this vector as `", stringify!($lane), "`, lane 0 first.")]
                #[inline(always)]
                #[must_use]
                pub fn $to(self) -> [$lane; $count] {
                    let (chunks, _) = self.0.as_chunks::<$bytes>();
                    each_lane(|lane| $lane::from_le_bytes(chunks[lane]))
                }

                #[doc = concat!("The vector with the given lanes of `", stringify!($lane), "`, lane 0 first.")]
                #[inline(always)]
                #[must_use]
                pub fn $from(lanes: [$lane; $count]) -> Self {
                    let mut bytes = [0; 16];
                    let (chunks, _) = bytes.as_chunks_mut::<$bytes>();
                    for lane in 0..$count {
                        chunks[lane] = lanes[lane].to_le_bytes();
                    }
                    Self(bytes)
                }
            )+
        }
    };
}

shapes! {
    i8,  1, 16, to_i8x16, from_i8x16;
    u8,  1, 16, to_u8x16, from_u8x16;
    i16, 2, 8,  to_i16x8, from_i16x8;
    u16, 2, 8,  to_u16x8, from_u16x8;
    i32, 4, 4,  to_i32x4, from_i32x4;
    u32, 4, 4,  to_u32x4, from_u32x4;
    i64, 8, 2,  to_i64x2, from_i64x2;
    u64, 8, 2,  to_u64x2, from_u64x2;
    f32, 4, 4,  to_f32x4, from_f32x4;
    f64, 8, 2,  to_f64x2, from_f64x2;
}

impl From<u128> for V128 {
    #[inline(always)]
    fn from(bits: u128) -> Self {
        Self::from_u128(bits)
    }
}

impl From<V128> for u128 {
    #[inline(always)]
    fn from(vector: V128) -> Self {
        vector.as_u128()
    }
}

impl fmt::Debug for V128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "V128({:#034x})", self.as_u128())
    }
}

#[cfg(test)]
mod tests {
    extern crate alloc;

    use super::*;

    const BITS: u128 = 0x0f0e_0d0c_0b0a_0908_8706_8504_8302_8100;

    #[test]
    fn lane_zero_is_in_the_lowest_bits() {
        let v = V128::from(BITS);
        assert_eq!(u128::from(v), BITS);
        assert_eq!(v.to_le_bytes()[..4], [0x00, 0x81, 0x02, 0x83]);
        assert_eq!(v.to_i8x16()[..2], [0, -127]);
        assert_eq!(v.to_u16x8()[0], 0x8100);
        assert_eq!(v.to_i16x8()[0], -0x7f00);
        assert_eq!(v.to_u32x4()[3], 0x0f0e_0d0c);
        assert_eq!(v.to_i32x4()[0], 0x8302_8100_u32.cast_signed());
        assert_eq!(v.to_u64x2(), [0x8706_8504_8302_8100, 0x0f0e_0d0c_0b0a_0908]);
        assert_eq!(v.to_f32x4()[1].to_bits(), 0x8706_8504);
        assert_eq!(v.to_f64x2()[1].to_bits(), 0x0f0e_0d0c_0b0a_0908);
    }

    #[test]
    fn every_shape_returns_to_the_same_bits() {
        // The second vector holds signalling NaNs in both float shapes.
        for bits in [0, BITS, 0x7ff0_0000_0000_0001_7f80_0001_ff80_0001, u128::MAX] {
            let v = V128::from_u128(bits);
            assert_eq!(V128::from_le_bytes(v.to_le_bytes()), v);
            assert_eq!(V128::from_i8x16(v.to_i8x16()), v);
            assert_eq!(V128::from_u8x16(v.to_u8x16()), v);
            assert_eq!(V128::from_i16x8(v.to_i16x8()), v);
            assert_eq!(V128::from_u16x8(v.to_u16x8()), v);
            assert_eq!(V128::from_i32x4(v.to_i32x4()), v);
            assert_eq!(V128::from_u32x4(v.to_u32x4()), v);
            assert_eq!(V128::from_i64x2(v.to_i64x2()), v);
            assert_eq!(V128::from_u64x2(v.to_u64x2()), v);
            assert_eq!(V128::from_f32x4(v.to_f32x4()), v);
            assert_eq!(V128::from_f64x2(v.to_f64x2()), v);
        }
        assert_eq!(V128::default(), V128::ZERO);
    }

    #[test]
    fn debug_shows_all_digits() {
        assert_eq!(
            alloc::format!("{:?}", V128::from(0x1f)),
            "V128(0x0000000000000000000000000000001f)"
        );
    }
}
