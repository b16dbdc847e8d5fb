//! From the parser's types to fulmar's.
//!
//! The validator has refused what the engine's features don't include, so that what has no
//! counterpart here can't come; if it did, it would be an error at the offset of its section.

use crate::types::{
    CompositeKind, CompositeType, ConcreteType, FieldType, FuncType, GlobalType, HeapType,
    MemoryType, Mutability, RefType, StorageType, SubType, SubTypeDecl, TableType, TypeId, ValType,
};
use alloc::sync::Arc;
use wasmparser::{AbstractHeapType, CompositeInnerType, UnpackedIndex};

/// A type that the validator accepted and fulmar does not know.
#[derive(Debug, Copy, Clone)]
pub(super) struct Unsupported;

/// The types that indices refer to: those of the module so far, then those of the recursion group
/// that is being read.
#[derive(Copy, Clone)]
pub(super) struct TypeSpace<'a> {
    pub(super) ids: &'a [TypeId],
    pub(super) defined: &'a [Arc<SubType>],
    pub(super) group: &'a [wasmparser::SubType],
}

impl<'a> TypeSpace<'a> {
    fn concrete(self, index: UnpackedIndex) -> Result<ConcreteType, Unsupported> {
        let known = self.ids.len();
        let position = match index {
            UnpackedIndex::Module(index) if (index as usize) < known => {
                let index = index as usize;
                let kind = self.defined[index].composite.kind();
                return Ok(ConcreteType { id: self.ids[index], kind });
            }
            UnpackedIndex::Module(index) => index as usize - known,
            UnpackedIndex::RecGroup(position) => position as usize,
            UnpackedIndex::Id(_) => return Err(Unsupported),
        };
        let kind = match &self.group.get(position).ok_or(Unsupported)?.composite_type.inner {
            CompositeInnerType::Func(_) => CompositeKind::Func,
            CompositeInnerType::Struct(_) => CompositeKind::Struct,
            CompositeInnerType::Array(_) => CompositeKind::Array,
            CompositeInnerType::Cont(_) => return Err(Unsupported),
        };
        Ok(ConcreteType { id: TypeId::in_group(position as u32), kind })
    }

    pub(super) fn val_type(self, ty: wasmparser::ValType) -> Result<ValType, Unsupported> {
        Ok(match ty {
            wasmparser::ValType::I32 => ValType::I32,
            wasmparser::ValType::I64 => ValType::I64,
            wasmparser::ValType::F32 => ValType::F32,
            wasmparser::ValType::F64 => ValType::F64,
            wasmparser::ValType::V128 => ValType::V128,
            wasmparser::ValType::Ref(ty) => ValType::Ref(self.ref_type(ty)?),
        })
    }

    pub(super) fn ref_type(self, ty: wasmparser::RefType) -> Result<RefType, Unsupported> {
        Ok(RefType::new(ty.is_nullable(), self.heap_type(ty.heap_type())?))
    }

    pub(super) fn heap_type(self, ty: wasmparser::HeapType) -> Result<HeapType, Unsupported> {
        match ty {
            wasmparser::HeapType::Abstract { shared: false, ty } => abstract_heap_type(ty),
            wasmparser::HeapType::Concrete(index) => Ok(HeapType::Concrete(self.concrete(index)?)),
            _ => Err(Unsupported),
        }
    }

    /// The declarations of the recursion group.
    pub(super) fn declarations(
        self,
    ) -> impl Iterator<Item = Result<SubTypeDecl, Unsupported>> + use<'a> {
        self.group.iter().map(move |ty| self.sub_type(ty))
    }

    fn sub_type(self, ty: &wasmparser::SubType) -> Result<SubTypeDecl, Unsupported> {
        let supertype = match &ty.supertype_idxs[..] {
            [] => None,
            [index] => Some(self.concrete(index.unpack())?.id),
            _ => return Err(Unsupported),
        };
        if ty.composite_type.shared {
            return Err(Unsupported);
        }
        let composite = match &ty.composite_type.inner {
            CompositeInnerType::Func(ty) => CompositeType::Func(self.func_type(ty)?),
            CompositeInnerType::Struct(ty) => {
                let fields = ty.fields.iter().map(|field| self.field_type(field));
                CompositeType::Struct(fields.collect::<Result<_, _>>()?)
            }
            CompositeInnerType::Array(ty) => CompositeType::Array(self.field_type(&ty.0)?),
            CompositeInnerType::Cont(_) => return Err(Unsupported),
        };
        Ok(SubTypeDecl { is_final: ty.is_final, supertype, composite })
    }

    fn func_type(self, ty: &wasmparser::FuncType) -> Result<FuncType, Unsupported> {
        // The types are known to convert before they are collected, which takes one allocation.
        for ty in ty.params().iter().chain(ty.results()) {
            self.val_type(*ty)?;
        }
        let convert = |ty: &wasmparser::ValType| self.val_type(*ty).ok();
        Ok(FuncType::new(
            ty.params().iter().filter_map(convert),
            ty.results().iter().filter_map(convert),
        ))
    }

    fn field_type(self, ty: &wasmparser::FieldType) -> Result<FieldType, Unsupported> {
        let storage = match ty.element_type {
            wasmparser::StorageType::I8 => StorageType::I8,
            wasmparser::StorageType::I16 => StorageType::I16,
            wasmparser::StorageType::Val(ty) => StorageType::ValType(self.val_type(ty)?),
        };
        Ok(FieldType::new(mutability(ty.mutable), storage))
    }

    pub(super) fn table_type(self, ty: wasmparser::TableType) -> Result<TableType, Unsupported> {
        if ty.shared {
            return Err(Unsupported);
        }
        let (element, minimum, maximum) = (self.ref_type(ty.element_type)?, ty.initial, ty.maximum);
        Ok(TableType { element, minimum, maximum, table64: ty.table64 })
    }

    pub(super) fn global_type(self, ty: wasmparser::GlobalType) -> Result<GlobalType, Unsupported> {
        if ty.shared {
            return Err(Unsupported);
        }
        Ok(GlobalType::new(self.val_type(ty.content_type)?, mutability(ty.mutable)))
    }
}

