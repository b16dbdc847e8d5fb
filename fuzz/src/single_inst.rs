//! A module that has one instruction many times: its operands in every place, its results put to every use, and
//! some in loops that turn in every way.

use crate::edges;
use crate::operators::{MEMORY, ROWS, Row, TYPES};
use crate::plan::{Call, Plan};
use crate::value::Value;
use arbitrary::{Result, Unstructured};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, Function,
    FunctionSection, GlobalSection, GlobalType, InstructionSink, MemArg, MemArgTarget,
    MemorySection, Module, TypeSection, ValType,
};

/// The functions of a module, and how often each is called.
const CASES: u32 = 12;
const CALLS: usize = 6;
/// Those that come first have no use at which wasmi fails.
const CASES_FOR_WASMI: u32 = 10;

/// Where an operand is when the instruction runs.
#[derive(Copy, Clone, Debug)]
enum Place {
    Constant,
    Local,
    /// The result of the instruction before; of another one for all but the last operand.
    Computed,
    /// As [`Self::Computed`], and in a local, too.
    Tee,
    /// In a local that was just written.
    Set,
    /// In a local that was written after it had been read.
    Overtaken,
    Global,
    Memory,
    Block,
    Called,
}

const PLACES: [Place; 10] = [
    Place::Constant,
    Place::Local,
    Place::Computed,
    Place::Tee,
    Place::Set,
    Place::Overtaken,
    Place::Global,
    Place::Memory,
    Place::Block,
    Place::Called,
];

/// What is done with the one result.
#[derive(Copy, Clone, Debug)]
enum Use {
    Return,
    Local,
    /// Kept in a local and read from there once more.
    Tee,
    /// Both operands of the next instruction.
    Twice,
    Global,
    Memory,
    Branch,
    Call,
    // Conditions, of an i32 alone.
    If,
    IfNot,
    BrIf,
    BrIfNot,
    Select,
    SelectNot,
    BrTable,
}

const USES: [Use; 8] = [
    Use::Return,
    Use::Local,
    Use::Tee,
    Use::Twice,
    Use::Global,
    Use::Memory,
    Use::Branch,
    Use::Call,
];
/// The first one is that at which wasmi fails.
const CONDITIONS: [Use; 7] =
    [Use::SelectNot, Use::If, Use::IfNot, Use::BrIf, Use::BrIfNot, Use::Select, Use::BrTable];

/// How a loop around all that comes to its next turn, of three. The first operand's local is the last that is set
/// before, and often the first that is read in the next turn.
#[derive(Copy, Clone, Debug)]
enum Turn {
    Counter,
    /// By a comparison with a constant on its left.
    ConstantLeft,
    /// By a table with a constant index.
    ConstantIndex,
    /// By a table whose index is the counter.
    Table,
    /// A constant address and a vector lie between what was set and the branch.
    VectorStore,
    /// By a branch that nothing decides.
    Always,
}

const TURNS: [Turn; 6] = [
    Turn::Counter,
    Turn::ConstantLeft,
    Turn::ConstantIndex,
    Turn::Table,
    Turn::VectorStore,
    Turn::Always,
];
const TURNS_TAKEN: i32 = 3;

/// A module for one instruction that the input chooses, and calls of its functions.
pub struct Subject {
    /// Of the instruction.
    pub name: String,
    pub wasm: Vec<u8>,
    pub plan: Plan,
    /// How many steps wasmi can judge: it gets a fused `eqz` and `select` wrong, and chooses other results of relaxed
    /// instructions.
    pub steps_for_wasmi: usize,
}

