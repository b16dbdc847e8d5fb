//! Accesses to memory around its end and around what addresses can say, and what they must do by a model.
//!
//! The model is a `Vec<u8>` and 128-bit arithmetic, which can't wrap: it shares nothing with any engine.

use crate::edges;
use crate::host::Host;
use crate::observe::{Outcome, State, Step, Stop, fingerprint};
use crate::plan::{Call, Plan};
use crate::value::Value;
use arbitrary::{Result, Unstructured};
use wasm_encoder::{
    CodeSection, DataCountSection, DataSection, Encode, ExportKind, ExportSection, Function,
    FunctionSection, InstructionSink, MemArg, MemArgTarget, MemorySection, MemoryType, Module,
    TypeSection, ValType,
};

/// How many functions a module has, how many accesses each makes at most, and how often each is called.
const FUNCS: u32 = 6;
const ACCESSES_MAX: usize = 3;
const CALLS: usize = 6;

/// The bytes of the data segment, which is passive.
const SEGMENT: [u8; 40] = [0x5a; 40];

/// A memory as the module declares it.
#[derive(Copy, Clone, Debug)]
struct Declaration {
    wide: bool,
    page: u64,
    min: u64,
    max: u64,
}

/// How a value goes between a register and memory.
#[derive(Copy, Clone, Debug)]
struct Transfer {
    /// A byte, or two of which the first is the prefix of vectors.
    opcode: &'static [u8],
    ty: ValType,
    bytes: usize,
    what: What,
}

#[derive(Copy, Clone, Debug)]
enum What {
    Load,
    LoadSigned,
    Store,
    /// Lanes of so many bytes become twice as wide.
    Widen(usize),
    WidenSigned(usize),
    Splat,
    /// Into, or from, this lane.
    LoadLane(u8),
    StoreLane(u8),
}

const fn transfer(opcode: &'static [u8], ty: ValType, bytes: usize, what: What) -> Transfer {
    Transfer { opcode, ty, bytes, what }
}

/// All loads and stores; of lanes one each, not the first.
const TRANSFERS: [Transfer; 45] = [
    transfer(&[0x28], ValType::I32, 4, What::Load),
    transfer(&[0x29], ValType::I64, 8, What::Load),
    transfer(&[0x2a], ValType::F32, 4, What::Load),
    transfer(&[0x2b], ValType::F64, 8, What::Load),
    transfer(&[0x2c], ValType::I32, 1, What::LoadSigned),
    transfer(&[0x2d], ValType::I32, 1, What::Load),
    transfer(&[0x2e], ValType::I32, 2, What::LoadSigned),
    transfer(&[0x2f], ValType::I32, 2, What::Load),
    transfer(&[0x30], ValType::I64, 1, What::LoadSigned),
    transfer(&[0x31], ValType::I64, 1, What::Load),
    transfer(&[0x32], ValType::I64, 2, What::LoadSigned),
    transfer(&[0x33], ValType::I64, 2, What::Load),
    transfer(&[0x34], ValType::I64, 4, What::LoadSigned),
    transfer(&[0x35], ValType::I64, 4, What::Load),
    transfer(&[0x36], ValType::I32, 4, What::Store),
    transfer(&[0x37], ValType::I64, 8, What::Store),
    transfer(&[0x38], ValType::F32, 4, What::Store),
    transfer(&[0x39], ValType::F64, 8, What::Store),
    transfer(&[0x3a], ValType::I32, 1, What::Store),
    transfer(&[0x3b], ValType::I32, 2, What::Store),
    transfer(&[0x3c], ValType::I64, 1, What::Store),
    transfer(&[0x3d], ValType::I64, 2, What::Store),
    transfer(&[0x3e], ValType::I64, 4, What::Store),
    transfer(&[0xfd, 0x00], ValType::V128, 16, What::Load),
    transfer(&[0xfd, 0x01], ValType::V128, 8, What::WidenSigned(1)),
    transfer(&[0xfd, 0x02], ValType::V128, 8, What::Widen(1)),
    transfer(&[0xfd, 0x03], ValType::V128, 8, What::WidenSigned(2)),
    transfer(&[0xfd, 0x04], ValType::V128, 8, What::Widen(2)),
    transfer(&[0xfd, 0x05], ValType::V128, 8, What::WidenSigned(4)),
    transfer(&[0xfd, 0x06], ValType::V128, 8, What::Widen(4)),
    transfer(&[0xfd, 0x07], ValType::V128, 1, What::Splat),
    transfer(&[0xfd, 0x08], ValType::V128, 2, What::Splat),
    transfer(&[0xfd, 0x09], ValType::V128, 4, What::Splat),
    transfer(&[0xfd, 0x0a], ValType::V128, 8, What::Splat),
    transfer(&[0xfd, 0x0b], ValType::V128, 16, What::Store),
    transfer(&[0xfd, 0x5c], ValType::V128, 4, What::Load),
    transfer(&[0xfd, 0x5d], ValType::V128, 8, What::Load),
    transfer(&[0xfd, 0x54], ValType::V128, 1, What::LoadLane(15)),
    transfer(&[0xfd, 0x55], ValType::V128, 2, What::LoadLane(6)),
    transfer(&[0xfd, 0x56], ValType::V128, 4, What::LoadLane(3)),
    transfer(&[0xfd, 0x57], ValType::V128, 8, What::LoadLane(1)),
    transfer(&[0xfd, 0x58], ValType::V128, 1, What::StoreLane(9)),
    transfer(&[0xfd, 0x59], ValType::V128, 2, What::StoreLane(7)),
    transfer(&[0xfd, 0x5a], ValType::V128, 4, What::StoreLane(2)),
    transfer(&[0xfd, 0x5b], ValType::V128, 8, What::StoreLane(1)),
];

