//! Descriptors: their numbers, rights and modes, and the standard streams.

use crate::guest::{
    ALL, ALL_OF_DIRECTORY, APPEND, BADF, CREAT, DIRECTORY, FAULT, FD_FILESTAT_SET_SIZE, FD_READ,
    FD_SEEK, FD_TELL, FD_WRITE, Guest, INVAL, ISDIR, NAMETOOLONG, NOSPC, NOTCAPABLE, NOTDIR,
    NOTSOCK, PATH_CREATE_FILE, PATH_FILESTAT_SET_SIZE, ROOT, SPIPE, SYNC, TRUNC,
};
use fulmar_wasi::{Dir, MemoryInputPipe, MemoryOutputPipe, WasiCtxBuilder, ambient_authority};
use std::fs;

#[test]
fn numbers_are_the_lowest_free() {
    let (mut guest, _dir) = Guest::with_dir();
    let open = |guest: &mut Guest| guest.open(ROOT, "file", CREAT, ALL, 0).unwrap();
    assert_eq!([(); 4].map(|()| open(&mut guest)), [4, 5, 6, 7]);
    guest.call("fd_close", &[6]);
    guest.call("fd_close", &[4]);
    assert_eq!([(); 3].map(|()| open(&mut guest)), [4, 6, 8]);
    guest.call("fd_close", &[0]);
    assert_eq!([(); 2].map(|()| open(&mut guest)), [0, 9]);
    guest.call("fd_close", &[9]);
    assert_eq!(guest.errno("fd_close", &[9]), BADF);
    assert_eq!(guest.errno("fd_close", &[u64::MAX]), BADF);
    assert_eq!(open(&mut guest), 9);
}

#[test]
fn renumbering_closes_the_target() {
    let (mut guest, _dir) = Guest::with_dir();
    let first = guest.open(ROOT, "first", CREAT, ALL, 0).unwrap();
    let second = guest.open(ROOT, "second", CREAT, ALL, 0).unwrap();
    guest.fd_write(first, b"first").unwrap();
    let rights = guest.rights(first);
    guest.call("fd_renumber", &[first.into(), second.into()]);
    assert_eq!(guest.errno("fd_close", &[first.into()]), BADF);
    assert_eq!(guest.rights(second), rights);
    assert_eq!(guest.result_u64("fd_tell", &[second.into()]), Ok(5));
    // To itself, nothing happens.
    guest.call("fd_renumber", &[second.into(), second.into()]);
    assert_eq!(guest.size(second), 5);
    // Neither end may be closed.
    for (from, to) in [(second, first), (first, second), (first, first), (second, u32::MAX)] {
        assert_eq!(guest.errno("fd_renumber", &[from.into(), to.into()]), BADF);
    }
    assert_eq!(guest.size(second), 5);
    // The number that became free is given again.
    assert_eq!(guest.open(ROOT, "second", 0, ALL, 0), Ok(first));
}

#[test]
fn output_can_be_redirected() {
    let dir = tempfile::tempdir().unwrap();
    let stdout = MemoryOutputPipe::new(100);
    let ctx = WasiCtxBuilder::new()
        .stdout(Box::new(stdout.clone()))
        .preopened_dir(dir.path(), "/")
        .unwrap()
        .build();
    let mut guest = Guest::new(ctx);
    guest.fd_write(1, b"to the pipe").unwrap();
    let file = guest.open(ROOT, "file", CREAT, ALL, 0).unwrap();
    guest.call("fd_renumber", &[file.into(), 1]);
    guest.fd_write(1, b"to the file").unwrap();
    assert_eq!(stdout.contents(), b"to the pipe");
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"to the file");
}

