//! Writes cells: label, operands, fused sequences, branch fields.
//!
//! Positions are indices of 32-bit words in the code buffer.

use crate::buffer::{Buffer, NoMemory};

use super::fused;
use super::op::{Op, Opcode};
use super::shape::Shape;

/// The size of a cell's label in words.
pub(crate) const LABEL_WORDS: usize = 1;
/// The size of a cell's label in bytes.
pub(crate) const LABEL_BYTES: usize = LABEL_WORDS * 4;

/// Where an instruction was written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    /// The label of its cell, which it shares with what it is fused to.
    pub(crate) cell: usize,
    /// Its first operand.
    pub(crate) operands: usize,
}

/// Appends cells to a code buffer.
pub(crate) struct Encoder<'a> {
    code: &'a mut Buffer<u32>,
    /// The label that stands for an opcode: the executor's, or the opcode itself for printing.
    label: fn(Opcode) -> u32,
    /// The last cell, while a further instruction may join it.
    open: Option<(Opcode, usize)>,
}

impl<'a> Encoder<'a> {
    /// An encoder that appends to `code`.
    pub(crate) fn new(code: &'a mut Buffer<u32>, label: fn(Opcode) -> u32) -> Self {
        Encoder { code, label, open: None }
    }

    /// Asks for the room of `words` words.
    pub(crate) fn make_room(&mut self, words: usize) -> Result<(), NoMemory> {
        self.code.make_room(words)
    }

    /// The position of the next cell; what is written next does not join the last cell.
    pub(crate) fn seal(&mut self) -> usize {
        self.open = None;
        self.code.len()
    }

    /// The position of the next word; an instruction may still join the last cell.
    pub(crate) fn position(&self) -> usize {
        self.code.len()
    }

    /// Appends an instruction, for which room was asked before, in the last cell where the two are a fused
    /// sequence.
    ///
    /// # Panics
    ///
    /// If `op` has no such shape or the fields are not as its layout says: a bug of the translator.
    pub(crate) fn instr(&mut self, op: Op, shape: Shape, words: &[u32], slots: &[u16]) -> Position {
        let Some(opcode) = Opcode::of(op, shape) else { panic!("{op:?} has no shape {shape:?}") };
        debug_assert_eq!(op.family().layout(shape).words, words.len(), "{op:?} {shape:?}");
        debug_assert_eq!(op.family().layout(shape).slots, slots.len(), "{op:?} {shape:?}");
        let fused = self.open.and_then(|(init, cell)| Some((fused::fuse(init, opcode)?, cell)));
        let (opcode, cell) = match fused {
            Some((fused, cell)) => {
                self.code[cell] = (self.label)(fused);
                (fused, cell)
            }
            None => {
                let cell = self.code.len();
                self.code.push((self.label)(opcode));
                (opcode, cell)
            }
        };
        self.open = Some((opcode, cell));
        let operands = self.code.len();
        self.code.extend_from_slice(words);
        for pair in slots.chunks(2) {
            let high = pair.get(1).copied().unwrap_or(0);
            self.code.push(pack(pair[0], high));
        }
        Position { cell, operands }
    }

    /// Appends a bare word behind the last cell (an entry of a branch table).
    pub(crate) fn word(&mut self, word: u32) -> usize {
        self.open = None;
        self.code.push(word);
        self.code.len() - 1
    }

    /// Makes the last cell, which branches to itself, one that does so within its handler.
    pub(crate) fn turn(&mut self) {
        if let Some((looped, cell)) =
            self.open.and_then(|(opcode, cell)| Some((opcode.as_loop()?, cell)))
        {
            self.code[cell] = (self.label)(looped);
            self.open = None;
        }
    }

    /// Sets the field at `field` of the cell at `cell` to branch to the cell at `target`.
    ///
    /// # Errors
    ///
    /// `None` if the distance does not fit the field.
    pub(crate) fn set_target(&mut self, field: usize, cell: usize, target: usize) -> Option<()> {
        let bytes = (target as i64 - cell as i64) * 4;
        self.code[field] = i32::try_from(bytes).ok()? as u32;
        Some(())
    }
}

/// Two 16-bit fields as the word that holds them in memory, the first one first.
const fn pack(first: u16, second: u16) -> u32 {
    let [a, b] = first.to_ne_bytes();
    let [c, d] = second.to_ne_bytes();
    u32::from_ne_bytes([a, b, c, d])
}

/// The two 16-bit fields in a word.
pub(super) const fn unpack(word: u32) -> [u16; 2] {
    let [a, b, c, d] = word.to_ne_bytes();
    [u16::from_ne_bytes([a, b]), u16::from_ne_bytes([c, d])]
}
