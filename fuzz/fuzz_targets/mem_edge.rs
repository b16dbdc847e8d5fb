//! See `fulmar_fuzz::targets::mem_edge`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fulmar_fuzz::targets::mem_edge(bytes);
});
