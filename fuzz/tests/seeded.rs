//! The targets on inputs made from numbers, which needs neither libFuzzer nor nightly.
//!
//! `FULMAR_SEED=NUMBER` makes the inputs others, `FULMAR_COUNT=NUMBER` more or fewer. To look at one
//! that failed: `FULMAR_ONLY=INDEX`.

mod driver;

use driver::drive;

#[test]
fn diff_modes() {
    drive("diff_modes", 1_000);
}

#[test]
#[cfg(feature = "wasmi")]
fn diff_wasmi() {
    drive("diff_wasmi", 2_000);
}

#[test]
#[cfg(feature = "wasmtime")]
fn diff_wasmtime() {
    drive("diff_wasmtime", 1_000);
}

#[test]
fn fused() {
    drive("fused", 500);
}

#[test]
fn gc_stress() {
    drive("gc_stress", 2_000);
}

#[test]
fn loops() {
    drive("loops", 1_000);
}

#[test]
fn mem_edge() {
    drive("mem_edge", 3_000);
}

#[test]
fn single_inst() {
    drive("single_inst", 1_000);
}

#[test]
fn wast_swarm() {
    drive("wast_swarm", 200);
}

#[test]
fn validate_invalid() {
    drive("validate_invalid", 5_000);
}
