//! Integer instructions on `i32` and `i64` (spec: Execution, "Integer Operations").
//!
//! Values are signed by convention; an instruction with the suffix `_u` reads the same bits as
//! unsigned.

use crate::Trap;

instructions! {
    i32_clz(a: i32) -> i32 = a.leading_zeros().cast_signed();
    i32_ctz(a: i32) -> i32 = a.trailing_zeros().cast_signed();
    i32_popcnt(a: i32) -> i32 = a.count_ones().cast_signed();
    i32_extend8_s(a: i32) -> i32 = i32::from(a as i8);
    i32_extend16_s(a: i32) -> i32 = i32::from(a as i16);

    i32_add(a: i32, b: i32) -> i32 = a.wrapping_add(b);
    i32_sub(a: i32, b: i32) -> i32 = a.wrapping_sub(b);
    i32_mul(a: i32, b: i32) -> i32 = a.wrapping_mul(b);
    i32_and(a: i32, b: i32) -> i32 = a & b;
    i32_or(a: i32, b: i32) -> i32 = a | b;
    i32_xor(a: i32, b: i32) -> i32 = a ^ b;
    i32_shl(a: i32, b: i32) -> i32 = a.wrapping_shl(b.cast_unsigned());
    i32_shr_s(a: i32, b: i32) -> i32 = a.wrapping_shr(b.cast_unsigned());
    i32_shr_u(a: i32, b: i32) -> i32 = a.cast_unsigned().wrapping_shr(b.cast_unsigned()).cast_signed();
    i32_rotl(a: i32, b: i32) -> i32 = a.rotate_left(b.cast_unsigned() & 31);
    i32_rotr(a: i32, b: i32) -> i32 = a.rotate_right(b.cast_unsigned() & 31);

    i32_div_s(a: i32, b: i32) -> Result<i32, Trap> = match b {
        0 => Err(Trap::IntegerDivisionByZero),
        b => a.checked_div(b).ok_or(Trap::IntegerOverflow),
    };
    i32_div_u(a: i32, b: i32) -> Result<i32, Trap> =
        a.cast_unsigned().checked_div(b.cast_unsigned()).map(u32::cast_signed).ok_or(Trap::IntegerDivisionByZero);
    i32_rem_s(a: i32, b: i32) -> Result<i32, Trap> = match b {
        0 => Err(Trap::IntegerDivisionByZero),
        b => Ok(a.wrapping_rem(b)),
    };
    i32_rem_u(a: i32, b: i32) -> Result<i32, Trap> =
        a.cast_unsigned().checked_rem(b.cast_unsigned()).map(u32::cast_signed).ok_or(Trap::IntegerDivisionByZero);

    i32_eq(a: i32, b: i32) -> bool = a == b;
    i32_ne(a: i32, b: i32) -> bool = a != b;
    i32_lt_s(a: i32, b: i32) -> bool = a < b;
    i32_lt_u(a: i32, b: i32) -> bool = a.cast_unsigned() < b.cast_unsigned();
    i32_gt_s(a: i32, b: i32) -> bool = a > b;
    i32_gt_u(a: i32, b: i32) -> bool = a.cast_unsigned() > b.cast_unsigned();
    i32_le_s(a: i32, b: i32) -> bool = a <= b;
    i32_le_u(a: i32, b: i32) -> bool = a.cast_unsigned() <= b.cast_unsigned();
    i32_ge_s(a: i32, b: i32) -> bool = a >= b;
    i32_ge_u(a: i32, b: i32) -> bool = a.cast_unsigned() >= b.cast_unsigned();
}

