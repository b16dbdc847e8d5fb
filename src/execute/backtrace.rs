//! Walks the records of stopped guest code.

use alloc::vec::Vec;

use crate::Module;
use crate::backtrace::{FrameInfo, WasmBacktrace};
use crate::types::index::FuncIdx;

use super::state::{Ctx, Record};

/// The most frames that a backtrace holds: the innermost ones.
const FRAMES_MAX: usize = 64;

/// The frames of the guest code that stopped, the innermost first.
///
/// # Safety
///
/// `ctx` has stopped with its cause and place set, and `oldest` is the record it began with.
pub(super) unsafe fn collect(ctx: &Ctx, oldest: *const Record) -> WasmBacktrace {
    let mut frames = Vec::new();
    let mut instance = ctx.instance;
    let mut pc = ctx.stop_pc.wrapping_add(ctx.stop_operands);
    let mut record = ctx.records.cast_const();
    while frames.len() < FRAMES_MAX {
        // SAFETY: instances live as long as the store.
        let module = unsafe { &(*instance).module };
        frames.extend(frame(module, pc));
        // SAFETY: between the newest and the oldest record all are written; after one that restores
        // an instance comes the one of the call.
        unsafe {
            if record < oldest && (*record).pc == (&raw const ctx.restore).cast() {
                instance = (*record).sp.cast();
                record = record.add(1);
            }
            if record >= oldest {
                break;
            }
            // The call is before the cell that it returns to.
            pc = (*record).pc.wrapping_sub(1);
            record = record.add(1);
        }
    }
    WasmBacktrace { frames }
}

/// The frame of the function that has the byte before `pc`.
fn frame(module: &Module, pc: *const u8) -> Option<FrameInfo> {
    // An instruction without operands ends where they would be, and the next function may start.
    let (index, before) = module.inner().code.find(pc.wrapping_sub(1))?;
    let func = FuncIdx(module.inner().imported_funcs + index);
    Some(FrameInfo { module: module.clone(), func, code_offset: before + 1 })
}
