//! The second walk: places and shapes.
//!
//! Every instruction leaves its result in the accumulator of the result's class, wherever else it
//! goes. So a source whose slot was the last one written in its class is read from the accumulator;
//! and if that was a temporary, which nobody else reads, its instruction need not write the slot at
//! all. Constants become immediates where the op has such a shape; what fits no field goes through
//! scratch slots.

use crate::buffer::{Buffer, NoMemory};
use crate::code::shape::Family;
use crate::code::{Op, Opcode, Place, Shape};

use super::List;
use super::carry::{self, Carried};
use super::ir::{CLASSES, Class, Const, Inst, Kind, Label, Node, Operand};
use super::kinds::Kinds;
use super::placed::{Item, Placed};

/// Chooses places; keeps its buffers from one function to the next.
#[derive(Default)]
pub(crate) struct Selector {
    items: Buffer<Item>,
    /// What each accumulator holds.
    held: [Option<Held>; CLASSES],
    /// What the integer accumulator holds at labels of loops.
    carried: Buffer<Carried>,
    /// The number of turns of loops that were passed.
    turns: usize,
    /// The first scratch slot.
    scratch: u32,
    accumulators: bool,
    /// The item before which each start or end of a `try_table` is, in order.
    marks: Buffer<usize>,
}

/// An accumulator's value.
#[derive(Clone, Copy)]
struct Held {
    /// The slot that has, or would have, the same value.
    slot: u32,
    /// The local that has it, too, where it is a copy.
    local: Option<u32>,
    /// The item that made it, if it could leave the slot alone.
    maker: Option<usize>,
}

impl Held {
    /// The value of a slot that is written.
    fn of(slot: u32) -> Self {
        Self { slot, local: None, maker: None }
    }
}

/// A source's place, and the slot's byte offset or the immediate.
#[derive(Clone, Copy, Debug)]
struct Field {
    place: Place,
    value: u64,
}

/// The places that a source can be read from.
struct Choice {
    best: Field,
    other: Option<Field>,
}

/// The most items of a node: with all three sources and the destination out of reach, and loads of what a loop
/// carries.
const ITEMS_MAX: usize = 16;

/// The field of an operand that is not there.
const ABSENT: Field = Field { place: Place::Slot, value: 0 };

/// The number of slots within reach of a 16-bit byte offset.
const NEAR_SLOTS: u32 = (u16::MAX as u32 + 1) / 8;

/// Which scratch slots an operand uses.
#[derive(Clone, Copy)]
enum Scratch {
    X = 0,
    Y = 2,
    Z = 4,
    D = 6,
}

impl Selector {
    /// The number of scratch slots: two for each operand.
    pub(super) const SCRATCH_SLOTS: u32 = 8;
    /// The last slot that scratch slots can begin with: all must be within reach.
    pub(super) const SCRATCH_MAX: u32 = NEAR_SLOTS - Self::SCRATCH_SLOTS;

    /// About how many bytes the buffers take.
    pub(super) fn buffer_bytes(&self) -> usize {
        self.items.bytes() + self.carried.bytes() + self.marks.bytes()
    }

    /// What was placed last, and the numbers of the items before which each start or end of a `try_table` is.
    pub(super) fn placed(&self) -> (&[Item], &[usize]) {
        (&self.items, &self.marks)
    }

    /// Places all instructions of a list.
    pub(super) fn select(
        &mut self,
        list: &List,
        scratch: u32,
        accumulators: bool,
    ) -> Result<(), NoMemory> {
        self.items.clear();
        self.held = [None; CLASSES];
        self.scratch = scratch;
        self.accumulators = accumulators;
        self.marks.clear();
        self.turns = 0;
        carry::at_turns(list, &mut self.carried)?;
        self.marks.make_room(list.tries.marks.len())?;
        for (at, node) in list.nodes.iter().enumerate() {
            self.items.make_room(ITEMS_MAX)?;
            self.mark(list, at);
            match node {
                Node::Label(label) => self.label(list, at, *label),
                Node::Start => list.start.into_iter().for_each(|start| self.label(list, at, start)),
                Node::Inst(inst) => {
                    let carried = self.turn(list, at, inst.offset);
                    self.inst(list, *inst, carried);
                }
            }
        }
        self.mark(list, list.nodes.len());
        Ok(())
    }

    /// Places a label. Behind it only what its loop carries is in an accumulator.
    fn label(&mut self, list: &List, at: usize, label: Label) {
        let mut held = None;
        if let Some(carried) = self.carried.get_mut(label.0 as usize) {
            match *carried {
                Carried::Slot(slot)
                    if self.accumulators
                        && slot < NEAR_SLOTS
                        && carry::is_read_first(list, at + 1, slot) =>
                {
                    let offset = list.nodes[at + 1..].iter().find_map(|node| match node {
                        Node::Inst(inst) => Some(inst.offset),
                        Node::Label(_) | Node::Start => None,
                    });
                    self.carry(slot, offset.unwrap_or_default());
                    held = Some(Held::of(slot));
                }
                _ => *carried = Carried::Nothing,
            }
        }
        self.items.push(Item::Label(label));
        self.held = [None; CLASSES];
        self.held[Class::Int as usize] = held;
    }

