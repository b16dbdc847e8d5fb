//! From the bytes of a binary module to its declarations, validated.
//!
//! Input: bytes, the accepted features and the registry of canonical types. Output: a
//! [`ParsedModule`], in which function bodies are byte ranges: they are translated later. Nothing
//! here knows of stores or execution.

mod bodies;
mod body_spans;
mod const_expr;
mod counts;
mod names;
mod operators;
mod quick;
mod read;
mod types;

pub(crate) use self::bodies::{BYTE_NANOSECONDS, BodyMemory};
use self::bodies::{BodyValidation, validate_body};
use self::body_spans::BodySpans;
use self::const_expr::ModuleTypes;
pub(crate) use self::const_expr::{ConstContext, ConstExpr, ConstValue};
pub(crate) use self::names::FuncNames;
pub(crate) use self::operators::{EMPTY_BLOCK, visit_common};
pub(crate) use self::read::parse;
use self::types::TypeSpace;

use crate::types::index::{FuncIdx, GlobalIdx, MemoryIdx, TableIdx, TagIdx, TypeIdx};
use crate::types::{CompositeType, FuncType, GlobalType, MemoryType, SubType, TableType, TypeId};
use crate::{CompilationMode, Error, HeapType};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hash::BuildHasher;
use core::ops::Range;
use hashbrown::{DefaultHashBuilder, HashTable};
use wasmparser::{FuncValidatorAllocations, Parser, ValidPayload, Validator, WasmFeatures};

/// The declarations of a module, by index space.
#[derive(Default)]
pub(crate) struct ParsedModule {
    /// The module itself; spans refer to it.
    pub(crate) bytes: Box<[u8]>,
    /// The canonical type of each type of the module, by [`TypeIdx`].
    pub(crate) types: Box<[TypeId]>,
    /// What they are, by [`TypeIdx`].
    pub(crate) defined_types: Box<[Arc<SubType>]>,
    /// Whether objects of the heap are made, or casts need to know supertypes.
    pub(crate) uses_type_hierarchy: bool,
    /// The type of each function, by [`FuncIdx`], imports first.
    pub(crate) funcs: Box<[TypeIdx]>,
    pub(crate) imported_funcs: u32,
    /// By [`TableIdx`], imports first.
    pub(crate) tables: Box<[TableType]>,
    pub(crate) imported_tables: u32,
    /// The initial element of each defined table that has one.
    pub(crate) table_inits: Box<[(TableIdx, ConstExpr)]>,
    /// By [`MemoryIdx`], imports first.
    pub(crate) memories: Box<[MemoryType]>,
    pub(crate) imported_memories: u32,
    /// By [`GlobalIdx`], imports first.
    pub(crate) globals: Box<[GlobalType]>,
    pub(crate) imported_globals: u32,
    /// The type of each tag, by [`TagIdx`], imports first.
    pub(crate) tags: Box<[TypeIdx]>,
    pub(crate) imported_tags: u32,
    /// The initial value of each defined global.
    pub(crate) global_inits: Box<[ConstExpr]>,
    /// Where the body of each defined function is.
    pub(crate) bodies: BodySpans,
    pub(crate) data: Box<[DataSegment]>,
    pub(crate) elements: Box<[ElementSegment]>,
    pub(crate) imports: Box<[Import]>,
    pub(crate) exports: Exports,
    pub(crate) start: Option<FuncIdx>,
    pub(crate) custom_sections: Box<[CustomSection]>,
    /// What is needed to validate bodies later: when they are translated, unless that is put off and their
    /// validation is not.
    pub(crate) lazy_validation: Option<Box<BodyValidation>>,
}

impl ParsedModule {
    /// The text that `span`, which was found to be UTF-8 by the parser, covers.
    pub(crate) fn text(&self, span: Span) -> &str {
        core::str::from_utf8(span.bytes(&self.bytes)).expect("validated: names are UTF-8")
    }

    /// The type with the index `ty`, which is that of a function.
    pub(crate) fn signature(&self, ty: TypeIdx) -> &FuncType {
        match &self.defined_types[ty.index()].composite {
            CompositeType::Func(ty) => ty,
            other => unreachable!("validated: a {} is used as a function", other.kind()),
        }
    }

