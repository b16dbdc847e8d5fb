//! Every access to memory at the edges: the end of the memory and of each number of bits an address or an offset can
//! have, for 32-bit and 64-bit addresses, before and after growth.
//!
//! What must happen is computed here with 128-bit arithmetic, which can't wrap; all bytes that an access may not touch
//! are compared after it.

use fulmar::{
    CompilationMode, Config, Engine, Error, Func, Instance, Linker, Memory, MemoryType, Module,
    Store, Trap, Val,
};
use std::fmt::Write;

/// The loads and their sizes; a lane's number is part of the name.
const LOADS: &[(&str, &str, usize)] = &[
    ("i32.load", "i32", 4),
    ("i32.load8_s", "i32", 1),
    ("i32.load8_u", "i32", 1),
    ("i32.load16_s", "i32", 2),
    ("i32.load16_u", "i32", 2),
    ("i64.load", "i64", 8),
    ("i64.load8_s", "i64", 1),
    ("i64.load8_u", "i64", 1),
    ("i64.load16_s", "i64", 2),
    ("i64.load16_u", "i64", 2),
    ("i64.load32_s", "i64", 4),
    ("i64.load32_u", "i64", 4),
    ("f32.load", "f32", 4),
    ("f64.load", "f64", 8),
    ("v128.load", "v128", 16),
    ("v128.load8x8_s", "v128", 8),
    ("v128.load8x8_u", "v128", 8),
    ("v128.load16x4_s", "v128", 8),
    ("v128.load16x4_u", "v128", 8),
    ("v128.load32x2_s", "v128", 8),
    ("v128.load32x2_u", "v128", 8),
    ("v128.load8_splat", "v128", 1),
    ("v128.load16_splat", "v128", 2),
    ("v128.load32_splat", "v128", 4),
    ("v128.load64_splat", "v128", 8),
    ("v128.load32_zero", "v128", 4),
    ("v128.load64_zero", "v128", 8),
];

/// The loads of a lane and their sizes.
const LANE_LOADS: &[(&str, usize)] = &[
    ("v128.load8_lane", 1),
    ("v128.load16_lane", 2),
    ("v128.load32_lane", 4),
    ("v128.load64_lane", 8),
];

/// The stores, their operands' types and their sizes.
const STORES: &[(&str, &str, usize)] = &[
    ("i32.store", "i32", 4),
    ("i32.store8", "i32", 1),
    ("i32.store16", "i32", 2),
    ("i64.store", "i64", 8),
    ("i64.store8", "i64", 1),
    ("i64.store16", "i64", 2),
    ("i64.store32", "i64", 4),
    ("f32.store", "f32", 4),
    ("f64.store", "f64", 8),
    ("v128.store", "v128", 16),
];

/// The stores of a lane and their sizes.
const LANE_STORES: &[(&str, usize)] = &[
    ("v128.store8_lane", 1),
    ("v128.store16_lane", 2),
    ("v128.store32_lane", 4),
    ("v128.store64_lane", 8),
];

/// What all stores store the first bytes of.
const STORED: [u8; 16] = [
    0x88, 0x87, 0x86, 0x85, 0x84, 0x83, 0x82, 0x81, 0x78, 0x77, 0x76, 0x75, 0x74, 0x73, 0x72, 0x71,
];

const PAGE: u64 = 1 << 16;

/// Offsets that accesses are made with, of those that the width allows.
const OFFSETS: [u64; 10] =
    [0, 1, PAGE - 4, PAGE, 2 * PAGE - 8, 0xffff_ffff, 1 << 32, 1 << 33, 1 << 63, u64::MAX];

/// An access with a static offset, as an exported function.
struct Access {
    name: String,
    offset: u64,
    size: usize,
    /// The bytes it stores; `None` of a load.
    stores: Option<&'static [u8]>,
}

