//! Files and directories.

use crate::guest::{
    ACCES, ALL, ALL_OF_DIRECTORY, APPEND, BADF, CREAT, DIRECTORY, EXCL, EXIST, FD_DATASYNC,
    FD_READ, FD_WRITE, Guest, INVAL, ISDIR, LOOP, NOENT, NOTCAPABLE, NOTDIR, NOTEMPTY, PERM, ROOT,
    TRUNC, u64_at,
};
use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[test]
fn write_seek_and_read() {
    let (mut guest, dir) = Guest::with_dir();
    let file = guest.open(ROOT, "file", CREAT, ALL, 0).unwrap();
    assert_eq!(guest.fd_write(file, b"hello, world"), Ok(12));
    assert_eq!(guest.result_u64("fd_tell", &[file.into()]), Ok(12));
    assert_eq!(guest.fd_read(file, 10), Ok(Vec::new()));
    assert_eq!(guest.seek(file, 7, 0), Ok(7));
    assert_eq!(guest.fd_read(file, 3), Ok(b"wor".to_vec()));
    assert_eq!(guest.seek(file, -3, 1), Ok(7));
    assert_eq!(guest.seek(file, -5, 2), Ok(7));
    assert_eq!(guest.fd_write(file, b"Welt"), Ok(4));
    assert_eq!(guest.seek(file, 4, 2), Ok(16));
    assert_eq!(guest.fd_write(file, b"!"), Ok(1));
    assert_eq!(guest.seek(file, -1, 0), Err(INVAL));
    assert_eq!(guest.seek(file, -100, 1), Err(INVAL));
    assert_eq!(guest.seek(file, 0, 3), Err(INVAL));
    assert_eq!(guest.size(file), 17);
    guest.call("fd_sync", &[file.into()]);
    guest.call("fd_datasync", &[file.into()]);
    guest.call("fd_close", &[file.into()]);
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"hello, Weltd\0\0\0\0!");
}

#[test]
fn read_and_write_at_an_offset() {
    let (mut guest, _dir) = Guest::with_dir();
    let file = guest.open(ROOT, "file", CREAT, ALL, 0).unwrap();
    guest.fd_write(file, b"0123456789").unwrap();
    guest.seek(file, 3, 0).unwrap();
    let text = guest.put(b"abcdef");
    let [list, len] = guest.list(&[(text, 2), (text + 2, 0), (text + 2, 1), (text + 4, 2)]);
    assert_eq!(guest.result_u32("fd_pwrite", &[file.into(), list, len, 4]), Ok(5));
    let place = guest.put(&[0; 16]);
    let [list, len] = guest.list(&[(place + 8, 3), (place, 4), (place + 4, 4)]);
    assert_eq!(guest.result_u32("fd_pread", &[file.into(), list, len, 1]), Ok(9));
    assert_eq!(guest.read(place, 12), b"abcef9\x00\x00123\0");
    assert_eq!(guest.result_u64("fd_tell", &[file.into()]), Ok(3));
    assert_eq!(guest.result_u32("fd_pread", &[file.into(), list, len, 100]), Ok(0));
    assert_eq!(guest.result_u32("fd_pread", &[file.into(), list, len, u64::MAX]), Err(INVAL));
    assert_eq!(guest.result_u32("fd_pwrite", &[file.into(), list, len, u64::MAX]), Err(INVAL));
}

