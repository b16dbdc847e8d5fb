//! No path leads out of a directory.

use crate::guest::{
    ALL, ALL_OF_DIRECTORY, CREAT, DIRECTORY, FD_READ, Guest, ILSEQ, INVAL, LOOP, NAMETOOLONG,
    NOENT, PERM, ROOT, TRUNC,
};
use fulmar_wasi::WasiCtxBuilder;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use tempfile::TempDir;

/// A guest whose directory `box` is beside a file `secret` and a directory `other`.
fn boxed() -> (Guest, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("secret"), "secret").unwrap();
    fs::create_dir_all(dir.path().join("other")).unwrap();
    fs::create_dir_all(dir.path().join("box/sub")).unwrap();
    fs::write(dir.path().join("box/inside"), "inside").unwrap();
    let ctx = WasiCtxBuilder::new().preopened_dir(dir.path().join("box"), "/").unwrap().build();
    (Guest::new(ctx), dir)
}

/// Checks that nothing outside the box has changed.
#[track_caller]
fn check_outside(dir: &TempDir) {
    let mut names: Vec<_> =
        fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["box", "other", "secret"]);
    assert_eq!(fs::read(dir.path().join("secret")).unwrap(), b"secret");
    assert_eq!(fs::read_dir(dir.path().join("other")).unwrap().count(), 0);
}

/// Calls each function that takes a path with `path`, which leads to a file outside, or if
/// `is_dir`, to a directory.
#[track_caller]
fn check_path(guest: &mut Guest, path: &str, is_dir: bool) {
    let refused = [PERM, LOOP];
    for flags in [0, CREAT, TRUNC, CREAT | TRUNC, DIRECTORY] {
        if flags == DIRECTORY && !is_dir {
            continue;
        }
        let errno = guest.open(ROOT, path, flags, FD_READ, 0).unwrap_err();
        assert!(refused.contains(&errno), "path_open {path} {flags}: {errno}");
        let errno = guest.open(ROOT, path, flags, ALL, 0).unwrap_err();
        assert!(refused.contains(&errno), "path_open {path} {flags} with all rights: {errno}");
    }
    let within = format!("{path}/new");
    for (name, path) in [
        ("path_create_directory", within.as_str()),
        ("path_remove_directory", within.as_str()),
        ("path_unlink_file", within.as_str()),
    ] {
        assert_ne!(guest.at(name, ROOT, path), 0, "{name} {path}");
    }
    let [path_start, len] = guest.path(path);
    let [within, within_len] = guest.path(&within);
    let [inside, inside_len] = guest.path("inside");
    let root = u64::from(ROOT);
    for (name, args) in [
        ("path_filestat_get", &[root, 1, path_start, len, 100][..]),
        ("path_filestat_set_times", &[root, 1, path_start, len, 0, 0, 5]),
        ("path_link", &[root, 0, within, within_len, root, inside, inside_len]),
        ("path_link", &[root, 0, inside, inside_len, root, within, within_len]),
        ("path_rename", &[root, within, within_len, root, inside, inside_len]),
        ("path_rename", &[root, inside, inside_len, root, within, within_len]),
        ("path_symlink", &[inside, inside_len, root, within, within_len]),
        ("path_readlink", &[root, within, within_len, 200, 100, 100]),
    ] {
        assert_ne!(guest.errno(name, args), 0, "{name} {path}");
    }
}

#[test]
fn dots() {
    let (mut guest, dir) = boxed();
    for path in ["../secret", "sub/../../secret", "./../box/../secret", "../box/inside"] {
        check_path(&mut guest, path, false);
    }
    for path in ["..", "../", "../other", "sub/../..", "../../../../../../../.."] {
        check_path(&mut guest, path, true);
    }
    for path in ["../secret", "..//secret", "sub/../../secret"] {
        assert_eq!(guest.at("path_unlink_file", ROOT, path), PERM, "{path}");
    }
    assert_eq!(guest.at("path_remove_directory", ROOT, "../other"), PERM);
    assert_eq!(guest.at("path_create_directory", ROOT, "../new"), PERM);
    check_outside(&dir);
    // What stays inside is fine.
    assert!(guest.open(ROOT, "sub/../inside", 0, FD_READ, 0).is_ok());
}

#[test]
fn dots_from_an_opened_directory() {
    let (mut guest, _dir) = boxed();
    let sub = guest.open(ROOT, "sub", DIRECTORY, ALL_OF_DIRECTORY, 0).unwrap();
    // A directory that is opened is a box of its own.
    assert_eq!(guest.open(sub, "../inside", 0, FD_READ, 0), Err(PERM));
    assert_eq!(guest.open(sub, "..", DIRECTORY, FD_READ, 0), Err(PERM));
    assert_eq!(guest.at("path_unlink_file", sub, "../inside"), PERM);
}

