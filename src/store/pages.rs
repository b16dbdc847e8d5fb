//! Blocks of zeros for memories: small ones from the allocator, and large ones on Linux, with `std`, from the system.
//!
//! The system's pages are zero, and there when they are touched. An allocator that has a large block at hand clears
//! all of it instead, though a guest may touch little: glibc keeps blocks of up to 32 MiB once one was freed. (Its own
//! threshold, in `mallopt(3)`, is that of new processes.)

use alloc::alloc::{Layout, alloc_zeroed, dealloc, realloc};
use core::ptr::{self, NonNull};

/// The alignment of blocks: enough for every access of a guest, and small enough that the system's
/// allocator hands out fresh zero pages instead of clearing used ones.
const ALIGN: usize = 8;

/// A block of `bytes` zeros, not none; `None` if there is not enough memory.
pub(super) fn allocate(bytes: usize) -> Option<NonNull<u8>> {
    if system::is_mapped(bytes) {
        return system::map(bytes);
    }
    // SAFETY: the caller's promise: the size is not zero.
    NonNull::new(unsafe { alloc_zeroed(layout(bytes)?) })
}

/// Moves a block of `bytes` to one of `more` bytes, the rest of which is anything; `None` if there is not enough memory,
/// and then the block stays.
///
/// # Safety
///
/// The block is one of [`allocate`] or of this, of that size, and nobody uses it any more. `more` is not less.
pub(super) unsafe fn reallocate(
    block: NonNull<u8>,
    bytes: usize,
    more: usize,
) -> Option<NonNull<u8>> {
    let new = layout(more)?;
    // SAFETY: the caller's promise; where the block was mapped or not, the new one is the same.
    unsafe {
        match (system::is_mapped(bytes), system::is_mapped(more)) {
            (true, true) => system::remap(block, bytes, more),
            (false, false) => NonNull::new(realloc(block.as_ptr(), layout(bytes)?, new.size())),
            _ => {
                let moved = allocate(more)?;
                ptr::copy_nonoverlapping(block.as_ptr(), moved.as_ptr(), bytes);
                free(block, bytes);
                Some(moved)
            }
        }
    }
}

/// Frees a block of `bytes`.
///
/// # Safety
///
/// As for [`reallocate`].
pub(super) unsafe fn free(block: NonNull<u8>, bytes: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        if system::is_mapped(bytes) {
            system::unmap(block, bytes);
        } else if let Some(layout) = layout(bytes) {
            dealloc(block.as_ptr(), layout);
        }
    }
}

/// The layout of a block, if it can be addressed.
fn layout(bytes: usize) -> Option<Layout> {
    Layout::from_size_align(bytes, ALIGN).ok()
}

#[cfg(all(feature = "std", target_os = "linux", not(miri), not(fulmar_heap_memories)))]
mod system {
    use core::ffi::c_void;
    use core::ptr::{self, NonNull};
    use rustix::mm::{MapFlags, MremapFlags, ProtFlags, mmap_anonymous, mremap, munmap};

    /// From so many bytes on a call of the system costs less than to clear the block.
    const MAPPED_MIN: usize = 128 << 10;

    /// Whether blocks of this size are the system's.
    pub(super) fn is_mapped(bytes: usize) -> bool {
        bytes >= MAPPED_MIN
    }

    pub(super) fn map(bytes: usize) -> Option<NonNull<u8>> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping, wherever the system wants it, changes no other memory.
        let block = unsafe { mmap_anonymous(ptr::null_mut(), bytes, access, MapFlags::PRIVATE) };
        found(block)
    }

    /// # Safety
    ///
    /// As for [`reallocate`](super::reallocate), of a block that is mapped.
    pub(super) unsafe fn remap(
        block: NonNull<u8>,
        bytes: usize,
        more: usize,
    ) -> Option<NonNull<u8>> {
        // SAFETY: the caller's promise.
        found(unsafe { mremap(block.as_ptr().cast(), bytes, more, MremapFlags::MAYMOVE) })
    }

    /// # Safety
    ///
    /// As for [`free`](super::free), of a block that is mapped.
    pub(super) unsafe fn unmap(block: NonNull<u8>, bytes: usize) {
        // SAFETY: the caller's promise.
        let unmapped = unsafe { munmap(block.as_ptr().cast(), bytes) };
        debug_assert!(unmapped.is_ok(), "the block was mapped");
    }

    fn found(block: rustix::io::Result<*mut c_void>) -> Option<NonNull<u8>> {
        NonNull::new(block.ok()?.cast())
    }
}

/// There is no system to ask.
#[cfg(not(all(feature = "std", target_os = "linux", not(miri), not(fulmar_heap_memories))))]
mod system {
    use core::ptr::NonNull;

    pub(super) fn is_mapped(_: usize) -> bool {
        false
    }

    pub(super) fn map(_: usize) -> Option<NonNull<u8>> {
        None
    }

    pub(super) unsafe fn remap(_: NonNull<u8>, _: usize, _: usize) -> Option<NonNull<u8>> {
        None
    }

    pub(super) unsafe fn unmap(_: NonNull<u8>, _: usize) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of one page, on both sides of where blocks are mapped, and large.
    const SIZES: [usize; 5] = [1, 1 << 16, (128 << 10) - 1, 128 << 10, 5 << 20];

    fn bytes<'a>(block: NonNull<u8>, len: usize) -> &'a mut [u8] {
        // SAFETY: the block has so many bytes, and the tests have one reference to it at a time.
        unsafe { core::slice::from_raw_parts_mut(block.as_ptr(), len) }
    }

    #[test]
    fn blocks_are_zero_even_where_others_were() {
        for size in SIZES {
            for _ in 0..4 {
                let block = allocate(size).unwrap();
                assert!(bytes(block, size).iter().all(|byte| *byte == 0), "{size}");
                bytes(block, size).fill(0xff);
                // SAFETY: it is of that size.
                unsafe { free(block, size) };
            }
        }
    }

    #[test]
    fn contents_move_along() {
        for size in SIZES {
            for more in SIZES.into_iter().filter(|more| *more >= size) {
                let block = allocate(size).unwrap();
                bytes(block, size).fill(7);
                // SAFETY: it is of that size.
                let moved = unsafe { reallocate(block, size, more) }.unwrap();
                assert!(bytes(moved, size).iter().all(|byte| *byte == 7), "{size} {more}");
                bytes(moved, more).fill(8);
                // SAFETY: it is of that size.
                unsafe { free(moved, more) };
            }
        }
    }

    #[test]
    fn what_there_is_not_is_refused() {
        let all = isize::MAX as usize - 7;
        assert_eq!(allocate(all), None);
        let block = allocate(1 << 20).unwrap();
        // SAFETY: it is of that size.
        assert_eq!(unsafe { reallocate(block, 1 << 20, all) }, None);
        assert!(bytes(block, 1 << 20).iter().all(|byte| *byte == 0));
        // SAFETY: it is of that size.
        unsafe { free(block, 1 << 20) };
    }
}
