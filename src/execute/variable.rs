//! Moves between slots, constants, selection, globals, and references to functions.

use core::marker::PhantomData;

use crate::V128;
use crate::code::{Op, Place, Shape};
use crate::store::GlobalCell;
use crate::types::index::FuncIdx;

use super::instr::{Instr, Operands, Shaped};
use super::memory::clobber;
use super::operand::{Acc, Destination, Imm, Slot, Source, Value, Wide};
use super::ops::{Entry, Handlers, entry, single_shape};
use super::state::{Ctx, Flow, State};

/// `d = x`, 64 bits of any type.
pub(crate) struct Copy<X = Slot>(PhantomData<X>);

impl<X: Source> Instr for Copy<X> {
    const OP: Op = Op::Copy;
    const SHAPE: Shape = Shape::new(Place::Slot, X::PLACE, Place::Slot);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let x = Operands::<Self>::x::<X, i64>(s, at);
            Operands::<Self>::set::<Slot, i64>(s, at, x);
        }
        Flow::Next
    }
}

impl Handlers for Copy {
    const LIST: &'static [Entry] =
        &[entry::<Copy<Slot>>(), entry::<Copy<Acc>>(), entry::<Copy<Imm>>(), entry::<Copy<Wide>>()];
}

impl<X: Source> Shaped<(Slot, X, Slot)> for Copy {
    type Instr = Copy<X>;
}

/// Declares instructions that are `d = x` for a float, which is in its accumulator.
macro_rules! copies {
    ($($name:ident, $ty:ty;)*) => {
        $(
            #[doc = concat!("`d = x`, a value of type ", stringify!($ty), ".")]
            pub(crate) struct $name;
            impl Instr for $name {
                const OP: Op = Op::$name;
                const SHAPE: Shape = Shape::new(Place::Slot, Place::Acc, Place::Slot);

                #[inline(always)]
                unsafe fn run(s: &mut State, at: usize) -> Flow {
                    // SAFETY: the caller's promise.
                    unsafe {
                        let x = Operands::<Self>::x::<Acc, $ty>(s, at);
                        Operands::<Self>::set::<Slot, $ty>(s, at, x);
                    }
                    Flow::Next
                }
            }
            impl Handlers for $name {
                const LIST: &'static [Entry] = &[entry::<$name>()];
            }
            impl Shaped<(Slot, Acc, Slot)> for $name {
                type Instr = $name;
            }
        )*
    };
}

copies! {
    CopyF32, f32;
    CopyF64, f64;
}

/// `d = x`, a vector.
pub(crate) struct CopyV128<X = Slot>(PhantomData<X>);

impl<X: Source> Instr for CopyV128<X> {
    const OP: Op = Op::CopyV128;
    const SHAPE: Shape = Shape::new(Place::Slot, X::PLACE, Place::Slot);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let x = Operands::<Self>::x::<X, V128>(s, at);
            Operands::<Self>::set::<Slot, V128>(s, at, x);
        }
        Flow::Next
    }
}

impl Handlers for CopyV128 {
    const LIST: &'static [Entry] = &[entry::<CopyV128<Slot>>(), entry::<CopyV128<Acc>>()];
}

