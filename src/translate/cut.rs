//! Cuts straight code into as few cells as the table of fused sequences allows.
//!
//! From the last item to the first: the best way to cut what follows an item is known then, and a row without its last
//! part is a row, too, so that each part asks for the next.

use core::cell::Cell;

use crate::buffer::{Buffer, NoMemory};
use crate::code::fused::{PARTS_MAX, Sequence};
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

/// An item and as many behind it as a cell may have besides, and what follows those.
const WINDOW: usize = PARTS_MAX + 1;

impl Cut {
    /// No cell. No row goes on with its opcode.
    const NONE: Cut = Cut { cells: 0, first: 0, single: Opcode::HALT, opcode: Opcode::HALT };

    /// The best way at an item with the opcode `single`, whose window has what is best at those that follow.
    #[inline(always)]
    fn best(single: Opcode, window: &[Cell<Cut>; WINDOW]) -> Cut {
        let mut best = Cut { cells: window[1].get().cells + 1, first: 1, single, opcode: single };
        let mut sequence = Sequence::single(single);
        for next in 1..PARTS_MAX {
            let Some(fused) = sequence.then(window[next].get().single) else { break };
            sequence = fused;
            let cells = window[next + 1].get().cells + 1;
            if cells <= best.cells {
                best = Cut { cells, first: next as u16 + 1, single, opcode: sequence.opcode() };
            }
        }
        best
    }
}

/// Cuts the items: `cuts` has what the cells are, from each item on.
pub(super) fn cut(items: &[Item], cuts: &mut Buffer<Cut>) -> Result<(), NoMemory> {
    let len = items.len() + PARTS_MAX;
    if cuts.len() < len {
        // What they were for another function does not count.
        cuts.clear();
        cuts.resize(len, Cut::NONE)?;
    }
    cuts[items.len()..len].fill(Cut::NONE);
    let cuts = Cell::from_mut(&mut cuts[..len]).as_slice_of_cells();
    for ((at, item), window) in items.iter().enumerate().zip(cuts.windows(WINDOW)).rev() {
        let window: &[Cell<Cut>; WINDOW] = window.try_into().expect("all are so long");
        window[0].set(match item {
            Item::Inst(inst) if inst.op != Op::Br || !leads_on(inst, &items[at + 1..]) => {
                Cut::best(inst.opcode, window)
            }
            _ => Cut::NONE,
        });
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
