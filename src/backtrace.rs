//! Where a guest was when it was stopped: one frame for each active call, the innermost first.

use crate::Module;
use crate::escape::Escaped;
use crate::types::index::FuncIdx;
use alloc::vec::Vec;
use core::fmt::{self, Write};

/// The active calls of guest functions at the time of a trap or host error, the innermost first.
#[derive(Clone, Default)]
pub struct WasmBacktrace {
    pub(crate) frames: Vec<FrameInfo>,
}

impl WasmBacktrace {
    /// The most frames that are kept: the innermost ones.
    pub(crate) const FRAMES_MAX: usize = 64;

    /// Adds the frames of an outer activation of the guest.
    pub(crate) fn append(&mut self, outer: Self) {
        self.frames.extend(outer.frames);
        self.frames.truncate(Self::FRAMES_MAX);
    }

    /// The frames, the innermost first; of very deep ones the innermost 64.
    pub fn frames(&self) -> &[FrameInfo] {
        &self.frames
    }
}

/// Prints a line for each frame: its number, the byte offset of the instruction in the module, and
/// the function.
impl fmt::Display for WasmBacktrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, frame) in self.frames.iter().enumerate() {
            if number != 0 {
                f.write_char('\n')?;
            }
            write!(f, "{number:>4}: ")?;
            if let Some(offset) = frame.module_offset() {
                write!(f, "{offset:#x} - ")?;
            }
            match frame.func_name() {
                Some(name) => Escaped(name).fmt(f)?,
                None => write!(f, "<wasm function {}>", frame.func_index())?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for WasmBacktrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.frames).finish()
    }
}

/// One active call of a guest function.
#[derive(Clone)]
pub struct FrameInfo {
    pub(crate) module: Module,
    pub(crate) func: FuncIdx,
    /// Where in the function's bytecode it was; resolved to a source offset only when asked for.
    pub(crate) code_offset: u32,
}

impl FrameInfo {
    /// The module that the function belongs to.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// The index of the function in its module.
    pub fn func_index(&self) -> u32 {
        self.func.0
    }

    /// The function's name, if the module has names.
    pub fn func_name(&self) -> Option<&str> {
        self.module.inner().func_name(self.func)
    }

    /// The byte offset of the instruction from the start of the module.
    pub fn module_offset(&self) -> Option<usize> {
        let module = self.module.inner();
        module.code.source_offset(module, self.func, self.code_offset)
    }

    /// The byte offset of the instruction from the start of the function's body.
    pub fn func_offset(&self) -> Option<usize> {
        let body = self.module.inner().body_range(self.func)?;
        self.module_offset()?.checked_sub(body.start)
    }
}

impl fmt::Debug for FrameInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameInfo")
            .field("func_index", &self.func_index())
            .field("func_name", &self.func_name())
            .field("module_offset", &self.module_offset())
            .finish()
    }
}
