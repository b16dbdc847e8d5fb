//! The list of instructions between the walk over the WebAssembly code and the encoding.
//!
//! Operands are slots and constants still; which of them live in accumulators or immediates is for
//! `select` to decide, when the whole function is known.

use core::fmt;

use crate::V128;
use crate::code::Op;
use crate::types::ValType;

/// What a value is, as far as code is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    I32,
    I64,
    F32,
    F64,
    V128,
    Ref,
}

impl Kind {
    /// The kind of values of type `ty`.
    pub(crate) fn of(ty: ValType) -> Kind {
        match ty {
            ValType::I32 => Kind::I32,
            ValType::I64 => Kind::I64,
            ValType::F32 => Kind::F32,
            ValType::F64 => Kind::F64,
            ValType::V128 => Kind::V128,
            ValType::Ref(_) => Kind::Ref,
        }
    }

    /// The number of slots a value takes.
    pub(crate) const fn slots(self) -> u32 {
        if matches!(self, Kind::V128) { 2 } else { 1 }
    }

    /// The accumulator that a value can be in.
    pub(crate) const fn class(self) -> Class {
        match self {
            Kind::I32 | Kind::I64 | Kind::Ref => Class::Int,
            Kind::F32 => Class::F32,
            Kind::F64 => Class::F64,
            Kind::V128 => Class::Vector,
        }
    }
}

/// The classes of values that share an accumulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Int = 0,
    F32 = 1,
    F64 = 2,
    Vector = 3,
}

/// The number of classes.
pub(crate) const CLASSES: usize = 4;

/// The kind of a type of the op table.
pub(crate) trait HasKind {
    const KIND: Kind;
}

macro_rules! kinds {
    ($($ty:ty = $kind:ident;)*) => {
        $(impl HasKind for $ty {
            const KIND: Kind = Kind::$kind;
        })*
    };
}

kinds! {
    i32 = I32;
    i64 = I64;
    u64 = Ref;
    f32 = F32;
    f64 = F64;
    V128 = V128;
}

/// An operand in a number: which kind it is in the lower two bits, of which the upper one says that it is a
/// slot, and above these its number. Instructions have four, which are copied and compared all the time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operand(u32);

/// What an operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    None,
    /// The position of a constant in the function's list.
    Const(u32),
    /// A slot that several instructions may read.
    Local(u32),
    /// A slot of the operand stack: whoever pops it is the only one to read it, but for
    /// instructions with [`Inst::keep`].
    Temp(u32),
}

impl Operand {
    pub(crate) const NONE: Operand = Operand(0);
    /// Numbers are below this.
    pub(crate) const END: u32 = 1 << 30;

    const CONST: u32 = 1;
    const LOCAL: u32 = 2;
    const TEMP: u32 = 3;

    pub(crate) fn constant(position: u32) -> Operand {
        debug_assert!(position < Operand::END);
        Operand(position << 2 | Operand::CONST)
    }

    pub(crate) fn local(slot: u32) -> Operand {
        debug_assert!(slot < Operand::END);
        Operand(slot << 2 | Operand::LOCAL)
    }

    pub(crate) fn temp(slot: u32) -> Operand {
        debug_assert!(slot < Operand::END);
        Operand(slot << 2 | Operand::TEMP)
    }

    /// What it is.
    #[inline]
    pub(crate) fn source(self) -> Source {
        let number = self.0 >> 2;
        match self.0 & 3 {
            Operand::CONST => Source::Const(number),
            Operand::LOCAL => Source::Local(number),
            Operand::TEMP => Source::Temp(number),
            _ => Source::None,
        }
    }

    /// The slot, if the operand is one.
    #[inline]
    pub(crate) fn slot(self) -> Option<u32> {
        (self.0 & 2 != 0).then_some(self.0 >> 2)
    }

    pub(crate) fn is_const(self) -> bool {
        self.0 & 3 == Operand::CONST
    }

    pub(crate) fn is_local(self) -> bool {
        self.0 & 3 == Operand::LOCAL
    }

    pub(crate) fn is_temp(self) -> bool {
        self.0 & 3 == Operand::TEMP
    }
}

impl fmt::Debug for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source().fmt(f)
    }
}

/// A place in the code that branches lead to, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Label(pub(crate) u32);

/// An instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inst {
    pub(crate) op: Op,
    /// The sources stay on the operand stack: they must remain in their slots.
    pub(crate) keep: bool,
    /// Temporaries that stay on the operand stack are read where this instruction branches to:
    /// nothing that is only in an accumulator may pass it.
    pub(crate) flush: bool,
    /// Of a call with one result: its kind. The result is in `z`.
    pub(crate) result: Option<Kind>,
    pub(crate) d: Operand,
    pub(crate) x: Operand,
    pub(crate) y: Operand,
    pub(crate) z: Operand,
    /// The words of the op's family; a target is the number of a label.
    pub(crate) words: [u32; 4],
    /// The byte offset of the instruction in the module.
    pub(crate) offset: u32,
}

/// An element of the list.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Node {
    Inst(Inst),
    Label(Label),
    /// The label of the function's start, if there are branches to it.
    Start,
}

/// A constant, its bits zero-extended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Const {
    pub(crate) kind: Kind,
    pub(crate) bits: u64,
}

impl Const {
    /// The immediate field that stands for the constant, if one can.
    #[inline]
    pub(crate) fn immediate(self) -> Option<u32> {
        match self.kind {
            Kind::I32 | Kind::F32 => Some(self.bits as u32),
            _ => self.immediate_of_wide(),
        }
    }

    #[inline(never)]
    fn immediate_of_wide(self) -> Option<u32> {
        match self.kind {
            // An f64 immediate is an f32 that widens to it.
            Kind::F64 => {
                let narrow = f64::from_bits(self.bits) as f32;
                let exact = !narrow.is_nan() && f64::from(narrow).to_bits() == self.bits;
                exact.then_some(narrow.to_bits())
            }
            Kind::V128 => None,
            _ => {
                let low = self.bits as u32;
                (i64::from(low.cast_signed()).cast_unsigned() == self.bits).then_some(low)
            }
        }
    }

    /// The field of a copy of 64 bits that stands for the constant, if one can.
    #[inline]
    pub(crate) fn immediate_bits(self) -> Option<u32> {
        Const { kind: if self.kind == Kind::F64 { Kind::I64 } else { self.kind }, ..self }
            .immediate()
    }
}
