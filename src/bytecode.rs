//! Printing the bytecode of a module, for people who want to see what runs.

use core::fmt::{self, Write};

use crate::Module;
use crate::code::{Opcode, disasm};
use crate::translate::Translator;
use crate::types::index::FuncIdx;

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
        let module = self.inner();
        let mut translator = Translator::default();
        for defined in 0..module.bodies.len() {
            let index = module.imported_funcs + u32::try_from(defined).map_err(|_| fmt::Error)?;
            if func.is_some_and(|func| func != index) {
                continue;
            }
            module.validate_body(defined).map_err(|_| fmt::Error)?;
            let code = translator
                .translate(module, defined, |opcode: Opcode| u32::from(opcode.0), None)
                .map_err(|_| fmt::Error)?;
            match module.func_name(FuncIdx(index)) {
                Some(name) => writeln!(out, "func {index} <{}>", name.escape_debug())?,
                None => writeln!(out, "func {index}")?,
            }
            disasm::print(code, "    ", out)?;
            if let Some(handlers) = translator.handlers().map_err(|_| fmt::Error)? {
                disasm::print_handlers(translator.code(), &handlers, "    ", out)?;
            }
        }
        Ok(())
    }
}