impl Subject {
    pub fn new(u: &mut Unstructured<'_>) -> Result<Self> {
        // As an index of 16 bits, since there are more rows than a byte tells apart.
        let row = &ROWS[usize::from(u.arbitrary::<u16>()?) % ROWS.len()];
        let (mut types, mut funcs, mut code) =
            (TypeSection::new(), FunctionSection::new(), CodeSection::new());
        let (mut globals, mut exports) = (GlobalSection::new(), ExportSection::new());
        for (index, ty) in (0..).zip(TYPES) {
            types.ty().function([ty], [ty]);
            funcs.function(index);
            let mut identity = Function::new([]);
            identity.instructions().local_get(0).end();
            code.function(&identity);
            globals.global(GlobalType { val_type: ty, mutable: true, shared: false }, &zero(ty));
        }
        let case_type = TYPES.len() as u32;
        types.ty().function(row.params.iter().copied(), row.results.iter().copied());
        let mut plan = Plan::default();
        for case in 0..CASES {
            funcs.function(case_type);
            let conditions =
                if case < CASES_FOR_WASMI { &CONDITIONS[1..] } else { &CONDITIONS[..1] };
            code.function(&function(row, conditions, u)?);
            let name = case.to_string();
            exports.export(&name, ExportKind::Func, case_type + case);
            for _ in 0..CALLS {
                let operand = |index| operand(row, index, u);
                let arguments = (0..row.params.len()).map(operand).collect::<Result<_>>()?;
                plan.calls.push(Call { name: name.clone(), arguments });
            }
        }
        let mut memories = MemorySection::new();
        memories.memory(MEMORY);
        if row.accesses {
            exports.export("memory", ExportKind::Memory, 0);
            plan.memories.push("memory".to_string());
        }
        let mut data = DataSection::new();
        for start in [0, PAGE - PATTERN] {
            let byte = |at: i32| (at * 37 % 251) as u8;
            data.active(0, &ConstExpr::i32_const(start), (0..PATTERN).map(byte));
        }
        let mut module = Module::new();
        module.section(&types).section(&funcs).section(&memories).section(&globals);
        module.section(&exports).section(&code).section(&data);
        let name = row.name();
        let suits_wasmi = !name.contains("Relaxed") && !name.ends_with("Eqz");
        // The first step is the instantiation.
        let steps_for_wasmi = if suits_wasmi { 1 + CASES_FOR_WASMI as usize * CALLS } else { 0 };
        Ok(Self { name, wasm: module.finish(), plan, steps_for_wasmi })
    }
}

/// The bytes of the memory, and those that are not zero at both of its ends.
const PAGE: i32 = 1 << 16;
const PATTERN: i32 = 200;
/// Where places and uses keep values in memory, each in 16 bytes.
const SCRATCH: i32 = 1 << 12;

fn zero(ty: ValType) -> ConstExpr {
    match ty {
        ValType::I32 => ConstExpr::i32_const(0),
        ValType::I64 => ConstExpr::i64_const(0),
        ValType::F32 => ConstExpr::f32_const(0.0.into()),
        ValType::F64 => ConstExpr::f64_const(0.0.into()),
        _ => ConstExpr::v128_const(0),
    }
}

/// A value for an operand; the first one of an access is an address, which is mostly near an end of the memory.
fn operand(row: &Row, index: usize, u: &mut Unstructured<'_>) -> Result<Value> {
    let ty = row.params[index];
    if row.accesses && index == 0 && u.ratio(7, 8)? {
        let edge = *u.choose(&[16, PAGE - 16])?;
        return Ok(Value::I32(edge + u.int_in_range(-16..=17)?));
    }
    edges::value(ty, u)
}

/// The instruction once, with places and a use that the input chooses, and perhaps a loop around it. Its locals are the
/// parameters, one more of the type of each, two for each result, and a counter.
fn function(row: &Row, conditions: &[Use], u: &mut Unstructured<'_>) -> Result<Function> {
    let arity = row.params.len() as u32;
    let spare = row.params.iter().chain(&row.results).chain(&row.results);
    let spare = spare.copied().chain([ValType::I32]);
    let counter = 2 * (arity + row.results.len() as u32);
    let mut function = Function::new_with_locals_types(spare);
    let result = match row.results[..] {
        [ty] => Some((ty, 2 * arity)),
        _ => None,
    };
    let usage = match result {
        Some((ValType::I32, _)) if u.arbitrary()? => *u.choose(conditions)?,
        Some(_) => *u.choose(&USES)?,
        None => Use::Return,
    };
    let turn =
        if row.results.len() < 2 && u.ratio(1, 3)? { Some(*u.choose(&TURNS)?) } else { None };
    let put = &mut function.instructions();
    if turn.is_some() {
        put.block(BlockType::Empty).loop_(BlockType::Empty);
    }
    before(put, usage, result);
    for (index, ty) in (0..).zip(&row.params) {
        let constant = operand(row, index as usize, u)?;
        place(put, *u.choose(&PLACES)?, *ty, (index, arity + index), &constant);
    }
    let instruction = RoundtripReencoder.instruction(row.operator.clone());
    function.instruction(&instruction.expect("a valid instruction"));
    let put = &mut function.instructions();
    if let Some((ty, local)) = result {
        after(put, usage, ty, local);
        canonicalize(put, row, ty, local);
    }
    if let Some(turn) = turn {
        let kept = result.map(|(_, local)| local + 1);
        kept.map(|kept| put.local_set(kept));
        turns(put, turn, row.params.first().copied(), counter);
        put.end().end();
        kept.map(|kept| put.local_get(kept));
    }
    put.end();
    Ok(function)
}

