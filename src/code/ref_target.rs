//! What `ref.test` and its kin ask: a heap type as a word of a cell.

use crate::HeapType;
use crate::types::CompositeKind;

/// What is asked of a reference that is not null. Which hierarchy it is of, validation knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum RefTarget {
    /// The greatest type of the hierarchy: always true.
    Top,
    /// The least one: always false.
    Bottom,
    I31,
    Eq,
    Struct,
    Array,
    /// A structure or array type, whose id is the next word.
    Object,
    /// A function type, whose id is the next word.
    Func,
}

impl RefTarget {
    const ALL: [Self; 8] = [
        Self::Top,
        Self::Bottom,
        Self::I31,
        Self::Eq,
        Self::Struct,
        Self::Array,
        Self::Object,
        Self::Func,
    ];

    /// The words that ask for a heap type, which null is of if `nullable`.
    pub(crate) fn words(heap_type: HeapType, nullable: bool) -> [u32; 2] {
        let (target, id) = match heap_type {
            HeapType::Func | HeapType::Extern | HeapType::Exn | HeapType::Any => (Self::Top, 0),
            HeapType::NoFunc | HeapType::NoExtern | HeapType::NoExn | HeapType::None => {
                (Self::Bottom, 0)
            }
            HeapType::I31 => (Self::I31, 0),
            HeapType::Eq => (Self::Eq, 0),
            HeapType::Struct => (Self::Struct, 0),
            HeapType::Array => (Self::Array, 0),
            HeapType::Concrete(ty) if ty.kind == CompositeKind::Func => (Self::Func, ty.id.0),
            HeapType::Concrete(ty) => (Self::Object, ty.id.0),
        };
        [target as u32 | u32::from(nullable) << 8, id]
    }

    /// What the first of these words asks, and whether null is meant, too.
    #[inline]
    pub(crate) fn from_word(word: u32) -> (Self, bool) {
        (Self::ALL[word as usize % Self::ALL.len()], word >> 8 != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_were_written() {
        for (position, target) in RefTarget::ALL.iter().enumerate() {
            assert_eq!(*target as usize, position);
        }
        let [word, _] = RefTarget::words(HeapType::Eq, true);
        assert_eq!(RefTarget::from_word(word), (RefTarget::Eq, true));
        let [word, _] = RefTarget::words(HeapType::NoFunc, false);
        assert_eq!(RefTarget::from_word(word), (RefTarget::Bottom, false));
    }
}
