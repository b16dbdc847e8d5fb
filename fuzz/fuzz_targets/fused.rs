//! See `fulmar_fuzz::targets::fused`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fulmar_fuzz::targets::fused(bytes);
});
