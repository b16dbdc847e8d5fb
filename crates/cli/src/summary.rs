//! What a binary module consists of, by its sections; read without validation, so that modules with proposals that the
//! engine doesn't know can be looked at too.
//!
//! The fields are the keys of `fulmar inspect --json`: they may become more, and never change.

use anyhow::{Result, anyhow};
use serde::Serialize;
use std::ops::Range;
use wasmparser::{
    CompositeInnerType, ExternalKind, FuncType, GlobalType, MemoryType, Parser, Payload, TableType,
    TypeRef, ValType,
};

/// What a module consists of.
#[derive(Default, Serialize)]
pub(crate) struct Summary {
    pub(crate) bytes: usize,
    pub(crate) types: usize,
    pub(crate) functions: Functions,
    /// The index of the start function.
    pub(crate) start: Option<u32>,
    pub(crate) imports: Vec<Import>,
    pub(crate) exports: Vec<Export>,
    pub(crate) memories: Vec<Memory>,
    pub(crate) tables: Vec<Table>,
    pub(crate) globals: Vec<Global>,
    pub(crate) tags: usize,
    pub(crate) element_segments: u32,
    pub(crate) data_segments: u32,
    pub(crate) data_bytes: usize,
    /// All sections but the custom ones.
    pub(crate) sections: Vec<Section>,
    pub(crate) custom_sections: Vec<Section>,
}

#[derive(Default, Serialize)]
pub(crate) struct Functions {
    pub(crate) imported: u32,
    pub(crate) defined: u32,
    /// The size of all bodies.
    pub(crate) code_bytes: u64,
}

#[derive(Serialize)]
pub(crate) struct Import {
    pub(crate) module: String,
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    #[serde(rename = "type")]
    pub(crate) ty: String,
}

#[derive(Serialize)]
pub(crate) struct Export {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) index: u32,
    #[serde(rename = "type")]
    pub(crate) ty: String,
}

#[derive(Serialize)]
pub(crate) struct Memory {
    pub(crate) index: usize,
    pub(crate) imported: bool,
    pub(crate) minimum_pages: u64,
    pub(crate) maximum_pages: Option<u64>,
    pub(crate) page_bytes: u64,
    pub(crate) address_type: &'static str,
    pub(crate) shared: bool,
}

#[derive(Serialize)]
pub(crate) struct Table {
    pub(crate) index: usize,
    pub(crate) imported: bool,
    pub(crate) element: String,
    pub(crate) minimum: u64,
    pub(crate) maximum: Option<u64>,
    pub(crate) address_type: &'static str,
}

#[derive(Serialize)]
pub(crate) struct Global {
    pub(crate) index: usize,
    pub(crate) imported: bool,
    #[serde(rename = "type")]
    pub(crate) ty: String,
    pub(crate) mutable: bool,
}

#[derive(Serialize)]
pub(crate) struct Section {
    pub(crate) name: String,
    /// Where the contents begin, behind the section's size.
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
}

impl Summary {
    /// Reads the sections of a module.
    ///
    /// # Errors
    ///
    /// If they are malformed; the error has the byte offset.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::default();
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(malformed)?;
            reader.section(&payload);
            reader.contents(payload).map_err(malformed)?;
        }
        Ok(Self { bytes: bytes.len(), ..reader.finish() })
    }
}

fn malformed(error: wasmparser::Error) -> anyhow::Error {
    anyhow!("{} (at offset {:#x})", error.message(), error.offset())
}

/// The part of a summary that is known so far, and the types by index that are needed for exports.
#[derive(Default)]
struct Reader {
    summary: Summary,
    /// `None` stands for types that are not of functions.
    types: Vec<Option<FuncType>>,
    /// The types of functions, by index.
    funcs: Vec<u32>,
    /// The types of tags, by index.
    tags: Vec<u32>,
}

impl Reader {
    /// Notes where a section is and how large.
    fn section(&mut self, payload: &Payload<'_>) {
        let custom =
            if let Payload::CustomSection(section) = payload { Some(section.name()) } else { None };
        let Some((id, Range { start, end })) = payload.as_section() else {
            return;
        };
        let name = custom.map_or_else(|| section_name(id), str::to_owned);
        let section = Section { name, offset: start, bytes: end - start };
        let summary = &mut self.summary;
        let sections =
            if custom.is_some() { &mut summary.custom_sections } else { &mut summary.sections };
        sections.push(section);
    }

