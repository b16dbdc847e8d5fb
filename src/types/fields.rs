//! The fields of structures, and where they are in objects: what execution and the collector need to know of
//! a structure type.

use super::composite::FieldType;
use super::registry::TypeId;
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::hash::{Hash, Hasher};
use core::ops::Deref;

/// The fields of a structure type. Clones share their memory.
#[derive(Clone, Debug)]
pub(crate) struct Fields(Arc<LaidOut>);

#[derive(Debug)]
struct LaidOut {
    types: Box<[FieldType]>,
    /// By field, from the end of the object's header.
    offsets: Box<[u32]>,
    /// The offsets of fields that hold references.
    traced: Box<[u32]>,
    /// The size of all fields, a multiple of 8.
    bytes: u32,
}

impl FromIterator<FieldType> for Fields {
    fn from_iter<T: IntoIterator<Item = FieldType>>(types: T) -> Self {
        let types: Box<[FieldType]> = types.into_iter().collect();
        // Supertypes have a prefix of the fields, so that the order can't be chosen; fields
        // are aligned to their size, vectors to 8 bytes.
        let mut end = 0_u32;
        let place = |field: &FieldType| {
            let bytes = field.element_type().bytes();
            let offset = end.next_multiple_of(bytes.min(8));
            end = offset + bytes;
            offset
        };
        let offsets: Box<[u32]> = types.iter().map(place).collect();
        let placed = types.iter().zip(&offsets);
        let traced = placed.filter(|(field, _)| field.element_type().is_traced());
        let traced = traced.map(|(_, offset)| *offset).collect();
        Self(Arc::new(LaidOut { types, offsets, traced, bytes: end.next_multiple_of(8) }))
    }
}

impl Fields {
    /// Replaces all ids that the types refer to. If there are none, the memory is shared.
    pub(super) fn map_ids(&self, map: &impl Fn(TypeId) -> TypeId) -> Self {
        if self.iter().all(|ty| ty.map_ids(map) == *ty) {
            return self.clone();
        }
        self.iter().map(|ty| ty.map_ids(map)).collect()
    }

    /// The byte at which a field begins, and its type.
    #[inline]
    pub(super) fn part(&self, index: usize) -> Option<(usize, FieldType)> {
        Some((*self.0.offsets.get(index)? as usize, *self.0.types.get(index)?))
    }

    /// The size of all fields, a multiple of 8.
    pub(crate) fn bytes(&self) -> u32 {
        self.0.bytes
    }

    /// The offsets of fields that hold references.
    pub(crate) fn traced(&self) -> &[u32] {
        &self.0.traced
    }
}

impl Deref for Fields {
    type Target = [FieldType];

    #[inline]
    fn deref(&self) -> &[FieldType] {
        &self.0.types
    }
}

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Fields {}

impl Hash for Fields {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}