    /// Before a branch to the start of a loop: loads what the loop carries, and gives its slot. A table may
    /// lead to several loops, but what they carry is what was made last.
    fn turn(&mut self, list: &List, at: usize, offset: u32) -> Option<u32> {
        let mut carried = None;
        while let Some(turn) = list.turns.get(self.turns).filter(|turn| turn.node <= at) {
            self.turns += 1;
            if let Carried::Slot(slot) = self.carried[turn.label.0 as usize] {
                self.carry(slot, offset);
                carried = Some(slot);
            }
        }
        carried
    }

    /// Loads the integer accumulator, unless it holds the value of `slot`.
    fn carry(&mut self, slot: u32, offset: u32) {
        if self.held_in(Class::Int, slot).is_some() {
            return;
        }
        self.copy(slot, slot_field(slot), offset);
        self.held[Class::Int as usize] = Some(Held::of(slot));
    }

    /// Notes which starts and ends of `try_table`s stand before the node at `at`.
    fn mark(&mut self, list: &List, at: usize) {
        let marks = &list.tries.marks;
        while marks.get(self.marks.len()).is_some_and(|mark| mark.node <= at) {
            self.marks.push(self.items.len());
        }
    }

    /// Places an instruction; if it branches to a loop that carries the value of a slot, with that.
    fn inst(&mut self, list: &List, mut inst: Inst, carried: Option<u32>) {
        if matches!(inst.op, Op::CopyF32 | Op::CopyF64) {
            inst.x = self.near(inst.x, Kinds::of(inst.op).x, Scratch::X, inst.offset);
            if !self.holds(inst.op, inst.x) {
                inst.op = Op::Copy;
            }
        }
        let family = inst.op.family();
        let kinds = Kinds::of(inst.op);
        if family.x {
            inst.x = self.near(inst.x, kinds.x, Scratch::X, inst.offset);
        }
        if family.y || family.rest == 2 {
            let kind = if family.y { kinds.y } else { kinds.rest };
            inst.y = self.near(inst.y, kind, Scratch::Y, inst.offset);
        }
        if family.rest > 0 {
            inst.z = self.near(inst.z, kinds.rest, Scratch::Z, inst.offset);
        }
        let rest = self.rest(list, family, &inst);
        let (opcode, x, y) = self.sources(list, family, &mut inst);
        self.release(inst.x, x, kinds.x.class(), inst.keep);
        self.release(inst.y, y, kinds.y.class(), inst.keep);
        if let Some(slot) = carried {
            // A constant operand went through the accumulator; then no operand is in it.
            self.carry(slot, inst.offset);
        }
        let far = inst.d.slot().filter(|slot| !is_near(*slot, kinds.d));
        let d = if far.is_some() { Some(self.scratch + Scratch::D as u32) } else { inst.d.slot() };
        let words = match inst.op {
            Op::V128Const | Op::I8x16Shuffle => list.wide[inst.words[0] as usize],
            _ => inst.words,
        };
        self.items.push(Item::Inst(Placed {
            op: inst.op,
            shape: Shape::new(Place::Slot, x.place, y.place),
            opcode,
            d: d.map_or(0, slot_offset),
            x: x.value,
            y: y.value,
            rest,
            last: [(inst.x, x), (inst.y, y)].map(|(source, field)| {
                matches!(source, Operand::Temp(_)) && field.place == Place::Slot && !inst.keep
            }),
            words,
            offset: inst.offset,
        }));
        let copied = inst.x.slot().filter(|_| {
            matches!(inst.op, Op::Copy | Op::CopyV128)
                && x.place == Place::Acc
                && matches!(inst.x, Operand::Local(_))
        });
        self.hold_results(&inst, kinds, far.is_some(), copied);
        if let Some(slot) = far {
            self.copy_far(slot, self.scratch + Scratch::D as u32, kinds.d, inst.offset);
        }
    }

    /// The slots of the sources beyond `x` and `y`; constants among them go to scratch slots.
    fn rest(&mut self, list: &List, family: &Family, inst: &Inst) -> [u16; 2] {
        let mut slot = |source, scratch| {
            let source = match source {
                Operand::Const(at) => {
                    self.materialize(list.consts[at as usize], scratch, inst.offset)
                }
                source => source,
            };
            slot_offset(source.slot().expect("a source that is no constant"))
        };
        match family.rest {
            0 => [0; 2],
            1 => [slot(inst.z, Scratch::Z), 0],
            _ => [slot(inst.y, Scratch::Y), slot(inst.z, Scratch::Z)],
        }
    }

