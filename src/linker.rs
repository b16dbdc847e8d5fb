//! Linking by name: definitions of the host and of instances, and instantiation with them.

use crate::func::{IntoFunc, untyped_host_func};
use crate::module::ModuleInner;
use crate::parse::{Import, Span};
use crate::store::{HostFunc, StoreInner};
use crate::{
    AsContext, AsContextMut, Caller, Engine, Error, Extern, ExternType, Func, FuncType, Instance,
    Module, Val,
};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;
use core::mem;
use hashbrown::{Equivalent, HashMap};

/// Definitions by module and name, with which modules are instantiated.
///
/// Host functions are defined without a store, for stores with data of type `T`, and can be used in
/// many.
///
/// ```
/// use fulmar::{Engine, Linker, Module, Store};
///
/// let engine = Engine::default();
/// let mut linker = Linker::<()>::new(&engine);
/// linker.func_wrap("env", "double", |value: i32| value * 2)?;
///
/// let wasm = wat::parse_str(
///     r#"(module
///         (import "env" "double" (func $double (param i32) (result i32)))
///         (func (export "quadruple") (param i32) (result i32)
///             (call $double (call $double (local.get 0)))))"#,
/// )?;
/// let module = Module::new(&engine, &wasm)?;
/// let mut store = Store::new(&engine, ());
/// let instance = linker.instantiate(&mut store, &module)?;
/// let quadruple = instance.get_typed_func::<i32, i32>(&mut store, "quadruple")?;
/// assert_eq!(quadruple.call(&mut store, 10)?, 40);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Linker<T: 'static> {
    engine: Engine,
    definitions: HashMap<Key, Definition>,
    allow_shadowing: bool,
    data: PhantomData<fn(T)>,
}

#[derive(Clone)]
enum Definition {
    /// Of some store.
    Extern(Extern),
    /// To be added to the store in which it is used.
    HostFunc(Arc<HostFunc>),
}