#[test]
fn many_buffers() {
    let (mut guest, dir) = Guest::with_dir();
    let file = guest.open(ROOT, "file", CREAT, ALL, 0).unwrap();
    let text: Vec<u8> = (0..100).collect();
    let start = guest.put(&text);
    let buffers: Vec<_> = (0..100).map(|index| (start + index, index % 2 + 1)).collect();
    let [list, len] = guest.list(&buffers);
    assert_eq!(guest.result_u32("fd_write", &[file.into(), list, len]), Ok(150));
    let expected: Vec<u8> =
        (0..100).flat_map(|index| text[index..].iter().take(index % 2 + 1)).copied().collect();
    // The last buffer begins at the last byte of the text and ends after it.
    let written = fs::read(dir.path().join("file")).unwrap();
    assert_eq!(written[..149], expected[..149]);
    guest.seek(file, 0, 0).unwrap();
    let place = guest.put(&[0; 150]);
    let buffers: Vec<_> = (0..50).rev().map(|index| (place + index * 3, 3)).collect();
    let [list, len] = guest.list(&buffers);
    assert_eq!(guest.result_u32("fd_read", &[file.into(), list, len]), Ok(150));
    let read = guest.read(place, 150);
    let read: Vec<u8> = read.chunks(3).rev().flatten().copied().collect();
    assert_eq!(read, written);
}

#[test]
fn buffers_may_overlap() {
    let (mut guest, _dir) = Guest::with_dir();
    let file = guest.open(ROOT, "file", CREAT, ALL, 0).unwrap();
    guest.fd_write(file, b"0123456789").unwrap();
    guest.seek(file, 0, 0).unwrap();
    let place = guest.put(&[b'#'; 8]);
    let [list, len] = guest.list(&[(place, 4), (place + 2, 4)]);
    // Fewer bytes are read than there is place for.
    assert_eq!(guest.result_u32("fd_read", &[file.into(), list, len]), Ok(4));
    assert_eq!(guest.read(place, 8), b"0123####");
    assert_eq!(guest.result_u64("fd_tell", &[file.into()]), Ok(4));
}

#[test]
fn open_flags() {
    let (mut guest, dir) = Guest::with_dir();
    assert_eq!(guest.open(ROOT, "file", 0, ALL, 0), Err(NOENT));
    assert_eq!(guest.open(ROOT, "file", TRUNC, ALL, 0), Err(NOENT));
    assert_eq!(guest.open(ROOT, "", CREAT, ALL, 0), Err(NOENT));
    assert!(guest.open(ROOT, "file", CREAT | EXCL, ALL, 0).is_ok());
    assert_eq!(guest.open(ROOT, "file", CREAT | EXCL, ALL, 0), Err(EXIST));
    fs::write(dir.path().join("file"), "text").unwrap();
    assert!(guest.open(ROOT, "file", CREAT, 0, 0).is_ok());
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"text");
    let file = guest.open(ROOT, "file", CREAT | TRUNC, FD_WRITE, APPEND).unwrap();
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"");
    guest.fd_write(file, b"one").unwrap();
    fs::write(dir.path().join("file"), "another").unwrap();
    guest.fd_write(file, b"two").unwrap();
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"anothertwo");
    assert_eq!(guest.fd_read(file, 1), Err(NOTCAPABLE));
    assert_eq!(guest.open(ROOT, "file", DIRECTORY, 0, 0), Err(NOTDIR));
    assert_eq!(guest.open(ROOT, "file", 16, 0, 0), Err(INVAL));
    assert_eq!(guest.open(ROOT, "file", 0, 0, 32), Err(INVAL));
    assert_eq!(guest.open_with(ROOT, 2, "file", 0, 0, 0, 0), Err(INVAL));
    assert_eq!(guest.open(file, "file", 0, 0, 0), Err(NOTDIR));
    assert_eq!(guest.open(99, "file", 0, 0, 0), Err(BADF));
}

