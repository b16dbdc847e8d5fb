//! Conversions between number types (spec: Execution, "Conversions").

use crate::Trap;

// The bounds are the nearest floats outside, so that a float lies between them if and only if its
// integral part fits the integer type. Where there is no float between the type's least value and
// the next integer below, the range starts at the least value itself.
instructions! {
    i32_trunc_f32_s(a: f32) -> Result<i32, Trap> =
        checked(a, (-2_147_483_648.0..2_147_483_648.0).contains(&a), a as i32);
    i32_trunc_f32_u(a: f32) -> Result<i32, Trap> =
        checked(a, -1.0 < a && a < 4_294_967_296.0, (a as u32).cast_signed());
    i32_trunc_f64_s(a: f64) -> Result<i32, Trap> =
        checked(a, -2_147_483_649.0 < a && a < 2_147_483_648.0, a as i32);
    i32_trunc_f64_u(a: f64) -> Result<i32, Trap> =
        checked(a, -1.0 < a && a < 4_294_967_296.0, (a as u32).cast_signed());
    i64_trunc_f32_s(a: f32) -> Result<i64, Trap> =
        checked(a, (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&a), a as i64);
    i64_trunc_f32_u(a: f32) -> Result<i64, Trap> =
        checked(a, -1.0 < a && a < 18_446_744_073_709_551_616.0, (a as u64).cast_signed());
    i64_trunc_f64_s(a: f64) -> Result<i64, Trap> =
        checked(a, (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&a), a as i64);
    i64_trunc_f64_u(a: f64) -> Result<i64, Trap> =
        checked(a, -1.0 < a && a < 18_446_744_073_709_551_616.0, (a as u64).cast_signed());
}

// A cast of the language saturates and makes zero of NaN, exactly as these instructions do.
instructions! {
    i32_trunc_sat_f32_s(a: f32) -> i32 = a as i32;
    i32_trunc_sat_f32_u(a: f32) -> i32 = (a as u32).cast_signed();
    i32_trunc_sat_f64_s(a: f64) -> i32 = a as i32;
    i32_trunc_sat_f64_u(a: f64) -> i32 = (a as u32).cast_signed();
    i64_trunc_sat_f32_s(a: f32) -> i64 = a as i64;
    i64_trunc_sat_f32_u(a: f32) -> i64 = (a as u64).cast_signed();
    i64_trunc_sat_f64_s(a: f64) -> i64 = a as i64;
    i64_trunc_sat_f64_u(a: f64) -> i64 = (a as u64).cast_signed();
}

instructions! {
    i32_wrap_i64(a: i64) -> i32 = a as i32;
    i64_extend_i32_s(a: i32) -> i64 = i64::from(a);
    i64_extend_i32_u(a: i32) -> i64 = i64::from(a.cast_unsigned());

    f32_convert_i32_s(a: i32) -> f32 = a as f32;
    f32_convert_i32_u(a: i32) -> f32 = a.cast_unsigned() as f32;
    f32_convert_i64_s(a: i64) -> f32 = a as f32;
    f32_convert_i64_u(a: i64) -> f32 = a.cast_unsigned() as f32;
    f64_convert_i32_s(a: i32) -> f64 = f64::from(a);
    f64_convert_i32_u(a: i32) -> f64 = f64::from(a.cast_unsigned());
    f64_convert_i64_s(a: i64) -> f64 = a as f64;
    f64_convert_i64_u(a: i64) -> f64 = a.cast_unsigned() as f64;
    f32_demote_f64(a: f64) -> f32 = a as f32;
    f64_promote_f32(a: f32) -> f64 = {
        let wide = f64::from(a);
        // PowerPC widens by a load, which doesn't make a signaling NaN a quiet one.
        if cfg!(any(target_arch = "powerpc", target_arch = "powerpc64")) && wide.is_nan() {
            f64::from_bits(wide.to_bits() | 1 << 51)
        } else {
            wide
        }
    };

    i32_reinterpret_f32(a: f32) -> i32 = a.to_bits().cast_signed();
    i64_reinterpret_f64(a: f64) -> i64 = a.to_bits().cast_signed();
    f32_reinterpret_i32(a: i32) -> f32 = f32::from_bits(a.cast_unsigned());
    f64_reinterpret_i64(a: i64) -> f64 = f64::from_bits(a.cast_unsigned());
}

