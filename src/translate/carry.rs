//! What the integer accumulator holds where a loop's turns meet.
//!
//! Behind a label everything is read from slots, since each way there may have left something else in
//! the accumulators. A loop that begins with what its turns end with, a counter or a pointer mostly,
//! would then wait for that slot to be written and read again in each turn. So the first walk notes
//! where loops turn, and the second lets such a value stay in the accumulator: it is loaded once
//! before the loop, and before a turn that has something else there. The slot has it, too.

use crate::buffer::{Buffer, NoMemory};
use crate::code::{Op, Place};

use super::facts::Facts;
use super::frames::{Frame, FrameKind};
use super::ir::{Class, Inst, Label, Node};
use super::{List, Walk};

/// How far from a loop's ends the value may be made and used.
const NODES_MAX: usize = 12;

/// A branch to the start of a loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    pub(super) label: Label,
    /// The branch's position in the list.
    pub(super) node: usize,
    /// Whether it is a clause that catches, which comes from calls with anything in the accumulators.
    pub(super) catches: bool,
}

/// What the accumulator holds at a label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Carried {
    /// No turn was seen.
    #[default]
    Unknown,
    /// The value of a slot.
    Slot(u32),
    Nothing,
}

impl Walk<'_> {
    /// Notes a branch that is emitted next, if it leads to the start of a loop.
    pub(super) fn turn(&mut self, frame: &Frame, catches: bool) {
        if frame.kind == FrameKind::Loop {
            self.turn_to(frame.label, catches);
        }
    }

    /// Notes a branch back to `label` that is emitted next.
    pub(super) fn turn_to(&mut self, label: Label, catches: bool) {
        self.list.turns.push(Turn { label, node: self.list.nodes.len(), catches });
    }
}

/// What each label's loop could carry, by the ends of its turns; nothing at all if there are no loops.
pub(super) fn at_turns(list: &List, carried: &mut Buffer<Carried>) -> Result<(), NoMemory> {
    carried.clear();
    if list.turns.is_empty() {
        return Ok(());
    }
    carried.resize(list.labels as usize, Carried::Unknown)?;
    for turn in &*list.turns {
        let slot = if turn.catches { None } else { made_last(list, turn.node) };
        let of = &mut carried[turn.label.0 as usize];
        *of = match (*of, slot) {
            (Carried::Unknown, Some(slot)) => Carried::Slot(slot),
            (Carried::Slot(one), Some(slot)) if one == slot => *of,
            _ => Carried::Nothing,
        };
    }
    Ok(())
}

/// The slot of the integer that is in the accumulator before the node at `end`, in all likelihood.
fn made_last(list: &List, end: usize) -> Option<u32> {
    let before = list.nodes[..end].iter().rev().take(NODES_MAX);
    for node in before {
        let Node::Inst(inst) = node else { break };
        let result = inst.result.filter(|kind| kind.class() == Class::Int);
        if makes_int(inst) {
            return inst.d.slot();
        } else if result.is_some() {
            return inst.z.slot();
        } else if inst.flush || Facts::of(inst.op).clobbers() {
            break;
        }
    }
    None
}

/// Whether the code from the node at `start` on reads the integer of `slot` from the accumulator before
/// anything else comes there.
pub(super) fn is_read_first(list: &List, start: usize, slot: u32) -> bool {
    for node in list.nodes[start..].iter().take(NODES_MAX) {
        let Node::Inst(inst) = node else { break };
        let facts = Facts::of(inst.op);
        let is_int = |class| class == Class::Int;
        let x = facts.x && inst.x.slot() == Some(slot) && is_int(facts.kinds.x.class());
        let y = facts.y && inst.y.slot() == Some(slot) && is_int(facts.kinds.y.class());
        if x || y {
            return inst.op.family().shapes.iter().any(|shape| shape.x() == Place::Acc);
        }
        if makes_int(inst) || inst.flush || Facts::of(inst.op).clobbers() || inst.op == Op::Br {
            break;
        }
    }
    false
}

fn makes_int(inst: &Inst) -> bool {
    inst.d.slot().is_some() && Facts::of(inst.op).kinds.d.class() == Class::Int
}
