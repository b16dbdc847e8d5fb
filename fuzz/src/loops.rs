//! A module of small loops: a few instructions over locals, a memory and globals, some of them in a loop of
//! their own, and a counter that ends each. Many become a single cell, which turns within its handler.

use crate::edges;
use crate::plan::{Call, Plan};
use crate::value::Value;
use arbitrary::{Result, Unstructured};
use std::ops::Range;
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, Function,
    FunctionSection, GlobalSection, GlobalType, InstructionSink, MemArg, MemArgTarget,
    MemorySection, MemoryType, Module, TypeSection, ValType,
};

const FUNCS: u32 = 8;
const CALLS: usize = 2;
/// How deep loops are nested, how many instructions each has, and how often the longest turns.
const DEPTH: usize = 2;
const BODY: usize = 4;
const TURNS: i32 = 6;

/// The parameters, which are the first locals of their types.
const PARAMS: [ValType; 4] = [ValType::I32, ValType::I32, ValType::I64, ValType::V128];
/// The locals of a function by type.
const I32S: [u32; 4] = [0, 1, 4, 5];
const I64S: [u32; 3] = [2, 6, 7];
const F64S: [u32; 2] = [8, 9];
const V128S: [u32; 3] = [3, 10, 11];
/// The counter of each depth, which nothing else sets: an i32 and an i64.
const COUNTERS: [[u32; 2]; DEPTH] = [[12, 14], [13, 15]];
const LOCALS: [ValType; 12] = [
    ValType::I32,
    ValType::I32,
    ValType::I64,
    ValType::I64,
    ValType::F64,
    ValType::F64,
    ValType::V128,
    ValType::V128,
    ValType::I32,
    ValType::I32,
    ValType::I64,
    ValType::I64,
];
/// What is in memory at first, and what addresses reach of it.
const DATA: Range<i32> = 0..512;
const ADDRESSES: i32 = 0x1f0;
/// Where a function leaves its locals.
const RESULTS: i32 = 1024;

/// A module, and calls of its functions.
pub fn module(u: &mut Unstructured<'_>) -> Result<(Vec<u8>, Plan)> {
    let (mut types, mut funcs, mut code) =
        (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    let (mut globals, mut exports) = (GlobalSection::new(), ExportSection::new());
    let mut plan = Plan::default();
    types.ty().function(PARAMS, []);
    types.ty().function([ValType::I32], [ValType::I32]);
    for (index, (ty, start)) in
        [(ValType::I32, ConstExpr::i32_const(3)), (ValType::I64, ConstExpr::i64_const(-5))]
            .into_iter()
            .enumerate()
    {
        globals.global(GlobalType { val_type: ty, mutable: true, shared: false }, &start);
        let name = format!("g{index}");
        exports.export(&name, ExportKind::Global, index as u32);
        plan.globals.push(name);
    }
    for func in 0..FUNCS {
        funcs.function(0);
        code.function(&function(u)?);
        let name = func.to_string();
        exports.export(&name, ExportKind::Func, func);
        for _ in 0..CALLS {
            let arguments = PARAMS.iter().map(|ty| edges::value(*ty, u)).collect::<Result<_>>()?;
            plan.calls.push(Call { name: name.clone(), arguments });
        }
    }
    // What they call.
    funcs.function(1);
    let mut called = Function::new([]);
    called.instructions().local_get(0).i32_const(0x35).i32_xor().end();
    code.function(&called);
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: Some(1),
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    exports.export("memory", ExportKind::Memory, 0);
    plan.memories.push("memory".to_string());
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(0), DATA.map(|at| (at * 37 % 251) as u8));
    let mut module = Module::new();
    module.section(&types).section(&funcs).section(&memories).section(&globals);
    module.section(&exports).section(&code).section(&data);
    Ok((module.finish(), plan))
}

