//! Shapes: where an instruction's operands live, and how a cell lays them out.
//!
//! An operand is in a frame slot (`S`), in the accumulator of its class (`A`) or an immediate, of 32
//! bits (`I`) or of 64 (`W`).
//! A *shape* fixes that choice for the destination `d` and the sources `x` and `y` of an op; a
//! *family* lists the shapes its ops have; op and shape together are an opcode.

/// Where one operand lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Place {
    /// A slot of the frame: a field of 16 bits, the slot's byte offset.
    Slot = 0,
    /// The accumulator of the operand's class: no field.
    Acc = 1,
    /// An immediate: a field of 32 bits.
    Imm = 2,
    /// An immediate of 64 bits: two fields of 32 bits, the low one first.
    Wide = 3,
}

impl Place {
    /// The number of 32-bit fields.
    pub(crate) const fn words(self) -> usize {
        match self {
            Place::Slot | Place::Acc => 0,
            Place::Imm => 1,
            Place::Wide => 2,
        }
    }
}

/// The places of an instruction's destination and sources, in five bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape(u8);

impl Shape {
    /// All operands in slots.
    pub(crate) const SLOTS: Shape = Shape::new(Place::Slot, Place::Slot, Place::Slot);
    /// One more than the largest [`Shape::code`].
    pub(crate) const CODES: usize = 32;

    /// The shape with destination `d` and sources `x`, `y`; what an op lacks is `Place::Slot`.
    pub(crate) const fn new(d: Place, x: Place, y: Place) -> Shape {
        assert!(d.words() == 0, "an immediate is no destination");
        Shape(d as u8 | (x as u8) << 1 | (y as u8) << 3)
    }

    /// The same with the destination in the accumulator.
    pub(crate) const fn accumulated(self) -> Shape {
        Shape(self.0 | 1)
    }

    /// The shape as a number below [`Shape::CODES`].
    pub(crate) const fn code(self) -> usize {
        self.0 as usize
    }

    /// Where the destination goes.
    pub(crate) const fn d(self) -> Place {
        if self.0 & 1 == 0 { Place::Slot } else { Place::Acc }
    }

    /// Where the first source is.
    pub(crate) const fn x(self) -> Place {
        Shape::place(self.0 >> 1 & 3)
    }

    /// Where the second source is.
    pub(crate) const fn y(self) -> Place {
        Shape::place(self.0 >> 3 & 3)
    }

    const fn place(bits: u8) -> Place {
        match bits {
            0 => Place::Slot,
            1 => Place::Acc,
            2 => Place::Imm,
            _ => Place::Wide,
        }
    }
}

/// What the ops of one family have in common: their operands, their further fields, their shapes.
#[derive(Debug)]
pub(crate) struct Family {
    /// The shapes, in the order of their opcodes.
    pub(crate) shapes: &'static [Shape],
    /// Whether there is a destination.
    pub(crate) d: bool,
    /// Whether there is a first source.
    pub(crate) x: bool,
    /// Whether there is a second source.
    pub(crate) y: bool,
    /// Sources beyond those, always in slots.
    pub(crate) rest: usize,
    /// Whether the sources may be swapped, with [`Op::swapped`](super::Op::swapped): there are no
    /// shapes with an immediate as `x`, or with the accumulator as `y` alone.
    pub(crate) swappable: bool,
    /// The 32-bit fields beyond immediates, by name; see [`TARGET`].
    pub(crate) words: &'static [&'static str],
}

/// The name of a field that holds a branch target, relative to the start of its cell in bytes.
pub(crate) const TARGET: &str = "target";

/// How many fields of each width the operands of an instruction take.
///
/// All 32-bit fields come first: the immediates of `x` and `y`, then the family's words; then the
/// 16-bit slots of `d`, `x`, `y` and the rest, padded to 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// 32-bit fields.
    pub(crate) words: usize,
    /// 16-bit fields.
    pub(crate) slots: usize,
}

impl Layout {
    /// The size of the operands in bytes.
    pub(crate) const fn bytes(self) -> usize {
        self.words * 4 + self.slots.div_ceil(2) * 4
    }
}

impl Family {
    /// The field counts of an op of this family in `shape`.
    pub(crate) const fn layout(&self, shape: Shape) -> Layout {
        let mut layout = Layout { words: self.words.len(), slots: self.rest };
        if self.d {
            layout.slots += matches!(shape.d(), Place::Slot) as usize;
        }
        if self.x {
            layout.slots += matches!(shape.x(), Place::Slot) as usize;
            layout.words += shape.x().words();
        }
        if self.y {
            layout.slots += matches!(shape.y(), Place::Slot) as usize;
            layout.words += shape.y().words();
        }
        layout
    }

    /// The position of `shape` among the family's shapes.
    pub(crate) const fn index_of(&self, shape: Shape) -> Option<usize> {
        let mut at = 0;
        while at < self.shapes.len() {
            if self.shapes[at].code() == shape.code() {
                return Some(at);
            }
            at += 1;
        }
        None
    }
}
