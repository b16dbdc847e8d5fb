//! Loops that begin with a switch: interpreters and state machines.
//!
//! Such a loop loads what comes next and leads on by a branch table, and each way through it ends with a branch
//! back to that. Here such a branch becomes a copy of what it leads to, table and all: a jump less on each
//! way, and jumps of their own, which a processor foretells better than one for all. (M. A. Ertl and D. Gregg,
//! "The Structure and Performance of Efficient Interpreters", 2003, on replicated dispatch.)

use crate::buffer::{Buffer, NoMemory};
use crate::code::Op;

use super::Walk;
use super::facts::Facts;
use super::frames::FrameKind;
use super::ir::{Inst, Label, Node};

/// The most nodes between the loop's start and its table.
const NODES_MAX: usize = 5;
/// The most targets of a table that is copied.
const TARGETS_MAX: usize = 32;
/// Of so many frames, innermost first, the loop is looked for: those of a table's targets, and some more.
const FRAMES_MAX: usize = 2 * TARGETS_MAX;
/// How many bytes of a function's body stand for a target that may be copied.
const BYTES_PER_TARGET: usize = 4;
/// So many targets may be copied in any function.
const TARGETS_OF_ANY: usize = 64;
/// Of so many loops that are open, innermost first, the switch is looked for.
const OPEN_MAX: usize = 8;

/// The switches of a function with which loops begin that are open.
#[derive(Default)]
pub(super) struct Switches {
    open: Buffer<Switch>,
    /// How many targets may still be copied.
    targets: usize,
}

/// A switch with which a loop begins.
#[derive(Clone, Copy, Debug)]
struct Switch {
    /// The loop's start.
    label: Label,
    /// The first node behind that.
    start: usize,
    /// The node that is the table.
    table: usize,
}

impl Switches {
    /// Begins a function whose body has so many bytes.
    pub(super) fn reset(&mut self, body_bytes: usize) {
        self.open.clear();
        self.targets = TARGETS_OF_ANY + body_bytes / BYTES_PER_TARGET;
    }

    /// About how many bytes the buffers take.
    pub(super) fn buffer_bytes(&self) -> usize {
        self.open.bytes()
    }

    /// Forgets a loop that ends.
    pub(super) fn close(&mut self, label: Label) {
        if self.open.last().is_some_and(|switch| switch.label == label) {
            self.open.pop();
        }
    }
}

impl Walk<'_> {
    /// Asks for the room of a switch.
    pub(super) fn make_room_for_switch(&mut self) -> Result<(), NoMemory> {
        self.list.switches.open.make_room(1)
    }

    /// Asks for the turns of a copy, if a branch may become one.
    pub(super) fn make_room_for_turns(&mut self) -> Result<(), NoMemory> {
        let copied = if self.list.switches.open.is_empty() { 0 } else { TARGETS_MAX + 1 };
        self.list.turns.make_room(1 + copied)
    }

    /// Notes the branch table that was just emitted, with `targets` targets, if some label is so close before
    /// it that it may be what a loop begins with, and such a loop is open.
    pub(super) fn note_switch(&mut self, targets: usize) {
        let nodes = &self.list.nodes;
        let table = nodes.len() - 1;
        if targets > TARGETS_MAX {
            return;
        }
        for (at, node) in nodes[..table].iter().enumerate().rev().take(NODES_MAX + 1) {
            match node {
                Node::Label(label) => {
                    let (label, start) = (*label, at + 1);
                    let mut frames = self.frames.iter().rev().take(FRAMES_MAX);
                    if frames.any(|frame| frame.kind == FrameKind::Loop && frame.label == label) {
                        self.list.switches.open.push(Switch { label, start, table });
                    }
                    return;
                }
                Node::Inst(inst) if is_copied(inst) => {}
                _ => return,
            }
        }
    }

    /// Leads back to the loop at `label` by a copy of the switch it begins with, if it does and if that is
    /// not too much; says whether.
    pub(super) fn repeat_switch(&mut self, label: Label) -> bool {
        let mut open = self.list.switches.open.iter().rev().take(OPEN_MAX);
        let Some(&Switch { start, table, .. }) = open.find(|switch| switch.label == label) else {
            return false;
        };
        let Node::Inst(switch) = self.list.nodes[table] else {
            unreachable!("a branch table was noted")
        };
        let targets = switch.words[1] as usize + 1;
        let Some(left) = self.list.switches.targets.checked_sub(targets) else { return false };
        self.list.switches.targets = left;
        for node in start..table {
            let node = self.list.nodes[node];
            self.list.nodes.push(node);
        }
        let turns = &self.list.turns;
        let before = |node| turns.partition_point(|turn| turn.node < node);
        for turn in before(table)..before(table + 1) {
            self.turn_to(self.list.turns[turn].label, false);
        }
        self.list.nodes.push(Node::Inst(switch));
        true
    }
}

/// Whether an instruction may stand between a loop's start and its switch: a plain one, or a charge of fuel.
fn is_copied(inst: &Inst) -> bool {
    (inst.op == Op::ConsumeFuel || Facts::of(inst.op).is_plain()) && !inst.flush
}