// Only the low bits of a shift count matter: to narrow an `i64` count loses none of them.
instructions! {
    i64_clz(a: i64) -> i64 = i64::from(a.leading_zeros());
    i64_ctz(a: i64) -> i64 = i64::from(a.trailing_zeros());
    i64_popcnt(a: i64) -> i64 = i64::from(a.count_ones());
    i64_extend8_s(a: i64) -> i64 = i64::from(a as i8);
    i64_extend16_s(a: i64) -> i64 = i64::from(a as i16);
    i64_extend32_s(a: i64) -> i64 = i64::from(a as i32);

    i64_add(a: i64, b: i64) -> i64 = a.wrapping_add(b);
    i64_sub(a: i64, b: i64) -> i64 = a.wrapping_sub(b);
    i64_mul(a: i64, b: i64) -> i64 = a.wrapping_mul(b);
    i64_and(a: i64, b: i64) -> i64 = a & b;
    i64_or(a: i64, b: i64) -> i64 = a | b;
    i64_xor(a: i64, b: i64) -> i64 = a ^ b;
    i64_shl(a: i64, b: i64) -> i64 = a.wrapping_shl(b as u32);
    i64_shr_s(a: i64, b: i64) -> i64 = a.wrapping_shr(b as u32);
    i64_shr_u(a: i64, b: i64) -> i64 = a.cast_unsigned().wrapping_shr(b as u32).cast_signed();
    i64_rotl(a: i64, b: i64) -> i64 = a.rotate_left(b as u32 & 63);
    i64_rotr(a: i64, b: i64) -> i64 = a.rotate_right(b as u32 & 63);

    i64_div_s(a: i64, b: i64) -> Result<i64, Trap> = match b {
        0 => Err(Trap::IntegerDivisionByZero),
        b => a.checked_div(b).ok_or(Trap::IntegerOverflow),
    };
    i64_div_u(a: i64, b: i64) -> Result<i64, Trap> =
        a.cast_unsigned().checked_div(b.cast_unsigned()).map(u64::cast_signed).ok_or(Trap::IntegerDivisionByZero);
    i64_rem_s(a: i64, b: i64) -> Result<i64, Trap> = match b {
        0 => Err(Trap::IntegerDivisionByZero),
        b => Ok(a.wrapping_rem(b)),
    };
    i64_rem_u(a: i64, b: i64) -> Result<i64, Trap> =
        a.cast_unsigned().checked_rem(b.cast_unsigned()).map(u64::cast_signed).ok_or(Trap::IntegerDivisionByZero);

    i64_eq(a: i64, b: i64) -> bool = a == b;
    i64_ne(a: i64, b: i64) -> bool = a != b;
    i64_lt_s(a: i64, b: i64) -> bool = a < b;
    i64_lt_u(a: i64, b: i64) -> bool = a.cast_unsigned() < b.cast_unsigned();
    i64_gt_s(a: i64, b: i64) -> bool = a > b;
    i64_gt_u(a: i64, b: i64) -> bool = a.cast_unsigned() > b.cast_unsigned();
    i64_le_s(a: i64, b: i64) -> bool = a <= b;
    i64_le_u(a: i64, b: i64) -> bool = a.cast_unsigned() <= b.cast_unsigned();
    i64_ge_s(a: i64, b: i64) -> bool = a >= b;
    i64_ge_u(a: i64, b: i64) -> bool = a.cast_unsigned() >= b.cast_unsigned();
}

#[cfg(test)]
mod tests {
    //! Each pair of edge values goes through every instruction and is compared with the spec's
    //! formula in unbounded (128-bit) arithmetic, for both widths by the same reference.

    use super::*;

    const EDGES: [i64; 19] = [
        0,
        1,
        2,
        7,
        31,
        32,
        33,
        63,
        64,
        65,
        0x80,
        0x8000,
        0x7fff_ffff,
        0x8000_0000,
        0xffff_ffff,
        i64::MAX,
        i64::MIN,
        -1,
        0x0123_4567_89ab_cdef,
    ];

    /// The spec's view of an integer of `bits` bits: the unsigned value, below `2^bits`.
    #[derive(Clone, Copy)]
    struct Reference {
        bits: u32,
    }

    impl Reference {
        fn wrap(self, value: i128) -> i128 {
            value.rem_euclid(1 << self.bits)
        }

        fn signed(self, value: i128) -> i128 {
            let value = self.wrap(value);
            if value >= 1 << (self.bits - 1) { value - (1 << self.bits) } else { value }
        }

        fn divide(self, a: i128, b: i128, max: i128) -> Result<i128, Trap> {
            match b {
                0 => Err(Trap::IntegerDivisionByZero),
                _ if a / b > max => Err(Trap::IntegerOverflow),
                _ => Ok(a / b),
            }
        }

        fn remainder(a: i128, b: i128) -> Result<i128, Trap> {
            if b == 0 { Err(Trap::IntegerDivisionByZero) } else { Ok(a - b * (a / b)) }
        }

        fn bits_of(self, value: i128) -> impl DoubleEndedIterator<Item = bool> {
            let value = self.wrap(value);
            (0..self.bits).map(move |bit| value >> bit & 1 == 1)
        }
    }

