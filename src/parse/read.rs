//! One pass over the sections of a module, validating each before it is read.

use super::bodies::BodyValidation;
use super::body_spans::BodySpans;
use super::counts;
use super::types::{self, TypeSpace, Unsupported};
use super::{
    ConstExpr, CustomSection, DataMode, DataSegment, ElementItems, ElementMode, ElementSegment,
    ExportedItem, Exports, Import, ModuleTypes, ParsedModule, Span, span_of, validates_bodies,
};
use crate::types::index::{FuncIdx, GlobalIdx, MemoryIdx, TableIdx, TagIdx, TypeIdx};
use crate::types::{
    CompositeKind, CompositeType, GlobalType, MemoryType, SubTypeDecl, TableType, TypeRegistry,
};
use crate::{Config, Error};
use alloc::boxed::Box;
use alloc::vec::Vec;
use wasmparser::{
    BinaryReader, DataKind, ElementKind, ExternalKind, FunctionBody, Parser, Payload, RecGroup,
    TableInit, TypeRef, Validator, WasmFeatures,
};

/// Parses and validates a module.
///
/// Function bodies are validated only in [`CompilationMode::LazyTranslation`]; in the others that is done when they
/// are translated, by [`ParsedModule::validate_body`].
pub(crate) fn parse(
    bytes: Box<[u8]>,
    config: &Config,
    registry: &TypeRegistry,
) -> Result<ParsedModule, Error> {
    let features = config.features();
    if u32::try_from(bytes.len()).is_err() {
        return Err(Error::validation("module has 4 GiB or more", 0));
    }
    let mut reader = ModuleReader::new(&bytes, features, registry);
    let mut parser = Parser::new(0);
    parser.set_features(features);
    for payload in parser.parse_all(&bytes) {
        reader.payload(payload.map_err(Error::parse)?)?;
    }
    let ModuleReader { mut module, validation, code_section, .. } = reader;
    let ModuleReader { spaces, bodies, exports, custom_sections, .. } = reader;
    let Spaces { funcs, tables, memories, globals, tags } = spaces;
    module.funcs = funcs.into();
    module.tables = tables.into();
    module.memories = memories.into();
    module.globals = globals.into();
    module.tags = tags.into();
    module.bodies = BodySpans::new(code_section, bodies.into());
    module.exports = Exports::from_list(&bytes, exports.into());
    module.custom_sections = custom_sections.into();
    module.bytes = bytes;
    match validation {
        Some(validation) if validates_bodies(config.mode()) => {
            validation.validate_all(&module, config.compiles_in_parallel())?;
        }
        validation => module.lazy_validation = validation.map(Box::new),
    }
    Ok(module)
}

/// The module as far as it was read.
struct ModuleReader<'a> {
    bytes: &'a [u8],
    registry: &'a TypeRegistry,
    validator: Validator,
    /// What validates bodies, when all else is known to be valid.
    validation: Option<BodyValidation>,
    features: WasmFeatures,
    /// The byte offset of the current section, for errors of our own.
    section_offset: usize,
    spaces: Spaces,
    /// Where the contents of the code section begin.
    code_section: u32,
    bodies: Vec<Span>,
    exports: Vec<(Span, ExportedItem)>,
    custom_sections: Vec<CustomSection>,
    /// All else.
    module: ParsedModule,
}

/// The index spaces that imports are in, too.
#[derive(Default)]
struct Spaces {
    funcs: Vec<TypeIdx>,
    tables: Vec<TableType>,
    memories: Vec<MemoryType>,
    globals: Vec<GlobalType>,
    tags: Vec<TypeIdx>,
}

impl<'a> ModuleReader<'a> {
    fn new(bytes: &'a [u8], features: WasmFeatures, registry: &'a TypeRegistry) -> Self {
        Self {
            bytes,
            registry,
            validator: Validator::new_with_features(features),
            validation: None,
            features,
            section_offset: 0,
            spaces: Spaces::default(),
            code_section: 0,
            bodies: Vec::new(),
            exports: Vec::new(),
            custom_sections: Vec::new(),
            module: ParsedModule::default(),
        }
    }

