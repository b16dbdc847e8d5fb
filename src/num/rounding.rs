//! Rounding to an integral value by plain additions (spec: `fceil`, `ffloor`, `ftrunc`, `fnearest`).
//!
//! For hosts where the standard library would call a function of the C library, or where there is
//! no standard library: a call in an instruction handler makes the handler save its registers, and
//! a call a lane keeps a vector instruction from being vectorised. These few additions inline and
//! vectorise everywhere.

/// Rounding to an integral value; NaNs become quiet, zeros and the signs of results are kept.
pub(super) trait Rounding {
    fn round_up(self) -> Self;
    fn round_down(self) -> Self;
    fn round_to_zero(self) -> Self;
    fn round_to_even(self) -> Self;
}

/// One row a float type: the least power of two from which on every float is integral, and the bit
/// that makes a NaN quiet.
macro_rules! rounding {
    ($( $float:ident, $integral:literal, $quiet:literal; )+) => {
        $(
            impl Rounding for $float {
                #[inline(always)]
                fn round_up(self) -> Self {
                    let nearest = self.round_to_even();
                    if nearest < self { (nearest + 1.0).copysign(self) } else { nearest }
                }

                #[inline(always)]
                fn round_down(self) -> Self {
                    let nearest = self.round_to_even();
                    if nearest > self { (nearest - 1.0).copysign(self) } else { nearest }
                }

                #[inline(always)]
                fn round_to_zero(self) -> Self {
                    let nearest = self.round_to_even();
                    if nearest.abs() > self.abs() { (nearest.abs() - 1.0).copysign(self) } else { nearest }
                }

                // The sum has no room for fraction bits: the addition itself rounds them away, ties
                // to even, and the subtraction is exact.
                #[inline(always)]
                fn round_to_even(self) -> Self {
                    let nearest = (self.abs() + $integral) - $integral;
                    let quieted = if self.is_nan() { $float::from_bits(self.to_bits() | $quiet) } else { self };
                    if self.abs() < $integral { nearest.copysign(self) } else { quieted }
                }
            }
        )+
    };
}

rounding! {
    f32, 8_388_608.0, 0x0040_0000;
    f64, 4_503_599_627_370_496.0, 0x0008_0000_0000_0000;
}
