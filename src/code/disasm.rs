//! Prints code whose labels are opcodes, one cell a line.
//!
//! `s3` is the slot 3 of the frame, `a` the accumulator of the operand's class; branch targets are
//! the numbers of cells.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};

use super::encode::{LABEL_WORDS, unpack};
use super::handlers::Handlers;
use super::op::{Op, Opcode};
use super::shape::{Layout, Place, Shape, TARGET};

/// Writes `code` to `out`, each line behind `indent`.
///
/// # Errors
///
/// Whatever `out` reports.
pub(crate) fn print(code: &[u32], indent: &str, out: &mut dyn Write) -> fmt::Result {
    let cells = cells(code);
    for (number, &cell) in cells.iter().enumerate() {
        write!(out, "{indent}{number:>4}  ")?;
        let mut at = cell + LABEL_WORDS;
        for (part, (op, shape, layout)) in opcode(code[cell]).parts().enumerate() {
            if part > 0 {
                out.write_str(" + ")?;
            }
            print_instr(op, shape, &code[at..], &|bytes| target(&cells, cell, bytes), out)?;
            at += layout.bytes() / 4;
            if op == Op::BrTable {
                for word in &code[at..=at + code[at - layout.bytes() / 4] as usize] {
                    write!(out, " {}", target(&cells, cell, *word))?;
                }
            }
        }
        writeln!(out, "{}", remark(opcode(code[cell])))?;
    }
    Ok(())
}

/// Writes the exception handlers of `code` to `out`: for each range the cells in it, and where its
/// clauses lead, to which cell and from which slot on.
///
/// # Errors
///
/// Whatever `out` reports.
pub(crate) fn print_handlers(
    code: &[u32],
    handlers: &Handlers,
    indent: &str,
    out: &mut dyn Write,
) -> fmt::Result {
    let cells = cells(code);
    let number = |position: u32| cells.partition_point(|cell| *cell < position as usize);
    // A range may start at a later part of a cell.
    let start = |position: u32| cells.partition_point(|cell| *cell <= position as usize) - 1;
    for range in &handlers.ranges {
        write!(out, "{indent}try {}..{}:", start(range.start), number(range.end))?;
        for clause in &handlers.clauses[range.clauses.0 as usize..range.clauses.1 as usize] {
            match clause.tag {
                Some(tag) => write!(out, " tag={}", tag.0)?,
                None => out.write_str(" all")?,
            }
            out.write_str(if clause.with_ref { " ref" } else { "" })?;
            write!(out, " -> {} s{}", number(clause.target), clause.slot)?;
        }
        out.write_char('\n')?;
    }
    Ok(())
}

/// The opcodes of all cells, in order.
pub(crate) fn opcodes(code: &[u32]) -> impl Iterator<Item = Opcode> {
    cells(code).into_iter().map(|cell| opcode(code[cell]))
}

/// An opcode's parts, each with the places of its `d`, `x` and `y`; `-` is what it lacks, and `Passed` what stays in a
/// register.
pub(crate) fn opcode_text(opcode: Opcode) -> String {
    let mut text = String::new();
    let passing = opcode.as_passing().filter(|_| opcode.is_passing()).map(|(_, passing)| passing);
    for (part, (op, shape, _)) in opcode.parts().enumerate() {
        let family = op.family();
        text.push_str(if part > 0 { " + " } else { "" });
        text.push_str(op.name());
        let places = [(family.d, shape.d()), (family.x, shape.x()), (family.y, shape.y())];
        let passed = passing.map_or([false; 3], |passing| {
            let takes = part == usize::from(passing.take);
            [part == usize::from(passing.put), takes && !passing.as_y, takes && passing.as_y]
        });
        for (at, (present, place)) in places.into_iter().enumerate() {
            text.push_str(if at == 0 { "(" } else { ", " });
            match place {
                _ if !present => text.push('-'),
                _ if passed[at] => text.push_str("Passed"),
                place => write!(text, "{place:?}").expect("strings take all"),
            }
        }
        text.push(')');
    }
    text.push_str(if opcode.is_loop() { " (itself)" } else { "" });
    text
}

