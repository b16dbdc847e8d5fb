//! `fulmar validate`: says of each file whether it is a valid module.

use crate::args::ValidateArgs;
use crate::load::ModuleFile;
use crate::report::{self, SUCCESS};
use anyhow::Result;
use fulmar::Engine;
use std::io::{self, Write};
use std::path::Path;

/// Validates every file, whatever becomes of the others, and gives the exit code.
pub(crate) fn validate(args: &ValidateArgs) -> Result<i32> {
    let engine = Engine::default();
    let mut code = SUCCESS;
    for path in &args.files {
        match validate_file(&engine, path) {
            Ok(name) => writeln!(io::stdout().lock(), "{name}: valid")?,
            Err(error) => code = report::report(&error),
        }
    }
    Ok(code)
}

/// Validates one file and gives its name.
fn validate_file(engine: &Engine, path: &Path) -> Result<String> {
    let file = ModuleFile::read(path)?;
    file.validate(engine)?;
    Ok(file.name)
}