/// A module that has every access with every offset.
fn module(wide: bool) -> (String, Vec<Access>) {
    let width = if wide { "i64" } else { "i32" };
    let mut text = format!(r#"(module (memory (export "memory") {width} 1 3)"#);
    let mut accesses = Vec::new();
    let operand = |ty: &str| match ty {
        "i32" => "(i32.const 0x85868788)",
        "i64" => "(i64.const 0x8182838485868788)",
        "f32" => "(f32.reinterpret_i32 (i32.const 0x85868788))",
        "f64" => "(f64.reinterpret_i64 (i64.const 0x8182838485868788))",
        _ => "(v128.const i64x2 0x8182838485868788 0x7172737475767778)",
    };
    let vector = operand("v128");
    for offset in OFFSETS.into_iter().filter(|offset| wide || *offset <= u64::from(u32::MAX)) {
        let mut add = |op: &str, size, stores: bool, result: &str, lane: &str, operand: &str| {
            let name = format!("{op} offset={offset}");
            let access = format!("({op} offset={offset} {lane} (local.get 0) {operand})");
            write!(text, r#"(func (export "{name}") (param {width}) {result} {access})"#).unwrap();
            accesses.push(Access { name, offset, size, stores: stores.then(|| &STORED[..size]) });
        };
        for &(op, ty, size) in LOADS {
            add(op, size, false, &format!("(result {ty})"), "", "");
        }
        for &(op, size) in LANE_LOADS {
            add(op, size, false, "(result v128)", "1", vector);
        }
        for &(op, ty, size) in STORES {
            add(op, size, true, "", "", operand(ty));
        }
        for &(op, size) in LANE_STORES {
            add(op, size, true, "", "0", vector);
        }
    }
    (text + ")", accesses)
}

/// Addresses around each edge of a memory of `len` bytes, for accesses with this offset.
fn bases(wide: bool, len: u64, access: &Access) -> Vec<u64> {
    let mut bases = vec![0, 1, 1 << 31, 1 << 32, 1 << 33, 1 << 63, u64::MAX];
    let size = access.size as u64;
    // In bounds by the last byte, out of bounds by the first one; and what wraps around to there.
    for edge in [len - size, len - size + 1, len - 1, len, u64::from(u32::MAX) - size] {
        bases.extend([edge, edge.wrapping_sub(access.offset), edge + (1 << 32)]);
    }
    if !wide {
        bases = bases.into_iter().map(|base| u64::from(base as u32)).collect();
    }
    bases.sort_unstable();
    bases.dedup();
    bases
}

/// The bits of a result that a scalar or whole load must have, from the bytes in memory.
fn loaded(name: &str, bytes: &[u8]) -> Option<u128> {
    let mut low = [0; 16];
    low[..bytes.len()].copy_from_slice(bytes);
    let raw = u128::from_le_bytes(low);
    let (op, _) = name.split_once(' ')?;
    if op.starts_with("v128") && op != "v128.load" {
        return None;
    }
    if !op.ends_with("_s") {
        return Some(raw);
    }
    let unused = 128 - 8 * bytes.len() as u32;
    let extended = ((raw << unused).cast_signed() >> unused).cast_unsigned();
    Some(if op.starts_with("i32") {
        extended & 0xffff_ffff
    } else {
        extended & u128::from(u64::MAX)
    })
}

fn bits(value: &Val) -> u128 {
    match value {
        Val::I32(value) => u128::from(value.cast_unsigned()),
        Val::I64(value) => u128::from(value.cast_unsigned()),
        Val::F32(bits) => u128::from(*bits),
        Val::F64(bits) => u128::from(*bits),
        Val::V128(value) => value.as_u128(),
        _ => unreachable!("no access gives a reference"),
    }
}

/// Makes the access at `base` and compares all that it did with `expected`, the contents before.
fn check(
    store: &mut Store<()>,
    (func, memory): (Func, Memory),
    access: &Access,
    base: Val,
    address: u128,
    expected: &mut [u8],
) {
    let what = || format!("{} at {base:?} of {} bytes", access.name, memory.data_size(&*store));
    let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
    let message = what();
    let outcome = func.call(&mut *store, &[base], &mut results);
    let range = usize::try_from(address)
        .ok()
        .filter(|start| start.checked_add(access.size).is_some_and(|end| end <= expected.len()));
    match (outcome, range) {
        (Ok(()), Some(start)) => {
            let bytes = &mut expected[start..start + access.size];
            match access.stores {
                Some(stored) => bytes.copy_from_slice(stored),
                None => {
                    let loaded = loaded(&access.name, bytes);
                    assert!(loaded.is_none_or(|loaded| loaded == bits(&results[0])), "{message}");
                }
            }
        }
        (Err(error), None) => {
            assert_eq!(error.as_trap(), Some(Trap::MemoryOutOfBounds), "{message}");
        }
        (outcome, _) => panic!("{message}: {outcome:?}"),
    }
    assert!(memory.data(&*store) == &*expected, "{message}: other bytes changed");
    if let (Some(start), Some(_)) = (range, access.stores) {
        let fresh = contents(expected.len());
        expected[start..start + access.size].copy_from_slice(&fresh[start..start + access.size]);
        memory.write(&mut *store, start, &expected[start..start + access.size]).unwrap();
    }
}

/// What memories are filled with: every byte differs from its neighbours.
fn contents(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 7 + at / 256) as u8).collect()
}