    /// The types that indices refer to.
    fn type_space(&self) -> TypeSpace<'_> {
        TypeSpace { ids: &self.types, defined: &self.defined_types, group: &[] }
    }

    /// A heap type that an instruction of the module has as operand.
    pub(crate) fn heap_type(&self, ty: wasmparser::HeapType) -> HeapType {
        let ty = self.type_space().heap_type(ty);
        ty.unwrap_or_else(|_| unreachable!("validated: heap types of instructions are known"))
    }

    /// The bytes of all function bodies.
    pub(crate) fn code_bytes(&self) -> usize {
        self.body_spans().iter().map(|body| body.range().len()).sum()
    }

    /// Where the bodies of defined functions are; they are known from here on.
    pub(crate) fn body_spans(&self) -> &[Span] {
        self.bodies.all(&self.bytes)
    }

    /// Validates the body of a defined function, if that was put off.
    pub(crate) fn validate_body(
        &self,
        memory: &mut BodyMemory,
        defined: usize,
    ) -> Result<(), Error> {
        match &self.lazy_validation {
            Some(validation) => validation.validate(memory, self, defined),
            None => Ok(()),
        }
    }

    /// The bytes of a data segment, whether it was dropped or not.
    pub(crate) fn data_bytes(&self, segment: u32) -> &[u8] {
        self.data[segment as usize].range.bytes(&self.bytes)
    }

    /// The export with the name `name`.
    pub(crate) fn export(&self, name: &str) -> Option<ExportedItem> {
        self.exports.get(&self.bytes, name)
    }
}

/// A range of the bytes of a module, which has less than 4 GiB.
#[derive(Debug, Default, Copy, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    /// The bytes of `module` that the span covers.
    #[inline]
    pub(crate) fn bytes(self, module: &[u8]) -> &[u8] {
        &module[self.range()]
    }

    /// Whether the span covers these bytes. What differs in length is not looked at.
    #[inline]
    fn is(self, bytes: &[u8], module: &[u8]) -> bool {
        self.range().len() == bytes.len() && self.bytes(module) == bytes
    }

    /// As a range of positions.
    #[inline]
    pub(crate) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The span of `part`, which must be borrowed from `module`.
fn span_of(module: &[u8], part: &[u8]) -> Span {
    let start = part.as_ptr().addr() - module.as_ptr().addr();
    debug_assert!(start + part.len() <= module.len(), "the part is not of this module");
    // A module has less than 4 GiB, which `parse` checks.
    Span { start: start as u32, end: (start + part.len()) as u32 }
}

/// An import of the module.
#[derive(Debug, Copy, Clone)]
pub(crate) struct Import {
    pub(crate) module: Span,
    pub(crate) name: Span,
    /// What is imported, by its index in the module.
    pub(crate) item: ExportedItem,
}

/// Something that is imported or exported, by its index in the module.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub(crate) enum ExportedItem {
    Func(FuncIdx),
    Table(TableIdx),
    Memory(MemoryIdx),
    Global(GlobalIdx),
    Tag(TagIdx),
}

/// The exports of a module, in order and by name.
#[derive(Default)]
pub(crate) struct Exports {
    /// In the order of the module.
    list: Box<[(Span, ExportedItem)]>,
    /// None if there are few.
    by_name: Option<Box<ByName>>,
}

/// Positions in a list of exports, by the hash of their names.
#[derive(Default)]
struct ByName {
    positions: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

/// Among so many exports, the one with a name is found by looking at all of them: to hash the name
/// takes longer.
const EXPORTS_SCANNED_MAX: usize = 8;

impl Exports {
    fn from_list(module: &[u8], list: Box<[(Span, ExportedItem)]>) -> Self {
        if list.len() <= EXPORTS_SCANNED_MAX {
            return Self { list, by_name: None };
        }
        let hasher = DefaultHashBuilder::default();
        let mut positions = HashTable::with_capacity(list.len());
        let hash_at = |position: &u32| hasher.hash_one(list[*position as usize].0.bytes(module));
        for position in 0..list.len() as u32 {
            // The validator has refused names that occur twice.
            positions.insert_unique(hash_at(&position), position, hash_at);
        }
        Self { list, by_name: Some(Box::new(ByName { positions, hasher })) }
    }

