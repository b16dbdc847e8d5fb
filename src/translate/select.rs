//! The second walk: places and shapes.
//!
//! Every instruction leaves its result in the accumulator of the result's class, wherever else it
//! goes. So a source whose slot was the last one written in its class is read from the accumulator;
//! and if that was a temporary, which nobody else reads, its instruction need not write the slot at
//! all. Constants become immediates where the op has such a shape; what fits no field goes through
//! scratch slots.

use crate::buffer::{Buffer, NoMemory};
use crate::code::{Op, Opcode, Place};

use super::accumulators::{Accumulators, Held};
use super::carry::{self, Carried};
use super::facts::{Facts, Leaves};
use super::ir::{Class, Inst, Kind, Node, Operand, Source};
use super::placed::{Field, Item, Placed};
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

/// What an instruction does and reads, as far as that is settled.
#[derive(Clone, Copy)]
struct Reads {
    op: Op,
    x: Operand,
    y: Operand,
}

/// What an instruction does and reads, where it reads that, and so its opcode.
struct Choice {
    reads: Reads,
    opcode: Opcode,
    x: Field,
    y: Field,
}

/// The most items of a node: with all three sources and the destination out of reach, and loads of what a loop
/// carries.
const ITEMS_MAX: usize = 16;

/// For so many nodes room is asked at once.
const NODES_AT_ONCE: usize = 16;

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
        // Most nodes are one item.
        let len = list.nodes.len();
        self.items.make_room(len + len / 8 + NODES_AT_ONCE * ITEMS_MAX)?;
        self.accumulators.reset(accumulators);
        self.scratch = slots.scratch;
        self.has_far = slots.end > NEAR_SLOTS;
        self.marks.clear();
        self.turns = 0;
        carry::at_turns(list, &mut self.carried)?;
        self.marks.make_room(list.tries.marks.len())?;
        let mut next_note = self.next_note(list);
        let mut at = 0;
        while at < len {
            self.items.make_room(NODES_AT_ONCE * ITEMS_MAX)?;
            if next_note <= at {
                self.noted(list, at, &list.nodes[at]);
                next_note = self.next_note(list);
                at += 1;
            }
            // A label leaves what is noted at its place, such as a clause that leads to a loop, to the next node.
            let end = next_note.max(at).min(len).min(at + NODES_AT_ONCE - 1);
            for node in &list.nodes[at..end] {
                match node {
                    Node::Inst(inst) => self.inst(list, at as u32, inst),
                    _ => self.label(list, at, node),
                }
                at += 1;
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

    /// Places the node at `at`, before which `try_table`s start or end, or that branches to loops.
    #[inline(never)]
    fn noted(&mut self, list: &List, at: usize, node: &Node) {
        self.mark(list, at);
        match node {
            Node::Inst(inst) => {
                let carried = self.turn(list, at);
                self.special_inst(list, at as u32, inst, carried);
            }
            _ => self.label(list, at, node),
        }
    }

    /// Places a label. Behind it only what its loop carries is in an accumulator.
    #[inline(never)]
    fn label(&mut self, list: &List, at: usize, node: &Node) {
        let label = match node {
            Node::Label(label) => *label,
            Node::Start | Node::Inst(_) => match list.start {
                Some(start) => start,
                None => return,
            },
        };
        let mut held = None;
        if let Some(carried) = self.carried.get_mut(label.0 as usize) {
            match *carried {
                Carried::Slot(slot)
                    if self.accumulators.used()
                        && slot < NEAR_SLOTS
                        && carry::is_read_first(list, at + 1, slot) =>
                {
                    // What is read first stands right behind.
                    self.carry(list, slot, at as u32 + 1);
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
    fn turn(&mut self, list: &List, at: usize) -> Option<u32> {
        let mut carried = None;
        while let Some(turn) = list.turns.get(self.turns).filter(|turn| turn.node <= at) {
            self.turns += 1;
            if let Carried::Slot(slot) = self.carried[turn.label.0 as usize] {
                self.carry(list, slot, at as u32);
                carried = Some(slot);
            }
        }
        carried
    }

    /// Loads the integer accumulator, unless it holds the value of `slot`.
    fn carry(&mut self, list: &List, slot: u32, node: u32) {
        if self.accumulators.has(Class::Int, slot) {
            return;
        }
        self.copy(list, slot, slot_field(slot), node);
        self.accumulators.hold(Class::Int, Held::of(slot));
    }

    /// Notes which starts and ends of `try_table`s stand before the node at `at`.
    fn mark(&mut self, list: &List, at: usize) {
        let marks = &list.tries.marks;
        while marks.get(self.marks.len()).is_some_and(|mark| mark.node <= at) {
            self.marks.push(self.items.len());
        }
    }

    /// Places an instruction, which is the node with a number.
    #[inline(always)]
    fn inst(&mut self, list: &List, node: u32, inst: &Inst) {
        if self.has_far || Facts::of(inst.op).prepared {
            return self.special_inst(list, node, inst, None);
        }
        let reads = Reads { op: inst.op, x: inst.x, y: inst.y };
        let placed = Placed::new(node, inst.words[0]);
        if Facts::of(inst.op).y {
            self.place::<true>(list, inst, reads, placed, (inst.d, None));
        } else {
            self.place::<false>(list, inst, reads, placed, (inst.d, None));
        }
    }

    /// The same of one that has more than `d`, `x` and `y`, or slots that may be out of reach, or that branches to a
    /// loop that carries the value of a slot.
    #[inline(never)]
    fn special_inst(&mut self, list: &List, node: u32, inst: &Inst, carried: Option<u32>) {
        let mut reads = Reads { op: inst.op, x: inst.x, y: inst.y };
        let mut placed = Placed::new(node, inst.words[0]);
        self.prepare(list, inst, &mut reads, &mut placed);
        let kind = Facts::of(reads.op).kinds.d;
        let scratch = self.scratch + Scratch::D as u32;
        match far_slot(inst.d, kind) {
            Some(slot) => {
                self.place::<true>(list, inst, reads, placed, (Operand::local(scratch), carried));
                self.copy_far(slot, scratch, kind, node);
            }
            None => self.place::<true>(list, inst, reads, placed, (inst.d, carried)),
        }
    }

    /// Places an instruction whose slots are within reach, given what comes behind `x` and `y`, the destination, and
    /// what the loop carries that it branches to. Without `Y` it has no `y`.
    #[inline(always)]
    fn place<const Y: bool>(
        &mut self,
        list: &List,
        inst: &Inst,
        reads: Reads,
        mut placed: Placed,
        (d, carried): (Operand, Option<u32>),
    ) {
        // Of the mirrored op as well.
        let facts = Facts::of(reads.op);
        let Choice { reads, opcode, x, y } = self.choose::<Y>(list, facts, reads, placed.node);
        if Y {
            self.read(list, &mut placed, reads.y, y, facts.classes[2], inst.keep);
        }
        self.read(list, &mut placed, reads.x, x, facts.classes[1], inst.keep);
        if let Some(slot) = d.slot() {
            placed.put_slot(slot_offset(slot));
        }
        if let Some(slot) = carried {
            // A constant operand went through the accumulator; then no operand is in it.
            self.carry(list, slot, placed.node);
        }
        placed.op = reads.op;
        placed.opcode = opcode;
        self.items.push(Item::Inst(placed));
        if inst.flush || facts.leaves != Leaves::Result {
            self.hold_otherwise(inst, facts, d, copied_local(facts, reads.x, x.place));
        } else {
            self.hold_result(facts, d, None);
        }
    }

    /// What comes before the places of `x` and `y`: what a copy of a float is, sources out of reach, and those beyond
    /// these two. Of `x` and `y` only those are left that have places.
    fn prepare(&mut self, list: &List, inst: &Inst, reads: &mut Reads, placed: &mut Placed) {
        let node = placed.node;
        if matches!(reads.op, Op::CopyF32 | Op::CopyF64) {
            self.copied_bits(reads, node);
        }
        let facts = Facts::of(reads.op);
        let mut z = inst.z;
        if self.has_far {
            z = self.near_sources(facts, reads, z, node);
        }
        let mut y = None;
        if facts.rest == 2 {
            y = Some(self.near_slot(list, reads.y, Scratch::Y, node));
            reads.y = Operand::NONE;
        }
        if facts.rest > 0 {
            placed.put_slot(self.near_slot(list, z, Scratch::Z, node));
        }
        y.into_iter().for_each(|y| placed.put_slot(y));
    }

    /// A copy of a float that is not in its accumulator copies 64 bits of whatever type.
    fn copied_bits(&mut self, copy: &mut Reads, node: u32) {
        let kind = Facts::of(copy.op).kinds.x;
        copy.x = self.near(copy.x, kind, Scratch::X, node);
        if !copy.x.slot().is_some_and(|slot| self.accumulators.has(kind.class(), slot)) {
            copy.op = Op::Copy;
        }
    }

    /// Brings sources that are out of reach to scratch slots; gives the third one.
    fn near_sources(&mut self, facts: &Facts, reads: &mut Reads, z: Operand, node: u32) -> Operand {
        let kinds = facts.kinds;
        if facts.x {
            reads.x = self.near(reads.x, kinds.x, Scratch::X, node);
        }
        if facts.y || facts.rest == 2 {
            let kind = if facts.y { kinds.y } else { kinds.rest };
            reads.y = self.near(reads.y, kind, Scratch::Y, node);
        }
        if facts.rest > 0 { self.near(z, kinds.rest, Scratch::Z, node) } else { z }
    }

    /// The slot of a source that has no other place; a constant goes to a scratch slot.
    fn near_slot(&mut self, list: &List, source: Operand, scratch: Scratch, node: u32) -> u16 {
        let source =
            if source.is_const() { self.materialize(list, source, scratch, node) } else { source };
        slot_offset(source.slot().expect("a source that is no constant"))
    }

    /// The places of `x` and `y`, and the opcode with them; swaps them, and moves constants to scratch
    /// slots, as needed.
    #[inline(always)]
    fn choose<const Y: bool>(
        &mut self,
        list: &List,
        facts: &Facts,
        reads: Reads,
        node: u32,
    ) -> Choice {
        let (best, x, y) = self.best::<Y>(list, facts, reads);
        match Opcode::in_slot(best.op, x.place, y.place) {
            Some(opcode) => Choice { reads: best, opcode, x, y },
            None => self.choose_other(list, reads.op, [reads.x, reads.y], node),
        }
    }

    /// The same where the op may not have the shape of the best places.
    #[cold]
    #[inline(never)]
    fn choose_other(&mut self, list: &List, op: Op, [x, y]: [Operand; 2], node: u32) -> Choice {
        let mut reads = Reads { op, x, y };
        loop {
            let (best, x, y) = self.best::<true>(list, Facts::of(op), reads);
            reads = best;
            let (slot_x, slot_y) = (x.in_slot(), y.in_slot());
            for (x, y) in [(x, y), (x, slot_y), (slot_x, y), (slot_x, slot_y)] {
                if let Some(opcode) = Opcode::in_slot(reads.op, x.place, y.place) {
                    return Choice { reads, opcode, x, y };
                }
            }
            if reads.x.is_const() {
                reads.x = self.materialize(list, reads.x, Scratch::X, node);
            } else if reads.y.is_const() {
                reads.y = self.materialize(list, reads.y, Scratch::Y, node);
            } else {
                unreachable!("{:?} takes its operands from slots", reads.op)
            }
        }
    }

    /// The best places that `x` and `y` can be read from; swaps them as needed.
    #[inline(always)]
    fn best<const Y: bool>(
        &self,
        list: &List,
        facts: &Facts,
        reads: Reads,
    ) -> (Reads, Field, Field) {
        debug_assert!(facts.x || reads.x == Operand::NONE, "{:?}", reads.op);
        debug_assert!(facts.y || reads.y == Operand::NONE, "{:?}", reads.op);
        let x = self.best_of(list, reads.x, facts.classes[1]);
        if !Y {
            return (reads, x, Field::NONE);
        }
        let y = self.best_of(list, reads.y, facts.classes[2]);
        if facts.swappable && prefers_swap(x.place, y.place) {
            return (Reads { op: reads.op.swapped(), x: reads.y, y: reads.x }, y, x);
        }
        (reads, x, y)
    }

    /// The best place that a source can be read from, if it is there.
    #[inline(always)]
    fn best_of(&self, list: &List, source: Operand, class: Class) -> Field {
        match source.slot() {
            Some(slot) => {
                let held = self.accumulators.has(class, slot);
                Field { place: if held { Place::Acc } else { Place::Slot }, ..slot_field(slot) }
            }
            None if source == Operand::NONE => Field::NONE,
            None => constant_field(list, source, class),
        }
    }

    /// Puts a source, if it is there, before those of an instruction. If it was read from an accumulator and is read
    /// by nobody else, its maker need not write the slot. If it was read from its slot and stays, it must, whoever
    /// reads it from the accumulator then, as bits are read of floats.
    #[inline(always)]
    fn read(
        &mut self,
        list: &List,
        placed: &mut Placed,
        source: Operand,
        field: Field,
        class: Class,
        keep: bool,
    ) {
        let Some(slot) = source.slot() else {
            if source.is_const() {
                placed.put(list, field);
            }
            return;
        };
        if field.place == Place::Slot {
            placed.put_slot(field.value as u16);
            if keep {
                self.accumulators.insist_on(slot);
            }
        } else if !keep && source.is_temp() {
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

    /// Keeps track of the accumulators behind an instruction that clobbers them, that copies, or that carries
    /// temporaries; `local` is one that it copied from its accumulator.
    #[inline(never)]
    fn hold_otherwise(&mut self, inst: &Inst, facts: &Facts, d: Operand, local: Option<u32>) {
        if inst.flush || facts.clobbers() {
            self.accumulators.clear();
            self.hold_result_of_call(inst);
        }
        self.hold_result(facts, d, local);
    }

    /// The accumulator of its class has what the last item made; `local` has it, too.
    #[inline(always)]
    fn hold_result(&mut self, facts: &Facts, d: Operand, local: Option<u32>) {
        if let Some(slot) = d.slot() {
            let maker = d.is_temp().then(|| self.items.len() as u32 - 1);
            let local = local.filter(|local| *local != slot);
            let held = Held::made(slot, local, maker);
            self.accumulators.write(facts.kinds.d, facts.classes[0], held);
        }
    }

    /// A call leaves its only result in the accumulator as well, unless it is a vector.
    fn hold_result_of_call(&mut self, call: &Inst) {
        if let Some(kind) = call.result
            && kind.class() != Class::Vector
            && let Some(slot) = call.z.slot()
        {
            self.accumulators.hold(kind.class(), Held::of(slot));
        }
    }

    /// A source within reach of 16-bit fields.
    fn near(&mut self, source: Operand, kind: Kind, scratch: Scratch, node: u32) -> Operand {
        let Some(slot) = far_slot(source, kind) else { return source };
        let to = self.scratch + scratch as u32;
        self.accumulators.forget(to, kind);
        self.copy_far(to, slot, kind, node);
        Operand::local(to)
    }

    fn copy_far(&mut self, to: u32, from: u32, kind: Kind, node: u32) {
        for part in 0..kind.slots() {
            let mut placed = Placed::new(node, 0);
            placed.immediates = u64::from((to + part) * 8) | u64::from((from + part) * 8) << 32;
            self.item(Op::CopyFar, Place::Slot, placed);
        }
    }

    /// Copies the 64 bits in a place to a slot.
    fn copy(&mut self, list: &List, to: u32, from: Field, node: u32) {
        let mut placed = Placed::new(node, 0);
        placed.put(list, from);
        placed.put_slot(slot_offset(to));
        self.item(Op::Copy, from.place, placed);
    }

    /// Places a copy that no instruction is.
    fn item(&mut self, op: Op, place: Place, mut placed: Placed) {
        placed.node |= Placed::BESIDE;
        placed.op = op;
        let opcode = Opcode::in_slot(op, place, Place::Slot);
        placed.opcode = opcode.expect("copies have any source");
        self.items.push(Item::Inst(placed));
    }

    /// Puts a constant into a scratch slot.
    fn materialize(
        &mut self,
        list: &List,
        constant: Operand,
        scratch: Scratch,
        node: u32,
    ) -> Operand {
        let slot = self.scratch + scratch as u32;
        self.copy(list, slot, constant_field(list, constant, Class::Int), node);
        self.accumulators.clear_class(Class::Int);
        self.accumulators.forget(slot, Kind::I64);
        Operand::local(slot)
    }
}

/// The local that is copied from the accumulator, of a copy of one.
fn copied_local(facts: &Facts, x: Operand, place: Place) -> Option<u32> {
    if facts.leaves == Leaves::Copy && place == Place::Acc && x.is_local() {
        x.slot()
    } else {
        None
    }
}

/// The slot of a value, if it has one out of reach of 16-bit fields.
fn far_slot(value: Operand, kind: Kind) -> Option<u32> {
    value.slot().filter(|slot| slot + kind.slots() > NEAR_SLOTS)
}

/// The byte offset of a slot within reach.
fn slot_offset(slot: u32) -> u16 {
    debug_assert!(slot < NEAR_SLOTS, "slot {slot} is out of reach");
    (slot * 8) as u16
}

fn slot_field(slot: u32) -> Field {
    Field { place: Place::Slot, value: slot_offset(slot).into() }
}

/// A constant as an immediate of a class, if there is one that stands for it.
#[inline(always)]
fn constant_field(list: &List, source: Operand, class: Class) -> Field {
    let Source::Const(position) = source.source() else {
        unreachable!("the operand is a constant")
    };
    let constant = list.consts[position as usize];
    let immediate = match class {
        Class::Int => constant.immediate_bits(),
        _ => constant.immediate(),
    };
    match immediate {
        Some(value) => Field { place: Place::Imm, value },
        None => Field { place: Place::Wide, value: position },
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
