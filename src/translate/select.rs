//! The second walk: places, shapes, and the cells themselves.
//!
//! Every instruction leaves its result in the accumulator of the result's class, wherever else it
//! goes. So a source whose slot was the last one written in its class is read from the accumulator;
//! and if that was a temporary, which nobody else reads, its instruction need not write the slot at
//! all. Constants become immediates where the op has such a shape; what fits no field goes through
//! scratch slots.

use crate::buffer::{Buffer, NoMemory, boxed};
use crate::code::encode::{Encoder, Position};
use crate::code::fused::fuse;
use crate::code::handlers::{Clause, Handlers, TryRange};
use crate::code::shape::{Family, TARGET};
use crate::code::{Op, Opcode, Place, Shape};

use super::carry::{self, Carried};
use super::exceptions::{Catch, Tries, Try};
use super::ir::{CLASSES, Class, Const, Inst, Kind, Label, Node, Operand};
use super::kinds::Kinds;
use super::{List, SourceMap};

/// Chooses places and writes cells; keeps its buffers from one function to the next.
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
    /// The position of each label that was placed.
    labels: Buffer<usize>,
    /// Branch fields to be set: field, cell, label.
    fixups: Buffer<(usize, usize, Label)>,
    /// The item before which each start or end of a `try_table` is, in order.
    marks: Buffer<usize>,
    /// Their positions in the code.
    mark_positions: Buffer<u32>,
    /// What the cells are, from each item on.
    cuts: Buffer<Cut>,
}

/// The best way to cut the rest of a stretch of code without labels into cells.
#[derive(Clone, Copy, Default)]
struct Cut {
    /// The number of cells.
    cells: u32,
    /// The number of items in the first one.
    first: u32,
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

/// A field of an item: its place, and the slot's byte offset or the immediate.
#[derive(Clone, Copy, Debug)]
struct Field {
    place: Place,
    value: u64,
}

/// A placed instruction, or a label.
#[derive(Clone, Copy, Debug)]
enum Item {
    Inst { op: Op, d: Field, x: Field, y: Field, rest: [u16; 2], words: [u32; 4], offset: u32 },
    Label(Label),
}

impl Item {
    /// The opcode of an instruction by itself.
    fn opcode(&self) -> Option<Opcode> {
        match self {
            Item::Inst { op, d, x, y, .. } => {
                Opcode::of(*op, Shape::new(d.place, x.place, y.place))
            }
            Item::Label(_) => None,
        }
    }
}

/// Why a function can't be encoded.
pub(super) enum Unencodable {
    /// A branch does not reach its target.
    TooLarge,
    NoMemory,
}

impl From<NoMemory> for Unencodable {
    fn from(NoMemory: NoMemory) -> Self {
        Unencodable::NoMemory
    }
}

/// The most items of a node: with all three sources and the destination out of reach, and loads of what a loop
/// carries.
const ITEMS_MAX: usize = 16;

/// The most words of an instruction, but for the targets of a table.
const WORDS_MAX: usize = 16;

/// The field of an operand that is not there.
const ABSENT: Field = Field { place: Place::Slot, value: 0 };

/// The number of slots within reach of a 16-bit byte offset.
const NEAR_SLOTS: u32 = (u16::MAX as u32 + 1) / 8;

/// The position of a label that is not placed yet.
const UNPLACED: usize = usize::MAX;

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
        self.items.bytes()
            + self.carried.bytes()
            + self.labels.bytes()
            + self.fixups.bytes()
            + self.marks.bytes()
            + self.mark_positions.bytes()
            + self.cuts.bytes()
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
        let field = slot_field(slot);
        self.item(Op::Copy, field, field, [0; 4], offset);
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
        let rest = self.rest(list, family, &mut inst);
        let (x, y) = self.sources(list, &mut inst);
        self.release(inst.x, x, kinds.x.class(), inst.keep);
        self.release(inst.y, y, kinds.y.class(), inst.keep);
        if let Some(slot) = carried {
            // A constant operand went through the accumulator; then no operand is in it.
            self.carry(slot, inst.offset);
        }
        let far = inst.d.slot().filter(|slot| !self.is_near(*slot, kinds.d));
        let d = match (far, inst.d.slot()) {
            (Some(_), _) => slot_field(self.scratch + Scratch::D as u32),
            (None, Some(slot)) => slot_field(slot),
            (None, None) => ABSENT,
        };
        let words = match inst.op {
            Op::V128Const | Op::I8x16Shuffle => list.wide[inst.words[0] as usize],
            _ => inst.words,
        };
        self.items.push(Item::Inst { op: inst.op, d, x, y, rest, words, offset: inst.offset });
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
    fn rest(&mut self, list: &List, family: &Family, inst: &mut Inst) -> [u16; 2] {
        let mut rest = [0; 2];
        let sources = [(inst.y, Scratch::Y), (inst.z, Scratch::Z)];
        for (slot, (source, scratch)) in rest.iter_mut().zip(&sources[2 - family.rest..]) {
            let source = match source {
                Operand::Const(at) => {
                    self.materialize(list.consts[*at as usize], *scratch, inst.offset)
                }
                source => *source,
            };
            *slot = slot_field(source.slot().expect("a source that is no constant")).value as u16;
        }
        rest
    }