    /// Validates and reads one section, or one function body.
    fn payload(&mut self, payload: Payload<'a>) -> Result<(), Error> {
        if let Payload::CodeSectionEntry(body) = &payload {
            return self.body(body);
        }
        counts::check(&payload, self.bytes, self.features)?;
        // This reads all items of a section, so that their declared count is true from here on.
        self.validator.payload(&payload).map_err(Error::parse)?;
        if let Some((_, range)) = payload.as_section() {
            self.section_offset = usize::try_from(range.start).unwrap_or(usize::MAX);
        }
        match payload {
            Payload::TypeSection(section) => self.types(&section),
            Payload::ImportSection(section) => self.imports(section),
            Payload::FunctionSection(section) => self.funcs(section),
            Payload::TableSection(section) => self.tables(section),
            Payload::MemorySection(section) => self.memories(section),
            Payload::GlobalSection(section) => self.globals(section),
            Payload::TagSection(section) => self.tags(section),
            Payload::ExportSection(section) => self.exports(section),
            Payload::ElementSection(section) => self.elements(section),
            Payload::DataSection(section) => self.data(section),
            Payload::StartSection { func, .. } => {
                self.module.start = Some(FuncIdx(func));
                Ok(())
            }
            Payload::CodeSectionStart { unchecked_range, .. } => {
                // A module has less than 4 GiB.
                self.code_section = unchecked_range.start as u32;
                let defined = self.spaces.funcs.len() - self.module.imported_funcs as usize;
                self.bodies = Vec::with_capacity(defined);
                Ok(())
            }
            Payload::CustomSection(section) => {
                let name = span_of(self.bytes, section.name().as_bytes());
                let data = span_of(self.bytes, section.data());
                self.custom_sections.push(CustomSection { name, data });
                Ok(())
            }
            // The validator has refused sections and versions that it does not know.
            _ => Ok(()),
        }
    }

    /// Turns a type without counterpart into an error at the current section.
    fn supported<T>(&self, ty: Result<T, Unsupported>) -> Result<T, Error> {
        ty.map_err(|Unsupported| Error::validation("unsupported type", self.section_offset))
    }

    fn types(&mut self, section: &wasmparser::TypeSectionReader<'a>) -> Result<(), Error> {
        let (start, count) = (section.range().start, section.count() as usize);
        let bytes = &self.bytes[start as usize..section.range().end as usize];
        let mut reader = BinaryReader::new_features(bytes, start, self.features);
        reader.read_var_u32().map_err(Error::parse)?;
        let (mut ids, mut defined) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut group = Vec::new();
        for _ in 0..count {
            group.clear();
            let rest = &bytes[reader.current_position()..];
            if let Some((ty, len)) = types::plain_func_type(rest) {
                reader.read_bytes(len).map_err(Error::parse)?;
                group.push(SubTypeDecl::plain(CompositeType::Func(ty)));
            } else {
                let rec_group = reader.read::<RecGroup>().map_err(Error::parse)?;
                let members = rec_group.types().cloned().collect::<Vec<_>>();
                let space = TypeSpace { ids: &ids, defined: &defined, group: &members };
                for ty in space.declarations() {
                    group.push(self.supported(ty)?);
                }
            }
            let first_id = self.registry.intern_group(&group);
            for position in (0..).take(group.len()) {
                let id = first_id.offset(position);
                let ty = self.registry.get(id);
                self.module.uses_type_hierarchy |=
                    !ty.is_final() || ty.composite.kind() != CompositeKind::Func;
                ids.push(id);
                defined.push(ty);
            }
        }
        (self.module.types, self.module.defined_types) = (ids.into(), defined.into());
        Ok(())
    }

