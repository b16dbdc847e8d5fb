//! References to arrays.

use super::rooted::gc_refs;
use super::{GcRoot, Rooted, check_mutable, field_slots, read_field};
use crate::store::{HeapHandle, Slots, StoreInner, field};
use crate::types::{ArrayType, FieldType};
use crate::{AsContext, AsContextMut, Error, Val};
use alloc::format;
use alloc::vec::{self, Vec};
use core::ptr::NonNull;

gc_refs! {
    /// A reference to an array.
    ///
    /// ```
    /// use fulmar::{ArrayRef, ArrayRefPre, ArrayType, Engine, FieldType, Mutability, Store, Val};
    /// use fulmar::ValType;
    ///
    /// let mut store = Store::new(&Engine::default(), ());
    /// let ty = ArrayType::new(store.engine(), FieldType::new(Mutability::Var, ValType::F64));
    /// let pre = ArrayRefPre::new(&mut store, ty);
    /// let array = ArrayRef::new(&mut store, &pre, &Val::from(1.5), 3)?;
    /// array.set(&mut store, 2, Val::from(2.5))?;
    /// assert_eq!(array.len(&store)?, 3);
    /// assert_eq!(array.get(&mut store, 2)?.f64(), Some(2.5));
    /// assert!(array.get(&mut store, 3).is_err());
    /// # Ok::<(), fulmar::Error>(())
    /// ```
    ArrayRef: Array;
}

/// An array type that a store is prepared for.
#[derive(Clone, Debug)]
pub struct ArrayRefPre {
    ty: ArrayType,
}

impl ArrayRefPre {
    /// Prepares the store for arrays of the type `ty`.
    ///
    /// # Panics
    ///
    /// If the type is of another engine.
    pub fn new(mut store: impl AsContextMut, ty: ArrayType) -> Self {
        know(store.as_context_mut().inner_mut(), &ty);
        Self { ty }
    }
}

impl ArrayRef {
    /// A new array of `len` elements that are `element`.
    ///
    /// # Errors
    ///
    /// If `element` is not of the type, or there is no memory for the array.
    ///
    /// # Panics
    ///
    /// If `element` belongs to another store, or `pre` to one of another engine.
    pub fn new(
        mut store: impl AsContextMut,
        pre: &ArrayRefPre,
        element: &Val,
        len: u32,
    ) -> Result<Rooted<Self>, Error> {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        let slots = field_slots(store, pre.ty.field_type(), element)?;
        make(store, pre, len, &slots, |_| slots)
    }

    /// A new array of these elements.
    ///
    /// # Errors
    ///
    /// If one of `elements` is not of the type, or there is no memory for the array.
    ///
    /// # Panics
    ///
    /// If an element belongs to another store, or `pre` to one of another engine.
    pub fn new_fixed(
        mut store: impl AsContextMut,
        pre: &ArrayRefPre,
        elements: &[Val],
    ) -> Result<Rooted<Self>, Error> {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        let slots = elements.iter().map(|element| field_slots(store, pre.ty.field_type(), element));
        let slots = slots.collect::<Result<Vec<Slots>, Error>>()?;
        let len = u32::try_from(slots.len()).map_err(|_| crate::Trap::AllocationTooLarge)?;
        make(store, pre, len, slots.as_flattened(), |index| slots[index])
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
    pub fn ty(&self, store: impl AsContext) -> Result<ArrayType, Error> {
        let store = store.as_context();
        let store = store.inner();
        Ok(parts_of(store, self.root.slot(store)?)?.1)
    }

    /// The number of elements.
    ///
    /// # Errors
    ///
    /// If the scope of the reference has ended.
    pub fn len(&self, store: impl AsContext) -> Result<u32, Error> {
        let store = store.as_context();
        let store = store.inner();
        let (handle, _) = parts_of(store, self.root.slot(store)?)?;
        Ok(store.heap.header(handle).len)
    }

    /// The element number `index`; packed integers without sign.
    ///
    /// # Errors
    ///
    /// If there is no such element, or the scope of the reference has ended.
    pub fn get(&self, mut store: impl AsContextMut, index: u32) -> Result<Val, Error> {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        let (at, ty) = place(store, self.root.slot(store)?, index)?;
        // SAFETY: it is an element of this type.
        Ok(unsafe { read_field(store, at, ty) })
    }

    /// All elements.
    ///
    /// # Errors
    ///
    /// If the scope of the reference has ended.
    pub fn elems(&self, mut store: impl AsContextMut) -> Result<vec::IntoIter<Val>, Error> {
        let mut store = store.as_context_mut();
        let len = self.len(&store)?;
        let elements = (0..len).map(|index| self.get(&mut store, index));
        Ok(elements.collect::<Result<Vec<_>, Error>>()?.into_iter())
    }

    /// Sets the element number `index`; of packed integers to the lower bits of the value.
    ///
    /// # Errors
    ///
    /// If there is no such element, elements are constant, `value` is not of their type, or the
    /// scope of the reference has ended.
    ///
    /// # Panics
    ///
    /// If `value` belongs to another store.
    pub fn set(&self, mut store: impl AsContextMut, index: u32, value: Val) -> Result<(), Error> {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        let (at, ty) = place(store, self.root.slot(store)?, index)?;
        check_mutable(ty, "element")?;
        let slots = field_slots(store, ty, &value)?;
        // SAFETY: it is an element of this type.
        unsafe { field::store(at, ty.element_type(), slots) };
        Ok(())
    }
}

/// Prepares the store for a type, which must be one of its engine.
fn know(store: &mut StoreInner, ty: &ArrayType) {
    store.know_type(ty.id);
    ty.check(&store.heap.types[ty.id.index()]);
}

/// Makes an array whose elements are what `element` gives for their index. They are among `words`:
/// what they refer to may have no owner any more when the collector looks.
fn make(
    store: &mut StoreInner,
    pre: &ArrayRefPre,
    len: u32,
    words: &[u64],
    element: impl Fn(usize) -> Slots,
) -> Result<Rooted<ArrayRef>, Error> {
    know(store, &pre.ty);
    let alive = store.alive(words);
    // SAFETY: no guest runs, and no reference to an object is in use; the type is an array.
    let handle = unsafe { store.alloc_object(pre.ty.id, len, alive)? };
    let ty = pre.ty.element_type();
    let first = store.heap.parts(handle);
    for index in 0..len as usize {
        // SAFETY: it is an element of this type.
        unsafe { field::store(first.add(index * ty.bytes() as usize), ty, element(index)) };
    }
    Ok(Rooted::from_root(GcRoot::new(store, handle.slot())))
}

fn parts_of(store: &StoreInner, slot: u64) -> Result<(HeapHandle, ArrayType), Error> {
    let handle = HeapHandle::from_slot(slot).ok_or_else(no_array)?;
    let id = store.heap.header(handle).ty;
    let ty = store.heap.types.get(id.index()).ok_or_else(no_array)?;
    Ok((handle, ArrayType::of(id, ty).ok_or_else(no_array)?))
}

#[cold]
fn no_array() -> Error {
    Error::msg("the object is no array")
}

/// Where an element is, and its type.
fn place(store: &StoreInner, slot: u64, index: u32) -> Result<(NonNull<u8>, FieldType), Error> {
    let (handle, ty) = parts_of(store, slot)?;
    let len = store.heap.header(handle).len;
    if index >= len {
        return Err(Error::msg(format!("the array has {len} elements, and no element {index}")));
    }
    let offset = index as usize * ty.element_type().bytes() as usize;
    // SAFETY: the element is within the object.
    Ok((unsafe { store.heap.parts(handle).add(offset) }, ty.field_type()))
}
