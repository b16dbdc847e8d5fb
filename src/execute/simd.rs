//! Vector instructions that are not plain functions of slots: lanes, lane memory, constants.

use core::marker::PhantomData;

use crate::code::{Op, Place, Shape};
use crate::v128::each_lane;
use crate::{Trap, V128, num};

use super::instr::{Instr, Operands, Shaped};
use super::memory::{At32, Raw, Width, access};
use super::operand::{Acc, Destination, Slot, Source, Value};
use super::ops::{Entry, Handlers, entry};
use super::state::{Flow, State};

/// Reads a lane.
pub(crate) trait ExtractLaneOp: 'static {
    const OP: Op;
    type D: Value;

    fn eval(v: V128, lane: u8) -> Self::D;
}

/// `d = extract_lane x, lane`.
pub(crate) struct ExtractLane<O, D, X>(PhantomData<(O, D, X)>);

impl<O: ExtractLaneOp, D: Destination, X: Source> Instr for ExtractLane<O, D, X> {
    const OP: Op = O::OP;
    const SHAPE: Shape = Shape::new(D::PLACE, X::PLACE, Place::Slot);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let x = Operands::<Self>::x::<X, V128>(s, at);
            let lane = Operands::<Self>::word(s, at, 0) as u8;
            Operands::<Self>::set::<D, O::D>(s, at, O::eval(x, lane));
        }
        Flow::Next
    }
}

/// Writes a lane.
pub(crate) trait ReplaceLaneOp: 'static {
    const OP: Op;
    type Y: Value;

    fn eval(v: V128, lane: u8, y: Self::Y) -> V128;
}

/// `d = replace_lane x, lane, y`.
pub(crate) struct ReplaceLane<O, D, X, Y>(PhantomData<(O, D, X, Y)>);

impl<O: ReplaceLaneOp, D: Destination, X: Source, Y: Source> Instr for ReplaceLane<O, D, X, Y> {
    const OP: Op = O::OP;
    const SHAPE: Shape = Shape::new(D::PLACE, X::PLACE, Y::PLACE);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let x = Operands::<Self>::x::<X, V128>(s, at);
            let y = Operands::<Self>::y::<Y, O::Y>(s, at);
            let lane = Operands::<Self>::word(s, at, 0) as u8;
            Operands::<Self>::set::<D, V128>(s, at, O::eval(x, lane, y));
        }
        Flow::Next
    }
}

/// An access to memory by one lane, of the size of `Raw`.
pub(crate) trait LaneOp: 'static {
    const OP: Op;
    type Raw: Raw + Lane;
}

/// A lane of a vector as the bits that are in memory.
pub(crate) trait Lane: Sized {
    fn extract(v: V128, lane: u8) -> Self;
    fn replace(v: V128, lane: u8, bits: Self) -> V128;
}

macro_rules! lanes {
    ($($ty:ty = $extract:path, $replace:path;)*) => {
        $(impl Lane for $ty {
            #[inline(always)]
            fn extract(v: V128, lane: u8) -> Self {
                $extract(v, lane)
            }

            #[inline(always)]
            fn replace(v: V128, lane: u8, bits: Self) -> V128 {
                $replace(v, lane, bits)
            }
        })*
    };
}

lanes! {
    u8 = num::v128_store8_lane, num::v128_load8_lane;
    u16 = num::v128_store16_lane, num::v128_load16_lane;
    u32 = num::v128_store32_lane, num::v128_load32_lane;
    u64 = num::v128_store64_lane, num::v128_load64_lane;
}

/// `d = y with lane = memory[x + offset]`.
pub(crate) struct LoadLane<O, D, X, Y, W = At32>(PhantomData<(O, D, X, Y, W)>);

impl<O: LaneOp, D: Destination, X: Source, Y: Source, W: Width> Instr for LoadLane<O, D, X, Y, W> {
    const OP: Op = access::<W>(O::OP);
    const SHAPE: Shape = Shape::new(D::PLACE, X::PLACE, Y::PLACE);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise; `address` has checked the bounds.
        unsafe {
            let base = Operands::<Self>::x::<X, W::Base>(s, at);
            let lane = Operands::<Self>::word(s, at, W::LANE) as u8;
            let Some(address) = W::address::<Self, O::Raw>(s, at, base) else {
                return Flow::Trap(Trap::MemoryOutOfBounds);
            };
            let y = Operands::<Self>::y::<Y, V128>(s, at);
            let value = O::Raw::replace(y, lane, O::Raw::load(address));
            Operands::<Self>::set::<D, V128>(s, at, value);
        }
        Flow::Next
    }
}

/// `memory[x + offset] = lane of y`.
pub(crate) struct StoreLane<O, X, Y, W = At32>(PhantomData<(O, X, Y, W)>);

impl<O: LaneOp, X: Source, Y: Source, W: Width> Instr for StoreLane<O, X, Y, W> {
    const OP: Op = access::<W>(O::OP);
    const SHAPE: Shape = Shape::new(Place::Slot, X::PLACE, Y::PLACE);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise; `address` has checked the bounds.
        unsafe {
            let base = Operands::<Self>::x::<X, W::Base>(s, at);
            let lane = Operands::<Self>::word(s, at, W::LANE) as u8;
            let Some(address) = W::address::<Self, O::Raw>(s, at, base) else {
                return Flow::Trap(Trap::MemoryOutOfBounds);
            };
            let y = Operands::<Self>::y::<Y, V128>(s, at);
            O::Raw::extract(y, lane).store(address);
        }
        Flow::Next
    }
}

