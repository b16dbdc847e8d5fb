//! The target `decode` on inputs made from numbers. Alone in its file: it counts the memory of the whole
//! process.
//!
//! `FULMAR_SEED=NUMBER` makes the inputs others, `FULMAR_COUNT=NUMBER` more or fewer. To look at one
//! that failed: `FULMAR_ONLY=INDEX`.

mod driver;

#[test]
fn decode() {
    driver::drive("decode", 3_000);
}
