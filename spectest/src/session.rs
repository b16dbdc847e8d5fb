//! The state that the directives of one script share, and the actions on it: compile, instantiate, register, invoke.
//!
//! Actions say in which phase they failed and leave the judgement to whoever asked for them.

use crate::fault::Fault;
use crate::host::Spectest;
use crate::pattern;
use fulmar::{Engine, Error, Instance, Linker, Module, Store, Val};
use std::collections::BTreeMap;
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::Id;
use wast::{QuoteWat, QuoteWatTest, WastArg, WastExecute, WastInvoke, Wat};

/// Makes another binary module of a valid one.
pub type Rewrite = fn(&[u8]) -> Vec<u8>;

/// The state of a script's run.
pub(crate) struct Session {
    pub(crate) store: Store<()>,
    engine: Engine,
    linker: Linker<()>,
    spectest: Spectest,
    /// Instances by the name that imports know them by; `None` where there was none to register.
    registered: BTreeMap<String, Option<Instance>>,
    /// Instances and modules by the name that the script knows them by.
    instances: BTreeMap<String, Instance>,
    modules: BTreeMap<String, Module>,
    /// What directives that give no name speak of. There is none after an instantiation that failed: assertions about
    /// that instance must not be tried on the one before it.
    last_instance: Option<Instance>,
    last_module: Option<Module>,
    fuel: Option<u64>,
    validates_lazily: bool,
    rewrite: Option<Rewrite>,
}

impl Session {
    pub(crate) fn new(
        engine: Engine,
        fuel: Option<u64>,
        validates_lazily: bool,
        rewrite: Option<Rewrite>,
    ) -> Result<Self, Error> {
        let mut store = Store::new(&engine, ());
        let spectest = Spectest::new(&mut store)?;
        let mut linker = Linker::new(&engine);
        spectest.define(&mut linker, &store)?;
        Ok(Self {
            store,
            engine,
            linker,
            spectest,
            registered: BTreeMap::new(),
            instances: BTreeMap::new(),
            modules: BTreeMap::new(),
            last_instance: None,
            last_module: None,
            fuel,
            validates_lazily,
            rewrite,
        })
    }

    /// Gives the next directive its fuel, if fuel is metered.
    pub(crate) fn refuel(&mut self) -> Result<(), Error> {
        match self.fuel {
            Some(fuel) => self.store.set_fuel(fuel),
            None => Ok(()),
        }
    }

    /// Lets the runtime validate and compile the module `wasm`.
    ///
    /// Both ways into the validator must agree, except that an engine that validates lazily may take in a module whose
    /// function bodies are invalid.
    pub(crate) fn compile(&self, wasm: &[u8]) -> Result<Module, Fault> {
        let verdict = Module::validate(&self.engine, wasm);
        let rewrite = self.rewrite.filter(|_| verdict.is_ok());
        let rewritten = rewrite.map(|rewrite| rewrite(wasm));
        let wasm = rewritten.as_deref().unwrap_or(wasm);
        match (Module::new(&self.engine, wasm), verdict) {
            (Ok(module), Ok(())) => Ok(module),
            (Err(_), Err(refusal)) => Err(refusal.into()),
            (Ok(_), Err(refusal)) if self.validates_lazily => Err(refusal.into()),
            (Ok(_), Err(refusal)) => {
                let text = format!("Module::new accepts what Module::validate refuses: {refusal}");
                Err(Fault::Script(text))
            }
            (Err(refusal), Ok(())) => {
                let text = format!("Module::validate accepts what Module::new refuses: {refusal}");
                Err(Fault::Script(text))
            }
        }
    }

    /// Links and initialises an instance of `module`, start function included.
    pub(crate) fn instantiate(&mut self, module: &Module) -> Result<Instance, Fault> {
        let instance = self.linker.instantiate(&mut self.store, module);
        instance.map_err(|error| match Fault::from(error) {
            Fault::Link(error) => match self.lost_import(module) {
                Some(name) => Fault::Missing(format!("no instance registered as {name:?}")),
                None => Fault::Link(error),
            },
            fault => fault,
        })
    }

    /// The name of a registration that failed and that `module` imports from.
    fn lost_import(&self, module: &Module) -> Option<String> {
        let mut names = module.imports().map(|import| import.module().to_owned());
        names.find(|name| matches!(self.registered.get(name), Some(None)))
    }

    /// Encodes and compiles `module`, which becomes the last one defined.
    pub(crate) fn define(&mut self, module: &mut QuoteWat<'_>) -> Result<Module, Fault> {
        let compiled = self.compile(&encode(module)?)?;
        if let Some(name) = module.name() {
            self.modules.insert(name.name().to_owned(), compiled.clone());
        }
        self.last_module = Some(compiled.clone());
        Ok(compiled)
    }

