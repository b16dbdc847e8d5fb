//! The end of the second walk: cuts the items into cells, writes those, and sets their branch fields.

use crate::buffer::{Buffer, NoMemory, boxed};
use crate::code::encode::Encoder;
use crate::code::fused::fuse;
use crate::code::handlers::{Clause, Handlers, TryRange};
use crate::code::shape::TARGET;
use crate::code::{Op, Opcode, Place};

use super::exceptions::{Catch, Tries, Try};
use super::ir::Label;
use super::placed::{Item, Placed};
use super::{List, SourceMap};

/// Writes cells; keeps its buffers from one function to the next.
#[derive(Default)]
pub(super) struct Cells {
    /// The position of each label that was placed.
    labels: Buffer<usize>,
    /// Branch fields to be set: field, cell, label.
    fixups: Buffer<(usize, usize, Label)>,
    /// Where in the code each start or end of a `try_table` is, in order.
    marks: Buffer<u32>,
    /// What the cells are, from each item on.
    cuts: Buffer<Cut>,
}

/// The best way to cut the rest of a stretch of code without labels into cells.
#[derive(Clone, Copy)]
struct Cut {
    /// The number of cells.
    cells: u32,
    /// The number of items in the first one.
    first: u32,
    /// The opcode of the first one.
    opcode: Opcode,
}

impl Cut {
    /// At a label, and at a branch to what follows it: no cell.
    const NONE: Cut = Cut { cells: 0, first: 0, opcode: Opcode::HALT };
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

/// The most words of an instruction, but for the targets of a table.
const WORDS_MAX: usize = 16;

/// The position of a label that is not placed yet.
const UNPLACED: usize = usize::MAX;

/// Behind a branch, so many labels are looked at for its own.
const LABELS_SEEN_MAX: usize = 8;

impl Cells {
    /// About how many bytes the buffers take.
    pub(super) fn buffer_bytes(&self) -> usize {
        self.labels.bytes() + self.fixups.bytes() + self.marks.bytes() + self.cuts.bytes()
    }

    /// Writes the cells of all items; before those with the numbers `marks` a `try_table` starts or ends.
    pub(super) fn write(
        &mut self,
        (items, marks): (&[Item], &[usize]),
        list: &List,
        label: fn(Opcode) -> u32,
        code: &mut Buffer<u32>,
        mut sources: Option<&mut SourceMap>,
    ) -> Result<(), Unencodable> {
        self.labels.clear();
        self.labels.resize(list.labels as usize, UNPLACED)?;
        self.fixups.clear();
        self.marks.clear();
        self.marks.make_room(marks.len())?;
        self.cut(items)?;
        if let Some(SourceMap(map)) = sources.as_deref_mut() {
            map.make_room(items.len())?;
        }
        let mut encoder = Encoder::new(code, label);
        let (mut cell, mut next_cell) = (0, 0);
        for (at, item) in items.iter().enumerate() {
            while marks.get(self.marks.len()).is_some_and(|mark| *mark <= at) {
                self.marks.push(word_position(encoder.position())?);
            }
            let inst = match item {
                Item::Inst(inst) => inst,
                Item::Label(label) => {
                    self.labels[label.0 as usize] = encoder.position();
                    continue;
                }
            };
            let Cut { first, opcode, .. } = self.cuts[at];
            if first == 0 {
                continue;
            }
            let targets = table_targets(inst);
            encoder.make_room(targets + WORDS_MAX)?;
            self.fixups.make_room(targets + 1)?;
            if at >= next_cell {
                cell = encoder.cell(passing(opcode, &items[at..]).unwrap_or(opcode));
                next_cell = at + first as usize;
            }
            if let Some(SourceMap(map)) = sources.as_deref_mut() {
                map.push((word_position(encoder.position())?, inst.offset));
            }
            self.operands(&mut encoder, cell, list, inst);
            if inst.op.is_branch()
                && at + 1 == next_cell
                && self.labels[inst.words[0] as usize] == cell
            {
                encoder.turn();
            }
        }
        self.marks.resize(marks.len(), word_position(encoder.position())?)?;
        for &(field, cell, label) in &*self.fixups {
            let reached = encoder.set_target(field, cell, self.labels[label.0 as usize]);
            reached.ok_or(Unencodable::TooLarge)?;
        }
        Ok(())
    }

