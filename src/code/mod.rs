//! The bytecode: its op table, shapes, opcodes, encoder and printer.
//!
//! Code is a sequence of *cells*: a 32-bit label that leads to the handler, then the operands as
//! [`shape::Layout`] says. This module knows nothing of WebAssembly modules, of handlers, or of the
//! store; the translator writes cells through [`encode`], the executor reads them.

pub(crate) mod disasm;
pub(crate) mod encode;
pub(crate) mod family;
pub(crate) mod fused;
#[cfg_attr(feature = "compact", path = "fused_rows_compact.rs")]
pub(crate) mod fused_rows;
pub(crate) mod handlers;
pub(crate) mod op;
pub(crate) mod passing;
#[cfg_attr(feature = "compact", path = "passing_rows_compact.rs")]
pub(crate) mod passing_rows;
mod ref_target;
pub(crate) mod shape;
pub(crate) mod table;

pub(crate) use op::{Op, Opcode};
pub(crate) use ref_target::RefTarget;
pub(crate) use shape::{Place, Shape};