    /// Instantiates `module` and makes the instance the current one, and the one that the script calls `name`.
    pub(crate) fn enter(&mut self, name: Option<Id<'_>>, module: &Module) -> Result<(), Fault> {
        self.leave(name);
        let instance = self.instantiate(module)?;
        if let Some(name) = name {
            self.instances.insert(name.name().to_owned(), instance);
        }
        self.last_instance = Some(instance);
        Ok(())
    }

    /// Forgets the current instance, and the one of that name.
    pub(crate) fn leave(&mut self, name: Option<Id<'_>>) {
        self.last_instance = None;
        if let Some(name) = name {
            self.instances.remove(name.name());
        }
    }

    /// The module of that name, or the last one.
    pub(crate) fn module(&self, name: Option<Id<'_>>) -> Result<Module, Fault> {
        find(&self.modules, self.last_module.as_ref(), name, "module").cloned()
    }

    /// The instance of that name, or the current one.
    fn instance(&self, name: Option<Id<'_>>) -> Result<Instance, Fault> {
        find(&self.instances, self.last_instance.as_ref(), name, "instance").copied()
    }

    /// Makes the exports of an instance available to imports from the module `as_name`.
    pub(crate) fn register(&mut self, name: Option<Id<'_>>, as_name: &str) -> Result<(), Fault> {
        let instance = self.instance(name);
        let previous = self.registered.insert(as_name.to_owned(), instance.as_ref().ok().copied());
        if let Some(Some(_)) = previous {
            // Definitions in a linker are for good, but a script may use a name again.
            self.linker = Linker::new(&self.engine);
            self.spectest.define(&mut self.linker, &self.store)?;
            for (name, instance) in &self.registered {
                if let Some(instance) = instance {
                    self.linker.instance(&mut self.store, name, *instance)?;
                }
            }
        } else if let Ok(instance) = instance {
            self.linker.instance(&mut self.store, as_name, instance)?;
        }
        instance.map(drop)
    }

    /// Calls an exported function.
    pub(crate) fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Vec<Val>, Fault> {
        let instance = self.instance(invoke.module)?;
        let func = instance.get_func(&mut self.store, invoke.name);
        let func = func.ok_or_else(|| no_export("function", invoke.name))?;
        let mut arguments = Vec::with_capacity(invoke.args.len());
        for argument in &invoke.args {
            let WastArg::Core(argument) = argument else {
                return Err(Fault::Script("an argument that is none of core WebAssembly".into()));
            };
            arguments.push(pattern::argument(argument, &mut self.store)?);
        }
        let mut results = vec![Val::I32(0); func.ty(&self.store).results().len()];
        func.call(&mut self.store, &arguments, &mut results)?;
        Ok(results)
    }

    /// Does what an assertion is about, and gives the values that come of it.
    pub(crate) fn execute(&mut self, action: &mut WastExecute<'_>) -> Result<Vec<Val>, Fault> {
        match action {
            WastExecute::Invoke(invoke) => self.invoke(invoke),
            WastExecute::Wat(module) => {
                let module = self.compile(&module.encode()?)?;
                self.instantiate(&module).map(|_| Vec::new())
            }
            WastExecute::Get { module, global, .. } => {
                let instance = self.instance(*module)?;
                let value = instance.get_global(&mut self.store, global);
                let value = value.ok_or_else(|| no_export("global", global))?;
                Ok(vec![value.get(&mut self.store)])
            }
        }
    }
}

/// What the script calls `name`, or else `last`.
fn find<'a, T>(
    named: &'a BTreeMap<String, T>,
    last: Option<&'a T>,
    name: Option<Id<'_>>,
    what: &str,
) -> Result<&'a T, Fault> {
    match name {
        Some(name) => named
            .get(name.name())
            .ok_or_else(|| Fault::Missing(format!("no {what} ${}", name.name()))),
        None => last.ok_or_else(|| Fault::Missing(format!("no current {what}"))),
    }
}

fn no_export(what: &str, name: &str) -> Fault {
    Fault::Script(format!("no exported {what} {name:?}"))
}

/// The binary form of a module that stands in a script.
///
/// Text in quotes is read as leniently as the script itself: the suite has characters in it that a careful reader of
/// source code would refuse.
pub(crate) fn encode(module: &mut QuoteWat<'_>) -> Result<Vec<u8>, Fault> {
    let text = match module.to_test()? {
        QuoteWatTest::Binary(wasm) => return Ok(wasm),
        QuoteWatTest::Text(text) => text,
    };
    let text = String::from_utf8(text).map_err(|error| Fault::Text(error.to_string()))?;
    let mut lexer = Lexer::new(&text);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer)?;
    Ok(parser::parse::<Wat<'_>>(&buffer)?.encode()?)
}