    fn get(&self, module: &[u8], name: &str) -> Option<ExportedItem> {
        let name = name.as_bytes();
        let Some(by_name) = &self.by_name else {
            let mut exports = self.list.iter();
            let (_, item) = exports.find(|(span, _)| span.is(name, module))?;
            return Some(*item);
        };
        let is_named = |position: &u32| self.list[*position as usize].0.is(name, module);
        let position = by_name.positions.find(by_name.hasher.hash_one(name), is_named)?;
        Some(self.list[*position as usize].1)
    }

    /// Names and items in the order of the module.
    pub(crate) fn list(&self) -> &[(Span, ExportedItem)] {
        &self.list
    }
}

/// A data segment (spec: syntax/modules).
#[derive(Debug)]
pub(crate) struct DataSegment {
    /// The bytes.
    pub(crate) range: Span,
    pub(crate) mode: DataMode,
}

/// When a data segment is used.
#[derive(Debug)]
pub(crate) enum DataMode {
    /// By `memory.init`.
    Passive,
    /// At instantiation.
    Active { memory: MemoryIdx, offset: ConstExpr },
}

/// An element segment (spec: syntax/modules).
#[derive(Debug)]
pub(crate) struct ElementSegment {
    pub(crate) items: ElementItems,
    pub(crate) mode: ElementMode,
}

/// The elements of a segment.
#[derive(Debug)]
pub(crate) enum ElementItems {
    Funcs(Box<[FuncIdx]>),
    Exprs(Box<[ConstExpr]>),
}

impl ElementItems {
    /// The number of elements.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Funcs(funcs) => funcs.len(),
            Self::Exprs(exprs) => exprs.len(),
        }
    }
}

/// When an element segment is used.
#[derive(Debug)]
pub(crate) enum ElementMode {
    /// By `table.init`.
    Passive,
    /// At instantiation.
    Active { table: TableIdx, offset: ConstExpr },
    /// Never: it only declares the functions that instructions may refer to.
    Declared,
}

/// A custom section.
#[derive(Debug, Copy, Clone)]
pub(crate) struct CustomSection {
    pub(crate) name: Span,
    pub(crate) data: Span,
}

/// Checks that a module is valid, with all function bodies, and keeps nothing.
pub(crate) fn validate(bytes: &[u8], features: WasmFeatures) -> Result<(), Error> {
    let mut validator = Validator::new_with_features(features);
    let mut parser = Parser::new(0);
    parser.set_features(features);
    let mut bodies = Vec::new();
    for payload in parser.parse_all(bytes) {
        let payload = payload.map_err(Error::parse)?;
        counts::check(&payload, bytes, features)?;
        if let ValidPayload::Func(func, body) = validator.payload(&payload).map_err(Error::parse)? {
            bodies.push((func, body));
        }
    }
    let mut allocations = FuncValidatorAllocations::default();
    bodies.into_iter().try_for_each(|(func, body)| validate_body(func, &body, &mut allocations))
}

