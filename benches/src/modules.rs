//! Where the modules and texts come from.

use crate::engines::Failure;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the kernels of our own, and perhaps that of the shared modules.
pub(crate) struct Modules {
    own: PathBuf,
    shared: Option<PathBuf>,
}

impl Modules {
    /// With the shared modules of a folder, if it is there.
    pub(crate) fn new(shared: &Path) -> Self {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("kernels");
        Self { own, shared: shared.is_dir().then(|| shared.to_path_buf()) }
    }

    pub(crate) fn has_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// The binary of a kernel of our own.
    pub(crate) fn own(&self, name: &str) -> Result<Vec<u8>, Failure> {
        read(&self.own.join(name).with_extension("wasm"))
    }

    /// The binary of a shared module, translated if it is a text.
    pub(crate) fn shared(&self, name: &str) -> Result<Vec<u8>, Failure> {
        let folder = self.folder()?;
        let text = folder.join(name).with_extension("wat");
        if text.is_file() {
            Ok(wat::parse_file(text)?)
        } else {
            read(&folder.join(name).with_extension("wasm"))
        }
    }

    /// The contents of another file beside the shared modules.
    pub(crate) fn text(&self, file: &str) -> Result<Vec<u8>, Failure> {
        read(&self.folder()?.join(file))
    }

    fn folder(&self) -> Result<&Path, Failure> {
        self.shared.as_deref().ok_or_else(|| "there is no folder of shared modules".into())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()).into())
}
