//! Exceptions: what is thrown, and the ranges of the list in which it is caught.
//!
//! A `try_table` is a block; that it catches is noted beside the list, so that the same instructions
//! give the same code inside and outside of one. What makes that right: only calls and `throw` can
//! be left by an exception; they leave nothing in accumulators, and a catch leads to a label, behind
//! which everything is read from slots. The values below the target are in their slots then: its
//! frame spilled them, and what is consumed behind a label was not left in an accumulator.

use wasmparser::BlockType;

use crate::buffer::{Buffer, NoMemory};
use crate::code::Op;
use crate::types::index::TagIdx;

use super::frames::{Frame, FrameKind};
use super::ir::{Inst, Kind, Label};
use super::{Walk, slots_of};

/// The `try_table`s of a function.
#[derive(Default)]
pub(crate) struct Tries {
    /// In the order of their starts.
    pub(super) tries: Buffer<Try>,
    /// The clauses of all of them.
    pub(super) catches: Buffer<Catch>,
    /// Where they start and end, in the order of the list.
    pub(super) marks: Buffer<Mark>,
    /// The innermost one that is open.
    open: Option<u32>,
}

/// A `try_table`.
pub(super) struct Try {
    pub(super) parent: Option<u32>,
    pub(super) clauses: (u32, u32),
}

/// A clause of a `try_table`.
pub(super) struct Catch {
    pub(super) tag: Option<TagIdx>,
    pub(super) with_ref: bool,
    pub(super) label: Label,
    /// The first slot of the values.
    pub(super) slot: u32,
}

/// The start or end of a `try_table`.
pub(super) struct Mark {
    /// The number of nodes before it.
    pub(super) node: usize,
    pub(super) of: u32,
    pub(super) is_end: bool,
}

impl Tries {
    pub(super) fn clear(&mut self) {
        self.tries.clear();
        self.catches.clear();
        self.marks.clear();
        self.open = None;
    }

    /// About how many bytes the buffers take.
    pub(super) fn buffer_bytes(&self) -> usize {
        self.tries.bytes() + self.catches.bytes() + self.marks.bytes()
    }

    /// Asks for the room of a `try_table` with so many clauses, which starts or ends.
    pub(super) fn make_room(&mut self, catches: usize) -> Result<(), NoMemory> {
        self.tries.make_room(1)?;
        self.catches.make_room(catches)?;
        self.marks.make_room(1)
    }

    /// Opens a `try_table` whose clauses are the ones from `first` on, before the node that comes
    /// next.
    fn open(&mut self, first: usize, node: usize) {
        let of = self.tries.len() as u32;
        let clauses = (first as u32, self.catches.len() as u32);
        self.tries.push(Try { parent: self.open, clauses });
        self.marks.push(Mark { node, of, is_end: false });
        self.open = Some(of);
    }

    /// Closes the innermost one.
    pub(super) fn close(&mut self, node: usize) {
        let of = self.open.expect("a try_table that ends was opened");
        self.marks.push(Mark { node, of, is_end: true });
        self.open = self.tries[of as usize].parent;
    }

    /// Keeps up when nodes are taken back.
    pub(super) fn truncate(&mut self, nodes: usize) {
        for mark in self.marks.iter_mut().rev().take_while(|mark| mark.node > nodes) {
            mark.node = nodes;
        }
    }
}

impl Walk<'_> {
    /// A `try_table`, whose clauses were read with it.
    pub(super) fn try_table(&mut self, ty: BlockType) {
        let Some(catches) = self.catches.take().filter(|catches| catches.len() > 0) else {
            return self.block(ty);
        };
        self.spill();
        let first = self.list.tries.catches.len();
        for catch in catches.iter() {
            self.catch(catch);
        }
        self.push_frame(FrameKind::TryTable, ty);
        self.list.tries.open(first, self.list.nodes.len());
    }

    /// Notes a clause. Its values arrive where the values of a branch to the same frame do.
    fn catch(&mut self, catch: wasmparser::Catch) {
        let (tag, with_ref, depth) = match catch {
            wasmparser::Catch::One { tag, label } => (Some(TagIdx(tag)), false, label),
            wasmparser::Catch::OneRef { tag, label } => (Some(TagIdx(tag)), true, label),
            wasmparser::Catch::All { label } => (None, false, label),
            wasmparser::Catch::AllRef { label } => (None, true, label),
        };
        let at = self.frame_at(depth);
        self.frames[at].branched = true;
        let frame = self.frames[at];
        self.turn(&frame, true);
        let Frame { label, slot, .. } = frame;
        self.list.tries.catches.push(Catch { tag, with_ref, label, slot });
    }

    /// Returns what was caught by clauses that lead to the end of the function.
    pub(super) fn return_caught(&mut self, frame: &Frame) {
        self.stack.truncate(frame.height);
        self.place(frame.label);
        let results = self.signature().results();
        for ty in results {
            self.stack.push_temp(Kind::of(*ty));
        }
        self.return_values(results.len(), false);
    }

    pub(super) fn throw(&mut self, tag: u32) {
        let ty = self.module.tags[TagIdx(tag).index()];
        let ty = self.module.signature(ty);
        let base = self.pop_arguments(ty.params().len());
        self.emit_words(Op::Throw, [tag, base * 8, slots_of(ty.params()), 0]);
        self.unreachable_from_here();
    }

    pub(super) fn throw_ref(&mut self) {
        let x = self.stack.pop().value;
        self.emit(Inst { x, ..self.inst(Op::ThrowRef) });
        self.unreachable_from_here();
    }
}
