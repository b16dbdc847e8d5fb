//! The canonical types of an engine.
//!
//! Types of different modules are the same type when they are structurally equal (spec:
//! valid/matching), and a call through a table or a cast must know that at the cost of comparing two
//! integers. The registry gives equal types equal ids. It interns whole recursion groups, because
//! recursive types are equal only as groups: a reference to a type of the same group is written
//! relative to the group, so that equality of groups is equality of contents.

use super::composite::{CompositeType, FieldType};
use super::func::FuncType;
use super::heap::ConcreteType;
use super::value::ValType;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::array;
use core::hash::{BuildHasher, Hash, Hasher};
use core::mem;
use hashbrown::{DefaultHashBuilder, HashTable};
use spin::RwLock;

/// A canonical type of an engine: equal ids are equal types.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(transparent)]
pub(crate) struct TypeId(pub(crate) u32);

/// The bit of ids that are positions in the recursion group being defined. Engines have fewer types.
const IN_GROUP: u32 = 1 << 31;

impl TypeId {
    /// The id of the type that stands `position` places after this one in its recursion group.
    pub(crate) fn offset(self, position: u32) -> Self {
        Self(self.0 + position)
    }

    /// The type at `position` of the recursion group that is being defined.
    pub(crate) fn in_group(position: u32) -> Self {
        Self(position | IN_GROUP)
    }

