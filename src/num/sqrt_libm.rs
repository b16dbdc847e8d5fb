//! Square roots by the crate `libm`, for builds without the standard library.

#[inline(always)]
pub(super) fn sqrt_f32(x: f32) -> f32 {
    libm::sqrtf(x)
}

#[inline(always)]
pub(super) fn sqrt_f64(x: f64) -> f64 {
    libm::sqrt(x)
}
