//! Fulmar is a portable WebAssembly interpreter.
//!
//! A module is parsed and validated by [`Module::new`], instantiated in a [`Store`] by a
//! [`Linker`], and called through [`TypedFunc`]. The crate is `no_std` with `alloc`; the feature
//! `std`, on by default, only chooses faster floats.
//!
//! ```
//! use fulmar::{Caller, Engine, Linker, Module, Store};
//!
//! let engine = Engine::default();
//! let wasm = wat::parse_str(
//!     r#"(module
//!         (import "host" "log" (func $log (param i32)))
//!         (func (export "run") (param i32)
//!             (call $log (i32.mul (local.get 0) (i32.const 7)))))"#,
//! )?;
//! let module = Module::new(&engine, &wasm)?;
//!
//! let mut linker = Linker::new(&engine);
//! linker.func_wrap("host", "log", |mut caller: Caller<'_, Vec<i32>>, value: i32| {
//!     caller.data_mut().push(value);
//! })?;
//!
//! let mut store = Store::new(&engine, Vec::new());
//! let instance = linker.instantiate(&mut store, &module)?;
//! let run = instance.get_typed_func::<i32, ()>(&mut store, "run")?;
//! run.call(&mut store, 6)?;
//! assert_eq!(store.data(), &[42]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod backtrace;
mod buffer;
mod bytecode;
mod code;
mod config;
mod engine;
mod error;
mod escape;
mod exception;
mod execute;
mod r#extern;
mod func;
mod gc;
mod global;
mod instance;
mod instantiate;
mod limits;
mod linker;
mod memory;
mod module;
mod num;
mod parse;
mod pool;
mod store;
mod table;
mod tag;
mod translate;
mod trap;
mod types;
mod v128;
mod val;
mod workers;
mod workspace;

pub use self::backtrace::{FrameInfo, WasmBacktrace};
pub use self::config::{CompilationMode, Config};
pub use self::engine::Engine;
pub use self::error::Error;
pub use self::exception::{Exception, ExnRef};
pub use self::r#extern::{Export, Extern};
pub use self::func::{Caller, Func, IntoFunc, TypedFunc, WasmParams, WasmResults, WasmRet, WasmTy};
pub use self::gc::{
    AnyRef, ArrayRef, ArrayRefPre, EqRef, ExternRef, GcRef, I31, OwnedRooted, RootScope, Rooted,
    StructRef, StructRefPre,
};
pub use self::global::Global;
pub use self::instance::Instance;
pub use self::limits::{ResourceLimiter, StoreLimits, StoreLimitsBuilder};
pub use self::linker::Linker;
pub use self::memory::{Memory, MemoryAccessError};
pub use self::module::{CustomSection, Module};
pub use self::store::{AsContext, AsContextMut, Store, StoreContext, StoreContextMut};
pub use self::table::Table;
pub use self::tag::Tag;
pub use self::trap::Trap;
pub use self::types::{
    ArrayType, CompositeKind, ConcreteType, ExportType, ExternType, FieldType, FuncType,
    GlobalType, HeapType, ImportType, MemoryType, MemoryTypeBuilder, Mutability, RefType,
    StorageType, StructType, TableType, TagType, ValType,
};
pub use self::v128::V128;
pub use self::val::{Ref, Val};
