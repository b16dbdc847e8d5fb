//! Types of the WebAssembly specification, and their canonical ids.
//!
//! Nothing here knows of modules, stores or execution.

mod entity;
mod external;
mod func;
pub(crate) mod index;
mod registry;
mod tag;
mod value;

pub use self::entity::{GlobalType, MemoryType, MemoryTypeBuilder, Mutability, TableType};
pub use self::external::{ExportType, ExternType, ImportType};
pub use self::func::FuncType;
pub(crate) use self::registry::{TypeId, TypeRegistry};
pub use self::tag::TagType;
pub use self::value::{HeapType, RefType, ValType};