/// The first byte of a function type (spec: binary/types).
const FUNC: u8 = 0x60;

/// The value type that `byte` is by itself: a number, a vector or any function or host value.
#[inline]
pub(super) fn plain_val_type(byte: u8) -> Option<ValType> {
    Some(match byte {
        0x7f => ValType::I32,
        0x7e => ValType::I64,
        0x7d => ValType::F32,
        0x7c => ValType::F64,
        0x7b => ValType::V128,
        0x70 => ValType::FUNCREF,
        0x6f => ValType::EXTERNREF,
        _ => return None,
    })
}

/// The function type at the start of the valid `bytes`, and its length, if all its values are of types of one
/// byte. Nearly all are; the parser's lists of them are not made then.
pub(super) fn plain_func_type(bytes: &[u8]) -> Option<(FuncType, usize)> {
    let rest = bytes.strip_prefix(&[FUNC])?;
    let (params, rest) = plain_val_types(rest)?;
    let (results, rest) = plain_val_types(rest)?;
    let convert = |byte: &u8| plain_val_type(*byte);
    let ty = FuncType::new(params.iter().filter_map(convert), results.iter().filter_map(convert));
    Some((ty, bytes.len() - rest.len()))
}

/// The bytes of a list of value types that are all of one byte, and what follows.
fn plain_val_types(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    // Larger numbers have more bytes.
    let (count, rest) = bytes.split_first().filter(|(count, _)| **count < 0x80)?;
    let (types, rest) = rest.split_at_checked(usize::from(*count))?;
    types.iter().all(|ty| plain_val_type(*ty).is_some()).then_some((types, rest))
}

fn abstract_heap_type(ty: AbstractHeapType) -> Result<HeapType, Unsupported> {
    Ok(match ty {
        AbstractHeapType::Func => HeapType::Func,
        AbstractHeapType::NoFunc => HeapType::NoFunc,
        AbstractHeapType::Extern => HeapType::Extern,
        AbstractHeapType::NoExtern => HeapType::NoExtern,
        AbstractHeapType::Exn => HeapType::Exn,
        AbstractHeapType::NoExn => HeapType::NoExn,
        AbstractHeapType::Any => HeapType::Any,
        AbstractHeapType::Eq => HeapType::Eq,
        AbstractHeapType::I31 => HeapType::I31,
        AbstractHeapType::Struct => HeapType::Struct,
        AbstractHeapType::Array => HeapType::Array,
        AbstractHeapType::None => HeapType::None,
        _ => return Err(Unsupported),
    })
}

fn mutability(mutable: bool) -> Mutability {
    if mutable { Mutability::Var } else { Mutability::Const }
}

pub(super) fn memory_type(ty: wasmparser::MemoryType) -> Result<MemoryType, Unsupported> {
    if ty.shared {
        return Err(Unsupported);
    }
    let (minimum, maximum, memory64) = (ty.initial, ty.maximum, ty.memory64);
    let page_size_log2 = match ty.page_size_log2 {
        None => 16,
        Some(log2) => u8::try_from(log2).map_err(|_| Unsupported)?,
    };
    Ok(MemoryType { minimum, maximum, memory64, page_size_log2 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use wasmparser::{BinaryReader, RecGroup, WasmFeatures};

    /// The first type of `bytes` as the parser reads it, and its length.
    fn parsed(bytes: &[u8]) -> Option<(CompositeType, usize)> {
        let mut reader = BinaryReader::new_features(bytes, 0, WasmFeatures::all());
        let group = reader.read::<RecGroup>().ok()?;
        let members = group.types().cloned().collect::<Vec<_>>();
        let space = TypeSpace { ids: &[], defined: &[], group: &members };
        let declared = space.declarations().next()?.ok()?;
        Some((declared.composite, reader.current_position()))
    }

    #[test]
    fn plain_function_types_are_read_as_the_parser_reads_them() {
        let lists: &[&[u8]] = &[
            &[0],
            &[1, 0x7f],
            &[2, 0x7e, 0x7d],
            &[3, 0x7c, 0x7b, 0x70],
            &[1, 0x6f],
            &[4, 0x7e, 0x7f, 0x7e, 0x7f],
        ];
        for params in lists {
            for results in lists {
                let bytes = [&[FUNC][..], params, results, &[0x60, 0]].concat();
                let (ty, len) = plain_func_type(&bytes).expect("all are plain");
                assert_eq!(parsed(&bytes), Some((CompositeType::Func(ty), len)), "{bytes:x?}");
            }
        }
    }

    #[test]
    fn other_types_are_left_to_the_parser() {
        for bytes in [
            // A reference to what is not just any function, or that is not null; other kinds of types.
            &[FUNC, 1, 0x6e, 0][..],
            &[FUNC, 0, 1, 0x64, 0x70],
            &[0x5f, 0],
            &[0x50, 0, FUNC, 0, 0],
            &[0x4e, 1, FUNC, 0, 0],
            // A number of more bytes than it needs.
            &[FUNC, 0x81, 0, 0x7f, 0],
        ] {
            assert!(parsed(bytes).is_some(), "{bytes:x?} is a type");
            assert_eq!(plain_func_type(bytes), None, "{bytes:x?}");
        }
        assert_eq!(plain_func_type(&[FUNC, 2, 0x7f]), None, "cut off");
    }
}
