//! Tags, as embedders see them.

use crate::store::{Handle, StoreId, StoreInner};
use crate::{AsContext, AsContextMut, Error, TagType};

/// A tag: what an exception is an instance of.
///
/// Two tags are equal if they are the same tag of the same store; tags of equal types are not.
///
/// ```
/// use fulmar::{Engine, FuncType, Store, Tag, TagType, ValType};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let ty = TagType::new(FuncType::new([ValType::I32], []));
/// let tag = Tag::new(&mut store, ty.clone())?;
/// assert_eq!(tag.ty(&store), ty);
/// assert_ne!(tag, Tag::new(&mut store, ty)?);
/// # Ok::<(), fulmar::Error>(())
/// ```
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct Tag {
    handle: Handle,
}

impl Tag {
    /// A new tag.
    ///
    /// # Errors
    ///
    /// If the type has results.
    pub fn new(mut store: impl AsContextMut, ty: TagType) -> Result<Self, Error> {
        if !ty.ty().results().is_empty() {
            return Err(Error::msg("the type of a tag has no results"));
        }
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        let ty = store.engine.types().intern_func(ty.ty());
        let position = store.add_tag(ty);
        Ok(Self::from_position(store.id, position))
    }

    pub(crate) fn from_position(store: StoreId, position: u32) -> Self {
        Self { handle: Handle::new(store, position) }
    }

    /// The position in `store`.
    pub(crate) fn position(self, store: StoreId) -> u32 {
        self.handle.position(store)
    }

    /// The position in `store`; `None` if the tag belongs to another one.
    pub(crate) fn position_in(self, store: StoreId) -> Option<u32> {
        self.handle.position_in(store)
    }

    /// The type.
    ///
    /// # Panics
    ///
    /// If the tag belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> TagType {
        self.ty_in(store.as_context().inner())
    }

    pub(crate) fn ty_in(self, store: &StoreInner) -> TagType {
        let ty = store.lists.tags[self.handle.index(store)];
        TagType::new(store.engine.types().func_type(ty))
    }
}