    /// One row an instruction: its name, and the reference's value for it.
    macro_rules! check {
        ($r:ident, $a:ident, $b:ident;
         unary { $( $unary:ident = $u:expr; )+ }
         binary { $( $binary:ident = $v:expr; )+ }
         trapping { $( $trapping:ident = $t:expr; )+ }
         test { $( $test:ident = $c:expr; )+ }) => {
            $( assert_eq!($r.wrap($unary($a).into()), $r.wrap($u), "{}({})", stringify!($unary), $a); )+
            $( assert_eq!($r.wrap($binary($a, $b).into()), $r.wrap($v), "{}({}, {})", stringify!($binary), $a, $b); )+
            $( assert_eq!(
                $trapping($a, $b).map(|x| $r.wrap(x.into())), $t.map(|x| $r.wrap(x)),
                "{}({}, {})", stringify!($trapping), $a, $b
            ); )+
            $( assert_eq!($test($a, $b), $c, "{}({}, {})", stringify!($test), $a, $b); )+
        };
    }

    fn extend(bits: u32, value: i128) -> i128 {
        Reference { bits }.signed(value)
    }

    #[test]
    fn i32_instructions_agree_with_unbounded_arithmetic() {
        let r = Reference { bits: 32 };
        for (a, b) in EDGES.iter().flat_map(|a| EDGES.map(|b| (*a as i32, b as i32))) {
            let (s, t) = (i128::from(a), i128::from(b));
            let (u, v) = (r.wrap(s), r.wrap(t));
            let count = v % 32;
            check! { r, a, b;
                unary {
                    i32_clz = r.bits_of(s).rev().take_while(|bit| !bit).count() as i128;
                    i32_ctz = r.bits_of(s).take_while(|bit| !bit).count() as i128;
                    i32_popcnt = r.bits_of(s).filter(|bit| *bit).count() as i128;
                    i32_extend8_s = extend(8, s);
                    i32_extend16_s = extend(16, s);
                }
                binary {
                    i32_add = s + t;
                    i32_sub = s - t;
                    i32_mul = s * t;
                    i32_and = s & t;
                    i32_or = s | t;
                    i32_xor = s ^ t;
                    i32_shl = u << count;
                    i32_shr_s = s >> count;
                    i32_shr_u = u >> count;
                    i32_rotl = u << count | u >> (32 - count);
                    i32_rotr = u >> count | u << (32 - count);
                }
                trapping {
                    i32_div_s = r.divide(s, t, i128::from(i32::MAX));
                    i32_div_u = r.divide(u, v, i128::MAX);
                    i32_rem_s = Reference::remainder(s, t);
                    i32_rem_u = Reference::remainder(u, v);
                }
                test {
                    i32_eq = s == t;
                    i32_ne = s != t;
                    i32_lt_s = s < t;
                    i32_lt_u = u < v;
                    i32_gt_s = s > t;
                    i32_gt_u = u > v;
                    i32_le_s = s <= t;
                    i32_le_u = u <= v;
                    i32_ge_s = s >= t;
                    i32_ge_u = u >= v;
                }
            }
        }
    }

    #[test]
    fn i64_instructions_agree_with_unbounded_arithmetic() {
        let r = Reference { bits: 64 };
        for (a, b) in EDGES.iter().flat_map(|a| EDGES.map(|b| (*a, b))) {
            let (s, t) = (i128::from(a), i128::from(b));
            let (u, v) = (r.wrap(s), r.wrap(t));
            let count = v % 64;
            check! { r, a, b;
                unary {
                    i64_clz = r.bits_of(s).rev().take_while(|bit| !bit).count() as i128;
                    i64_ctz = r.bits_of(s).take_while(|bit| !bit).count() as i128;
                    i64_popcnt = r.bits_of(s).filter(|bit| *bit).count() as i128;
                    i64_extend8_s = extend(8, s);
                    i64_extend16_s = extend(16, s);
                    i64_extend32_s = extend(32, s);
                }
                binary {
                    i64_add = s + t;
                    i64_sub = s - t;
                    i64_mul = s * t;
                    i64_and = s & t;
                    i64_or = s | t;
                    i64_xor = s ^ t;
                    i64_shl = s << count;
                    i64_shr_s = s >> count;
                    i64_shr_u = u >> count;
                    i64_rotl = u << count | u >> (64 - count);
                    i64_rotr = u >> count | u << (64 - count);
                }
                trapping {
                    i64_div_s = r.divide(s, t, i128::from(i64::MAX));
                    i64_div_u = r.divide(u, v, i128::MAX);
                    i64_rem_s = Reference::remainder(s, t);
                    i64_rem_u = Reference::remainder(u, v);
                }
                test {
                    i64_eq = s == t;
                    i64_ne = s != t;
                    i64_lt_s = s < t;
                    i64_lt_u = u < v;
                    i64_gt_s = s > t;
                    i64_gt_u = u > v;
                    i64_le_s = s <= t;
                    i64_le_u = u <= v;
                    i64_ge_s = s >= t;
                    i64_ge_u = u >= v;
                }
            }
        }
    }
}
