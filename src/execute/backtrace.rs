//! Walks the records of stopped guest code.

use alloc::vec::Vec;

use crate::Module;
use crate::backtrace::{FrameInfo, WasmBacktrace};
use crate::types::index::FuncIdx;

use super::state::{Ctx, Record};

/// The frames of the guest code that stopped, the innermost first.
///
/// # Safety
///
/// `ctx` has stopped with its cause and place set, and `oldest` is the record it began with.
pub(super) unsafe fn collect(ctx: &Ctx, oldest: *const Record) -> WasmBacktrace {
    let mut frames = Vec::new();
    let mut instance = ctx.instance;
    let mut pc = ctx.stop_pc;
    let mut operands = ctx.stop_operands;
    let mut record = ctx.records.cast_const();
    while frames.len() < WasmBacktrace::FRAMES_MAX {
        // SAFETY: instances live as long as the store.
        let module = unsafe { &(*instance).module };
        frames.extend(frame(module, pc, operands));
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
            (pc, operands) = ((*record).pc.wrapping_sub(1), 0);
            record = record.add(1);
        }
    }
    WasmBacktrace { frames }
}

/// The frame of the function that `pc` is in, at the instruction whose operands are `operands` bytes
/// further on: behind the last cell of the function, where that has none.
fn frame(module: &Module, pc: *const u8, operands: usize) -> Option<FrameInfo> {
    let (index, bytes) = module.inner().code.find(pc)?;
    let func = FuncIdx(module.inner().imported_funcs + index);
    let code_offset = bytes + u32::try_from(operands).ok()?;
    Some(FrameInfo { module: module.clone(), func, code_offset })
}
