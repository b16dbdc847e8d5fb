//! Integers of 128 bits as two i64, the low one first: additions, subtractions, products.
//!
//! A pair of i64 is passed as what it is in slots, a [`V128`].

use crate::V128;

instructions! {
    i64_add128(x: V128, y: V128) -> V128 = V128::from(x.as_u128().wrapping_add(y.as_u128()));
    i64_sub128(x: V128, y: V128) -> V128 = V128::from(x.as_u128().wrapping_sub(y.as_u128()));
    i64_mul_wide_s(x: i64, y: i64) -> V128 =
        V128::from((i128::from(x) * i128::from(y)).cast_unsigned());
    i64_mul_wide_u(x: i64, y: i64) -> V128 =
        V128::from(u128::from(x.cast_unsigned()) * u128::from(y.cast_unsigned()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(value: i128) -> V128 {
        V128::from(value.cast_unsigned())
    }

    #[test]
    fn carries_and_borrows_cross_the_halves() {
        let low = i128::from(u64::MAX);
        assert_eq!(i64_add128(bits(low), bits(1)), bits(1 << 64));
        assert_eq!(i64_sub128(bits(1 << 64), bits(1)), bits(low));
        assert_eq!(i64_add128(bits(-1), bits(1)), bits(0));
        assert_eq!(i64_sub128(bits(0), bits(1)), bits(-1));
    }

    #[test]
    fn products_have_all_their_bits() {
        assert_eq!(i64_mul_wide_s(-1, 1), bits(-1));
        assert_eq!(i64_mul_wide_u(-1, 1), bits(i128::from(u64::MAX)));
        assert_eq!(i64_mul_wide_s(i64::MIN, i64::MIN), bits(1 << 126));
        assert_eq!(i64_mul_wide_u(-1, -1), V128::from(u128::MAX - (u128::from(u64::MAX) << 1)));
    }
}
