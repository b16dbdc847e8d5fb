//! Calls of trait objects: each step of a small state machine is a `call_indirect` whose target
//! depends on the state.
//!
//! Built for WebAssembly it exports `run`; as a native program it prints the result for its argument.

#![cfg_attr(target_arch = "wasm32", no_std)]
#![cfg_attr(target_arch = "wasm32", no_main)]

/// One way to get from a state to the next.
trait Rule: Sync {
    fn apply(&self, state: u64) -> u64;

    /// What a step by this rule counts for.
    fn weight(&self) -> u64 {
        1
    }
}

struct Add(u64);
struct Multiply(u64);
struct Rotate(u32);
struct Fold {
    shift: u32,
    weight: u64,
}
struct Blend {
    mask: u64,
    flip: u64,
}

impl Rule for Add {
    fn apply(&self, state: u64) -> u64 {
        state.wrapping_add(self.0)
    }
}

impl Rule for Multiply {
    fn apply(&self, state: u64) -> u64 {
        state.wrapping_mul(self.0)
    }

    fn weight(&self) -> u64 {
        3
    }
}

impl Rule for Rotate {
    fn apply(&self, state: u64) -> u64 {
        state.rotate_left(self.0)
    }
}

impl Rule for Fold {
    fn apply(&self, state: u64) -> u64 {
        state ^ (state >> self.shift)
    }

    fn weight(&self) -> u64 {
        self.weight
    }
}

impl Rule for Blend {
    fn apply(&self, state: u64) -> u64 {
        (state & self.mask) ^ self.flip ^ (state >> 1)
    }

    fn weight(&self) -> u64 {
        2
    }
}

static RULES: [&dyn Rule; 8] = [
    &Add(0x9e37_79b9_7f4a_7c15),
    &Fold { shift: 29, weight: 5 },
    &Multiply(0xbf58_476d_1ce4_e5b9),
    &Rotate(23),
    &Blend { mask: 0x0f0f_f0f0_33cc_55aa, flip: 0x1234_5678_9abc_def1 },
    &Multiply(0x94d0_49bb_1331_11eb),
    &Add(0x2545_f491_4f6c_dd1d),
    &Fold { shift: 17, weight: 7 },
];

fn walk(steps: i32) -> i64 {
    let mut state = 1_u64;
    let mut sum = 0_u64;
    for step in 0..steps as u64 {
        let choice = (state >> 61) ^ (step & 7);
        let rule = RULES[choice as usize];
        state = rule.apply(state);
        sum = sum.wrapping_mul(3).wrapping_add(rule.weight());
    }
    (state ^ sum) as i64
}

#[cfg(target_arch = "wasm32")]
#[unsafe(no_mangle)]
extern "C" fn run(steps: i32) -> i64 {
    walk(steps)
}

#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    let steps = std::env::args().nth(1).and_then(|text| text.parse().ok());
    println!("{}", walk(steps.expect("one number is needed")));
}
