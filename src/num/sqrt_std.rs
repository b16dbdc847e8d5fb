//! Square roots by the standard library: one instruction on hosts with an FPU.

#[inline(always)]
pub(super) fn sqrt_f32(x: f32) -> f32 {
    x.sqrt()
}

#[inline(always)]
pub(super) fn sqrt_f64(x: f64) -> f64 {
    x.sqrt()
}