    /// The places of `x` and `y`; swaps them, and moves constants to scratch slots, as needed.
    fn sources(&mut self, list: &List, inst: &mut Inst) -> (Field, Field) {
        let family = inst.op.family();
        loop {
            let kinds = Kinds::of(inst.op);
            let xs = self.candidates(list, family.x, inst.x, kinds.x, inst.op);
            let ys = self.candidates(list, family.y, inst.y, kinds.y, inst.op);
            if family.swappable && prefers_swap(&xs, &ys) {
                inst.op = inst.op.swapped();
                core::mem::swap(&mut inst.x, &mut inst.y);
                continue;
            }
            for x in xs.into_iter().flatten() {
                for y in ys.into_iter().flatten() {
                    if Opcode::of(inst.op, Shape::new(Place::Slot, x.place, y.place)).is_some() {
                        return (x, y);
                    }
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

    /// The places a source can be read from, the best first.
    fn candidates(
        &self,
        list: &List,
        present: bool,
        source: Operand,
        kind: Kind,
        op: Op,
    ) -> [Option<Field>; 2] {
        match source {
            _ if !present => [Some(ABSENT), None],
            Operand::None => unreachable!("{op:?} has all its sources"),
            Operand::Const(at) => {
                let constant = list.consts[at as usize];
                let value = match kind.class() {
                    Class::Int => constant.immediate_bits(),
                    _ => constant.immediate(),
                };
                let field = match value {
                    Some(value) => Field { place: Place::Imm, value: u64::from(value) },
                    None => Field { place: Place::Wide, value: constant.bits },
                };
                [Some(field), None]
            }
            Operand::Local(slot) | Operand::Temp(slot) => {
                let in_slot = slot_field(slot);
                match self.held_in(kind.class(), slot) {
                    Some(_) => [Some(Field { place: Place::Acc, value: 0 }), Some(in_slot)],
                    None => [Some(in_slot), None],
                }
            }
        }
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
        if let Item::Inst { op, d, x, y, .. } = &mut self.items[maker] {
            let shape = Shape::new(Place::Acc, x.place, y.place);
            if Opcode::of(*op, shape).is_some() {
                d.place = Place::Acc;
            }
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
        for (class, held) in self.held.iter_mut().enumerate() {
            let slots = if class == Class::Vector as usize { Kind::V128.slots() } else { 1 };
            let overwritten = |held: u32| held < slot + kind.slots() && slot < held + slots;
            *held = held.and_then(|held| {
                let local = held.local.filter(|local| !overwritten(*local));
                if overwritten(held.slot) {
                    local.map(Held::of)
                } else {
                    Some(Held { local, ..held })
                }
            });
        }
    }

    fn is_near(&self, slot: u32, kind: Kind) -> bool {
        slot + kind.slots() <= NEAR_SLOTS
    }

    /// A source within reach of 16-bit fields.
    fn near(&mut self, source: Operand, kind: Kind, scratch: Scratch, offset: u32) -> Operand {
        match source.slot() {
            Some(slot) if !self.is_near(slot, kind) => {
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
            self.item(Op::CopyFar, ABSENT, ABSENT, words, offset);
        }
    }

    fn item(&mut self, op: Op, d: Field, x: Field, words: [u32; 4], offset: u32) {
        self.items.push(Item::Inst { op, d, x, y: ABSENT, rest: [0; 2], words, offset });
    }

    /// Puts a constant into a scratch slot.
    fn materialize(&mut self, constant: Const, scratch: Scratch, offset: u32) -> Operand {
        let slot = self.scratch + scratch as u32;
        let x = match constant.immediate_bits() {
            Some(value) => Field { place: Place::Imm, value: u64::from(value) },
            None => Field { place: Place::Wide, value: constant.bits },
        };
        self.item(Op::Copy, slot_field(slot), x, [0; 4], offset);
        self.held[Class::Int as usize] = None;
        self.forget(slot, Kind::I64);
        Operand::Local(slot)
    }

    /// Writes the cells of all items.
    pub(super) fn encode(
        &mut self,
        list: &List,
        label: fn(Opcode) -> u32,
        code: &mut Buffer<u32>,
        mut sources: Option<&mut SourceMap>,
    ) -> Result<(), Unencodable> {
        self.labels.clear();
        self.labels.resize(list.labels as usize, UNPLACED)?;
        self.fixups.clear();
        self.mark_positions.clear();
        self.mark_positions.make_room(self.marks.len())?;
        self.cut()?;
        if let Some(SourceMap(map)) = sources.as_deref_mut() {
            map.make_room(self.items.len())?;
        }
        let mut encoder = Encoder::new(code, label);
        let mut next_cell = 0;
        for (at, item) in self.items.iter().enumerate() {
            while self.marks.get(self.mark_positions.len()).is_some_and(|mark| *mark <= at) {
                self.mark_positions.push(word_position(encoder.position())?);
            }
            match *item {
                Item::Label(label) => self.labels[label.0 as usize] = encoder.seal(),
                Item::Inst { op: Op::Br, words, .. } if self.is_next(at, Label(words[0])) => {}
                Item::Inst { op, d, x, y, rest, words, offset } => {
                    if at >= next_cell {
                        encoder.seal();
                        next_cell = at + self.cuts[at].first as usize;
                    }
                    let targets = if op == Op::BrTable { words[1] as usize + 1 } else { 1 };
                    encoder.make_room(targets + WORDS_MAX)?;
                    self.fixups.make_room(targets)?;
                    let shape = Shape::new(d.place, x.place, y.place);
                    let position = write(&mut encoder, op, shape, [d, x, y], rest, words);
                    if let Some(SourceMap(map)) = sources.as_deref_mut() {
                        map.push((word_position(position.operands)?, offset));
                    }
                    note_targets(
                        &mut encoder,
                        &mut self.fixups,
                        list,
                        (op, shape),
                        position,
                        words,
                    );
                    if op.is_branch()
                        && at + 1 >= next_cell
                        && self.labels[words[0] as usize] == position.cell
                    {
                        encoder.turn();
                    }
                }
            }
        }
        self.mark_positions.resize(self.marks.len(), word_position(encoder.position())?)?;
        for &(field, cell, label) in &*self.fixups {
            let reached = encoder.set_target(field, cell, self.labels[label.0 as usize]);
            reached.ok_or(Unencodable::TooLarge)?;
        }
        Ok(())
    }

    /// Cuts the items into as few cells as the table of fused sequences allows.
    fn cut(&mut self) -> Result<(), NoMemory> {
        self.cuts.clear();
        self.cuts.resize(self.items.len() + 1, Cut::default())?;
        for at in (0..self.items.len()).rev() {
            let Some(mut opcode) = self.items[at].opcode() else {
                // What is behind a label is another stretch.
                continue;
            };
            let mut best = Cut { cells: self.cuts[at + 1].cells + 1, first: 1 };
            for (next, first) in (at + 1..self.items.len()).zip(2..) {
                let last = self.items[next].opcode();
                let Some(fused) = last.and_then(|last| fuse(opcode, last)) else { break };
                opcode = fused;
                let cells = self.cuts[next + 1].cells + 1;
                if cells <= best.cells {
                    best = Cut { cells, first };
                }
            }
            self.cuts[at] = best;
        }
        Ok(())
    }

    /// The exception handlers of the function whose cells were just written, if it has any.
    pub(super) fn handlers(&self, tries: &Tries) -> Result<Option<Handlers>, NoMemory> {
        if tries.tries.is_empty() {
            return Ok(None);
        }
        let range =
            |of: &Try| TryRange { start: 0, end: 0, parent: of.parent, clauses: of.clauses };
        let mut ranges = boxed(tries.tries.iter().map(range))?;
        for (mark, position) in tries.marks.iter().zip(&*self.mark_positions) {
            let range = &mut ranges[mark.of as usize];
            *if mark.is_end { &mut range.end } else { &mut range.start } = *position;
        }
        let clause = |catch: &Catch| Clause {
            tag: catch.tag,
            with_ref: catch.with_ref,
            // Fits: the ends of ranges do, which were found in the same code.
            target: self.labels[catch.label.0 as usize] as u32,
            slot: catch.slot,
        };
        Ok(Some(Handlers { ranges, clauses: boxed(tries.catches.iter().map(clause))? }))
    }

    /// Whether `label` is placed right behind the item at `at`.
    fn is_next(&self, at: usize, label: Label) -> bool {
        let labels = self.items[at + 1..].iter().map_while(|item| match item {
            Item::Label(label) => Some(*label),
            Item::Inst { .. } => None,
        });
        labels.take(8).any(|next| next == label)
    }
}

/// A position in the code as a number of 32 bits.
fn word_position(position: usize) -> Result<u32, Unencodable> {
    u32::try_from(position).map_err(|_| Unencodable::TooLarge)
}

/// Notes the branch fields of an instruction that was written.
fn note_targets(
    encoder: &mut Encoder<'_>,
    fixups: &mut Buffer<(usize, usize, Label)>,
    list: &List,
    (op, shape): (Op, Shape),
    position: Position,
    words: [u32; 4],
) {
    let Position { cell, operands } = position;
    let family = op.family();
    if op == Op::BrTable {
        let first = words[0] as usize;
        for target in &list.targets[first..=first + words[1] as usize] {
            let field = encoder.word(0);
            fixups.push((field, cell, *target));
        }
    } else if family.words.first() == Some(&TARGET) {
        let field = operands + family.layout(shape).words - family.words.len();
        fixups.push((field, cell, Label(words[0])));
    }
}

/// Writes one instruction.
fn write(
    encoder: &mut Encoder<'_>,
    op: Op,
    shape: Shape,
    fields: [Field; 3],
    rest: [u16; 2],
    words: [u32; 4],
) -> Position {
    let family = op.family();
    let mut all_words = [0; 8];
    let mut all_slots = [0; 5];
    let (mut word_count, mut slot_count) = (0, 0);
    for (field, present) in fields.iter().zip([family.d, family.x, family.y]) {
        match field.place {
            Place::Slot if present => {
                all_slots[slot_count] = field.value as u16;
                slot_count += 1;
            }
            Place::Imm | Place::Wide if present => {
                all_words[word_count] = field.value as u32;
                all_words[word_count + 1] = (field.value >> 32) as u32;
                word_count += field.place.words();
            }
            _ => {}
        }
    }
    // A branch table begins with its targets' position in the list; the cell has their number.
    let words = if op == Op::BrTable { [words[1], 0, 0, 0] } else { words };
    for word in &words[..family.words.len()] {
        all_words[word_count] = *word;
        word_count += 1;
    }
    for slot in &rest[..family.rest] {
        all_slots[slot_count] = *slot;
        slot_count += 1;
    }
    encoder.instr(op, shape, &all_words[..word_count], &all_slots[..slot_count])
}

fn slot_field(slot: u32) -> Field {
    debug_assert!(slot < NEAR_SLOTS, "slot {slot} is out of reach");
    Field { place: Place::Slot, value: u64::from(slot) * 8 }
}

/// Whether swapped sources fit better: an immediate on the left goes to the right, an accumulator
/// on the right to the left.
fn prefers_swap(xs: &[Option<Field>; 2], ys: &[Option<Field>; 2]) -> bool {
    let place = |fields: &[Option<Field>; 2]| fields[0].map(|field| field.place);
    matches!(
        (place(xs), place(ys)),
        (Some(Place::Imm | Place::Wide), Some(Place::Slot | Place::Acc))
            | (Some(Place::Slot), Some(Place::Acc))
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
