//! Memories, as embedders see them.

use crate::store::{Handle, MemoryEntity, StoreId, StoreInner};
use crate::{AsContext, AsContextMut, Error, MemoryType, StoreContext, StoreContextMut};
use core::fmt;

/// A linear memory.
///
/// ```
/// use fulmar::{Engine, Memory, MemoryType, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let memory = Memory::new(&mut store, MemoryType::new(1, Some(2)))?;
/// memory.write(&mut store, 10, b"hello")?;
/// assert_eq!(&memory.data(&store)[10..15], b"hello");
/// assert_eq!(memory.grow(&mut store, 1)?, 1);
/// assert_eq!(memory.size(&store), 2);
/// # Ok::<(), fulmar::Error>(())
/// ```
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct Memory {
    handle: Handle,
}

impl Memory {
    /// A new memory, all zero.
    ///
    /// # Errors
    ///
    /// If the store's limiter refuses it or there is not enough memory.
    pub fn new(mut store: impl AsContextMut, ty: MemoryType) -> Result<Self, Error> {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        if ty.maximum().is_some_and(|maximum| maximum < ty.minimum()) {
            return Err(Error::msg("memory minimum exceeds its maximum"));
        }
        let position = store.add_memory(ty)?;
        Ok(Self::from_position(store.id, position))
    }

    pub(crate) fn from_position(store: StoreId, position: u32) -> Self {
        Self { handle: Handle::new(store, position) }
    }

    /// The position in `store`.
    pub(crate) fn position(self, store: StoreId) -> u32 {
        self.handle.position(store)
    }

    /// The type, with the present size as minimum.
    ///
    /// # Panics
    ///
    /// If the memory belongs to another store, as with all other functions here.
    pub fn ty(&self, store: impl AsContext) -> MemoryType {
        self.ty_in(store.as_context().inner())
    }

    pub(crate) fn ty_in(self, store: &StoreInner) -> MemoryType {
        self.entity(store).ty()
    }

    /// The number of pages.
    pub fn size(&self, store: impl AsContext) -> u64 {
        self.entity(store.as_context().inner()).pages()
    }

    /// The number of bytes.
    pub fn data_size(&self, store: impl AsContext) -> usize {
        self.entity(store.as_context().inner()).len
    }

    /// Adds `delta` pages, all zero, and gives the number there were before.
    ///
    /// # Errors
    ///
    /// If that exceeds the maximum, the store's limiter refuses it, or there is not enough memory.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64) -> Result<u64, Error> {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        let memory = store.lists.memories[self.handle.index(store)];
        // SAFETY: memories of a store live as long as it, and the store is borrowed exclusively.
        let memory = unsafe { &mut *memory.as_ptr() };
        store.try_memory_grow(memory, delta)?.ok_or_else(|| Error::msg("failed to grow memory"))
    }

    /// The contents.
    pub fn data<'a, T: 'static>(&self, store: impl Into<StoreContext<'a, T>>) -> &'a [u8] {
        self.entity(store.into().into_inner()).bytes()
    }

    /// The contents, to be changed.
    pub fn data_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> &'a mut [u8] {
        self.entity_mut(store.into().into_inner_mut()).bytes_mut()
    }

    /// The contents and the embedder's data, both to be changed.
    pub fn data_and_store_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> (&'a mut [u8], &'a mut T) {
        let (store, data) = store.into().into_parts_mut();
        (self.entity_mut(store).bytes_mut(), data)
    }

    /// Copies from the memory at `offset` to `buffer`.
    ///
    /// # Errors
    ///
    /// If the range is not within the memory; nothing is copied then.
    pub fn read(
        &self,
        store: impl AsContext,
        offset: usize,
        buffer: &mut [u8],
    ) -> Result<(), MemoryAccessError> {
        let store = store.as_context();
        let bytes = self.entity(store.inner()).bytes();
        let end = offset.checked_add(buffer.len()).ok_or(MemoryAccessError)?;
        buffer.copy_from_slice(bytes.get(offset..end).ok_or(MemoryAccessError)?);
        Ok(())
    }

    /// Copies `buffer` to the memory at `offset`.
    ///
    /// # Errors
    ///
    /// If the range is not within the memory; nothing is copied then.
    pub fn write(
        &self,
        mut store: impl AsContextMut,
        offset: usize,
        buffer: &[u8],
    ) -> Result<(), MemoryAccessError> {
        let store = store.as_context_mut().into_inner_mut();
        let bytes = self.entity_mut(store).bytes_mut();
        let end = offset.checked_add(buffer.len()).ok_or(MemoryAccessError)?;
        bytes.get_mut(offset..end).ok_or(MemoryAccessError)?.copy_from_slice(buffer);
        Ok(())
    }

    fn entity(self, store: &StoreInner) -> &MemoryEntity {
        let memory = store.lists.memories[self.handle.index(store)];
        // SAFETY: memories of a store live as long as it and change only with an exclusive borrow
        // of it.
        unsafe { &*memory.as_ptr() }
    }

    fn entity_mut(self, store: &mut StoreInner) -> &mut MemoryEntity {
        let memory = store.lists.memories[self.handle.index(store)];
        // SAFETY: memories of a store live as long as it, and the store is borrowed exclusively for
        // as long.
        unsafe { &mut *memory.as_ptr() }
    }
}

/// A range that is not within a memory.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct MemoryAccessError;

impl fmt::Display for MemoryAccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("out of bounds memory access")
    }
}

impl core::error::Error for MemoryAccessError {}

impl From<MemoryAccessError> for Error {
    fn from(error: MemoryAccessError) -> Self {
        Self::new(error)
    }
}
