//! Prints code whose labels are opcodes, one cell a line.
//!
//! `s3` is the slot 3 of the frame, `a` the accumulator of the operand's class; branch targets are
//! the numbers of cells.

use alloc::vec::Vec;
use core::fmt::{self, Write};

use super::encode::{LABEL_WORDS, unpack};
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
        out.write_char('\n')?;
    }
    Ok(())
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