/// What one instruction does. All that is not a constant is a parameter of the function, by its position.
#[derive(Copy, Clone, Debug)]
enum Access {
    Transfer { transfer: Transfer, address: Address, offset: u64, value: u128 },
    Fill { start: usize, len: usize, byte: u8 },
    Copy { target: usize, source: usize, len: usize },
    Init { target: usize, source: u32, len: u32 },
    Grow { pages: u64 },
    Size,
}

/// How the address of a load or store comes about; all may wrap around.
#[derive(Copy, Clone, Debug)]
enum Address {
    Param(usize),
    PlusConstant(usize, u64),
    Plus(usize, usize),
    Shifted(usize, u64),
    Constant(u64),
}

/// A function: what it does in turn, in which memory. Loads, growth and size each give a result.
#[derive(Debug)]
struct Func {
    memory: usize,
    accesses: Vec<Access>,
}

const PARAMS: usize = 3;

/// A module, calls of its functions, and what must be seen behind each.
pub struct Subject {
    pub wasm: Vec<u8>,
    pub plan: Plan,
    pub expected: Vec<Step>,
}

impl Subject {
    pub fn new(u: &mut Unstructured<'_>) -> Result<Self> {
        let declarations = (0..2).map(|_| Declaration::new(u)).collect::<Result<Vec<_>>>()?;
        let funcs = (0..FUNCS).map(|_| Func::new(&declarations, u)).collect::<Result<Vec<_>>>()?;
        let mut model = Model::new(&declarations);
        let memories = (0..declarations.len()).map(|memory| format!("m{memory}")).collect();
        let mut plan = Plan { memories, ..Plan::default() };
        let step = |name: String, outcome, state| Step { name, outcome, state };
        let mut expected = vec![step(String::new(), Outcome::Returned(Vec::new()), model.state())];
        for _ in 0..CALLS {
            for (index, func) in funcs.iter().enumerate() {
                let params = model.params(func, u)?;
                let ty = declarations[func.memory].address();
                let arguments = params.iter().map(|it| value(ty, u128::from(*it))).collect();
                plan.calls.push(Call { name: index.to_string(), arguments });
                let outcome = model.call(func, &params);
                expected.push(step(index.to_string(), outcome, model.state()));
            }
        }
        Ok(Self { wasm: module(&declarations, &funcs), plan, expected })
    }
}

impl Declaration {
    fn new(u: &mut Unstructured<'_>) -> Result<Self> {
        let (page, pages_max) = if u.arbitrary()? { (1 << 16, 3) } else { (1, 300) };
        let min = u.int_in_range(0..=pages_max)?;
        Ok(Self { wide: u.arbitrary()?, page, min, max: u.int_in_range(min..=pages_max)? })
    }

    fn address(self) -> ValType {
        if self.wide { ValType::I64 } else { ValType::I32 }
    }

    /// An address as it is in a register.
    fn wrap(self, address: u64) -> u64 {
        if self.wide { address } else { address & 0xffff_ffff }
    }

