//! What of a module is run: settled by its exports and the command line before anything runs.

use crate::args::RunArgs;
use crate::invoke::parse_args;
use crate::load::ModuleFile;
use crate::report::UsageError;
use crate::summary::Summary;
use anyhow::{Result, bail};
use fulmar::{ExternType, Module, Val};

/// The export that begins a command.
pub(crate) const START: &str = "_start";
/// The export that is called before others of a reactor.
pub(crate) const INITIALIZE: &str = "_initialize";

/// The most exports that a message lists.
const LISTED_MAX: usize = 20;

/// What is called once the module is instantiated.
pub(crate) enum Entry {
    /// A command's `_start`.
    Start,
    /// A reactor's `_initialize`, if there is one; all else is done by the start function.
    Initialize,
    /// One function, after `_initialize`.
    Invoke { name: String, args: Vec<Val>, result_count: usize },
}

impl Entry {
    /// What `args` ask for.
    ///
    /// # Errors
    ///
    /// If the module doesn't have it, or the function to be invoked takes other arguments.
    pub(crate) fn choose(file: &ModuleFile, module: &Module, args: &RunArgs) -> Result<Self> {
        if let Some(name) = &args.invoke {
            return Self::invoke(file, module, name, args);
        }
        if module.get_export(START).is_some() {
            return Ok(Self::Start);
        }
        if module.get_export(INITIALIZE).is_some() || Summary::read(&file.bytes)?.start.is_some() {
            return Ok(Self::Initialize);
        }
        let functions = functions_of(module);
        bail!(
            "{}: nothing to run: expected an exported function \"{START}\"\n\
             hint: --invoke NAME calls another function; the module exports {functions}",
            file.name
        )
    }

    fn invoke(file: &ModuleFile, module: &Module, name: &str, args: &RunArgs) -> Result<Self> {
        let ty = match module.get_export(name) {
            Some(ExternType::Func(ty)) => ty,
            Some(other) => {
                bail!("{}: export {name:?}: expected a function, found a {other}", file.name)
            }
            None => {
                let functions = functions_of(module);
                bail!(
                    "{}: no exported function {name:?}\nhint: the module exports {functions}",
                    file.name
                )
            }
        };
        let texts: Vec<_> =
            args.args().iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
        let args = parse_args(name, &ty, &texts)
            .map_err(|message| UsageError(format!("{}: {message}", file.name)))?;
        let result_count = ty.results().len();
        Ok(Self::Invoke { name: name.to_owned(), args, result_count })
    }
}

/// The names and types of the functions that a module exports, as part of a sentence.
fn functions_of(module: &Module) -> String {
    let exports = module.exports();
    let functions = exports.filter_map(|export| {
        let ty = export.ty().func()?;
        Some(format!("\n  {:?} {ty}", export.name()))
    });
    let functions: Vec<_> = functions.collect();
    match functions.len() {
        0 => "no functions".to_owned(),
        count if count > LISTED_MAX => {
            let listed = functions[..LISTED_MAX].concat();
            format!("the functions{listed}\n  and {} more", count - LISTED_MAX)
        }
        _ => format!("the functions{}", functions.concat()),
    }
}
