//! The superinstructions: sequences of ops that run as one cell.
//!
//! A row only names its parts: the cell is one label followed by the operands of each part, and the
//! handler runs the parts one after the other. The encoder fuses greedily, longest first; it never
//! fuses across a branch target. Which sequences stand here is a matter of measurement, see
//! docs/RATIONALE.md.

use super::op::{Op, Opcode};
use super::shape::{Place, Shape};

/// The most parts a row may have.
pub(crate) const PARTS_MAX: usize = 3;

/// Calls the macro `$consumer` with every fused sequence. The first two parts of a triple must
/// stand among the pairs.
macro_rules! for_each_fused {
    ($consumer:ident) => {
        $consumer! {
            pairs {
                I32Add(Slot, Slot, Imm), BrIfI32Ne(Slot, Acc, Imm);
            }
            triples {
            }
        }
    };
}
pub(crate) use for_each_fused;

macro_rules! define_fused {
    (
        pairs { $($p1:ident $s1:tt, $p2:ident $s2:tt;)* }
        triples { $($t1:ident $u1:tt, $t2:ident $u2:tt, $t3:ident $u3:tt;)* }
    ) => {
        /// The pairs of opcodes that fuse.
        const PAIRS: &[(Opcode, Opcode)] = &[
            $((opcode!($p1 $s1), opcode!($p2 $s2)),)*
        ];

        /// Each fused sequence as its sequence without the last part, and the last part.
        pub(crate) const FUSED: &[(Opcode, Opcode)] = &[
            $((opcode!($p1 $s1), opcode!($p2 $s2)),)*
            $((pair(opcode!($t1 $u1), opcode!($t2 $u2)), opcode!($t3 $u3)),)*
        ];
    };
}
macro_rules! opcode {
    ($op:ident ($d:ident, $x:ident, $y:ident)) => {
        match Opcode::new(Op::$op, Shape::new(Place::$d, Place::$x, Place::$y)) {
            Some(opcode) => opcode,
            None => panic!("a fused row names a shape that its op does not have"),
        }
    };
}
for_each_fused!(define_fused);

/// The opcode of the pair of `first` and `second`.
const fn pair(first: Opcode, second: Opcode) -> Opcode {
    let mut row = 0;
    while row < PAIRS.len() {
        if PAIRS[row].0.0 == first.0 && PAIRS[row].1.0 == second.0 {
            return Opcode::fused(row);
        }
        row += 1;
    }
    panic!("the first two parts of a fused triple are not a pair")
}

/// The rows of [`FUSED`], sorted for [`fuse`]: both opcodes as one key, and the row.
static SORTED: [(u32, u16); FUSED.len()] = {
    let mut sorted = [(0, 0); FUSED.len()];
    let mut row = 0;
    while row < FUSED.len() {
        let entry = (key(FUSED[row].0, FUSED[row].1), row as u16);
        let mut at = row;
        while at > 0 && sorted[at - 1].0 > entry.0 {
            sorted[at] = sorted[at - 1];
            at -= 1;
        }
        assert!(
            at == 0 || sorted[at - 1].0 != entry.0,
            "a fused sequence stands twice"
        );
        sorted[at] = entry;
        row += 1;
    }
    sorted
};

const fn key(init: Opcode, last: Opcode) -> u32 {
    (init.0 as u32) << 16 | last.0 as u32
}

/// The opcode that runs `init` and then `last`, if there is one.
pub(crate) fn fuse(init: Opcode, last: Opcode) -> Option<Opcode> {
    let row = SORTED
        .binary_search_by_key(&key(init, last), |entry| entry.0)
        .ok()?;
    Some(Opcode::fused(usize::from(SORTED[row].1)))
}
