//! From the parser's types to fulmar's.
//!
//! The validator has refused what the engine's features don't include, so that what has no
//! counterpart here can't come; if it did, it would be an error at the offset of its section.

use crate::types::{
    FuncType, GlobalType, HeapType, MemoryType, Mutability, RefType, TableType, ValType,
};
use wasmparser::AbstractHeapType;

/// A type that the validator accepted and fulmar does not know.
#[derive(Debug, Copy, Clone)]
pub(super) struct Unsupported;

pub(super) fn val_type(ty: wasmparser::ValType) -> Result<ValType, Unsupported> {
    Ok(match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(ty) => ValType::Ref(ref_type(ty)?),
    })
}

pub(super) fn ref_type(ty: wasmparser::RefType) -> Result<RefType, Unsupported> {
    let heap_type = match ty.heap_type() {
        wasmparser::HeapType::Abstract { shared: false, ty: AbstractHeapType::Func } => {
            HeapType::Func
        }
        wasmparser::HeapType::Abstract { shared: false, ty: AbstractHeapType::Extern } => {
            HeapType::Extern
        }
        wasmparser::HeapType::Abstract { shared: false, ty: AbstractHeapType::Exn } => {
            HeapType::Exn
        }
        wasmparser::HeapType::Abstract { shared: false, ty: AbstractHeapType::NoExn } => {
            HeapType::NoExn
        }
        _ => return Err(Unsupported),
    };
    Ok(RefType::new(ty.is_nullable(), heap_type))
}

pub(super) fn func_type(ty: &wasmparser::SubType) -> Result<FuncType, Unsupported> {
    let wasmparser::CompositeInnerType::Func(ty) = &ty.composite_type.inner else {
        return Err(Unsupported);
    };
    // The types are known to convert before they are collected, which takes one allocation.
    for ty in ty.params().iter().chain(ty.results()) {
        val_type(*ty)?;
    }
    let convert = |ty: &wasmparser::ValType| val_type(*ty).ok();
    Ok(FuncType::new(
        ty.params().iter().filter_map(convert),
        ty.results().iter().filter_map(convert),
    ))
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

pub(super) fn table_type(ty: wasmparser::TableType) -> Result<TableType, Unsupported> {
    if ty.shared {
        return Err(Unsupported);
    }
    let (element, minimum, maximum) = (ref_type(ty.element_type)?, ty.initial, ty.maximum);
    Ok(TableType { element, minimum, maximum, table64: ty.table64 })
}

pub(super) fn global_type(ty: wasmparser::GlobalType) -> Result<GlobalType, Unsupported> {
    if ty.shared {
        return Err(Unsupported);
    }
    let mutability = if ty.mutable { Mutability::Var } else { Mutability::Const };
    Ok(GlobalType::new(val_type(ty.content_type)?, mutability))
}
