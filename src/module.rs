//! Modules: parsed, validated, immutable and shared.

use crate::execute::CodeMap;
use crate::parse::{self, ExportedItem, FuncNames, ParsedModule, Span};
use crate::types::TypeId;
use crate::types::index::{FuncIdx, TagIdx};
use crate::{CompilationMode, Engine, Error, ExportType, ExternType, ImportType, TagType};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::{Deref, Range};
use spin::Once;

/// A WebAssembly module.
///
/// A module is immutable, and clones share it; it can be instantiated any number of times in stores
/// of its engine, from any thread. Its code is freed with its last clone and the last store that
/// has an instance of it.
///
/// ```
/// use fulmar::{Engine, Module};
///
/// let engine = Engine::default();
/// let wasm = wat::parse_str(r#"(module (memory (export "m") 1))"#)?;
/// let module = Module::new(&engine, &wasm)?;
/// assert_eq!(module.exports().next().unwrap().name(), "m");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Module {
    inner: Arc<ModuleInner>,
}

/// The declarations of a module, the names in it, and its code.
///
/// The declarations are read through `Deref`.
pub(crate) struct ModuleInner {
    pub(crate) engine: Engine,
    parsed: ParsedModule,
    /// In a box, since few are ever asked for them.
    names: Once<Box<FuncNames>>,
    pub(crate) code: CodeMap,
}

impl Deref for ModuleInner {
    type Target = ParsedModule;

    #[inline]
    fn deref(&self) -> &ParsedModule {
        &self.parsed
    }
}

impl Module {
    /// Parses and validates a binary module, and translates its functions if the engine is to do so
    /// eagerly.
    ///
    /// # Errors
    ///
    /// If the module is malformed or invalid, or uses a proposal that the engine does not accept.
    /// The error has the byte offset of the fault.
    pub fn new(engine: &Engine, bytes: &[u8]) -> Result<Self, Error> {
        let config = engine.config();
        let mut copy = Vec::new();
        copy.try_reserve_exact(bytes.len()).map_err(|_| Error::msg("no memory for the module"))?;
        copy.extend_from_slice(bytes);
        let bytes = copy.into_boxed_slice();
        let parsed = parse::parse(bytes, config, engine.types())?;
        let is_eager = config.mode() == CompilationMode::Eager;
        let map = if is_eager { CodeMap::eager } else { CodeMap::lazy };
        let code = map(parsed.bodies.len());
        let engine = engine.clone();
        let mut inner = ModuleInner { engine, parsed, names: Once::new(), code };
        if is_eager {
            inner.code.translate_all(&inner)?;
            inner.parsed.lazy_validation = None;
            inner.parsed.bodies.forget();
        }
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Checks that a binary module is valid for `engine`, with all of its function bodies.
    ///
    /// # Errors
    ///
    /// If it isn't; the error has the byte offset of the fault.
    pub fn validate(engine: &Engine, bytes: &[u8]) -> Result<(), Error> {
        parse::validate(bytes, engine.config().features())
    }

    /// The engine that the module was created with.
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// What the module needs to be instantiated, in order.
    pub fn imports(&self) -> impl ExactSizeIterator<Item = ImportType<'_>> {
        let module = &*self.inner;
        module.imports.iter().map(|import| {
            let ty = module.item_type(import.item);
            ImportType::new(module.text(import.module), module.text(import.name), ty)
        })
    }

    /// What instances of the module offer, in order.
    pub fn exports(&self) -> impl ExactSizeIterator<Item = ExportType<'_>> {
        let module = &*self.inner;
        let export =
            |(name, item): &(Span, _)| ExportType::new(module.text(*name), module.item_type(*item));
        module.exports.list().iter().map(export)
    }

    /// The type of the export `name`.
    pub fn get_export(&self, name: &str) -> Option<ExternType> {
        self.inner.export(name).map(|item| self.inner.item_type(item))
    }

    /// The custom sections, in order.
    pub fn custom_sections(&self) -> impl ExactSizeIterator<Item = CustomSection<'_>> {
        let module = &*self.inner;
        module.custom_sections.iter().map(|section| CustomSection {
            name: module.text(section.name),
            data: section.data.bytes(&module.bytes),
        })
    }

    #[inline]
    pub(crate) fn inner(&self) -> &ModuleInner {
        &self.inner
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module")
            .field("bytes", &self.inner.bytes.len())
            .field("functions", &self.inner.funcs.len())
            .finish_non_exhaustive()
    }
}

/// A custom section of a module.
#[derive(Copy, Clone, Debug)]
pub struct CustomSection<'module> {
    name: &'module str,
    data: &'module [u8],
}

impl<'module> CustomSection<'module> {
    /// The name.
    pub fn name(&self) -> &'module str {
        self.name
    }

    /// The contents.
    pub fn data(&self) -> &'module [u8] {
        self.data
    }
}

impl ModuleInner {
    /// The name of a function, if the module has names.
    pub(crate) fn func_name(&self, func: FuncIdx) -> Option<&str> {
        let span = self.names.call_once(|| Box::new(self.read_names())).get(func)?;
        Some(self.text(span))
    }

    #[cold]
    fn read_names(&self) -> FuncNames {
        let is_names = |section: &&parse::CustomSection| self.text(section.name) == "name";
        let section = self.custom_sections.iter().find(is_names);
        section
            .map_or_else(FuncNames::default, |section| FuncNames::read(&self.bytes, section.data))
    }

    /// The canonical type of a function.
    pub(crate) fn func_type_id(&self, func: FuncIdx) -> TypeId {
        self.types[self.funcs[func.index()].index()]
    }

    /// The canonical type of a tag.
    pub(crate) fn tag_type_id(&self, tag: TagIdx) -> TypeId {
        self.types[self.tags[tag.index()].index()]
    }

    /// The bytes of a function's body; `None` if it is imported.
    pub(crate) fn body_range(&self, func: FuncIdx) -> Option<Range<usize>> {
        let defined = func.0.checked_sub(self.imported_funcs)?;
        Some(self.body_spans()[defined as usize].range())
    }

    /// The declared type of something in an index space.
    pub(crate) fn item_type(&self, item: ExportedItem) -> ExternType {
        match item {
            ExportedItem::Func(func) => {
                ExternType::Func(self.signature(self.funcs[func.index()]).clone())
            }
            ExportedItem::Table(table) => ExternType::Table(self.tables[table.index()]),
            ExportedItem::Memory(memory) => ExternType::Memory(self.memories[memory.index()]),
            ExportedItem::Global(global) => ExternType::Global(self.globals[global.index()]),
            ExportedItem::Tag(tag) => {
                let ty = self.signature(self.tags[tag.index()]).clone();
                ExternType::Tag(TagType::new(ty))
            }
        }
    }
}
