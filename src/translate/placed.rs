//! The second walk's result: instructions whose operands have places, and labels between them.

use crate::code::{Op, Opcode, Place};

use super::List;
use super::facts::Facts;
use super::forms::Form;
use super::ir::{Inst, Label, Operand};

/// A placed instruction, or a label.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item {
    Inst(Placed),
    Label(Label),
}

/// There is an item for each part of a cell, at least.
const _: () =
    assert!(size_of::<Item>() == 32, "what the list of instructions has is not here, too");

/// An instruction whose operands have places, with its fields as cells have them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    pub(super) op: Op,
    /// That of `op` and where its operands are, which says what fields there are.
    pub(super) opcode: Opcode,
    /// The node of the list that it is, or with [`Placed::BESIDE`] that it is placed for.
    pub(super) node: u32,
    /// The first word of the op's family; a target is the number of a label.
    pub(super) word: u32,
    /// The immediates, the first one lowest. [`Op::CopyFar`] has its words here.
    pub(super) immediates: u64,
    /// The byte offsets of slots, the first one lowest.
    pub(super) slots: u64,
}

/// A source's place, and the byte offset of its slot, wherever it is read from, the immediate, or the position of the
/// constant that is a wide one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) place: Place,
    pub(super) value: u32,
}

impl Field {
    /// That of a source that is not there.
    pub(super) const NONE: Field = Field { place: Place::Slot, value: 0 };

    /// The slot of a source that is in an accumulator, which has the value, too; of others the same.
    pub(super) fn in_slot(self) -> Field {
        Field { place: if self.place == Place::Acc { Place::Slot } else { self.place }, ..self }
    }
}

impl Placed {
    /// In `node`: the instruction is none of the list's.
    pub(super) const BESIDE: u32 = 1 << 31;

    /// An instruction without operands, which is the node with a number; what it does and where is to be set.
    #[inline(always)]
    pub(super) fn new(node: u32, word: u32) -> Placed {
        Placed { op: Op::Unreachable, opcode: Opcode::HALT, node, word, immediates: 0, slots: 0 }
    }

    /// Puts a slot before those that there are.
    #[inline(always)]
    pub(super) fn put_slot(&mut self, offset: u16) {
        self.slots = self.slots << 16 | u64::from(offset);
    }

    /// Puts a source before those that there are.
    #[inline(always)]
    pub(super) fn put(&mut self, list: &List, field: Field) {
        match field.place {
            Place::Slot => self.put_slot(field.value as u16),
            Place::Acc => {}
            Place::Imm => {
                self.immediates = self.immediates << 32 | u64::from(field.value);
            }
            Place::Wide => {
                self.immediates = list.consts[field.value as usize].bits;
            }
        }
    }

    /// The slot with a number.
    pub(super) fn slot(&self, number: u8) -> u16 {
        (self.slots >> (16 * number)) as u16
    }

    /// Whether the instruction has the slot at the byte offset `slot` as one of its operands or as its
    /// destination.
    pub(super) fn names(&self, slot: u16) -> bool {
        (0..Form::of(self.opcode).slots).any(|number| self.slot(number) == slot)
    }

    /// The destination, which is in a slot.
    pub(super) fn d(&self) -> u16 {
        self.slot(0)
    }

    /// The slot of `y`, or of `x`, which is in one, if nobody reads it afterwards.
    pub(super) fn last_read(&self, list: &List, y: bool) -> Option<u16> {
        if self.node & Placed::BESIDE != 0 {
            return None;
        }
        let (facts, shape) = (Facts::of(self.op), self.opcode.single()?.1);
        let d = facts.d && shape.d() == Place::Slot;
        let x = y && facts.x && shape.x() == Place::Slot;
        let slot = self.slot(u8::from(d) + u8::from(x));
        let inst = self.inst(list)?;
        let temp = Operand::temp(u32::from(slot) / 8);
        (!inst.keep && [inst.x, inst.y].contains(&temp)).then_some(slot)
    }

    /// Leaves the result in the accumulator alone, if the op has such a shape.
    pub(super) fn leave_slot_alone(&mut self) {
        if let Some(opcode) = self.opcode.accumulated() {
            self.opcode = opcode;
            self.slots >>= 16;
        }
    }

    /// The instruction of the list that it is, or that it is placed for.
    pub(super) fn inst<'a>(&self, list: &'a List) -> Option<&'a Inst> {
        list.inst(self.node & !Placed::BESIDE)
    }

    /// The words of the op's family.
    pub(super) fn words(&self, list: &List) -> [u32; 4] {
        let [first, second] = [self.immediates as u32, (self.immediates >> 32) as u32];
        match self.op {
            Op::CopyFar => [first, second, 0, 0],
            Op::V128Const | Op::I8x16Shuffle => list.wide[self.word as usize],
            _ => self.inst(list).map_or([0; 4], |inst| inst.words),
        }
    }
}