    /// The places of `x` and `y`, and the opcode with them; swaps them, and moves constants to scratch
    /// slots, as needed.
    fn sources(&mut self, list: &List, family: &Family, inst: &mut Inst) -> (Opcode, Field, Field) {
        loop {
            let kinds = Kinds::of(inst.op);
            let xs = self.choice(list, family.x, inst.x, kinds.x);
            let ys = self.choice(list, family.y, inst.y, kinds.y);
            if family.swappable && prefers_swap(xs.best.place, ys.best.place) {
                inst.op = inst.op.swapped();
                core::mem::swap(&mut inst.x, &mut inst.y);
                continue;
            }
            let pairs = [
                (Some(xs.best), Some(ys.best)),
                (Some(xs.best), ys.other),
                (xs.other, Some(ys.best)),
                (xs.other, ys.other),
            ];
            for pair in &pairs {
                if let (Some(x), Some(y)) = *pair
                    && let shape = Shape::new(Place::Slot, x.place, y.place)
                    && let Some(opcode) = Opcode::of(inst.op, shape)
                {
                    return (opcode, x, y);
                }
            }
            if let Operand::Const(at) = inst.x {
                inst.x = self.materialize(list.consts[at as usize], Scratch::X, inst.offset);
            } else if let Operand::Const(at) = inst.y {
                inst.y = self.materialize(list.consts[at as usize], Scratch::Y, inst.offset);
            } else {
                unreachable!("{:?} takes its operands from slots", inst.op)
            }
        }
    }

    /// The places a source can be read from.
    fn choice(&self, list: &List, present: bool, source: Operand, kind: Kind) -> Choice {
        let (best, other) = match source {
            _ if !present => (ABSENT, None),
            Operand::None => unreachable!("an instruction has all its sources"),
            Operand::Const(at) => {
                let constant = list.consts[at as usize];
                let value = match kind.class() {
                    Class::Int => constant.immediate_bits(),
                    _ => constant.immediate(),
                };
                (constant_field(constant, value), None)
            }
            Operand::Local(slot) | Operand::Temp(slot) => {
                let in_slot = slot_field(slot);
                match self.held_in(kind.class(), slot) {
                    Some(_) => (Field { place: Place::Acc, value: 0 }, Some(in_slot)),
                    None => (in_slot, None),
                }
            }
        };
        Choice { best, other }
    }

    /// What the accumulator of `class` holds, if that is the value of `slot`.
    fn held_in(&self, class: Class, slot: u32) -> Option<Held> {
        match self.held[class as usize] {
            Some(held) if held.slot == slot => Some(held),
            Some(held) if held.local == Some(slot) => Some(Held::of(slot)),
            _ => None,
        }
    }

    /// Whether the source of a copy is in the accumulator of its class.
    fn holds(&self, op: Op, source: Operand) -> bool {
        let class = Kinds::of(op).x.class();
        source.slot().is_some_and(|slot| self.held_in(class, slot).is_some())
    }

    /// A source that was read from an accumulator and is read by nobody else: its maker need not
    /// write the slot. One that was read from its slot and stays: it must, whoever reads it from the
    /// accumulator then, as bits are read of floats.
    fn release(&mut self, source: Operand, field: Field, class: Class, keep: bool) {
        if keep && field.place == Place::Slot {
            for held in self.held.iter_mut().flatten() {
                held.maker = held.maker.filter(|_| source.slot() != Some(held.slot));
            }
        }
        let (Operand::Temp(slot), Place::Acc, false) = (source, field.place, keep) else {
            return;
        };
        let Some(maker) = self.held_in(class, slot).and_then(|held| held.maker) else {
            return;
        };
        if let Item::Inst(maker) = &mut self.items[maker] {
            maker.leave_slot_alone();
        }
    }

    /// Keeps track of the accumulators behind an instruction.
    fn hold_results(&mut self, inst: &Inst, kinds: Kinds, far: bool, local: Option<u32>) {
        if inst.flush || clobbers(inst.op) {
            self.held = [None; CLASSES];
        }
        if let Some(slot) = inst.d.slot() {
            self.forget(slot, kinds.d);
            let maker = match inst.d {
                Operand::Temp(_) if !far => Some(self.items.len() - 1),
                _ => None,
            };
            self.hold(kinds.d, Held { slot, local: local.filter(|local| *local != slot), maker });
        }
        // A call leaves vectors in slots only.
        let result = inst.result.filter(|kind| kind.class() != Class::Vector);
        if let (Some(kind), Some(slot)) = (result, inst.z.slot()) {
            self.hold(kind, Held::of(slot));
        }
    }

