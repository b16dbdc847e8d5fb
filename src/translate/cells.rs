//! The end of the second walk: cuts the items into cells, writes those, and sets their branch fields.

use crate::buffer::{Buffer, NoMemory, boxed};
use crate::code::Opcode;
use crate::code::encode::{Cell, Code, Counts, Encoder, LABEL_WORDS, Operands};
use crate::code::handlers::{Clause, Handlers, TryRange};

use super::cut::{Cut, cut};
use super::exceptions::{Catch, Tries, Try};
use super::facts::Facts;
use super::forms::{Form, Tail};
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

/// The position of a label that is not placed yet.
const UNPLACED: usize = usize::MAX;

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
        code: &mut Code,
        mut sources: Option<&mut SourceMap>,
    ) -> Result<(), Unencodable> {
        self.labels.clear();
        self.labels.resize(list.labels as usize, UNPLACED)?;
        self.fixups.clear();
        self.marks.clear();
        self.marks.make_room(marks.len())?;
        cut(items, &mut self.cuts)?;
        if let Some(SourceMap(map)) = sources.as_deref_mut() {
            map.make_room(items.len())?;
        }
        let mut encoder = Encoder::new(code, label, items.len())?;
        let is_noted = sources.is_some() || !marks.is_empty();
        let mut at = 0;
        while let (Some(item), Some(&cut)) = (items.get(at), self.cuts.get(at)) {
            if is_noted {
                self.mark(marks, at, encoder.position())?;
            }
            if cut.first == 0 {
                if let Item::Label(label) = item {
                    self.labels[label.0 as usize] = encoder.position();
                }
                at += 1;
                continue;
            }
            let parts = &items[at..at + usize::from(cut.first)];
            let opcode = passing(cut.opcode, parts, list).unwrap_or(cut.opcode);
            encoder.make_room()?;
            let position = encoder.position();
            let mut cell = encoder.cell(opcode);
            let (mut turns, mut table) = (false, None);
            for part in parts {
                let Item::Inst(inst) = part else { unreachable!("labels are no parts of cells") };
                turns = false;
                match operands(&mut cell, list, inst) {
                    Target::None => {}
                    Target::Label { field, label } => {
                        self.fixups.make_room(1)?;
                        let field = position + field;
                        self.fixups.push(Fixup { field, cell: position, label });
                        turns = self.labels[label.0 as usize] == position && inst.op.is_branch();
                    }
                    Target::Table(labels) => table = Some(labels),
                }
            }
            let len = cell.len();
            if is_noted {
                self.note(marks, &mut sources, list, (at, parts), position)?;
            }
            at += parts.len();
            encoder.end_cell(len);
            if turns && opcode.recurrence().is_none_or(|first| is_recurrence(&parts[first..])) {
                encoder.turn(position, opcode);
            }
            if let Some(labels) = table {
                self.table(&mut encoder, position, labels)?;
            }
        }
        self.mark(marks, usize::MAX, encoder.position())?;
        for &Fixup { field, cell, label } in &*self.fixups {
            let reached = encoder.set_target(field, cell, self.labels[label.0 as usize]);
            reached.ok_or(Unencodable::TooLarge)?;
        }
        encoder.finish();
        Ok(())
    }

    /// Notes that what stands before the item at `at`, of those with the numbers `marks`, is at a position.
    fn mark(&mut self, marks: &[usize], at: usize, position: usize) -> Result<(), Unencodable> {
        let position = word_position(position)?;
        while marks.get(self.marks.len()).is_some_and(|mark| *mark <= at) {
            self.marks.push(position);
        }
        Ok(())
    }

    /// Notes where the parts of the cell at `position` are, and where they came from, if that is asked for.
    #[inline(never)]
    fn note(
        &mut self,
        marks: &[usize],
        sources: &mut Option<&mut SourceMap>,
        list: &List,
        (at, parts): (usize, &[Item]),
        cell: usize,
    ) -> Result<(), Unencodable> {
        let mut position = cell + LABEL_WORDS;
        for (at, part) in (at..).zip(parts) {
            let Item::Inst(inst) = part else { unreachable!("labels are no parts of cells") };
            self.mark(marks, at, position)?;
            if let Some(SourceMap(map)) = sources {
                let offset = inst.inst(list).map_or(0, |inst| inst.offset);
                map.push((word_position(position)?, offset));
            }
            position += usize::from(Form::of(inst.opcode).words);
        }
        Ok(())
    }

    /// Puts the targets of a branch table behind its cell.
    fn table(
        &mut self,
        encoder: &mut Encoder<'_>,
        cell: usize,
        labels: &[Label],
    ) -> Result<(), NoMemory> {
        let first = encoder.table(labels.len())?;
        self.fixups.make_room(labels.len())?;
        for (number, label) in labels.iter().enumerate() {
            self.fixups.push(Fixup { field: first + number, cell, label: *label });
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
/// in its slot.
fn passing(opcode: Opcode, parts: &[Item], list: &List) -> Option<Opcode> {
    let (twin, passing) = opcode.as_passing()?;
    let part = |number: u8| match &parts[usize::from(number)] {
        Item::Inst(inst) => inst,
        Item::Label(_) => unreachable!("labels are no parts of cells"),
    };
    let (put, take) = (part(passing.put), part(passing.take));
    let slot = put.d();
    let is_passed = take.last_read(list, passing.as_y) == Some(slot)
        && !(passing.put + 1..passing.take).any(|between| part(between).names(slot));
    is_passed.then_some(twin)
}

/// Whether parts are a recurrence in their slots, as they are in their places: `t = op a, b`, then `a = b`, `b = t` and
/// `i = i + step`, and nothing else names `a`, `b` or `i`. That nobody else reads `t` is known.
fn is_recurrence(parts: &[Item]) -> bool {
    let [Item::Inst(op), Item::Inst(down), Item::Inst(up), Item::Inst(step), Item::Inst(branch)] =
        parts
    else {
        return false;
    };
    let kept @ [a, b, i] = [down.d(), down.slot(1), step.d()];
    let is_one = [op.slot(1), op.slot(2), up.d(), step.slot(1)] == [a, b, b, i];
    is_one && a != b && a != i && b != i && !kept.iter().any(|slot| branch.names(*slot))
}

/// Where a part of a cell leads to.
enum Target<'a> {
    None,
    /// To the label, by the field at a position in the cell.
    Label {
        field: usize,
        label: Label,
    },
    /// To these labels, by fields behind the cell.
    Table(&'a [Label]),
}

/// Writes the operands of an instruction; gives where it leads to.
#[inline(always)]
fn operands<'a>(cell: &mut Cell<'_>, list: &'a List, inst: &Placed) -> Target<'a> {
    let Form { immediates: count, tail, words: all, .. } = *Form::of(inst.opcode);
    let Placed { immediates, slots, .. } = *inst;
    let mut counts = Counts { immediates: count.into(), words: tail as usize & 1, all: all.into() };
    if tail <= Tail::Label {
        let field = cell.len() + counts.immediates;
        cell.put(&Operands { immediates, words: [inst.word], slots }, counts);
        return match tail {
            Tail::Label => Target::Label { field, label: Label(inst.word) },
            _ => Target::None,
        };
    }
    let mut words = inst.words(list);
    let mut target = Target::None;
    if tail == Tail::Table {
        // Their position in the list, and how many there are but for the default.
        let [first, count, ..] = words;
        words[0] = count;
        target = Target::Table(&list.targets[first as usize..][..=count as usize]);
    }
    counts.words = Facts::of(inst.op).words.into();
    cell.put(&Operands { immediates, words, slots }, counts);
    target
}

/// A position in the code as a number of 32 bits.
fn word_position(position: usize) -> Result<u32, Unencodable> {
    u32::try_from(position).map_err(|_| Unencodable::TooLarge)
}
