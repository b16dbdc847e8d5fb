//! Vectors as lanes: the loops that the instructions of all shapes share.
//!
//! Each lane type stands for the one shape it makes (`i8` for `i8x16`). The loops have a constant
//! number of turns and no branch of their own, so that they become vector instructions.

use crate::V128;
use crate::v128::each_lane;

/// A lane type, and what can be done with all lanes of its shape at once.
pub(super) trait Lane: Copy {
    /// The vector whose lanes are all `self`.
    fn splat(self) -> V128;

    /// The value of one lane; the index is below the number of lanes.
    fn extract(v: V128, lane: u8) -> Self;

    /// The vector with one lane replaced; the index is below the number of lanes.
    fn replace(self, v: V128, lane: u8) -> V128;

    /// The vector of `f` of each lane.
    fn map(v: V128, f: impl Fn(Self) -> Self) -> V128;

    /// The vector of `f` of each pair of lanes.
    fn zip(a: V128, b: V128, f: impl Fn(Self, Self) -> Self) -> V128;

    /// The vector of `f` of each three lanes.
    fn zip3(a: V128, b: V128, c: V128, f: impl Fn(Self, Self, Self) -> Self) -> V128;

    /// The mask vector of `f`: lanes of all ones where it holds, else of all zeros.
    fn compare(a: V128, b: V128, f: impl Fn(Self, Self) -> bool) -> V128;

    /// Whether `f` holds for all lanes.
    fn all(v: V128, f: impl Fn(Self) -> bool) -> bool;
}

/// One row a shape: lane type, lanes a vector, both directions, and the mask lanes' type with its
/// way to a vector.
macro_rules! lanes {
    ($( $lane:ident, $count:literal, $to:ident, $from:ident, $mask:ident, $from_mask:ident; )+) => {
        $(
            impl Lane for $lane {
                #[inline(always)]
                fn splat(self) -> V128 {
                    V128::$from([self; $count])
                }

                // The index is masked only to leave no way to a panic in the code.
                #[inline(always)]
                fn extract(v: V128, lane: u8) -> Self {
                    v.$to()[usize::from(lane) % $count]
                }

                #[inline(always)]
                fn replace(self, v: V128, lane: u8) -> V128 {
                    let mut lanes = v.$to();
                    lanes[usize::from(lane) % $count] = self;
                    V128::$from(lanes)
                }

                #[inline(always)]
                fn map(v: V128, f: impl Fn(Self) -> Self) -> V128 {
                    let v = v.$to();
                    V128::$from(each_lane(|i| f(v[i])))
                }

                #[inline(always)]
                fn zip(a: V128, b: V128, f: impl Fn(Self, Self) -> Self) -> V128 {
                    let (a, b) = (a.$to(), b.$to());
                    V128::$from(each_lane(|i| f(a[i], b[i])))
                }

                #[inline(always)]
                fn zip3(a: V128, b: V128, c: V128, f: impl Fn(Self, Self, Self) -> Self) -> V128 {
                    let (a, b, c) = (a.$to(), b.$to(), c.$to());
                    V128::$from(each_lane(|i| f(a[i], b[i], c[i])))
                }

                #[inline(always)]
                fn compare(a: V128, b: V128, f: impl Fn(Self, Self) -> bool) -> V128 {
                    let (a, b) = (a.$to(), b.$to());
                    V128::$from_mask(each_lane(|i| if f(a[i], b[i]) { $mask::MAX } else { 0 }))
                }

                #[inline(always)]
                fn all(v: V128, f: impl Fn(Self) -> bool) -> bool {
                    let v = v.$to();
                    let mut all = true;
                    for i in 0..$count {
                        all &= f(v[i]);
                    }
                    all
                }
            }
        )+
    };
}

lanes! {
    i8,  16, to_i8x16, from_i8x16, u8,  from_u8x16;
    u8,  16, to_u8x16, from_u8x16, u8,  from_u8x16;
    i16, 8,  to_i16x8, from_i16x8, u16, from_u16x8;
    u16, 8,  to_u16x8, from_u16x8, u16, from_u16x8;
    i32, 4,  to_i32x4, from_i32x4, u32, from_u32x4;
    u32, 4,  to_u32x4, from_u32x4, u32, from_u32x4;
    i64, 2,  to_i64x2, from_i64x2, u64, from_u64x2;
    u64, 2,  to_u64x2, from_u64x2, u64, from_u64x2;
    f32, 4,  to_f32x4, from_f32x4, u32, from_u32x4;
    f64, 2,  to_f64x2, from_f64x2, u64, from_u64x2;
}

/// A lane type with one of twice the width: what reads narrow lanes and writes wide ones.
pub(super) trait Widen: Lane {
    type Wide: Lane;

    /// The wide vector of the lower half of the lanes.
    fn extend_low(v: V128) -> V128;

    /// The wide vector of the upper half of the lanes.
    fn extend_high(v: V128) -> V128;

    /// The lower one of the two narrow lanes in a wide lane, extended.
    fn even(wide: Self::Wide) -> Self::Wide;

    /// The upper one of the two narrow lanes in a wide lane, extended.
    fn odd(wide: Self::Wide) -> Self::Wide;

    /// The wide vector of the sums of each two neighbours.
    fn pairwise_sum(v: V128) -> V128;

    /// The wide vector of the sums, which wrap, of the products of each two neighbours.
    fn dot(a: V128, b: V128) -> V128;
}

/// One row a pair of shapes: narrow lanes, their way from a vector, half their number, wide lanes,
/// and their way to a vector.
macro_rules! widenings {
    ($( $narrow:ident, $to:ident, $half:literal, $wide:ident, $from:ident; )+) => {
        $(
            impl Widen for $narrow {
                type Wide = $wide;

                #[inline(always)]
                fn extend_low(v: V128) -> V128 {
                    let lanes = v.$to();
                    V128::$from(each_lane(|i| $wide::from(lanes[i])))
                }

                #[inline(always)]
                fn extend_high(v: V128) -> V128 {
                    let lanes = v.$to();
                    V128::$from(each_lane(|i| $wide::from(lanes[$half + i])))
                }

                #[inline(always)]
                fn even(wide: $wide) -> $wide {
                    wide << $narrow::BITS >> $narrow::BITS
                }

                #[inline(always)]
                fn odd(wide: $wide) -> $wide {
                    wide >> $narrow::BITS
                }

                #[inline(always)]
                fn pairwise_sum(v: V128) -> V128 {
                    $wide::map(v, |v| Self::even(v) + Self::odd(v))
                }

                #[inline(always)]
                fn dot(a: V128, b: V128) -> V128 {
                    $wide::zip(a, b, |a, b| {
                        (Self::even(a) * Self::even(b)).wrapping_add(Self::odd(a) * Self::odd(b))
                    })
                }
            }
        )+
    };
}

widenings! {
    i8,  to_i8x16, 8, i16, from_i16x8;
    u8,  to_u8x16, 8, u16, from_u16x8;
    i16, to_i16x8, 4, i32, from_i32x4;
    u16, to_u16x8, 4, u32, from_u32x4;
    i32, to_i32x4, 2, i64, from_i64x2;
    u32, to_u32x4, 2, u64, from_u64x2;
}
