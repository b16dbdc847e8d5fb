//! Printing the bytecode of a module, for people who want to see what runs.

use alloc::string::String;
use core::fmt::{self, Write};

use crate::Module;
use crate::code::op::OPCODES;
use crate::code::{Opcode, disasm};
use crate::translate::Translator;
use crate::types::index::FuncIdx;
use crate::workspace::Workspace;

impl Module {
    /// The size in bytes of the bytecode of all functions that have been translated so far.
    pub fn bytecode_size(&self) -> usize {
        self.inner().code.bytes()
    }

    /// Writes the register bytecode of all functions that the module defines, or of the one with the
    /// index `func` (imports count) to `out`.
    ///
    /// Each function is a line `func INDEX <NAME>` and below it, indented, a line for each cell.
    /// The text is for people: it changes with the runtime.
    ///
    /// # Errors
    ///
    /// If `out` fails, there is no memory, or a function is not valid, which only a module can have whose
    /// engine validates lazily.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let wasm = wat::parse_str(
    ///     r#"(module (func $inc (param i32) (result i32)
    ///          (i32.add (local.get 0) (i32.const 1))))"#,
    /// )?;
    /// let module = fulmar::Module::new(&fulmar::Engine::default(), &wasm)?;
    /// let mut text = String::new();
    /// module.print_bytecode(None, &mut text)?;
    /// assert!(text.contains("i32.add a, s0, 1"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn print_bytecode(&self, func: Option<u32>, out: &mut dyn Write) -> fmt::Result {
        self.each_code(func, |index, code, translator| {
            match self.inner().func_name(index) {
                Some(name) => writeln!(out, "func {} <{}>", index.0, name.escape_debug())?,
                None => writeln!(out, "func {}", index.0)?,
            }
            disasm::print(code, "    ", out)?;
            if let Some(handlers) = translator.handlers().map_err(|_| fmt::Error)? {
                disasm::print_handlers(code, &handlers, "    ", out)?;
            }
            Ok(())
        })
    }

    /// Calls `see` with the opcode of each cell, for tools that measure how much of the table is in use.
    #[doc(hidden)]
    pub fn opcodes(&self, see: &mut dyn FnMut(u16)) -> fmt::Result {
        self.each_code(None, |_, code, _| {
            disasm::opcodes(code).for_each(|opcode| see(opcode.0));
            Ok(())
        })
    }

    /// What an opcode of [`Module::opcodes`] is called; `None` behind the last one.
    #[doc(hidden)]
    pub fn opcode_text(opcode: u16) -> Option<String> {
        (usize::from(opcode) < OPCODES).then(|| disasm::opcode_text(Opcode(opcode)))
    }

    /// Translates all functions that the module defines, or the one with the index `func`, and gives each one's
    /// code, whose labels are opcodes, to `see`.
    fn each_code(
        &self,
        func: Option<u32>,
        mut see: impl FnMut(FuncIdx, &[u32], &Translator) -> fmt::Result,
    ) -> fmt::Result {
        let module = self.inner();
        let Workspace { mut memory, mut translator } = module.engine.workspaces().take();
        for defined in 0..module.body_spans().len() {
            let index = module.imported_funcs + u32::try_from(defined).map_err(|_| fmt::Error)?;
            if func.is_some_and(|func| func != index) {
                continue;
            }
            module.validate_body(&mut memory, defined).map_err(|_| fmt::Error)?;
            translator
                .translate(module, defined, |opcode: Opcode| u32::from(opcode.0), None)
                .map_err(|_| fmt::Error)?;
            see(FuncIdx(index), translator.code(), &translator)?;
        }
        Ok(())
    }
}
