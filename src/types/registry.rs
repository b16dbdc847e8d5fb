//! The canonical types of an engine.
//!
//! Function types of different modules are the same type when they are structurally equal (spec:
//! valid/matching), and a call through a table must know that at the cost of comparing two
//! integers. The registry gives equal types equal ids. It interns whole recursion groups, because
//! recursive types are equal only as groups; a reference to a type of the same group is to be
//! written relative to the group, so that equality of groups stays equality of contents. Until
//! types can refer to types, each group is one function type.

use super::func::FuncType;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::slice;
use hashbrown::HashMap;
use spin::RwLock;

/// A canonical type of an engine: equal ids are equal types.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(transparent)]
pub(crate) struct TypeId(pub(crate) u32);

impl TypeId {
    /// The id of the type that stands `position` places after this one in its recursion group.
    pub(crate) fn offset(self, position: u32) -> Self {
        Self(self.0 + position)
    }
}

/// All types that the modules and host functions of an engine have used.
///
/// Types live as long as the engine: they are few and small, and their ids are held everywhere.
#[derive(Default)]
pub(crate) struct TypeRegistry {
    groups: RwLock<Groups>,
}

#[derive(Default)]
struct Groups {
    /// The id of the first type of each recursion group; the others follow it.
    first_ids: HashMap<Box<[FuncType]>, TypeId>,
    /// By [`TypeId`].
    types: Vec<FuncType>,
}

impl TypeRegistry {
    /// The id of a type that is a recursion group by itself.
    pub(crate) fn intern(&self, ty: &FuncType) -> TypeId {
        self.intern_group(slice::from_ref(ty))
    }

    /// The id of the first type of the recursion group `group`; the ids of the others follow it.
    pub(crate) fn intern_group(&self, group: &[FuncType]) -> TypeId {
        if let Some(first) = self.groups.read().first_ids.get(group) {
            return *first;
        }
        let mut groups = self.groups.write();
        // Another thread may have been here between the two locks.
        if let Some(first) = groups.first_ids.get(group) {
            return *first;
        }
        let first =
            u32::try_from(groups.types.len()).expect("fewer than 2^32 types fit into memory");
        groups.types.extend_from_slice(group);
        groups.first_ids.insert(group.into(), TypeId(first));
        TypeId(first)
    }

    /// The type with the id `id`.
    pub(crate) fn func_type(&self, id: TypeId) -> FuncType {
        self.groups.read().types[id.0 as usize].clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ValType::{F32, I32, I64};

    #[test]
    fn equal_types_have_equal_ids() {
        let registry = TypeRegistry::default();
        let first = registry.intern(&FuncType::new([I32], [I64]));
        let other = registry.intern(&FuncType::new([I32], [F32]));
        assert_ne!(first, other);
        assert_eq!(first, registry.intern(&FuncType::new([I32], [I64])));
        assert_eq!(registry.func_type(other), FuncType::new([I32], [F32]));
    }

    #[test]
    fn parameters_and_results_are_told_apart() {
        let registry = TypeRegistry::default();
        let params = registry.intern(&FuncType::new([I32, I32], []));
        let both = registry.intern(&FuncType::new([I32], [I32]));
        let results = registry.intern(&FuncType::new([], [I32, I32]));
        assert_ne!(params, both);
        assert_ne!(both, results);
        assert_ne!(params, results);
    }

    #[test]
    fn types_of_a_larger_group_differ_from_the_same_types_alone() {
        let registry = TypeRegistry::default();
        let (a, b) = (FuncType::new([I32], []), FuncType::new([I64], []));
        let alone = registry.intern(&a);
        let group = registry.intern_group(&[a.clone(), b.clone()]);
        assert_ne!(alone, group);
        assert_eq!(group, registry.intern_group(&[a, b.clone()]));
        assert_eq!(registry.func_type(group.offset(1)), b);
    }
}
