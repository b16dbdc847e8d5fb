//! Memory instances: a buffer that can grow, and its type.

use super::pages;
use crate::types::MemoryType;
use core::ptr::{self, NonNull};
use core::slice;

/// A memory.
///
/// Invariants: `base` is valid for reads and writes of `capacity` bytes, of which the first `len`
/// are initialised, and is dangling if `capacity` is 0; `len` is a multiple of the page size and at
/// most `capacity`. Entities are on the heap and never move, so that code can hold their address;
/// what `base` points to moves when the memory grows.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct MemoryEntity {
    pub(crate) base: *mut u8,
    /// In bytes.
    pub(crate) len: usize,
    capacity: usize,
    /// The type with the limits it was made with.
    ty: MemoryType,
}

impl MemoryEntity {
    /// A memory of the least size of `ty`, all zero; `None` if there is not enough memory.
    pub(crate) fn new(ty: MemoryType) -> Option<Self> {
        if ty.minimum > ty.pages_max() {
            return None;
        }
        let len = bytes_of(&ty, ty.minimum)?;
        let base = match len {
            0 => NonNull::<u64>::dangling().as_ptr().cast(),
            _ => pages::allocate(len)?.as_ptr(),
        };
        Some(Self { base, len, capacity: len, ty })
    }

    /// The number of pages.
    pub(crate) fn pages(&self) -> u64 {
        (self.len as u64) >> self.ty.page_size_log2
    }

    /// The type with the present size as minimum, which is what importing looks at.
    pub(crate) fn ty(&self) -> MemoryType {
        MemoryType { minimum: self.pages(), ..self.ty }
    }

    /// The greatest size in bytes, where one was declared; saturated if it can't be addressed.
    pub(crate) fn bytes_max(&self) -> Option<usize> {
        let pages = self.ty.maximum?;
        Some(bytes_of(&self.ty, pages).unwrap_or(usize::MAX))
    }

    /// The size in bytes after growing by `delta` pages; `None` if the type does not allow it or it
    /// can't be addressed.
    pub(crate) fn grown_len(&self, delta: u64) -> Option<usize> {
        let pages =
            self.pages().checked_add(delta).filter(|pages| *pages <= self.ty.pages_max())?;
        bytes_of(&self.ty, pages)
    }

    /// Grows to `len` bytes, which [`MemoryEntity::grown_len`] gave; `None` if there is not enough
    /// memory.
    pub(crate) fn grow_to(&mut self, len: usize) -> Option<()> {
        debug_assert!(len >= self.len, "memories don't shrink");
        if len > self.capacity {
            // An eighth more than needed keeps repeated growth by single pages linear, where the
            // allocator must copy.
            let roomy = len.saturating_add(len / 8).min(self.bytes_max().unwrap_or(usize::MAX));
            if len / 2 >= self.len {
                // To copy less than is added, and leave it to the system to clear the rest when it
                // is used, is cheaper: a guest may ask for much more than it will touch.
                self.replace(roomy).or_else(|| self.replace(len))?;
                self.len = len;
                return Some(());
            }
            self.reallocate(roomy).or_else(|| self.reallocate(len))?;
        }
        // SAFETY: `len` is at most `capacity`, so that the range is within the buffer.
        unsafe { ptr::write_bytes(self.base.add(self.len), 0, len - self.len) };
        self.len = len;
        Some(())
    }

    /// Moves the contents to a new buffer of `capacity` bytes, not zero, of which those after the
    /// present ones are zero.
    fn replace(&mut self, capacity: usize) -> Option<()> {
        let base = pages::allocate(capacity)?.as_ptr();
        // SAFETY: both buffers have at least `len` bytes, and the new one is nobody else's.
        unsafe { ptr::copy_nonoverlapping(self.base, base, self.len) };
        self.free();
        self.base = base;
        self.capacity = capacity;
        Some(())
    }

    /// Moves the contents to a buffer of `capacity` bytes, of which those after the present ones
    /// are undefined.
    fn reallocate(&mut self, capacity: usize) -> Option<()> {
        let base = NonNull::new(self.base)?;
        // SAFETY: there is a buffer, since memories without contents get a new one; it has that size, by
        // the invariant; the new size is greater.
        let moved = unsafe { pages::reallocate(base, self.capacity, capacity) };
        self.base = moved?.as_ptr();
        self.capacity = capacity;
        Some(())
    }

    /// Frees the buffer, which must not be used any more.
    fn free(&mut self) {
        if let (1.., Some(base)) = (self.capacity, NonNull::new(self.base)) {
            // SAFETY: there is a buffer of that size, by the invariant.
            unsafe { pages::free(base, self.capacity) };
        }
    }

    /// The contents.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: by the invariant the first `len` bytes are initialised; the borrow of `self`
        // keeps them in place.
        unsafe { slice::from_raw_parts(self.base, self.len) }
    }

    /// The contents.
    #[inline]
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`, and the borrow of `self` is exclusive.
        unsafe { slice::from_raw_parts_mut(self.base, self.len) }
    }
}

impl Drop for MemoryEntity {
    fn drop(&mut self) {
        self.free();
    }
}

/// The bytes of a number of pages, if they can be addressed.
fn bytes_of(ty: &MemoryType, pages: u64) -> Option<usize> {
    let bytes = pages.checked_mul(ty.page_size())?;
    usize::try_from(bytes).ok().filter(|bytes| isize::try_from(*bytes).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = 1 << 16;

    #[test]
    fn grows_within_its_limits() {
        let mut memory = MemoryEntity::new(MemoryType::new(0, Some(3))).unwrap();
        assert_eq!(memory.bytes(), []);
        assert_eq!(memory.grown_len(4), None);
        assert_eq!(memory.grown_len(u64::MAX), None);
        memory.grow_to(memory.grown_len(1).unwrap()).unwrap();
        memory.bytes_mut()[PAGE - 1] = 7;
        memory.grow_to(memory.grown_len(2).unwrap()).unwrap();
        assert_eq!(memory.pages(), 3);
        assert_eq!(memory.bytes()[PAGE - 1], 7);
        assert!(memory.bytes()[PAGE..].iter().all(|byte| *byte == 0));
        assert_eq!(memory.grown_len(0), Some(3 * PAGE));
        assert_eq!(memory.ty(), MemoryType::new(3, Some(3)));
    }

    #[test]
    fn spare_capacity_is_cleared_when_it_comes_into_use() {
        let mut memory = MemoryEntity::new(MemoryType::new(16, None)).unwrap();
        for _ in 0..8 {
            memory.bytes_mut().fill(0xff);
            let before = memory.len;
            memory.grow_to(memory.grown_len(1).unwrap()).unwrap();
            assert!(memory.bytes()[before..].iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn growth_of_any_size_keeps_the_contents_and_adds_zeros() {
        for pages in [1, 2, 3, 40] {
            let mut memory = MemoryEntity::new(MemoryType::new(2, None)).unwrap();
            for _ in 0..3 {
                memory.bytes_mut().fill(0xff);
                let before = memory.len;
                memory.grow_to(memory.grown_len(pages).unwrap()).unwrap();
                assert!(memory.bytes()[..before].iter().all(|byte| *byte == 0xff));
                assert!(memory.bytes()[before..].iter().all(|byte| *byte == 0));
            }
        }
    }

    #[test]
    fn sizes_beyond_the_address_space_are_refused() {
        assert!(MemoryEntity::new(MemoryType::new64(1 << 48, None)).is_none());
        assert_eq!(MemoryEntity::new(MemoryType::new64(0, None)).unwrap().grown_len(1 << 48), None);
    }
}