    fn contents(&mut self, payload: Payload<'_>) -> wasmparser::Result<()> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section {
                    self.types.extend(group?.into_types().map(
                        |ty| match ty.composite_type.inner {
                            CompositeInnerType::Func(ty) => Some(ty),
                            _ => None,
                        },
                    ));
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    self.import(import?);
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    self.funcs.push(ty?);
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    self.table(&table?.ty, false);
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    self.memory(&memory?, false);
                }
            }
            Payload::TagSection(section) => {
                for tag in section {
                    self.tags.push(tag?.func_type_idx);
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    self.global(&global?.ty, false);
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    self.export(export?);
                }
            }
            other => self.code_and_segments(other)?,
        }
        Ok(())
    }

    fn code_and_segments(&mut self, payload: Payload<'_>) -> wasmparser::Result<()> {
        let summary = &mut self.summary;
        match payload {
            Payload::StartSection { func, .. } => summary.start = Some(func),
            Payload::ElementSection(section) => summary.element_segments = section.count(),
            Payload::CodeSectionEntry(body) => {
                let Range { start, end } = body.range();
                summary.functions.code_bytes += end - start;
            }
            Payload::DataSection(section) => {
                summary.data_segments = section.count();
                for segment in section {
                    summary.data_bytes += segment?.data.len();
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, import: wasmparser::Import<'_>) {
        let kind = match import.ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                self.summary.functions.imported += 1;
                self.funcs.push(ty);
                ExternalKind::Func
            }
            TypeRef::Table(ty) => {
                self.table(&ty, true);
                ExternalKind::Table
            }
            TypeRef::Memory(ty) => {
                self.memory(&ty, true);
                ExternalKind::Memory
            }
            TypeRef::Global(ty) => {
                self.global(&ty, true);
                ExternalKind::Global
            }
            TypeRef::Tag(ty) => {
                self.tags.push(ty.func_type_idx);
                ExternalKind::Tag
            }
        };
        // What was imported is the last of its index space.
        let ty = self.last(kind).map_or_else(unknown, |index| self.ty(kind, index));
        let (module, name) = (import.module.to_owned(), import.name.to_owned());
        self.summary.imports.push(Import { module, name, kind: kind_name(kind), ty });
    }

    fn table(&mut self, ty: &TableType, imported: bool) {
        let tables = &mut self.summary.tables;
        tables.push(Table {
            index: tables.len(),
            imported,
            element: ty.element_type.to_string(),
            minimum: ty.initial,
            maximum: ty.maximum,
            address_type: address_type(ty.table64),
        });
    }

    fn memory(&mut self, ty: &MemoryType, imported: bool) {
        let memories = &mut self.summary.memories;
        memories.push(Memory {
            index: memories.len(),
            imported,
            minimum_pages: ty.initial,
            maximum_pages: ty.maximum,
            page_bytes: 1u64.checked_shl(ty.page_size_log2.unwrap_or(16)).unwrap_or(0),
            address_type: address_type(ty.memory64),
            shared: ty.shared,
        });
    }

    fn global(&mut self, ty: &GlobalType, imported: bool) {
        let globals = &mut self.summary.globals;
        let (index, text) = (globals.len(), ty.content_type.to_string());
        globals.push(Global { index, imported, ty: text, mutable: ty.mutable });
    }

    fn export(&mut self, export: wasmparser::Export<'_>) {
        let (kind, index) = (export.kind, export.index);
        let ty = usize::try_from(index).map_or_else(|_| unknown(), |index| self.ty(kind, index));
        let name = export.name.to_owned();
        self.summary.exports.push(Export { name, kind: kind_name(kind), index, ty });
    }

    /// The last index of an index space.
    fn last(&self, kind: ExternalKind) -> Option<usize> {
        let count = match kind {
            ExternalKind::Func | ExternalKind::FuncExact => self.funcs.len(),
            ExternalKind::Table => self.summary.tables.len(),
            ExternalKind::Memory => self.summary.memories.len(),
            ExternalKind::Global => self.summary.globals.len(),
            ExternalKind::Tag => self.tags.len(),
        };
        count.checked_sub(1)
    }

    /// The type of something in an index space, as text; nothing says that the index is valid.
    fn ty(&self, kind: ExternalKind, index: usize) -> String {
        let summary = &self.summary;
        let ty = match kind {
            ExternalKind::Func | ExternalKind::FuncExact => {
                self.funcs.get(index).and_then(|ty| self.func_type(*ty))
            }
            ExternalKind::Tag => self.tags.get(index).and_then(|ty| self.func_type(*ty)),
            ExternalKind::Table => summary.tables.get(index).map(Table::ty),
            ExternalKind::Memory => summary.memories.get(index).map(Memory::ty),
            ExternalKind::Global => summary.globals.get(index).map(Global::ty),
        };
        ty.unwrap_or_else(unknown)
    }

    fn func_type(&self, index: u32) -> Option<String> {
        let ty = self.types.get(usize::try_from(index).ok()?)?.as_ref()?;
        let list = |types: &[ValType]| {
            let types: Vec<_> = types.iter().map(ToString::to_string).collect();
            types.join(", ")
        };
        Some(format!("({}) -> ({})", list(ty.params()), list(ty.results())))
    }

    fn finish(mut self) -> Summary {
        let summary = &mut self.summary;
        summary.types = self.types.len();
        summary.tags = self.tags.len();
        let funcs = u32::try_from(self.funcs.len()).unwrap_or(u32::MAX);
        summary.functions.defined = funcs - summary.functions.imported;
        self.summary
    }
}

