//! Exceptions: throwing, and unwinding to the clause that catches.
//!
//! Nothing is done before something is thrown: `try_table` has no code. Unwinding looks for a clause
//! first, from the newest record to the oldest, and changes nothing until it has found one: an
//! exception that nobody catches leaves everything in place for the backtrace. Until it is caught,
//! what an exception carries stays where it is.

use crate::code::Op;
use crate::code::handlers::Clause;
use crate::store::{Alive, HeapHandle, InstanceData};
use crate::types::index::TagIdx;
use crate::{Exception, Trap};

use super::control::Next;
use super::instr::{Instr, Operands};
use super::memory::{clobber, instance};
use super::operand::Slot;
use super::ops::single_shape;
use super::state::{Ctx, Flow, State};

/// `throw`.
pub(crate) struct Throw;

impl Instr for Throw {
    const OP: Op = Op::Throw;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let tag = TagIdx(Operands::<Self>::word(s, at, 0));
            let payload = s.sp.add(Operands::<Self>::word(s, at, 1) as usize).cast();
            let slots = Operands::<Self>::word(s, at, 2) as usize;
            let frame = Next { pc: s.pc.add(at + Self::AT.bytes), sp: s.sp };
            let next = throw(s.ctx, frame, tag, payload, slots);
            go_to(s, next)
        }
    }
}

/// `throw_ref x`.
pub(crate) struct ThrowRef;

impl Instr for ThrowRef {
    const OP: Op = Op::ThrowRef;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise; x is a reference to an exception.
        unsafe {
            let Some(id) = HeapHandle::from_slot(Operands::<Self>::x::<Slot, u64>(s, at)) else {
                return Flow::Trap(Trap::NullReference);
            };
            let frame = Next { pc: s.pc.add(at + Self::AT.bytes), sp: s.sp };
            let next = throw_object(s.ctx, frame, id);
            go_to(s, next)
        }
    }
}

single_shape! { Throw ThrowRef }

/// Goes on where the exception was caught, if it was.
#[inline(always)]
fn go_to(s: &mut State, next: Next) -> Flow {
    if next.pc.is_null() {
        return Flow::Stop;
    }
    s.pc = next.pc;
    s.sp = next.sp;
    clobber(s);
    Flow::Jump
}

/// An exception that is on its way.
struct Thrown {
    /// The position of the tag in the store.
    tag: u32,
    /// What it carries: on the stack, in the store or elsewhere.
    payload: *const u64,
    slots: usize,
    /// The exception as an object of the store, if it is one.
    object: Option<HeapHandle>,
}

/// Throws an exception from the instruction that ends at `frame.pc`, in the frame at `frame.sp`.
///
/// # Safety
///
/// `ctx` runs that instruction; `tag` is one of the running instance's module, and there are as many
/// slots of its types at `payload`, in the frame.
#[cold]
#[inline(never)]
unsafe fn throw(
    ctx: *mut Ctx,
    frame: Next,
    tag: TagIdx,
    payload: *const u64,
    slots: usize,
) -> Next {
    // SAFETY: the caller's promise.
    unsafe {
        let tag = instance(ctx).tags[tag.index()];
        let thrown = Thrown { tag, payload, slots, object: None };
        unwind_or_leave(ctx, frame, &thrown)
    }
}

/// As [`throw`], an exception that is an object of the store.
///
/// # Safety
///
/// As for `throw`; `object` is an exception of the store.
#[cold]
#[inline(never)]
unsafe fn throw_object(ctx: *mut Ctx, frame: Next, object: HeapHandle) -> Next {
    // SAFETY: the caller's promise. A payload stays where it is as long as the exception does.
    unsafe {
        let (tag, payload) = (*(*ctx).store.as_ptr()).heap.exception(object);
        let (payload, slots) = (payload.as_ptr(), payload.len());
        let thrown = Thrown { tag, payload, slots, object: Some(object) };
        unwind_or_leave(ctx, frame, &thrown)
    }
}

/// Goes on where `thrown` is caught; if it isn't, it becomes the error that ends this entry from the
/// host.
///
/// # Safety
///
/// As for [`throw`].
unsafe fn unwind_or_leave(ctx: *mut Ctx, frame: Next, thrown: &Thrown) -> Next {
    // SAFETY: the caller's promise.
    unsafe {
        if let Some(next) = unwind(ctx, Some(frame), thrown) {
            return next;
        }
        // The byte before is one of the operands, as for a call.
        ((*ctx).stop_pc, (*ctx).stop_operands) = (frame.pc.wrapping_sub(1), 0);
        let payload = core::slice::from_raw_parts(thrown.payload, thrown.slots);
        let store = &mut *(*ctx).store.as_ptr();
        (*ctx).error = Some(Exception::from_slots(store, thrown.tag, payload).into());
        Next::STOP
    }
}

