//! The families: which operands, fields and shapes the ops of each group have.

use crate::V128;

use super::shape::{Family, Place, Shape, TARGET};
use Place::{Acc as A, Imm as I, Slot as S, Wide as W};

const fn s(d: Place, x: Place, y: Place) -> Shape {
    Shape::new(d, x, y)
}

/// No operands at all.
const NONE: Family = Family {
    shapes: &[Shape::SLOTS],
    d: false,
    x: false,
    y: false,
    rest: 0,
    swappable: false,
    words: &[],
};
/// `d = op x`, all in slots.
const DX: Family = Family { d: true, x: true, ..NONE };
/// `d = op x, y`, all in slots.
const DXY: Family = Family { y: true, ..DX };
/// `op x, y`, all in slots.
const XY: Family = Family { x: true, y: true, ..NONE };

/// All of `shapes`, or with the feature `compact` the first `few`: those of the families that make
/// most of the code.
const fn most(shapes: &'static [Shape], few: usize) -> &'static [Shape] {
    if cfg!(feature = "compact") { shapes.split_at(few).0 } else { shapes }
}

/// `d = op x`.
pub(crate) const UNARY: Family =
    Family { shapes: most(&[s(S, S, S), s(S, A, S), s(A, S, S), s(A, A, S)], 1), ..DX };

/// The families whose shapes depend on the type of the operands: values of 64 bits may be wide
/// immediates, which are shapes at the end of the list.
pub(crate) trait Families {
    /// Whether the type has 64 bits.
    const WIDE: bool;
    /// `d = op x, y` where operands may be swapped: the immediate is always `y`, the accumulator `x`.
    const COMMUTATIVE: &Family =
        &Family { swappable: true, shapes: shapes::<Self>(COMMUTATIVE_SHAPES, 8), ..DXY };
    /// `d = op x, y`.
    const BINARY: &Family = &Family { shapes: shapes::<Self>(BINARY_SHAPES, 14), ..DXY };
    /// `d = x op y` as 0 or 1; operands may be swapped with the op.
    const COMPARE: &Family = Self::COMMUTATIVE;
    /// `d = op x, y` where `x` is a vector, and `y` of this type: never both in accumulators.
    const BINARY_V128: &Family = &Family {
        shapes: most(
            &[
                s(S, S, S),
                s(S, S, I),
                s(S, S, A),
                s(S, A, S),
                s(S, A, I),
                s(A, S, S),
                s(A, S, I),
                s(A, S, A),
                s(A, A, S),
                s(A, A, I),
            ],
            1,
        ),
        ..DXY
    };
    /// Branches to `target` if `x op y`; operands may be swapped with the op.
    const BRANCH: &Family = &Family {
        swappable: true,
        shapes: shapes::<Self>(BRANCH_SHAPES, 4),
        words: &[TARGET],
        ..XY
    };
}

impl Families for i32 {
    const WIDE: bool = false;
}
impl Families for i64 {
    const WIDE: bool = true;
}
impl Families for f32 {
    const WIDE: bool = false;
}
impl Families for f64 {
    const WIDE: bool = true;
}

impl Families for V128 {
    const WIDE: bool = false;
    const BINARY_V128: &Family = &Family { shapes: VECTORS, ..DXY };
}

/// The shapes for the type `T`: all, or without wide immediates the first `narrow` ones.
const fn shapes<T: Families + ?Sized>(all: &'static [Shape], narrow: usize) -> &'static [Shape] {
    most(if T::WIDE { all } else { all.split_at(narrow).0 }, 2)
}

const COMMUTATIVE_SHAPES: &[Shape] = &[
    s(S, S, S),
    s(S, S, I),
    s(S, A, S),
    s(S, A, I),
    s(A, S, S),
    s(A, S, I),
    s(A, A, S),
    s(A, A, I),
    s(S, S, W),
    s(S, A, W),
    s(A, S, W),
    s(A, A, W),
];
const BINARY_SHAPES: &[Shape] = &[
    s(S, S, S),
    s(S, S, I),
    s(S, A, S),
    s(S, A, I),
    s(S, S, A),
    s(S, I, S),
    s(S, I, A),
    s(A, S, S),
    s(A, S, I),
    s(A, A, S),
    s(A, A, I),
    s(A, S, A),
    s(A, I, S),
    s(A, I, A),
    s(S, S, W),
    s(S, A, W),
    s(A, S, W),
    s(A, A, W),
];
const BRANCH_SHAPES: &[Shape] =
    &[s(S, S, S), s(S, S, I), s(S, A, S), s(S, A, I), s(S, S, W), s(S, A, W)];

/// `d = memory[x + offset]`.
pub(crate) const LOAD: Family = Family {
    shapes: most(&[s(S, S, S), s(S, A, S), s(S, I, S), s(A, S, S), s(A, A, S), s(A, I, S)], 1),
    words: &["offset"],
    ..DX
};
/// `memory[x + offset] = y`.
pub(crate) const STORE: Family = Family {
    shapes: most(
        &[
            s(S, S, S),
            s(S, A, S),
            s(S, I, S),
            s(S, S, A),
            s(S, A, A),
            s(S, I, A),
            s(S, S, I),
            s(S, A, I),
            s(S, I, I),
        ],
        1,
    ),
    words: &["offset"],
    ..XY
};

/// Of two vectors one may be in the accumulator.
const VECTORS: &[Shape] =
    most(&[s(S, S, S), s(S, A, S), s(S, S, A), s(A, S, S), s(A, A, S), s(A, S, A)], 1);
/// Each operand in a slot or in the accumulator of its class.
const ANY_XY: &[Shape] = most(&[s(S, S, S), s(S, A, S), s(S, S, A), s(S, A, A)], 1);
const ANY_DXY: &[Shape] = most(
    &[
        s(S, S, S),
        s(S, A, S),
        s(S, S, A),
        s(S, A, A),
        s(A, S, S),
        s(A, A, S),
        s(A, S, A),
        s(A, A, A),
    ],
    1,
);

/// Pairs of i64, which are in slots only.
pub(crate) const WIDE_ARITHMETIC: Family = DXY;
pub(crate) const EXTRACT_LANE: Family = Family { words: &["lane"], ..UNARY };
pub(crate) const REPLACE_LANE: Family = Family { shapes: ANY_DXY, words: &["lane"], ..DXY };
pub(crate) const LOAD_V128: Family = Family { words: &["offset"], ..UNARY };
pub(crate) const STORE_V128: Family = Family { shapes: ANY_XY, words: &["offset"], ..XY };
pub(crate) const LOAD_LANE: Family = Family { shapes: ANY_DXY, words: &["offset", "lane"], ..DXY };
pub(crate) const STORE_LANE: Family = Family { shapes: ANY_XY, words: &["offset", "lane"], ..XY };
/// Accesses to memories with 64-bit addresses: the offset in two words, the low one first.
pub(crate) const LOAD_AT64: Family = Family { shapes: UNARY.shapes, ..LOAD_V128_AT64 };
pub(crate) const STORE_AT64: Family = Family {
    shapes: most(&[s(S, S, S), s(S, A, S), s(S, S, A), s(S, A, A), s(S, S, I), s(S, A, I)], 1),
    ..STORE_V128_AT64
};
pub(crate) const LOAD_V128_AT64: Family = Family { words: &["offset", "offset_high"], ..DX };
pub(crate) const STORE_V128_AT64: Family = Family { words: &["offset", "offset_high"], ..XY };
pub(crate) const LOAD_LANE_AT64: Family =
    Family { words: &["offset", "offset_high", "lane"], ..DXY };
pub(crate) const STORE_LANE_AT64: Family =
    Family { words: &["offset", "offset_high", "lane"], ..XY };
pub(crate) const TERNARY_V128: Family = Family { shapes: VECTORS, rest: 1, ..DXY };
pub(crate) const SHUFFLE: Family =
    Family { shapes: VECTORS, words: &["lanes0", "lanes1", "lanes2", "lanes3"], ..DXY };
/// Only a destination.
const D: Family = Family { shapes: most(&[s(S, S, S), s(A, S, S)], 1), d: true, ..NONE };
/// Only a source.
const X: Family = Family { shapes: most(&[s(S, S, S), s(S, A, S)], 1), x: true, ..NONE };
pub(crate) const V128_CONST: Family = Family { words: &["bits0", "bits1", "bits2", "bits3"], ..D };

pub(crate) const PLAIN: Family = NONE;
pub(crate) const JUMP: Family = Family { words: &[TARGET], ..NONE };
/// The cell is followed by `count + 1` targets, the last one the default.
pub(crate) const BR_TABLE: Family =
    Family { shapes: &[s(S, S, S), s(S, A, S)], x: true, words: &["count"], ..NONE };
pub(crate) const ENTER: Family = Family { words: &["frame", "zero"], ..NONE };
pub(crate) const ENTER_MANY: Family = Family { words: &["frame", "zero", "count"], ..NONE };
pub(crate) const FUEL: Family = Family { words: &["cost"], ..NONE };
pub(crate) const CALL: Family = Family { words: &["func", "base"], ..NONE };
pub(crate) const CALL_INDIRECT: Family =
    Family { x: true, words: &["table", "type", "base"], ..NONE };
pub(crate) const RETURN_CALL: Family = Family { words: &["func", "base", "count"], ..NONE };
pub(crate) const RETURN_CALL_INDIRECT: Family =
    Family { x: true, words: &["table", "type", "base", "count"], ..NONE };
pub(crate) const RETURN_VALUE: Family =
    Family { shapes: &[s(S, S, S), s(S, A, S), s(S, I, S)], x: true, ..NONE };
pub(crate) const RETURN_FLOAT: Family =
    Family { shapes: &[s(S, S, S), s(S, A, S)], x: true, ..NONE };
pub(crate) const TRANSLATE: Family = Family { words: &["func"], ..NONE };
pub(crate) const COPY: Family =
    Family { shapes: &[s(S, S, S), s(S, A, S), s(S, I, S), s(S, W, S)], ..DX };
pub(crate) const COPY_FLOAT: Family = Family { shapes: &[s(S, A, S)], ..DX };
pub(crate) const COPY_V128: Family = Family { d: true, ..X };
pub(crate) const COPY_FAR: Family = Family { words: &["to", "from"], ..NONE };
pub(crate) const COPY_SPAN: Family = Family { words: &["to", "from", "count"], ..NONE };
/// `d = if x then first of the rest else second`.
pub(crate) const SELECT: Family =
    Family { shapes: &[s(S, S, S), s(S, A, S), s(A, S, S), s(A, A, S)], rest: 2, ..DX };
/// [`SELECT`] with an immediate as the first or the second of the two, the other one in a slot.
pub(crate) const SELECT_IMM: Family = Family { rest: 1, words: &["value"], ..SELECT };
/// [`SELECT`] between two immediates.
pub(crate) const SELECT_IMMS: Family = Family { rest: 0, words: &["first", "second"], ..SELECT };
pub(crate) const SELECT_V128: Family = Family { rest: 2, ..UNARY };
pub(crate) const GLOBAL_GET: Family =
    Family { shapes: &[s(S, S, S), s(A, S, S)], d: true, words: &["global"], ..NONE };
pub(crate) const GLOBAL_SET: Family =
    Family { shapes: &[s(S, S, S), s(S, A, S), s(S, I, S)], x: true, words: &["global"], ..NONE };
pub(crate) const GLOBAL_GET_V128: Family = Family { words: &["global"], ..D };
pub(crate) const GLOBAL_SET_V128: Family = Family { words: &["global"], ..X };
pub(crate) const MEMORY: Family = Family { words: &["memory"], ..NONE };
pub(crate) const MEMORY_SIZE: Family = Family { d: true, words: &["memory"], ..NONE };
pub(crate) const MEMORY_GROW: Family = Family { words: &["memory"], ..DX };
pub(crate) const MEMORY_COPY: Family =
    Family { shapes: CONSTANT_XY, rest: 1, words: &["to", "from"], ..XY };
pub(crate) const MEMORY_FILL: Family =
    Family { shapes: CONSTANT_XY, rest: 1, words: &["memory"], ..XY };
/// Either source in a slot or constant.
const CONSTANT_XY: &[Shape] = &[s(S, S, S), s(S, I, S), s(S, S, I), s(S, I, I)];
pub(crate) const MEMORY_INIT: Family = Family { rest: 1, words: &["memory", "segment"], ..XY };
pub(crate) const SEGMENT: Family = Family { words: &["segment"], ..NONE };
pub(crate) const TABLE_GET: Family = Family { words: &["table"], ..DX };
pub(crate) const TABLE_SET: Family = Family { words: &["table"], ..XY };
pub(crate) const TABLE_SIZE: Family = Family { d: true, words: &["table"], ..NONE };
pub(crate) const TABLE_GROW: Family = Family { words: &["table"], ..DXY };
pub(crate) const TABLE_FILL: Family = Family { rest: 1, words: &["table"], ..XY };
pub(crate) const TABLE_COPY: Family = Family { rest: 1, words: &["to", "from"], ..XY };
pub(crate) const TABLE_INIT: Family = Family { rest: 1, words: &["table", "segment"], ..XY };
pub(crate) const REF_FUNC: Family = Family { d: true, words: &["func"], ..NONE };
/// The values to be thrown are the `count` slots at byte `base`.
pub(crate) const THROW: Family = Family { words: &["tag", "base", "count"], ..NONE };
pub(crate) const THROW_REF: Family = Family { x: true, ..NONE };
pub(crate) const CALL_REF: Family = Family { x: true, words: &["base"], ..NONE };
pub(crate) const RETURN_CALL_REF: Family = Family { x: true, words: &["base", "count"], ..NONE };
pub(crate) const REF_TEST: Family = Family { words: &["asked", "type"], ..DX };
pub(crate) const REF_CAST: Family = Family { x: true, words: &["asked", "type"], ..NONE };
/// The operands are in the slots from byte `base` up to `end`, which is the end of the live slots.
pub(crate) const NEW: Family =
    Family { d: true, words: &["type", "base", "end", "operand"], ..NONE };
pub(crate) const STRUCT_GET: Family = Family { words: &["offset"], ..DX };
pub(crate) const STRUCT_SET: Family = Family { words: &["offset"], ..XY };
pub(crate) const ARRAY_GET: Family = DXY;
pub(crate) const ARRAY_SET: Family = Family { rest: 1, ..XY };
pub(crate) const ARRAY_LEN: Family = DX;
/// The operands are in the slots from byte `base` on.
pub(crate) const WHOLE_ARRAY: Family = Family { words: &["base", "operand"], ..NONE };