impl<X: Source> Shaped<(Slot, X, Slot)> for CopyV128 {
    type Instr = CopyV128<X>;
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

/// Declares selections: `d = if x != 0 then first else second`, 64 bits of any type.
macro_rules! selects {
    ($($(#[$doc:meta])* $name:ident($s:ident, $at:ident) $first:expr, $second:expr;)*) => {
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
                        let (first, second): (u64, u64) = ($first, $second);
                        let value = if condition != 0 { first } else { second };
                        Operands::<Self>::set::<D, u64>($s, $at, value);
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
    /// Between two slots.
    Select(s, at) Operands::<Self>::rest(s, at, 0), Operands::<Self>::rest(s, at, 1);
    /// Between an immediate and a slot.
    SelectImmFirst(s, at) imm::<Self>(s, at, 0), Operands::<Self>::rest(s, at, 0);
    /// Between a slot and an immediate.
    SelectImmSecond(s, at) Operands::<Self>::rest(s, at, 0), imm::<Self>(s, at, 0);
    /// Between two immediates.
    SelectImms(s, at) imm::<Self>(s, at, 0), imm::<Self>(s, at, 1);
}

/// The family's word number `index` as the 64 bits it stands for.
#[inline(always)]
unsafe fn imm<I: Instr>(s: &State, at: usize, index: usize) -> u64 {
    // SAFETY: the caller's promise.
    u64::from_imm(unsafe { Operands::<I>::word(s, at, index) })
}

/// [`Select`] for vectors.
pub(crate) struct SelectV128<D = Slot, X = Slot>(PhantomData<(D, X)>);

impl<D: Destination, X: Source> Instr for SelectV128<D, X> {
    const OP: Op = Op::SelectV128;
    const SHAPE: Shape = Shape::new(D::PLACE, X::PLACE, Place::Slot);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let condition = Operands::<Self>::x::<X, i32>(s, at);
            let first = Operands::<Self>::rest::<V128>(s, at, 0);
            let second = Operands::<Self>::rest::<V128>(s, at, 1);
            let value = if condition != 0 { first } else { second };
            Operands::<Self>::set::<D, V128>(s, at, value);
        }
        Flow::Next
    }
}

impl Handlers for SelectV128 {
    const LIST: &'static [Entry] = &[
        entry::<SelectV128<Slot, Slot>>(),
        entry::<SelectV128<Slot, Acc>>(),
        entry::<SelectV128<Acc, Slot>>(),
        entry::<SelectV128<Acc, Acc>>(),
    ];
}

/// The cell of the global with the index in the first word of `I`.
#[inline(always)]
unsafe fn global<I: Instr>(s: &State, at: usize) -> *mut GlobalCell {
    // SAFETY: the caller's promise; validation has checked the index.
    unsafe { (*s.ctx).globals.add(Operands::<I>::word(s, at, 0) as usize).read() }
}

/// `d = global`, 64 bits of any type.
pub(crate) struct GlobalGet<D = Slot>(PhantomData<D>);

impl<D: Destination> Instr for GlobalGet<D> {
    const OP: Op = Op::GlobalGet;
    const SHAPE: Shape = Shape::new(D::PLACE, Place::Slot, Place::Slot);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let value = (*global::<Self>(s, at)).bits[0];
            Operands::<Self>::set::<D, u64>(s, at, value);
        }
        Flow::Next
    }
}

impl Handlers for GlobalGet {
    const LIST: &'static [Entry] = &[entry::<GlobalGet<Slot>>(), entry::<GlobalGet<Acc>>()];
}

impl<D: Destination> Shaped<(D, Slot, Slot)> for GlobalGet {
    type Instr = GlobalGet<D>;
}

/// `global = x`, 64 bits of any type.
pub(crate) struct GlobalSet<X = Slot>(PhantomData<X>);

impl<X: Source> Instr for GlobalSet<X> {
    const OP: Op = Op::GlobalSet;
    const SHAPE: Shape = Shape::new(Place::Slot, X::PLACE, Place::Slot);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let value = Operands::<Self>::x::<X, u64>(s, at);
            (*global::<Self>(s, at)).bits[0] = value;
        }
        Flow::Next
    }
}

impl Handlers for GlobalSet {
    const LIST: &'static [Entry] =
        &[entry::<GlobalSet<Slot>>(), entry::<GlobalSet<Acc>>(), entry::<GlobalSet<Imm>>()];
}

impl<X: Source> Shaped<(Slot, X, Slot)> for GlobalSet {
    type Instr = GlobalSet<X>;
}

/// `d = global`, a vector.
pub(crate) struct GlobalGetV128<D = Slot>(PhantomData<D>);

impl<D: Destination> Instr for GlobalGetV128<D> {
    const OP: Op = Op::GlobalGetV128;
    const SHAPE: Shape = Shape::new(D::PLACE, Place::Slot, Place::Slot);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise; a cell has room for a vector.
        unsafe {
            let value = V128::read(global::<Self>(s, at).cast());
            Operands::<Self>::set::<D, V128>(s, at, value);
        }
        Flow::Next
    }
}

impl Handlers for GlobalGetV128 {
    const LIST: &'static [Entry] = &[entry::<GlobalGetV128<Slot>>(), entry::<GlobalGetV128<Acc>>()];
}

/// `global = x`, a vector.
pub(crate) struct GlobalSetV128<X = Slot>(PhantomData<X>);

impl<X: Source> Instr for GlobalSetV128<X> {
    const OP: Op = Op::GlobalSetV128;
    const SHAPE: Shape = Shape::new(Place::Slot, X::PLACE, Place::Slot);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise; a cell has room for a vector.
        unsafe {
            let value = Operands::<Self>::x::<X, V128>(s, at);
            value.write(global::<Self>(s, at).cast());
        }
        Flow::Next
    }
}

impl Handlers for GlobalSetV128 {
    const LIST: &'static [Entry] = &[entry::<GlobalSetV128<Slot>>(), entry::<GlobalSetV128<Acc>>()];
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
