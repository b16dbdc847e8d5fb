//! Moves between slots, constants, selection, globals, and references to functions.

use core::marker::PhantomData;

use crate::V128;
use crate::code::{Op, Place, Shape};
use crate::types::index::FuncIdx;

use super::instr::{Instr, Operands, Shaped};
use super::memory::clobber;
use super::operand::{Acc, Destination, Imm, Slot, Source, Value, Wide};
use super::ops::{Entry, Handlers, entry, single_shape};
use super::state::{Ctx, Flow, State};

/// Declares instructions that are `d = x`, with the places that `x` may have.
macro_rules! copies {
    ($($(#[$doc:meta])* $name:ident: $ty:ty, $($place:ident)*;)*) => {
        $(
            $(#[$doc])*
            pub(crate) struct $name<D = Slot, X = Slot>(PhantomData<(D, X)>);

            impl<D: Destination, X: Source> Instr for $name<D, X> {
                const OP: Op = Op::$name;
                const SHAPE: Shape = Shape::new(D::PLACE, X::PLACE, Place::Slot);

                #[inline(always)]
                unsafe fn run(s: &mut State, at: usize) -> Flow {
                    // SAFETY: the caller's promise.
                    unsafe {
                        let x = Operands::<Self>::x::<X, $ty>(s, at);
                        Operands::<Self>::set::<D, $ty>(s, at, x);
                    }
                    Flow::Next
                }
            }

            impl Handlers for $name {
                const LIST: &'static [Entry] = &[$(entry::<$name<Slot, $place>>()),*];
            }

            impl<D: Destination, X: Source> Shaped<(D, X, Slot)> for $name {
                type Instr = $name<D, X>;
            }
        )*
    };
}

copies! {
    /// `d = x`, 64 bits of any type.
    Copy: i64, Slot Acc Imm Wide;
    /// `d = x`, an f32, which is in its accumulator.
    CopyF32: f32, Acc;
    /// `d = x`, an f64, which is in its accumulator.
    CopyF64: f64, Acc;
    /// `d = x`, a vector.
    CopyV128: V128, Slot Acc;
}

/// A copy between slots beyond the reach of 16-bit fields; the words are byte offsets.
pub(crate) struct CopyFar;

impl Instr for CopyFar {
    const OP: Op = Op::CopyFar;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise; both slots are in the frame.
        unsafe {
            let to = s.sp.add(Operands::<Self>::word(s, at, 0) as usize);
            let from = s.sp.add(Operands::<Self>::word(s, at, 1) as usize);
            to.cast::<u64>().write(from.cast::<u64>().read());
        }
        Flow::Next
    }
}

/// A copy of neighbouring slots; the words are byte offsets and the number of slots.
pub(crate) struct CopySpan;

impl Instr for CopySpan {
    const OP: Op = Op::CopySpan;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise; both spans are in the frame.
        unsafe {
            let to = s.sp.add(Operands::<Self>::word(s, at, 0) as usize).cast::<u64>();
            let from = s.sp.add(Operands::<Self>::word(s, at, 1) as usize).cast::<u64>();
            let count = Operands::<Self>::word(s, at, 2) as usize;
            copy_span(from, to, count);
        }
        clobber(s);
        Flow::Next
    }
}

/// # Safety
///
/// Both spans are within the stack.
#[inline(never)]
pub(crate) unsafe fn copy_span(from: *const u64, to: *mut u64, count: usize) {
    // SAFETY: the caller's promise.
    unsafe { core::ptr::copy(from, to, count) }
}

single_shape! { CopyFar CopySpan }

/// Declares selections: `d = if x != 0 then first else second`.
macro_rules! selects {
    ($($(#[$doc:meta])* $name:ident($s:ident, $at:ident): $ty:ty = $first:expr, $second:expr;)*) => {
        $(
            $(#[$doc])*
            pub(crate) struct $name<D = Slot, X = Slot>(PhantomData<(D, X)>);

            impl<D: Destination, X: Source> Instr for $name<D, X> {
                const OP: Op = Op::$name;
                const SHAPE: Shape = Shape::new(D::PLACE, X::PLACE, Place::Slot);

                #[inline(always)]
                unsafe fn run($s: &mut State, $at: usize) -> Flow {
                    // SAFETY: the caller's promise.
                    unsafe {
                        let condition = Operands::<Self>::x::<X, i32>($s, $at);
                        let (first, second): ($ty, $ty) = ($first, $second);
                        let value = if condition != 0 { first } else { second };
                        Operands::<Self>::set::<D, $ty>($s, $at, value);
                    }
                    Flow::Next
                }
            }

            impl Handlers for $name {
                const LIST: &'static [Entry] = &[
                    entry::<$name<Slot, Slot>>(),
                    entry::<$name<Slot, Acc>>(),
                    entry::<$name<Acc, Slot>>(),
                    entry::<$name<Acc, Acc>>(),
                ];
            }

            impl<D: Destination, X: Source> Shaped<(D, X, Slot)> for $name {
                type Instr = $name<D, X>;
            }
        )*
    };
}

selects! {
    /// Between two slots of any type but a vector's.
    Select(s, at): u64 = Operands::<Self>::rest(s, at, 0), Operands::<Self>::rest(s, at, 1);
    /// Between an immediate and a slot.
    SelectImmFirst(s, at): u64 = imm::<Self>(s, at, 0), Operands::<Self>::rest(s, at, 0);
    /// Between a slot and an immediate.
    SelectImmSecond(s, at): u64 = Operands::<Self>::rest(s, at, 0), imm::<Self>(s, at, 0);
    /// Between two immediates.
    SelectImms(s, at): u64 = imm::<Self>(s, at, 0), imm::<Self>(s, at, 1);
    /// Between two vectors.
    SelectV128(s, at): V128 = Operands::<Self>::rest(s, at, 0), Operands::<Self>::rest(s, at, 1);
}

/// The family's word number `index` as the 64 bits it stands for.
#[inline(always)]
unsafe fn imm<I: Instr>(s: &State, at: usize, index: usize) -> u64 {
    // SAFETY: the caller's promise.
    u64::from_imm(unsafe { Operands::<I>::word(s, at, index) })
}

/// The value of the global with the index in the first word of `I`.
#[inline(always)]
unsafe fn global<I: Instr>(s: &State, at: usize) -> *mut u64 {
    // SAFETY: the caller's promise; validation has checked the index.
    unsafe {
        let cell = (*s.ctx).globals.add(Operands::<I>::word(s, at, 0) as usize).read();
        (&raw mut (*cell).bits).cast()
    }
}

/// Declares `d = global` and `global = x` of values of a type, with the places that `x` may have.
macro_rules! globals {
    ($($(#[$get_doc:meta])* $get:ident, $(#[$set_doc:meta])* $set:ident: $ty:ty, $($place:ident)*;)*) => {
        $(
            $(#[$get_doc])*
            pub(crate) struct $get<D = Slot>(PhantomData<D>);

            impl<D: Destination> Instr for $get<D> {
                const OP: Op = Op::$get;
                const SHAPE: Shape = Shape::new(D::PLACE, Place::Slot, Place::Slot);

                #[inline(always)]
                unsafe fn run(s: &mut State, at: usize) -> Flow {
                    // SAFETY: the caller's promise; a global has room for a vector.
                    unsafe {
                        let value = <$ty>::read(global::<Self>(s, at));
                        Operands::<Self>::set::<D, $ty>(s, at, value);
                    }
                    Flow::Next
                }
            }

            impl Handlers for $get {
                const LIST: &'static [Entry] = &[entry::<$get<Slot>>(), entry::<$get<Acc>>()];
            }

            impl<D: Destination> Shaped<(D, Slot, Slot)> for $get {
                type Instr = $get<D>;
            }

            $(#[$set_doc])*
            pub(crate) struct $set<X = Slot>(PhantomData<X>);

            impl<X: Source> Instr for $set<X> {
                const OP: Op = Op::$set;
                const SHAPE: Shape = Shape::new(Place::Slot, X::PLACE, Place::Slot);

                #[inline(always)]
                unsafe fn run(s: &mut State, at: usize) -> Flow {
                    // SAFETY: the caller's promise; a global has room for a vector.
                    unsafe { Operands::<Self>::x::<X, $ty>(s, at).write(global::<Self>(s, at)) }
                    Flow::Next
                }
            }

            impl Handlers for $set {
                const LIST: &'static [Entry] = &[$(entry::<$set<$place>>()),*];
            }

            impl<X: Source> Shaped<(Slot, X, Slot)> for $set {
                type Instr = $set<X>;
            }
        )*
    };
}

globals! {
    /// `d = global`, 64 bits of any type.
    GlobalGet,
    /// `global = x`, 64 bits of any type.
    GlobalSet: u64, Slot Acc Imm;
    /// `d = global`, a vector.
    GlobalGetV128,
    /// `global = x`, a vector.
    GlobalSetV128: V128, Slot Acc;
}

/// `d = ref.func`.
pub(crate) struct RefFunc;

impl Instr for RefFunc {
    const OP: Op = Op::RefFunc;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let value = ref_func(s.ctx, Operands::<Self>::word(s, at, 0));
            clobber(s);
            Operands::<Self>::set::<Slot, u64>(s, at, value);
        }
        Flow::Next
    }
}

#[inline(never)]
unsafe fn ref_func(ctx: *mut Ctx, func: u32) -> u64 {
    // SAFETY: the caller's promise; validation has checked the index.
    unsafe {
        let instance = core::ptr::NonNull::new_unchecked((*ctx).instance.cast_mut());
        let slot = (*(*ctx).store.as_ptr()).func_ref(instance, FuncIdx(func));
        (*ctx).reload();
        slot
    }
}

single_shape! { RefFunc }