fn function(u: &mut Unstructured<'_>) -> Result<Function> {
    let mut function = Function::new_with_locals_types(LOCALS);
    let put = &mut function.instructions();
    turns(put, 0, u)?;
    let stored = I32S.iter().map(|local| (*local, ValType::I32));
    let stored = stored.chain(I64S.iter().map(|local| (*local, ValType::I64)));
    let stored = stored.chain(V128S.iter().map(|local| (*local, ValType::V128)));
    for (local, ty) in stored {
        put.i32_const(RESULTS + 16 * local as i32).local_get(local);
        match ty {
            ValType::I32 => put.i32_store(at(0)),
            ValType::I64 => put.i64_store(at(0)),
            _ => put.v128_store(at(0)),
        };
    }
    for local in F64S {
        // No engine's choice among NaNs is looked at.
        put.i32_const(RESULTS + 16 * local as i32).local_get(local);
        put.f64_const(0.25.into())
            .local_get(local)
            .local_get(local)
            .f64_eq()
            .select()
            .f64_store(at(0));
    }
    put.end();
    Ok(function)
}

fn at(offset: u64) -> MemArg {
    MemArg { offset, align: 0, target: MemArgTarget::Memory(0), ordering: None }
}

/// A loop of the given depth, with what comes before it.
fn turns(put: &mut InstructionSink<'_>, depth: usize, u: &mut Unstructured<'_>) -> Result<()> {
    let [narrow, wide] = COUNTERS[depth];
    let count = u.int_in_range(1..=TURNS)?;
    let step = u.int_in_range(1..=3)?;
    let (is_wide, counts_down) = (u.ratio(1, 3)?, u.arbitrary()?);
    let counter = if is_wide { wide } else { narrow };
    let constant = |put: &mut InstructionSink<'_>, value: i32| {
        if is_wide {
            put.i64_const(i64::from(value))
        } else {
            put.i32_const(value)
        };
    };
    let start = if counts_down { count * step } else { 0 };
    constant(put, start);
    put.local_set(counter);
    if u.ratio(1, 4)? {
        statement(put, depth, u)?;
    }
    put.block(BlockType::Empty).loop_(BlockType::Empty);
    let inner = u.int_in_range(0..=BODY)?;
    for _ in 0..inner {
        match u.int_in_range(0..=11)? {
            0..=2 if depth + 1 < DEPTH => turns(put, depth + 1, u)?,
            // A way out in the middle.
            3 => {
                i32_operand(put, depth, u)?;
                put.i32_const(u.int_in_range(1..=9)?).i32_eq().br_if(1);
            }
            _ => statement(put, depth, u)?,
        }
    }
    // The counter's step, read from the stack or from the local; and a condition that holds so many times.
    put.local_get(counter);
    constant(put, step);
    match (is_wide, counts_down) {
        (false, false) => put.i32_add(),
        (false, true) => put.i32_sub(),
        (true, false) => put.i64_add(),
        (true, true) => put.i64_sub(),
    };
    if u.arbitrary()? {
        put.local_tee(counter);
    } else {
        put.local_set(counter);
        if u.ratio(1, 2)? {
            statement(put, depth, u)?;
        }
        put.local_get(counter);
    }
    let end = if counts_down { 0 } else { count * step };
    let condition = u.int_in_range(0..=3)?;
    if condition == 0 && counts_down && !is_wide {
        put.br_if(0);
    } else {
        constant(put, end);
        match (condition, counts_down, is_wide) {
            (0 | 1, _, false) => put.i32_ne(),
            (0 | 1, _, true) => put.i64_ne(),
            (2, true, false) => put.i32_gt_s(),
            (2, true, true) => put.i64_gt_s(),
            (2, false, false) => put.i32_lt_u(),
            (2, false, true) => put.i64_lt_u(),
            (_, _, false) => put.i32_eq().i32_eqz(),
            (_, _, true) => put.i64_eq().i32_eqz(),
        };
        put.br_if(0);
    }
    put.end().end();
    Ok(())
}

