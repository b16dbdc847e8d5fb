//! Heap types: what references point to, and how these types match (spec: valid/matching).

use super::composite::CompositeKind;
use super::registry::{TypeId, TypeRegistry};
use crate::Engine;
use core::fmt;

/// What a reference points to.
///
/// There are four hierarchies: of functions, of values of the host, of exceptions, and of guests'
/// own values. Each has a greatest type and a least one, which only null is of; the defined types
/// are between.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum HeapType {
    /// Any function.
    Func,
    /// No function: only null refers to it.
    NoFunc,
    /// Any value of the host.
    Extern,
    /// No value of the host: only null refers to it.
    NoExtern,
    /// Any exception.
    Exn,
    /// No exception: only null refers to it.
    NoExn,
    /// Any value of a guest's.
    Any,
    /// Anything that can be compared by identity: integers of 31 bits, structures and arrays.
    Eq,
    /// An integer of 31 bits.
    I31,
    /// Any structure.
    Struct,
    /// Any array.
    Array,
    /// No value of a guest's: only null refers to it.
    None,
    /// A type that a module or the embedder has defined.
    Concrete(ConcreteType),
}

impl HeapType {
    /// Whether this is a subtype of `other` (spec: valid/matching).
    ///
    /// Concrete types are those of `engine`.
    pub fn matches(&self, engine: &Engine, other: &HeapType) -> bool {
        self.is_subtype(other, engine.types())
    }

    pub(crate) fn is_subtype(&self, other: &HeapType, types: &TypeRegistry) -> bool {
        match (self, other) {
            (Self::Concrete(this), Self::Concrete(other)) => types.is_subtype(this.id, other.id),
            _ => self.is_abstract_subtype(other),
        }
    }

    /// As [`HeapType::is_subtype`], where not both are concrete or both are the same.
    fn is_abstract_subtype(&self, other: &HeapType) -> bool {
        if self == other {
            return true;
        }
        match self {
            Self::None => other.top() == Self::Any,
            Self::NoFunc => other.top() == Self::Func,
            Self::NoExtern => *other == Self::Extern,
            Self::NoExn => *other == Self::Exn,
            Self::Eq => *other == Self::Any,
            Self::I31 | Self::Struct | Self::Array => matches!(other, Self::Any | Self::Eq),
            Self::Concrete(this) => match this.kind {
                CompositeKind::Func => *other == Self::Func,
                CompositeKind::Struct => matches!(other, Self::Any | Self::Eq | Self::Struct),
                CompositeKind::Array => matches!(other, Self::Any | Self::Eq | Self::Array),
            },
            Self::Func | Self::Extern | Self::Exn | Self::Any => false,
        }
    }

    /// The greatest type of the hierarchy.
    pub fn top(&self) -> HeapType {
        match self {
            Self::Func | Self::NoFunc => Self::Func,
            Self::Extern | Self::NoExtern => Self::Extern,
            Self::Exn | Self::NoExn => Self::Exn,
            Self::Concrete(ty) if ty.kind == CompositeKind::Func => Self::Func,
            _ => Self::Any,
        }
    }

    /// Whether only null is a reference to this type.
    pub fn is_bottom(&self) -> bool {
        matches!(self, Self::NoFunc | Self::NoExtern | Self::NoExn | Self::None)
    }

    /// The concrete type, if this is one.
    pub fn as_concrete(&self) -> Option<ConcreteType> {
        match self {
            Self::Concrete(ty) => Some(*ty),
            _ => None,
        }
    }
}

impl fmt::Display for HeapType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Func => "func",
            Self::NoFunc => "nofunc",
            Self::Extern => "extern",
            Self::NoExtern => "noextern",
            Self::Exn => "exn",
            Self::NoExn => "noexn",
            Self::Any => "any",
            Self::Eq => "eq",
            Self::I31 => "i31",
            Self::Struct => "struct",
            Self::Array => "array",
            Self::None => "none",
            Self::Concrete(ty) => return ty.fmt(f),
        })
    }
}

/// A function, structure or array type that a module or the embedder has defined, as an engine knows
/// it: by a number, so that equal types of all modules of the engine are equal here, too.
///
/// [`Engine::func_type`], [`Engine::struct_type`] and [`Engine::array_type`] tell what it is like;
/// the other way, [`StructType::concrete`](crate::StructType::concrete) and its kin lead here.
// Packed, since types of values have it in them, and most of what is known of types are lists of these.
#[derive(Copy, Clone, PartialEq, Eq, Hash)]
#[repr(Rust, packed)]
pub struct ConcreteType {
    pub(crate) id: TypeId,
    pub(crate) kind: CompositeKind,
}

impl ConcreteType {
    /// What kind of type it is.
    pub fn kind(&self) -> CompositeKind {
        self.kind
    }
}

/// Such as `func#3`: the number is the engine's.
impl fmt::Display for ConcreteType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TypeId(number) = self.id;
        match self.id.position_in_group() {
            Some(position) => write!(f, "{}#rec.{position}", self.kind),
            None => write!(f, "{}#{number}", self.kind),
        }
    }
}

impl fmt::Debug for ConcreteType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConcreteType({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::HeapType::*;
    use super::*;
    use alloc::vec::Vec;

    /// Each hierarchy from its least type up; what stands on the same level does not match.
    #[test]
    fn abstract_types_match_within_their_hierarchy() {
        let types = TypeRegistry::default();
        let hierarchies: [&[&[HeapType]]; 4] = [
            &[&[None], &[I31, Struct, Array], &[Eq], &[Any]],
            &[&[NoFunc], &[Func]],
            &[&[NoExtern], &[Extern]],
            &[&[NoExn], &[Exn]],
        ];
        let all: Vec<_> = (0..4)
            .flat_map(|which| {
                hierarchies[which]
                    .iter()
                    .enumerate()
                    .flat_map(move |(level, types)| types.iter().map(move |ty| (which, level, *ty)))
            })
            .collect();
        for (this_in, this_level, this) in &all {
            for (other_in, other_level, other) in &all {
                let expected = this == other || this_in == other_in && this_level < other_level;
                assert_eq!(this.is_subtype(other, &types), expected, "{this} <: {other}");
            }
            assert_eq!(this.is_bottom(), *this_level == 0, "{this}");
        }
    }
}
