//! The type of a tag.

use super::func::FuncType;
use core::fmt;

/// The type of a tag: what an exception with the tag carries, as the parameters of a function type
/// without results.
///
/// ```
/// use fulmar::{FuncType, TagType, ValType};
///
/// let ty = TagType::new(FuncType::new([ValType::I32], []));
/// assert_eq!(ty.ty().params(), [ValType::I32]);
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct TagType {
    ty: FuncType,
}

impl TagType {
    /// The type of tags whose exceptions carry the parameters of `ty`.
    pub fn new(ty: FuncType) -> Self {
        Self { ty }
    }

    /// The function type.
    pub fn ty(&self) -> &FuncType {
        &self.ty
    }
}

impl fmt::Display for TagType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ty.fmt(f)
    }
}