/// One of `locals`, or a counter, to be read.
fn read(locals: &[u32], kind: usize, depth: usize, u: &mut Unstructured<'_>) -> Result<u32> {
    if u.ratio(1, 5)? { Ok(COUNTERS[depth][kind]) } else { Ok(*u.choose(locals)?) }
}

/// An operand that is an i32.
fn i32_operand(
    put: &mut InstructionSink<'_>,
    depth: usize,
    u: &mut Unstructured<'_>,
) -> Result<()> {
    match u.int_in_range(0..=7)? {
        0 => edges::constant(put, &edges::value(ValType::I32, u)?),
        1 => drop(put.global_get(0)),
        2 => {
            address(put, depth, u)?;
            match u.int_in_range(0..=2)? {
                0 => put.i32_load(at(u.int_in_range(0..=9)?)),
                1 => put.i32_load8_u(at(0)),
                _ => put.i32_load16_s(at(2)),
            };
        }
        _ => drop(put.local_get(read(&I32S, 0, depth, u)?)),
    }
    Ok(())
}

fn i64_operand(
    put: &mut InstructionSink<'_>,
    depth: usize,
    u: &mut Unstructured<'_>,
) -> Result<()> {
    match u.int_in_range(0..=7)? {
        0 => edges::constant(put, &edges::value(ValType::I64, u)?),
        1 => drop(put.global_get(1)),
        2 => {
            address(put, depth, u)?;
            put.i64_load(at(u.int_in_range(0..=9)?));
        }
        _ => drop(put.local_get(read(&I64S, 1, depth, u)?)),
    }
    Ok(())
}

fn v128_operand(
    put: &mut InstructionSink<'_>,
    depth: usize,
    u: &mut Unstructured<'_>,
) -> Result<()> {
    match u.int_in_range(0..=5)? {
        0 => edges::constant(put, &Value::V128(u.arbitrary()?)),
        1 => {
            address(put, depth, u)?;
            put.v128_load(at(u.int_in_range(0..=9)?));
        }
        2 => {
            i32_operand(put, depth, u)?;
            put.i32x4_splat();
        }
        _ => drop(put.local_get(*u.choose(&V128S)?)),
    }
    Ok(())
}

/// An address within the data.
fn address(put: &mut InstructionSink<'_>, depth: usize, u: &mut Unstructured<'_>) -> Result<()> {
    put.local_get(read(&I32S, 0, depth, u)?).i32_const(ADDRESSES).i32_and();
    Ok(())
}

/// An instruction that sets something.
fn statement(put: &mut InstructionSink<'_>, depth: usize, u: &mut Unstructured<'_>) -> Result<()> {
    match u.int_in_range(0..=12)? {
        12 => {
            i32_operand(put, depth, u)?;
            put.call(FUNCS);
            set(put, &I32S, u)?;
        }
        0..=2 => {
            i32_operand(put, depth, u)?;
            i32_operand(put, depth, u)?;
            i32_op(put, u)?;
            set(put, &I32S, u)?;
        }
        3 => {
            i32_operand(put, depth, u)?;
            set(put, &I32S, u)?;
        }
        4 | 5 => {
            i64_operand(put, depth, u)?;
            i64_operand(put, depth, u)?;
            i64_op(put, u)?;
            set(put, &I64S, u)?;
        }
        6 => {
            i64_operand(put, depth, u)?;
            set(put, &I64S, u)?;
        }
        7 => {
            address(put, depth, u)?;
            match u.int_in_range(0..=3)? {
                0 => {
                    i32_operand(put, depth, u)?;
                    put.i32_store(at(u.int_in_range(0..=9)?));
                }
                1 => {
                    i32_operand(put, depth, u)?;
                    put.i32_store8(at(1));
                }
                2 => {
                    i64_operand(put, depth, u)?;
                    put.i64_store(at(4));
                }
                _ => {
                    v128_operand(put, depth, u)?;
                    put.v128_store(at(0));
                }
            };
        }
        8 => {
            let wide = u.arbitrary()?;
            if wide {
                put.global_get(1);
                i64_operand(put, depth, u)?;
                i64_op(put, u)?;
            } else {
                put.global_get(0);
                i32_operand(put, depth, u)?;
                i32_op(put, u)?;
            }
            put.global_set(wide.into());
        }
        9 => {
            put.local_get(*u.choose(&F64S)?);
            i64_operand(put, depth, u)?;
            put.f64_convert_i64_s();
            if u.arbitrary()? {
                put.f64_add()
            } else {
                put.f64_mul()
            };
            put.local_set(*u.choose(&F64S)?);
        }
        _ => {
            v128_operand(put, depth, u)?;
            v128_operand(put, depth, u)?;
            v128_op(put, depth, u)?;
            set(put, &V128S, u)?;
        }
    }
    Ok(())
}

