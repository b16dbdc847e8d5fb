//! The exception handlers of a function: ranges of its code and the clauses that apply in them.
//!
//! Positions are indices of 32-bit words in the function's code. An instruction that throws is in a
//! range if the last word of its operands is; so ranges may begin and end within a fused cell, and a
//! `try_table` leaves no trace in the code.

use alloc::boxed::Box;

use crate::types::index::TagIdx;

/// The handlers of a function.
#[derive(Default, Debug)]
pub(crate) struct Handlers {
    /// By start; where several start at the same position, the outer ones first.
    pub(crate) ranges: Box<[TryRange]>,
    /// The clauses of all ranges.
    pub(crate) clauses: Box<[Clause]>,
}

/// The code of the body of a `try_table`. Ranges nest or are disjoint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TryRange {
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// The range around this one.
    pub(crate) parent: Option<u32>,
    /// Its clauses: from the first one up to, but without, the last one.
    pub(crate) clauses: (u32, u32),
}

/// A clause of a `try_table`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clause {
    /// The tag that the clause catches; `None` if it catches all.
    pub(crate) tag: Option<TagIdx>,
    /// Whether a reference to the exception follows the values.
    pub(crate) with_ref: bool,
    /// The cell where execution goes on.
    pub(crate) target: u32,
    /// The first slot of the values.
    pub(crate) slot: u32,
}

impl Handlers {
    /// The clause that catches what the instruction whose operands end with the word at `position`
    /// throws: the first one of the innermost range that has one.
    pub(crate) fn find(&self, position: u32, is_thrown: impl Fn(TagIdx) -> bool) -> Option<Clause> {
        let after = self.ranges.partition_point(|range| range.start <= position);
        let mut at = u32::try_from(after.checked_sub(1)?).ok();
        // The last range that starts before the position is around it, or inside of what is.
        while let Some(range) = at.map(|at| self.ranges[at as usize]) {
            if position < range.end {
                let clauses = &self.clauses[range.clauses.0 as usize..range.clauses.1 as usize];
                let found = clauses.iter().find(|clause| clause.tag.is_none_or(&is_thrown));
                if found.is_some() {
                    return found.copied();
                }
            }
            at = range.parent;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ranges 0..10, 2..4 and 5..8 within, 5..6 within that, then 20..22; clause n is of range n,
    /// for tag n; the outermost catches all.
    fn handlers() -> Handlers {
        let range =
            |at, (start, end), parent| TryRange { start, end, parent, clauses: (at, at + 1) };
        let clause = |tag: u32| Clause {
            tag: (tag > 0).then_some(TagIdx(tag)),
            with_ref: false,
            target: tag,
            slot: 0,
        };
        Handlers {
            ranges: Box::new([
                range(0, (0, 10), None),
                range(1, (2, 4), Some(0)),
                range(2, (5, 8), Some(0)),
                range(3, (5, 6), Some(2)),
                range(4, (20, 22), None),
            ]),
            clauses: (0..5).map(clause).collect(),
        }
    }

    #[test]
    fn the_innermost_range_with_a_matching_clause_catches() {
        let handlers = handlers();
        let caught =
            |position, thrown| Some(handlers.find(position, |tag| tag.0 == thrown)?.target);
        assert_eq!(caught(0, 1), Some(0));
        assert_eq!(caught(2, 1), Some(1));
        assert_eq!(caught(3, 2), Some(0));
        assert_eq!(caught(4, 1), Some(0));
        assert_eq!(caught(5, 3), Some(3));
        assert_eq!(caught(5, 2), Some(2));
        assert_eq!(caught(6, 3), Some(0));
        assert_eq!(caught(9, 4), Some(0));
        assert_eq!(caught(10, 0), None);
        assert_eq!(caught(20, 4), Some(4));
        assert_eq!(caught(21, 1), None);
        assert_eq!(caught(22, 4), None);
    }
}