impl<T: 'static> Linker<T> {
    /// A linker without definitions, for modules and stores of `engine`.
    pub fn new(engine: &Engine) -> Self {
        Self {
            engine: engine.clone(),
            definitions: HashMap::new(),
            allow_shadowing: false,
            data: PhantomData,
        }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Whether a later definition replaces an earlier one of the same names; otherwise, it is an
    /// error.
    pub fn allow_shadowing(&mut self, allow: bool) -> &mut Self {
        self.allow_shadowing = allow;
        self
    }

    /// Defines something of `store`, so that the linker can be used only with that store.
    ///
    /// # Errors
    ///
    /// If the names are defined already.
    ///
    /// # Panics
    ///
    /// If `item` belongs to another store.
    pub fn define(
        &mut self,
        store: impl AsContext<Data = T>,
        module: &str,
        name: &str,
        item: impl Into<Extern>,
    ) -> Result<&mut Self, Error> {
        let item = item.into();
        // Looking at the type finds out whether the store is the right one.
        item.ty(store);
        self.insert(module, name, Definition::Extern(item))
    }

    /// Defines a closure as host function.
    ///
    /// # Errors
    ///
    /// If the names are defined already.
    pub fn func_wrap<Params, Results>(
        &mut self,
        module: &str,
        name: &str,
        func: impl IntoFunc<T, Params, Results>,
    ) -> Result<&mut Self, Error> {
        let func = func.into_func(&self.engine);
        self.insert(module, name, Definition::HostFunc(Arc::new(func)))
    }

    /// Defines a host function whose type is known only at run time; see [`Func::new`].
    ///
    /// # Errors
    ///
    /// If the names are defined already.
    pub fn func_new(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<&mut Self, Error> {
        let func = untyped_host_func(&self.engine, ty, func);
        self.insert(module, name, Definition::HostFunc(Arc::new(func)))
    }

    /// Defines all exports of `instance` under `module`.
    ///
    /// # Errors
    ///
    /// If some of the names are defined already.
    ///
    /// # Panics
    ///
    /// If the instance belongs to another store.
    pub fn instance(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        module: &str,
        instance: Instance,
    ) -> Result<&mut Self, Error> {
        for export in instance.exports(store.as_context_mut()) {
            self.insert(module, export.name(), Definition::Extern(export.into_extern()))?;
        }
        Ok(self)
    }

    /// Defines each function that `module` imports and that is not defined yet, so that calling it
    /// is an error.
    ///
    /// # Errors
    ///
    /// If something else than a function is not defined.
    pub fn define_unknown_imports_as_traps(&mut self, module: &Module) -> Result<(), Error> {
        for import in module.imports() {
            if self.find(import.module(), import.name()).is_some() {
                continue;
            }
            let ExternType::Func(ty) = import.ty() else {
                let (module, name) = (import.module(), import.name());
                return Err(Error::unknown_import(module, name, import.ty().clone()));
            };
            let message =
                format!("unknown import {:?} {:?} was called", import.module(), import.name());
            self.func_new(import.module(), import.name(), ty.clone(), move |_, _, _| {
                Err(Error::msg(message.clone()))
            })?;
        }
        Ok(())
    }

    fn find(&self, module: &str, name: &str) -> Option<&Definition> {
        self.definitions.get(&Names { module: module.as_bytes(), name: name.as_bytes() })
    }

    fn insert(
        &mut self,
        module: &str,
        name: &str,
        definition: Definition,
    ) -> Result<&mut Self, Error> {
        if !self.allow_shadowing && self.find(module, name).is_some() {
            return Err(Error::msg(format!("import {module:?} {name:?} defined twice")));
        }
        self.definitions.insert(Key::new(module, name), definition);
        Ok(self)
    }

    /// What is defined under these names.
    ///
    /// # Panics
    ///
    /// If it belongs to another store, or the store to another engine.
    pub fn get(
        &self,
        mut store: impl AsContextMut<Data = T>,
        module: &str,
        name: &str,
    ) -> Option<Extern> {
        let mut store = store.as_context_mut();
        let is_same = Engine::same(&self.engine, store.engine());
        assert!(is_same, "linker and store belong to different engines");
        let item = self.find(module, name)?.in_store(store.inner_mut());
        item.ty_in(store.inner());
        Some(item)
    }

    /// Instantiates `module` with what it imports, and runs its start function.
    ///
    /// # Errors
    ///
    /// If an import is not defined or is of another type, a limit is reached, a segment does not
    /// fit, or the start function fails.
    ///
    /// # Panics
    ///
    /// If the definitions belong to another store.
    pub fn instantiate(
        &self,
        mut store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<Instance, Error> {
        let mut store = store.as_context_mut();
        if !Engine::same(&self.engine, store.engine()) {
            return Err(Error::msg("linker and store belong to different engines"));
        }
        let mut imports = mem::take(&mut store.inner_mut().lists.imports);
        let resolved = self.resolve(store.inner_mut(), module, &mut imports);
        let instance = resolved.and_then(|()| Instance::new(&mut store, module, &imports));
        imports.clear();
        store.inner_mut().lists.imports = imports;
        instance
    }

    /// Appends the definitions of what `module` imports to `imports`, in order.
    fn resolve(
        &self,
        store: &mut StoreInner,
        module: &Module,
        imports: &mut Vec<Extern>,
    ) -> Result<(), Error> {
        let declared = module.inner();
        imports.reserve(declared.imports.len());
        for import in &declared.imports {
            // As bytes, since a look at them as text validates them again.
            let bytes = |span: Span| span.bytes(&declared.bytes);
            let names = Names { module: bytes(import.module), name: bytes(import.name) };
            let Some(definition) = self.definitions.get(&names) else {
                return Err(unknown(declared, import));
            };
            imports.push(definition.in_store(store));
        }
        Ok(())
    }
}

#[cold]
fn unknown(declared: &ModuleInner, import: &Import) -> Error {
    let (module, name) = (declared.text(import.module), declared.text(import.name));
    Error::unknown_import(module, name, declared.item_type(import.item))
}

impl Definition {
    /// What is defined; a host function is added to `store`, which is one of the linker's data
    /// type.
    fn in_store(&self, store: &mut StoreInner) -> Extern {
        match self {
            Self::Extern(item) => *item,
            Self::HostFunc(func) => Func::from_host(store, func.clone()).into(),
        }
    }
}

impl<T: 'static> Clone for Linker<T> {
    fn clone(&self) -> Self {
        Self {
            engine: self.engine.clone(),
            definitions: self.definitions.clone(),
            allow_shadowing: self.allow_shadowing,
            data: PhantomData,
        }
    }
}

impl<T: 'static> fmt::Debug for Linker<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.definitions.keys().map(|key| key.text.split_at(key.module_bytes));
        f.debug_set().entries(names).finish()
    }
}

/// The names of an import in one allocation.
#[derive(Clone, PartialEq, Eq)]
struct Key {
    /// The module, then the name.
    text: Box<str>,
    module_bytes: usize,
}

impl Key {
    fn new(module: &str, name: &str) -> Self {
        let mut text = String::with_capacity(module.len() + name.len());
        text.push_str(module);
        text.push_str(name);
        Self { text: text.into(), module_bytes: module.len() }
    }

    fn names(&self) -> Names<'_> {
        let (module, name) = self.text.as_bytes().split_at(self.module_bytes);
        Names { module, name }
    }
}

/// The names of an import, by which definitions are looked up.
#[derive(PartialEq, Eq, Hash)]
struct Names<'a> {
    module: &'a [u8],
    name: &'a [u8],
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.names().hash(state);
    }
}

impl Equivalent<Key> for Names<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        *self == key.names()
    }
}
