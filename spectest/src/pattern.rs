//! What a script expects of a value: exact bits, classes of NaN, kinds of reference, alternatives.
//!
//! A reference type of the engine's takes three places here: its `Kind`, its row in `kind_of`, and, if scripts can
//! make such values, its arm in `argument`.

use crate::fault::Fault;
use fulmar::{AnyRef, AsContext, ExternRef, HeapType as Heap, Store, V128, Val};
use std::fmt;
use wast::core::{AbstractHeapType, HeapType, NanPattern, V128Pattern, WastArgCore, WastRetCore};

/// What is expected of one value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Pattern {
    /// A number.
    Number(Lane),
    /// The lanes of a vector, from the lowest.
    Vector(Vec<Lane>),
    /// A null reference, of any type or of this hierarchy.
    Null(Option<Kind>),
    /// A reference of this kind that isn't null.
    NonNull(Kind),
    /// The reference to a host value that the script made with this number.
    Host(u32),
    /// As `Host`, as a reference of the other hierarchy.
    AnyHost(u32),
    /// One of these.
    Either(Vec<Pattern>),
}

/// What is expected of a number, or of a lane of a vector.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Lane {
    ty: LaneType,
    bits: LaneBits,
}

/// What a number or lane is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum LaneType {
    I8,
    I16,
    I32,
    I64,
    F32,
    F64,
}

/// The bits that a number or lane may have.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum LaneBits {
    Exactly(u64),
    CanonicalNan,
    ArithmeticNan,
}

/// The kinds of reference that scripts tell apart.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Func,
    Extern,
    Any,
    Eq,
    I31,
    Struct,
    Array,
    Exn,
}

impl Kind {
    /// Whether references of kind `other` are of this kind, too.
    fn includes(self, other: Self) -> bool {
        match self {
            Self::Any => matches!(other, Self::Any) || Self::Eq.includes(other),
            Self::Eq => matches!(other, Self::Eq | Self::I31 | Self::Struct | Self::Array),
            _ => self == other,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Func => "func",
            Self::Extern => "extern",
            Self::Any => "any",
            Self::Eq => "eq",
            Self::I31 => "i31",
            Self::Struct => "struct",
            Self::Array => "array",
            Self::Exn => "exn",
        })
    }
}

/// The kind of a reference and whether it is null; `None` if the value is no reference.
fn kind_of(value: &Val, store: &Store<()>) -> Option<(Kind, bool)> {
    match value {
        Val::AnyRef(None) => Some((Kind::Any, true)),
        Val::AnyRef(Some(reference)) => {
            let is = |ty: Heap| reference.matches_ty(store, &ty).unwrap_or(false);
            let kinds =
                [(Heap::I31, Kind::I31), (Heap::Struct, Kind::Struct), (Heap::Array, Kind::Array)];
            let kind = kinds.into_iter().find(|(ty, _)| is(*ty));
            Some((kind.map_or(Kind::Any, |(_, kind)| kind), false))
        }
        Val::FuncRef(reference) => Some((Kind::Func, reference.is_none())),
        Val::ExternRef(reference) => Some((Kind::Extern, reference.is_none())),
        Val::ExnRef(reference) => Some((Kind::Exn, reference.is_none())),
        Val::I32(_) | Val::I64(_) | Val::F32(_) | Val::F64(_) | Val::V128(_) => None,
    }
}

impl Pattern {
    /// What the script's `expected` says.
    pub(crate) fn new(expected: &WastRetCore<'_>) -> Result<Self, Fault> {
        Ok(match expected {
            WastRetCore::I32(value) => Self::Number(Lane::i32(*value)),
            WastRetCore::I64(value) => Self::Number(Lane::i64(*value)),
            WastRetCore::F32(value) => Self::Number(Lane::f32(value)),
            WastRetCore::F64(value) => Self::Number(Lane::f64(value)),
            WastRetCore::V128(value) => Self::Vector(lanes(value)),
            WastRetCore::RefNull(ty) => Self::Null(ty.as_ref().and_then(hierarchy)),
            WastRetCore::RefExtern(Some(number)) => Self::Host(*number),
            WastRetCore::RefExtern(None) => Self::NonNull(Kind::Extern),
            WastRetCore::RefFunc(None) => Self::NonNull(Kind::Func),
            WastRetCore::RefAny => Self::NonNull(Kind::Any),
            WastRetCore::RefEq => Self::NonNull(Kind::Eq),
            WastRetCore::RefI31 => Self::NonNull(Kind::I31),
            WastRetCore::RefStruct => Self::NonNull(Kind::Struct),
            WastRetCore::RefArray => Self::NonNull(Kind::Array),
            WastRetCore::Either(cases) => {
                Self::Either(cases.iter().map(Self::new).collect::<Result<_, _>>()?)
            }
            WastRetCore::RefHost(number) => Self::AnyHost(*number),
            WastRetCore::RefFunc(Some(_)) | WastRetCore::RefI31Shared => {
                return Err(Fault::Script(format!(
                    "a pattern unknown to the runner: {expected:?}"
                )));
            }
        })
    }

