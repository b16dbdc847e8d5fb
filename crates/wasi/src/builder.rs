//! Making a [`WasiCtx`]: what of the host a guest gets to see.

use crate::WasiCtx;
use crate::dir::OpenDir;
use crate::rights::Rights;
use crate::stdio::{Device, Stream};
use crate::table::{Descriptor, Kind, Table};
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use std::fmt;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Settings of a [`WasiCtx`].
///
/// At first, a guest has no arguments, an empty environment, an empty standard input, no
/// directories, and its output is thrown away.
///
/// ```
/// use fulmar_wasi::{MemoryOutputPipe, WasiCtxBuilder};
///
/// let stdout = MemoryOutputPipe::new(4096);
/// let ctx = WasiCtxBuilder::new()
///     .args(&["sort", "-r", "/data/names.txt"])
///     .env("LANG", "C")
///     .stdout(Box::new(stdout.clone()))
///     .preopened_dir(std::env::temp_dir(), "/data")?
///     .build();
/// # let _ = ctx;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct WasiCtxBuilder {
    args: Vec<Vec<u8>>,
    environ: Vec<Vec<u8>>,
    stdin: Device,
    stdout: Device,
    stderr: Device,
    preopens: Vec<Preopen>,
}

/// A directory for the guest.
struct Preopen {
    dir: Dir,
    guest_path: String,
    rights: Rights,
}

impl WasiCtxBuilder {
    /// Settings by which a guest gets nothing.
    pub fn new() -> Self {
        Self {
            args: Vec::new(),
            environ: Vec::new(),
            stdin: Device::Input(Box::new(io::empty())),
            stdout: Device::Output(Box::new(io::sink())),
            stderr: Device::Output(Box::new(io::sink())),
            preopens: Vec::new(),
        }
    }

    /// Adds an argument. The first is by custom the name of the program.
    pub fn arg(&mut self, arg: impl AsRef<str>) -> &mut Self {
        self.args.push(arg.as_ref().into());
        self
    }

    /// Adds arguments.
    pub fn args(&mut self, args: &[impl AsRef<str>]) -> &mut Self {
        self.args.extend(args.iter().map(|arg| arg.as_ref().into()));
        self
    }

    /// Adds the arguments of this process, its own name included.
    pub fn inherit_args(&mut self) -> &mut Self {
        self.args.extend(std::env::args_os().map(|arg| arg.into_encoded_bytes()));
        self
    }