#[test]
fn preopened_directories_have_names() {
    let dir = tempfile::tempdir().unwrap();
    let open = Dir::open_ambient_dir(dir.path(), ambient_authority()).unwrap();
    let ctx = WasiCtxBuilder::new()
        .preopened_dir(dir.path(), "/first")
        .unwrap()
        .preopened_dir(open, ".")
        .unwrap()
        .preopened_dir(dir.path().to_str().unwrap(), "")
        .unwrap()
        .build();
    let mut guest = Guest::new(ctx);
    for (fd, name) in [(3, "/first"), (4, "."), (5, "")] {
        let stat: [u8; 8] = guest.result("fd_prestat_get", &[fd]).unwrap();
        assert_eq!(stat, [0, 0, 0, 0, u8::try_from(name.len()).unwrap(), 0, 0, 0]);
        guest.write(100, &[b'#'; 8]);
        guest.call("fd_prestat_dir_name", &[fd, 100, name.len() as u64 + 1]);
        let bytes = guest.read(100, name.len() + 1);
        assert_eq!(bytes, format!("{name}#").into_bytes());
    }
    assert_eq!(guest.errno("fd_prestat_dir_name", &[3, 100, 5]), NAMETOOLONG);
    assert_eq!(guest.errno("fd_prestat_dir_name", &[3, 0xffff, 6]), FAULT);
    // All others end the search of C libraries.
    for fd in [0, 1, 2, 6] {
        assert_eq!(guest.errno("fd_prestat_get", &[fd, 100]), BADF);
        assert_eq!(guest.errno("fd_prestat_dir_name", &[fd, 100, 10]), BADF);
    }
    // A directory that the guest opens has none.
    let opened = guest.open(ROOT, ".", DIRECTORY, ALL_OF_DIRECTORY, 0).unwrap();
    assert_eq!(guest.errno("fd_prestat_get", &[opened.into(), 100]), BADF);
    // Preopened directories can be closed.
    guest.call("fd_close", &[3]);
    assert_eq!(guest.errno("fd_prestat_get", &[3, 100]), BADF);
    assert_eq!(guest.at("path_create_directory", 3, "new"), BADF);
    assert_eq!(guest.at("path_create_directory", 4, "new"), 0);
}

#[test]
fn a_directory_must_be_one() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    let mut builder = WasiCtxBuilder::new();
    assert!(builder.preopened_dir(dir.path().join("none"), "/").is_err());
    assert!(builder.preopened_dir(dir.path().join("file"), "/").is_err());
}

#[test]
fn standard_streams() {
    let stdout = MemoryOutputPipe::new(10);
    let stderr = MemoryOutputPipe::new(10);
    let ctx = WasiCtxBuilder::new()
        .stdin(Box::new(MemoryInputPipe::new("0123456789")))
        .stdout(Box::new(stdout.clone()))
        .stderr(Box::new(stderr.clone()))
        .build();
    let mut guest = Guest::new(ctx);
    assert_eq!(guest.fd_read(0, 4), Ok(b"0123".to_vec()));
    assert_eq!(guest.fd_read(0, 100), Ok(b"456789".to_vec()));
    assert_eq!(guest.fd_read(0, 4), Ok(Vec::new()));
    assert_eq!(guest.fd_write(1, b"out"), Ok(3));
    assert_eq!(guest.fd_write(2, b"error"), Ok(5));
    assert_eq!(guest.fd_write(1, b"and more"), Ok(7));
    assert_eq!(guest.fd_write(1, b"more"), Err(NOSPC));
    assert_eq!(stdout.contents(), b"outand mor");
    assert_eq!(stderr.contents(), b"error");
    // Each has its direction.
    assert_eq!(guest.fd_write(0, b"in"), Err(NOTCAPABLE));
    assert_eq!(guest.fd_read(1, 4), Err(NOTCAPABLE));
    for fd in 0..3 {
        assert_eq!(guest.seek(fd, 0, 0), Err(SPIPE));
        assert_eq!(guest.result_u64("fd_tell", &[fd.into()]), Err(SPIPE));
        let stat: [u8; 24] = guest.result("fd_fdstat_get", &[fd.into()]).unwrap();
        assert_eq!(stat[0], 0, "the file type of no terminal");
        let (base, inheriting) = guest.rights(fd);
        assert_eq!((base & (FD_SEEK | FD_TELL), inheriting), (0, 0));
        let stat: [u8; 64] = guest.result("fd_filestat_get", &[fd.into()]).unwrap();
        assert_eq!(stat, [0; 64]);
        assert_eq!(guest.at("path_create_directory", fd, "new"), NOTDIR);
    }
    for name in ["fd_sync", "fd_datasync"] {
        guest.call(name, &[1]);
        assert_eq!(guest.errno(name, &[0]), NOTCAPABLE);
    }
}

