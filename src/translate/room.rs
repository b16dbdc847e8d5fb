//! The room that operators can take in each list of the first walk, asked for before they are
//! translated.
//!
//! What is emitted for an operator is bounded: a few nodes, constants and values, and what depends on
//! the operand stack and on the operator's own lists. So all there is to fail is here, and what follows
//! only pushes.
//!
//! For the operators of a stretch of code room is asked at once, and most ask for nothing more. Those that do
//! leave that of a whole stretch: at any place there is room for all that may come up to the stretch's end.

use wasmparser::{BlockType, BrTable, Operator};

use crate::buffer::NoMemory;
use crate::types::index::TypeIdx;

use super::Walk;
use super::branches::SPAN_VALUES_MIN;
use super::frames::{Frame, FrameKind};
use super::reader::STRETCH_BYTES;

/// The most nodes of a common operator, but for copies of values that are not in their own slots, and with that of
/// the value that it leaves. It leaves at most one, and refers to at most one constant of its own.
const COMMON_NODES: usize = 3;

/// The most constants and values of an operator that asks for itself, but for those that are counted below. The
/// longest are the call of a function to itself, with eight parameters that may be copied and set and eight
/// locals that are cleared, and the end of a function. Then those of a stretch.
const FEW: usize = 32 + STRETCH_BYTES;

/// The same of nodes.
const FEW_NODES: usize = 32 + STRETCH_BYTES * COMMON_NODES;

impl Walk<'_> {
    /// Asks for the room that the start of a function takes.
    pub(super) fn make_room_at_start(&mut self) -> Result<(), NoMemory> {
        self.frames.make_room(1)?;
        self.make_room_for_few()
    }

    /// Asks for the room that an operator can take, but for those that have a function of their own here.
    pub(super) fn make_room(&mut self, operator: &Operator<'_>) -> Result<(), NoMemory> {
        match operator {
            Operator::TryTable { .. } => self.make_room_for_try_table()?,
            Operator::BrOnNull { .. }
            | Operator::BrOnNonNull { .. }
            | Operator::BrOnCast { .. }
            | Operator::BrOnCastFail { .. }
            | Operator::ReturnCall { .. } => self.make_room_for_branch()?,
            Operator::BrTable { targets } => self.make_room_for_table(targets)?,
            Operator::CallIndirect { type_index, .. } | Operator::CallRef { type_index } => {
                self.make_room_for_results(TypeIdx(*type_index))?;
            }
            Operator::V128Const { .. } | Operator::I8x16Shuffle { .. } => {
                self.list.wide.make_room(1)?;
            }
            _ => {}
        }
        self.make_room_for_few()
    }

    /// For the common operators that begin in the next [`STRETCH_BYTES`].
    pub(super) fn make_room_for_stretch(&mut self) -> Result<(), NoMemory> {
        self.make_room_for_few()
    }

    /// For a few nodes, constants and values.
    fn make_room_for_few(&mut self) -> Result<(), NoMemory> {
        self.list.consts.make_room(FEW)?;
        self.stack.make_room(FEW)?;
        self.make_room_for_nodes(0)
    }

    /// For a local as a value.
    #[inline(always)]
    pub(super) fn make_room_for_local(&mut self, index: u32) -> Result<(), NoMemory> {
        self.stack.make_room_for_local(index)
    }

    /// For the start of a block.
    pub(super) fn make_room_for_block(&mut self) -> Result<(), NoMemory> {
        self.frames.make_room(1)?;
        self.make_room_for_nodes(0)
    }

    /// For a branch.
    pub(super) fn make_room_for_branch(&mut self) -> Result<(), NoMemory> {
        self.make_room_for_turns()?;
        self.make_room_for_nodes(0)
    }

    /// For a return.
    pub(super) fn make_room_for_return(&mut self) -> Result<(), NoMemory> {
        self.make_room_for_nodes(0)
    }

    /// For the call of a function.
    pub(super) fn make_room_for_call(&mut self, func: u32) -> Result<(), NoMemory> {
        self.make_room_for_results(self.module.funcs[func as usize])
    }

    /// Asks for a copy of each value that is not in its own slot, and for `nodes` nodes and the few.
    fn make_room_for_nodes(&mut self, nodes: usize) -> Result<(), NoMemory> {
        self.list.nodes.make_room(self.stack.unsettled() + nodes + FEW_NODES)
    }

    /// For the results of a call, and copies of its arguments.
    fn make_room_for_results(&mut self, ty: TypeIdx) -> Result<(), NoMemory> {
        self.stack.make_room(self.module.signature(ty).results().len() + FEW)?;
        self.make_room_for_nodes(0)
    }

    fn make_room_for_try_table(&mut self) -> Result<(), NoMemory> {
        let catches = self.catches.as_ref().map_or(0, |catches| catches.len());
        self.list.tries.make_room(catches)?;
        self.list.turns.make_room(catches)?;
        self.frames.make_room(1)?;
        self.make_room_for_nodes(0)
    }

    /// For the values that are there behind `else` or `end` where nothing comes from before.
    pub(super) fn make_room_for_end(&mut self) -> Result<(), NoMemory> {
        let frame = self.frames.last().expect("validated: a frame is open");
        if frame.kind == FrameKind::TryTable {
            self.list.tries.make_room(0)?;
        }
        self.stack.make_room(self.values_max(frame) + FEW)?;
        self.make_room_for_nodes(0)
    }

    /// The parameters or results of a frame, whichever are more.
    fn values_max(&self, frame: &Frame) -> usize {
        let params = match frame.ty {
            BlockType::FuncType(ty) => self.module.signature(TypeIdx(ty)).params().len(),
            BlockType::Empty | BlockType::Type(_) => 0,
        };
        self.frame_results(frame).max(params)
    }

    /// A table has a target for each depth. For some there are a label, moves and a branch, too: for each frame
    /// once, and if no values are carried only for the function.
    fn make_room_for_table(&mut self, table: &BrTable<'_>) -> Result<(), NoMemory> {
        let targets = table.len() as usize + 1;
        self.list.targets.make_room(targets)?;
        self.list.turns.make_room(targets)?;
        self.make_room_for_switch()?;
        let count = self.branch_arity(&self.frames[self.frame_at(table.default())]);
        let stubs = if count > 0 { targets.min(self.frames.len()) } else { 1 };
        self.make_room_for_nodes(stubs * (count.min(SPAN_VALUES_MIN) + 2))
    }
}
