//! Standard streams: those of the process and those that the embedder supplies.

use crate::os;
use crate::types::{FdFlags, FileType};
use std::io::{self, IoSlice, IoSliceMut, IsTerminal, Read, Write};
use std::time::Duration;

/// A stream as a descriptor.
pub(crate) struct Stream {
    device: Device,
    /// Of these, only `NONBLOCK` makes a difference: nothing is ever kept back.
    pub(crate) flags: FdFlags,
}

/// Where a stream comes from or goes to.
pub(crate) enum Device {
    /// The standard input of the process, past Rust's buffer.
    ProcessInput,
    /// The standard output of the process.
    ProcessOutput,
    /// The standard error of the process.
    ProcessError,
    /// An input of the embedder's.
    Input(Box<dyn Read + Send>),
    /// An output of the embedder's.
    Output(Box<dyn Write + Send>),
}

/// What is known of a descriptor from which bytes can be read without waiting.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Readable {
    /// How many; 1 if that is not known.
    pub(crate) bytes: u64,
    /// Whether the other end is closed.
    pub(crate) hangup: bool,
}

impl Stream {
    pub(crate) fn new(device: Device) -> Self {
        Self { device, flags: FdFlags::default() }
    }

    /// Whether the guest reads from it.
    pub(crate) fn is_input(&self) -> bool {
        matches!(self.device, Device::ProcessInput | Device::Input(_))
    }

    /// Whether it is known only by asking the system if a read would wait.
    pub(crate) fn may_wait(&self) -> bool {
        matches!(self.device, Device::ProcessInput)
    }

    pub(crate) fn filetype(&self) -> FileType {
        let terminal = match self.device {
            Device::ProcessInput => io::stdin().is_terminal(),
            Device::ProcessOutput => io::stdout().is_terminal(),
            Device::ProcessError => io::stderr().is_terminal(),
            Device::Input(_) | Device::Output(_) => false,
        };
        if terminal { FileType::CharacterDevice } else { FileType::Unknown }
    }

    /// Reads once.
    pub(crate) fn read(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        match &mut self.device {
            Device::ProcessInput => {
                // The mode of the process's own stream, which others may share, stays as it is.
                if self.flags.contain(FdFlags::NONBLOCK)
                    && os::wait_for_stdin(Some(Duration::ZERO))?.is_none()
                {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                os::read_stdin(buffers)
            }
            Device::Input(input) => input.read_vectored(buffers),
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Writes once, and leaves nothing in a buffer.
    pub(crate) fn write(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        match &mut self.device {
            Device::ProcessOutput => os::write_stdout(buffers),
            // Rust does not buffer it.
            Device::ProcessError => io::stderr().lock().write_vectored(buffers),
            Device::Output(output) => {
                let bytes = output.write_vectored(buffers)?;
                output.flush()?;
                Ok(bytes)
            }
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}
