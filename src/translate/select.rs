//! The second walk: places and shapes.
//!
//! Every instruction leaves its result in the accumulator of the result's class, wherever else it
//! goes. So a source whose slot was the last one written in its class is read from the accumulator;
//! and if that was a temporary, which nobody else reads, its instruction need not write the slot at
//! all. Constants become immediates where the op has such a shape; what fits no field goes through
//! scratch slots.

use crate::buffer::{Buffer, NoMemory};
use crate::code::{Op, Opcode, Place, Shape};

use super::accumulators::{Accumulators, Held};
use super::carry::{self, Carried};
use super::facts::Facts;
use super::ir::{Class, Const, Inst, Kind, Label, Node, Operand};
use super::placed::{Item, Placed};
use super::{FrameSlots, List};

/// Chooses places; keeps its buffers from one function to the next.
#[derive(Default)]
pub(crate) struct Selector {
    items: Buffer<Item>,
    accumulators: Accumulators,
    /// What the integer accumulator holds at labels of loops.
    carried: Buffer<Carried>,
    /// The number of turns of loops that were passed.
    turns: usize,
    /// The first scratch slot.
    scratch: u32,
    /// Whether any slot is out of reach of 16-bit fields.
    has_far: bool,
    /// The item before which each start or end of a `try_table` is, in order.
    marks: Buffer<usize>,
}

/// A source's place, and the slot's byte offset or the immediate.
#[derive(Clone, Copy, Debug)]
struct Field {
    place: Place,
    value: u64,
}