    /// Whether `value` is what is expected.
    pub(crate) fn matches(&self, value: &Val, store: &Store<()>) -> bool {
        match self {
            Self::Number(lane) => number(value).is_some_and(|(ty, bits)| lane.matches_as(ty, bits)),
            Self::Vector(lanes) => {
                let Val::V128(vector) = value else { return false };
                lanes.iter().enumerate().all(|(index, lane)| lane.matches(lane.of(*vector, index)))
            }
            Self::Null(None) => kind_of(value, store).is_some_and(|(_, null)| null),
            Self::Null(Some(kind)) => {
                kind_of(value, store).is_some_and(|(found, null)| null && kind.includes(found))
            }
            Self::NonNull(kind) => {
                kind_of(value, store).is_some_and(|(found, null)| !null && kind.includes(found))
            }
            Self::Host(number) => {
                matches!(value, Val::ExternRef(_)) && host_number(value, store) == Some(*number)
            }
            Self::AnyHost(number) => {
                matches!(value, Val::AnyRef(_)) && host_number(value, store) == Some(*number)
            }
            Self::Either(cases) => cases.iter().any(|case| case.matches(value, store)),
        }
    }
}

/// The hierarchy of types that `ty` belongs to, by its top; `None` if the script alone doesn't tell.
fn hierarchy(ty: &HeapType<'_>) -> Option<Kind> {
    let HeapType::Abstract { ty, .. } = ty else { return None };
    match ty {
        AbstractHeapType::Func | AbstractHeapType::NoFunc => Some(Kind::Func),
        AbstractHeapType::Extern | AbstractHeapType::NoExtern => Some(Kind::Extern),
        AbstractHeapType::Exn | AbstractHeapType::NoExn => Some(Kind::Exn),
        AbstractHeapType::Any
        | AbstractHeapType::Eq
        | AbstractHeapType::I31
        | AbstractHeapType::Struct
        | AbstractHeapType::Array
        | AbstractHeapType::None => Some(Kind::Any),
        _ => None,
    }
}

/// The type and bits of a number.
fn number(value: &Val) -> Option<(LaneType, u64)> {
    match *value {
        Val::I32(value) => Some((LaneType::I32, u64::from(value.cast_unsigned()))),
        Val::I64(value) => Some((LaneType::I64, value.cast_unsigned())),
        Val::F32(bits) => Some((LaneType::F32, u64::from(bits))),
        Val::F64(bits) => Some((LaneType::F64, bits)),
        _ => None,
    }
}

/// The number of the host value that `value` refers to.
fn host_number(value: &Val, store: &Store<()>) -> Option<u32> {
    let data = match value {
        Val::ExternRef(reference) => (*reference)?.data(store.as_context()),
        Val::AnyRef(reference) => (*reference)?.data(store.as_context()),
        _ => return None,
    };
    data.ok()??.downcast_ref().copied()
}

/// The value that the script's `argument` denotes.
pub(crate) fn argument(argument: &WastArgCore<'_>, store: &mut Store<()>) -> Result<Val, Fault> {
    Ok(match argument {
        WastArgCore::I32(value) => Val::I32(*value),
        WastArgCore::I64(value) => Val::I64(*value),
        WastArgCore::F32(value) => Val::F32(value.bits),
        WastArgCore::F64(value) => Val::F64(value.bits),
        WastArgCore::V128(value) => Val::V128(V128::from(u128::from_le_bytes(value.to_le_bytes()))),
        WastArgCore::RefExtern(number) => ExternRef::new(store, *number)?.into(),
        WastArgCore::RefNull(ty) => match hierarchy(ty) {
            Some(Kind::Func) => Val::FuncRef(None),
            Some(Kind::Extern) => Val::ExternRef(None),
            Some(Kind::Exn) => Val::ExnRef(None),
            Some(Kind::Any) => Val::AnyRef(None),
            _ => return Err(unknown_argument(argument)),
        },
        WastArgCore::RefHost(number) => {
            let value = ExternRef::new(&mut *store, *number)?;
            AnyRef::convert_extern(store, value)?.into()
        }
    })
}

