//! Where scripts come from: a file, or a folder with its folders.

use std::borrow::Cow;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A named set of scripts.
#[derive(Clone, Debug)]
pub struct Suite {
    /// The name, which begins the name of each of its scripts in reports.
    pub name: String,
    /// The scripts, sorted by path.
    pub scripts: Vec<Script>,
    /// Whether these are all scripts of that suite.
    pub is_whole: bool,
}

/// A script of a suite.
#[derive(Clone, Debug)]
pub struct Script {
    /// Where it is in its suite, with `/` between the components: two may have the same name in different folders.
    pub path: String,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    File(PathBuf),
    Text(Cow<'static, str>),
}

impl Script {
    /// The script at `path` of its suite whose text is this.
    pub fn from_text(path: String, text: impl Into<Cow<'static, str>>) -> Self {
        Self { path, source: Source::Text(text.into()) }
    }

    /// The text.
    ///
    /// # Errors
    ///
    /// If it is in a file that cannot be read.
    pub fn text(&self) -> io::Result<Cow<'static, str>> {
        match &self.source {
            Source::File(path) => fs::read_to_string(path).map(Cow::Owned),
            Source::Text(text) => Ok(text.clone()),
        }
    }
}

impl Suite {
    /// The script `path`, or all scripts in the folder `path` and its folders.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read, or there is no script in it.
    pub fn from_path(path: &Path) -> io::Result<Self> {
        let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
        if !path.is_dir() {
            let script = Script {
                path: name(path).unwrap_or_default(),
                source: Source::File(path.to_owned()),
            };
            let parent = path.canonicalize()?.parent().and_then(name);
            let name = parent.unwrap_or_default();
            return Ok(Self { name, scripts: vec![script], is_whole: false });
        }
        let mut scripts = Vec::new();
        collect(path, "", &mut scripts)?;
        if scripts.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "no .wast file in this folder"));
        }
        scripts.sort_by(|a, b| a.path.cmp(&b.path));
        let name = name(&path.canonicalize()?).unwrap_or_default();
        Ok(Self { name, scripts, is_whole: true })
    }

    /// What reports call a script of this suite.
    pub fn full_name(&self, script: &Script) -> String {
        format!("{}/{}", self.name, script.path)
    }
}

/// Adds the scripts in the folder `path`, whose own path in the suite is `prefix`.
fn collect(path: &Path, prefix: &str, scripts: &mut Vec<Script>) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), scripts)?;
        } else if path.extension().is_some_and(|extension| extension == "wast") {
            scripts.push(Script { path: format!("{prefix}{name}"), source: Source::File(path) });
        }
    }
    Ok(())
}
