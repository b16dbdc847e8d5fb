//! The inputs in `seeds`, which once found something or are a start for libFuzzer.

use fulmar_fuzz::targets;
use std::fs;
use std::path::Path;

#[test]
fn seeds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let mut inputs = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let folder = entry.unwrap();
        let name = folder.file_name().into_string().unwrap();
        // The engine that a target compares with may not be part of this build.
        let Some(target) = targets::by_name(&name) else { continue };
        for entry in fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            eprintln!("{}", path.display());
            target(&fs::read(&path).unwrap());
            inputs += 1;
        }
    }
    assert!(inputs > 0);
}
