//! See `fulmar_fuzz::targets::diff_wasmtime`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fulmar_fuzz::targets::diff_wasmtime(bytes);
});
