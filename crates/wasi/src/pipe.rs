//! Streams in memory: input that is given beforehand and output that is collected.

use std::fmt;
use std::io::{self, Cursor, IoSliceMut, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Standard input that is known beforehand.
///
/// Clones share what is left.
///
/// ```
/// use fulmar_wasi::{MemoryInputPipe, WasiCtxBuilder};
///
/// let stdin = MemoryInputPipe::new("first line\nsecond line\n");
/// let ctx = WasiCtxBuilder::new().stdin(Box::new(stdin)).build();
/// # let _ = ctx;
/// ```
#[derive(Clone)]
pub struct MemoryInputPipe {
    rest: Arc<Mutex<Cursor<Vec<u8>>>>,
}

impl MemoryInputPipe {
    /// A stream of `bytes`.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self { rest: Arc::new(Mutex::new(Cursor::new(bytes.into()))) }
    }
}

impl Read for MemoryInputPipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner).read(buffer)
    }

    fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner).read_vectored(buffers)
    }
}

impl fmt::Debug for MemoryInputPipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryInputPipe").finish_non_exhaustive()
    }
}

/// Standard output or error that is collected up to a capacity.
///
/// Clones share what is collected, so that one can be given to the guest and another be read. What
/// exceeds the capacity is refused as by a full disk.
///
/// ```
/// use fulmar_wasi::{MemoryOutputPipe, WasiCtxBuilder};
///
/// let stdout = MemoryOutputPipe::new(4096);
/// let ctx = WasiCtxBuilder::new().stdout(Box::new(stdout.clone())).build();
/// # let _ = ctx;
/// // After the guest has run:
/// assert_eq!(stdout.contents(), b"");
/// ```
#[derive(Clone)]
pub struct MemoryOutputPipe {
    capacity: usize,
    /// At most `capacity` bytes.
    collected: Arc<Mutex<Vec<u8>>>,
}

impl MemoryOutputPipe {
    /// A stream that takes up to `capacity` bytes.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, collected: Arc::default() }
    }

    /// What was written so far.
    pub fn contents(&self) -> Vec<u8> {
        self.collected.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Write for MemoryOutputPipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut collected = self.collected.lock().unwrap_or_else(PoisonError::into_inner);
        let len = bytes.len().min(self.capacity - collected.len());
        if len == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        collected.extend_from_slice(&bytes[..len]);
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for MemoryOutputPipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryOutputPipe").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}