    /// Cuts the items into as few cells as the table of fused sequences allows.
    fn cut(&mut self, items: &[Item]) -> Result<(), NoMemory> {
        self.cuts.clear();
        self.cuts.resize(items.len() + 1, Cut::NONE)?;
        for at in (0..items.len()).rev() {
            // What is behind a label is another stretch.
            let Item::Inst(inst) = &items[at] else { continue };
            if inst.op == Op::Br && leads_on(Label(inst.words[0]), &items[at + 1..]) {
                continue;
            }
            let mut opcode = inst.opcode;
            let mut best = Cut { cells: self.cuts[at + 1].cells + 1, first: 1, opcode };
            for (next, first) in (at + 1..).zip(2..) {
                let Some(Item::Inst(last)) = items.get(next) else { break };
                if self.cuts[next].first == 0 {
                    break;
                }
                let Some(fused) = fuse(opcode, last.opcode) else { break };
                opcode = fused;
                let cells = self.cuts[next + 1].cells + 1;
                if cells <= best.cells {
                    best = Cut { cells, first, opcode };
                }
            }
            self.cuts[at] = best;
        }
        Ok(())
    }

    /// Writes the operands of an instruction of `cell`.
    fn operands(&mut self, encoder: &mut Encoder<'_>, cell: usize, list: &List, inst: &Placed) {
        let family = inst.op.family();
        let start = encoder.position();
        let mut slots = [0; 5];
        let mut count = 0;
        let mut slot = |slot| {
            slots[count] = slot;
            count += 1;
        };
        if family.d && inst.shape.d() == Place::Slot {
            slot(inst.d);
        }
        for (present, place, value) in
            [(family.x, inst.shape.x(), inst.x), (family.y, inst.shape.y(), inst.y)]
        {
            match place {
                Place::Slot if present => slot(value as u16),
                Place::Slot | Place::Acc => {}
                Place::Imm => encoder.words(&[value as u32]),
                Place::Wide => encoder.words(&[value as u32, (value >> 32) as u32]),
            }
        }
        inst.rest[..family.rest].iter().for_each(|rest| slot(*rest));
        if inst.op == Op::BrTable {
            // It begins with its targets' position in the list; the cell has their number.
            encoder.words(&[inst.words[1]]);
        } else {
            if family.words.first() == Some(&TARGET) {
                self.fixups.push((encoder.position(), cell, Label(inst.words[0])));
            }
            encoder.words(&inst.words[..family.words.len()]);
        }
        encoder.slots(&slots[..count]);
        debug_assert_eq!(
            (encoder.position() - start) * 4,
            family.layout(inst.shape).bytes(),
            "{inst:?}"
        );
        if inst.op == Op::BrTable {
            let first = inst.words[0] as usize;
            for target in &list.targets[first..first + table_targets(inst)] {
                self.fixups.push((encoder.position(), cell, *target));
                encoder.words(&[0]);
            }
        }
    }

    /// The exception handlers of the function whose cells were just written, if it has any.
    pub(super) fn handlers(&self, tries: &Tries) -> Result<Option<Handlers>, NoMemory> {
        if tries.tries.is_empty() {
            return Ok(None);
        }
        let range =
            |of: &Try| TryRange { start: 0, end: 0, parent: of.parent, clauses: of.clauses };
        let mut ranges = boxed(tries.tries.iter().map(range))?;
        for (mark, position) in tries.marks.iter().zip(&*self.marks) {
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
}

/// The twin of a fused cell that passes a value on in a register, if there is one and nobody needs the value
/// in its slot. `items` are its parts and what follows.
fn passing(opcode: Opcode, items: &[Item]) -> Option<Opcode> {
    let (twin, passing) = opcode.as_passing()?;
    let part = |number: u8| match items[usize::from(number)] {
        Item::Inst(inst) => inst,
        Item::Label(_) => unreachable!("labels are no parts of cells"),
    };
    let (put, take) = (part(passing.put), part(passing.take));
    let source = if passing.as_y { take.y } else { take.x };
    let is_passed = source == u64::from(put.d)
        && take.last[usize::from(passing.as_y)]
        && !(passing.put + 1..passing.take).any(|between| part(between).names(put.d));
    is_passed.then_some(twin)
}

/// The number of targets of a branch table; of other instructions 0.
fn table_targets(inst: &Placed) -> usize {
    if inst.op == Op::BrTable { inst.words[1] as usize + 1 } else { 0 }
}

/// Whether `label` is placed right before `items`.
fn leads_on(label: Label, items: &[Item]) -> bool {
    let labels = items.iter().map_while(|item| match item {
        Item::Label(label) => Some(*label),
        Item::Inst(_) => None,
    });
    labels.take(LABELS_SEEN_MAX).any(|next| next == label)
}

/// A position in the code as a number of 32 bits.
fn word_position(position: usize) -> Result<u32, Unencodable> {
    u32::try_from(position).map_err(|_| Unencodable::TooLarge)
}
