//! References to structures.

use super::rooted::gc_refs;
use super::{GcRoot, Rooted, check_mutable, field_slots, read_field};
use crate::store::{HeapHandle, Slots, StoreInner, field};
use crate::types::{FieldType, StructType};
use crate::{AsContext, AsContextMut, Error, Val};
use alloc::format;
use alloc::vec::{self, Vec};
use core::ptr::NonNull;

gc_refs! {
    /// A reference to a structure.
    ///
    /// ```
    /// use fulmar::{Engine, FieldType, Mutability, Store, StructRef, StructRefPre, StructType};
    /// use fulmar::{StorageType, Val, ValType};
    ///
    /// let mut store = Store::new(&Engine::default(), ());
    /// let fields = [StorageType::I8, ValType::I64.into()];
    /// let fields = fields.map(|ty| FieldType::new(Mutability::Var, ty));
    /// let ty = StructType::new(store.engine(), fields)?;
    ///
    /// let pre = StructRefPre::new(&mut store, ty);
    /// let object = StructRef::new(&mut store, &pre, &[Val::I32(0x1234), Val::I64(5)])?;
    /// assert_eq!(object.field(&mut store, 0)?.i32(), Some(0x34));
    /// object.set_field(&mut store, 1, Val::I64(6))?;
    /// assert_eq!(object.field(&mut store, 1)?.i64(), Some(6));
    /// # Ok::<(), fulmar::Error>(())
    /// ```
    StructRef: Struct;
}

/// A structure type that a store is prepared for.
#[derive(Clone, Debug)]
pub struct StructRefPre {
    ty: StructType,
}

impl StructRefPre {
    /// Prepares the store for structures of the type `ty`.
    ///
    /// # Panics
    ///
    /// If the type is of another engine.
    pub fn new(mut store: impl AsContextMut, ty: StructType) -> Self {
        know(store.as_context_mut().inner_mut(), &ty);
        Self { ty }
    }
}

impl StructRef {
    /// A new structure with these fields.
    ///
    /// # Errors
    ///
    /// If number or types of `fields` are not those of the type, or there is no memory for it.
    ///
    /// # Panics
    ///
    /// If a reference among the fields belongs to another store, or `pre` to one of another engine.
    pub fn new(
        mut store: impl AsContextMut,
        pre: &StructRefPre,
        fields: &[Val],
    ) -> Result<Rooted<Self>, Error> {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        let types = pre.ty.fields();
        if fields.len() != types.len() {
            let (expected, found) = (types.len(), fields.len());
            return Err(Error::msg(format!("expected {expected} fields, found {found}")));
        }
        know(store, &pre.ty);
        let slots = types.iter().zip(fields).map(|(ty, field)| field_slots(store, *ty, field));
        let slots = slots.collect::<Result<Vec<Slots>, Error>>()?;
        // What the fields refer to may have no owner any more when the collector looks.
        let alive = store.alive(slots.as_flattened());
        // SAFETY: no guest runs, and no reference to an object is in use; the type is a structure.
        let handle = unsafe { store.alloc_object(pre.ty.id, 0, alive)? };
        let reference = Rooted::from_root(GcRoot::new(store, handle.slot()));
        for (index, slots) in slots.iter().enumerate() {
            let (at, ty) = place(store, handle.slot(), index).expect("the type has the field");
            // SAFETY: it is a field of this type.
            unsafe { field::store(at, ty.element_type(), *slots) };
        }
        Ok(reference)
    }

    /// The type.
    ///
    /// # Errors
    ///
    /// If the scope of the reference has ended, as with all other functions here.
    ///
    /// # Panics
    ///
    /// If the reference belongs to another store, as with all other functions here.
    pub fn ty(&self, store: impl AsContext) -> Result<StructType, Error> {
        let store = store.as_context();
        let store = store.inner();
        type_of(store, self.root.slot(store)?)
    }

    /// The value of the field number `index`; packed integers without sign.
    ///
    /// # Errors
    ///
    /// If there is no such field, or the scope of the reference has ended.
    pub fn field(&self, mut store: impl AsContextMut, index: usize) -> Result<Val, Error> {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        let (at, ty) = place(store, self.root.slot(store)?, index)?;
        // SAFETY: it is a field of this type.
        Ok(unsafe { read_field(store, at, ty) })
    }

    /// The values of all fields.
    ///
    /// # Errors
    ///
    /// If the scope of the reference has ended.
    pub fn fields(&self, mut store: impl AsContextMut) -> Result<vec::IntoIter<Val>, Error> {
        let mut store = store.as_context_mut();
        let count = self.ty(&store)?.fields().len();
        let fields = (0..count).map(|index| self.field(&mut store, index));
        Ok(fields.collect::<Result<Vec<_>, Error>>()?.into_iter())
    }

    /// Sets the field number `index`; of packed integers to the lower bits of the value.
    ///
    /// # Errors
    ///
    /// If there is no such field, it is constant, `value` is not of its type, or the scope of the
    /// reference has ended.
    ///
    /// # Panics
    ///
    /// If `value` belongs to another store.
    pub fn set_field(
        &self,
        mut store: impl AsContextMut,
        index: usize,
        value: Val,
    ) -> Result<(), Error> {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        let (at, ty) = place(store, self.root.slot(store)?, index)?;
        check_mutable(ty, "field")?;
        let slots = field_slots(store, ty, &value)?;
        // SAFETY: it is a field of this type.
        unsafe { field::store(at, ty.element_type(), slots) };
        Ok(())
    }
}

/// Prepares the store for a type, which must be one of its engine.
fn know(store: &mut StoreInner, ty: &StructType) {
    store.know_type(ty.id);
    ty.check(&store.heap.types[ty.id.index()]);
}

fn type_of(store: &StoreInner, slot: u64) -> Result<StructType, Error> {
    let handle = HeapHandle::from_slot(slot).ok_or_else(no_structure)?;
    let id = store.heap.header(handle).ty;
    let ty = store.heap.types.get(id.index()).ok_or_else(no_structure)?;
    StructType::of(id, ty).ok_or_else(no_structure)
}

#[cold]
fn no_structure() -> Error {
    Error::msg("the object is no structure")
}

/// Where a field is, and its type.
fn place(store: &StoreInner, slot: u64, index: usize) -> Result<(NonNull<u8>, FieldType), Error> {
    let ty = type_of(store, slot)?;
    let handle = HeapHandle::from_slot(slot).ok_or_else(no_structure)?;
    let Some((offset, field)) = store.heap.types[ty.id.index()].part(index) else {
        return Err(Error::msg(format!("the structure has no field {index}")));
    };
    // SAFETY: the field is within the object.
    Ok((unsafe { store.heap.parts(handle).add(offset) }, field))
}
