//! Execution: entry from the host, dispatch, and the handlers of all instructions.
//!
//! `ops` makes the op types and the handler table from the op table; `instr` composes instructions
//! from an op and the places of its operands; `control`, `variable`, `memory`, `table` and `simd`
//! hold the instructions; `dispatch` leads from one handler to the next. Nothing here validates:
//! code comes from the translator, which relies on validation.

mod arena;
mod backtrace;
mod code_map;
mod control;
mod dispatch;
mod exception;
mod host;
mod instr;
mod memory;
mod object;
mod operand;
mod ops;
mod reference;
mod simd;
mod stack;
mod state;
mod table;
mod variable;
mod vector;

use alloc::vec::Vec;
use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use crate::Trap;
use crate::backtrace::WasmBacktrace;
use crate::error::Error;
use crate::store::{FuncEntity, FuncId, InstanceData, StoreInner};

pub(crate) use code_map::{CodeMap, FuncEntry};
pub(crate) use control::ENTER_MARGIN_BYTES;
pub(crate) use stack::{Stack, StackBuffer};

use state::{Ctx, Record, State};

/// Calls a function of the store with the parameters in the first slots of `slots`, and leaves the
/// results there.
///
/// # Errors
///
/// If the guest traps, a host function fails, or calls between host and guest nest too deeply.
///
/// # Safety
///
/// `func` is a function of the store, and `slots` has room for its parameters and its results.
pub(crate) unsafe fn call(
    store: NonNull<StoreInner>,
    func: FuncId,
    slots: &mut [u64],
) -> Result<(), Error> {
    // SAFETY: the caller's promise; the entity is copied out.
    let FuncEntity { host, instance, entry, .. } =
        unsafe { (&(*store.as_ptr()).lists.funcs)[func.0 as usize] };
    let entered = Entered::new(store)?;
    // SAFETY: the caller's promise.
    unsafe {
        if host != 0 {
            let func = host::func(store, host - 1);
            ((*func).call)(store, core::ptr::null(), slots)
        } else {
            call_guest(&entered, instance, entry, slots)
        }
    }
}

/// A call from the host that has not returned: one more level of nesting, the part of the stack that
/// was free when it began, and a scope of references. All end with it, be it by a panic of the host.
struct Entered {
    store: NonNull<StoreInner>,
    top: *mut u64,
    records: *mut Record,
    scope: usize,
}

impl Entered {
    fn new(store: NonNull<StoreInner>) -> Result<Entered, Error> {
        // SAFETY: the store is alive and nothing else uses it now.
        let inner = unsafe { &mut *store.as_ptr() };
        if inner.reentry_depth >= inner.engine.config().host_reentry_max() {
            return Err(stack_overflow());
        }
        let (top, records) =
            inner.stack.free().ok_or_else(|| Error::msg("no memory for the stack"))?;
        inner.reentry_depth += 1;
        Ok(Entered { store, top, records, scope: inner.roots.enter() })
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        // SAFETY: as in `new`.
        let inner = unsafe { &mut *self.store.as_ptr() };
        inner.reentry_depth -= 1;
        inner.stack.suspend(self.top, self.records);
        inner.roots.leave(self.scope);
    }
}

#[cold]
fn stack_overflow() -> Error {
    Error::trap(Trap::StackOverflow, WasmBacktrace { frames: Vec::new() })
}

/// Runs a function of a module.
///
/// # Safety
///
/// As for [`call`]; `instance` and `entry` are the function's.
unsafe fn call_guest(
    entered: &Entered,
    instance: *const InstanceData,
    entry: *const FuncEntry,
    slots: &mut [u64],
) -> Result<(), Error> {
    let Entered { store, top, records, .. } = *entered;
    let oldest = records.wrapping_sub(1);
    let arguments_end = top.wrapping_add(slots.len()).cast::<u8>();
    if arguments_end.wrapping_add(ENTER_MARGIN_BYTES as usize) > oldest.cast() {
        return Err(stack_overflow());
    }
    // SAFETY: the caller's promise. What is between `top` and `records` is free, and there is room
    // for the arguments and a record.
    unsafe {
        top.copy_from_nonoverlapping(slots.as_ptr(), slots.len());
        let mut ctx = Ctx::new(store, oldest, (*store.as_ptr()).fuel);
        let ctx = &raw mut ctx;
        oldest.write(Record { pc: (&raw const (*ctx).halt).cast(), sp: top.cast() });
        (*ctx).enter_instance(instance);
        let pc = (*entry).code.load(Ordering::Acquire);
        dispatch::run(State::new(pc, top.cast(), ctx));
        (*store.as_ptr()).fuel = (*ctx).fuel;
        match host::outcome(&mut *ctx, oldest) {
            None => {
                slots.as_mut_ptr().copy_from_nonoverlapping(top, slots.len());
                Ok(())
            }
            Some(error) => Err(error),
        }
    }
}