#[test]
fn open_directories() {
    let (mut guest, _dir) = Guest::with_dir();
    assert_eq!(guest.at("path_create_directory", ROOT, "sub"), 0);
    for path in ["sub", "sub/", "./sub/../sub//.", "."] {
        for flags in [0, DIRECTORY] {
            let opened = guest.open(ROOT, path, flags, FD_READ, 0).unwrap();
            let stat: [u8; 24] = guest.result("fd_fdstat_get", &[opened.into()]).unwrap();
            assert_eq!(stat[0], 3, "the file type of a directory");
        }
    }
    assert_eq!(guest.open(ROOT, "sub", 0, FD_WRITE, 0), Err(ISDIR));
    assert_eq!(guest.open(ROOT, "sub", DIRECTORY, FD_WRITE, 0), Err(ISDIR));
    assert_eq!(guest.open(ROOT, "sub", DIRECTORY | CREAT, 0, 0), Err(INVAL));
    assert_eq!(guest.open(ROOT, "sub", DIRECTORY | TRUNC, 0, 0), Err(INVAL));
    let sub = guest.open(ROOT, "sub", DIRECTORY, ALL_OF_DIRECTORY, 0).unwrap();
    let file = guest.open(sub, "file", CREAT, ALL, 0).unwrap();
    guest.fd_write(file, b"text").unwrap();
    assert!(guest.open(ROOT, "sub/file", 0, ALL, 0).is_ok());
    assert_eq!(guest.open(ROOT, "sub/file/", 0, FD_READ, 0), Err(NOTDIR));
    assert_eq!(guest.open(ROOT, "sub/file/more", 0, FD_READ, 0), Err(NOTDIR));
    // What only files can do.
    let list = guest.list(&[(16, 4)]);
    let fd = u64::from(sub);
    for (name, args) in [
        ("fd_read", &[fd, list[0], list[1], 100][..]),
        ("fd_write", &[fd, list[0], list[1], 100]),
        ("fd_pread", &[fd, list[0], list[1], 0, 100]),
        ("fd_pwrite", &[fd, list[0], list[1], 0, 100]),
        ("fd_seek", &[fd, 0, 0, 100]),
        ("fd_tell", &[fd, 100]),
        ("fd_advise", &[fd, 0, 0, 0]),
        ("fd_allocate", &[fd, 0, 1]),
        ("fd_filestat_set_size", &[fd, 0]),
    ] {
        assert_eq!(guest.errno(name, args), ISDIR, "{name}");
    }
    guest.call("fd_sync", &[fd]);
    guest.call("fd_datasync", &[fd]);
}

