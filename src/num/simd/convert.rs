//! Conversions between integer and float lanes (spec: `vcvtop`).
//!
//! Two `f64` lanes become the two lower lanes of a vector of four, whose upper lanes are zero.

use super::super::f64_promote_f32;
use crate::V128;
use crate::v128::each_lane;

instructions! {
    i32x4_trunc_sat_f32x4_s(v: V128) -> V128 = {
        let v = v.to_f32x4();
        V128::from_i32x4(each_lane(|i| v[i] as i32))
    };
    i32x4_trunc_sat_f32x4_u(v: V128) -> V128 = {
        let v = v.to_f32x4();
        V128::from_u32x4(each_lane(|i| v[i] as u32))
    };
    i32x4_trunc_sat_f64x2_s_zero(v: V128) -> V128 = {
        let [low, high] = v.to_f64x2();
        V128::from_i32x4([low as i32, high as i32, 0, 0])
    };
    i32x4_trunc_sat_f64x2_u_zero(v: V128) -> V128 = {
        let [low, high] = v.to_f64x2();
        V128::from_u32x4([low as u32, high as u32, 0, 0])
    };

    f32x4_convert_i32x4_s(v: V128) -> V128 = {
        let v = v.to_i32x4();
        V128::from_f32x4(each_lane(|i| v[i] as f32))
    };
    f32x4_convert_i32x4_u(v: V128) -> V128 = {
        let v = v.to_u32x4();
        V128::from_f32x4(each_lane(|i| v[i] as f32))
    };
    f64x2_convert_low_i32x4_s(v: V128) -> V128 = {
        let [low, high, ..] = v.to_i32x4();
        V128::from_f64x2([f64::from(low), f64::from(high)])
    };
    f64x2_convert_low_i32x4_u(v: V128) -> V128 = {
        let [low, high, ..] = v.to_u32x4();
        V128::from_f64x2([f64::from(low), f64::from(high)])
    };

    f32x4_demote_f64x2_zero(v: V128) -> V128 = {
        let [low, high] = v.to_f64x2();
        V128::from_f32x4([low as f32, high as f32, 0.0, 0.0])
    };
    f64x2_promote_low_f32x4(v: V128) -> V128 = {
        let [low, high, ..] = v.to_f32x4();
        V128::from_f64x2([f64_promote_f32(low), f64_promote_f32(high)])
    };
}

#[cfg(test)]
mod tests {
    //! The scalar functions, which have tests of their own, are the reference for each lane.

    use super::super::samples::{f32_pairs, f64_pairs, int_pairs, vector};
    use super::*;
    use crate::num;

    /// One row an instruction: its name, operands, lanes that are converted, result lane width, and
    /// the bits of the converted lane.
    macro_rules! check {
        ($( $name:ident = $pairs:expr, $to:ident [$count:literal] => $bits:literal, $scalar:expr; )+) => {
            $( for (v, _) in $pairs {
                let lanes = v.$to();
                let expected = vector($bits, |i| if i < $count { $scalar(lanes[i]) as u128 } else { 0 });
                assert_eq!($name(v), expected, "{}({v:?})", stringify!($name));
            } )+
        };
    }

    #[test]
    fn lanes_agree_with_scalars() {
        check! {
            i32x4_trunc_sat_f32x4_s = f32_pairs(), to_f32x4 [4] => 32, num::i32_trunc_sat_f32_s;
            i32x4_trunc_sat_f32x4_u = f32_pairs(), to_f32x4 [4] => 32, num::i32_trunc_sat_f32_u;
            i32x4_trunc_sat_f64x2_s_zero = f64_pairs(), to_f64x2 [2] => 32, num::i32_trunc_sat_f64_s;
            i32x4_trunc_sat_f64x2_u_zero = f64_pairs(), to_f64x2 [2] => 32, num::i32_trunc_sat_f64_u;
            f32x4_convert_i32x4_s = int_pairs(32), to_i32x4 [4] => 32, |x| num::f32_convert_i32_s(x).to_bits();
            f32x4_convert_i32x4_u = int_pairs(32), to_i32x4 [4] => 32, |x| num::f32_convert_i32_u(x).to_bits();
            f64x2_convert_low_i32x4_s = int_pairs(32), to_i32x4 [2] => 64, |x| num::f64_convert_i32_s(x).to_bits();
            f64x2_convert_low_i32x4_u = int_pairs(32), to_i32x4 [2] => 64, |x| num::f64_convert_i32_u(x).to_bits();
            f32x4_demote_f64x2_zero = f64_pairs(), to_f64x2 [2] => 32, |x| num::f32_demote_f64(x).to_bits();
            f64x2_promote_low_f32x4 = f32_pairs(), to_f32x4 [2] => 64, |x| f64_promote_f32(x).to_bits();
        }
    }
}