    fn ty(self) -> MemoryType {
        MemoryType {
            minimum: self.min,
            maximum: Some(self.max),
            memory64: self.wide,
            shared: false,
            page_size_log2: Some(self.page.ilog2()),
        }
    }
}

impl Func {
    fn new(declarations: &[Declaration], u: &mut Unstructured<'_>) -> Result<Self> {
        let memory = u.choose_index(declarations.len())?;
        let declaration = declarations[memory];
        let accesses = (0..u.int_in_range(1..=ACCESSES_MAX)?)
            .map(|_| Access::new(declaration, u))
            .collect::<Result<_>>()?;
        Ok(Self { memory, accesses })
    }

    fn results(&self, address: ValType) -> Vec<ValType> {
        self.accesses.iter().filter_map(|access| access.result(address)).collect()
    }
}

/// A number near one of the edges that addresses have, of a memory or of a register.
fn near_edge(bytes: u64, u: &mut Unstructured<'_>) -> Result<u64> {
    let edges = [0, bytes, bytes, bytes, bytes, bytes, 1 << 16, 1 << 31, 1 << 32, 1 << 33, 1 << 63];
    Ok(u.choose(&edges)?.wrapping_add_signed(u.int_in_range(-20..=4)?))
}

impl Access {
    fn new(declaration: Declaration, u: &mut Unstructured<'_>) -> Result<Self> {
        let bytes = declaration.page * u.int_in_range(declaration.min..=declaration.max)?;
        let mut param = || u.choose_index(PARAMS);
        let [a, b, c] = [param()?, param()?, param()?];
        Ok(match u.int_in_range(0..=15)? {
            0 => Self::Fill { start: a, len: b, byte: u.arbitrary()? },
            1 => Self::Copy { target: a, source: b, len: c },
            2 => {
                let mut number = || u.int_in_range(0..=SEGMENT.len() as u32 + 1);
                Self::Init { target: a, source: number()?, len: number()? }
            }
            3 => Self::Grow { pages: u.int_in_range(0..=2)? },
            4 => Self::Size,
            _ => {
                let offset = match u.int_in_range(0..=3)? {
                    0 => 0,
                    1 => u.int_in_range(0..=40)?,
                    _ => declaration.wrap(near_edge(bytes, u)?),
                };
                let address = match u.int_in_range(0..=5)? {
                    0 => Address::PlusConstant(a, near_edge(bytes, u)?),
                    1 => Address::Plus(a, b),
                    2 => Address::Shifted(a, u.int_in_range(0..=4)?),
                    3 => Address::Constant(near_edge(bytes, u)?.wrapping_sub(offset)),
                    _ => Address::Param(a),
                };
                let transfer = *u.choose(&TRANSFERS)?;
                Self::Transfer { transfer, address, offset, value: u.arbitrary()? }
            }
        })
    }

    fn result(&self, address: ValType) -> Option<ValType> {
        match self {
            Self::Transfer { transfer, .. } => match transfer.what {
                What::Store | What::StoreLane(_) => None,
                _ => Some(transfer.ty),
            },
            Self::Grow { .. } | Self::Size => Some(address),
            Self::Fill { .. } | Self::Copy { .. } | Self::Init { .. } => None,
        }
    }
}

/// A value of which these are the lowest bits.
fn value(ty: ValType, bits: u128) -> Value {
    match ty {
        ValType::I32 => Value::I32(bits as i32),
        ValType::I64 => Value::I64(bits as i64),
        ValType::F32 => Value::F32(bits as u32),
        ValType::F64 => Value::F64(bits as u64),
        _ => Value::V128(bits),
    }
}