/// The truncated value if it fits, else the trap that tells NaN from a number out of range.
#[inline(always)]
fn checked<F: PartialEq, I>(operand: F, fits: bool, truncated: I) -> Result<I, Trap> {
    if fits { Ok(truncated) } else { Err(truncation_trap(operand)) }
}

#[inline(always)]
fn truncation_trap<F: PartialEq>(operand: F) -> Trap {
    #[expect(clippy::eq_op, reason = "only a NaN differs from itself")]
    let nan = operand != operand;
    if nan { Trap::BadConversionToInteger } else { Trap::IntegerOverflow }
}

#[cfg(test)]
mod tests {
    //! Truncation is compared with exact integers of 128 bits, conversion to float with the
    //! distance to the two neighbouring floats.

    extern crate std;

    use super::*;

    /// Values around every bound of every integer type, as exact as the type allows.
    fn bounds() -> impl Iterator<Item = f64> {
        let powers = [0, 1, 8, 31, 32, 33, 52, 53, 63, 64, 65, 100]
            .map(|exponent| f64::from(exponent).exp2());
        let ulps = powers
            .into_iter()
            .flat_map(|x| [x.next_down(), x, x.next_up(), x - 0.5, x + 0.5, x - 1.0, x + 1.0]);
        let f32s = powers
            .into_iter()
            .map(|x| x as f32)
            .flat_map(|x| [x.next_down(), x.next_up()])
            .map(f64::from);
        let special = [
            0.0,
            0.1,
            0.999_999,
            2_147_483_648.9,
            f64::MIN_POSITIVE,
            f64::MAX,
            f64::INFINITY,
            f64::NAN,
        ];
        ulps.chain(f32s).chain(special).flat_map(|x| [x, -x])
    }

    /// What the spec demands of a truncation to the integers from `least` to `greatest`.
    fn truncated(x: f64, least: i128, greatest: i128) -> (Result<i128, Trap>, i128) {
        if x.is_nan() {
            return (Err(Trap::BadConversionToInteger), 0);
        }
        // Whatever 128 bits cannot hold is out of range of all types.
        let exact = x.trunc() as i128;
        let fits = x.is_finite() && (least..=greatest).contains(&exact);
        (if fits { Ok(exact) } else { Err(Trap::IntegerOverflow) }, exact.clamp(least, greatest))
    }

    /// One row a pair of types: instructions that trap and that saturate, float type, signed integer
    /// type for the operand stack, integer type that bounds the result.
    macro_rules! check_truncation {
        ($( $trapping:ident, $saturating:ident, $float:ident, $signed:ident, $range:ident; )+) => {
            $(
                for x in bounds().map(|x| x as $float) {
                    let (checked, saturated) = truncated(x.into(), $range::MIN.into(), $range::MAX.into());
                    assert_eq!($trapping(x), checked.map(|n| n as $signed), "{}({x})", stringify!($trapping));
                    assert_eq!($saturating(x), saturated as $signed, "{}({x})", stringify!($saturating));
                }
            )+
        };
    }

    #[test]
    fn truncation_is_exact_up_to_the_bounds() {
        check_truncation! {
            i32_trunc_f32_s, i32_trunc_sat_f32_s, f32, i32, i32;
            i32_trunc_f32_u, i32_trunc_sat_f32_u, f32, i32, u32;
            i32_trunc_f64_s, i32_trunc_sat_f64_s, f64, i32, i32;
            i32_trunc_f64_u, i32_trunc_sat_f64_u, f64, i32, u32;
            i64_trunc_f32_s, i64_trunc_sat_f32_s, f32, i64, i64;
            i64_trunc_f32_u, i64_trunc_sat_f32_u, f32, i64, u64;
            i64_trunc_f64_s, i64_trunc_sat_f64_s, f64, i64, i64;
            i64_trunc_f64_u, i64_trunc_sat_f64_u, f64, i64, u64;
        }
    }

    /// One row a pair of types: instruction, operand type, the type its bits are read as, float type.
    macro_rules! check_nearest {
        ($( $convert:ident, $operand:ident, $read:ident, $float:ident; )+) => {
            $(
                let patterns: [$operand; 6] = [1, 3, 5, 0x0100_0001, 0x0180_0001, 0x0080_0001];
                let shifted = (0..$operand::BITS).flat_map(|shift| patterns.map(|n| n << shift));
                for n in shifted.flat_map(|n| [n, n.wrapping_add(1), n.wrapping_sub(1), n.wrapping_neg(), !n]) {
                    let exact = i128::from(n as $read);
                    let got = $convert(n);
                    let distance = |x: $float| (x as i128 - exact).abs();
                    for neighbour in [got.next_down(), got.next_up()] {
                        assert!(
                            distance(got) < distance(neighbour)
                                || distance(got) == distance(neighbour) && got.to_bits() % 2 == 0
                                || got == 0.0,
                            "{}({n}) gave {got}", stringify!($convert)
                        );
                    }
                    assert_eq!(got == 0.0, exact == 0);
                }
            )+
        };
    }

