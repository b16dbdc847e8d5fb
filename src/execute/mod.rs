//! Execution: entry from the host, dispatch, and the handlers of all instructions.
//!
//! `ops` makes the op types and the handler table from the op table; `instr` composes instructions
//! from an op and the places of its operands; `control`, `variable`, `memory`, `table` and `simd`
//! hold the instructions; `dispatch` leads from one handler to the next. Nothing here validates:
//! code comes from the translator, which relies on validation.

mod backtrace;
mod code_map;
mod control;
mod dispatch;
mod host;
mod instr;
mod memory;
mod operand;
mod ops;
mod simd;
mod stack;
mod state;
mod table;
mod variable;

use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use crate::Trap;
use crate::backtrace::WasmBacktrace;
use crate::error::Error;
use crate::store::{FuncEntity, FuncId, StoreInner};

pub(crate) use code_map::{CodeMap, FuncEntry};
pub(crate) use control::ENTER_MARGIN_BYTES;
pub(crate) use stack::Stack;

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
    let inner = store.as_ptr();
    // SAFETY: the caller's promise; the entity is copied out.
    let FuncEntity {
        host,
        instance,
        entry,
        ..
    } = unsafe { (&(*inner).funcs)[func.0 as usize] };
    // SAFETY: as above.
    unsafe {
        if (*inner).reentry_depth >= (*inner).engine.config().host_reentry_max() {
            return Err(Error::trap(
                Trap::StackOverflow,
                WasmBacktrace {
                    frames: alloc::vec![],
                },
            ));
        }
        (*inner).reentry_depth += 1;
        let result = if host != 0 {
            let func = (&(*inner).host_funcs)[host as usize - 1].clone();
            (func.call)(store, core::ptr::null(), slots)
        } else {
            call_guest(store, instance, entry, slots)
        };
        (*inner).reentry_depth -= 1;
        result
    }
}

/// Runs a function of a module.
///
/// # Safety
///
/// As for [`call`]; `instance` and `entry` are the function's.
unsafe fn call_guest(
    store: NonNull<StoreInner>,
    instance: *const crate::store::InstanceData,
    entry: *const FuncEntry,
    slots: &mut [u64],
) -> Result<(), Error> {
    let inner = store.as_ptr();
    // SAFETY: the caller's promise. What is between `top` and `records` is free; it is given back
    // as it was found.
    unsafe {
        let Some((top, records)) = (*inner).stack.free() else {
            return Err(Error::msg("no memory for the stack"));
        };
        let oldest = records.sub(1);
        let limit = top.wrapping_add(slots.len()).cast::<u8>();
        if limit.wrapping_add(ENTER_MARGIN_BYTES as usize) > oldest.cast() {
            return Err(Error::trap(
                Trap::StackOverflow,
                WasmBacktrace {
                    frames: alloc::vec![],
                },
            ));
        }
        top.copy_from_nonoverlapping(slots.as_ptr(), slots.len());
        let mut ctx = Ctx::new(store, oldest, (*inner).fuel);
        let ctx = &raw mut ctx;
        oldest.write(Record {
            pc: (&raw const (*ctx).halt).cast(),
            sp: top.cast(),
        });
        (*ctx).enter_instance(instance);
        let pc = (*entry).code.load(Ordering::Acquire);
        dispatch::run(State {
            pc,
            sp: top.cast(),
            ctx,
            acc: 0,
            f32: 0.0,
            f64: 0.0,
        });
        (*inner).fuel = (*ctx).fuel.cast_unsigned();
        (*inner).stack.suspend(top, records);
        match host::outcome(&mut *ctx, oldest) {
            None => {
                slots
                    .as_mut_ptr()
                    .copy_from_nonoverlapping(top, slots.len());
                Ok(())
            }
            Some(error) => Err(error),
        }
    }
}
