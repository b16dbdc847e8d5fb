//! Operand vectors for the tests of vector instructions: every pair of edge values meets in lanes.
//!
//! Vectors are put together from bits here, without the lane conversions under test.

extern crate alloc;

use alloc::vec::Vec;

use crate::V128;

/// Sixteen integers around the bounds of a lane of `bits` bits.
fn int_edges(bits: u32) -> [u128; 16] {
    let least = 1 << (bits - 1);
    let half = 1 << (bits / 2);
    let alternating = u128::MAX / 3;
    let max = least - 1;
    [
        0,
        1,
        2,
        3,
        127,
        max,
        max - 1,
        least,
        least + 1,
        half,
        half - 1,
        !half,
        !0,
        !1,
        alternating,
        !alternating,
    ]
}

const F32_EDGES: [u128; 16] = [
    0,
    0x8000_0000,
    1,
    0x3f80_0000,
    0xbf80_0000,
    0x3fc0_0000,
    0xc020_0000,
    0x4aff_ffff,
    0x4f00_0000,
    0xcf00_0000,
    0x4f80_0000,
    0x7f7f_ffff,
    0x7f80_0000,
    0xff80_0000,
    0x7fc0_0000,
    0xffa0_0001,
];

const F64_EDGES: [u128; 16] = [
    0,
    0x8000_0000_0000_0000,
    1,
    0x3ff0_0000_0000_0000,
    0xbff0_0000_0000_0000,
    0x3ff8_0000_0000_0000,
    0xc004_0000_0000_0000,
    0x431f_ffff_ffff_ffff,
    0x41df_ffff_ffe0_0000,
    0xc1e0_0000_0020_0000,
    0x41f0_0000_0000_0000,
    0x7fef_ffff_ffff_ffff,
    0x7ff0_0000_0000_0000,
    0xfff0_0000_0000_0000,
    0x7ff8_0000_0000_0000,
    0xfff4_0000_0000_0001,
];

/// The vector of lanes of `bits` bits that `lane` gives by their index.
pub(super) fn vector(bits: u32, lane: impl Fn(usize) -> u128) -> V128 {
    let mask = u128::MAX >> (128 - bits);
    let lanes = (0..128 / bits).map(|i| (lane(i as usize) & mask) << (i * bits));
    V128::from_u128(lanes.fold(0, |vector, lane| vector | lane))
}

/// Pairs of vectors in which each edge meets each other one in some lane.
fn pairs(bits: u32, edges: [u128; 16]) -> Vec<(V128, V128)> {
    let starts = (0..16).step_by(128 / bits as usize);
    let shifted = starts.flat_map(|start| (0..16).map(move |shift| (start, shift)));
    shifted
        .map(|(start, shift)| {
            let left = vector(bits, |i| edges[(start + i) % 16]);
            let right = vector(bits, |i| edges[(start + i + shift) % 16]);
            (left, right)
        })
        .collect()
}

pub(super) fn int_pairs(bits: u32) -> Vec<(V128, V128)> {
    pairs(bits, int_edges(bits))
}

pub(super) fn f32_pairs() -> Vec<(V128, V128)> {
    pairs(32, F32_EDGES)
}

pub(super) fn f64_pairs() -> Vec<(V128, V128)> {
    pairs(64, F64_EDGES)
}

/// The lanes of `bits` bits of a vector, as unsigned integers.
pub(super) fn unsigned(v: V128, bits: u32) -> Vec<i128> {
    (0..128 / bits)
        .map(|i| (v.as_u128() >> (i * bits) & (u128::MAX >> (128 - bits))) as i128)
        .collect()
}

/// The lanes of `bits` bits of a vector, as signed integers.
pub(super) fn signed(v: V128, bits: u32) -> Vec<i128> {
    unsigned(v, bits).into_iter().map(|lane| lane << (128 - bits) >> (128 - bits)).collect()
}