    #[test]
    fn integers_become_the_nearest_float() {
        check_nearest! {
            f32_convert_i32_s, i32, i32, f32;
            f32_convert_i32_u, i32, u32, f32;
            f32_convert_i64_s, i64, i64, f32;
            f32_convert_i64_u, i64, u64, f32;
            f64_convert_i64_s, i64, i64, f64;
            f64_convert_i64_u, i64, u64, f64;
        }
        for n in [0, 1, -1, i32::MAX, i32::MIN, 0x0100_0001] {
            assert_eq!(f64_convert_i32_s(n) as i64, i64::from(n));
            assert_eq!(f64_convert_i32_u(n) as i64, i64::from(n) & 0xffff_ffff);
        }
    }

    #[test]
    fn demotion_rounds_ties_to_even_and_keeps_signs() {
        let ulp = f64::from(f32::EPSILON);
        let table = [
            (1.0 + ulp / 2.0, 1.0),
            ((1.0 + ulp / 2.0).next_up(), 1.0 + f32::EPSILON),
            (1.0 + ulp * 1.5, 1.0 + 2.0 * f32::EPSILON),
            (f64::from(f32::MAX) + 103_f64.exp2(), f32::INFINITY),
            ((f64::from(f32::MAX) + 103_f64.exp2()).next_down(), f32::MAX),
            ((-150_f64).exp2(), 0.0),
            ((-150_f64).exp2().next_up(), f32::from_bits(1)),
            (f64::MIN_POSITIVE, 0.0),
            (0.0, 0.0),
            (f64::INFINITY, f32::INFINITY),
        ];
        for (x, expected) in table.into_iter().flat_map(|(x, y)| [(x, y), (-x, -y)]) {
            assert_eq!(f32_demote_f64(x).to_bits(), expected.to_bits(), "{x:e}");
        }
    }

    #[test]
    fn conversions_between_floats_give_quiet_nans() {
        for sign in [0, 1 << 63] {
            let demoted =
                |bits: u64| f32_demote_f64(f64::from_bits(bits | sign)).to_bits() & 0x7fff_ffff;
            assert_eq!(demoted(0x7ff8_0000_0000_0000), 0x7fc0_0000);
            assert!(demoted(0x7ff0_0000_0000_0001) >= 0x7fc0_0000);
        }
        for sign in [0, 1 << 31] {
            let promoted =
                |bits: u32| f64_promote_f32(f32::from_bits(bits | sign)).to_bits() << 1 >> 1;
            assert_eq!(promoted(0x7fc0_0000), 0x7ff8_0000_0000_0000);
            assert!(promoted(0x7f80_0001) >= 0x7ff8_0000_0000_0000);
        }
        for x in [0.0, -0.0, f32::MIN_POSITIVE, f32::from_bits(1), f32::MAX, f32::NEG_INFINITY] {
            assert_eq!(f32_demote_f64(f64_promote_f32(x)).to_bits(), x.to_bits());
        }
    }

    #[test]
    fn widths_and_reinterpretations_keep_bits() {
        assert_eq!(i32_wrap_i64(0x1234_5678_9abc_def0), 0x9abc_def0_u32.cast_signed());
        assert_eq!(i64_extend_i32_s(-2), -2);
        assert_eq!(i64_extend_i32_u(-2), 0xffff_fffe);
        for bits in [0, 1, -1, 0x7f80_0001, 0x7fc0_0000, i32::MIN] {
            assert_eq!(i32_reinterpret_f32(f32_reinterpret_i32(bits)), bits);
        }
        for bits in [0, 1, -1, 0x7ff0_0000_0000_0001, i64::MIN] {
            assert_eq!(i64_reinterpret_f64(f64_reinterpret_i64(bits)), bits);
        }
        assert_eq!(i32_reinterpret_f32(-1.0), 0xbf80_0000_u32.cast_signed());
    }
}
