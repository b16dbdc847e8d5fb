//! Vector instructions that are not plain functions of slots: lanes, lane memory, constants.

use core::marker::PhantomData;

use crate::code::{Op, Place, Shape};
use crate::{Trap, V128, num};

use super::instr::{Instr, Operands, Shaped};
use super::memory::{At32, Raw, Width, access};
use super::operand::{Acc, Destination, Slot, Source, Value};
use super::ops::{Entry, Handlers, entry, single_shape};
use super::state::{Flow, State};

/// Reads a lane.
pub(crate) trait ExtractLaneOp: 'static {
    const OP: Op;
    type D: Value;

    fn eval(v: V128, lane: u8) -> Self::D;
}

/// `d = extract_lane x, lane`.
pub(crate) struct ExtractLane<O, D>(PhantomData<(O, D)>);

impl<O: ExtractLaneOp, D: Destination> Instr for ExtractLane<O, D> {
    const OP: Op = O::OP;
    const SHAPE: Shape = Shape::new(D::PLACE, Place::Slot, Place::Slot);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let x = Operands::<Self>::x::<Slot, V128>(s, at);
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
pub(crate) struct ReplaceLane<O, Y>(PhantomData<(O, Y)>);

impl<O: ReplaceLaneOp, Y: Source> Instr for ReplaceLane<O, Y> {
    const OP: Op = O::OP;
    const SHAPE: Shape = Shape::new(Place::Slot, Place::Slot, Y::PLACE);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let x = Operands::<Self>::x::<Slot, V128>(s, at);
            let y = Operands::<Self>::y::<Y, O::Y>(s, at);
            let lane = Operands::<Self>::word(s, at, 0) as u8;
            Operands::<Self>::set::<Slot, V128>(s, at, O::eval(x, lane, y));
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
pub(crate) struct LoadLane<O, W = At32>(PhantomData<(O, W)>);

impl<O: LaneOp, W: Width> Instr for LoadLane<O, W> {
    const OP: Op = access::<W>(O::OP);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise; `address` has checked the bounds.
        unsafe {
            let base = Operands::<Self>::x::<Slot, W::Base>(s, at);
            let lane = Operands::<Self>::word(s, at, W::LANE) as u8;
            let Some(address) = W::address::<Self, O::Raw>(s, at, base) else {
                return Flow::Trap(Trap::MemoryOutOfBounds);
            };
            let y = Operands::<Self>::y::<Slot, V128>(s, at);
            let value = O::Raw::replace(y, lane, O::Raw::load(address));
            Operands::<Self>::set::<Slot, V128>(s, at, value);
        }
        Flow::Next
    }
}

/// `memory[x + offset] = lane of y`.
pub(crate) struct StoreLane<O, W = At32>(PhantomData<(O, W)>);

impl<O: LaneOp, W: Width> Instr for StoreLane<O, W> {
    const OP: Op = access::<W>(O::OP);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise; `address` has checked the bounds.
        unsafe {
            let base = Operands::<Self>::x::<Slot, W::Base>(s, at);
            let lane = Operands::<Self>::word(s, at, W::LANE) as u8;
            let Some(address) = W::address::<Self, O::Raw>(s, at, base) else {
                return Flow::Trap(Trap::MemoryOutOfBounds);
            };
            let y = Operands::<Self>::y::<Slot, V128>(s, at);
            O::Raw::extract(y, lane).store(address);
        }
        Flow::Next
    }
}

/// `v128.store`: `memory[x + offset] = y`.
pub(crate) struct V128Store<X = Slot, W = At32>(PhantomData<(X, W)>);

impl<X: Source, W: Width> Instr for V128Store<X, W> {
    const OP: Op = access::<W>(Op::V128Store);
    const SHAPE: Shape = Shape::new(Place::Slot, X::PLACE, Place::Slot);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise; `address` has checked the bounds.
        unsafe {
            let base = Operands::<Self>::x::<X, W::Base>(s, at);
            let Some(address) = W::address::<Self, [u8; 16]>(s, at, base) else {
                return Flow::Trap(Trap::MemoryOutOfBounds);
            };
            Operands::<Self>::y::<Slot, V128>(s, at).to_le_bytes().store(address);
        }
        Flow::Next
    }
}

impl Handlers for V128Store {
    const LIST: &'static [Entry] = &[entry::<V128Store<Slot>>(), entry::<V128Store<Acc>>()];
}

impl<X: Source> Shaped<(Slot, X, Slot)> for V128Store {
    type Instr = V128Store<X>;
}

/// The four words of `I` as a vector, the low one first.
#[inline(always)]
unsafe fn bits<I: Instr>(s: &State, at: usize) -> u128 {
    // SAFETY: the caller's promise: `I` has four words.
    let word = |index: usize| u128::from(unsafe { Operands::<I>::word(s, at, index) });
    word(0) | word(1) << 32 | word(2) << 64 | word(3) << 96
}

/// `v128.const`.
pub(crate) struct V128Const;

impl Instr for V128Const {
    const OP: Op = Op::V128Const;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let value = V128::from(bits::<Self>(s, at));
            Operands::<Self>::set::<Slot, V128>(s, at, value);
        }
        Flow::Next
    }
}

/// A pure function of three vectors.
pub(crate) trait TernaryOp: 'static {
    const OP: Op;

    fn eval(x: V128, y: V128, z: V128) -> V128;
}

/// `d = op x, y, z`.
pub(crate) struct Ternary<O>(PhantomData<O>);

impl<O: TernaryOp> Instr for Ternary<O> {
    const OP: Op = O::OP;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let x = Operands::<Self>::x::<Slot, V128>(s, at);
            let y = Operands::<Self>::y::<Slot, V128>(s, at);
            let z = Operands::<Self>::rest::<V128>(s, at, 0);
            Operands::<Self>::set::<Slot, V128>(s, at, O::eval(x, y, z));
        }
        Flow::Next
    }
}

/// `i8x16.shuffle`.
pub(crate) struct I8x16Shuffle;

impl Instr for I8x16Shuffle {
    const OP: Op = Op::I8x16Shuffle;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let x = Operands::<Self>::x::<Slot, V128>(s, at);
            let y = Operands::<Self>::y::<Slot, V128>(s, at);
            let lanes = bits::<Self>(s, at).to_le_bytes();
            Operands::<Self>::set::<Slot, V128>(s, at, num::i8x16_shuffle(x, y, lanes));
        }
        Flow::Next
    }
}

single_shape! { V128Const I8x16Shuffle }
