//! Guest memory: pointers and lengths of the guest, each checked before it is used.
//!
//! Whatever a guest passes, the answer is a slice of its memory or [`Errno::Fault`]; nothing here
//! panics or allocates.

use crate::errno::Errno;
use crate::types::GuestValue;
use std::io::{self, IoSlice, IoSliceMut};
use std::ops::Range;

/// The longest path that is looked at; no system knows a longer one.
const PATH_BYTES_MAX: u32 = 4096;

/// The longest list of buffers, as with `readv` and `writev` of POSIX systems.
const IOVECS_MAX: u32 = 1024;

/// The bytes of one buffer in such a list: its pointer and its length.
const IOVEC_BYTES: u32 = 8;

/// The most bytes that are transferred at once; no system takes more.
const STEP_BYTES_MAX: u32 = i32::MAX.cast_unsigned();

/// How many buffers are written at once.
const GATHER_MAX: usize = 16;

/// How many buffers are read into at once. C libraries pass two.
const SCATTER_MAX: usize = 2;

/// A piece of guest memory, or a list of buffers if the length counts them; unchecked.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

impl Span {
    pub(crate) fn new(start: u32, len: u32) -> Self {
        Self { start, len }
    }

    /// That of `count` elements.
    pub(crate) fn array(start: u32, element_bytes: u32, count: u32) -> Result<Self, Errno> {
        let len = element_bytes.checked_mul(count).ok_or(Errno::Fault)?;
        Ok(Self { start, len })
    }
}

/// The memory of the calling guest.
pub(crate) struct GuestMemory<'a> {
    bytes: &'a mut [u8],
}