fn check_width(wide: bool) {
    let (text, accesses) = module(wide);
    let wasm = wat::parse_str(&text).unwrap();
    for (mode, accumulators) in [(CompilationMode::Eager, true), (CompilationMode::Lazy, false)] {
        let engine =
            Engine::new(Config::new().compilation_mode(mode).accumulators(accumulators)).unwrap();
        let module = Module::new(&engine, &wasm).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Linker::new(&engine).instantiate(&mut store, &module).unwrap();
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        for _ in 0..2 {
            let mut expected = contents(memory.data_size(&store));
            memory.write(&mut store, 0, &expected).unwrap();
            for access in &accesses {
                let func = instance.get_func(&mut store, &access.name).unwrap();
                for base in bases(wide, expected.len() as u64, access) {
                    let address = u128::from(base) + u128::from(access.offset);
                    let base = match wide {
                        true => Val::I64(base.cast_signed()),
                        false => Val::I32((base as u32).cast_signed()),
                    };
                    check(&mut store, (func, memory), access, base, address, &mut expected);
                }
            }
            memory.grow(&mut store, 1).unwrap();
        }
    }
}

#[test]
fn addresses_of_32_bits() {
    check_width(false);
}

#[test]
fn addresses_of_64_bits() {
    check_width(true);
}

fn instantiate(text: &str) -> Result<(Store<()>, Instance), Error> {
    let engine = Engine::default();
    let module = Module::new(&engine, &wat::parse_str(text).unwrap())?;
    let mut store = Store::new(&engine, ());
    let instance = Linker::new(&engine).instantiate(&mut store, &module)?;
    Ok((store, instance))
}

