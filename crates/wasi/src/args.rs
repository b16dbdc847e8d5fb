//! Arguments and environment: lists of texts that the guest fetches into its memory.

use crate::errno::Errno;
use crate::guest::{GuestMemory, Span};

/// `args_sizes_get`, `environ_sizes_get`: how many texts there are, and how many bytes with a NUL
/// after each.
pub(crate) fn sizes(texts: &[Vec<u8>]) -> Result<(u32, u32), Errno> {
    let bytes: usize = texts.iter().map(|text| text.len() + 1).sum();
    Ok((u32::try_from(texts.len())?, u32::try_from(bytes)?))
}

/// `args_get`, `environ_get`: writes the texts, with a NUL after each, to `buffer`, and pointers to
/// them to `pointers`.
pub(crate) fn get(
    texts: &[Vec<u8>],
    memory: &mut GuestMemory<'_>,
    pointers: u32,
    buffer: u32,
) -> Result<(), Errno> {
    let (count, bytes) = sizes(texts)?;
    memory.slice(Span::array(pointers, 4, count)?)?;
    memory.slice(Span::new(buffer, bytes))?;
    let mut pointer = pointers;
    let mut start = buffer;
    for text in texts {
        let len = u32::try_from(text.len())?;
        memory.write(pointer, start)?;
        memory.slice_mut(Span::new(start, len))?.copy_from_slice(text);
        // Neither sum overflows, except at the very end of a memory of 4 GiB, where it is not used
        // again.
        start = start.wrapping_add(len);
        memory.slice_mut(Span::new(start, 1))?.fill(0);
        start = start.wrapping_add(1);
        pointer = pointer.wrapping_add(4);
    }
    Ok(())
}