impl<'a> GuestMemory<'a> {
    pub(crate) fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes }
    }

    /// The place of a span that lies within the memory.
    fn range(&self, span: Span) -> Result<Range<usize>, Errno> {
        let start = usize::try_from(span.start).map_err(|_| Errno::Fault)?;
        let len = usize::try_from(span.len).map_err(|_| Errno::Fault)?;
        match start.checked_add(len) {
            Some(end) if end <= self.bytes.len() => Ok(start..end),
            _ => Err(Errno::Fault),
        }
    }

    /// The bytes of a span.
    pub(crate) fn slice(&self, span: Span) -> Result<&[u8], Errno> {
        Ok(&self.bytes[self.range(span)?])
    }

    /// The bytes of a span, to be written.
    pub(crate) fn slice_mut(&mut self, span: Span) -> Result<&mut [u8], Errno> {
        let range = self.range(span)?;
        Ok(&mut self.bytes[range])
    }

    /// Writes a value.
    pub(crate) fn write<V: GuestValue>(&mut self, pointer: u32, value: V) -> Result<(), Errno> {
        let bytes = self.slice_mut(Span { start: pointer, len: V::BYTES })?;
        value.write(bytes);
        Ok(())
    }

    /// Reads `N` bytes.
    pub(crate) fn read<const N: usize>(&self, pointer: u32) -> Result<[u8; N], Errno> {
        let start = usize::try_from(pointer).map_err(|_| Errno::Fault)?;
        let bytes = self.bytes.get(start..).and_then(|bytes| bytes.first_chunk());
        bytes.copied().ok_or(Errno::Fault)
    }

    /// The text of a span.
    pub(crate) fn text(&self, span: Span) -> Result<&str, Errno> {
        let bytes = self.slice(span)?;
        if span.len > PATH_BYTES_MAX {
            return Err(Errno::Nametoolong);
        }
        str::from_utf8(bytes).map_err(|_| Errno::Ilseq)
    }

    /// Writes from the buffers of `list` by `write`, which is called again for what it does not
    /// take until it takes nothing, and gives the number of bytes.
    pub(crate) fn gather(
        &self,
        list: Span,
        mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> Result<u32, Errno> {
        transfer(list, GATHER_MAX, |list| {
            let batch = self.batch::<GATHER_MAX>(list)?;
            let mut buffers = [IoSlice::new(&[]); GATHER_MAX];
            for (buffer, range) in buffers.iter_mut().zip(&batch.ranges) {
                *buffer = IoSlice::new(&self.bytes[range.clone()]);
            }
            let mut rest = &mut buffers[..batch.len];
            let mut sum = 0;
            while sum < batch.bytes {
                match retry(batch.bytes - sum, || write(rest)) {
                    Ok(0) => break,
                    Ok(bytes) => {
                        IoSlice::advance_slices(&mut rest, usize::try_from(bytes)?);
                        sum += bytes;
                    }
                    Err(error) if sum == 0 => return Err(error),
                    Err(_) => break,
                }
            }
            Ok(batch.step(sum))
        })
    }

    /// Reads into the buffers of `list` by `read`, which may give less than all there is space for,
    /// and gives the number of bytes.
    ///
    /// With `once`, `read` is not called again when it has given something: it might wait although
    /// there are bytes to return.
    pub(crate) fn scatter(
        &mut self,
        list: Span,
        once: bool,
        mut read: impl FnMut(&mut [IoSliceMut<'_>]) -> io::Result<usize>,
    ) -> Result<u32, Errno> {
        transfer(list, SCATTER_MAX, |list| {
            let batch = self.batch::<SCATTER_MAX>(list)?;
            if batch.len == 0 {
                return Ok(batch.step(0));
            }
            let bytes = match self.bytes.get_disjoint_mut(batch.ranges.clone()) {
                Ok(buffers) => {
                    let mut buffers = buffers.map(IoSliceMut::new);
                    retry(batch.bytes, || read(&mut buffers[..batch.len]))?
                }
                // The buffers overlap: the first must do.
                Err(_) => {
                    let first = &mut self.bytes[batch.ranges[0].clone()];
                    retry(batch.bytes, || read(&mut [IoSliceMut::new(first)]))?
                }
            };
            let mut step = batch.step(bytes);
            step.last |= once && bytes > 0;
            Ok(step)
        })
    }

    /// The places of the buffers of a list of at most `N`, as far as they can be taken at once.
    fn batch<const N: usize>(&self, list: Span) -> Result<Batch<N>, Errno> {
        let mut batch = Batch { ranges: [const { 0..0 }; N], len: 0, bytes: 0, cut: false };
        for index in 0..list.len {
            let entry = list.start.checked_add(index * IOVEC_BYTES).ok_or(Errno::Fault)?;
            let [s0, s1, s2, s3, l0, l1, l2, l3] = self.read(entry)?;
            let start = u32::from_le_bytes([s0, s1, s2, s3]);
            let mut len = u32::from_le_bytes([l0, l1, l2, l3]);
            self.range(Span { start, len })?;
            if len > STEP_BYTES_MAX - batch.bytes {
                len = STEP_BYTES_MAX - batch.bytes;
                batch.cut = true;
            }
            if len > 0 {
                batch.ranges[batch.len] = self.range(Span { start, len })?;
                batch.len += 1;
                batch.bytes += len;
            }
        }
        Ok(batch)
    }
}

/// The places of some buffers.
struct Batch<const N: usize> {
    /// Those from `len` on are empty.
    ranges: [Range<usize>; N],
    len: usize,
    /// The sum of the lengths, at most [`STEP_BYTES_MAX`].
    bytes: u32,
    /// Whether there is more in the list than that.
    cut: bool,
}

impl<const N: usize> Batch<N> {
    /// What became of these buffers when `bytes` were transferred.
    fn step(&self, bytes: u32) -> Step {
        Step { bytes, last: self.cut || bytes < self.bytes }
    }
}

/// Calls `transfer` until it is not interrupted, and gives the number of bytes, at most
/// `bytes_max`: a reader or writer of the embedder's may claim more than it was given.
fn retry(bytes_max: u32, mut transfer: impl FnMut() -> io::Result<usize>) -> Result<u32, Errno> {
    loop {
        match transfer() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
            Ok(bytes) => {
                return Ok(u32::try_from(bytes).map_or(bytes_max, |bytes| bytes.min(bytes_max)));
            }
        }
    }
}

/// What became of some buffers.
struct Step {
    bytes: u32,
    /// Whether the transfer ends here although there may be more buffers.
    last: bool,
}

/// Takes a list of buffers by steps of at most `step_len`, and gives the number of bytes of all
/// steps together.
///
/// An error is an error of the call only if nothing was transferred before.
fn transfer(
    list: Span,
    step_len: usize,
    mut step: impl FnMut(Span) -> Result<Step, Errno>,
) -> Result<u32, Errno> {
    if list.len > IOVECS_MAX {
        return Err(Errno::Inval);
    }
    let mut sum = 0;
    let mut index = 0;
    // Each step adds at most `STEP_BYTES_MAX`, so that the sum cannot overflow.
    while index < list.len && sum <= STEP_BYTES_MAX {
        let len = u32::try_from(step_len)?.min(list.len - index);
        let start = list.start.checked_add(index * IOVEC_BYTES).ok_or(Errno::Fault);
        match start.and_then(|start| step(Span { start, len })) {
            Ok(Step { bytes, last }) => {
                sum += bytes;
                if last {
                    break;
                }
            }
            Err(error) if sum == 0 => return Err(error),
            Err(_) => break,
        }
        index += len;
    }
    Ok(sum)
}