fn unknown_argument(argument: &WastArgCore<'_>) -> Fault {
    Fault::Script(format!("an argument unknown to the runner: {argument:?}"))
}

/// The lanes of a vector pattern, from the lowest.
fn lanes(pattern: &V128Pattern) -> Vec<Lane> {
    match pattern {
        V128Pattern::I8x16(lanes) => lanes.iter().map(|lane| Lane::i8(*lane)).collect(),
        V128Pattern::I16x8(lanes) => lanes.iter().map(|lane| Lane::i16(*lane)).collect(),
        V128Pattern::I32x4(lanes) => lanes.iter().map(|lane| Lane::i32(*lane)).collect(),
        V128Pattern::I64x2(lanes) => lanes.iter().map(|lane| Lane::i64(*lane)).collect(),
        V128Pattern::F32x4(lanes) => lanes.iter().map(Lane::f32).collect(),
        V128Pattern::F64x2(lanes) => lanes.iter().map(Lane::f64).collect(),
    }
}

impl LaneType {
    /// Width in bits.
    fn width(self) -> u32 {
        match self {
            Self::I8 => 8,
            Self::I16 => 16,
            Self::I32 | Self::F32 => 32,
            Self::I64 | Self::F64 => 64,
        }
    }

    /// The bits of the positive canonical NaN of a float type (spec: syntax/values). Its significand is the quiet bit.
    fn canonical_nan(self) -> u64 {
        match self {
            Self::F32 => 0x7fc0_0000,
            Self::F64 => 0x7ff8_0000_0000_0000,
            _ => unreachable!("only patterns of float types name NaNs"),
        }
    }
}

impl Lane {
    fn new(ty: LaneType, bits: u64) -> Self {
        Self { ty, bits: LaneBits::Exactly(bits) }
    }

    fn i8(value: i8) -> Self {
        Self::new(LaneType::I8, u64::from(value.cast_unsigned()))
    }

    fn i16(value: i16) -> Self {
        Self::new(LaneType::I16, u64::from(value.cast_unsigned()))
    }

    fn i32(value: i32) -> Self {
        Self::new(LaneType::I32, u64::from(value.cast_unsigned()))
    }

    fn i64(value: i64) -> Self {
        Self::new(LaneType::I64, value.cast_unsigned())
    }

    fn f32(pattern: &NanPattern<wast::token::F32>) -> Self {
        Self::float(LaneType::F32, pattern, |value| u64::from(value.bits))
    }

    fn f64(pattern: &NanPattern<wast::token::F64>) -> Self {
        Self::float(LaneType::F64, pattern, |value| value.bits)
    }

    fn float<T>(ty: LaneType, pattern: &NanPattern<T>, bits: impl FnOnce(&T) -> u64) -> Self {
        let bits = match pattern {
            NanPattern::CanonicalNan => LaneBits::CanonicalNan,
            NanPattern::ArithmeticNan => LaneBits::ArithmeticNan,
            NanPattern::Value(value) => LaneBits::Exactly(bits(value)),
        };
        Self { ty, bits }
    }

    /// The bits of lane `index` of `vector`, cut up as this lane's vector is.
    fn of(&self, vector: V128, index: usize) -> u64 {
        let width = self.ty.width();
        let index = u32::try_from(index).expect("vectors have at most 16 lanes");
        let mask = u64::MAX >> (64 - width);
        (vector.as_u128() >> (index * width)) as u64 & mask
    }

    fn matches(&self, bits: u64) -> bool {
        match self.bits {
            LaneBits::Exactly(expected) => bits == expected,
            LaneBits::CanonicalNan => {
                let sign = 1 << (self.ty.width() - 1);
                bits & !sign == self.ty.canonical_nan()
            }
            // Whatever the sign and the rest of the payload are.
            LaneBits::ArithmeticNan => bits & self.ty.canonical_nan() == self.ty.canonical_nan(),
        }
    }

    fn matches_as(&self, ty: LaneType, bits: u64) -> bool {
        self.ty == ty && self.matches(bits)
    }

    fn fmt_value(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.bits {
            LaneBits::Exactly(bits) => fmt_bits(self.ty, bits, f),
            LaneBits::CanonicalNan => f.write_str("nan:canonical"),
            LaneBits::ArithmeticNan => f.write_str("nan:arithmetic"),
        }
    }
}

