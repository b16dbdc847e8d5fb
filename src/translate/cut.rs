//! Cuts straight code into as few cells as the table of fused sequences allows.
//!
//! From the last item to the first: the best way to cut what follows an item is known then, and a row without its last
//! part is a row, too, so that each part asks for the next.

use crate::buffer::{Buffer, NoMemory};
use crate::code::fused::fuse;
use crate::code::{Op, Opcode};

use super::ir::Label;
use super::placed::{Item, Placed};

/// The best way to cut the rest of a stretch of code without labels into cells.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    /// The number of cells.
    cells: u32,
    /// The number of items in the first one; none at a label, and at a branch to what follows it.
    pub(super) first: u16,
    /// The opcode of its first item.
    single: Opcode,
    /// The opcode of the first one.
    pub(super) opcode: Opcode,
}

/// Behind a branch, so many labels are looked at for its own.
const LABELS_SEEN_MAX: usize = 8;

impl Cut {
    /// No cell.
    const NONE: Cut = Cut { cells: 0, first: 0, single: Opcode::HALT, opcode: Opcode::HALT };

    /// The best way at the item `at` with the opcode `single`; no cell goes on from the item `end`, and `cuts` has what
    /// is best at those between.
    #[inline(always)]
    fn best(single: Opcode, at: usize, end: usize, cuts: &[Cut]) -> Cut {
        let mut next = at + 1;
        let mut best = Cut { cells: cuts[next].cells + 1, first: 1, single, opcode: single };
        let mut opcode = single;
        while next < end
            && let Some(fused) = fuse(opcode, cuts[next].single)
        {
            (opcode, next) = (fused, next + 1);
            let cells = cuts[next].cells + 1;
            if cells <= best.cells {
                best = Cut { cells, first: (next - at) as u16, single, opcode };
            }
        }
        best
    }
}

/// Cuts the items: `cuts` has what the cells are, from each item on.
pub(super) fn cut(items: &[Item], cuts: &mut Buffer<Cut>) -> Result<(), NoMemory> {
    let len = items.len() + 1;
    if cuts.len() < len {
        // What they were for another function does not count.
        cuts.clear();
        cuts.resize(len, Cut::NONE)?;
    }
    let cuts = &mut cuts[..len];
    // No cell goes on from here: what is behind a label is another stretch.
    let mut end = items.len();
    cuts[end] = Cut::NONE;
    for at in (0..items.len()).rev() {
        cuts[at] = match &items[at] {
            Item::Inst(inst) if inst.op != Op::Br || !leads_on(inst, &items[at + 1..]) => {
                Cut::best(inst.opcode, at, end, cuts)
            }
            _ => {
                end = at;
                Cut::NONE
            }
        };
    }
    Ok(())
}

/// Whether the label that `inst` branches to is placed right before `items`.
fn leads_on(inst: &Placed, items: &[Item]) -> bool {
    let labels = items.iter().map_while(|item| match item {
        Item::Label(label) => Some(*label),
        Item::Inst(_) => None,
    });
    labels.take(LABELS_SEEN_MAX).any(|next| next == Label(inst.word))
}