    /// The position in the recursion group that is being defined, if that is what the id means.
    pub(crate) fn position_in_group(self) -> Option<u32> {
        (self.0 & IN_GROUP != 0).then_some(self.0 & !IN_GROUP)
    }

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A type as it is declared: with its supertype, and whether there may be subtypes (spec:
/// syntax/types, "recursive types").
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct SubTypeDecl {
    pub(crate) is_final: bool,
    pub(crate) supertype: Option<TypeId>,
    pub(crate) composite: CompositeType,
}

impl SubTypeDecl {
    /// A final type without supertype.
    pub(crate) fn plain(composite: CompositeType) -> Self {
        Self { is_final: true, supertype: None, composite }
    }

    fn map_ids(&self, map: &impl Fn(TypeId) -> TypeId) -> Self {
        Self {
            is_final: self.is_final,
            supertype: self.supertype.map(map),
            composite: self.composite.map_ids(map),
        }
    }
}

/// A type of an engine.
#[derive(Debug)]
pub(crate) struct SubType {
    pub(crate) composite: CompositeType,
    /// What else was declared; nothing of final types without supertypes, as most are.
    hierarchy: Option<Box<Hierarchy>>,
}

/// How a type stands to others.
#[derive(Debug)]
struct Hierarchy {
    /// All supertypes but the type itself, from the greatest one.
    supertypes: Box<[TypeId]>,
    /// The first ones again, or [`NO_TYPE`]: casts look no further, mostly.
    near: [TypeId; NEAR_LEN],
    is_final: bool,
    /// Of the first type of a recursion group, the number of types in it.
    group_len: u32,
}

const NEAR_LEN: usize = 4;
const NO_TYPE: TypeId = TypeId(u32::MAX);

impl SubType {
    /// The type that a declaration makes, whose supertype has the supertypes `above`.
    fn new(ty: SubTypeDecl, above: &[TypeId], group_len: u32) -> Self {
        let SubTypeDecl { is_final, supertype, composite } = ty;
        if is_final && supertype.is_none() && group_len == 1 {
            return Self { composite, hierarchy: None };
        }
        let supertypes: Box<[TypeId]> = above.iter().copied().chain(supertype).collect();
        let near = array::from_fn(|depth| supertypes.get(depth).copied().unwrap_or(NO_TYPE));
        let hierarchy = Hierarchy { supertypes, near, is_final, group_len };
        Self { composite, hierarchy: Some(Box::new(hierarchy)) }
    }

    /// Whether no other type may have this one as supertype.
    pub(crate) fn is_final(&self) -> bool {
        self.hierarchy.as_ref().is_none_or(|it| it.is_final)
    }

    /// The number of types in the recursion group that begins with this one.
    fn group_len(&self) -> usize {
        self.hierarchy.as_ref().map_or(1, |it| it.group_len as usize)
    }

    /// All supertypes but the type itself, from the greatest one.
    fn supertypes(&self) -> &[TypeId] {
        self.hierarchy.as_ref().map_or(&[], |it| &it.supertypes)
    }

    /// The field number `index` of structures of this type, or the element of arrays: the byte at
    /// which it begins, and its type.
    #[inline]
    pub(crate) fn part(&self, index: usize) -> Option<(usize, FieldType)> {
        match &self.composite {
            CompositeType::Struct(fields) => fields.part(index),
            CompositeType::Array(element) => {
                Some((index << element.element_type().log2(), *element))
            }
            CompositeType::Func(_) => None,
        }
    }

    /// The bytes of the parts of a structure, or of an array of `len` elements.
    pub(crate) fn parts_bytes(&self, len: u32) -> u64 {
        match &self.composite {
            CompositeType::Struct(fields) => u64::from(fields.bytes()),
            CompositeType::Array(element) => u64::from(len) << element.element_type().log2(),
            CompositeType::Func(_) => unreachable!("functions are no objects"),
        }
    }
}

/// Whether the type `sub` of these is `sup` or a subtype of it.
pub(crate) fn is_subtype(types: &[Arc<SubType>], sub: TypeId, sup: TypeId) -> bool {
    let is_ancestor = |it: &Hierarchy| {
        // A type's ancestors are found by their depth.
        let depth = || types[sup.index()].supertypes().len();
        it.near.contains(&sup)
            || it.supertypes.len() > NEAR_LEN && it.supertypes.get(depth()) == Some(&sup)
    };
    sub == sup || types[sub.index()].hierarchy.as_deref().is_some_and(is_ancestor)
}

#[cold]
#[track_caller]
pub(crate) fn wrong_engine() -> ! {
    panic!("type used with an engine that it does not belong to")
}

/// All types that the modules, stores and host functions of an engine have used.
///
/// Types live as long as the engine: they are few and small, and their ids are held everywhere.
#[derive(Default)]
pub(crate) struct TypeRegistry {
    groups: RwLock<Groups>,
}

#[derive(Default)]
struct Groups {
    /// The id of the first type of each recursion group, by the hash of its declarations; the others follow it.
    first_ids: HashTable<TypeId>,
    hasher: DefaultHashBuilder,
    /// By [`TypeId`].
    types: Vec<Arc<SubType>>,
}

impl Groups {
    fn find(&self, group: &[SubTypeDecl]) -> Option<TypeId> {
        let is_same = |first: &TypeId| self.declared(*first).eq(group.iter().cloned());
        self.first_ids.find(self.hash(group.iter().cloned()), is_same).copied()
    }

    /// The group that begins with the type `first`, as it was declared. That is not kept: what became of the
    /// declarations tells what they were.
    fn declared(&self, first: TypeId) -> impl Iterator<Item = SubTypeDecl> {
        let known = &self.types[first.index()..];
        let known = &known[..known[0].group_len()];
        let relative = move |id: TypeId| match id.0.checked_sub(first.0) {
            Some(position) if (position as usize) < known.len() => TypeId::in_group(position),
            _ => id,
        };
        known.iter().map(move |ty| SubTypeDecl {
            is_final: ty.is_final(),
            supertype: ty.supertypes().last().copied().map(relative),
            composite: ty.composite.map_ids(&relative),
        })
    }

    fn hash(&self, group: impl Iterator<Item = SubTypeDecl>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        group.for_each(|ty| ty.hash(&mut hasher));
        hasher.finish()
    }

    fn add(&mut self, group: &[SubTypeDecl]) -> TypeId {
        let first = u32::try_from(self.types.len()).ok().filter(|first| *first < IN_GROUP / 2);
        let first = TypeId(first.expect("fewer than 2^30 types fit into memory"));
        if group.len() > self.types.capacity() - self.types.len() {
            // An eighth more, of which little is left empty.
            self.types.reserve_exact(group.len().max(self.types.len() / 8));
        }
        let absolute =
            |id: TypeId| id.position_in_group().map_or(id, |position| first.offset(position));
        for (ty, position) in group.iter().zip(0..) {
            let ty = ty.map_ids(&absolute);
            let above = ty.supertype.map_or(&[][..], |id| self.types[id.index()].supertypes());
            let group_len = if position == 0 { group.len() as u32 } else { 1 };
            self.types.push(Arc::new(SubType::new(ty, above, group_len)));
        }
        // An empty group has no type that could tell what it is.
        if !group.is_empty() {
            let mut first_ids = mem::take(&mut self.first_ids);
            let rehash = |first: &TypeId| self.hash(self.declared(*first));
            first_ids.insert_unique(rehash(&first), first, rehash);
            self.first_ids = first_ids;
        }
        first
    }
}

impl TypeRegistry {
    /// Checks that a type of the embedder's is one of this engine, as far as can be told: what it is
    /// taken for is a type of the same kind then, and that is what keeps references apart.
    ///
    /// # Panics
    ///
    /// If it is not.
    pub(crate) fn check(&self, ty: ValType) {
        if let ValType::Ref(ty) = ty
            && let Some(ConcreteType { id, kind }) = ty.heap_type().as_concrete()
        {
            let groups = self.groups.read();
            if groups.types.get(id.index()).is_none_or(|known| known.composite.kind() != kind) {
                wrong_engine();
            }
        }
    }

    /// The id of a final type of the embedder's, a recursion group by itself.
    ///
    /// # Panics
    ///
    /// If it has a type of another engine in it, as with [`TypeRegistry::check`].
    pub(crate) fn intern(&self, ty: CompositeType) -> TypeId {
        ty.for_each_val_type(|ty| self.check(ty));
        self.intern_group(&[SubTypeDecl::plain(ty)])
    }

    /// As [`TypeRegistry::intern`], for a function type.
    pub(crate) fn intern_func(&self, ty: &FuncType) -> TypeId {
        self.intern(CompositeType::Func(ty.clone()))
    }

    /// The id of the first type of the recursion group `group`; the ids of the others follow it.
    pub(crate) fn intern_group(&self, group: &[SubTypeDecl]) -> TypeId {
        if let Some(first) = self.groups.read().find(group) {
            return first;
        }
        let mut groups = self.groups.write();
        // Another thread may have been here between the two locks.
        match groups.find(group) {
            Some(first) => first,
            None => groups.add(group),
        }
    }

    /// The type with the id `id`.
    pub(crate) fn get(&self, id: TypeId) -> Arc<SubType> {
        self.groups.read().types[id.index()].clone()
    }

    /// The function type with the id `id`.
    pub(crate) fn func_type(&self, id: TypeId) -> FuncType {
        match &self.get(id).composite {
            CompositeType::Func(ty) => ty.clone(),
            other => unreachable!("validated: a {} is used as a function", other.kind()),
        }
    }

    /// Whether `sub` is `sup` or a subtype of it.
    pub(crate) fn is_subtype(&self, sub: TypeId, sup: TypeId) -> bool {
        sub == sup || is_subtype(&self.groups.read().types, sub, sup)
    }

    /// Adds to `types`, which holds the first types of the engine, the others.
    pub(crate) fn update(&self, types: &mut Vec<Arc<SubType>>) {
        let groups = self.groups.read();
        types.extend_from_slice(&groups.types[types.len()..]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FieldType, HeapType, Mutability, RefType};
    use super::*;
    use crate::ValType::{F32, I32, I64};
    use crate::types::CompositeKind;

    fn func(params: &[ValType], results: &[ValType]) -> FuncType {
        FuncType::new(params.iter().copied(), results.iter().copied())
    }

    #[test]
    fn equal_types_have_equal_ids() {
        let registry = TypeRegistry::default();
        let first = registry.intern_func(&func(&[I32], &[I64]));
        let other = registry.intern_func(&func(&[I32], &[F32]));
        assert_ne!(first, other);
        assert_eq!(first, registry.intern_func(&func(&[I32], &[I64])));
        assert_eq!(registry.func_type(other), func(&[I32], &[F32]));
    }

    #[test]
    fn parameters_and_results_are_told_apart() {
        let registry = TypeRegistry::default();
        let params = registry.intern_func(&func(&[I32, I32], &[]));
        let both = registry.intern_func(&func(&[I32], &[I32]));
        let results = registry.intern_func(&func(&[], &[I32, I32]));
        assert_ne!(params, both);
        assert_ne!(both, results);
        assert_ne!(params, results);
    }

    #[test]
    fn types_of_a_larger_group_differ_from_the_same_types_alone() {
        let registry = TypeRegistry::default();
        let [a, b] = [func(&[I32], &[]), func(&[I64], &[])];
        let alone = registry.intern_func(&a);
        let group = [a, b.clone()].map(|ty| SubTypeDecl::plain(CompositeType::Func(ty)));
        let first = registry.intern_group(&group);
        assert_ne!(alone, first);
        assert_eq!(first, registry.intern_group(&group));
        assert_eq!(registry.func_type(first.offset(1)), b);
    }

    /// A structure with a reference to the type with this id.
    fn list(id: TypeId) -> CompositeType {
        let heap_type = HeapType::Concrete(ConcreteType { id, kind: CompositeKind::Struct });
        let next = ValType::Ref(RefType::new(true, heap_type));
        CompositeType::Struct([FieldType::new(Mutability::Var, next)].into_iter().collect())
    }

    #[test]
    fn recursive_types_are_equal_as_groups() {
        let registry = TypeRegistry::default();
        let group = [SubTypeDecl::plain(list(TypeId::in_group(0)))];
        let own = registry.intern_group(&group);
        assert_eq!(own, registry.intern_group(&group));
        assert_ne!(
            own,
            registry.intern(list(own)),
            "a reference to itself and one to an equal type"
        );
        assert_eq!(registry.get(own).composite, list(own), "references are absolute inside");
    }

    #[test]
    fn subtypes_are_found_at_any_depth() {
        let registry = TypeRegistry::default();
        let declare = |supertype| SubTypeDecl {
            is_final: false,
            supertype,
            composite: CompositeType::Struct([].into_iter().collect()),
        };
        let top = registry.intern_group(&[declare(None)]);
        let group = [declare(Some(top)), declare(Some(TypeId::in_group(0)))];
        let middle = registry.intern_group(&group);
        let bottom = middle.offset(1);
        let sibling = registry.intern_group(&[declare(Some(top)), declare(None)]);
        let mut deep = bottom;
        for _ in 0..NEAR_LEN {
            deep = registry.intern_group(&[declare(Some(deep))]);
        }
        let deepest = registry.intern_group(&[declare(Some(deep))]);
        for (sub, sup, expected) in [
            (bottom, top, true),
            (bottom, middle, true),
            (middle, top, true),
            (top, top, true),
            (top, bottom, false),
            (middle, bottom, false),
            (sibling, middle, false),
            (bottom, sibling, false),
            (deepest, top, true),
            (deepest, bottom, true),
            (deepest, deep, true),
            (deepest, sibling, false),
            (deep, deepest, false),
        ] {
            assert_eq!(registry.is_subtype(sub, sup), expected, "{sub:?} <: {sup:?}");
        }
    }
}