/// What a cell does beyond its parts: it turns within its handler, or passes a value on in a register.
fn remark(opcode: Opcode) -> &'static str {
    match (opcode.is_passing(), opcode.is_loop()) {
        (true, true) => " (passing) (itself)",
        (true, false) => " (passing)",
        (false, true) => " (itself)",
        (false, false) => "",
    }
}

fn opcode(label: u32) -> Opcode {
    Opcode(u16::try_from(label).expect("a label that is an opcode"))
}

/// The positions of all cells.
fn cells(code: &[u32]) -> Vec<usize> {
    let mut cells = Vec::new();
    let mut at = 0;
    while at < code.len() {
        cells.push(at);
        let mut next = at + LABEL_WORDS;
        for (op, _, layout) in opcode(code[at]).parts() {
            let operands = next;
            next += layout.bytes() / 4;
            if op == Op::BrTable {
                next += code[operands] as usize + 1;
            }
        }
        at = next;
    }
    cells
}

/// The number of the cell that a branch field of the cell at `cell` leads to.
fn target(cells: &[usize], cell: usize, bytes: u32) -> usize {
    let at = cell as i64 + i64::from(bytes as i32) / 4;
    cells.iter().position(|&cell| cell as i64 == at).expect("a target that is a cell")
}

/// Writes one instruction, given its operands.
fn print_instr(
    op: Op,
    shape: Shape,
    operands: &[u32],
    target: &dyn Fn(u32) -> usize,
    out: &mut dyn Write,
) -> fmt::Result {
    let family = op.family();
    let mut fields = Fields::new(family.layout(shape), operands);
    out.write_str(op.name())?;
    let mut separator = " ";
    let places = [(family.d, shape.d()), (family.x, shape.x()), (family.y, shape.y())];
    let rest = (0..family.rest).map(|_| (true, Place::Slot));
    for (_, place) in places.into_iter().chain(rest).filter(|(present, _)| *present) {
        out.write_str(separator)?;
        match place {
            Place::Slot => write!(out, "s{}", fields.slot() / 8)?,
            Place::Acc => out.write_char('a')?,
            Place::Imm => write!(out, "{}", fields.word() as i32)?,
            Place::Wide => {
                let (low, high) = (fields.word(), fields.word());
                write!(out, "0x{high:08x}{low:08x}")?;
            }
        }
        separator = ", ";
    }
    for name in family.words {
        let word = fields.word();
        match *name {
            TARGET => write!(out, " -> {}", target(word))?,
            "count" if op == Op::BrTable => out.write_str(" ->")?,
            name => write!(out, " {name}={word}")?,
        }
    }
    Ok(())
}

/// Reads the fields of an instruction in order.
struct Fields<'a> {
    words: &'a [u32],
    slots: &'a [u32],
    word_at: usize,
    slot_at: usize,
}

impl<'a> Fields<'a> {
    fn new(layout: Layout, operands: &'a [u32]) -> Self {
        let (words, slots) = operands.split_at(layout.words);
        Fields { words, slots, word_at: 0, slot_at: 0 }
    }

    fn word(&mut self) -> u32 {
        self.word_at += 1;
        self.words[self.word_at - 1]
    }

