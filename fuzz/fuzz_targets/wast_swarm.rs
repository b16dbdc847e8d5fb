//! See `fulmar_fuzz::targets::wast_swarm`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fulmar_fuzz::targets::wast_swarm(bytes);
});
