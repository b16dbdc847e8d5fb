//! Guests that pass nonsense get error numbers; the host does not panic, hang or allocate by their
//! word.

use crate::guest::{ALL, ALL_OF_DIRECTORY, CREAT, FAULT, Guest, INVAL, MEMORY_BYTES, ROOT};
use crate::signatures::SIGNATURES;
use fulmar_wasi::{MemoryInputPipe, WasiCtxBuilder};

const END: u64 = MEMORY_BYTES as u64;
const TOP: u64 = u32::MAX as u64;

/// A guest with input, a file 4 and a directory 5.
fn guest() -> (Guest, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let ctx = WasiCtxBuilder::new()
        .args(&["program", "argument"])
        .env("NAME", "value")
        .stdin(Box::new(MemoryInputPipe::new(vec![7; 100_000])))
        .preopened_dir(dir.path(), "/")
        .unwrap()
        .build();
    let mut guest = Guest::new(ctx);
    assert_eq!(guest.open(ROOT, "file", CREAT, ALL, 0), Ok(4));
    assert_eq!(guest.at("path_create_directory", ROOT, "sub"), 0);
    assert_eq!(guest.open(ROOT, "sub", 0, ALL, 0).unwrap_err(), crate::guest::ISDIR);
    assert_eq!(guest.open(ROOT, "sub", crate::guest::DIRECTORY, ALL_OF_DIRECTORY, 0), Ok(5));
    (guest, dir)
}

#[test]
fn results_must_lie_in_memory() {
    let (mut guest, _dir) = guest();
    // The bytes of the result whose pointer comes last.
    for (name, args, bytes) in [
        ("args_sizes_get", &[16][..], 4),
        ("environ_sizes_get", &[16], 4),
        ("clock_res_get", &[0], 8),
        ("clock_time_get", &[0, 0], 8),
        ("fd_fdstat_get", &[4], 24),
        ("fd_filestat_get", &[4], 64),
        ("fd_pread", &[4, 16, 0, 0], 4),
        ("fd_prestat_get", &[3], 8),
        ("fd_pwrite", &[4, 16, 0, 0], 4),
        ("fd_read", &[4, 16, 0], 4),
        ("fd_readdir", &[5, 16, 0, 0], 4),
        ("fd_seek", &[4, 0, 0], 8),
        ("fd_tell", &[4], 8),
        ("fd_write", &[4, 16, 0], 4),
    ] {
        for pointer in [END - bytes + 1, END, END + 1, TOP - bytes + 1, TOP] {
            let args = [args, &[pointer]].concat();
            assert_eq!(guest.errno(name, &args), FAULT, "{name} {pointer:#x}");
        }
        let args = [args, &[END - bytes]].concat();
        assert_eq!(guest.errno(name, &args), 0, "{name}");
    }
    assert_eq!(guest.errno("args_sizes_get", &[END, 16]), FAULT);
}

#[test]
fn a_bad_pointer_for_the_result_leaves_everything_as_it_was() {
    let (mut guest, dir) = guest();
    let [path, len] = guest.path("new");
    let args = [ROOT.into(), 1, path, len, CREAT.into(), ALL, ALL, 0, END];
    assert_eq!(guest.errno("path_open", &args), FAULT);
    assert!(!dir.path().join("new").exists());
    assert_eq!(guest.open(ROOT, "file", 0, ALL, 0), Ok(6));
    let text = guest.put(b"text");
    let [list, len] = guest.list(&[(text, 4)]);
    assert_eq!(guest.errno("fd_write", &[4, list, len, END - 3]), FAULT);
    assert_eq!(guest.size(4), 0);
    assert_eq!(guest.errno("fd_read", &[0, list, len, TOP]), FAULT);
    assert_eq!(guest.fd_read(0, 4), Ok(vec![7; 4]));
}

#[test]
fn arguments_and_environment_must_fit() {
    let (mut guest, _dir) = guest();
    for name in ["args_get", "environ_get"] {
        for (pointers, buffer) in [(END - 3, 16), (16, END - 10), (TOP, 16), (16, TOP), (END, END)]
        {
            assert_eq!(guest.errno(name, &[pointers, buffer]), FAULT, "{name}");
        }
    }
    guest.call("args_get", &[END - 8, END - 8 - 17]);
    assert_eq!(guest.read(MEMORY_BYTES - 25, 17), b"program\0argument\0");
}

#[test]
fn lists_of_buffers_must_lie_in_memory() {
    let (mut guest, _dir) = guest();
    for (name, more) in
        [("fd_read", &[][..]), ("fd_write", &[]), ("fd_pread", &[0]), ("fd_pwrite", &[0])]
    {
        let call = |guest: &mut Guest, fd: u64, list: u64, len: u64| {
            guest.result_u32(name, &[&[fd, list, len], more].concat())
        };
        for (list, len) in [(END - 7, 1), (END, 1), (TOP, 1), (TOP - 7, 2), (END - 8, 2)] {
            // A list of which some lies in memory may be used as far as that.
            let result = call(&mut guest, 4, list, len);
            assert_eq!(result, Err(FAULT), "{name} {list:#x} {len}");
        }
        assert_eq!(call(&mut guest, 4, 16, 1025), Err(INVAL));
        assert_eq!(call(&mut guest, 4, 16, TOP), Err(INVAL));
        assert_eq!(call(&mut guest, 4, END, 0), Ok(0));
        for (start, len) in [
            (MEMORY_BYTES, 1),
            (MEMORY_BYTES - 1, 2),
            (1, MEMORY_BYTES),
            (0, u32::MAX),
            (u32::MAX, 1),
            (u32::MAX, u32::MAX),
            (MEMORY_BYTES + 1, 0),
        ] {
            let [list, count] = guest.list(&[(start, len)]);
            assert_eq!(call(&mut guest, 4, list, count), Err(FAULT), "{name} {start:#x} {len:#x}");
        }
    }
}

