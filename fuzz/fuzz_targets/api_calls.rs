//! See `fulmar_fuzz::targets::api_calls`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fulmar_fuzz::targets::api_calls(bytes);
});
