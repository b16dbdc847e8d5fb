//! The engine: a configuration and the canonical types that modules and stores share.

use crate::store::SparePool;
use crate::types::TypeRegistry;
use crate::types::{CompositeKind, ConcreteType};
use crate::workspace::WorkspacePool;
use crate::{ArrayType, Config, Error, FuncType, StructType, num};
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
    spares: SparePool,
    workspaces: WorkspacePool,
}

impl EngineInner {
    fn new(config: Config) -> Self {
        let (types, spares) = (TypeRegistry::default(), SparePool::default());
        Self { config, types, spares, workspaces: WorkspacePool::default() }
    }
}

impl Engine {
    /// An engine with the configuration `config`.
    ///
    /// # Errors
    ///
    /// If settings contradict each other, which none of the present ones can.
    pub fn new(config: &Config) -> Result<Self, Error> {
        num::detect();
        Ok(Self { inner: Arc::new(EngineInner::new(config.clone())) })
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

    /// The memory that is kept for the next stores.
    pub(crate) fn spares(&self) -> &SparePool {
        &self.inner.spares
    }

    /// The memory that is kept for the next functions.
    pub(crate) fn workspaces(&self) -> &WorkspacePool {
        &self.inner.workspaces
    }

    pub(crate) fn types(&self) -> &TypeRegistry {
        &self.inner.types
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self { inner: Arc::new(EngineInner::new(Config::default())) }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("config", self.config()).finish_non_exhaustive()
    }
}
