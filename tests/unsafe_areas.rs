//! `docs/UNSAFE.md` names exactly the files that have unsafe code.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The files of `folder` and below, as paths from the repository, that have unsafe code.
fn unsafe_files(root: &Path, folder: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(root.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            unsafe_files(root, &path, found);
        } else if path.ends_with(".rs") {
            let text = fs::read_to_string(entry.path()).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            if code.into_iter().any(|line| {
                ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"]
                    .iter()
                    .any(|start| line.contains(start))
            }) {
                found.insert(path);
            }
        }
    }
}

#[test]
fn the_list_is_complete() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut expected = BTreeSet::new();
    unsafe_files(root, "src", &mut expected);
    let list = fs::read_to_string(root.join("docs/UNSAFE.md")).unwrap();
    // The first cell of a row names files.
    let rows = list.lines().filter_map(|line| line.strip_prefix("| `src/"));
    let listed: BTreeSet<String> = rows
        .flat_map(|row| row.split(" | ").next().unwrap().split("`, `src/"))
        .map(|name| format!("src/{}", name.trim_end_matches('`')))
        .collect();
    assert_eq!(listed, expected);
}