#[test]
fn directories_are_made_and_removed() {
    let (mut guest, dir) = Guest::with_dir();
    assert_eq!(guest.at("path_create_directory", ROOT, "one"), 0);
    assert_eq!(guest.at("path_create_directory", ROOT, "one"), EXIST);
    assert_eq!(guest.at("path_create_directory", ROOT, "one/two"), 0);
    assert_eq!(guest.at("path_create_directory", ROOT, "none/two"), NOENT);
    guest.open(ROOT, "file", CREAT, 0, 0).unwrap();
    assert_eq!(guest.at("path_create_directory", ROOT, "file"), EXIST);
    assert_eq!(guest.at("path_remove_directory", ROOT, "file"), NOTDIR);
    assert_eq!(guest.at("path_remove_directory", ROOT, "none"), NOENT);
    assert_eq!(guest.at("path_remove_directory", ROOT, "one"), NOTEMPTY);
    assert_eq!(guest.at("path_unlink_file", ROOT, "one"), ISDIR);
    assert_eq!(guest.at("path_unlink_file", ROOT, "file/"), NOTDIR);
    assert_eq!(guest.at("path_unlink_file", ROOT, "none"), NOENT);
    assert_eq!(guest.at("path_remove_directory", ROOT, "one/two"), 0);
    assert_eq!(guest.at("path_remove_directory", ROOT, "one"), 0);
    assert_eq!(guest.at("path_unlink_file", ROOT, "file"), 0);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

/// `path_rename`.
fn rename(guest: &mut Guest, from: &str, to: &str) -> u32 {
    let [from, from_len] = guest.path(from);
    let [to, to_len] = guest.path(to);
    guest.errno("path_rename", &[ROOT.into(), from, from_len, ROOT.into(), to, to_len])
}

#[test]
fn names_change() {
    let (mut guest, dir) = Guest::with_dir();
    for path in ["full", "full/sub", "empty"] {
        fs::create_dir(dir.path().join(path)).unwrap();
    }
    for path in ["one", "two", "full/file"] {
        fs::write(dir.path().join(path), path).unwrap();
    }
    assert_eq!(rename(&mut guest, "one", "three"), 0);
    assert_eq!(rename(&mut guest, "one", "three"), NOENT);
    assert_eq!(rename(&mut guest, "three", "two"), 0);
    assert_eq!(fs::read(dir.path().join("two")).unwrap(), b"one");
    assert_eq!(rename(&mut guest, "two", "full/two"), 0);
    assert_eq!(rename(&mut guest, "full/two", "empty"), ISDIR);
    assert_eq!(rename(&mut guest, "empty", "full/two"), NOTDIR);
    assert_eq!(rename(&mut guest, "empty", "full"), NOTEMPTY);
    assert_eq!(rename(&mut guest, "full", "empty"), 0);
    assert_eq!(rename(&mut guest, "empty", "empty/sub/self"), INVAL);
    let mut names: Vec<_> = fs::read_dir(dir.path().join("empty"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["file", "sub", "two"]);
}

#[test]
fn hard_links() {
    let (mut guest, dir) = Guest::with_dir();
    fs::write(dir.path().join("file"), "text").unwrap();
    fs::create_dir(dir.path().join("sub")).unwrap();
    let sub = guest.open(ROOT, "sub", DIRECTORY, ALL_OF_DIRECTORY, 0).unwrap();
    let mut link = |lookup: u64, from: &str, fd: u32, to: &str| {
        let [from, from_len] = guest.path(from);
        let [to, to_len] = guest.path(to);
        guest.errno("path_link", &[ROOT.into(), lookup, from, from_len, fd.into(), to, to_len])
    };
    assert_eq!(link(0, "file", sub, "link"), 0);
    assert_eq!(link(0, "file", sub, "link"), EXIST);
    assert_eq!(link(0, "none", sub, "other"), NOENT);
    assert!([PERM, ACCES].contains(&link(0, "sub", ROOT, "other")));
    assert_eq!(link(1, "file", sub, "other"), INVAL);
    assert_eq!(link(2, "file", sub, "other"), INVAL);
    fs::write(dir.path().join("file"), "changed").unwrap();
    assert_eq!(fs::read(dir.path().join("sub/link")).unwrap(), b"changed");
    let file = guest.open(ROOT, "file", 0, ALL, 0).unwrap();
    let link = guest.open(sub, "link", 0, ALL, 0).unwrap();
    let stats = [file, link].map(|fd| guest.result::<64>("fd_filestat_get", &[fd.into()]).unwrap());
    assert_eq!(stats[0], stats[1]);
    assert_eq!(u64_at(&stats[0], 24), 2, "the number of links");
}

/// `path_symlink`.
fn symlink(guest: &mut Guest, target: &str, path: &str) -> u32 {
    let [target, target_len] = guest.path(target);
    let [path, len] = guest.path(path);
    guest.errno("path_symlink", &[target, target_len, ROOT.into(), path, len])
}

#[test]
fn symbolic_links() {
    let (mut guest, dir) = Guest::with_dir();
    fs::create_dir(dir.path().join("sub")).unwrap();
    fs::write(dir.path().join("sub/file"), "text").unwrap();
    assert_eq!(symlink(&mut guest, "sub/file", "link"), 0);
    assert_eq!(symlink(&mut guest, "sub/file", "link"), EXIST);
    assert_eq!(symlink(&mut guest, "sub", "dir"), 0);
    assert_eq!(symlink(&mut guest, "../dir/file", "sub/back"), 0);
    assert_eq!(symlink(&mut guest, "loop", "loop"), 0);
    assert_eq!(symlink(&mut guest, "none", "dangling"), 0);
    for path in ["link", "dir/file", "sub/back", "dir/back"] {
        let file = guest.open(ROOT, path, 0, FD_READ, 0).unwrap();
        assert_eq!(guest.fd_read(file, 10), Ok(b"text".to_vec()), "{path}");
    }
    assert_eq!(guest.open(ROOT, "loop", 0, FD_READ, 0), Err(LOOP));
    assert_eq!(guest.open(ROOT, "dangling", 0, FD_READ, 0), Err(NOENT));
    assert_eq!(guest.open_with(ROOT, 0, "link", 0, FD_READ, 0, 0), Err(LOOP));
    assert_eq!(guest.open_with(ROOT, 0, "dir", 0, FD_READ, 0, 0), Err(LOOP));
    let opened = guest.open_with(ROOT, 0, "dir", DIRECTORY, FD_READ, 0, 0);
    assert!([Err(LOOP), Err(NOTDIR)].contains(&opened));
    assert!(guest.open_with(ROOT, 1, "dir", DIRECTORY, FD_READ, 0, 0).is_ok());
    // Reading them.
    let place = guest.put(&[b'#'; 16]);
    let [path, len] = guest.path("link");
    let mut readlink =
        |size| guest.result_u32("path_readlink", &[ROOT.into(), path, len, place.into(), size]);
    assert_eq!(readlink(16), Ok(8));
    assert_eq!(readlink(3), Ok(3));
    assert_eq!(readlink(0), Ok(0));
    assert_eq!(guest.read(place, 10), b"sub/file##");
    let [path, len] = guest.path("sub/file");
    let args = [ROOT.into(), path, len, place.into(), 16];
    assert_eq!(guest.result_u32("path_readlink", &args), Err(INVAL));
    // Looking at them.
    for (path, lookup, filetype) in [("link", 0, 7), ("link", 1, 4), ("dir", 1, 3), ("loop", 0, 7)]
    {
        let [path, len] = guest.path(path);
        let stat: [u8; 64] =
            guest.result("path_filestat_get", &[ROOT.into(), lookup, path, len]).unwrap();
        assert_eq!(stat[16], filetype);
    }
    assert_eq!(guest.at("path_unlink_file", ROOT, "link"), 0);
    assert_eq!(guest.at("path_unlink_file", ROOT, "dir"), 0);
    assert!(dir.path().join("sub/file").exists());
}

#[test]
fn slashes_at_the_end_are_for_directories() {
    let (mut guest, dir) = Guest::with_dir();
    fs::write(dir.path().join("file"), "").unwrap();
    fs::create_dir(dir.path().join("sub")).unwrap();
    assert_eq!(symlink(&mut guest, "source", "none/"), NOENT);
    assert_eq!(symlink(&mut guest, "source", "sub/"), EXIST);
    assert!([NOTDIR, EXIST].contains(&symlink(&mut guest, "source", "file/")));
    assert_eq!(guest.at("path_unlink_file", ROOT, "file/"), NOTDIR);
    assert_eq!(guest.at("path_unlink_file", ROOT, "sub/"), ISDIR);
    assert_eq!(guest.at("path_remove_directory", ROOT, "file/"), NOTDIR);
    assert!([NOTDIR, NOENT, ISDIR].contains(&guest.open(ROOT, "new/", CREAT, ALL, 0).unwrap_err()));
    let [file, len] = guest.path("file");
    let [link, link_len] = guest.path("link/");
    let args = [ROOT.into(), 0, file, len, ROOT.into(), link, link_len];
    assert_eq!(guest.errno("path_link", &args), NOENT);
    assert_eq!(rename(&mut guest, "file/", "other"), NOTDIR);
    assert_eq!(rename(&mut guest, "sub/", "other"), 0);
    assert_eq!(rename(&mut guest, "other", "sub/"), 0);
    assert_eq!(guest.at("path_remove_directory", ROOT, "sub/"), 0);
    assert_eq!(guest.at("path_create_directory", ROOT, "sub/"), 0);
    assert!(dir.path().join("sub").is_dir());
    assert!(dir.path().join("file").is_file());
}

/// Reads a directory with a buffer of `len` bytes: names, file types and inodes.
fn readdir(guest: &mut Guest, fd: u32, len: u32) -> Vec<(String, u8, u64)> {
    let place = guest.put(&vec![0; len as usize]);
    let mut entries = Vec::new();
    let mut cookie = 0;
    loop {
        let args = [fd.into(), place.into(), len.into(), cookie];
        let used = guest.result_u32("fd_readdir", &args).unwrap();
        assert!(used <= len);
        let bytes = guest.read(place, used as usize);
        let mut rest = &bytes[..];
        while let Some((head, tail)) = rest.split_at_checked(24) {
            let name_len = u32::from_le_bytes(head[16..20].try_into().unwrap()) as usize;
            let Some((name, tail)) = tail.split_at_checked(name_len) else { break };
            let name = String::from_utf8(name.to_vec()).unwrap();
            entries.push((name, head[20], u64_at(head, 8)));
            cookie = u64_at(head, 0);
            rest = tail;
        }
        if used < len {
            return entries;
        }
    }
}

#[test]
fn directories_are_read() {
    let (mut guest, dir) = Guest::with_dir();
    let empty = readdir(&mut guest, ROOT, 256);
    let names: Vec<_> = empty.iter().map(|entry| entry.0.as_str()).collect();
    assert_eq!(names, [".", ".."]);
    let stat: [u8; 64] = guest.result("fd_filestat_get", &[ROOT.into()]).unwrap();
    assert_eq!((empty[0].1, empty[0].2), (3, u64_at(&stat, 8)));
    assert_eq!(empty[1].1, 3);
    fs::create_dir(dir.path().join("sub")).unwrap();
    fs::write(dir.path().join("file with a name that is longer than the others"), "").unwrap();
    for index in 0..100 {
        fs::write(dir.path().join(format!("{index:02}")), "").unwrap();
    }
    let mut entries = readdir(&mut guest, ROOT, 4096);
    for len in [80, 100, 133] {
        assert_eq!(readdir(&mut guest, ROOT, len), entries);
    }
    entries.sort();
    assert_eq!(entries.len(), 104);
    assert_eq!(entries[103].0, "sub");
    assert_eq!(entries[103].1, 3);
    assert_eq!(entries[102].1, 4);
    let [path, len] = guest.path("sub");
    let stat: [u8; 64] = guest.result("path_filestat_get", &[ROOT.into(), 0, path, len]).unwrap();
    assert_eq!(entries[103].2, u64_at(&stat, 8));
    // Beyond the end.
    let place = guest.put(&[0; 100]);
    let args = [ROOT.into(), place.into(), 100, 1000];
    assert_eq!(guest.result_u32("fd_readdir", &args), Ok(0));
    let args = [ROOT.into(), place.into(), 100, u64::MAX];
    assert_eq!(guest.result_u32("fd_readdir", &args), Ok(0));
    // Not even a whole head.
    let args = [ROOT.into(), place.into(), 10, 0];
    assert_eq!(guest.result_u32("fd_readdir", &args), Ok(10));
    assert_eq!(guest.result_u32("fd_readdir", &[1, place.into(), 100, 0]), Err(NOTDIR));
    let without = guest.open(ROOT, ".", DIRECTORY, FD_READ, 0).unwrap();
    let args = [without.into(), place.into(), 100, 0];
    assert_eq!(guest.result_u32("fd_readdir", &args), Err(NOTCAPABLE));
}

#[test]
fn reading_from_the_start_sees_what_is_new() {
    let (mut guest, dir) = Guest::with_dir();
    fs::write(dir.path().join("one"), "").unwrap();
    assert_eq!(readdir(&mut guest, ROOT, 256).len(), 3);
    fs::write(dir.path().join("two"), "").unwrap();
    assert_eq!(readdir(&mut guest, ROOT, 256).len(), 4);
}

#[test]
fn sizes_change() {
    let (mut guest, dir) = Guest::with_dir();
    let file = guest.open(ROOT, "file", CREAT, ALL, 0).unwrap();
    guest.fd_write(file, b"text").unwrap();
    guest.call("fd_filestat_set_size", &[file.into(), 2]);
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"te");
    guest.call("fd_allocate", &[file.into(), 1, 4]);
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"te\0\0\0");
    guest.call("fd_allocate", &[file.into(), 0, 1]);
    assert_eq!(guest.size(file), 5, "allocating does not shrink");
    assert_eq!(guest.errno("fd_allocate", &[file.into(), 0, 0]), INVAL);
    assert_ne!(guest.errno("fd_allocate", &[file.into(), u64::MAX, 1]), 0);
    assert_ne!(guest.errno("fd_filestat_set_size", &[file.into(), u64::MAX]), 0);
    guest.call("fd_advise", &[file.into(), 0, 10, 5]);
    assert_eq!(guest.errno("fd_advise", &[file.into(), 0, 10, 6]), INVAL);
    assert_eq!(guest.errno("fd_advise", &[file.into(), u64::MAX, 10, 0]), INVAL);
    let reader = guest.open(ROOT, "file", 0, FD_READ, 0).unwrap();
    assert_eq!(guest.errno("fd_filestat_set_size", &[reader.into(), 0]), NOTCAPABLE);
    assert_eq!(guest.errno("fd_allocate", &[reader.into(), 0, 100]), NOTCAPABLE);
    let writer = guest.open(ROOT, "file", 0, FD_DATASYNC, 0).unwrap();
    guest.call("fd_datasync", &[writer.into()]);
    assert_eq!(guest.fd_write(writer, b"x"), Err(NOTCAPABLE));
}

