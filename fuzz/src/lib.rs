//! What the fuzz targets do, as functions of bytes, so that ordinary tests can call them too.
//!
//! Each function of [`targets`] takes the bytes of one input and panics if something is wrong. An
//! input chooses a module ([`generate`]) and how to call it ([`plan`]); engines ([`engines`]) run
//! it, and what they show ([`observe`]) must be the same. [`seeded`] makes inputs from numbers,
//! for hosts without libFuzzer.

mod api_calls;
#[expect(dead_code, reason = "tests of the crate use the rest")]
#[path = "../../tests/counting/mod.rs"]
mod counting;
pub mod decode;
pub mod edges;
pub mod engines;
pub mod fuel;
mod fused;
pub mod generate;
pub mod host;
pub mod loops;
mod mem_edge;
pub mod mutate;
pub mod observe;
pub mod operators;
pub mod plan;
pub mod quiet;
pub mod reach;
pub mod seeded;
pub mod single_inst;
pub mod targets;
pub mod value;
pub mod wast_swarm;
pub mod whereabouts;
