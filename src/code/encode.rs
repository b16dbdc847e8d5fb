//! Writes cells: label, operands, branch fields.
//!
//! Positions are indices of 32-bit words in the code buffer.

use core::ops::Deref;

use crate::buffer::{Buffer, NoMemory};

use super::op::Opcode;

/// The size of a cell's label in words.
pub(crate) const LABEL_WORDS: usize = 1;
/// The size of a cell's label in bytes.
pub(crate) const LABEL_BYTES: usize = LABEL_WORDS * 4;

/// The most 16-bit fields of an instruction.
pub(crate) const SLOTS_MAX: usize = 4;

/// The code of a function. Its room has words in it, so that they need only be set.
#[derive(Default)]
pub(crate) struct Code {
    words: Buffer<u32>,
    len: usize,
}

impl Code {
    /// Asks for the room of so many words in all.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, len: usize) -> Result<(), NoMemory> {
        self.words.make_room(len - self.words.len())?;
        let all = self.words.len() + self.words.room();
        self.words.resize(all, 0)
    }

    /// The bytes that the buffer takes.
    pub(crate) fn bytes(&self) -> usize {
        self.words.bytes()
    }
}

impl Deref for Code {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        &self.words[..self.len]
    }
}

/// How many words an instruction takes with its share of the label, by a rough guess.
const INSTRUCTION_WORDS: usize = 3;

/// The most words of an instruction's operands; a power of two.
const OPERANDS_MAX: usize = 16;

/// The operands of an instruction that is being written. To set some words and then say how many of them count is
/// less than to set only those.
pub(crate) struct Operands<'a> {
    words: &'a mut [u32; OPERANDS_MAX],
    position: &'a mut usize,
    filled: usize,
}

impl Operands<'_> {
    /// The position of the next word.
    pub(crate) fn position(&self) -> usize {
        *self.position + self.filled
    }

    /// Appends a 32-bit field.
    #[inline]
    pub(crate) fn word(&mut self, word: u32) {
        self.words([word], 1);
    }

    /// Appends the first `count` of two words, the lower one first.
    #[inline]
    pub(crate) fn pair(&mut self, words: u64, count: usize) {
        self.words([words as u32, (words >> 32) as u32], count);
    }

    /// Appends the first `count` of `words`.
    #[inline]
    pub(crate) fn words<const N: usize>(&mut self, words: [u32; N], count: usize) {
        debug_assert!(count <= N);
        for (at, word) in words.into_iter().enumerate() {
            self.words[(self.filled + at) % OPERANDS_MAX] = word;
        }
        self.filled += count;
    }

    /// Appends `count` 16-bit fields, the first one lowest and zeros behind the last one, padded to 32 bits; these are
    /// the last ones. Gives the number of words in all.
    #[inline]
    pub(crate) fn finish(mut self, slots: u64, count: usize) -> usize {
        let word = |slots: u64| pack(slots as u16, (slots >> 16) as u16);
        self.words([word(slots), word(slots >> 32)], count.div_ceil(2));
        debug_assert!(self.filled <= OPERANDS_MAX);
        *self.position += self.filled;
        self.filled
    }
}

/// Appends cells to a code buffer.
pub(crate) struct Encoder<'a> {
    code: &'a mut Code,
    /// The label that stands for an opcode: the executor's, or the opcode itself for printing.
    label: fn(Opcode) -> u32,
    /// The position of the next word.
    position: usize,
}

impl<'a> Encoder<'a> {
    /// An encoder of a function of so many instructions, whose code is in `code` when it is finished.
    pub(crate) fn new(
        code: &'a mut Code,
        label: fn(Opcode) -> u32,
        instructions: usize,
    ) -> Result<Self, NoMemory> {
        let len = instructions * INSTRUCTION_WORDS;
        if code.words.len() < len {
            // What is there is another function's.
            code.words.clear();
            code.grow(len)?;
        }
        Ok(Encoder { code, label, position: 0 })
    }

    /// The code is complete.
    pub(crate) fn finish(self) {
        self.code.len = self.position;
    }

    /// Asks for the room of a cell of `parts` instructions.
    #[inline(always)]
    pub(crate) fn make_room(&mut self, parts: usize) -> Result<(), NoMemory> {
        self.make_room_for_words(LABEL_WORDS + parts * OPERANDS_MAX)
    }

    #[inline(always)]
    fn make_room_for_words(&mut self, words: usize) -> Result<(), NoMemory> {
        let len = self.position + words;
        if len > self.code.words.len() { self.code.grow(len) } else { Ok(()) }
    }

    /// The position of the next word.
    pub(crate) fn position(&self) -> usize {
        self.position
    }

    /// Begins a cell, for which as for its operands room was asked before; returns its position.
    #[inline(always)]
    pub(crate) fn cell(&mut self, opcode: Opcode) -> usize {
        let cell = self.position;
        self.code.words[cell] = (self.label)(opcode);
        self.position += LABEL_WORDS;
        cell
    }

    /// Begins the operands of an instruction of the cell.
    #[inline(always)]
    pub(crate) fn operands(&mut self) -> Operands<'_> {
        let words = self.code.words[self.position..].first_chunk_mut();
        let words = words.expect("nobody asked for room");
        Operands { words, position: &mut self.position, filled: 0 }
    }

    /// Appends fields that branch to be set, behind the operands of a table; gives the position of the first.
    pub(crate) fn table(&mut self, targets: usize) -> Result<usize, NoMemory> {
        let first = self.position;
        self.make_room_for_words(targets)?;
        self.position += targets;
        Ok(first)
    }

    /// Makes the cell at `cell`, which is `opcode` and branches to itself, one that does so within its handler.
    #[inline(always)]
    pub(crate) fn turn(&mut self, cell: usize, opcode: Opcode) {
        if let Some(looped) = opcode.as_loop() {
            self.code.words[cell] = (self.label)(looped);
        }
    }

    /// Sets the field at `field` of the cell at `cell` to branch to the cell at `target`.
    ///
    /// # Errors
    ///
    /// `None` if the distance does not fit the field.
    #[inline]
    pub(crate) fn set_target(&mut self, field: usize, cell: usize, target: usize) -> Option<()> {
        let bytes = (target as i64 - cell as i64) * 4;
        self.code.words[field] = i32::try_from(bytes).ok()? as u32;
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
