//! Chooses the dispatch: tail calls where they are proven, otherwise a loop.
//!
//! LLVM turns a handler's last call into a jump only when optimising, without debug assertions, and
//! on architectures that pass all of a handler's arguments in registers; those below have been
//! looked at (docs/RATIONALE.md says how). When optimising for size, vector handlers keep frames: that
//! is the loop's, too. The feature `portable-dispatch` asks for the loop.
//!
//! With tail calls, the accumulator of v128 is a register where the architecture passes vectors in one.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(fulmar_tail_calls, fulmar_vector_register)");
    let optimised = matches!(env::var("OPT_LEVEL").as_deref(), Ok("2" | "3"));
    let assertions = env::var_os("CARGO_CFG_DEBUG_ASSERTIONS").is_some();
    let arch = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let proven = matches!(arch.as_str(), "x86_64" | "aarch64" | "riscv64");
    let portable = env::var_os("CARGO_FEATURE_PORTABLE_DISPATCH").is_some();
    if optimised && !assertions && proven && !portable {
        println!("cargo::rustc-cfg=fulmar_tail_calls");
        let features = env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
        let vectors = match arch.as_str() {
            "x86_64" => Some("sse2"),
            "aarch64" => Some("neon"),
            _ => None,
        };
        if features.split(',').any(|feature| Some(feature) == vectors) {
            println!("cargo::rustc-cfg=fulmar_vector_register");
        }
    }
}