fn module(declarations: &[Declaration], funcs: &[Func]) -> Vec<u8> {
    let (mut types, mut indices, mut code) =
        (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    let (mut memories, mut exports) = (MemorySection::new(), ExportSection::new());
    for (index, declaration) in (0..).zip(declarations) {
        memories.memory(declaration.ty());
        exports.export(&format!("m{index}"), ExportKind::Memory, index);
    }
    for (index, func) in (0..).zip(funcs) {
        let address = declarations[func.memory].address();
        types.ty().function([address; PARAMS], func.results(address));
        indices.function(index);
        exports.export(&index.to_string(), ExportKind::Func, index);
        let mut function = Function::new([]);
        for access in &func.accesses {
            put(&mut function, *access, func.memory as u32, address);
        }
        function.instructions().end();
        code.function(&function);
    }
    let mut data = DataSection::new();
    data.passive(SEGMENT);
    let mut module = Module::new();
    module.section(&types).section(&indices).section(&memories).section(&exports);
    module.section(&DataCountSection { count: 1 }).section(&code).section(&data);
    module.finish()
}

/// The instructions of an access.
fn put(function: &mut Function, access: Access, memory: u32, ty: ValType) {
    let sink = &mut function.instructions();
    match access {
        Access::Transfer { transfer, address, offset, value: bits } => {
            put_address(sink, address, ty);
            let mut fields = Vec::new();
            let target = MemArgTarget::Memory(memory);
            MemArg { offset, align: 0, target, ordering: None }.encode(&mut fields);
            match transfer.what {
                What::Store | What::StoreLane(_) => {
                    edges::constant(sink, &value(transfer.ty, bits));
                }
                What::LoadLane(_) => edges::constant(sink, &Value::V128(bits)),
                _ => {}
            }
            if let What::LoadLane(lane) | What::StoreLane(lane) = transfer.what {
                fields.push(lane);
            }
            function.raw(transfer.opcode.iter().copied().chain(fields));
        }
        Access::Fill { start, len, byte } => {
            sink.local_get(start as u32).i32_const(byte.into()).local_get(len as u32);
            sink.memory_fill(memory);
        }
        Access::Copy { target, source, len } => {
            sink.local_get(target as u32).local_get(source as u32).local_get(len as u32);
            sink.memory_copy(memory, memory);
        }
        Access::Init { target, source, len } => {
            sink.local_get(target as u32).i32_const(source.cast_signed());
            sink.i32_const(len.cast_signed()).memory_init(memory, 0);
        }
        Access::Grow { pages } => {
            edges::constant(sink, &value(ty, pages.into()));
            sink.memory_grow(memory);
        }
        Access::Size => drop(sink.memory_size(memory)),
    }
}

fn put_address(sink: &mut InstructionSink<'_>, address: Address, ty: ValType) {
    let wide = ty == ValType::I64;
    let (base, second) = match address {
        Address::Constant(constant) => {
            return edges::constant(sink, &value(ty, constant.into()));
        }
        Address::Param(base) => {
            sink.local_get(base as u32);
            return;
        }
        Address::Plus(base, other) => (base, Err(other)),
        Address::PlusConstant(base, number) | Address::Shifted(base, number) => (base, Ok(number)),
    };
    sink.local_get(base as u32);
    match second {
        Ok(constant) => edges::constant(sink, &value(ty, constant.into())),
        Err(local) => drop(sink.local_get(local as u32)),
    }
    match address {
        Address::Shifted(..) if wide => sink.i64_shl(),
        Address::Shifted(..) => sink.i32_shl(),
        _ if wide => sink.i64_add(),
        _ => sink.i32_add(),
    };
}

/// The memories as they must be.
struct Model {
    memories: Vec<(Declaration, Vec<u8>)>,
}

/// An access that is out of bounds.
struct OutOfBounds;

impl Model {
    fn new(declarations: &[Declaration]) -> Self {
        let zeros = |it: &Declaration| vec![0; (it.min * it.page) as usize];
        Self { memories: declarations.iter().map(|it| (*it, zeros(it))).collect() }
    }

    fn state(&self) -> State {
        let size = |(declaration, bytes): &(Declaration, Vec<u8>)| {
            (bytes.len() as u64 / declaration.page, fingerprint(bytes))
        };
        let memories = self.memories.iter().map(size).collect();
        State { memories, trace: Host::default().trace(), ..State::default() }
    }

    /// Parameters for a call of `func`: mostly such that one of its accesses is near an edge, or lengths.
    fn params(&self, func: &Func, u: &mut Unstructured<'_>) -> Result<[u64; PARAMS]> {
        let (declaration, bytes) = &self.memories[func.memory];
        let mut params = [0; PARAMS];
        for param in &mut params {
            let edge = near_edge(bytes.len() as u64, u)?;
            let number = match u.choose(&func.accesses)? {
                Access::Transfer {
                    address: Address::PlusConstant(_, constant), offset, ..
                } => edge.wrapping_sub(*constant).wrapping_sub(*offset),
                Access::Transfer { address: Address::Shifted(_, count), offset, .. } => {
                    edge.wrapping_sub(*offset) >> count
                }
                Access::Transfer { offset, .. } => edge.wrapping_sub(*offset),
                _ if u.arbitrary()? => u.int_in_range(0..=40)?,
                _ => edge,
            };
            *param = declaration.wrap(number);
        }
        Ok(params)
    }

    fn call(&mut self, func: &Func, params: &[u64; PARAMS]) -> Outcome {
        let mut results = Vec::new();
        for access in &func.accesses {
            match self.access(func.memory, *access, params) {
                Ok(result) => results.extend(result),
                Err(OutOfBounds) => return Outcome::Stopped(Stop::MemoryOutOfBounds),
            }
        }
        Outcome::Returned(results)
    }

    fn access(
        &mut self,
        memory: usize,
        access: Access,
        params: &[u64; PARAMS],
    ) -> std::result::Result<Option<Value>, OutOfBounds> {
        let (declaration, bytes) = &mut self.memories[memory];
        let range = |bytes: &[u8], start: u64, len: u64| {
            let end = u128::from(start) + u128::from(len);
            let fits = end <= bytes.len() as u128;
            if fits { Ok(start as usize..end as usize) } else { Err(OutOfBounds) }
        };
        match access {
            Access::Transfer { transfer, address, offset, value: bits } => {
                let base = declaration.wrap(match address {
                    Address::Param(base) => params[base],
                    Address::PlusConstant(base, constant) => params[base].wrapping_add(constant),
                    Address::Plus(base, other) => params[base].wrapping_add(params[other]),
                    Address::Shifted(base, count) => params[base] << count,
                    Address::Constant(constant) => constant,
                });
                let start = u128::from(base) + u128::from(offset);
                let start = u64::try_from(start).map_err(|_| OutOfBounds)?;
                let range = range(bytes, start, transfer.bytes as u64)?;
                let loaded = transfer.carry_out(&mut bytes[range], bits);
                return Ok(loaded.map(|bits| value(transfer.ty, bits)));
            }
            Access::Fill { start, len, byte } => {
                let range = range(bytes, params[start], params[len])?;
                bytes[range].fill(byte);
            }
            Access::Copy { target, source, len } => {
                let source = range(bytes, params[source], params[len])?;
                let target = range(bytes, params[target], params[len])?;
                bytes.copy_within(source, target.start);
            }
            Access::Init { target, source, len } => {
                let source = range(&SEGMENT, source.into(), len.into())?;
                let target = range(bytes, params[target], len.into())?;
                bytes[target].copy_from_slice(&SEGMENT[source]);
            }
            Access::Grow { pages } => {
                let before = bytes.len() as u64 / declaration.page;
                if before + pages > declaration.max {
                    return Ok(Some(value(declaration.address(), u128::MAX)));
                }
                bytes.resize(((before + pages) * declaration.page) as usize, 0);
                return Ok(Some(value(declaration.address(), before.into())));
            }
            Access::Size => {
                let pages = bytes.len() as u64 / declaration.page;
                return Ok(Some(value(declaration.address(), pages.into())));
            }
        }
        Ok(None)
    }
}

impl Transfer {
    /// Loads from or stores to `bytes`, which are those of the access; gives the bits of what was loaded.
    fn carry_out(&self, bytes: &mut [u8], value: u128) -> Option<u128> {
        let number = |bytes: &[u8]| {
            bytes.iter().rev().fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte))
        };
        let extended = |bytes: &[u8]| {
            let unused = 128 - 8 * bytes.len();
            ((number(bytes) << unused).cast_signed() >> unused).cast_unsigned()
        };
        let widened = |size: usize, number: &dyn Fn(&[u8]) -> u128| {
            let mask = (1 << (16 * size)) - 1;
            let lanes = bytes.chunks(size).rev();
            lanes.fold(0, |sum, lane| sum << (16 * size) | number(lane) & mask)
        };
        Some(match self.what {
            What::Load => number(bytes),
            What::LoadSigned => extended(bytes),
            What::Widen(size) => widened(size, &number),
            What::WidenSigned(size) => widened(size, &extended),
            What::Splat => number(&bytes.repeat(16 / bytes.len())),
            What::LoadLane(lane) => {
                let mut vector = value.to_le_bytes();
                vector[usize::from(lane) * bytes.len()..][..bytes.len()].copy_from_slice(bytes);
                number(&vector)
            }
            What::Store => {
                bytes.copy_from_slice(&value.to_le_bytes()[..bytes.len()]);
                return None;
            }
            What::StoreLane(lane) => {
                let vector = value.to_le_bytes();
                bytes.copy_from_slice(&vector[usize::from(lane) * bytes.len()..][..bytes.len()]);
                return None;
            }
        })
    }
}
