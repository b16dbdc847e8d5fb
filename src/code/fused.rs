//! The superinstructions: sequences of ops that run as one cell.
//!
//! A row of [`fused_rows`](super::fused_rows) only names its parts: the cell is one label followed by
//! the operands of each part, and the handler runs the parts one after the other. A row without its
//! last part is a row, too (or a single op), so that an opcode grows part by part. The translator cuts
//! straight code into as few cells as it can; no cell goes beyond a branch target.

use super::fused_rows::for_each_fused;
use super::op::{Op, Opcode, SEQUENCES, SINGLE_OPCODES};
use super::shape::{Place, Shape};

/// The most parts a row may have.
pub(crate) const PARTS_MAX: usize = 6;

macro_rules! opcode {
    ($op:ident ($d:ident, $x:ident, $y:ident)) => {
        match Opcode::new(Op::$op, Shape::new(Place::$d, Place::$x, Place::$y)) {
            Some(opcode) => opcode,
            None => panic!("a fused row names a shape that its op does not have"),
        }
    };
}

macro_rules! define_fused {
    ($($($op:ident $shape:tt),+;)*) => {
        /// The parts of each row.
        const ROWS: &[&[Opcode]] = &[$(&[$(opcode!($op $shape)),+],)*];
    };
}
for_each_fused!(define_fused);

/// What each fused sequence is made of.
pub(crate) static FUSED: [Seam; ROWS.len()] = TABLE.fused;

/// A fused sequence as its sequence without the last part, and the last part: two opcodes in a number, which
/// are compared at once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seam(u32);

impl Seam {
    const fn new(init: Opcode, last: Opcode) -> Seam {
        Seam((init.0 as u32) << 16 | last.0 as u32)
    }

    /// The sequence without the last part.
    pub(crate) const fn init(self) -> Opcode {
        Opcode((self.0 >> 16) as u16)
    }

    /// The last part.
    pub(crate) const fn last(self) -> Opcode {
        Opcode(self.0 as u16)
    }
}

/// The most words that the operands of a cell take.
pub(super) const OPERAND_WORDS_MAX: usize = {
    let (mut max, mut row) = (0, 0);
    while row < ROWS.len() {
        let (mut words, mut at) = (0, 0);
        while at < ROWS[row].len() {
            if let Some((op, shape)) = ROWS[row][at].single() {
                words += op.family().layout(shape).bytes() / 4;
            }
            at += 1;
        }
        if words > max {
            max = words;
        }
        row += 1;
    }
    max
};

/// The number of fused sequences.
pub(crate) const FUSED_LEN: usize = ROWS.len();

/// The rows that may be a loop by themselves, the ones that step something and end in their only branch: for
/// a cell that branches to itself there is an opcode that goes on within its handler.
pub(crate) const LOOPS: [u16; LOOPS_LEN] = loops_of(&ALL_ROWS);

/// The number of [`LOOPS`].
pub(crate) const LOOPS_LEN: usize = count_loops(&ALL_ROWS);

/// The rows by number.
const ALL_ROWS: [u16; ROWS.len()] = {
    let (mut rows, mut row) = ([0; ROWS.len()], 0);
    while row < ROWS.len() {
        rows[row] = row as u16;
        row += 1;
    }
    rows
};

/// The positions in a list of rows of those that may be a loop by themselves, in ascending order.
pub(super) const fn loops_of<const LEN: usize>(rows: &[u16]) -> [u16; LEN] {
    let (mut loops, mut filled, mut at) = ([0; LEN], 0, 0);
    while at < rows.len() {
        if is_loop(rows[at] as usize) {
            loops[filled] = at as u16;
            filled += 1;
        }
        at += 1;
    }
    loops
}

/// How many rows of a list may be a loop by themselves.
pub(super) const fn count_loops(rows: &[u16]) -> usize {
    let (mut count, mut at) = (0, 0);
    while at < rows.len() {
        count += is_loop(rows[at] as usize) as usize;
        at += 1;
    }
    count
}

/// Whether a row may be a loop by itself.
const fn is_loop(row: usize) -> bool {
    let parts = ROWS[row];
    let (mut steps, mut at) = (false, 0);
    while at < parts.len() {
        let Some((op, shape)) = parts[at].single() else { return false };
        match op {
            Op::I32Add | Op::I32Sub | Op::I64Add | Op::I64Sub => {
                steps |= matches!(shape.y(), Place::Imm);
            }
            Op::Enter0 | Op::Enter1 | Op::Enter2 | Op::Enter4 | Op::Enter8 => return false,
            _ => {}
        }
        at += 1;
        if op.is_branch() {
            return steps && at == parts.len();
        }
    }
    false
}

/// What runs as one cell: its opcode, and above that whether any row goes on with it. Most end where none does.
#[derive(Clone, Copy)]
pub(crate) struct Sequence(u32);

impl Sequence {
    const GOES_ON: u32 = 1 << 16;

    const fn new(opcode: Opcode, goes_on: bool) -> Sequence {
        Sequence(opcode.0 as u32 | if goes_on { Sequence::GOES_ON } else { 0 })
    }

    /// One op in one shape.
    #[inline(always)]
    pub(crate) fn single(opcode: Opcode) -> Sequence {
        Sequence::new(opcode, GOES_ON[opcode.index()])
    }

