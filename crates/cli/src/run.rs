//! `fulmar run`: instantiates the preloaded modules and the main one, and calls what is to be run.

use crate::args::{Preload, RunArgs};
use crate::entry::{Entry, INITIALIZE, START};
use crate::host::{self, Host};
use crate::invoke::Printed;
use crate::load::ModuleFile;
use crate::report::{SUCCESS, guest_error};
use anyhow::{Context, Result, anyhow};
use fulmar::{Error, Func, Instance, Linker, Module, Store, Val};
use std::io::{self, Write};

/// The module of the functions of WASI preview 1.
const WASI: &str = "wasi_snapshot_preview1";

/// The most missing imports that a message lists.
const LISTED_MAX: usize = 20;

/// Runs a module and gives the exit code; that of a guest that chooses its own comes as an error.
pub(crate) fn run(args: &RunArgs) -> Result<i32> {
    let engine = host::engine(args)?;
    let file = ModuleFile::read(args.file())?;
    let module = file.module(&engine)?;
    let entry = Entry::choose(&file, &module, args)?;

    let mut guests = Guests {
        store: host::store(&engine, args)?,
        linker: host::linker(&engine)?,
        preloads: &args.preloads,
        preloaded: 0,
    };
    for preload in &args.preloads {
        guests.preload(preload)?;
    }
    let instance = guests.instantiate(&file.name, &module)?;
    let guest = Guest { file: &file.name, instance, store: &mut guests.store };
    guest.enter(entry)?;
    Ok(SUCCESS)
}

/// The store of all guests of a run, and what they can import.
struct Guests<'a> {
    store: Store<Host>,
    linker: Linker<Host>,
    preloads: &'a [Preload],
    /// How many of them the linker has.
    preloaded: usize,
}

impl Guests<'_> {
    /// Instantiates a module that later ones can import from.
    fn preload(&mut self, preload: &Preload) -> Result<()> {
        let file = ModuleFile::read(&preload.file)?;
        let module = file.module(self.store.engine())?;
        let instance = self.instantiate(&file.name, &module)?;
        Guest { file: &file.name, instance, store: &mut self.store }.initialize()?;
        let defined = self.linker.instance(&mut self.store, &preload.name, instance);
        defined.with_context(|| format!("cannot preload {} as {:?}", file.name, preload.name))?;
        self.preloaded += 1;
        Ok(())
    }

    fn instantiate(&mut self, file: &str, module: &Module) -> Result<Instance> {
        let instance = self.linker.instantiate(&mut self.store, module);
        instance.map_err(|error| {
            let missing = if error.is_link_error() { self.missing_imports(module) } else { None };
            match missing {
                Some(missing) => anyhow!("{file}: {missing}"),
                None => guest_error(file, error),
            }
        })
    }

    /// What to say of the imports that nothing is defined for; `None` if there are none.
    fn missing_imports(&mut self, module: &Module) -> Option<String> {
        let mut missing = Vec::new();
        let mut hints = Vec::new();
        for import in module.imports() {
            let (module, name, ty) = (import.module(), import.name(), import.ty());
            if self.linker.get(&mut self.store, module, name).is_some() {
                continue;
            }
            missing.push(format!("unknown import {module:?} {name:?}: expected {ty}"));
            let hint = format!("\nhint: {}", self.import_hint(module));
            if !hints.contains(&hint) {
                hints.push(hint);
            }
        }
        let left_out = missing.len().saturating_sub(LISTED_MAX);
        missing.truncate(LISTED_MAX);
        hints.truncate(LISTED_MAX);
        if left_out > 0 {
            missing.push(format!("and {left_out} more"));
        }
        (!missing.is_empty()).then(|| missing.join("\n  ") + &hints.concat())
    }

    /// How an import from `module` could be satisfied.
    fn import_hint(&self, module: &str) -> String {
        let named = |preload: &Preload| preload.name == module;
        if let Some(number) = self.preloads.iter().position(named) {
            let file = self.preloads[number].file.display();
            return if number < self.preloaded {
                format!("{file}, preloaded as {module:?}, exports nothing of that name")
            } else {
                format!(
                    "{file} is to be preloaded as {module:?} only later: --preload goes by order"
                )
            };
        }
        if module == WASI {
            return "WASI preview 1 has no such function".to_owned();
        }
        if module.starts_with("wasi_") || module.starts_with("wasi:") {
            return format!("of WASI, only preview 1 is offered, as {WASI:?}");
        }
        format!(
            "--preload NAME=FILE lets modules import the exports of FILE from NAME, here {module:?}"
        )
    }
}

/// An instance and the store that it is in.
struct Guest<'a> {
    file: &'a str,
    instance: Instance,
    store: &'a mut Store<Host>,
}

impl Guest<'_> {
    /// Runs what was chosen.
    fn enter(mut self, entry: Entry) -> Result<()> {
        match entry {
            Entry::Start => self.call(START),
            Entry::Initialize => self.initialize(),
            Entry::Invoke { name, args, result_count } => {
                self.initialize()?;
                self.invoke(&name, &args, result_count)
            }
        }
    }

    /// Calls `_initialize`, if it is exported.
    fn initialize(&mut self) -> Result<()> {
        match self.instance.get_func(&mut *self.store, INITIALIZE) {
            Some(_) => self.call(INITIALIZE),
            None => Ok(()),
        }
    }

    /// Calls an exported function without parameters and results.
    fn call(&mut self, name: &str) -> Result<()> {
        let func = self.instance.get_typed_func::<(), ()>(&mut *self.store, name);
        let called = func.and_then(|func| func.call(&mut *self.store, ()));
        called.map_err(|error| guest_error(self.file, error))
    }

    /// Calls an exported function and prints its results.
    fn invoke(&mut self, name: &str, args: &[Val], result_count: usize) -> Result<()> {
        let mut results = vec![Val::I32(0); result_count];
        let func: Option<Func> = self.instance.get_func(&mut *self.store, name);
        let func = func.ok_or_else(|| Error::msg(format!("no function {name:?}")));
        let called = func.and_then(|func| func.call(&mut *self.store, args, &mut results));
        called.map_err(|error| guest_error(self.file, error))?;
        let mut out = io::stdout().lock();
        for result in &results {
            writeln!(out, "{}", Printed(result))?;
        }
        Ok(out.flush()?)
    }
}