/// Brings the value of a parameter, or a constant, to the stack; `spare` is a local of the same type.
fn place(
    put: &mut InstructionSink<'_>,
    place: Place,
    ty: ValType,
    (local, spare): (u32, u32),
    constant: &Value,
) {
    let index = position(ty);
    match place {
        Place::Constant => edges::constant(put, constant),
        Place::Local => drop(put.local_get(local)),
        Place::Computed => computed(put, ty, local),
        Place::Tee => {
            computed(put, ty, local);
            put.local_tee(spare);
        }
        Place::Set => {
            computed(put, ty, local);
            put.local_set(spare).local_get(spare);
        }
        Place::Overtaken => {
            put.local_get(local);
            edges::constant(put, constant);
            put.local_set(local);
        }
        Place::Global => drop(put.local_get(local).global_set(index).global_get(index)),
        Place::Memory => {
            let address = SCRATCH + 16 * local as i32;
            put.i32_const(address).local_get(local);
            store(put, ty);
            put.i32_const(address);
            load(put, ty);
        }
        Place::Block => {
            put.block(BlockType::Result(ty));
            computed(put, ty, local);
            put.end();
        }
        Place::Called => drop(put.local_get(local).call(index)),
    }
}

/// The value of a local, as the result of an instruction.
fn computed(put: &mut InstructionSink<'_>, ty: ValType, local: u32) {
    put.local_get(local).local_get(local);
    join(put, ty);
}

/// An instruction whose result is its two operands, which are the same.
fn join(put: &mut InstructionSink<'_>, ty: ValType) {
    match ty {
        ValType::I32 => put.i32_and(),
        ValType::I64 => put.i64_or(),
        ValType::F32 => put.f32_copysign(),
        ValType::F64 => put.f64_copysign(),
        _ => put.v128_and(),
    };
}

/// The position of a type in [`TYPES`], which is that of its identity function and of its global.
fn position(ty: ValType) -> u32 {
    TYPES.iter().position(|it| *it == ty).expect("one of the types") as u32
}

const PLAIN: MemArg =
    MemArg { offset: 0, align: 0, target: MemArgTarget::Memory(0), ordering: None };

fn store(put: &mut InstructionSink<'_>, ty: ValType) {
    match ty {
        ValType::I32 => put.i32_store(PLAIN),
        ValType::I64 => put.i64_store(PLAIN),
        ValType::F32 => put.f32_store(PLAIN),
        ValType::F64 => put.f64_store(PLAIN),
        _ => put.v128_store(PLAIN),
    };
}

fn load(put: &mut InstructionSink<'_>, ty: ValType) {
    match ty {
        ValType::I32 => put.i32_load(PLAIN),
        ValType::I64 => put.i64_load(PLAIN),
        ValType::F32 => put.f32_load(PLAIN),
        ValType::F64 => put.f64_load(PLAIN),
        _ => put.v128_load(PLAIN),
    };
}

/// What stands at the end of a loop in a block.
fn turns(put: &mut InstructionSink<'_>, turn: Turn, operand: Option<ValType>, counter: u32) {
    put.local_get(counter).i32_const(1).i32_add().local_set(counter);
    put.local_get(counter).i32_const(TURNS_TAKEN).i32_ge_u().br_if(1);
    if let Some(ty) = operand {
        computed(put, ty, 0);
        put.local_set(0);
    }
    match turn {
        Turn::Counter => put.local_get(counter).i32_const(TURNS_TAKEN).i32_lt_u().br_if(0),
        Turn::ConstantLeft => put.i32_const(TURNS_TAKEN).local_get(counter).i32_gt_s().br_if(0),
        Turn::ConstantIndex => put.i32_const(1).br_table([1, 0], 1),
        Turn::Table => put.local_get(counter).br_table([1, 0], 0),
        Turn::VectorStore => {
            put.i32_const(SCRATCH - 32).v128_const(7).v128_store(PLAIN);
            put.br(0)
        }
        Turn::Always => put.br(0),
    };
}

