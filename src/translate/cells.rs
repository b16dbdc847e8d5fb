//! The end of the second walk: cuts the items into cells, writes those, and sets their branch fields.

use crate::buffer::{Buffer, NoMemory, boxed};
use crate::code::encode::{Encoder, Slots};
use crate::code::fused::{PARTS_MAX, fuse};
use crate::code::handlers::{Clause, Handlers, TryRange};
use crate::code::{Op, Opcode, Place};

use super::exceptions::{Catch, Tries, Try};
use super::facts::Facts;
use super::ir::Label;
use super::placed::{Item, Placed};
use super::{List, SourceMap};

/// Writes cells; keeps its buffers from one function to the next.
#[derive(Default)]
pub(super) struct Cells {
    /// The position of each label that was placed.
    labels: Buffer<usize>,
    /// Branch fields to be set.
    fixups: Buffer<Fixup>,
    /// Where in the code each start or end of a `try_table` is, in order.
    marks: Buffer<u32>,
    /// What the cells are, from each item on.
    cuts: Buffer<Cut>,
}

/// A branch field to be set: its position, that of its cell, and where it leads.
#[derive(Clone, Copy)]
struct Fixup {
    field: usize,
    cell: usize,
    label: Label,
}

/// The best way to cut the rest of a stretch of code without labels into cells.
#[derive(Clone, Copy)]
struct Cut {
    /// The number of cells.
    cells: u32,
    /// The number of items in the first one.
    first: u16,
    /// The opcode of its first item.
    single: Opcode,
    /// The opcode of the first one.
    opcode: Opcode,
}

impl Cut {
    /// At a label, and at a branch to what follows it: no cell.
    const NONE: Cut = Cut { cells: 0, first: 0, single: Opcode::HALT, opcode: Opcode::HALT };
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

/// The most words of a cell, but for the targets of a table: no part has more than 16.
const CELL_WORDS_MAX: usize = 16 * PARTS_MAX;

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
        let mut next_mark = marks.first().copied().unwrap_or(usize::MAX);
        for (at, (item, cut)) in items.iter().zip(&*self.cuts).enumerate() {
            while next_mark <= at {
                self.marks.push(word_position(encoder.position())?);
                next_mark = marks.get(self.marks.len()).copied().unwrap_or(usize::MAX);
            }
            let inst = match item {
                Item::Inst(inst) => inst,
                Item::Label(label) => {
                    self.labels[label.0 as usize] = encoder.position();
                    continue;
                }
            };
            if cut.first == 0 {
                continue;
            }
            if at >= next_cell {
                encoder.make_room(CELL_WORDS_MAX)?;
                self.fixups.make_room(PARTS_MAX)?;
                let opcode = passing(cut.opcode, &items[at..]).unwrap_or(cut.opcode);
                cell = encoder.cell(opcode);
                next_cell = at + usize::from(cut.first);
            }
            if let Some(SourceMap(map)) = sources.as_deref_mut() {
                map.push((word_position(encoder.position())?, inst.offset));
            }
            let facts = Facts::of(inst.op);
            if inst.op == Op::BrTable {
                table(&mut encoder, &mut self.fixups, cell, list, inst)?;
                continue;
            }
            let start = encoder.position();
            immediates(&mut encoder, inst);
            if facts.has_target {
                let label = Label(inst.words[0]);
                self.fixups.push(Fixup { field: encoder.position(), cell, label });
                let itself = self.labels[label.0 as usize] == cell;
                if itself && at + 1 == next_cell && inst.op.is_branch() {
                    encoder.turn();
                }
            }
            if facts.words > 0 {
                encoder.words(inst.words, usize::from(facts.words));
            }
            slots(&mut encoder, facts, inst);
            debug_assert_eq!(
                (encoder.position() - start) * 4,
                inst.op.family().layout(inst.shape).bytes(),
                "{inst:?}"
            );
        }
        self.marks.resize(marks.len(), word_position(encoder.position())?)?;
        for &Fixup { field, cell, label } in &*self.fixups {
            let reached = encoder.set_target(field, cell, self.labels[label.0 as usize]);
            reached.ok_or(Unencodable::TooLarge)?;
        }
        Ok(())
    }

    /// Cuts the items into as few cells as the table of fused sequences allows.
    fn cut(&mut self, items: &[Item]) -> Result<(), NoMemory> {
        self.cuts.clear();
        self.cuts.resize(items.len() + 1, Cut::NONE)?;
        let cuts = &mut self.cuts[..];
        // No cell goes on from here: what is behind a label is another stretch.
        let mut end = items.len();
        for at in (0..items.len()).rev() {
            let inst = match &items[at] {
                Item::Inst(inst)
                    if inst.op != Op::Br || !leads_on(Label(inst.words[0]), &items[at + 1..]) =>
                {
                    inst
                }
                _ => {
                    end = at;
                    continue;
                }
            };
            let single = inst.opcode;
            let mut opcode = single;
            let mut best = Cut { cells: cuts[at + 1].cells + 1, first: 1, single, opcode };
            for next in at + 1..end {
                let Some(fused) = fuse(opcode, cuts[next].single) else { break };
                opcode = fused;
                let cells = cuts[next + 1].cells + 1;
                if cells <= best.cells {
                    best = Cut { cells, first: (next + 1 - at) as u16, single, opcode };
                }
            }
            cuts[at] = best;
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

/// Writes the operands of a branch table, the last part of `cell`, and its targets.
fn table(
    encoder: &mut Encoder<'_>,
    fixups: &mut Buffer<Fixup>,
    cell: usize,
    list: &List,
    inst: &Placed,
) -> Result<(), NoMemory> {
    // It begins with its targets' position in the list; the cell has their number, but for the default.
    let [first, count, ..] = inst.words;
    encoder.word(count);
    slots(encoder, Facts::of(inst.op), inst);
    let targets = &list.targets[first as usize..][..=count as usize];
    encoder.make_room(targets.len())?;
    fixups.make_room(targets.len())?;
    for label in targets {
        fixups.push(Fixup { field: encoder.position(), cell, label: *label });
        encoder.word(0);
    }
    Ok(())
}

/// Writes the immediates of an instruction.
#[inline]
fn immediates(encoder: &mut Encoder<'_>, inst: &Placed) {
    if !inst.shape.has_immediate() {
        return;
    }
    for (place, value) in [(inst.shape.x(), inst.x), (inst.shape.y(), inst.y)] {
        encoder.words([value as u32, (value >> 32) as u32], place.words());
    }
}

/// Writes the slots of an instruction.
#[inline(always)]
fn slots(encoder: &mut Encoder<'_>, facts: &Facts, inst: &Placed) {
    let (shape, mut slots) = (inst.shape, Slots::default());
    slots.add(facts.d && shape.d() == Place::Slot, inst.d);
    slots.add(facts.x && shape.x() == Place::Slot, inst.x as u16);
    slots.add(facts.y && shape.y() == Place::Slot, inst.y as u16);
    for rest in &inst.rest[..usize::from(facts.rest)] {
        slots.add(true, *rest);
    }
    encoder.slots(slots);
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
