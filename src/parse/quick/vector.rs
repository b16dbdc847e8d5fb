//! What the vector instructions take and give (spec: appendix/index-instructions).

use super::kind::Kind;
use super::kind::Kind::{F32, F64, I32, I64, V128};
use super::place::Place;
use super::{Checker, Known};

/// The bytes of a vector.
const VECTOR_BYTES: usize = 16;

/// The indices of the bytes of two vectors are below this.
const TWO_VECTORS: u8 = 32;

/// The instructions after the vector prefix, by what they have in common.
#[derive(Copy, Clone)]
enum Shape {
    /// With the logarithm of the bytes that are accessed.
    Load(u8),
    Store(u8),
    /// With the logarithm of the bytes of a lane.
    LoadLane(u8),
    StoreLane(u8),
    Const,
    Shuffle,
    Splat(Kind),
    /// With the number of lanes.
    Extract(Kind, u8),
    Replace(Kind, u8),
    Unary,
    Binary,
    Ternary,
    /// To a number.
    Test,
    /// By a number.
    Shift,
}

impl<'m> Checker<'m, '_> {
    /// An instruction with the vector prefix.
    pub(super) fn vector(&mut self, mut place: Place<'m>) -> Known<Place<'m>> {
        let at = &mut place;
        match shape(at.unsigned()?)? {
            Shape::Load(align) => self.load(at, V128, align)?,
            Shape::Store(align) => self.store(at, V128, align)?,
            Shape::LoadLane(align) => {
                self.lane_access(at, align)?;
                self.push(at, V128)?;
            }
            Shape::StoreLane(align) => self.lane_access(at, align)?,
            Shape::Const => {
                at.bytes(VECTOR_BYTES)?;
                self.push(at, V128)?;
            }
            Shape::Shuffle => {
                let lanes = at.bytes(VECTOR_BYTES)?;
                lanes.iter().all(|lane| *lane < TWO_VECTORS).then_some(())?;
                self.binary(at, V128, V128)?;
            }
            Shape::Splat(kind) => self.unary(at, kind, V128)?,
            Shape::Extract(kind, lanes) => {
                self.lane(at, lanes)?;
                self.unary(at, V128, kind)?;
            }
            Shape::Replace(kind, lanes) => {
                self.lane(at, lanes)?;
                self.pop(at, kind)?;
                self.unary(at, V128, V128)?;
            }
            Shape::Unary => self.unary(at, V128, V128)?,
            Shape::Binary => self.binary(at, V128, V128)?,
            Shape::Ternary => {
                self.pop(at, V128)?;
                self.binary(at, V128, V128)?;
            }
            Shape::Test => self.unary(at, V128, I32)?,
            Shape::Shift => {
                self.pop(at, I32)?;
                self.unary(at, V128, V128)?;
            }
        }
        Some(place)
    }

    /// Takes the vector and the address of an access to one lane, and its immediates.
    fn lane_access(&self, at: &mut Place<'_>, align: u8) -> Known {
        self.memarg(at, align)?;
        self.lane(at, VECTOR_BYTES as u8 >> align)?;
        self.pop(at, V128)?;
        self.pop_address(at)
    }

    /// The index of a lane.
    fn lane(&self, at: &mut Place<'_>, lanes: u8) -> Known {
        at.byte().filter(|lane| *lane < lanes).map(|_| ())
    }
}

/// The shape of the instruction with a number.
fn shape(number: u32) -> Known<Shape> {
    Some(match number {
        // v128.load; those that extend; those that splat; v128.store
        0 => Shape::Load(4),
        1..=6 => Shape::Load(3),
        7 => Shape::Load(0),
        8 => Shape::Load(1),
        9 => Shape::Load(2),
        10 => Shape::Load(3),
        11 => Shape::Store(4),
        12 => Shape::Const,
        13 => Shape::Shuffle,
        // i8x16.swizzle
        14 => Shape::Binary,
        15..=17 => Shape::Splat(I32),
        18 => Shape::Splat(I64),
        19 => Shape::Splat(F32),
        20 => Shape::Splat(F64),
        // i8x16 to f64x2
        21 | 22 => Shape::Extract(I32, 16),
        23 => Shape::Replace(I32, 16),
        24 | 25 => Shape::Extract(I32, 8),
        26 => Shape::Replace(I32, 8),
        27 => Shape::Extract(I32, 4),
        28 => Shape::Replace(I32, 4),
        29 => Shape::Extract(I64, 2),
        30 => Shape::Replace(I64, 2),
        31 => Shape::Extract(F32, 4),
        32 => Shape::Replace(F32, 4),
        33 => Shape::Extract(F64, 2),
        34 => Shape::Replace(F64, 2),
        // Comparisons, which give vectors.
        35..=76 => Shape::Binary,
        // v128.not to v128.any_true
        77 => Shape::Unary,
        78..=81 => Shape::Binary,
        82 => Shape::Ternary,
        83 => Shape::Test,
        84..=87 => Shape::LoadLane(number as u8 - 84),
        88..=91 => Shape::StoreLane(number as u8 - 88),
        // v128.load32_zero and v128.load64_zero
        92 => Shape::Load(2),
        93 => Shape::Load(3),
        // f32x4.demote_f64x2_zero and f64x2.promote_low_f32x4
        94 | 95 => Shape::Unary,
        // i8x16, with roundings of floats between
        96..=98 => Shape::Unary,
        99 | 100 => Shape::Test,
        101 | 102 => Shape::Binary,
        103..=106 => Shape::Unary,
        107..=109 => Shape::Shift,
        110..=115 => Shape::Binary,
        116 | 117 => Shape::Unary,
        118..=121 => Shape::Binary,
        122 => Shape::Unary,
        123 => Shape::Binary,
        124..=127 => Shape::Unary,
        // i16x8, with a rounding of floats between
        128 | 129 => Shape::Unary,
        130 => Shape::Binary,
        131 | 132 => Shape::Test,
        133 | 134 => Shape::Binary,
        135..=138 => Shape::Unary,
        139..=141 => Shape::Shift,
        142..=147 => Shape::Binary,
        148 => Shape::Unary,
        149..=153 | 155..=159 => Shape::Binary,
        // i32x4
        160 | 161 => Shape::Unary,
        163 | 164 => Shape::Test,
        167..=170 => Shape::Unary,
        171..=173 => Shape::Shift,
        174 | 177 | 181..=186 | 188..=191 => Shape::Binary,
        // i64x2
        192 | 193 => Shape::Unary,
        195 | 196 => Shape::Test,
        199..=202 => Shape::Unary,
        203..=205 => Shape::Shift,
        206 | 209 | 213..=223 => Shape::Binary,
        // f32x4
        224 | 225 | 227 => Shape::Unary,
        228..=235 => Shape::Binary,
        // f64x2
        236 | 237 | 239 => Shape::Unary,
        240..=247 => Shape::Binary,
        // Conversions.
        248..=255 => Shape::Unary,
        _ => return None,
    })
}
