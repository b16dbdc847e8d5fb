//! Types of the WebAssembly specification, and their canonical ids.
//!
//! Nothing here knows of modules, stores or execution.

mod composite;
mod entity;
mod external;
mod fields;
mod func;
mod heap;
pub(crate) mod index;
mod registry;
mod tag;
mod value;

pub(crate) use self::composite::CompositeType;
pub use self::composite::{ArrayType, CompositeKind, FieldType, StorageType, StructType};
pub use self::entity::{GlobalType, MemoryType, MemoryTypeBuilder, Mutability, TableType};
pub use self::external::{ExportType, ExternType, ImportType};
pub use self::func::FuncType;
pub use self::heap::{ConcreteType, HeapType};
pub(crate) use self::registry::{SubType, SubTypeDecl, TypeId, TypeRegistry, is_subtype};
pub use self::tag::TagType;
pub use self::value::{RefType, ValType};