    fn imports(&mut self, section: wasmparser::ImportSectionReader<'a>) -> Result<(), Error> {
        let mut imports = Vec::with_capacity(section.count() as usize);
        for import in section.into_imports() {
            let import = import.map_err(Error::parse)?;
            let item = self.imported_item(import.ty)?;
            let module = span_of(self.bytes, import.module.as_bytes());
            let name = span_of(self.bytes, import.name.as_bytes());
            imports.push(Import { module, name, item });
        }
        self.module.imports = imports.into();
        Ok(())
    }

    /// Adds an import to its index space.
    fn imported_item(&mut self, ty: TypeRef) -> Result<ExportedItem, Error> {
        let module = &mut self.module;
        Ok(match ty {
            TypeRef::Func(ty) => {
                self.spaces.funcs.push(TypeIdx(ty));
                module.imported_funcs += 1;
                ExportedItem::Func(FuncIdx(module.imported_funcs - 1))
            }
            TypeRef::Table(ty) => {
                let ty = self.supported(self.module.type_space().table_type(ty))?;
                self.spaces.tables.push(ty);
                self.module.imported_tables += 1;
                ExportedItem::Table(TableIdx(self.module.imported_tables - 1))
            }
            TypeRef::Memory(ty) => {
                let ty = self.supported(types::memory_type(ty))?;
                self.spaces.memories.push(ty);
                self.module.imported_memories += 1;
                ExportedItem::Memory(MemoryIdx(self.module.imported_memories - 1))
            }
            TypeRef::Global(ty) => {
                let ty = self.supported(self.module.type_space().global_type(ty))?;
                self.spaces.globals.push(ty);
                self.module.imported_globals += 1;
                ExportedItem::Global(GlobalIdx(self.module.imported_globals - 1))
            }
            TypeRef::Tag(ty) => {
                self.spaces.tags.push(TypeIdx(ty.func_type_idx));
                module.imported_tags += 1;
                ExportedItem::Tag(TagIdx(module.imported_tags - 1))
            }
            TypeRef::FuncExact(_) => return self.supported(Err(Unsupported)),
        })
    }

    fn funcs(&mut self, section: wasmparser::FunctionSectionReader<'a>) -> Result<(), Error> {
        self.spaces.funcs.reserve_exact(section.count() as usize);
        for ty in section {
            self.spaces.funcs.push(TypeIdx(ty.map_err(Error::parse)?));
        }
        Ok(())
    }

    fn tables(&mut self, section: wasmparser::TableSectionReader<'a>) -> Result<(), Error> {
        self.spaces.tables.reserve_exact(section.count() as usize);
        let mut inits = Vec::new();
        for table in section {
            let table = table.map_err(Error::parse)?;
            let index = TableIdx(self.spaces.tables.len() as u32);
            let ty = self.supported(self.module.type_space().table_type(table.ty))?;
            self.spaces.tables.push(ty);
            if let TableInit::Expr(expr) = &table.init {
                inits.push((index, self.const_expr(expr)?));
            }
        }
        self.module.table_inits = inits.into();
        Ok(())
    }

    fn memories(&mut self, section: wasmparser::MemorySectionReader<'a>) -> Result<(), Error> {
        self.spaces.memories.reserve_exact(section.count() as usize);
        for ty in section {
            let ty = self.supported(types::memory_type(ty.map_err(Error::parse)?))?;
            self.spaces.memories.push(ty);
        }
        Ok(())
    }

    fn globals(&mut self, section: wasmparser::GlobalSectionReader<'a>) -> Result<(), Error> {
        let count = section.count() as usize;
        self.spaces.globals.reserve_exact(count);
        let mut inits = Vec::with_capacity(count);
        for global in section {
            let global = global.map_err(Error::parse)?;
            let ty = self.supported(self.module.type_space().global_type(global.ty))?;
            self.spaces.globals.push(ty);
            inits.push(self.const_expr(&global.init_expr)?);
        }
        self.module.global_inits = inits.into();
        Ok(())
    }

