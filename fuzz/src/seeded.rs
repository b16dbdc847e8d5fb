//! Inputs made from numbers, for hosts without libFuzzer: the same everywhere and in every run.

/// The bytes of input `index` under `seed`; between half a KiB and 8 KiB.
pub fn input(seed: u64, index: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ index;
    let len = 64 + next(&mut state) % 960;
    (0..len).flat_map(|_| next(&mut state).to_le_bytes()).collect()
}

/// Splitmix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}