    pub(crate) fn opcode(self) -> Opcode {
        Opcode(self.0 as u16)
    }

    /// The sequence that runs this and then `last`, if there is one.
    #[inline(always)]
    pub(crate) fn then(self, last: Opcode) -> Option<Sequence> {
        if self.0 & Sequence::GOES_ON == 0 {
            return None;
        }
        let seam = Seam::new(self.opcode(), last);
        let mut slot = seam.slot();
        loop {
            let entry = &INDEX[slot];
            if entry.seam == seam {
                return Some(entry.sequence);
            } else if entry.seam == Entry::VACANT.seam {
                return None;
            }
            slot = (slot + 1) % INDEX_LEN;
        }
    }
}

/// The opcode that runs `init` and then `last`; for constants, of a row that there is.
pub(super) const fn fused(init: Opcode, last: Opcode) -> Opcode {
    let row = TABLE.index[slot_of(&TABLE.index, &TABLE.fused, Seam::new(init, last))];
    assert!(row != VACANT, "there is no such row");
    Opcode::fused(row as usize)
}

/// Of each op in a shape: whether any row goes on with it.
static GOES_ON: [bool; SINGLE_OPCODES] = {
    let (mut goes_on, mut opcode) = ([false; SINGLE_OPCODES], 0);
    while opcode < SINGLE_OPCODES {
        goes_on[opcode] = CONTINUED[opcode];
        opcode += 1;
    }
    goes_on
};

/// The same of each row as well.
const CONTINUED: [bool; SEQUENCES] = {
    let (mut goes_on, mut row) = ([false; SEQUENCES], 0);
    while row < ROWS.len() {
        goes_on[TABLE.fused[row].init().index()] = true;
        row += 1;
    }
    goes_on
};

/// The rows by their key, with open addressing; half of it is vacant.
static INDEX: [Entry; INDEX_LEN] = {
    let (mut index, mut slot) = ([Entry::VACANT; INDEX_LEN], 0);
    while slot < INDEX_LEN {
        if TABLE.index[slot] != VACANT {
            let row = TABLE.index[slot] as usize;
            let opcode = Opcode::fused(row);
            let sequence = Sequence::new(opcode, CONTINUED[opcode.index()]);
            index[slot] = Entry { seam: TABLE.fused[row], sequence };
        }
        slot += 1;
    }
    index
};
const INDEX_LEN: usize = (2 * ROWS.len()).next_power_of_two();

/// A row in the index, by its seam: side by side, since both are read.
#[derive(Clone, Copy)]
struct Entry {
    seam: Seam,
    sequence: Sequence,
}

impl Entry {
    /// No row: none runs the first opcode twice.
    const VACANT: Entry = Entry { seam: Seam(0), sequence: Sequence(0) };
}

/// In the table that the index is made from: no row.
const VACANT: u16 = u16::MAX;

impl Seam {
    /// Where the search for it begins in the index.
    const fn slot(self) -> usize {
        // Fibonacci hashing: the upper bits of the product depend on all bits of the key.
        let hash = self.0.wrapping_mul(0x9e37_79b9);
        (hash >> (32 - INDEX_LEN.trailing_zeros())) as usize
    }
}

/// Where the row with `seam` is in the table, or would be.
const fn slot_of(index: &[u16; INDEX_LEN], fused: &[Seam; ROWS.len()], seam: Seam) -> usize {
    let mut slot = seam.slot();
    while index[slot] != VACANT && fused[index[slot] as usize].0 != seam.0 {
        slot = (slot + 1) % INDEX_LEN;
    }
    slot
}

struct Table {
    fused: [Seam; ROWS.len()],
    index: [u16; INDEX_LEN],
}

const TABLE: Table = {
    let mut table = Table { fused: [Seam(0); ROWS.len()], index: [VACANT; INDEX_LEN] };
    let mut row = 0;
    while row < ROWS.len() {
        let parts = ROWS[row];
        assert!(parts.len() >= 2 && parts.len() <= PARTS_MAX, "a fused row has 2 to 6 parts");
        let mut init = parts[0];
        let mut at = 1;
        loop {
            let seam = Seam::new(init, parts[at]);
            let slot = slot_of(&table.index, &table.fused, seam);
            let found = table.index[slot];
            if at + 1 == parts.len() {
                assert!(found == VACANT, "a fused sequence stands twice");
                table.index[slot] = row as u16;
                table.fused[row] = seam;
                assert!(seam.0 != 0, "a seam of zero is none");
                break;
            }
            assert!(found != VACANT, "what a fused row begins with is no row above it");
            init = Opcode::fused(found as usize);
            at += 1;
        }
        row += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_have_the_parts_of_their_rows() {
        for row in LOOPS {
            let fused = Opcode::fused(usize::from(row));
            let looped = fused.as_loop().expect("the row is among the loops");
            assert!(looped.is_loop() && !fused.is_loop());
            assert!(looped.parts().eq(fused.parts()), "{row}");
            let (last, ..) = looped.parts().last().unwrap();
            assert!(last.is_branch(), "{last:?}");
        }
        let loops = (0..FUSED_LEN).filter(|row| Opcode::fused(*row).as_loop().is_some());
        assert_eq!(loops.count(), LOOPS_LEN);
    }
}
