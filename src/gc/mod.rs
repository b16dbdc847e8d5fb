//! Objects of the garbage-collected heap, as embedders see them.

mod any_ref;
mod array_ref;
mod extern_ref;
pub(crate) mod rooted;
mod struct_ref;

pub(crate) use self::any_ref::heap_type_of;
pub use self::any_ref::{AnyRef, EqRef, I31};
pub use self::array_ref::{ArrayRef, ArrayRefPre};
pub use self::extern_ref::ExternRef;
pub use self::rooted::{GcRef, OwnedRooted, RootScope, Rooted};
pub(crate) use self::rooted::{GcRoot, gc_refs};
pub use self::struct_ref::{StructRef, StructRefPre};

use crate::store::{Slots, StoreInner, field};
use crate::types::{FieldType, Mutability, StorageType};
use crate::{Error, Val};
use alloc::format;
use core::ptr::NonNull;

/// The value of a field.
///
/// # Safety
///
/// A field of type `ty` is at `at`.
unsafe fn read_field(store: &mut StoreInner, at: NonNull<u8>, ty: FieldType) -> Val {
    // SAFETY: the caller's promise.
    let slots = unsafe { field::load(at, ty.element_type()) };
    Val::read(ty.element_type().unpack(), &slots, store)
}

/// The slots of a value for a field of the type `ty`.
fn field_slots(store: &StoreInner, ty: FieldType, value: &Val) -> Result<Slots, Error> {
    let storage: StorageType = ty.element_type();
    if !value.is_of(store, storage.unpack())? {
        let (expected, found) = (storage.unpack(), value.ty());
        return Err(Error::msg(format!("expected a value of type {expected}, found {found}")));
    }
    let mut slots = [0; 2];
    value.write(&mut slots, store)?;
    Ok(slots)
}

/// Refuses to write to what is constant.
fn check_mutable(ty: FieldType, what: &str) -> Result<(), Error> {
    match ty.mutability() {
        Mutability::Var => Ok(()),
        Mutability::Const => Err(Error::msg(format!("immutable {what} cannot be set"))),
    }
}
