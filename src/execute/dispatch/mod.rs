//! Dispatch: how one handler leads to the next. `build.rs` chooses the file.
//!
//! Both offer the same: `label(opcode)`, what a cell begins with; `run(state)`, which returns when
//! a handler stops; and `handler::<C>()`, the handler of a cell.

#[cfg(not(fulmar_tail_calls))]
mod looped;
#[cfg(fulmar_tail_calls)]
mod tail;

#[cfg(not(fulmar_tail_calls))]
pub(crate) use looped::{Anchor, Handler, handler, label, run};
#[cfg(fulmar_tail_calls)]
pub(crate) use tail::{Anchor, Handler, handler, label, run};