/// Writes integers as signed decimals, and floats as their bits and what these mean.
fn fmt_bits(ty: LaneType, bits: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match ty {
        LaneType::I8 => write!(f, "{}", (bits as u8).cast_signed()),
        LaneType::I16 => write!(f, "{}", (bits as u16).cast_signed()),
        LaneType::I32 => write!(f, "{}", (bits as u32).cast_signed()),
        LaneType::I64 => write!(f, "{}", bits.cast_signed()),
        LaneType::F32 => write!(f, "{bits:#010x} ({:?})", f32::from_bits(bits as u32)),
        LaneType::F64 => write!(f, "{bits:#018x} ({:?})", f64::from_bits(bits)),
    }
}

impl fmt::Display for LaneType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::I8 => "i8",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(lane) => {
                write!(f, "{} ", lane.ty)?;
                lane.fmt_value(f)
            }
            Self::Vector(lanes) => {
                write!(f, "v128 {}x{}", lanes[0].ty, lanes.len())?;
                lanes.iter().try_for_each(|lane| {
                    f.write_str(" ")?;
                    lane.fmt_value(f)
                })
            }
            Self::Null(None) => f.write_str("ref.null"),
            Self::Null(Some(kind)) => write!(f, "ref.null {kind}"),
            Self::NonNull(kind) => write!(f, "ref.{kind}"),
            Self::Host(number) => write!(f, "ref.extern {number}"),
            Self::AnyHost(number) => write!(f, "ref.host {number}"),
            Self::Either(cases) => {
                f.write_str("either")?;
                cases.iter().try_for_each(|case| write!(f, " ({case})"))
            }
        }
    }
}

