//! How the engine is set up for a run: the accepted proposals, when functions are compiled, and limits.
//!
//! Input is words of a command line; output is a [`Config`]. A new proposal of the engine is one more row here.

use fulmar::{CompilationMode, Config};
use std::str::FromStr;

/// A version of the WebAssembly specification.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SpecVersion {
    /// WebAssembly 1.0.
    V1,
    /// WebAssembly 2.0.
    V2,
    /// WebAssembly 3.0, as far as the engine has it.
    V3,
    /// What no version has yet: 3.0 and all further proposals that the engine has.
    Draft,
}

impl SpecVersion {
    /// The engine's own idea of the version; of a draft, what it is added to.
    fn preset(self) -> Config {
        match self {
            Self::V1 => Config::wasm1(),
            Self::V2 => Config::wasm2(),
            Self::V3 | Self::Draft => Config::wasm3(),
        }
    }
}

/// A switch of [`Config`].
type Toggle = fn(&mut Config, bool) -> &mut Config;

/// A row for each proposal that the engine has: its name, the version that took it in, and its switch.
const PROPOSALS: &[(&str, SpecVersion, Toggle)] = &[
    ("floats", SpecVersion::V1, Config::floats),
    ("mutable-global", SpecVersion::V1, Config::wasm_mutable_global),
    ("sign-extension", SpecVersion::V2, Config::wasm_sign_extension),
    ("saturating-float-to-int", SpecVersion::V2, Config::wasm_saturating_float_to_int),
    ("multi-value", SpecVersion::V2, Config::wasm_multi_value),
    ("bulk-memory", SpecVersion::V2, Config::wasm_bulk_memory),
    ("reference-types", SpecVersion::V2, Config::wasm_reference_types),
    ("simd", SpecVersion::V2, Config::wasm_simd),
    ("relaxed-simd", SpecVersion::V3, Config::wasm_relaxed_simd),
    ("tail-call", SpecVersion::V3, Config::wasm_tail_call),
    ("extended-const", SpecVersion::V3, Config::wasm_extended_const),
    ("multi-memory", SpecVersion::V3, Config::wasm_multi_memory),
    ("memory64", SpecVersion::V3, Config::wasm_memory64),
    ("custom-page-sizes", SpecVersion::Draft, Config::wasm_custom_page_sizes),
    ("wide-arithmetic", SpecVersion::Draft, Config::wasm_wide_arithmetic),
    ("exceptions", SpecVersion::V3, Config::wasm_exceptions),
    ("function-references", SpecVersion::V3, Config::wasm_function_references),
    ("gc", SpecVersion::V3, Config::wasm_gc),
];

/// The names of all proposals that [`Features`] understands.
pub fn proposal_names() -> impl Iterator<Item = &'static str> {
    PROPOSALS.iter().map(|(name, ..)| *name)
}

/// An exact set of accepted proposals: a version of the specification, and what is added to it or taken from it.
///
/// In words: `wasm2`, or `wasm2,+tail-call,-simd`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Features {
    version: SpecVersion,
    changes: Vec<(&'static str, bool)>,
}

impl From<SpecVersion> for Features {
    fn from(version: SpecVersion) -> Self {
        Self { version, changes: Vec::new() }
    }
}

impl Features {
    /// Whether the proposal of that name, which `version` took in, is in the set.
    fn contains(&self, name: &str, version: SpecVersion) -> bool {
        let change = self.changes.iter().rev().find(|(changed, _)| *changed == name);
        change.map_or(version <= self.version, |(_, enable)| *enable)
    }

    /// A configuration that accepts exactly these proposals: the engine's preset for the version, in which only what
    /// differs from that is switched.
    pub fn config(&self) -> Config {
        let mut config = self.version.preset();
        let preset = Self::from(self.version.min(SpecVersion::V3));
        for &(name, version, toggle) in PROPOSALS {
            let enable = self.contains(name, version);
            if enable != preset.contains(name, version) {
                toggle(&mut config, enable);
            }
        }
        config
    }
}

impl FromStr for Features {
    type Err = String;