/// Goes on where the exception is caught that a host function has left as error in the context, if
/// it is one and is caught. `frame` is the caller's, or `None` if the call was a tail call.
///
/// # Safety
///
/// `ctx` has just called a host function that failed.
#[cold]
#[inline(never)]
pub(super) unsafe fn catch_from_host(ctx: *mut Ctx, frame: Option<Next>) -> Next {
    // SAFETY: the caller's promise.
    unsafe {
        let Some(error) = (*ctx).error.take() else {
            return Next::STOP;
        };
        let id = (*(*ctx).store.as_ptr()).id;
        // One of another store has no meaning to this guest.
        let exception =
            error.as_exception().and_then(|thrown| Some((thrown, thrown.tag().position_in(id)?)));
        if let Some((exception, tag)) = exception {
            let payload = exception.slots((*ctx).store.as_ref());
            let (payload, slots) = (payload.as_ptr(), payload.len());
            let thrown = Thrown { tag, payload, slots, object: None };
            if let Some(next) = unwind(ctx, frame, &thrown) {
                return next;
            }
        }
        (*ctx).error = Some(error);
        Next::STOP
    }
}

/// Looks for the clause that catches `thrown`, from `frame` on, or from its caller if there is none;
/// leaves the frames above, and goes on at the clause's target. `None` if nobody catches it.
///
/// # Safety
///
/// `ctx` runs in that frame; `thrown` is what it says.
unsafe fn unwind(ctx: *mut Ctx, frame: Option<Next>, thrown: &Thrown) -> Option<Next> {
    // SAFETY: the caller's promise. Between the newest and the oldest record all are written, and
    // the oldest leads to the cell that halts; instances live as long as the store.
    unsafe {
        let mut instance: *const InstanceData = (*ctx).instance;
        let mut record = (*ctx).records;
        let mut next = frame;
        loop {
            if let Some(Next { pc, sp }) = next {
                let data = &*instance;
                let is_thrown = |tag: TagIdx| data.tags[tag.index()] == thrown.tag;
                if let Some((pc, clause)) = data.module.inner().code.find_clause(pc, is_thrown) {
                    (*ctx).records = record;
                    if instance != (*ctx).instance {
                        (*ctx).enter_instance(instance);
                    }
                    return Some(enter(ctx, Next { pc, sp }, clause, thrown));
                }
            }
            if (*record).pc == (&raw const (*ctx).restore).cast() {
                instance = (*record).sp.cast();
                record = record.add(1);
            }
            if (*record).pc == (&raw const (*ctx).halt).cast() {
                return None;
            }
            next = Some(Next { pc: (*record).pc, sp: (*record).sp });
            record = record.add(1);
        }
    }
}

/// Brings an exception to where `clause` catches it, and gives where to go on: at `target`, or
/// nowhere if there is no memory for the reference.
///
/// # Safety
///
/// The frame at `target.sp` is of the function with the clause, and is the newest now; `thrown` is
/// what it says.
unsafe fn enter(ctx: *mut Ctx, target: Next, clause: Clause, thrown: &Thrown) -> Next {
    // SAFETY: the caller's promise: the clause's slots are in the frame.
    unsafe {
        let mut reference = 0;
        if clause.with_ref {
            // Before the move: the payload may be where the frame's slots are.
            let stack_end = target.sp.cast::<u64>().add(clause.slot as usize);
            let Some(object) = thrown.object.or_else(|| put(ctx, thrown, stack_end)) else {
                ((*ctx).stop_pc, (*ctx).stop_operands) = (target.pc, 0);
                (*ctx).trap = Some(Trap::AllocationTooLarge);
                return Next::STOP;
            };
            reference = object.slot();
        }
        let mut values = target.sp.cast::<u64>().add(clause.slot as usize);
        if clause.tag.is_some() {
            core::ptr::copy(thrown.payload, values, thrown.slots);
            values = values.add(thrown.slots);
        }
        if clause.with_ref {
            values.write(reference);
        }
    }
    target
}

/// Makes an exception an object of the store; `None` if there is no memory for it.
///
/// # Safety
///
/// `ctx` runs, all live slots are below `stack_end`, and `thrown` is what it says.
unsafe fn put(ctx: *mut Ctx, thrown: &Thrown, stack_end: *const u64) -> Option<HeapHandle> {
    // SAFETY: the caller's promise; what is carried is alive, too.
    unsafe {
        let payload = core::slice::from_raw_parts(thrown.payload, thrown.slots);
        let store = &mut *(*ctx).store.as_ptr();
        store.make_room(payload.len() as u64 * 8, Alive { stack_end, words: [payload, &[]] });
        let object = store.heap.alloc_exception(thrown.tag, payload);
        (*ctx).reload();
        object
    }
}