/// What stands in front of the operands.
fn before(put: &mut InstructionSink<'_>, usage: Use, result: Option<(ValType, u32)>) {
    match usage {
        Use::Memory => drop(put.i32_const(SCRATCH - 16)),
        Use::Branch => {
            let (ty, _) = result.expect("a result to be used");
            put.block(BlockType::Result(ty));
        }
        Use::BrIf | Use::BrIfNot => {
            put.block(BlockType::Result(ValType::I32)).i32_const(7);
        }
        Use::Select | Use::SelectNot => drop(put.i32_const(3).i32_const(4)),
        Use::BrTable => {
            put.block(BlockType::Empty).block(BlockType::Empty).block(BlockType::Empty);
        }
        Use::Return | Use::Local | Use::Tee | Use::Twice | Use::Global | Use::Call => {}
        Use::If | Use::IfNot => {}
    }
}

/// What stands behind the instruction; leaves a value that tells of the result.
fn after(put: &mut InstructionSink<'_>, usage: Use, ty: ValType, local: u32) {
    match usage {
        Use::Return => {}
        Use::Local => drop(put.local_set(local).local_get(local)),
        Use::Tee => drop(put.local_tee(local).drop().local_get(local)),
        Use::Twice => {
            put.local_tee(local).local_get(local);
            join(put, ty);
        }
        Use::Global => drop(put.global_set(position(ty)).global_get(position(ty))),
        Use::Memory => {
            store(put, ty);
            put.i32_const(SCRATCH - 16);
            load(put, ty);
        }
        Use::Branch => drop(put.br(0).end()),
        Use::Call => drop(put.call(position(ty))),
        Use::If => either(put),
        Use::IfNot => either(put.i32_eqz()),
        Use::BrIf => drop(put.br_if(0).drop().i32_const(9).end()),
        Use::BrIfNot => drop(put.i32_eqz().br_if(0).drop().i32_const(9).end()),
        Use::Select => drop(put.select()),
        Use::SelectNot => drop(put.i32_eqz().select()),
        Use::BrTable => {
            put.br_table([0, 1], 2).end().i32_const(10).return_();
            put.end().i32_const(11).return_().end().i32_const(12);
        }
    }
}

fn either(put: &mut InstructionSink<'_>) {
    put.if_(BlockType::Result(ValType::I32)).i32_const(5).else_().i32_const(6).end();
}

/// Makes each NaN among the lanes of a computed result the canonical one: engines may choose among NaNs.
fn canonicalize(put: &mut InstructionSink<'_>, row: &Row, ty: ValType, local: u32) {
    let name = row.name();
    if ["Load", "Select", "Reinterpret", "Abs", "Neg", "Copysign", "Splat", "Lane"]
        .iter()
        .any(|exact| name.contains(exact))
    {
        return;
    }
    let f32x4 = i128::from(f32::NAN.to_bits()) * 0x1_0000_0001_0000_0001_0000_0001;
    let f64x2 = i128::from(f64::NAN.to_bits()) * 0x1_0000_0000_0000_0001;
    match ty {
        ValType::F32 => {
            put.local_tee(local).f32_const(f32::NAN.into()).local_get(local).local_get(local);
            put.f32_eq().select();
        }
        ValType::F64 => {
            put.local_tee(local).f64_const(f64::NAN.into()).local_get(local).local_get(local);
            put.f64_eq().select();
        }
        ValType::V128 if name.starts_with("F32x4") => {
            put.local_tee(local).v128_const(f32x4).local_get(local).local_get(local);
            put.f32x4_eq().v128_bitselect();
        }
        ValType::V128 if name.starts_with("F64x2") => {
            put.local_tee(local).v128_const(f64x2).local_get(local).local_get(local);
            put.f64x2_eq().v128_bitselect();
        }
        _ => {}
    }
}
