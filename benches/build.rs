//! Links the C library of numbers for WAMR, whose crate leaves it out.

fn main() {
    if std::env::var_os("CARGO_FEATURE_WAMR").is_some() {
        println!("cargo::rustc-link-arg-bins=-Wl,--no-as-needed,-lm");
    }
}
