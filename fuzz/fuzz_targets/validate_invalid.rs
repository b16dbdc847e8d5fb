//! See `fulmar_fuzz::targets::validate_invalid`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fulmar_fuzz::targets::validate_invalid(bytes);
});