/// Accesses on both sides of 4 GiB, where 32-bit arithmetic would alias to the start.
#[test]
fn memories_beyond_32_bits() {
    let text = r#"(module
        (memory (export "memory") i64 0x1_0001)
        (func (export "store") (param i64 i64) (i64.store (local.get 0) (local.get 1)))
        (func (export "load") (param i64) (result i64) (i64.load (local.get 0)))
        (func (export "offset") (param i64) (result i64)
            (i64.load offset=0x1_0000_0000 (local.get 0)))
        (func (export "fill") (param i64 i64) (memory.fill (local.get 0) (i32.const 7) (local.get 1)))
        (func (export "copy") (param i64 i64 i64)
            (memory.copy (local.get 0) (local.get 1) (local.get 2))))"#;
    let instance = instantiate(text);
    if cfg!(target_pointer_width = "32") {
        let Err(error) = instance else { panic!("there is no such address space") };
        assert!(error.to_string().contains("no memory for 65537 pages"), "{error}");
        return;
    }
    let (mut store, instance) = instance.expect("pages that nothing writes to cost nothing");
    let store_at = instance.get_typed_func::<(i64, i64), ()>(&mut store, "store").unwrap();
    let load = instance.get_typed_func::<i64, i64>(&mut store, "load").unwrap();
    let offset = instance.get_typed_func::<i64, i64>(&mut store, "offset").unwrap();
    let fill = instance.get_typed_func::<(i64, i64), ()>(&mut store, "fill").unwrap();
    let copy = instance.get_typed_func::<(i64, i64, i64), ()>(&mut store, "copy").unwrap();
    let four_gib = 1_i64 << 32;
    let end = four_gib + PAGE as i64;
    store_at.call(&mut store, (four_gib - 4, 0x0807_0605_0403_0201)).unwrap();
    assert_eq!(load.call(&mut store, four_gib).unwrap(), 0x0807_0605);
    assert_eq!(offset.call(&mut store, 0).unwrap(), 0x0807_0605);
    assert_eq!(load.call(&mut store, 0).unwrap(), 0, "no alias");
    fill.call(&mut store, (end - 8, 8)).unwrap();
    assert_eq!(load.call(&mut store, end - 8).unwrap(), 0x0707_0707_0707_0707);
    copy.call(&mut store, (16, end - 8, 8)).unwrap();
    assert_eq!(load.call(&mut store, 16).unwrap(), 0x0707_0707_0707_0707);
    let trap = |result: Result<(), Error>| result.unwrap_err().as_trap();
    assert_eq!(trap(store_at.call(&mut store, (end - 7, -1))), Some(Trap::MemoryOutOfBounds));
    assert_eq!(trap(fill.call(&mut store, (end - 7, 8))), Some(Trap::MemoryOutOfBounds));
    assert_eq!(trap(fill.call(&mut store, (8, -1))), Some(Trap::MemoryOutOfBounds));
    assert_eq!(trap(copy.call(&mut store, (-8, 0, 16))), Some(Trap::MemoryOutOfBounds));
    assert_eq!(load.call(&mut store, 0).unwrap(), 0);
    assert_eq!(load.call(&mut store, end - 8).unwrap(), 0x0707_0707_0707_0707);
}

/// Sizes that no machine has are refused; a maximum alone costs nothing.
#[test]
fn limits_far_above_memory() {
    for pages in ["0x1_0000_0000", "0x1000_0000_0000", "0x1_0000_0000_0000"] {
        let error = instantiate(&format!("(module (memory i64 {pages}))")).err().unwrap();
        assert!(error.to_string().contains("no memory for"), "{error}");
        assert!(instantiate(&format!("(module (memory i64 0 {pages}))")).is_ok());
    }
    for elements in ["0x1_0000_0000", "0xffff_ffff_ffff_ffff"] {
        let error = instantiate(&format!("(module (table i64 {elements} funcref))")).err().unwrap();
        assert!(error.to_string().contains("no memory for"), "{error}");
        assert!(instantiate(&format!("(module (table i64 0 {elements} funcref))")).is_ok());
    }
    let (mut store, instance) = instantiate(
        r#"(module (memory i64 1) (table i64 1 funcref)
            (func (export "memory") (param i64) (result i64) (memory.grow (local.get 0)))
            (func (export "table") (param i64) (result i64)
                (table.grow (ref.null func) (local.get 0))))"#,
    )
    .unwrap();
    for name in ["memory", "table"] {
        let grow = instance.get_typed_func::<i64, i64>(&mut store, name).unwrap();
        for delta in [-1, i64::MIN, i64::MAX, 1 << 48, 1 << 40] {
            assert_eq!(grow.call(&mut store, delta).unwrap(), -1, "{name} by {delta}");
        }
        assert_eq!(grow.call(&mut store, 1).unwrap(), 1, "{name}");
    }
    let mut store = Store::new(&Engine::default(), ());
    assert!(Memory::new(&mut store, MemoryType::new64(u64::MAX, None)).is_err());
    let memory = Memory::new(&mut store, MemoryType::new64(0, Some(u64::MAX))).unwrap();
    assert!(memory.ty(&store).is_64());
    assert!(memory.grow(&mut store, u64::MAX).is_err());
    assert_eq!(memory.grow(&mut store, 1).unwrap(), 0);
}
