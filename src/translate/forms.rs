//! The form of each opcode's operands, in one entry of one table: what is asked of each instruction that is
//! written.

use crate::code::op::{OPS, SINGLE_OPCODES};
use crate::code::{Op, Opcode};

use super::facts::{Facts, Leads};

/// How many operands of which kind an op has in a shape.
#[derive(Clone, Copy)]
pub(super) struct Form {
    /// The number of words that are immediates.
    pub(super) immediates: u8,
    pub(super) tail: Tail,
    /// The number of slots.
    pub(super) slots: u8,
    /// The number of words in all.
    pub(super) words: u8,
}

/// What comes between immediates and slots. Up to [`Tail::Label`] the lowest bit is the number of words.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Tail {
    /// Nothing.
    None = 0,
    /// The instruction's first word.
    Word = 1,
    /// The same, which is a label.
    Label = 3,
    /// The number of a branch table's targets.
    Table,
    /// Two of the instruction's words, or more.
    Words,
}

static FORMS: [Form; SINGLE_OPCODES] = {
    let none = Form { immediates: 0, tail: Tail::None, slots: 0, words: 0 };
    let (mut forms, mut opcode, mut op) = ([none; SINGLE_OPCODES], 0, 0);
    while op < OPS.len() {
        let mut shape = 0;
        while shape < OPS[op].family().shapes.len() {
            forms[opcode] = Form::derive(OPS[op], shape);
            opcode += 1;
            shape += 1;
        }
        op += 1;
    }
    forms
};

impl Form {
    /// The form of `opcode`, which is one op in one shape.
    #[inline(always)]
    pub(super) fn of(opcode: Opcode) -> &'static Form {
        &FORMS[opcode.index()]
    }

    /// The form of `op` in the shape that has a number among those of its family.
    const fn derive(op: Op, shape: usize) -> Form {
        let family = op.family();
        let layout = family.layout(family.shapes[shape]);
        Form {
            immediates: (layout.words - family.words.len()) as u8,
            tail: match (family.words.len(), Facts::derive(op).leads) {
                (0, _) => Tail::None,
                (1, Leads::On) => Tail::Word,
                (1, Leads::ToLabel) => Tail::Label,
                (1, Leads::ByTable) => Tail::Table,
                _ => Tail::Words,
            },
            slots: layout.slots as u8,
            words: (layout.bytes() / 4) as u8,
        }
    }
}