    /// Adds a variable to the environment.
    pub fn env(&mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> &mut Self {
        self.environ.push(variable(name.as_ref().as_bytes(), value.as_ref().as_bytes()));
        self
    }

    /// Adds variables to the environment.
    pub fn envs(&mut self, variables: &[(impl AsRef<str>, impl AsRef<str>)]) -> &mut Self {
        for (name, value) in variables {
            self.env(name, value);
        }
        self
    }

    /// Adds the environment of this process.
    pub fn inherit_env(&mut self) -> &mut Self {
        let variables = std::env::vars_os();
        self.environ.extend(
            variables
                .map(|(name, value)| variable(name.as_encoded_bytes(), value.as_encoded_bytes())),
        );
        self
    }

    /// Gives the guest the standard streams of this process.
    pub fn inherit_stdio(&mut self) -> &mut Self {
        self.inherit_stdin().inherit_stdout().inherit_stderr()
    }

    /// Gives the guest the standard input of this process.
    ///
    /// The guest reads past the buffer of [`std::io::stdin`]: what is in that, it does not see.
    pub fn inherit_stdin(&mut self) -> &mut Self {
        self.stdin = Device::ProcessInput;
        self
    }

    /// Gives the guest the standard output of this process.
    pub fn inherit_stdout(&mut self) -> &mut Self {
        self.stdout = Device::ProcessOutput;
        self
    }

    /// Gives the guest the standard error of this process.
    pub fn inherit_stderr(&mut self) -> &mut Self {
        self.stderr = Device::ProcessError;
        self
    }

    /// Sets the standard input, for example a [`MemoryInputPipe`](crate::MemoryInputPipe).
    ///
    /// To `poll_oneoff`, it is always ready.
    pub fn stdin(&mut self, input: Box<dyn Read + Send>) -> &mut Self {
        self.stdin = Device::Input(input);
        self
    }

    /// Sets the standard output, for example a [`MemoryOutputPipe`](crate::MemoryOutputPipe).
    ///
    /// It is flushed after each write.
    pub fn stdout(&mut self, output: Box<dyn Write + Send>) -> &mut Self {
        self.stdout = Device::Output(output);
        self
    }

    /// Sets the standard error, for example a [`MemoryOutputPipe`](crate::MemoryOutputPipe).
    ///
    /// It is flushed after each write.
    pub fn stderr(&mut self, output: Box<dyn Write + Send>) -> &mut Self {
        self.stderr = Device::Output(output);
        self
    }

    /// Gives the guest a directory with all that is in it, by the name `guest_path`.
    ///
    /// The directory is an open [`Dir`] or a path on the host. Neither `..` nor symbolic links lead
    /// the guest out of it.
    ///
    /// # Errors
    ///
    /// If the path cannot be opened as a directory.
    pub fn preopened_dir(
        &mut self,
        dir: impl HostDir,
        guest_path: impl AsRef<str>,
    ) -> io::Result<&mut Self> {
        let dir = dir.open()?;
        Ok(self.preopen(dir, guest_path.as_ref(), Rights::PREOPEN))
    }

    /// As [`WasiCtxBuilder::preopened_dir`], but the guest can only read: creating, writing,
    /// changing, renaming, linking and removing are refused.
    ///
    /// # Errors
    ///
    /// If the path cannot be opened as a directory.
    pub fn preopened_dir_read_only(
        &mut self,
        dir: impl HostDir,
        guest_path: impl AsRef<str>,
    ) -> io::Result<&mut Self> {
        let dir = dir.open()?;
        Ok(self.preopen(dir, guest_path.as_ref(), Rights::PREOPEN_READ_ONLY))
    }

    fn preopen(&mut self, dir: Dir, guest_path: &str, rights: Rights) -> &mut Self {
        self.preopens.push(Preopen { dir, guest_path: guest_path.into(), rights });
        self
    }

    /// The state of a guest by these settings. The monotonic clock of the guest starts, and the
    /// settings are again as new.
    pub fn build(&mut self) -> WasiCtx {
        let Self { args, environ, stdin, stdout, stderr, preopens } = std::mem::take(self);
        let streams = [stdin, stdout, stderr].map(|device| Descriptor::stream(Stream::new(device)));
        let dirs = preopens.into_iter().map(|Preopen { dir, guest_path, rights }| Descriptor {
            kind: Kind::Dir(OpenDir::preopened(dir, guest_path)),
            rights,
        });
        WasiCtx {
            args,
            environ,
            table: Table::new(streams.into_iter().chain(dirs)),
            start: Instant::now(),
        }
    }
}

impl Default for WasiCtxBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WasiCtxBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasiCtxBuilder").finish_non_exhaustive()
    }
}

fn variable(name: &[u8], value: &[u8]) -> Vec<u8> {
    [name, b"=", value].concat()
}

/// A directory of the host: an open [`Dir`], or a path by which it is opened.
pub trait HostDir: sealed::Open {}

impl<D: sealed::Open> HostDir for D {}

mod sealed {
    use super::{Dir, Path, PathBuf, ambient_authority, io};

    /// What [`HostDir`](super::HostDir) does.
    pub trait Open {
        /// The open directory.
        fn open(self) -> io::Result<Dir>;
    }

    impl Open for Dir {
        fn open(self) -> io::Result<Dir> {
            Ok(self)
        }
    }

    impl Open for &Path {
        fn open(self) -> io::Result<Dir> {
            Dir::open_ambient_dir(self, ambient_authority())
        }
    }

    impl Open for PathBuf {
        fn open(self) -> io::Result<Dir> {
            self.as_path().open()
        }
    }

    impl Open for &PathBuf {
        fn open(self) -> io::Result<Dir> {
            self.as_path().open()
        }
    }

    impl Open for &str {
        fn open(self) -> io::Result<Dir> {
            Path::new(self).open()
        }
    }

    impl Open for String {
        fn open(self) -> io::Result<Dir> {
            Path::new(&self).open()
        }
    }

    impl Open for &String {
        fn open(self) -> io::Result<Dir> {
            Path::new(self).open()
        }
    }
}
