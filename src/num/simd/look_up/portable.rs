//! By arrays, on any host.

use super::super::lanes::Lane;
use crate::V128;
use crate::v128::each_lane;

/// The bytes of `a` in the order that the lanes of `indices` name; zero for an index outside.
#[inline(always)]
pub(in super::super) fn in_one(a: V128, indices: V128) -> V128 {
    // All indices outside become one: sixteen comparisons in one instruction.
    let (a, indices) = (a.to_le_bytes(), u8::map(indices, |index| index.min(16)).to_le_bytes());
    let table: [u8; 32] = each_lane(|i| if i < 16 { a[i] } else { 0 });
    V128::from_le_bytes(each_lane(|i| table[usize::from(indices[i]) % 32]))
}

/// The bytes of `a` and `b` that `lanes` names: 0 to 15 for `a`, 16 to 31 for `b`.
#[inline(always)]
pub(in super::super) fn in_two(a: V128, b: V128, lanes: V128) -> V128 {
    let (a, b, lanes) = (a.to_le_bytes(), b.to_le_bytes(), lanes.to_le_bytes());
    let table: [u8; 32] = each_lane(|i| if i < 16 { a[i] } else { b[i - 16] });
    V128::from_le_bytes(each_lane(|i| table[usize::from(lanes[i]) % 32]))
}
