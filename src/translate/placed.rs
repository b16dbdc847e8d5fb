//! The second walk's result: instructions whose operands have places, and labels between them.

use crate::code::{Op, Opcode, Place, Shape};

use super::ir::Label;

/// A placed instruction, or a label.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item {
    Inst(Placed),
    Label(Label),
}

/// An instruction whose operands have places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    pub(super) op: Op,
    pub(super) shape: Shape,
    /// That of `op` and `shape`.
    pub(super) opcode: Opcode,
    /// The byte offset of the destination's slot.
    pub(super) d: u16,
    /// Of the sources, the byte offset of the slot, or the immediate.
    pub(super) x: u64,
    pub(super) y: u64,
    /// The byte offsets of further sources' slots.
    pub(super) rest: [u16; 2],
    /// Of `x` and `y`, if they are in slots: whether nobody reads them afterwards.
    pub(super) last: [bool; 2],
    /// The words of the op's family; a target is the number of a label.
    pub(super) words: [u32; 4],
    /// The byte offset of the instruction in the module.
    pub(super) offset: u32,
}

impl Placed {
    /// Whether the instruction has the slot at the byte offset `slot` as one of its operands or as its
    /// destination.
    pub(super) fn names(&self, slot: u16) -> bool {
        let family = self.op.family();
        let is_slot = |place, value| place == Place::Slot && value == u64::from(slot);
        family.d && self.shape.d() == Place::Slot && self.d == slot
            || family.x && is_slot(self.shape.x(), self.x)
            || family.y && is_slot(self.shape.y(), self.y)
            || self.rest[..family.rest].contains(&slot)
    }

    /// Leaves the result in the accumulator alone, if the op has such a shape.
    pub(super) fn leave_slot_alone(&mut self) {
        let shape = Shape::new(Place::Acc, self.shape.x(), self.shape.y());
        if let Some(opcode) = Opcode::of(self.op, shape) {
            (self.shape, self.opcode) = (shape, opcode);
        }
    }
}
