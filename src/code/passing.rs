//! Fused sequences in which a value is passed on in a register, from the part that makes it to the one
//! that reads it, instead of through a slot.
//!
//! Such a cell is the twin of one in [`fused`](super::fused), with the same fields: the slot is named in
//! both parts, but neither written nor read. The translator takes it where the names are the same
//! and nobody else reads the value. Stores and loads are what chains of instructions wait for.

use super::fused::{FUSED_LEN, count_loops, fused, loops_of};
use super::op::{Op, Opcode};
use super::passing_rows::for_each_passing;
use super::shape::{Place, Shape};

/// A sequence that passes a value on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passing {
    /// Its row among the fused sequences.
    pub(crate) row: u16,
    /// The number of the part whose result is passed on.
    pub(crate) put: u8,
    /// The number of the part that reads it.
    pub(crate) take: u8,
    /// Whether it reads it as `y`; as `x` otherwise.
    pub(crate) as_y: bool,
    /// Whether it may be a recurrence: `t = op a, b`, then `a = b`, `b = t` and `i = i + step`. A cell that branches to
    /// itself keeps `a`, `b` and `i` in registers then, and so it must be one.
    pub(crate) recurs: bool,
}

/// The place that a twin has for `Passed`.
macro_rules! place {
    (Passed) => {
        Place::Slot
    };
    ($place:ident) => {
        Place::$place
    };
}

macro_rules! is_passed {
    (Passed) => {
        true
    };
    ($place:ident) => {
        false
    };
}

/// A part: its opcode in the twin, and whether its `d`, `x` and `y` are passed on.
type Part = (Opcode, [bool; 3]);

macro_rules! part {
    ($op:ident ($d:ident, $x:ident, $y:ident)) => {
        match Opcode::new(Op::$op, Shape::new(place!($d), place!($x), place!($y))) {
            Some(opcode) => (opcode, [is_passed!($d), is_passed!($x), is_passed!($y)]),
            None => panic!("a row names a shape that its op does not have"),
        }
    };
}

macro_rules! define_passing {
    ($($($op:ident $shape:tt),+;)*) => {
        const ROWS: &[&[Part]] = &[$(&[$(part!($op $shape)),+],)*];
    };
}
for_each_passing!(define_passing);

/// The number of such sequences.
pub(crate) const PASSING_LEN: usize = ROWS.len();

/// The sequences, by their rows in ascending order.
pub(crate) static PASSING: [Passing; PASSING_LEN] = ALL;
const ALL: [Passing; PASSING_LEN] = {
    let mut all = [Passing { row: 0, put: 0, take: 0, as_y: false, recurs: false }; PASSING_LEN];
    let mut number = 0;
    while number < PASSING_LEN {
        all[number] = passing(ROWS[number]);
        assert!(number == 0 || all[number - 1].row < all[number].row, "rows are in order");
        number += 1;
    }
    all
};

/// A bit for each row that has such a twin: few have.
static IS_PASSED: [u64; FUSED_LEN.div_ceil(64)] = {
    let (mut bits, mut number) = ([0; FUSED_LEN.div_ceil(64)], 0);
    while number < PASSING_LEN {
        let row = ALL[number].row as usize;
        bits[row / 64] |= 1 << (row % 64);
        number += 1;
    }
    bits
};

/// Whether a row has a twin.
#[inline(always)]
pub(super) fn is_passed(row: usize) -> bool {
    IS_PASSED.get(row / 64).is_some_and(|bits| bits >> (row % 64) & 1 != 0)
}

/// The number of the sequence that is the twin of a row.
#[inline(never)]
pub(super) fn number(row: usize) -> Option<usize> {
    PASSING.binary_search_by_key(&row, |passing| usize::from(passing.row)).ok()
}

/// The numbers of those that may be a loop by themselves, in ascending order.
pub(crate) static PASSING_LOOPS: [u16; PASSING_LOOPS_LEN] = loops_of(&PASSING_ROWS);

/// The number of [`PASSING_LOOPS`].
pub(crate) const PASSING_LOOPS_LEN: usize = count_loops(&PASSING_ROWS);

/// The row of each.
const PASSING_ROWS: [u16; PASSING_LEN] = {
    let (mut rows, mut number) = ([0; PASSING_LEN], 0);
    while number < PASSING_LEN {
        rows[number] = ALL[number].row;
        number += 1;
    }
    rows
};

const fn passing(parts: &[Part]) -> Passing {
    let (mut put, mut take, mut as_y) = (None, None, false);
    let mut opcode = parts[0].0;
    let mut at = 0;
    while at < parts.len() {
        let (part, [d, x, y]) = parts[at];
        if at > 0 {
            opcode = fused(opcode, part);
        }
        if x || y {
            assert!(take.is_none() && put.is_some() && !(x && y), "one part reads what was made");
            (take, as_y) = (Some(at as u8), y);
        }
        if d {
            assert!(put.is_none(), "one part makes what is passed on");
            put = Some(at as u8);
        }
        if let (Some(first), None, Some((op, _))) = (put, take, part.single()) {
            // Where a branch leads, slots are read.
            assert!(first as usize == at || !op.is_branch(), "a branch stands between");
        }
        at += 1;
    }
    let (Some(put), Some(take)) = (put, take) else { panic!("nothing is passed on") };
    let row = (opcode.index() - Opcode::fused(0).index()) as u16;
    let recurs = !as_y && take == put + 2 && recurs(parts, put as usize);
    Passing { row, put, take, as_y, recurs }
}

/// Whether an operation on two slots stands at `put`, and behind it two copies, the second one of what that made, the
/// step of a counter, and a branch; and before it nothing but a charge of fuel.
const fn recurs(parts: &[Part], put: usize) -> bool {
    let is_first = put == 0 || put == 1 && is_of(parts[0], Op::ConsumeFuel);
    if !is_first || put + 5 != parts.len() {
        return false;
    }
    let (Some((op, shape)), Some((step, step_shape)), Some((last, _))) =
        (parts[put].0.single(), parts[put + 3].0.single(), parts[put + 4].0.single())
    else {
        return false;
    };
    op.family().y
        && matches!((shape.x(), shape.y()), (Place::Slot, Place::Slot))
        && is_copy(parts[put + 1])
        && is_copy(parts[put + 2])
        && matches!(step, Op::I32Add | Op::I32Sub | Op::I64Add | Op::I64Sub)
        && matches!(
            (step_shape.d(), step_shape.x(), step_shape.y()),
            (Place::Slot, Place::Slot, Place::Imm)
        )
        && last.is_branch()
}

const fn is_of((opcode, _): Part, op: Op) -> bool {
    matches!(opcode.single(), Some((found, _)) if found as usize == op as usize)
}

/// Whether a part copies a slot to a slot.
const fn is_copy(part: Part) -> bool {
    let shape = match part.0.single() {
        Some((_, shape)) => shape,
        None => return false,
    };
    is_of(part, Op::Copy) && matches!((shape.d(), shape.x()), (Place::Slot, Place::Slot))
}
