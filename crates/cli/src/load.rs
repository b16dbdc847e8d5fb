//! Files to modules: reads a file, turns text into the binary form, and has the core parse and validate it.

use anyhow::{Context, Result, anyhow, bail};
use fulmar::{Engine, Error, Module};
use std::fs;
use std::ops::Range;
use std::path::Path;

/// What every binary begins with.
const MAGIC: &[u8] = b"\0asm";
/// Where a binary says whether it is a module or a component.
const LAYER: Range<usize> = 6..8;
/// What components have there.
const COMPONENT_LAYER: [u8; 2] = [1, 0];

/// A file that holds a module.
pub(crate) struct ModuleFile {
    /// The path as it was given, for messages.
    pub(crate) name: String,
    /// The binary form.
    pub(crate) bytes: Vec<u8>,
    /// Whether the file is text, so that offsets are not ones into the file.
    is_text: bool,
}

impl ModuleFile {
    /// Reads a file and translates it, if it is text.
    ///
    /// Text is what neither begins as a binary nor is called one.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let bytes = fs::read(path).with_context(|| format!("cannot read {name}"))?;
        let is_binary = path.extension().is_some_and(|extension| extension == "wasm");
        let file = if is_binary || bytes.starts_with(MAGIC) {
            Self { name, bytes, is_text: false }
        } else {
            let bytes = text_to_binary(path, &bytes).map_err(|error| anyhow!("{name}: {error}"))?;
            Self { name, bytes, is_text: true }
        };
        file.check_header()?;
        Ok(file)
    }

    /// Tells other files and components from modules, more clearly than where all can be wrong.
    fn check_header(&self) -> Result<()> {
        let Self { name, bytes, .. } = self;
        let start = &bytes[..bytes.len().min(MAGIC.len())];
        if !MAGIC.starts_with(start) {
            let found: Vec<_> = start.iter().map(|byte| format!("{byte:02x}")).collect();
            let found = found.join(" ");
            bail!(
                "{name}: expected a binary, which begins with 00 61 73 6d, found {found} (at offset 0x0)"
            );
        }
        if bytes.get(LAYER).is_some_and(|layer| layer == COMPONENT_LAYER) {
            bail!("{name}: expected a module, found a component (at offset {:#x})", LAYER.start);
        }
        Ok(())
    }

    /// Parses and validates the module.
    pub(crate) fn module(&self, engine: &Engine) -> Result<Module> {
        Module::new(engine, &self.bytes).map_err(|error| self.refused(&error))
    }

    /// Validates the module with all of its functions.
    pub(crate) fn validate(&self, engine: &Engine) -> Result<()> {
        Module::validate(engine, &self.bytes).map_err(|error| self.refused(&error))
    }

    /// What to say of a module that is malformed or invalid.
    fn refused(&self, error: &Error) -> anyhow::Error {
        let Self { name, is_text, .. } = self;
        if *is_text && error.offset().is_some() {
            return anyhow!("{name}: {error}, counted in its binary form");
        }
        anyhow!("{name}: {error}")
    }
}

/// The binary form of a module in text.
fn text_to_binary(path: &Path, bytes: &[u8]) -> Result<Vec<u8>> {
    let Ok(text) = str::from_utf8(bytes) else {
        bail!("expected a binary, which begins with 00 61 73 6d, or text in UTF-8");
    };
    Ok(wat::Parser::new().parse_str(Some(path), text)?)
}
