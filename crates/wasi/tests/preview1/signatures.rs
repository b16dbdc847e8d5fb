//! All functions are there, with exactly their types.

use fulmar::{Engine, Linker, Module, Store};
use fulmar_wasi::{WasiCtx, WasiCtxBuilder, add_to_linker};

/// Each function with its parameters and results; `i` is a number of 32 bits, `I` one of 64.
pub(crate) const SIGNATURES: [(&str, &str, &str); 46] = [
    ("args_get", "ii", "i"),
    ("args_sizes_get", "ii", "i"),
    ("clock_res_get", "ii", "i"),
    ("clock_time_get", "iIi", "i"),
    ("environ_get", "ii", "i"),
    ("environ_sizes_get", "ii", "i"),
    ("fd_advise", "iIIi", "i"),
    ("fd_allocate", "iII", "i"),
    ("fd_close", "i", "i"),
    ("fd_datasync", "i", "i"),
    ("fd_fdstat_get", "ii", "i"),
    ("fd_fdstat_set_flags", "ii", "i"),
    ("fd_fdstat_set_rights", "iII", "i"),
    ("fd_filestat_get", "ii", "i"),
    ("fd_filestat_set_size", "iI", "i"),
    ("fd_filestat_set_times", "iIIi", "i"),
    ("fd_pread", "iiiIi", "i"),
    ("fd_prestat_dir_name", "iii", "i"),
    ("fd_prestat_get", "ii", "i"),
    ("fd_pwrite", "iiiIi", "i"),
    ("fd_read", "iiii", "i"),
    ("fd_readdir", "iiiIi", "i"),
    ("fd_renumber", "ii", "i"),
    ("fd_seek", "iIii", "i"),
    ("fd_sync", "i", "i"),
    ("fd_tell", "ii", "i"),
    ("fd_write", "iiii", "i"),
    ("path_create_directory", "iii", "i"),
    ("path_filestat_get", "iiiii", "i"),
    ("path_filestat_set_times", "iiiiIIi", "i"),
    ("path_link", "iiiiiii", "i"),
    ("path_open", "iiiiiIIii", "i"),
    ("path_readlink", "iiiiii", "i"),
    ("path_remove_directory", "iii", "i"),
    ("path_rename", "iiiiii", "i"),
    ("path_symlink", "iiiii", "i"),
    ("path_unlink_file", "iii", "i"),
    ("poll_oneoff", "iiii", "i"),
    ("proc_exit", "i", ""),
    ("proc_raise", "i", "i"),
    ("random_get", "ii", "i"),
    ("sched_yield", "", "i"),
    ("sock_accept", "iii", "i"),
    ("sock_recv", "iiiiii", "i"),
    ("sock_send", "iiiii", "i"),
    ("sock_shutdown", "ii", "i"),
];

/// The parameters of a function.
pub(crate) fn parameters(name: &str) -> &'static str {
    SIGNATURES.iter().find(|row| row.0 == name).unwrap().1
}

/// A type as text.
pub(crate) fn ty(params: &str, results: &str) -> String {
    let types = |types: &str| -> Vec<&str> {
        types.chars().map(|ty| if ty == 'i' { "i32" } else { "i64" }).collect()
    };
    format!("(param {}) (result {})", types(params).join(" "), types(results).join(" "))
}

/// Whether a module that imports one function with these types can be instantiated.
fn links(name: &str, params: &str, results: &str) -> bool {
    let ty = ty(params, results);
    let text = format!("(module (import \"wasi_snapshot_preview1\" \"{name}\" (func {ty})))");
    let engine = Engine::default();
    let module = Module::new(&engine, &wat::parse_str(text).unwrap()).unwrap();
    let mut linker = Linker::new(&engine);
    add_to_linker(&mut linker, |ctx: &mut WasiCtx| ctx).unwrap();
    let mut store = Store::new(&engine, WasiCtxBuilder::new().build());
    linker.instantiate(&mut store, &module).is_ok()
}

#[test]
fn every_function_has_its_type() {
    for (name, params, results) in SIGNATURES {
        assert!(links(name, params, results), "{name} has another type");
    }
}

#[test]
fn no_function_has_another_type() {
    for (name, params, results) in SIGNATURES {
        assert!(!links(name, &format!("{params}i"), results), "{name} with a parameter more");
        assert!(!links(name, params, &format!("{results}I")), "{name} with a result more");
        for index in 0..params.len() {
            let mut other = params.to_owned();
            let ty = if params.as_bytes()[index] == b'i' { "I" } else { "i" };
            other.replace_range(index..=index, ty);
            assert!(!links(name, &other, results), "{name} with another parameter {index}");
        }
    }
    assert!(!links("fd_open", "i", "i"));
}

#[test]
fn functions_are_defined_once() {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    add_to_linker(&mut linker, |ctx: &mut WasiCtx| ctx).unwrap();
    assert!(add_to_linker(&mut linker, |ctx: &mut WasiCtx| ctx).is_err());
}

#[test]
fn the_readme_lists_every_function() {
    let readme = include_str!("../../README.md");
    let rows = readme.lines().filter(|line| line.starts_with("| `"));
    let listed: Vec<&str> = rows.map(|line| line.split('`').nth(1).unwrap()).collect();
    assert_eq!(listed, SIGNATURES.map(|row| row.0));
}