#[test]
fn absolute_paths() {
    let (mut guest, dir) = boxed();
    let secret = dir.path().join("secret");
    check_path(&mut guest, secret.to_str().unwrap(), false);
    check_path(&mut guest, dir.path().join("box/inside").to_str().unwrap(), false);
    check_path(&mut guest, dir.path().to_str().unwrap(), true);
    check_path(&mut guest, "/", true);
    check_path(&mut guest, "//", true);
    assert_eq!(guest.at("path_unlink_file", ROOT, secret.to_str().unwrap()), PERM);
    check_outside(&dir);
}

#[test]
fn symbolic_links_of_the_host() {
    let (mut guest, dir) = boxed();
    let link =
        |target: &Path, path: &str| symlink(target, dir.path().join("box").join(path)).unwrap();
    link(Path::new("../secret"), "relative");
    link(Path::new("../../secret"), "sub/relative");
    link(&dir.path().join("secret"), "absolute");
    link(Path::new("third"), "first");
    link(Path::new("sub/relative"), "third");
    link(Path::new("../first"), "sub/chain");
    for path in ["relative", "sub/relative", "absolute", "first", "sub/chain"] {
        check_path(&mut guest, path, false);
    }
    link(Path::new(".."), "up");
    link(&dir.path().join("other"), "absolute_dir");
    link(Path::new("/"), "root");
    link(Path::new("sub/../up/other"), "detour");
    for path in ["up", "absolute_dir", "root", "detour", "up/other", "up/box/sub"] {
        check_path(&mut guest, path, true);
    }
    check_path(&mut guest, "up/secret", false);
    assert_eq!(guest.at("path_unlink_file", ROOT, "up/secret"), PERM);
    // Where an absolute link leads is not told.
    let [path, len] = guest.path("absolute");
    let args = [ROOT.into(), path, len, 200, 100];
    assert_eq!(guest.result_u32("path_readlink", &args), Err(PERM));
    check_outside(&dir);
    // The links themselves are inside.
    for path in ["relative", "absolute", "up"] {
        assert_eq!(guest.at("path_unlink_file", ROOT, path), 0);
    }
    check_outside(&dir);
}

#[test]
fn symbolic_links_of_the_guest() {
    let (mut guest, dir) = boxed();
    let mut link = |target: &str, path: &str| {
        let [target, target_len] = guest.path(target);
        let [path, len] = guest.path(path);
        guest.errno("path_symlink", &[target, target_len, ROOT.into(), path, len])
    };
    assert_eq!(link(dir.path().to_str().unwrap(), "absolute"), PERM);
    assert_eq!(link("/", "absolute"), PERM);
    link("..", "up");
    link("../secret", "relative");
    link("sub", "through");
    link("through/../../secret", "mixed");
    for path in ["up/secret", "relative", "mixed", "through/../../secret"] {
        check_path(&mut guest, path, false);
    }
    check_path(&mut guest, "up", true);
    // A directory moved under an open descriptor does not lift what is above it into reach.
    let deep = guest.open(ROOT, "through", DIRECTORY, ALL_OF_DIRECTORY, 0).unwrap();
    let [from, from_len] = guest.path("sub");
    let [to, to_len] = guest.path("moved");
    guest.call("path_rename", &[ROOT.into(), from, from_len, ROOT.into(), to, to_len]);
    assert_eq!(guest.open(deep, "../inside", 0, FD_READ, 0), Err(PERM));
    check_outside(&dir);
}

#[test]
fn paths_that_are_none() {
    let (mut guest, _dir) = boxed();
    let mut open = |bytes: &[u8]| {
        let start = guest.put(bytes);
        let args = [ROOT.into(), 1, start.into(), bytes.len() as u64, 0, FD_READ, 0, 0];
        guest.result_u32("path_open", &args)
    };
    assert_eq!(open(b""), Err(NOENT));
    assert_eq!(open(b"inside\0"), Err(INVAL));
    assert_eq!(open(b"in\0side"), Err(INVAL));
    assert_eq!(open(b"\xff"), Err(ILSEQ));
    assert_eq!(open(&[b'a'; 300]), Err(NAMETOOLONG));
    assert_eq!(open(&b"./".repeat(3000)), Err(NAMETOOLONG));
    assert!(open(&[b"./".repeat(1000).as_slice(), b"inside"].concat()).is_ok());
}
