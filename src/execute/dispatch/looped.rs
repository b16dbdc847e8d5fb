//! Dispatch by a loop, for builds and targets where tail calls are not proven.
//!
//! A label is the opcode, an index into the handler table.

use crate::code::Opcode;
use crate::code::encode::LABEL_BYTES;

use super::super::instr::Cell;
use super::super::ops::HANDLERS;
use super::super::state::{Flow, State};

/// A handler: says whether to go on with the cell at `pc`.
pub(crate) type Handler = unsafe fn(&mut State) -> bool;

/// What labels are relative to: nothing.
#[derive(Clone, Copy)]
pub(crate) struct Anchor;

impl Anchor {
    pub(crate) fn new() -> Anchor {
        Anchor
    }
}

unsafe fn handle<C: Cell>(s: &mut State) -> bool {
    // SAFETY: `run`'s caller vouches for the first cell, the translator for the others.
    match unsafe { C::run(s, LABEL_BYTES) } {
        Flow::Next => {
            // SAFETY: the next cell follows this one.
            s.pc = unsafe { s.pc.add(LABEL_BYTES + C::BYTES) };
            true
        }
        Flow::Jump => true,
        Flow::Trap(trap) => {
            // SAFETY: the context outlives execution.
            unsafe {
                (*s.ctx).trap = Some(trap);
                (*s.ctx).stop_pc = s.pc;
            }
            false
        }
        Flow::Stop => false,
    }
}

/// The handler of the cell `C`.
pub(crate) const fn handler<C: Cell>() -> Handler {
    handle::<C>
}

/// The label of the cells of `opcode`.
pub(crate) fn label(opcode: Opcode) -> u32 {
    u32::from(opcode.0)
}

/// Runs from `s.pc` on until a handler stops.
///
/// # Safety
///
/// `s` is the state of a function that the translator made.
pub(crate) unsafe fn run(mut s: State) {
    loop {
        // SAFETY: `pc` is a cell, and labels are opcodes.
        let go_on = unsafe {
            let label = s.pc.cast::<u32>().read();
            HANDLERS.get_unchecked(label as usize)(&mut s)
        };
        if !go_on {
            return;
        }
    }
}
