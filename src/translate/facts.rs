//! What the second walk asks about an op, in one entry of one table.
//!
//! All of it follows from the op's family and kinds; to ask these for each instruction takes a jump or
//! a chain of loads for each answer.

use crate::code::Op;
use crate::code::encode::SLOTS_MAX;
use crate::code::op::OPS;
use crate::code::shape::TARGET;

use super::ir::Class;
use super::kinds::Kinds;

/// The facts of an op.
#[derive(Clone, Copy)]
pub(super) struct Facts {
    pub(super) kinds: Kinds,
    /// The classes of `d`, `x` and `y`.
    pub(super) classes: [Class; 3],
    /// Whether there is a destination.
    pub(super) d: bool,
    /// Whether there is a first source.
    pub(super) x: bool,
    /// Whether there is a second source.
    pub(super) y: bool,
    /// The number of sources beyond those.
    pub(super) rest: u8,
    /// Whether there is something to find out before the places of `x` and `y`.
    pub(super) prepared: bool,
    /// Whether `x` and `y` may be swapped, with [`Op::swapped`].
    pub(super) swappable: bool,
    /// The number of words beyond immediates.
    pub(super) words: u8,
    /// Where it leads to.
    pub(super) leads: Leads,
    pub(super) leaves: Leaves,
}

/// Where an op leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Leads {
    /// To what follows, or out of the function.
    On,
    /// To a label, which is its first word.
    ToLabel,
    /// To one of several.
    ByTable,
}

/// What the handlers of an op leave in the accumulators.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaves {
    /// The result, if there is one, and what was there.
    Result,
    /// The same; the result is a source with all of its bits.
    Copy,
    /// Nothing but the result.
    Clobbered,
}

/// They are looked up all the time.
const _: () = assert!(size_of::<Facts>() == 16, "the place of an entry is easy to find");

static FACTS: [Facts; OPS.len()] = {
    let mut facts = [Facts::derive(OPS[0]); OPS.len()];
    let mut at = 0;
    while at < OPS.len() {
        assert!(OPS[at] as usize == at, "ops are in the order of the table");
        facts[at] = Facts::derive(OPS[at]);
        at += 1;
    }
    facts
};

impl Facts {
    /// The facts of `op`.
    pub(super) fn of(op: Op) -> &'static Facts {
        &FACTS[op as usize]
    }

    /// Whether the handlers leave nothing in the accumulators but the op's result.
    pub(super) fn clobbers(&self) -> bool {
        self.leaves == Leaves::Clobbered
    }

    /// Whether the op does nothing but to compute or to read what it makes.
    pub(super) fn is_plain(&self) -> bool {
        self.d && !self.clobbers() && self.leads == Leads::On
    }

    pub(super) const fn derive(op: Op) -> Facts {
        let family = op.family();
        let slots = family.d as usize + family.x as usize + family.y as usize + family.rest;
        assert!(slots <= SLOTS_MAX, "an op has more operands than the encoder takes");
        let has_target = match family.words {
            [first, ..] => is_target(first),
            [] => false,
        };
        let kinds = Kinds::of(op);
        Facts {
            kinds,
            classes: [kinds.d.class(), kinds.x.class(), kinds.y.class()],
            d: family.d,
            x: family.x,
            y: family.y,
            rest: family.rest as u8,
            prepared: family.rest > 0 || matches!(op, Op::CopyF32 | Op::CopyF64),
            swappable: family.swappable,
            words: family.words.len() as u8,
            leads: match op {
                Op::BrTable => Leads::ByTable,
                _ if has_target => Leads::ToLabel,
                _ => Leads::On,
            },
            leaves: match op {
                Op::Copy | Op::CopyV128 => Leaves::Copy,
                _ if clobbers(op) => Leaves::Clobbered,
                _ => Leaves::Result,
            },
        }
    }
}

/// Whether a field of this name is a branch target: constants can't compare strings.
const fn is_target(name: &str) -> bool {
    let (name, target) = (name.as_bytes(), TARGET.as_bytes());
    let mut at = 0;
    while at < name.len() && at < target.len() && name[at] == target[at] {
        at += 1;
    }
    at == name.len() && at == target.len()
}

/// Whether the handlers of an op leave nothing in the accumulators but its result.
const fn clobbers(op: Op) -> bool {
    matches!(
        op,
        Op::Call
            | Op::CallImport
            | Op::CallIndirect
            | Op::EnterMany
            | Op::CopySpan
            | Op::MemoryGrow
            | Op::MemoryCopy
            | Op::MemoryFill
            | Op::MemoryInit
            | Op::DataDrop
            | Op::TableGrow
            | Op::TableFill
            | Op::TableCopy
            | Op::TableInit
            | Op::ElemDrop
            | Op::RefFunc
            | Op::Throw
            | Op::ThrowRef
            | Op::CallRef
            | Op::RefTest
            | Op::RefCast
            | Op::StructNew
            | Op::StructNewDefault
            | Op::ArrayNew
            | Op::ArrayNewDefault
            | Op::ArrayNewFixed
            | Op::ArrayNewData
            | Op::ArrayNewElem
            | Op::ArrayFill
            | Op::ArrayCopy
            | Op::ArrayInitData
            | Op::ArrayInitElem
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapped_ops_are_alike() {
        for op in OPS.iter().filter(|op| Facts::of(**op).swappable) {
            let (facts, swapped) = (Facts::of(*op), Facts::of(op.swapped()));
            assert_eq!(facts.kinds, swapped.kinds, "{op:?}");
            assert_eq!(facts.kinds.x, facts.kinds.y, "{op:?}");
            assert!(swapped.swappable, "{op:?}");
        }
    }
}
