//! See `fulmar_fuzz::targets::gc_stress`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fulmar_fuzz::targets::gc_stress(bytes);
});