/// Shows `value` in the way `expected` is shown, so that the two can be compared by eye.
pub(crate) struct Shown<'a> {
    pub(crate) value: &'a Val,
    pub(crate) expected: Option<&'a Pattern>,
    pub(crate) store: &'a Store<()>,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((ty, bits)) = number(self.value) {
            write!(f, "{ty} ")?;
            return fmt_bits(ty, bits, f);
        }
        match (self.value, self.expected) {
            (Val::V128(vector), Some(Pattern::Vector(lanes))) => {
                write!(f, "v128 {}x{}", lanes[0].ty, lanes.len())?;
                lanes.iter().enumerate().try_for_each(|(index, lane)| {
                    f.write_str(" ")?;
                    fmt_bits(lane.ty, lane.of(*vector, index), f)
                })
            }
            (Val::V128(vector), _) => write!(f, "v128 {:#034x}", vector.as_u128()),
            (value, _) => match (kind_of(value, self.store), host_number(value, self.store)) {
                (Some((Kind::Any, _)), Some(number)) => write!(f, "ref.host {number}"),
                (_, Some(number)) => write!(f, "ref.extern {number}"),
                (Some((kind, true)), _) => write!(f, "ref.null {kind}"),
                (Some((kind, false)), _) => write!(f, "ref.{kind}"),
                (None, _) => write!(f, "{value:?}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fulmar::{Engine, I31, Store};
    use wast::parser::{self, ParseBuffer};

    fn pattern(text: &str) -> Pattern {
        let buffer = ParseBuffer::new(text).unwrap();
        Pattern::new(&parser::parse(&buffer).unwrap()).unwrap()
    }

    #[track_caller]
    fn check(text: &str, matching: &[Val], others: &[Val]) {
        let store = Store::new(&Engine::default(), ());
        let pattern = pattern(text);
        for value in matching {
            assert!(pattern.matches(value, &store), "{pattern} should match {value:?}");
        }
        for value in others {
            assert!(!pattern.matches(value, &store), "{pattern} should not match {value:?}");
        }
    }

    #[test]
    fn numbers_match_by_type_and_bits() {
        check("i32.const -1", &[Val::I32(-1)], &[Val::I32(1), Val::I64(-1), Val::F32(u32::MAX)]);
        check("i64.const -1", &[Val::I64(-1)], &[Val::I32(-1), Val::I64(0xffff_ffff)]);
        check("f32.const -0", &[Val::F32(1 << 31)], &[Val::F32(0), Val::F64(1 << 63)]);
        check("f64.const nan:0x1", &[Val::F64(0x7ff0_0000_0000_0001)], &[Val::F64(0x7ff8 << 48)]);
    }

    #[test]
    fn nans_match_by_class() {
        let canonical = [Val::F32(0x7fc0_0000), Val::F32(0xffc0_0000)];
        let arithmetic = [Val::F32(0x7fc0_0001), Val::F32(0xffff_ffff)];
        let neither =
            [Val::F32(0x7fa0_0000), Val::F32(0x7f80_0000), Val::F32(0), Val::F64(0x7ff8 << 48)];
        check("f32.const nan:canonical", &canonical, &arithmetic);
        check("f32.const nan:canonical", &[], &neither);
        check("f32.const nan:arithmetic", &[canonical, arithmetic].concat(), &neither);
        let arithmetic = [Val::F64(0xfff8 << 48), Val::F64(0x7ff8_0000_0000_0001)];
        check("f64.const nan:canonical", &arithmetic[..1], &arithmetic[1..]);
        check("f64.const nan:arithmetic", &arithmetic, &[Val::F64(0x7ff4 << 48)]);
    }

    #[test]
    fn vectors_match_lane_by_lane_from_the_lowest() {
        let vector = |bits: u128| Val::V128(V128::from(bits));
        check("v128.const i64x2 1 -2", &[vector(0xffff_ffff_ffff_fffe << 64 | 1)], &[vector(1)]);
        let nans = 0xffc0_0000_u128 << 96 | 0x7fc0_0001 << 64 | 0x3f80_0000;
        let text = "v128.const f32x4 1 0 nan:arithmetic nan:canonical";
        check(
            text,
            &[vector(nans)],
            &[vector(nans | 1 << 96), vector(nans | 1), vector(nans | 1 << 32)],
        );
        check("v128.const i8x16 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 -1", &[vector(0xff << 120 | 1)], &[]);
        check("v128.const i16x8 1 0 0 0 0 0 0 -1", &[vector(0xffff << 112 | 1)], &[Val::I32(1)]);
    }

    #[test]
    fn references_match_by_kind_and_null() {
        let nulls = [Val::FuncRef(None), Val::ExternRef(None)];
        check("ref.null", &nulls, &[Val::I32(0)]);
        check("ref.null func", &nulls[..1], &nulls[1..]);
        check("ref.null noextern", &nulls[1..], &nulls[..1]);
        check("ref.null any", &[], &nulls);
        for text in ["ref.func", "ref.extern", "ref.extern 1", "ref.i31"] {
            check(text, &[], &nulls);
        }
        let mut store = Store::new(&Engine::default(), ());
        let host = ExternRef::new(&mut store, 7_u32).unwrap();
        let value = Val::from(host);
        let matching = ["ref.extern", "ref.extern 7", "either (ref.extern 1) (ref.extern 7)"];
        assert!(matching.iter().all(|text| pattern(text).matches(&value, &store)));
        let others = ["ref.extern 8", "ref.null", "ref.func", "either (ref.extern 1) (ref.null)"];
        assert!(!others.iter().any(|text| pattern(text).matches(&value, &store)));
        assert!(!pattern("ref.host 7").matches(&value, &store));
        let value = Val::from(AnyRef::convert_extern(&mut store, host).unwrap());
        assert!(["ref.host 7", "ref.any"].iter().all(|text| pattern(text).matches(&value, &store)));
        for text in ["ref.host 8", "ref.extern 7", "ref.eq", "ref.struct"] {
            assert!(!pattern(text).matches(&value, &store), "{text}");
        }
        let value = Val::from(AnyRef::from_i31(&mut store, I31::wrapping_i32(7)));
        for text in ["ref.i31", "ref.eq", "ref.any"] {
            assert!(pattern(text).matches(&value, &store), "{text}");
        }
        assert!(!pattern("ref.array").matches(&value, &store));
    }

    #[test]
    fn kinds_include_their_subtypes() {
        assert!(Kind::Any.includes(Kind::I31) && Kind::Eq.includes(Kind::Struct));
        assert!(!Kind::I31.includes(Kind::Eq) && !Kind::Any.includes(Kind::Extern));
    }

    #[test]
    fn both_sides_of_a_mismatch_are_shown_alike() {
        let store = Store::new(&Engine::default(), ());
        let expected = pattern("v128.const i32x4 1 -1 2 3");
        assert_eq!(expected.to_string(), "v128 i32x4 1 -1 2 3");
        let value = Val::V128(V128::from(u128::MAX));
        let shown = Shown { value: &value, expected: Some(&expected), store: &store };
        assert_eq!(shown.to_string(), "v128 i32x4 -1 -1 -1 -1");
        assert_eq!(pattern("f32.const 1").to_string(), "f32 0x3f800000 (1.0)");
        assert_eq!(
            pattern("either (f64.const nan:canonical) (ref.null)").to_string(),
            "either (f64 nan:canonical) (ref.null)"
        );
    }
}
