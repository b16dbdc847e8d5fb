//! See `fulmar_fuzz::targets::single_inst`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fulmar_fuzz::targets::single_inst(bytes);
});
