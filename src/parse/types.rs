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
