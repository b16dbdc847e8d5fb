//! Which scripts of a suite are run: lists of path patterns to take and to leave out.

use std::path::Path;

/// A pattern for the paths of scripts, relative to their suite.
///
/// `gc` stands for the script or folder of that name, with all that is in it; `*` in it for any characters of one
/// component: `table_*.wast`, `*/memory_grow.wast`.
#[derive(Clone, PartialEq, Eq, Debug)]
struct PathPattern(String);

impl PathPattern {
    fn new(text: &str) -> Self {
        Self(text.trim_end_matches('/').to_owned())
    }

    fn matches(&self, path: &str) -> bool {
        let mut components = path.split('/');
        self.0.split('/').all(|pattern| {
            components
                .next()
                .is_some_and(|component| glob(pattern.as_bytes(), component.as_bytes()))
        })
    }
}

/// Whether `text` is what `pattern` says, in which `*` stands for anything.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', pattern_rest)), None) => glob(pattern_rest, text),
        (Some((b'*', pattern_rest)), Some((_, text_rest))) => {
            glob(pattern_rest, text) || glob(pattern, text_rest)
        }
        (Some((expected, pattern_rest)), Some((found, text_rest))) => {
            expected == found && glob(pattern_rest, text_rest)
        }
        _ => false,
    }
}

/// Which scripts of a suite are run: by default all.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Selection {
    only: Vec<PathPattern>,
    skip: Vec<PathPattern>,
}

impl Selection {
    /// Takes, of the scripts that no other call of this method names, none.
    pub fn only(&mut self, pattern: &str) -> &mut Self {
        self.only.push(PathPattern::new(pattern));
        self
    }

    /// Leaves out what `pattern` names: a script, a folder, or either with `*` in it.
    pub fn skip(&mut self, pattern: &str) -> &mut Self {
        self.skip.push(PathPattern::new(pattern));
        self
    }

    /// Leaves out what the lines of `list` name, each a pattern and the reason; `#` begins a comment.
    ///
    /// # Errors
    ///
    /// If a pattern has no reason.
    pub fn skip_listed(&mut self, list: &str) -> Result<&mut Self, String> {
        for (number, line) in list.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match line.split_once(char::is_whitespace) {
                Some((pattern, _)) => self.skip(pattern),
                None => return Err(format!("line {}: {line:?} has no reason", number + 1)),
            };
        }
        Ok(self)
    }

    /// Leaves out what the file at `path` lists.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or a pattern in it has no reason.
    pub fn skip_listed_in(&mut self, path: &Path) -> Result<&mut Self, String> {
        let list = std::fs::read_to_string(path);
        let list = list.map_err(|error| format!("{}: {error}", path.display()))?;
        self.skip_listed(&list).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Whether the script at `path`, relative to its suite, is run.
    pub fn takes(&self, path: &str) -> bool {
        let named = |patterns: &[PathPattern]| patterns.iter().any(|pattern| pattern.matches(path));
        (self.only.is_empty() || named(&self.only)) && !named(&self.skip)
    }

    /// The patterns that none of `paths` matches: leftovers, or misspelt.
    pub fn unused<'a>(&self, paths: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
        let patterns = self.only.iter().chain(&self.skip);
        let unused = patterns.filter(|pattern| !paths.clone().any(|path| pattern.matches(path)));
        unused.map(|pattern| pattern.0.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_files_folders_and_parts_of_names() {
        let matches = |pattern: &str, path: &str| PathPattern::new(pattern).matches(path);
        assert!(matches("gc", "gc/array.wast") && matches("gc/", "gc/array.wast"));
        assert!(!matches("gc", "gc.wast") && !matches("gc/array.wast", "gc"));
        assert!(matches("memory_grow.wast", "memory_grow.wast"));
        assert!(!matches("memory_grow.wast", "multi-memory/memory_grow.wast"));
        assert!(matches("*/memory_grow.wast", "multi-memory/memory_grow.wast"));
        assert!(matches("table_*.wast", "table_grow.wast") && !matches("t*", "gc/t.wast"));
        assert!(matches("*a*b*", "xaxbx") && !matches("*a*b*", "xbxax") && matches("**", ""));
    }

    #[test]
    fn selections_take_what_is_named_and_not_left_out() {
        let mut selection = Selection::default();
        assert!(selection.takes("a.wast"));
        selection.only("simd").skip("simd/simd_load*");
        assert!(selection.takes("simd/simd_lane.wast"));
        assert!(!selection.takes("simd/simd_load8_lane.wast") && !selection.takes("a.wast"));
        assert_eq!(selection.unused(["simd/x.wast"].into_iter()), ["simd/simd_load*"]);
    }

    #[test]
    fn listed_patterns_need_a_reason() {
        let mut selection = Selection::default();
        selection.skip_listed("# comment\n\ngc  not there yet\n").unwrap();
        assert!(!selection.takes("gc/array.wast"));
        assert_eq!(selection.skip_listed("\ngc\n").unwrap_err(), "line 2: \"gc\" has no reason");
    }
}