    fn slot(&mut self) -> u16 {
        self.slot_at += 1;
        let at = self.slot_at - 1;
        unpack(self.slots[at / 2])[at % 2]
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;

    use super::*;
    use crate::code::encode::{Code, Counts, Encoder, Operands};
    use crate::code::fused::Sequence;
    use crate::code::op::{OPCODES, SINGLE_OPCODES};

    /// The text of an instruction whose slots are 1, 2, … and whose words are 101, 102, ….
    fn expected(op: Op, shape: Shape) -> String {
        let family = op.family();
        let (mut slot, mut word) = (0, 100);
        let mut next = |place| match place {
            Place::Slot => {
                slot += 1;
                format!("s{slot}")
            }
            Place::Acc => String::from("a"),
            Place::Imm => {
                word += 1;
                format!("{word}")
            }
            Place::Wide => {
                word += 2;
                format!("0x{word:08x}{:08x}", word - 1)
            }
        };
        let mut operands = Vec::new();
        for (present, place) in
            [(family.d, shape.d()), (family.x, shape.x()), (family.y, shape.y())]
        {
            if present {
                operands.push(next(place));
            }
        }
        operands.extend((0..family.rest).map(|_| next(Place::Slot)));
        let mut text = String::from(op.name());
        if !operands.is_empty() {
            text = format!("{text} {}", operands.join(", "));
        }
        for name in family.words {
            text = match *name {
                TARGET => format!("{text} -> 0"),
                "count" if op == Op::BrTable => format!("{text} -> 0"),
                name => format!("{text} {name}={}", next(Place::Imm)),
            };
        }
        text
    }

    /// Encodes a cell of these parts.
    fn encode(opcode: Opcode, parts: &[(Op, Shape, Layout)]) -> Code {
        let mut code = Code::default();
        let mut encoder = Encoder::new(&mut code, |opcode| u32::from(opcode.0), 1).unwrap();
        encoder.make_room().unwrap();
        let mut cell = encoder.cell(opcode);
        for (op, _, layout) in parts {
            let slots =
                (1..=layout.slots as u64).rev().fold(0, |slots, slot| (slots << 16) | (slot * 8));
            let family = op.family();
            let immediates = layout.words - family.words.len();
            let mut words = core::array::from_fn(|word| 101 + (immediates + word) as u32);
            if matches!(family.words.first(), Some(&TARGET)) || *op == Op::BrTable {
                words[0] = 0;
            }
            let counts = Counts { immediates, words: family.words.len(), all: layout.bytes() / 4 };
            cell.put::<4>(&Operands { immediates: 102 << 32 | 101, words, slots }, counts);
        }
        let len = cell.len();
        encoder.end_cell(len);
        if parts.iter().any(|(op, ..)| *op == Op::BrTable) {
            encoder.table(1).unwrap();
        }
        encoder.finish();
        code
    }

    #[test]
    fn every_opcode_is_encoded_and_printed() {
        for opcode in 0..OPCODES {
            let opcode = Opcode(opcode as u16);
            let parts: Vec<_> = opcode.parts().collect();
            let code = encode(opcode, &parts);
            let suffix = remark(opcode);
            let mut single = parts.iter().map(|(op, shape, _)| Opcode::new(*op, *shape).unwrap());
            let first = Sequence::single(single.next().unwrap());
            let found = single.fold(first, |init, last| init.then(last).expect("a row")).opcode();
            let passing = || found.as_passing().expect("it passes a value on").0;
            let found = if opcode.is_passing() { passing() } else { found };
            let found = if opcode.is_loop() { found.as_loop().expect("a loop") } else { found };
            assert_eq!(found, opcode, "{parts:?}");
            let texts: Vec<String> =
                parts.iter().map(|(op, shape, _)| expected(*op, *shape)).collect();
            let mut text = String::new();
            print(&code, "", &mut text).unwrap();
            assert_eq!(text, format!("   0  {}{suffix}\n", texts.join(" + ")));
        }
    }

    #[test]
    fn single_opcodes_and_their_parts_are_one_to_one() {
        for index in 0..SINGLE_OPCODES {
            let opcode = Opcode(index as u16);
            let (op, shape) = opcode.single().unwrap();
            assert_eq!(Opcode::new(op, shape), Some(opcode));
            let accumulated = Opcode::new(op, shape.accumulated());
            if shape.d() == Place::Slot {
                assert_eq!(Opcode::in_slot(op, shape.x(), shape.y()), Some(opcode));
                assert_eq!(opcode.accumulated(), accumulated);
            } else {
                assert_eq!(opcode.accumulated(), None);
            }
        }
        assert_eq!(Opcode(SINGLE_OPCODES as u16).single(), None);
    }
}