    fn from_str(words: &str) -> Result<Self, String> {
        let mut words = words.split(',');
        let version = match words.next().unwrap_or_default() {
            "wasm1" => SpecVersion::V1,
            "wasm2" => SpecVersion::V2,
            "wasm3" => SpecVersion::V3,
            "draft" => SpecVersion::Draft,
            other => {
                let expected = "expected wasm1, wasm2, wasm3 or draft";
                return Err(format!("unknown version {other:?}: {expected}"));
            }
        };
        let mut features = Self::from(version);
        for word in words {
            let (enable, wanted) = match (word.strip_prefix('+'), word.strip_prefix('-')) {
                (Some(name), _) => (true, name),
                (_, Some(name)) => (false, name),
                _ => return Err(format!("expected +PROPOSAL or -PROPOSAL, found {word:?}")),
            };
            let name = proposal_names().find(|name| *name == wanted);
            let name = name.ok_or_else(|| format!("the engine has no proposal {wanted:?}"))?;
            features.changes.push((name, enable));
        }
        Ok(features)
    }
}

/// How the engine is set up for a run, apart from the accepted proposals.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settings {
    /// When functions are validated and translated; `None` is the engine's own choice.
    pub compilation: Option<CompilationMode>,
    /// The fuel that each directive of a script may consume; `None` turns the metering of fuel off.
    pub fuel: Option<u64>,
    /// The most bytes of the guest's stack; `None` is the engine's own choice.
    pub stack_bytes_max: Option<usize>,
    /// Keeps the translator from holding values in accumulators, so that both ways can be tested.
    pub no_accumulators: bool,
    /// Whether each allocation in the garbage-collected heap collects before.
    pub gc_stress: bool,
}

impl Settings {
    /// Whether an invalid function body is noticed only when the function is called.
    pub fn validates_lazily(&self) -> bool {
        self.compilation == Some(CompilationMode::Lazy)
    }

    /// The engine's configuration that accepts exactly `features`.
    pub fn config(&self, features: &Features) -> Config {
        let mut config = features.config();
        if let Some(mode) = self.compilation {
            config.compilation_mode(mode);
        }
        if let Some(bytes) = self.stack_bytes_max {
            config.max_wasm_stack(bytes);
        }
        config.consume_fuel(self.fuel.is_some()).accumulators(!self.no_accumulators);
        config.gc_stress(self.gc_stress);
        config
    }
}

/// The compilation mode that a command line calls `word`.
///
/// # Errors
///
/// If there is none of that name.
pub fn compilation_mode(word: &str) -> Result<CompilationMode, String> {
    match word {
        "eager" => Ok(CompilationMode::Eager),
        "lazy-translation" => Ok(CompilationMode::LazyTranslation),
        "lazy" => Ok(CompilationMode::Lazy),
        _ => Err(format!("unknown mode {word:?}: expected eager, lazy-translation or lazy")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(words: &str) -> Vec<&'static str> {
        let features: Features = words.parse().unwrap();
        let accepted =
            PROPOSALS.iter().filter(|(name, version, _)| features.contains(name, *version));
        accepted.map(|(name, ..)| *name).collect()
    }

    #[test]
    fn a_version_is_an_exact_set_that_changes_amend() {
        assert_eq!(accepted("wasm1"), ["floats", "mutable-global"]);
        assert_eq!(accepted("wasm1,+simd,-floats"), ["mutable-global", "simd"]);
        assert_eq!(accepted("wasm1,+simd,-simd"), accepted("wasm1"));
        assert!(accepted("wasm2").contains(&"simd") && !accepted("wasm2").contains(&"tail-call"));
        assert!(accepted("wasm3").contains(&"memory64"));
        assert!(!accepted("wasm3").contains(&"wide-arithmetic"));
        assert_eq!(accepted("draft").len(), PROPOSALS.len());
    }

    /// The versions are told twice: by the engine's presets, and by the rows above.
    #[test]
    fn presets_are_the_rows_of_their_version() {
        for version in [SpecVersion::V1, SpecVersion::V2, SpecVersion::V3] {
            let mut config = version.preset();
            let preset = format!("{config:?}");
            for &(_, since, toggle) in PROPOSALS {
                toggle(&mut config, since <= version);
            }
            assert_eq!(format!("{config:?}"), preset, "{version:?}");
        }
    }

    #[test]
    fn unknown_words_are_refused() {
        for words in ["", "wasm4", "wasm2,simd", "wasm2,+teleportation", "wasm2,"] {
            assert!(words.parse::<Features>().is_err(), "{words}");
        }
        assert!(compilation_mode("eager").is_ok());
        assert!(compilation_mode("jit").is_err());
    }
}