#[test]
fn rights_can_only_be_given_up() {
    let (mut guest, _dir) = Guest::with_dir();
    let file = guest.open(ROOT, "file", CREAT, FD_READ | FD_WRITE | FD_SEEK | FD_TELL, 0).unwrap();
    assert_eq!(guest.rights(file), (FD_READ | FD_WRITE | FD_SEEK | FD_TELL, 0));
    let set = |guest: &mut Guest, base: u64, inheriting: u64| {
        guest.errno("fd_fdstat_set_rights", &[file.into(), base, inheriting])
    };
    assert_eq!(guest.fd_write(file, b"text"), Ok(4));
    assert_eq!(set(&mut guest, FD_SEEK, 0), 0);
    assert_eq!(guest.fd_write(file, b"text"), Err(NOTCAPABLE));
    assert_eq!(guest.fd_read(file, 4), Err(NOTCAPABLE));
    assert_eq!(guest.seek(file, 0, 0), Ok(0));
    assert_eq!(guest.result_u64("fd_tell", &[file.into()]), Ok(0), "seeking implies telling");
    assert_eq!(set(&mut guest, FD_SEEK | FD_READ, 0), NOTCAPABLE);
    assert_eq!(set(&mut guest, FD_SEEK, FD_READ), NOTCAPABLE);
    assert_eq!(set(&mut guest, ALL, 0), NOTCAPABLE);
    assert_eq!(guest.rights(file), (FD_SEEK, 0));
    assert_eq!(set(&mut guest, 0, 0), 0);
    assert_eq!(guest.seek(file, 0, 1), Err(NOTCAPABLE));
    guest.call("fd_close", &[file.into()]);
}

#[test]
fn telling_is_seeking_nowhere() {
    let (mut guest, _dir) = Guest::with_dir();
    let file = guest.open(ROOT, "file", CREAT, FD_TELL, 0).unwrap();
    assert_eq!(guest.seek(file, 0, 1), Ok(0));
    assert_eq!(guest.seek(file, 0, 0), Err(NOTCAPABLE));
    assert_eq!(guest.seek(file, 1, 1), Err(NOTCAPABLE));
}

#[test]
fn rights_are_inherited() {
    let (mut guest, dir) = Guest::with_dir();
    fs::write(dir.path().join("file"), "text").unwrap();
    let (base, inheriting) = guest.rights(ROOT);
    assert_eq!(base & FD_FILESTAT_SET_SIZE, 0, "a directory has no size to be set");
    let readers = inheriting & !FD_WRITE;
    let limited = guest.open_with(ROOT, 1, ".", DIRECTORY, base, readers, 0).unwrap();
    assert_eq!(guest.rights(limited), (base, readers));
    // What is asked for too much is not given.
    let file = guest.open(limited, "file", 0, ALL, 0).unwrap();
    assert_eq!(guest.rights(file).0 & (FD_READ | FD_WRITE), FD_READ);
    assert_eq!(guest.fd_write(file, b"x"), Err(NOTCAPABLE));
    assert_eq!(guest.fd_read(file, 10), Ok(b"text".to_vec()));
    // Nor by a detour.
    let detour = guest.open(limited, ".", DIRECTORY, ALL_OF_DIRECTORY, 0).unwrap();
    assert_eq!(guest.rights(detour), (base, readers));
}

#[test]
fn truncating_and_creating_are_rights_of_the_directory() {
    let (mut guest, dir) = Guest::with_dir();
    fs::write(dir.path().join("file"), "text").unwrap();
    let (base, inheriting) = guest.rights(ROOT);
    let less = base & !PATH_FILESTAT_SET_SIZE;
    guest.call("fd_fdstat_set_rights", &[ROOT.into(), less, inheriting]);
    assert_eq!(guest.open(ROOT, "file", TRUNC, FD_READ, 0), Err(NOTCAPABLE));
    assert_eq!(guest.open(ROOT, "file", TRUNC, ALL, 0), Err(NOTCAPABLE));
    let less = less & !PATH_CREATE_FILE;
    guest.call("fd_fdstat_set_rights", &[ROOT.into(), less, inheriting]);
    assert_eq!(guest.open(ROOT, "new", CREAT, ALL, 0), Err(NOTCAPABLE));
    assert_eq!(guest.open(ROOT, "file", CREAT, ALL, 0), Err(NOTCAPABLE));
    assert!(!dir.path().join("new").exists());
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"text");
}