/// What an instruction does and reads, as far as that is settled.
struct Reads {
    op: Op,
    x: Operand,
    y: Operand,
    z: Operand,
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
        slots: FrameSlots,
        accumulators: bool,
    ) -> Result<(), NoMemory> {
        self.items.clear();
        self.accumulators.reset(accumulators);
        self.scratch = slots.scratch;
        self.has_far = slots.end > NEAR_SLOTS;
        self.marks.clear();
        self.turns = 0;
        carry::at_turns(list, &mut self.carried)?;
        self.marks.make_room(list.tries.marks.len())?;
        let mut next_note = self.next_note(list);
        for (at, node) in list.nodes.iter().enumerate() {
            self.items.make_room(ITEMS_MAX)?;
            let mut carried = None;
            if next_note <= at {
                self.mark(list, at);
                if let Node::Inst(inst) = node {
                    carried = self.turn(list, at, inst.offset);
                }
                next_note = self.next_note(list);
            }
            match node {
                Node::Inst(inst) => self.inst(list, inst, carried),
                Node::Label(label) => self.label(list, at, *label),
                Node::Start => list.start.into_iter().for_each(|start| self.label(list, at, start)),
            }
        }
        self.mark(list, list.nodes.len());
        Ok(())
    }

    /// The first node before which a `try_table` starts or ends or that branches to a loop, of those that
    /// were not passed.
    fn next_note(&self, list: &List) -> usize {
        let mark = list.tries.marks.get(self.marks.len()).map_or(usize::MAX, |mark| mark.node);
        let turn = list.turns.get(self.turns).map_or(usize::MAX, |turn| turn.node);
        mark.min(turn)
    }

    /// Places a label. Behind it only what its loop carries is in an accumulator.
    fn label(&mut self, list: &List, at: usize, label: Label) {
        let mut held = None;
        if let Some(carried) = self.carried.get_mut(label.0 as usize) {
            match *carried {
                Carried::Slot(slot)
                    if self.accumulators.used()
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
        self.accumulators.clear();
        if let Some(held) = held {
            self.accumulators.hold(Class::Int, held);
        }
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
        if self.accumulators.has(Class::Int, slot) {
            return;
        }
        self.copy(slot, slot_field(slot), offset);
        self.accumulators.hold(Class::Int, Held::of(slot));
    }

    /// Notes which starts and ends of `try_table`s stand before the node at `at`.
    fn mark(&mut self, list: &List, at: usize) {
        let marks = &list.tries.marks;
        while marks.get(self.marks.len()).is_some_and(|mark| mark.node <= at) {
            self.marks.push(self.items.len());
        }
    }

    /// Places an instruction; if it branches to a loop that carries the value of a slot, with that.
    fn inst(&mut self, list: &List, inst: &Inst, carried: Option<u32>) {
        let mut reads = Reads { op: inst.op, x: inst.x, y: inst.y, z: inst.z };
        if matches!(inst.op, Op::CopyF32 | Op::CopyF64) {
            self.copied_bits(&mut reads, inst.offset);
        }
        let facts = Facts::of(reads.op);
        if self.has_far {
            self.near_sources(facts, &mut reads, inst.offset);
        }
        let rest = match facts.rest {
            0 => [0; 2],
            _ => self.rest(list, facts, &reads, inst.offset),
        };
        let (opcode, x, y) = self.choose(list, facts, &mut reads, inst.offset);
        let Reads { op, x: from_x, y: from_y, .. } = reads;
        self.release(from_x, x.place, facts.kinds.x.class(), inst.keep);
        self.release(from_y, y.place, facts.kinds.y.class(), inst.keep);
        if let Some(slot) = carried {
            // A constant operand went through the accumulator; then no operand is in it.
            self.carry(slot, inst.offset);
        }
        let far = inst.d.slot().filter(|slot| self.has_far && !is_near(*slot, facts.kinds.d));
        let d = if far.is_some() { Some(self.scratch + Scratch::D as u32) } else { inst.d.slot() };
        self.items.push(Item::Inst(Placed {
            op,
            shape: Shape::new(Place::Slot, x.place, y.place),
            opcode,
            d: d.map_or(0, slot_offset),
            x: x.value,
            y: y.value,
            rest,
            last: [from_x, from_y].map(|source| source.is_temp() && !inst.keep),
            words: match op {
                Op::V128Const | Op::I8x16Shuffle => list.wide[inst.words[0] as usize],
                _ => inst.words,
            },
            offset: inst.offset,
        }));
        self.hold_results(inst, facts, far.is_some(), copied_local(op, from_x, x.place));
        if let Some(slot) = far {
            self.copy_far(slot, self.scratch + Scratch::D as u32, facts.kinds.d, inst.offset);
        }
    }

    /// A copy of a float that is not in its accumulator copies 64 bits of whatever type.
    fn copied_bits(&mut self, copy: &mut Reads, offset: u32) {
        let kind = Facts::of(copy.op).kinds.x;
        copy.x = self.near(copy.x, kind, Scratch::X, offset);
        if !copy.x.slot().is_some_and(|slot| self.accumulators.has(kind.class(), slot)) {
            copy.op = Op::Copy;
        }
    }

    /// Brings sources that are out of reach to scratch slots.
    fn near_sources(&mut self, facts: &Facts, reads: &mut Reads, offset: u32) {
        let kinds = facts.kinds;
        if facts.x {
            reads.x = self.near(reads.x, kinds.x, Scratch::X, offset);
        }
        if facts.y || facts.rest == 2 {
            let kind = if facts.y { kinds.y } else { kinds.rest };
            reads.y = self.near(reads.y, kind, Scratch::Y, offset);
        }
        if facts.rest > 0 {
            reads.z = self.near(reads.z, kinds.rest, Scratch::Z, offset);
        }
    }

    /// The slots of the sources beyond `x` and `y`; constants among them go to scratch slots.
    fn rest(&mut self, list: &List, facts: &Facts, reads: &Reads, offset: u32) -> [u16; 2] {
        let mut slot = |mut source: Operand, scratch| {
            if source.is_const() {
                source = self.materialize(list.constant(source), scratch, offset);
            }
            slot_offset(source.slot().expect("a source that is no constant"))
        };
        match facts.rest {
            1 => [slot(reads.z, Scratch::Z), 0],
            _ => [slot(reads.y, Scratch::Y), slot(reads.z, Scratch::Z)],
        }
    }

    /// The places of `x` and `y`, and the opcode with them; swaps them, and moves constants to scratch
    /// slots, as needed.
    #[inline(always)]
    fn choose(
        &mut self,
        list: &List,
        facts: &Facts,
        reads: &mut Reads,
        offset: u32,
    ) -> (Opcode, Field, Field) {
        let (x, y) = self.best(list, facts, reads);
        match Opcode::of(reads.op, Shape::new(Place::Slot, x.place, y.place)) {
            Some(opcode) => (opcode, x, y),
            None => self.choose_other(list, facts, reads, offset),
        }
    }

    /// The same where the op may not have the shape of the best places.
    #[cold]
    fn choose_other(
        &mut self,
        list: &List,
        facts: &Facts,
        reads: &mut Reads,
        offset: u32,
    ) -> (Opcode, Field, Field) {
        loop {
            let (x, y) = self.best(list, facts, reads);
            let (other_x, other_y) = (in_slot(reads.x, x), in_slot(reads.y, y));
            let pairs =
                [(Some(x), Some(y)), (Some(x), other_y), (other_x, Some(y)), (other_x, other_y)];
            for pair in pairs {
                if let (Some(x), Some(y)) = pair
                    && let shape = Shape::new(Place::Slot, x.place, y.place)
                    && let Some(opcode) = Opcode::of(reads.op, shape)
                {
                    return (opcode, x, y);
                }
            }
            if reads.x.is_const() {
                reads.x = self.materialize(list.constant(reads.x), Scratch::X, offset);
            } else if reads.y.is_const() {
                reads.y = self.materialize(list.constant(reads.y), Scratch::Y, offset);
            } else {
                unreachable!("{:?} takes its operands from slots", reads.op)
            }
        }
    }

    /// The best places that `x` and `y` can be read from; swaps them as needed.
    #[inline(always)]
    fn best(&self, list: &List, facts: &Facts, reads: &mut Reads) -> (Field, Field) {
        let x = if facts.x { self.best_of(list, reads.x, facts.kinds.x) } else { ABSENT };
        let y = if facts.y { self.best_of(list, reads.y, facts.kinds.y) } else { ABSENT };
        if facts.swappable && prefers_swap(x.place, y.place) {
            reads.op = reads.op.swapped();
            (reads.x, reads.y) = (reads.y, reads.x);
            return (y, x);
        }
        (x, y)
    }

    /// The best place that a source can be read from.
    #[inline(always)]
    fn best_of(&self, list: &List, source: Operand, kind: Kind) -> Field {
        match source.slot() {
            Some(slot) if self.accumulators.has(kind.class(), slot) => {
                Field { place: Place::Acc, value: 0 }
            }
            Some(slot) => slot_field(slot),
            None => {
                let constant = list.constant(source);
                let value = match kind.class() {
                    Class::Int => constant.immediate_bits(),
                    _ => constant.immediate(),
                };
                constant_field(constant, value)
            }
        }
    }

    /// A source that was read from an accumulator and is read by nobody else: its maker need not
    /// write the slot. One that was read from its slot and stays: it must, whoever reads it from the
    /// accumulator then, as bits are read of floats.
    #[inline(always)]
    fn release(&mut self, source: Operand, place: Place, class: Class, keep: bool) {
        let Some(slot) = source.slot() else { return };
        if place == Place::Slot && keep {
            self.accumulators.insist_on(slot);
        } else if place == Place::Acc && !keep && source.is_temp() {
            self.leave_slot_alone(class, slot);
        }
    }

    /// Lets the maker of the temporary in `slot`, which is in the accumulator, leave it there alone.
    fn leave_slot_alone(&mut self, class: Class, slot: u32) {
        if let Some(maker) = self.accumulators.maker(class, slot)
            && let Item::Inst(maker) = &mut self.items[maker as usize]
        {
            maker.leave_slot_alone();
        }
    }

    /// Keeps track of the accumulators behind an instruction; `local` is one that it copied from its accumulator.
    #[inline(always)]
    fn hold_results(&mut self, inst: &Inst, facts: &Facts, far: bool, local: Option<u32>) {
        if inst.flush || facts.clobbers {
            self.accumulators.clear();
        }
        if let Some(slot) = inst.d.slot() {
            let maker = (inst.d.is_temp() && !far).then(|| self.items.len() - 1);
            let local = local.filter(|local| *local != slot);
            self.accumulators.write(facts.kinds.d, Held::made(slot, local, maker));
        }
        // A call leaves vectors in slots only.
        if let Some(kind) = inst.result
            && kind.class() != Class::Vector
            && let Some(slot) = inst.z.slot()
        {
            self.accumulators.hold(kind.class(), Held::of(slot));
        }
    }

    /// A source within reach of 16-bit fields.
    fn near(&mut self, source: Operand, kind: Kind, scratch: Scratch, offset: u32) -> Operand {
        match source.slot() {
            Some(slot) if !is_near(slot, kind) => {
                let to = self.scratch + scratch as u32;
                self.accumulators.forget(to, kind);
                self.copy_far(to, slot, kind, offset);
                Operand::local(to)
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
        self.accumulators.clear_class(Class::Int);
        self.accumulators.forget(slot, Kind::I64);
        Operand::local(slot)
    }
}

/// The local that is copied from the accumulator, of a copy of one.
fn copied_local(op: Op, x: Operand, place: Place) -> Option<u32> {
    let is_copy = place == Place::Acc && matches!(op, Op::Copy | Op::CopyV128);
    x.slot().filter(|_| is_copy && x.is_local())
}

/// The slot of a source that is in an accumulator, which has the value, too.
fn in_slot(source: Operand, field: Field) -> Option<Field> {
    source.slot().filter(|_| field.place == Place::Acc).map(slot_field)
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