/// Sets one of `locals`, and perhaps a second one to the same.
fn set(put: &mut InstructionSink<'_>, locals: &[u32], u: &mut Unstructured<'_>) -> Result<()> {
    if u.ratio(1, 4)? {
        put.local_tee(*u.choose(locals)?);
    }
    put.local_set(*u.choose(locals)?);
    Ok(())
}

fn i32_op(put: &mut InstructionSink<'_>, u: &mut Unstructured<'_>) -> Result<()> {
    match u.int_in_range(0..=10)? {
        0..=2 => put.i32_add(),
        3 => put.i32_sub(),
        4 => put.i32_mul(),
        5 => put.i32_and(),
        6 => put.i32_or(),
        7 => put.i32_xor(),
        8 => put.i32_shl(),
        9 => put.i32_shr_u(),
        _ => put.i32_lt_s(),
    };
    Ok(())
}

fn i64_op(put: &mut InstructionSink<'_>, u: &mut Unstructured<'_>) -> Result<()> {
    match u.int_in_range(0..=8)? {
        0..=2 => put.i64_add(),
        3 => put.i64_sub(),
        4 => put.i64_mul(),
        5 => put.i64_and(),
        6 => put.i64_xor(),
        7 => put.i64_rotl(),
        _ => put.i64_shr_s(),
    };
    Ok(())
}

/// An instruction on two vectors, perhaps with others behind it.
fn v128_op(put: &mut InstructionSink<'_>, depth: usize, u: &mut Unstructured<'_>) -> Result<()> {
    match u.int_in_range(0..=11)? {
        0 => put.i32x4_add(),
        1 => put.i32x4_mul(),
        2 => put.i16x8_sub(),
        3 => put.i64x2_add(),
        4 => put.v128_xor(),
        5 => put.v128_and(),
        6 => put.v128_or(),
        7 => put.i8x16_swizzle(),
        8 => put.i8x16_eq(),
        9 => put.i8x16_shuffle([31, 0, 30, 1, 29, 2, 28, 3, 27, 4, 26, 5, 25, 6, 24, 7]),
        10 => put.i8x16_sub_sat_u(),
        _ => put.i32x4_dot_i16x8_s(),
    };
    match u.int_in_range(0..=7)? {
        0 => drop(put.i32_const(u.int_in_range(-1..=40)?).i32x4_shl()),
        1 => {
            i32_operand(put, depth, u)?;
            put.i64x2_shr_u();
        }
        2 => {
            i32_operand(put, depth, u)?;
            put.i32x4_replace_lane(u.int_in_range(0..=3)?);
        }
        3 => {
            v128_operand(put, depth, u)?;
            v128_operand(put, depth, u)?;
            put.v128_bitselect();
        }
        4 => {
            put.local_tee(*u.choose(&V128S)?).local_get(*u.choose(&V128S)?).v128_or();
        }
        5 => drop(put.i32x4_extract_lane(u.int_in_range(0..=3)?).i8x16_splat()),
        _ => {}
    }
    Ok(())
}
