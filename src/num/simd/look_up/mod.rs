//! Bytes of vectors by index: what swizzles and shuffles are made of.
//!
//! Compilers find no instruction for it in a loop over lanes, but x86-64 and aarch64 have one: these are the
//! only vector instructions that fulmar names. All files offer the same two functions.

#[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
mod aarch64;
#[cfg_attr(
    all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"),
    expect(dead_code, reason = "compared with by tests alone")
)]
mod portable;
#[cfg(all(target_arch = "x86_64", target_feature = "sse2", not(miri)))]
mod x86_64;

#[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
pub(super) use aarch64::{in_one, in_two};
#[cfg(not(any(
    all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"),
    all(target_arch = "x86_64", target_feature = "sse2", not(miri))
)))]
pub(super) use portable::{in_one, in_two};
#[cfg(all(target_arch = "x86_64", target_feature = "sse2", not(miri)))]
pub(super) use x86_64::{in_one, in_two};

/// Finds out what the processor has; until then the portable way is taken.
pub(crate) fn detect() {
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2", not(miri)))]
    x86_64::detect();
}

#[cfg(test)]
mod tests {
    use super::{detect, in_one, in_two, portable};
    use crate::V128;
    use crate::v128::each_lane;

    const A: V128 = V128::from_u128(0x0f0e_0d0c_0b0a_0908_0706_0504_0302_81f0);
    const B: V128 = V128::from_u128(0x1f1e_1d1c_1b1a_1918_1716_1514_1312_1180);

    #[test]
    fn the_processors_way_is_the_portable_way() {
        for _ in 0..2 {
            for first in 0..=255_u8 {
                let indices = each_lane(|i| first.wrapping_add(i as u8 * 17));
                let lanes = V128::from_u8x16(indices.map(|index| index % 32));
                let indices = V128::from_u8x16(indices);
                assert_eq!(in_one(A, indices), portable::in_one(A, indices), "{indices:?}");
                assert_eq!(in_two(A, B, lanes), portable::in_two(A, B, lanes), "{lanes:?}");
            }
            // The second time with what the processor has.
            detect();
        }
    }
}
