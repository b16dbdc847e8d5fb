//! Rounding to an integral value by the standard library, on hosts where each of these methods is
//! one machine instruction. `rounding.rs` has the same functions for all other hosts.

/// Rounding to an integral value; NaNs become quiet, zeros and the signs of results are kept.
pub(super) trait Rounding {
    fn round_up(self) -> Self;
    fn round_down(self) -> Self;
    fn round_to_zero(self) -> Self;
    fn round_to_even(self) -> Self;
}

/// One row a float type.
macro_rules! rounding {
    ($( $float:ident; )+) => {
        $(
            impl Rounding for $float {
                #[inline(always)]
                fn round_up(self) -> Self {
                    self.ceil()
                }

                #[inline(always)]
                fn round_down(self) -> Self {
                    self.floor()
                }

                #[inline(always)]
                fn round_to_zero(self) -> Self {
                    self.trunc()
                }

                #[inline(always)]
                fn round_to_even(self) -> Self {
                    self.round_ties_even()
                }
            }
        )+
    };
}

rounding! {
    f32;
    f64;
}