    fn tags(&mut self, section: wasmparser::TagSectionReader<'a>) -> Result<(), Error> {
        self.spaces.tags.reserve_exact(section.count() as usize);
        for tag in section {
            self.spaces.tags.push(TypeIdx(tag.map_err(Error::parse)?.func_type_idx));
        }
        Ok(())
    }

    fn exports(&mut self, section: wasmparser::ExportSectionReader<'a>) -> Result<(), Error> {
        self.exports = Vec::with_capacity(section.count() as usize);
        for export in section {
            let export = export.map_err(Error::parse)?;
            let item = match export.kind {
                ExternalKind::Func => ExportedItem::Func(FuncIdx(export.index)),
                ExternalKind::Table => ExportedItem::Table(TableIdx(export.index)),
                ExternalKind::Memory => ExportedItem::Memory(MemoryIdx(export.index)),
                ExternalKind::Global => ExportedItem::Global(GlobalIdx(export.index)),
                ExternalKind::Tag => ExportedItem::Tag(TagIdx(export.index)),
                ExternalKind::FuncExact => self.supported(Err(Unsupported))?,
            };
            self.exports.push((span_of(self.bytes, export.name.as_bytes()), item));
        }
        Ok(())
    }

    fn elements(&mut self, section: wasmparser::ElementSectionReader<'a>) -> Result<(), Error> {
        let mut elements = Vec::with_capacity(section.count() as usize);
        for segment in section {
            let segment = segment.map_err(Error::parse)?;
            let mode = match &segment.kind {
                ElementKind::Passive => ElementMode::Passive,
                ElementKind::Declared => ElementMode::Declared,
                ElementKind::Active { table_index, offset_expr } => ElementMode::Active {
                    table: TableIdx(table_index.unwrap_or(0)),
                    offset: self.const_expr(offset_expr)?,
                },
            };
            let items = self.element_items(segment.items)?;
            elements.push(ElementSegment { items, mode });
        }
        self.module.elements = elements.into();
        Ok(())
    }

    fn data(&mut self, section: wasmparser::DataSectionReader<'a>) -> Result<(), Error> {
        let mut data = Vec::with_capacity(section.count() as usize);
        for segment in section {
            let segment = segment.map_err(Error::parse)?;
            let mode = match &segment.kind {
                DataKind::Passive => DataMode::Passive,
                DataKind::Active { memory_index, offset_expr } => DataMode::Active {
                    memory: MemoryIdx(*memory_index),
                    offset: self.const_expr(offset_expr)?,
                },
            };
            let range = span_of(self.bytes, segment.data);
            data.push(DataSegment { range, mode });
        }
        self.module.data = data.into();
        Ok(())
    }

    fn const_expr(&self, expr: &wasmparser::ConstExpr<'_>) -> Result<ConstExpr, Error> {
        let types = ModuleTypes { ids: &self.module.types, defined: &self.module.defined_types };
        ConstExpr::read(expr, &types)
    }

    /// The elements of a segment.
    fn element_items(&self, items: wasmparser::ElementItems<'_>) -> Result<ElementItems, Error> {
        Ok(match items {
            wasmparser::ElementItems::Functions(funcs) => {
                let funcs = funcs.into_iter().map(|func| func.map(FuncIdx).map_err(Error::parse));
                ElementItems::Funcs(funcs.collect::<Result<_, _>>()?)
            }
            wasmparser::ElementItems::Expressions(_, exprs) => {
                let read = |expr: Result<_, _>| self.const_expr(&expr.map_err(Error::parse)?);
                ElementItems::Exprs(exprs.into_iter().map(read).collect::<Result<_, _>>()?)
            }
        })
    }

    fn body(&mut self, body: &FunctionBody<'a>) -> Result<(), Error> {
        let func = self.validator.code_section_entry(body).map_err(Error::parse)?;
        self.bodies.push(span_of(self.bytes, body.as_bytes()));
        self.validation.get_or_insert_with(|| BodyValidation::new(func.resources, self.features));
        Ok(())
    }
}
