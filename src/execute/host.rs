//! What handlers call that is not theirs to do: host functions and translation.
//!
//! All functions are outlined and take plain values: a handler that let its state escape to them
//! would keep its frame on the native stack.

use alloc::sync::Arc;
use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use crate::Trap;
use crate::error::Error;
use crate::store::{HostFunc, StoreInner};

use super::backtrace;
use super::state::Ctx;

/// Calls host function number `index` with the slots at `slots`, for the guest that called it from
/// the cell that ends at `pc`. Says whether to go on; if not, the reason is in the context.
///
/// # Safety
///
/// `ctx` runs; the function is one of its store and its parameters are at `slots`, which are on the
/// stack above all live frames.
pub(super) unsafe fn call_from_guest(
    ctx: *mut Ctx,
    index: u32,
    slots: *mut u64,
    pc: *const u8,
) -> bool {
    // SAFETY: the caller's promise. The host gets the store while the guest waits: what the context
    // caches of it is read again afterwards.
    unsafe {
        let store = (*ctx).store;
        // The call is before the cell that it returns to.
        ((*ctx).stop_pc, (*ctx).stop_operands) = (pc.wrapping_sub(1), 0);
        let func = &*func(store, index);
        let count = func.param_slots.max(func.result_slots) as usize;
        if (*ctx).records.addr().wrapping_sub(slots.addr()) < count * size_of::<u64>() {
            (*ctx).trap = Some(Trap::StackOverflow);
            return false;
        }
        (*store.as_ptr()).stack.suspend(slots.add(count), (*ctx).records);
        (*store.as_ptr()).fuel = (*ctx).fuel;
        let slots = core::slice::from_raw_parts_mut(slots, count);
        let scope = (*store.as_ptr()).roots.enter();
        let result = (func.call)(store, (*ctx).instance, slots);
        (*store.as_ptr()).roots.leave(scope);
        (*ctx).fuel = (*store.as_ptr()).fuel;
        (*ctx).reload();
        match result {
            Ok(()) => true,
            Err(error) => {
                (*ctx).error = Some(error);
                false
            }
        }
    }
}

/// Host function number `index` of the store. Stores never let go of their functions, so that the
/// pointer is good as long as the store is.
///
/// # Safety
///
/// The store is alive and has such a function.
pub(super) unsafe fn func(store: NonNull<StoreInner>, index: u32) -> *const HostFunc {
    // SAFETY: the caller's promise.
    unsafe { Arc::as_ptr(&(&(*store.as_ptr()).lists.host_funcs)[index as usize]) }
}

/// The number of result slots of host function number `index`.
///
/// # Safety
///
/// `ctx` runs, and the function is one of its store.
pub(super) unsafe fn result_slots(ctx: *mut Ctx, index: u32) -> usize {
    // SAFETY: the caller's promise.
    unsafe { (*func((*ctx).store, index)).result_slots as usize }
}

/// Translates defined function number `index` of the running instance's module. The result is its
/// code, or null with the reason in the context.
///
/// # Safety
///
/// `ctx` runs; `pc` is the cell that asks.
#[cold]
#[inline(never)]
pub(super) unsafe fn translate(ctx: *mut Ctx, index: u32, pc: *const u8) -> *const u8 {
    // SAFETY: the caller's promise.
    unsafe {
        let module = (*(*ctx).instance).module.inner();
        match module.code.translate(module, index as usize) {
            Ok(()) => module.code.entry(index as usize).code.load(Ordering::Acquire),
            Err(error) => {
                (*ctx).stop_pc = pc;
                (*ctx).error = Some(error);
                core::ptr::null()
            }
        }
    }
}

/// Why the execution of `ctx` stopped, as the error to report; `None` if it is done.
///
/// # Safety
///
/// `ctx` has just stopped, and `oldest` is the record it began with.
pub(super) unsafe fn outcome(ctx: &mut Ctx, oldest: *const super::state::Record) -> Option<Error> {
    if ctx.trap.is_none() && ctx.error.is_none() {
        return None;
    }
    // SAFETY: the caller's promise.
    let backtrace = unsafe { backtrace::collect(ctx, oldest) };
    Some(match (ctx.error.take(), ctx.trap.take()) {
        (Some(error), _) => error.with_backtrace(backtrace),
        (None, Some(trap)) => Error::trap(trap, backtrace),
        (None, None) => return None,
    })
}