#[test]
fn times_change() {
    const ATIM: u64 = 1;
    const ATIM_NOW: u64 = 2;
    const MTIM: u64 = 4;
    const MTIM_NOW: u64 = 8;
    let (mut guest, dir) = Guest::with_dir();
    fs::create_dir(dir.path().join("sub")).unwrap();
    let file = guest.open(ROOT, "file", CREAT, ALL, 0).unwrap();
    let sub = guest.open(ROOT, "sub", DIRECTORY, ALL_OF_DIRECTORY, 0).unwrap();
    let times = |guest: &mut Guest, fd: u32| {
        let stat: [u8; 64] = guest.result("fd_filestat_get", &[fd.into()]).unwrap();
        (u64_at(&stat, 40), u64_at(&stat, 48))
    };
    for fd in [file, sub] {
        guest.call("fd_filestat_set_times", &[fd.into(), 1_000_000_000, 2_500_000_000, 5]);
        assert_eq!(times(&mut guest, fd), (1_000_000_000, 2_500_000_000));
        guest.call("fd_filestat_set_times", &[fd.into(), 7_000_000_000, 9, ATIM]);
        assert_eq!(times(&mut guest, fd), (7_000_000_000, 2_500_000_000));
        let before = SystemTime::now() - Duration::from_secs(1);
        guest.call("fd_filestat_set_times", &[fd.into(), 1, 1, MTIM_NOW]);
        let (accessed, modified) = times(&mut guest, fd);
        assert_eq!(accessed, 7_000_000_000);
        assert!(UNIX_EPOCH + Duration::from_nanos(modified) > before);
        guest.call("fd_filestat_set_times", &[fd.into(), 1, 1, 0]);
        assert_eq!(times(&mut guest, fd), (accessed, modified));
        for flags in [ATIM | ATIM_NOW, MTIM | MTIM_NOW, 16, u64::MAX] {
            let args = [fd.into(), 0, 0, flags];
            assert_eq!(guest.errno("fd_filestat_set_times", &args), INVAL);
        }
    }
    assert_eq!(symlink(&mut guest, "file", "link"), 0);
    let [path, len] = guest.path("link");
    let mut set = |lookup: u64, time: u64| {
        let args = [ROOT.into(), lookup, path, len, time, time, ATIM | MTIM];
        guest.call("path_filestat_set_times", &args);
    };
    set(1, 3_000_000_000);
    set(0, 4_000_000_000);
    assert_eq!(times(&mut guest, file), (3_000_000_000, 3_000_000_000));
    let link = fs::symlink_metadata(dir.path().join("link")).unwrap().modified().unwrap();
    assert_eq!(link, UNIX_EPOCH + Duration::from_secs(4));
}