impl Memory {
    /// The type, as the text format writes it.
    pub(crate) fn ty(&self) -> String {
        let mut text = limits(self.address_type, self.minimum_pages, self.maximum_pages);
        if self.shared {
            text.push_str(" shared");
        }
        if self.page_bytes != 1 << 16 {
            text.push_str(&format!(" (pagesize {})", self.page_bytes));
        }
        text
    }
}

impl Table {
    /// The type, as the text format writes it.
    pub(crate) fn ty(&self) -> String {
        let limits = limits(self.address_type, self.minimum, self.maximum);
        format!("{limits} {}", self.element)
    }
}

impl Global {
    /// The type, as the text format writes it.
    pub(crate) fn ty(&self) -> String {
        if self.mutable { format!("(mut {})", self.ty) } else { self.ty.clone() }
    }
}

fn limits(address_type: &str, minimum: u64, maximum: Option<u64>) -> String {
    let address_type = if address_type == "i64" { "i64 " } else { "" };
    let maximum = maximum.map(|maximum| format!(" {maximum}")).unwrap_or_default();
    format!("{address_type}{minimum}{maximum}")
}

/// The type of something that is not there.
fn unknown() -> String {
    "unknown".to_owned()
}

fn address_type(is_64: bool) -> &'static str {
    if is_64 { "i64" } else { "i32" }
}

fn kind_name(kind: ExternalKind) -> &'static str {
    match kind {
        ExternalKind::Func | ExternalKind::FuncExact => "function",
        ExternalKind::Table => "table",
        ExternalKind::Memory => "memory",
        ExternalKind::Global => "global",
        ExternalKind::Tag => "tag",
    }
}

/// The name of a section by its id (spec: binary/modules, "sections").
fn section_name(id: u8) -> String {
    const NAMES: [&str; 14] = [
        "custom",
        "type",
        "import",
        "function",
        "table",
        "memory",
        "global",
        "export",
        "start",
        "element",
        "code",
        "data",
        "data count",
        "tag",
    ];
    NAMES.get(usize::from(id)).map_or_else(|| format!("section {id}"), |name| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rich() -> Vec<u8> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/rich.wat");
        wat::parse_file(path).unwrap()
    }

    #[test]
    fn faults_in_a_module_are_errors_with_an_offset() {
        let bytes = rich();
        assert!(Summary::read(&bytes).is_ok());
        for len in 0..bytes.len() {
            // A module may well end after any section.
            if let Err(error) = Summary::read(&bytes[..len]) {
                assert!(error.to_string().contains("(at offset 0x"), "{len}: {error}");
            }
        }
        for (place, bit) in (0..bytes.len()).flat_map(|place| (0..8).map(move |bit| (place, bit))) {
            let mut bytes = bytes.clone();
            bytes[place] ^= 1 << bit;
            if let Err(error) = Summary::read(&bytes) {
                assert!(error.to_string().contains("(at offset 0x"), "{place} {bit}: {error}");
            }
        }
    }

    #[test]
    fn indices_that_lead_nowhere_have_an_unknown_type() {
        let text = r#"(module (func (type 9)) (export "f" (func 0)) (export "g" (func 5)))"#;
        let bytes = wat::parse_str(text).unwrap();
        let summary = Summary::read(&bytes).unwrap();
        let types: Vec<_> = summary.exports.iter().map(|export| export.ty.as_str()).collect();
        assert_eq!(types, ["unknown", "unknown"]);
    }
}