    fn hold(&mut self, kind: Kind, value: Held) {
        if self.accumulators {
            self.held[kind.class() as usize] = Some(value);
        }
    }

    /// Forgets that accumulators hold what was in the slots of a value that is overwritten.
    fn forget(&mut self, slot: u32, kind: Kind) {
        for (class, entry) in self.held.iter_mut().enumerate() {
            let Some(held) = entry else { continue };
            let slots = if class == Class::Vector as usize { Kind::V128.slots() } else { 1 };
            let overwritten = |held: u32| held < slot + kind.slots() && slot < held + slots;
            held.local = held.local.filter(|local| !overwritten(*local));
            if overwritten(held.slot) {
                *entry = held.local.map(Held::of);
            }
        }
    }

    /// A source within reach of 16-bit fields.
    fn near(&mut self, source: Operand, kind: Kind, scratch: Scratch, offset: u32) -> Operand {
        match source.slot() {
            Some(slot) if !is_near(slot, kind) => {
                let to = self.scratch + scratch as u32;
                self.forget(to, kind);
                self.copy_far(to, slot, kind, offset);
                Operand::Local(to)
            }
            _ => source,
        }
    }

    fn copy_far(&mut self, to: u32, from: u32, kind: Kind, offset: u32) {
        for part in 0..kind.slots() {
            let words = [(to + part) * 8, (from + part) * 8, 0, 0];
            self.item(Op::CopyFar, 0, ABSENT, words, offset);
        }
    }

    /// Copies the 64 bits in a place to a slot.
    fn copy(&mut self, to: u32, from: Field, offset: u32) {
        self.item(Op::Copy, slot_offset(to), from, [0; 4], offset);
    }

    fn item(&mut self, op: Op, d: u16, x: Field, words: [u32; 4], offset: u32) {
        let shape = Shape::new(Place::Slot, x.place, Place::Slot);
        let opcode = Opcode::of(op, shape).expect("copies have any source");
        let (x, y, rest) = (x.value, 0, [0; 2]);
        let last = [false; 2];
        self.items.push(Item::Inst(Placed {
            op,
            shape,
            opcode,
            d,
            x,
            y,
            rest,
            last,
            words,
            offset,
        }));
    }

    /// Puts a constant into a scratch slot.
    fn materialize(&mut self, constant: Const, scratch: Scratch, offset: u32) -> Operand {
        let slot = self.scratch + scratch as u32;
        self.copy(slot, constant_field(constant, constant.immediate_bits()), offset);
        self.held[Class::Int as usize] = None;
        self.forget(slot, Kind::I64);
        Operand::Local(slot)
    }
}

/// Whether the slots of a value are within reach of 16-bit fields.
fn is_near(slot: u32, kind: Kind) -> bool {
    slot + kind.slots() <= NEAR_SLOTS
}

/// The byte offset of a slot within reach.
fn slot_offset(slot: u32) -> u16 {
    debug_assert!(slot < NEAR_SLOTS, "slot {slot} is out of reach");
    (slot * 8) as u16
}

fn slot_field(slot: u32) -> Field {
    Field { place: Place::Slot, value: u64::from(slot_offset(slot)) }
}

/// A constant as an immediate, if there is one that stands for it.
fn constant_field(constant: Const, immediate: Option<u32>) -> Field {
    match immediate {
        Some(value) => Field { place: Place::Imm, value: u64::from(value) },
        None => Field { place: Place::Wide, value: constant.bits },
    }
}

/// Whether swapped sources fit better: an immediate on the left goes to the right, an accumulator
/// on the right to the left.
fn prefers_swap(x: Place, y: Place) -> bool {
    matches!(
        (x, y),
        (Place::Imm | Place::Wide, Place::Slot | Place::Acc) | (Place::Slot, Place::Acc)
    )
}

/// Whether the handlers of an op leave nothing in the accumulators but its result.
pub(super) fn clobbers(op: Op) -> bool {
    matches!(
        op,
        Op::Call
            | Op::CallImport
            | Op::CallIndirect
            | Op::EnterMany
            | Op::CopySpan
            | Op::MemoryGrow
            | Op::MemoryCopy
            | Op::MemoryFill
            | Op::MemoryInit
            | Op::DataDrop
            | Op::TableGrow
            | Op::TableFill
            | Op::TableCopy
            | Op::TableInit
            | Op::ElemDrop
            | Op::RefFunc
            | Op::Throw
            | Op::ThrowRef
            | Op::CallRef
            | Op::RefTest
            | Op::RefCast
            | Op::StructNew
            | Op::StructNewDefault
            | Op::ArrayNew
            | Op::ArrayNewDefault
            | Op::ArrayNewFixed
            | Op::ArrayNewData
            | Op::ArrayNewElem
            | Op::ArrayFill
            | Op::ArrayCopy
            | Op::ArrayInitData
            | Op::ArrayInitElem
    )
}
