//! The engine: a configuration and the canonical types that modules and stores share.

use crate::types::TypeRegistry;
use crate::types::{CompositeKind, ConcreteType};
use crate::{ArrayType, Config, Error, FuncType, StructType};
use alloc::sync::Arc;
use core::fmt;

/// What modules and stores share: a [`Config`] and the canonical types.
///
/// Clones are the same engine. Modules can be instantiated only in stores of their own engine.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<EngineInner>,
}

struct EngineInner {
    config: Config,
    types: TypeRegistry,
}

impl Engine {
    /// An engine with the configuration `config`.
    ///
    /// # Errors
    ///
    /// If settings contradict each other, which none of the present ones can.
    pub fn new(config: &Config) -> Result<Self, Error> {
        let inner = EngineInner { config: config.clone(), types: TypeRegistry::default() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// Whether both are the same engine.
    pub fn same(a: &Engine, b: &Engine) -> bool {
        Arc::ptr_eq(&a.inner, &b.inner)
    }

    /// What a concrete function type is like; `None` if it is none.
    ///
    /// # Panics
    ///
    /// If the type is of another engine with more types, as with the other functions here.
    pub fn func_type(&self, ty: ConcreteType) -> Option<FuncType> {
        (ty.kind == CompositeKind::Func).then(|| self.types().func_type(ty.id))
    }

    /// What a concrete structure type is like; `None` if it is none.
    pub fn struct_type(&self, ty: ConcreteType) -> Option<StructType> {
        StructType::of(ty.id, &self.types().get(ty.id))
    }

    /// What a concrete array type is like; `None` if it is none.
    pub fn array_type(&self, ty: ConcreteType) -> Option<ArrayType> {
        ArrayType::of(ty.id, &self.types().get(ty.id))
    }

    pub(crate) fn types(&self) -> &TypeRegistry {
        &self.inner.types
    }
}

impl Default for Engine {
    fn default() -> Self {
        let inner = EngineInner { config: Config::default(), types: TypeRegistry::default() };
        Self { inner: Arc::new(inner) }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("config", self.config()).finish_non_exhaustive()
    }
}
