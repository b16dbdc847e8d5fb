//! Writes cells: label, operands, branch fields.
//!
//! Positions are indices of 32-bit words in the code buffer.

use core::ops::Deref;

use crate::buffer::{Buffer, NoMemory};

use super::fused;
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
    /// Asks for so many words in all, and for some beyond.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, len: usize) -> Result<(), NoMemory> {
        self.words.make_room(len - self.words.len())?;
        let all = self.words.len() + self.words.room();
        self.words.resize(all.min(len + WORDS_AHEAD), 0)
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

/// So many words are set to zero at a time.
const WORDS_AHEAD: usize = 1024;

/// How many words an instruction takes with its share of the label, by a rough guess.
const INSTRUCTION_WORDS: usize = 3;

/// The most words of a cell; a power of two.
pub(crate) const CELL_WORDS_MAX: usize = 64;
const _: () = assert!(LABEL_WORDS + fused::OPERAND_WORDS_MAX <= CELL_WORDS_MAX);

/// The most words of an instruction's operands, and two that don't count.
const OPERANDS_ROOM: usize = 16;

/// What is asked for before a cell: to set some words and then say how many of them count is less than to set only
/// those.
const CELL_ROOM: usize = CELL_WORDS_MAX + OPERANDS_ROOM;

/// The operands of an instruction, of which some count.
pub(crate) struct Operands<const WORDS: usize> {
    /// The immediates, the first word lowest.
    pub(crate) immediates: u64,
    /// The words beyond these.
    pub(crate) words: [u32; WORDS],
    /// 16-bit fields, the first one lowest, with zeros behind the last one.
    pub(crate) slots: u64,
}

/// How many words of an instruction's operands count.
#[derive(Clone, Copy)]
pub(crate) struct Counts {
    /// Of the immediates, at most two.
    pub(crate) immediates: usize,
    /// Of the words beyond these, at most four.
    pub(crate) words: usize,
    /// Of all, with the 16-bit fields.
    pub(crate) all: usize,
}

/// A cell that is being written.
pub(crate) struct Cell<'a> {
    words: &'a mut [u32; CELL_ROOM],
    /// How many of them count.
    filled: usize,
}

impl Cell<'_> {
    /// The number of words so far.
    pub(crate) fn len(&self) -> usize {
        self.filled
    }

    /// Appends the operands of an instruction.
    #[inline(always)]
    pub(crate) fn put<const WORDS: usize>(&mut self, operands: &Operands<WORDS>, counts: Counts) {
        debug_assert!(counts.immediates <= 2 && counts.words <= WORDS && counts.all <= 8);
        debug_assert!(self.filled + counts.all <= CELL_WORDS_MAX);
        // Which changes nothing: so the compiler knows that there is room.
        let [filled, immediates, words] =
            [self.filled % CELL_WORDS_MAX, counts.immediates % 4, counts.words % 8];
        let room: &mut [u32; OPERANDS_ROOM] =
            self.words[filled..].first_chunk_mut().expect("there is room behind the words");
        let pair = |pair: u64| [pair as u32, (pair >> 32) as u32];
        room[..2].copy_from_slice(&pair(operands.immediates));
        room[immediates..immediates + WORDS].copy_from_slice(&operands.words);
        let slots = operands.slots;
        let slots = [
            pack(slots as u16, (slots >> 16) as u16),
            pack((slots >> 32) as u16, (slots >> 48) as u16),
        ];
        room[immediates + words..immediates + words + 2].copy_from_slice(&slots);
        self.filled = filled + counts.all;
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
        code.len = 0;
        let len = instructions * INSTRUCTION_WORDS;
        if code.words.len() + code.words.room() < len {
            // What is there is another function's.
            code.words.clear();
            code.words.make_room(len)?;
        }
        Ok(Encoder { code, label, position: 0 })
    }

    /// The code is complete.
    pub(crate) fn finish(self) {
        self.code.len = self.position;
    }

    /// The position of the next word.
    pub(crate) fn position(&self) -> usize {
        self.position
    }

    /// Asks for the room of a cell.
    #[inline(always)]
    pub(crate) fn make_room(&mut self) -> Result<(), NoMemory> {
        self.make_room_for_words(CELL_ROOM)
    }

    #[inline(always)]
    fn make_room_for_words(&mut self, words: usize) -> Result<(), NoMemory> {
        let len = self.position + words;
        if len > self.code.words.len() { self.code.grow(len) } else { Ok(()) }
    }

    /// Begins a cell, for which room was asked before.
    #[inline(always)]
    pub(crate) fn cell(&mut self, opcode: Opcode) -> Cell<'_> {
        let words = self.code.words[self.position..].first_chunk_mut();
        let words: &mut [u32; CELL_ROOM] = words.expect("nobody asked for room");
        words[0] = (self.label)(opcode);
        Cell { words, filled: LABEL_WORDS }
    }

    /// Ends the cell that was begun last, which has so many words.
    pub(crate) fn end_cell(&mut self, len: usize) {
        self.position += len;
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
