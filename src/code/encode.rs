//! Writes cells: label, operands, branch fields.
//!
//! Positions are indices of 32-bit words in the code buffer.

use crate::buffer::{Buffer, NoMemory};

use super::op::Opcode;

/// The size of a cell's label in words.
pub(crate) const LABEL_WORDS: usize = 1;
/// The size of a cell's label in bytes.
pub(crate) const LABEL_BYTES: usize = LABEL_WORDS * 4;

/// The 16-bit fields of an instruction, the first one lowest.
#[derive(Default)]
pub(crate) struct Slots {
    bits: u64,
    count: usize,
}

impl Slots {
    /// The most fields of an instruction.
    pub(crate) const MAX: usize = 4;

    /// Appends a field if it is `present`; without a branch, since which ones are is hard to predict.
    #[inline]
    pub(crate) fn add(&mut self, present: bool, slot: u16) {
        debug_assert!(self.count < Slots::MAX || !present);
        let slot = if present { u64::from(slot) } else { 0 };
        self.bits |= slot << (16 * self.count as u32 % u64::BITS);
        self.count += usize::from(present);
    }
}

/// Appends cells to a code buffer.
pub(crate) struct Encoder<'a> {
    code: &'a mut Buffer<u32>,
    /// The label that stands for an opcode: the executor's, or the opcode itself for printing.
    label: fn(Opcode) -> u32,
    /// The last cell.
    last: (Opcode, usize),
}

impl<'a> Encoder<'a> {
    /// An encoder that appends to `code`.
    pub(crate) fn new(code: &'a mut Buffer<u32>, label: fn(Opcode) -> u32) -> Self {
        Encoder { code, label, last: (Opcode::HALT, 0) }
    }

    /// Asks for the room of `words` words.
    pub(crate) fn make_room(&mut self, words: usize) -> Result<(), NoMemory> {
        self.code.make_room(words)
    }

    /// The position of the next word.
    pub(crate) fn position(&self) -> usize {
        self.code.len()
    }

    /// Begins a cell, for which as for its operands room was asked before; returns its position.
    pub(crate) fn cell(&mut self, opcode: Opcode) -> usize {
        let cell = self.code.len();
        self.code.push((self.label)(opcode));
        self.last = (opcode, cell);
        cell
    }

    /// Appends a 32-bit field.
    pub(crate) fn word(&mut self, word: u32) {
        self.code.push(word);
    }

    /// Appends the first `count` of `words`. To copy all of them, for which there must be room, and to take
    /// some back is less than to copy that many.
    pub(crate) fn words<const N: usize>(&mut self, words: [u32; N], count: usize) {
        debug_assert!(count <= N);
        let end = self.code.len() + count;
        self.code.extend_from_slice(&words);
        self.code.truncate(end);
    }

    /// Appends 16-bit fields, padded to 32 bits.
    pub(crate) fn slots(&mut self, slots: Slots) {
        let Slots { bits, count } = slots;
        let word = |bits: u64| pack(bits as u16, (bits >> 16) as u16);
        self.words([word(bits), word(bits >> 32)], count.div_ceil(2));
    }

    /// Makes the last cell, which branches to itself, one that does so within its handler.
    pub(crate) fn turn(&mut self) {
        let (opcode, cell) = self.last;
        if let Some(looped) = opcode.as_loop() {
            self.code[cell] = (self.label)(looped);
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
