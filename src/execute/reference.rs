//! Instructions that ask what references lead to: tests and casts.

use crate::Trap;
use crate::code::{Op, RefTarget};
use crate::store::HeapHandle;
use crate::types::{CompositeKind, TypeId};

use super::instr::{Instr, Operands};
use super::memory::clobber;
use super::operand::Slot;
use super::ops::single_shape;
use super::state::{Ctx, Flow, State};

/// `d = ref.test x`: 1 if the reference is of the type, or 0.
pub(crate) struct RefTest;

impl Instr for RefTest {
    const OP: Op = Op::RefTest;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let is_of = asked::<Self>(s, at);
            clobber(s);
            Operands::<Self>::set::<Slot, i32>(s, at, i32::from(is_of));
        }
        Flow::Next
    }
}

/// `ref.cast x`: traps if the reference is not of the type, and leaves it alone otherwise.
pub(crate) struct RefCast;

impl Instr for RefCast {
    const OP: Op = Op::RefCast;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        let is_of = unsafe { asked::<Self>(s, at) };
        clobber(s);
        if is_of { Flow::Next } else { Flow::Trap(Trap::CastFailure) }
    }
}

single_shape! { RefTest RefCast }

/// Whether the operand `x` of `I` is of the type that its words say.
#[inline(always)]
unsafe fn asked<I: Instr>(s: &State, at: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let slot = Operands::<I>::x::<Slot, u64>(s, at);
        is_of(s.ctx, slot, Operands::<I>::word(s, at, 0), Operands::<I>::word(s, at, 1))
    }
}

/// Whether the reference in `slot` is of the type that `target` and `ty` say.
///
/// # Safety
///
/// `ctx` runs; the reference is one of the hierarchy of that type.
#[inline(never)]
unsafe fn is_of(ctx: *mut Ctx, slot: u64, target: u32, ty: u32) -> bool {
    let (target, nullable) = RefTarget::from_word(target);
    if slot == 0 {
        return nullable;
    }
    // SAFETY: the caller's promise: nothing else uses the store.
    let store = unsafe { (*ctx).store.as_ref() };
    let kind = |kinds: &[CompositeKind]| {
        let Some(handle) = HeapHandle::from_slot(slot) else {
            return false;
        };
        let ty = store.heap.header(handle).ty;
        let ty = store.heap.types.get(ty.index());
        ty.is_some_and(|ty| kinds.contains(&ty.composite.kind()))
    };
    match target {
        RefTarget::Top => true,
        RefTarget::Bottom => false,
        RefTarget::I31 => HeapHandle::from_slot(slot).is_none(),
        RefTarget::Eq => {
            HeapHandle::from_slot(slot).is_none()
                || kind(&[CompositeKind::Struct, CompositeKind::Array])
        }
        RefTarget::Struct => kind(&[CompositeKind::Struct]),
        RefTarget::Array => kind(&[CompositeKind::Array]),
        RefTarget::Object => HeapHandle::from_slot(slot)
            .is_some_and(|handle| store.is_subtype(store.heap.header(handle).ty, TypeId(ty))),
        RefTarget::Func => store.is_subtype(store.lists.funcs[slot as usize - 1].ty, TypeId(ty)),
    }
}
