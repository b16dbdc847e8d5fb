//! Lists that ask for memory before it is needed, so that there being none is an error.
//!
//! Whoever fills a list asks for room first, for as many elements as may come; the pushes that follow
//! can't fail. A push that nobody asked for would be granted, but end the process where there is no
//! memory: debug builds insist that there is room. This knows nothing of what is in the lists.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

/// There is no memory for more elements.
#[derive(Debug)]
pub(crate) struct NoMemory;

/// A list that grows only where that may fail.
#[derive(Debug)]
pub(crate) struct Buffer<T>(Vec<T>);

impl<T> Default for Buffer<T> {
    fn default() -> Self {
        Buffer(Vec::new())
    }
}

impl<T> Buffer<T> {
    /// Asks for the room of `more` elements. A list that grows doubles, at least.
    #[inline]
    pub(crate) fn make_room(&mut self, more: usize) -> Result<(), NoMemory> {
        if more > self.0.capacity() - self.0.len() { self.grow(more) } else { Ok(()) }
    }

    /// An empty list has nothing to be copied: its memory is given back first.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, more: usize) -> Result<(), NoMemory> {
        if self.0.is_empty() {
            let more = more.max(2 * self.0.capacity());
            self.0 = Vec::new();
            return self.0.try_reserve(more).map_err(|_| NoMemory);
        }
        self.0.try_reserve(more).map_err(|_| NoMemory)
    }

    /// Asks for the room of `more` elements, and for nothing beyond.
    pub(crate) fn make_exact_room(&mut self, more: usize) -> Result<(), NoMemory> {
        self.0.try_reserve_exact(more).map_err(|_| NoMemory)
    }

    /// How many elements there is room for.
    pub(crate) fn room(&self) -> usize {
        self.0.capacity() - self.0.len()
    }

    /// Appends an element, for which room was asked before.
    #[inline]
    pub(crate) fn push(&mut self, element: T) {
        debug_assert!(self.room() > 0, "nobody asked for room");
        self.0.push(element);
    }

    /// Inserts an element, for which room was asked before.
    pub(crate) fn insert(&mut self, at: usize, element: T) {
        debug_assert!(self.room() > 0, "nobody asked for room");
        self.0.insert(at, element);
    }

    pub(crate) fn pop(&mut self) -> Option<T> {
        self.0.pop()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Where the elements are. Unlike a slice this borrows none of them: code that runs is read meanwhile.
    pub(crate) fn as_ptr(&self) -> *const T {
        self.0.as_ptr()
    }

    /// Where the elements are, likewise.
    pub(crate) fn as_mut_ptr(&mut self) -> *mut T {
        self.0.as_mut_ptr()
    }

    /// The bytes that the list takes.
    pub(crate) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<T>()
    }
}

impl<T: Clone> Buffer<T> {
    /// Appends elements, for which room was asked before.
    #[inline]
    pub(crate) fn extend_from_slice(&mut self, elements: &[T]) {
        debug_assert!(self.room() >= elements.len(), "nobody asked for room");
        self.0.extend_from_slice(elements);
    }

    /// Makes the list `len` elements long, with copies of `element`; asks for the room itself.
    pub(crate) fn resize(&mut self, len: usize, element: T) -> Result<(), NoMemory> {
        self.make_room(len.saturating_sub(self.0.len()))?;
        self.0.resize(len, element);
        Ok(())
    }
}

impl<T> Deref for Buffer<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> DerefMut for Buffer<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

/// As many elements as come, side by side.
pub(crate) fn boxed<T>(elements: impl ExactSizeIterator<Item = T>) -> Result<Box<[T]>, NoMemory> {
    let mut all = Buffer::default();
    all.make_exact_room(elements.len())?;
    elements.for_each(|element| all.push(element));
    Ok(all.0.into_boxed_slice())
}
