//! The types of imports and exports.

use super::entity::{GlobalType, MemoryType, TableType};
use super::func::FuncType;
use super::registry::TypeRegistry;
use super::tag::TagType;
use core::fmt;

/// The type of something that can be imported or exported.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ExternType {
    /// A function.
    Func(FuncType),
    /// A global.
    Global(GlobalType),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemoryType),
    /// A tag.
    Tag(TagType),
}

impl ExternType {
    /// The function type, if this is one.
    pub fn func(&self) -> Option<&FuncType> {
        match self {
            Self::Func(ty) => Some(ty),
            _ => None,
        }
    }

    /// The global type, if this is one.
    pub fn global(&self) -> Option<&GlobalType> {
        match self {
            Self::Global(ty) => Some(ty),
            _ => None,
        }
    }

    /// The table type, if this is one.
    pub fn table(&self) -> Option<&TableType> {
        match self {
            Self::Table(ty) => Some(ty),
            _ => None,
        }
    }

    /// The memory type, if this is one.
    pub fn memory(&self) -> Option<&MemoryType> {
        match self {
            Self::Memory(ty) => Some(ty),
            _ => None,
        }
    }

    /// The tag type, if this is one.
    pub fn tag(&self) -> Option<&TagType> {
        match self {
            Self::Tag(ty) => Some(ty),
            _ => None,
        }
    }

    /// Whether something of this type may be imported as `expected`.
    pub(crate) fn matches(&self, expected: &ExternType, types: &TypeRegistry) -> bool {
        match (self, expected) {
            (Self::Func(this), Self::Func(expected)) => this.is_subtype(expected, types),
            (Self::Global(this), Self::Global(expected)) => this.matches(expected, types),
            (Self::Table(this), Self::Table(expected)) => this.matches(expected, types),
            (Self::Memory(this), Self::Memory(expected)) => this.matches(expected),
            // Values go into an exception by the one type and come out by the other.
            (Self::Tag(this), Self::Tag(expected)) => this == expected,
            _ => false,
        }
    }
}

impl From<FuncType> for ExternType {
    fn from(ty: FuncType) -> Self {
        Self::Func(ty)
    }
}

impl From<GlobalType> for ExternType {
    fn from(ty: GlobalType) -> Self {
        Self::Global(ty)
    }
}

impl From<TableType> for ExternType {
    fn from(ty: TableType) -> Self {
        Self::Table(ty)
    }
}

impl From<MemoryType> for ExternType {
    fn from(ty: MemoryType) -> Self {
        Self::Memory(ty)
    }
}

impl From<TagType> for ExternType {
    fn from(ty: TagType) -> Self {
        Self::Tag(ty)
    }
}

impl fmt::Display for ExternType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Func(ty) => write!(f, "function {ty}"),
            Self::Global(ty) => write!(f, "global {ty}"),
            Self::Table(ty) => write!(f, "table {ty}"),
            Self::Memory(ty) => write!(f, "memory {ty}"),
            Self::Tag(ty) => write!(f, "tag {ty}"),
        }
    }
}

/// An import of a module: the two names it is known by, and its type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ImportType<'module> {
    module: &'module str,
    name: &'module str,
    ty: ExternType,
}

impl<'module> ImportType<'module> {
    pub(crate) fn new(module: &'module str, name: &'module str, ty: ExternType) -> Self {
        Self { module, name, ty }
    }

    /// The name of the module that is imported from.
    pub fn module(&self) -> &'module str {
        self.module
    }

    /// The name of the import within that module.
    pub fn name(&self) -> &'module str {
        self.name
    }

    /// The type that is expected.
    pub fn ty(&self) -> &ExternType {
        &self.ty
    }
}

/// An export of a module: its name and its type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExportType<'module> {
    name: &'module str,
    ty: ExternType,
}

impl<'module> ExportType<'module> {
    pub(crate) fn new(name: &'module str, ty: ExternType) -> Self {
        Self { name, ty }
    }

    /// The name.
    pub fn name(&self) -> &'module str {
        self.name
    }

    /// The type.
    pub fn ty(&self) -> &ExternType {
        &self.ty
    }
}