/// Whether bodies are validated while parsing.
fn validates_bodies(mode: CompilationMode) -> bool {
    matches!(mode, CompilationMode::LazyTranslation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;
    use crate::types::TypeRegistry;

    fn parse_as(wasm: &[u8], mode: CompilationMode) -> Result<ParsedModule, Error> {
        parse(wasm.into(), Config::new().compilation_mode(mode), &TypeRegistry::default())
    }

    fn parse_text(text: &str) -> ParsedModule {
        parse_as(&wat::parse_str(text).unwrap(), CompilationMode::Eager).unwrap()
    }

    #[test]
    fn declarations_are_in_their_index_spaces() {
        let module = parse_text(
            r#"(module
                (import "a" "f" (func (param i32)))
                (import "a" "m" (memory 1 2))
                (import "b" "g" (global i64))
                (func (export "f") (param i32) (local i64))
                (table 3 funcref)
                (global (mut i32) (i32.const 7))
                (memory (export "m") 4)
                (start 2)
                (func $start)
                (elem (i32.const 0) func 1 2)
                (data (memory 1) (i32.const 8) "bytes"))"#,
        );
        assert_eq!((module.imported_funcs, module.funcs.len(), module.bodies.len()), (1, 3, 2));
        assert_eq!(module.types[0], module.types[module.funcs[1].index()]);
        assert_eq!(*module.memories, [MemoryType::new(1, Some(2)), MemoryType::new(4, None)]);
        assert_eq!((module.imported_globals, module.globals.len()), (1, 2));
        assert_eq!(module.global_inits.len(), 1);
        assert_eq!(module.start, Some(FuncIdx(2)));
        assert_eq!(module.export("f"), Some(ExportedItem::Func(FuncIdx(1))));
        assert_eq!(module.export("m"), Some(ExportedItem::Memory(MemoryIdx(1))));
        assert_eq!(module.export("g"), None);
        assert_eq!(module.data_bytes(0), b"bytes");
        assert_eq!(module.elements[0].items.len(), 2);
        let import = module.imports[2];
        assert_eq!((module.text(import.module), module.text(import.name)), ("b", "g"));
    }

    #[test]
    fn faults_have_byte_offsets() {
        let mut wasm = wat::parse_str("(module (func (result i32) (i32.const 1)))").unwrap();
        let last = wasm.len() - 2;
        assert_eq!(wasm[last - 1], 0x41, "the constant's opcode stands there");
        // From `i32.const 1` to `i64.const 1`.
        wasm[last - 1] = 0x42;
        let error = parse_as(&wasm, CompilationMode::LazyTranslation).err().unwrap();
        assert_eq!(error.offset(), Some(wasm.len() - 1), "{error}");
        assert_eq!(validate(&wasm, Config::new().features()).unwrap_err().offset(), error.offset());

        let error = parse_as(b"\0asm\x02\0\0\0", CompilationMode::Eager).err().unwrap();
        assert_eq!(error.offset(), Some(4), "{error}");
    }

    #[test]
    fn bodies_can_be_validated_later() {
        let text = "(module (import \"\" \"\" (func)) (func) (func (result i32) (i64.const 1)))";
        let wasm = wat::parse_str(text).unwrap();
        assert!(parse_as(&wasm, CompilationMode::LazyTranslation).is_err());
        let module = parse_as(&wasm, CompilationMode::Lazy).unwrap();
        let mut memory = BodyMemory::default();
        module.validate_body(&mut memory, 0).unwrap();
        let error = module.validate_body(&mut memory, 1).unwrap_err();
        assert_eq!(error.offset(), Some(wasm.len() - 1), "{error}");
        module.validate_body(&mut memory, 0).unwrap();
    }

    #[test]
    fn forgotten_bodies_are_found_again() {
        let text = r#"(module (import "a" "f" (func)) (func) (func (local i64) (drop (i32.const 1)))
            (@custom "c" "c") (func (nop)))"#;
        for text in [text, "(module)"] {
            let mut module = parse_text(text);
            let spans = module.body_spans().to_vec();
            module.bodies.forget();
            assert_eq!(module.body_spans(), spans);
        }
    }

    #[test]
    fn truncated_and_damaged_modules_are_errors() {
        let text = r#"(module
            (import "a" "f" (func (param i32)))
            (table 2 funcref) (memory 1) (global i32 (i32.const 1))
            (func $g (export "g") (param i32) (call 0 (local.get 0)))
            (elem (i32.const 0) func 1) (data (i32.const 0) "abc"))"#;
        let wasm = wat::parse_str(text).unwrap();
        for mode in [CompilationMode::Eager, CompilationMode::Lazy] {
            for len in 0..wasm.len() {
                // A module may end after any section, apart from what other sections promise.
                let _ = parse_as(&wasm[..len], mode);
            }
            for bit in 0..wasm.len() * 8 {
                let mut damaged = wasm.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                if let Ok(module) = parse_as(&damaged, mode) {
                    let mut memory = BodyMemory::default();
                    let validate = |body| drop(module.validate_body(&mut memory, body));
                    (0..module.bodies.len()).for_each(validate);
                }
            }
        }
    }

    #[test]
    fn names_are_found_and_damage_is_ignored() {
        let module = parse_text(r#"(module (func $first) (func) (func $"third one"))"#);
        let section = module.custom_sections[0];
        assert_eq!(module.text(section.name), "name");
        let names = FuncNames::read(&module.bytes, section.data);
        let name = |func| names.get(FuncIdx(func)).map(|span| module.text(span));
        assert_eq!((name(0), name(1), name(2)), (Some("first"), None, Some("third one")));
        for end in section.data.start..section.data.end {
            FuncNames::read(&module.bytes, Span { start: section.data.start, end });
        }
    }
}
