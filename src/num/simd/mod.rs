//! Vector instructions on [`V128`](crate::V128) (spec: Execution, "Vector Instructions").
//!
//! The same conventions as for scalars; in addition: a comparison gives a vector of lanes that are
//! all ones or all zeros; a shift count is an `i32`, taken modulo the lane width; a lane index comes
//! last but for the replacing value, and was validated; a load takes the integer that was read from
//! memory, already in the order of the host.
//!
//! No intrinsics but in `look_up`: arrays of lanes and closures, which the compiler makes vector
//! instructions of on every host that has them.

mod access;
mod compare;
mod convert;
mod float;
mod int;
mod lanes;
mod load;
mod look_up;
mod relaxed;
#[cfg(test)]
mod samples;
mod width;

pub(crate) use access::*;
pub(crate) use compare::*;
pub(crate) use convert::*;
pub(crate) use float::*;
pub(crate) use int::*;
pub(crate) use load::*;
pub(crate) use look_up::detect;
pub(crate) use relaxed::*;
pub(crate) use width::*;