#[test]
fn a_read_only_directory() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "text").unwrap();
    fs::create_dir(dir.path().join("sub")).unwrap();
    let mut builder = WasiCtxBuilder::new();
    builder.preopened_dir_read_only(dir.path(), "/ro").unwrap();
    builder.preopened_dir(dir.path().join("sub"), "/rw").unwrap();
    let mut guest = Guest::new(builder.build());
    let (read_only, writable) = (3_u32, 4_u32);

    let file = guest.open(read_only, "file", 0, ALL, APPEND).unwrap();
    assert_eq!(guest.fd_read(file, 10), Ok(b"text".to_vec()));
    assert_eq!(guest.fd_write(file, b"x"), Err(NOTCAPABLE));
    for (name, args) in [
        ("fd_allocate", &[file.into(), 0, 100][..]),
        ("fd_filestat_set_size", &[file.into(), 0]),
        ("fd_filestat_set_times", &[file.into(), 0, 0, 5]),
        ("fd_filestat_set_times", &[read_only.into(), 0, 0, 5]),
    ] {
        assert_eq!(guest.errno(name, args), NOTCAPABLE, "{name}");
    }
    for (flags, fdflags) in [(CREAT, 0), (TRUNC, 0), (CREAT | TRUNC, 0), (0, SYNC)] {
        let opened = guest.open(read_only, "file", flags, FD_READ, fdflags);
        assert_eq!(opened, Err(NOTCAPABLE), "{flags} {fdflags}");
    }
    for name in ["path_create_directory", "path_remove_directory", "path_unlink_file"] {
        assert_eq!(guest.at(name, read_only, "sub"), NOTCAPABLE, "{name}");
    }
    let [file, len] = guest.path("file");
    let [new, new_len] = guest.path("new");
    let (from, to) = (u64::from(read_only), u64::from(writable));
    for (name, args) in [
        ("path_link", &[from, 0, file, len, to, new, new_len][..]),
        ("path_link", &[to, 0, file, len, from, new, new_len]),
        ("path_rename", &[from, file, len, to, new, new_len]),
        ("path_rename", &[to, file, len, from, new, new_len]),
        ("path_symlink", &[file, len, from, new, new_len]),
        ("path_filestat_set_times", &[from, 0, file, len, 0, 0, 5]),
    ] {
        assert_eq!(guest.errno(name, args), NOTCAPABLE, "{name}");
    }
    // A descriptor of a directory within does not help.
    let sub = guest.open(read_only, "sub", DIRECTORY, ALL_OF_DIRECTORY, 0).unwrap();
    assert_eq!(guest.open(sub, "new", CREAT, ALL, 0), Err(NOTCAPABLE));
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"text");
    assert_eq!(fs::read_dir(dir.path().join("sub")).unwrap().count(), 0);
}

#[test]
fn modes_can_be_changed() {
    let (mut guest, dir) = Guest::with_dir();
    let file = guest.open(ROOT, "file", CREAT, ALL, APPEND).unwrap();
    let flags = |guest: &mut Guest| {
        let stat: [u8; 24] = guest.result("fd_fdstat_get", &[file.into()]).unwrap();
        assert_eq!(stat[0], 4, "the file type of a regular file");
        u32::from(u16::from_le_bytes([stat[2], stat[3]]))
    };
    assert_eq!(flags(&mut guest), APPEND);
    guest.fd_write(file, b"one").unwrap();
    guest.seek(file, 0, 0).unwrap();
    guest.fd_write(file, b"two").unwrap();
    guest.call("fd_fdstat_set_flags", &[file.into(), SYNC.into()]);
    assert_eq!(flags(&mut guest), SYNC);
    guest.seek(file, 0, 0).unwrap();
    guest.fd_write(file, b"three").unwrap();
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"threeo");
    assert_eq!(guest.errno("fd_fdstat_set_flags", &[file.into(), 32]), INVAL);
    assert_eq!(guest.errno("fd_fdstat_set_flags", &[file.into(), 1 << 16]), INVAL);
    guest.call("fd_fdstat_set_flags", &[1, 4]);
    guest.call("fd_fdstat_set_flags", &[ROOT.into(), 0]);
    assert_eq!(guest.errno("fd_fdstat_set_flags", &[ROOT.into(), 1]), ISDIR);
}

#[test]
fn nothing_is_a_socket() {
    let (mut guest, _dir) = Guest::with_dir();
    for fd in [0, ROOT.into(), 77] {
        let expected = if fd == 77 { BADF } else { NOTSOCK };
        assert_eq!(guest.errno("sock_accept", &[fd, 0, 100]), expected);
        assert_eq!(guest.errno("sock_recv", &[fd, 0, 0, 0, 100, 104]), expected);
        assert_eq!(guest.errno("sock_send", &[fd, 0, 0, 0, 100]), expected);
        assert_eq!(guest.errno("sock_shutdown", &[fd, 0]), expected);
    }
}
