//! The room that an operator can take in each list of the first walk, asked for before it is
//! translated.
//!
//! What is emitted for an operator is bounded: a few nodes, constants and values, and what depends on
//! the operand stack and on the operator's own lists. So all there is to fail is here, and what follows
//! only pushes.

use wasmparser::{BlockType, BrTable, Operator};

use crate::buffer::NoMemory;
use crate::types::index::TypeIdx;

use super::Walk;
use super::branches::SPAN_VALUES_MIN;
use super::frames::{Frame, FrameKind};

/// The most nodes, constants and values of an operator, but for those that are counted below. The
/// longest are the call of a function to itself, with eight parameters that may be copied and set and eight
/// locals that are cleared, and the end of a function.
const FEW: usize = 32;

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
            Operator::Throw { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. }
            | Operator::StructNew { .. }
            | Operator::ArrayNewFixed { .. } => self.make_room_for_copies(0)?,
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

    /// For an instruction that leaves at most one value, and refers to one constant of its own.
    pub(super) fn make_room_for_few(&mut self) -> Result<(), NoMemory> {
        self.list.nodes.make_room(FEW)?;
        self.list.consts.make_room(FEW)?;
        self.stack.make_room(FEW)
    }

    /// For an instruction of a few nodes that leaves no more values than it takes.
    #[inline(always)]
    pub(super) fn make_room_for_nodes(&mut self) -> Result<(), NoMemory> {
        self.list.nodes.make_room(FEW)
    }

    /// For a constant as a value.
    #[inline(always)]
    pub(super) fn make_room_for_const(&mut self) -> Result<(), NoMemory> {
        self.list.consts.make_room(1)?;
        self.stack.make_room(1)
    }

    /// For a local as a value.
    #[inline(always)]
    pub(super) fn make_room_for_local(&mut self, index: u32) -> Result<(), NoMemory> {
        self.stack.make_room_for_local(index)?;
        self.stack.make_room(1)
    }

    /// For a value that a local is set to: whatever refers to the local is copied.
    #[inline(always)]
    pub(super) fn make_room_for_set(&mut self) -> Result<(), NoMemory> {
        self.make_room_for_copies(0)
    }

    /// The same for one that stays a value.
    #[inline(always)]
    pub(super) fn make_room_for_tee(&mut self, index: u32) -> Result<(), NoMemory> {
        self.make_room_for_set()?;
        self.make_room_for_local(index)
    }

    /// For the start of a block.
    pub(super) fn make_room_for_block(&mut self) -> Result<(), NoMemory> {
        self.frames.make_room(1)?;
        self.make_room_for_copies(0)?;
        self.make_room_for_few()
    }

    /// For a branch.
    pub(super) fn make_room_for_branch(&mut self) -> Result<(), NoMemory> {
        self.make_room_for_turns()?;
        self.make_room_for_copies(0)?;
        self.make_room_for_few()
    }

    /// For a return.
    pub(super) fn make_room_for_return(&mut self) -> Result<(), NoMemory> {
        self.make_room_for_copies(0)?;
        self.make_room_for_few()
    }

    /// For the call of a function.
    pub(super) fn make_room_for_call(&mut self, func: u32) -> Result<(), NoMemory> {
        self.make_room_for_results(self.module.funcs[func as usize])
    }

    /// Asks for a copy of each value that is not in its own slot, and for `nodes` nodes and the few.
    #[inline(always)]
    fn make_room_for_copies(&mut self, nodes: usize) -> Result<(), NoMemory> {
        self.list.nodes.make_room(self.stack.unsettled() + nodes + FEW)
    }

    /// For the results of a call, and copies of its arguments.
    fn make_room_for_results(&mut self, ty: TypeIdx) -> Result<(), NoMemory> {
        self.stack.make_room(self.module.signature(ty).results().len() + FEW)?;
        self.make_room_for_copies(0)
    }

    fn make_room_for_try_table(&mut self) -> Result<(), NoMemory> {
        let catches = self.catches.as_ref().map_or(0, |catches| catches.len());
        self.list.tries.make_room(catches)?;
        self.list.turns.make_room(catches)?;
        self.frames.make_room(1)?;
        self.make_room_for_copies(0)
    }

    /// For the values that are there behind `else` or `end` where nothing comes from before.
    pub(super) fn make_room_for_end(&mut self) -> Result<(), NoMemory> {
        let frame = self.frames.last().expect("validated: a frame is open");
        if frame.kind == FrameKind::TryTable {
            self.list.tries.make_room(0)?;
        }
        self.stack.make_room(self.values_max(frame) + FEW)?;
        self.make_room_for_copies(0)?;
        self.make_room_for_few()
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
        self.make_room_for_copies(stubs * (count.min(SPAN_VALUES_MIN) + 2))
    }
}