/// `v128.store`: `memory[x + offset] = y`.
pub(crate) struct V128Store<X = Slot, Y = Slot, W = At32>(PhantomData<(X, Y, W)>);

impl<X: Source, Y: Source, W: Width> Instr for V128Store<X, Y, W> {
    const OP: Op = access::<W>(Op::V128Store);
    const SHAPE: Shape = Shape::new(Place::Slot, X::PLACE, Y::PLACE);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise; `address` has checked the bounds.
        unsafe {
            let base = Operands::<Self>::x::<X, W::Base>(s, at);
            let Some(address) = W::address::<Self, [u8; 16]>(s, at, base) else {
                return Flow::Trap(Trap::MemoryOutOfBounds);
            };
            Operands::<Self>::y::<Y, V128>(s, at).to_le_bytes().store(address);
        }
        Flow::Next
    }
}

impl Handlers for V128Store {
    const LIST: &'static [Entry] = &[
        entry::<V128Store<Slot, Slot>>(),
        entry::<V128Store<Acc, Slot>>(),
        entry::<V128Store<Slot, Acc>>(),
        entry::<V128Store<Acc, Acc>>(),
    ];
}

impl<X: Source, Y: Source> Shaped<(Slot, X, Y)> for V128Store {
    type Instr = V128Store<X, Y>;
}

/// The four words of `I` as a vector, the low one first.
#[inline(always)]
unsafe fn vector<I: Instr>(s: &State, at: usize) -> V128 {
    // SAFETY: the caller's promise: `I` has four words.
    V128::from_u32x4(each_lane(|lane| unsafe { Operands::<I>::word(s, at, lane) }))
}

/// `v128.const`.
pub(crate) struct V128Const<D = Slot>(PhantomData<D>);

impl<D: Destination> Instr for V128Const<D> {
    const OP: Op = Op::V128Const;
    const SHAPE: Shape = Shape::new(D::PLACE, Place::Slot, Place::Slot);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let value = vector::<Self>(s, at);
            Operands::<Self>::set::<D, V128>(s, at, value);
        }
        Flow::Next
    }
}

impl Handlers for V128Const {
    const LIST: &'static [Entry] = &[entry::<V128Const<Slot>>(), entry::<V128Const<Acc>>()];
}

impl<D: Destination> Shaped<(D, Slot, Slot)> for V128Const {
    type Instr = V128Const<D>;
}

/// A pure function of three vectors.
pub(crate) trait TernaryOp: 'static {
    const OP: Op;

    fn eval(x: V128, y: V128, z: V128) -> V128;
}

/// `d = op x, y, z`.
pub(crate) struct Ternary<O, D, X, Y>(PhantomData<(O, D, X, Y)>);

impl<O: TernaryOp, D: Destination, X: Source, Y: Source> Instr for Ternary<O, D, X, Y> {
    const OP: Op = O::OP;
    const SHAPE: Shape = Shape::new(D::PLACE, X::PLACE, Y::PLACE);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let x = Operands::<Self>::x::<X, V128>(s, at);
            let y = Operands::<Self>::y::<Y, V128>(s, at);
            let z = Operands::<Self>::rest::<V128>(s, at, 0);
            Operands::<Self>::set::<D, V128>(s, at, O::eval(x, y, z));
        }
        Flow::Next
    }
}

/// `i8x16.shuffle`.
pub(crate) struct I8x16Shuffle<D = Slot, X = Slot, Y = Slot>(PhantomData<(D, X, Y)>);

impl<D: Destination, X: Source, Y: Source> Instr for I8x16Shuffle<D, X, Y> {
    const OP: Op = Op::I8x16Shuffle;
    const SHAPE: Shape = Shape::new(D::PLACE, X::PLACE, Y::PLACE);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let x = Operands::<Self>::x::<X, V128>(s, at);
            let y = Operands::<Self>::y::<Y, V128>(s, at);
            let lanes = vector::<Self>(s, at).to_le_bytes();
            Operands::<Self>::set::<D, V128>(s, at, num::i8x16_shuffle(x, y, lanes));
        }
        Flow::Next
    }
}

impl Handlers for I8x16Shuffle {
    const LIST: &'static [Entry] = &[
        entry::<I8x16Shuffle<Slot, Slot, Slot>>(),
        entry::<I8x16Shuffle<Slot, Acc, Slot>>(),
        entry::<I8x16Shuffle<Slot, Slot, Acc>>(),
        entry::<I8x16Shuffle<Acc, Slot, Slot>>(),
        entry::<I8x16Shuffle<Acc, Acc, Slot>>(),
        entry::<I8x16Shuffle<Acc, Slot, Acc>>(),
    ];
}

impl<D: Destination, X: Source, Y: Source> Shaped<(D, X, Y)> for I8x16Shuffle {
    type Instr = I8x16Shuffle<D, X, Y>;
}
