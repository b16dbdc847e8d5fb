//! A job for each function body of a module, which are independent of each other.
//!
//! With `std`, several threads share the bodies of a large module. What is reported is the error of
//! the first body that has one, either way.

#[cfg_attr(feature = "std", path = "threads.rs")]
#[cfg_attr(not(feature = "std"), path = "serial.rs")]
mod all;

pub(crate) use all::for_each_body;

/// What there is to do.
#[derive(Clone, Copy)]
pub(crate) struct Bodies {
    /// The number of bodies.
    pub(crate) count: usize,
    /// How long all of them take one thread, in nanoseconds, by a rough guess.
    #[cfg_attr(not(feature = "std"), expect(dead_code, reason = "decides on threads"))]
    pub(crate) nanoseconds: usize,
    /// Whether several threads may share them.
    #[cfg_attr(not(feature = "std"), expect(dead_code, reason = "decides on threads"))]
    pub(crate) parallel: bool,
}