#[test]
fn good_buffers_before_a_bad_one_are_used() {
    let (mut guest, _dir) = guest();
    let text = guest.put(b"0123");
    let mut buffers = vec![(text, 2); 40];
    buffers.push((u32::MAX, 4));
    let [list, len] = guest.list(&buffers);
    let written = guest.result_u32("fd_write", &[4, list, len]).unwrap();
    assert!(written > 0 && written <= 80 && written % 2 == 0);
    assert_eq!(guest.size(4), written.into());
}

#[test]
fn as_much_as_the_list_says_is_not_there() {
    // The same memory many times over: more than 32 bits can count is not written.
    let mut guest = Guest::new(WasiCtxBuilder::new().build());
    let [list, len] = guest.list(&vec![(0, MEMORY_BYTES); 1024]);
    assert_eq!(guest.result_u32("fd_write", &[1, list, len]), Ok(1024 * MEMORY_BYTES));
}

#[test]
fn paths_and_buffers_must_lie_in_memory() {
    let (mut guest, _dir) = guest();
    let [path, path_len] = guest.path("file");
    let root = u64::from(ROOT);
    for (start, len) in [(END, 1), (END - 1, 2), (0, END + 1), (TOP, TOP), (1, TOP), (TOP, 1)] {
        for (name, args) in [
            ("fd_prestat_dir_name", &[3, start, len][..]),
            ("fd_readdir", &[5, start, len, 0, 16]),
            ("path_create_directory", &[root, start, len]),
            ("path_filestat_get", &[root, 0, start, len, 16]),
            ("path_filestat_set_times", &[root, 0, start, len, 0, 0, 0]),
            ("path_link", &[root, 0, start, len, root, path, path_len]),
            ("path_link", &[root, 0, path, path_len, root, start, len]),
            ("path_open", &[root, 0, start, len, 0, ALL, ALL, 0, 16]),
            ("path_readlink", &[root, start, len, 16, 16, 16]),
            ("path_remove_directory", &[root, start, len]),
            ("path_rename", &[root, start, len, root, path, path_len]),
            ("path_rename", &[root, path, path_len, root, start, len]),
            ("path_symlink", &[start, len, root, path, path_len]),
            ("path_symlink", &[path, path_len, root, start, len]),
            ("path_unlink_file", &[root, start, len]),
            ("random_get", &[start, len]),
        ] {
            assert_eq!(guest.errno(name, args), FAULT, "{name} {start:#x} {len:#x}");
        }
    }
}

#[test]
fn subscriptions_and_events_must_lie_in_memory() {
    let (mut guest, _dir) = guest();
    for (subscriptions, events, count) in [
        (END - 47, 16, 1),
        (16, END - 31, 1),
        (TOP, 16, 1),
        (16, TOP, 1),
        (0, 0, END / 48 + 1),
        (0, 0, TOP),
        (0, 0, TOP / 48 + 1),
        (0, 0, 1 << 28),
    ] {
        let args = [subscriptions, events, count];
        assert_eq!(guest.result_u32("poll_oneoff", &args), Err(FAULT), "{args:x?}");
    }
    // As many as fit, all of a clock that is ready at once, with the events over them.
    guest.write(0, &vec![0; MEMORY_BYTES as usize]);
    let count = END / 48;
    assert_eq!(guest.result_u32("poll_oneoff", &[0, 0, count]), Ok(u32::try_from(count).unwrap()));
}

/// Every function with every combination of a few values for two of its parameters, and the same
/// for the others.
#[test]
fn nothing_panics() {
    let (mut guest, _dir) = guest();
    let values =
        [0, 1, 3, 4, 5, 16, END - 1, END, 0x7fff_ffff, 0x8000_0000, TOP, u64::MAX, 1 << 63];
    for (name, params, _) in SIGNATURES {
        // They end the guest or may wait forever; both are tested elsewhere.
        if ["proc_exit", "proc_raise", "poll_oneoff"].contains(&name) {
            continue;
        }
        for first in 0..params.len() {
            for second in 0..params.len() {
                for value in values {
                    for other in values {
                        let mut args = vec![4; params.len()];
                        args[first] = value;
                        args[second] = other;
                        assert!(guest.errno(name, &args) <= 76, "{name} {args:x?}");
                    }
                }
            }
        }
    }
}

/// Every function with arguments at random, in one guest, so that its descriptors are in all kinds
/// of states.
#[test]
fn nothing_panics_by_chance() {
    let (mut guest, _dir) = guest();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    for name in ["file", "sub/file", "../secret", "/", "link", "sub"] {
        guest.put(name.as_bytes());
    }
    for _ in 0..20_000 {
        let (name, params, _) = SIGNATURES[random(46) as usize];
        // Random bytes might be a subscription that waits forever.
        if ["proc_exit", "proc_raise", "poll_oneoff", "random_get"].contains(&name) {
            continue;
        }
        let args: Vec<u64> = params
            .chars()
            .map(|_| match random(6) {
                0 => random(8),
                1 => 16 + 8 * random(8),
                2 => END - random(70),
                3 => TOP - random(70),
                4 => random(END),
                _ => random(1 << 20) << random(44),
            })
            .collect();
        assert!(guest.errno(name, &args) <= 76, "{name} {args:x?}");
    }
}
