//! From the body of a function to bytecode.
//!
//! Two linear walks: one over the WebAssembly instructions, which resolves the operand stack to
//! slots and constants and gives a list of instructions (`ir`); one over that list, which decides
//! what lives in accumulators and immediates and picks shapes (`select`), after which the cells are
//! written (`cells`). The body has been validated. This module knows nothing of handlers or of stores.

mod accumulators;
mod branches;
mod calls;
mod carry;
mod cells;
mod cut;
mod exceptions;
mod facts;
mod forms;
mod frames;
mod ir;
mod kinds;
mod locals;
mod objects;
mod operators;
mod placed;
mod reader;
mod references;
mod room;
mod select;
mod stack;
mod switches;
mod visit;

use core::ops::Range;

use wasmparser::{BinaryReader, FunctionBody};

use crate::buffer::{Buffer, NoMemory};
use crate::code::encode::Code;
use crate::code::handlers::Handlers;
use crate::code::{Op, Opcode};
use crate::error::Error;
use crate::execute::ENTER_MARGIN_BYTES;
use crate::module::ModuleInner;
use crate::types::ValType;
use crate::types::index::FuncIdx;

use carry::Turn;
use cells::{Cells, Unencodable};
use exceptions::Tries;
use frames::Frame;
use ir::{Const, Inst, Kind, Label, Node, Operand};
use locals::Locals;
use reader::{Catches, Operators};
use select::Selector;
use stack::OperandStack;
use switches::Switches;

/// A frame with more slots of locals than this keeps its scratch slots before the locals, so that
/// they are within reach of 16-bit fields.
const NEAR_LOCALS_MAX: u32 = 4096;

/// How many bytes of a body make a node, by a rough guess.
const NODE_BYTES: usize = 4;

/// Translates functions; keeps its buffers from one to the next.
#[derive(Default)]
pub(crate) struct Translator {
    list: List,
    stack: OperandStack,
    frames: Buffer<Frame>,
    locals: Locals,
    selector: Selector,
    cells: Cells,
    code: Code,
}

/// Where the instructions of a function came from: positions of operands in its code, in order, and
/// byte offsets in the module.
#[derive(Default)]
pub(crate) struct SourceMap(Buffer<(u32, u32)>);

impl SourceMap {
    /// The byte offset of the instruction that has the word at `position` of the code.
    pub(crate) fn at(&self, position: u32) -> Option<usize> {
        let after = self.0.partition_point(|(start, _)| *start <= position);
        Some(self.0[after.checked_sub(1)?].1 as usize)
    }
}

/// The instruction list of a function and what it refers to.
#[derive(Default)]
pub(crate) struct List {
    nodes: Buffer<Node>,
    consts: Buffer<Const>,
    /// The operands of vector constants and shuffles.
    wide: Buffer<[u32; 4]>,
    /// The targets of branch tables.
    targets: Buffer<Label>,
    labels: u32,
    tries: Tries,
    /// Where the function starts again when it calls itself last; it is placed before all but the entry.
    start: Option<Label>,
    /// The branches to starts of loops, in order.
    turns: Buffer<Turn>,
    switches: Switches,
}

impl List {
    fn clear(&mut self) {
        self.nodes.clear();
        self.consts.clear();
        self.wide.clear();
        self.targets.clear();
        self.labels = 0;
        self.tries.clear();
        self.start = None;
        self.turns.clear();
    }

    /// About how many bytes the buffers take.
    fn buffer_bytes(&self) -> usize {
        self.nodes.bytes()
            + self.consts.bytes()
            + self.wide.bytes()
            + self.targets.bytes()
            + self.tries.buffer_bytes()
            + self.turns.bytes()
            + self.switches.buffer_bytes()
    }

    /// The node with a number, if it is an instruction.
    #[inline]
    fn inst(&self, node: u32) -> Option<&Inst> {
        match self.nodes.get(node as usize) {
            Some(Node::Inst(inst)) => Some(inst),
            _ => None,
        }
    }

    /// Takes back the last instruction.
    fn pop(&mut self) {
        self.nodes.pop();
        self.tries.truncate(self.nodes.len());
    }

    /// A new label.
    fn label(&mut self) -> Label {
        self.labels += 1;
        Label(self.labels - 1)
    }
}

/// What the second walk knows of the frame.
#[derive(Clone, Copy)]
struct FrameSlots {
    /// The first scratch slot.
    scratch: u32,
    /// One more than the highest slot that is used.
    end: u32,
}

impl Translator {
    /// Translates defined function number `defined` of `module` to cells with labels by `label`.
    ///
    /// # Errors
    ///
    /// If the function is larger than branches can reach, or there is no memory for its translation. Then
    /// the translator must not be used again.
    pub(crate) fn translate(
        &mut self,
        module: &ModuleInner,
        defined: usize,
        label: fn(Opcode) -> u32,
        sources: Option<&mut SourceMap>,
    ) -> Result<&[u32], Error> {
        let span = module.bodies[defined];
        let reader = BinaryReader::new_features(
            span.bytes(&module.bytes),
            u64::from(span.start),
            module.engine.config().features(),
        );
        let body = FunctionBody::new(reader);
        let mut slots = self.walk(module, defined, &body, false)?;
        if slots.scratch > Selector::SCRATCH_MAX {
            // So deep an operand stack is rare enough to be translated twice.
            slots = self.walk(module, defined, &body, true)?;
        }
        if slots.end >= Operand::END {
            return Err(Error::validation("function too large", span.start as usize));
        }
        let accumulators = module.engine.config().uses_accumulators();
        self.selector.select(&self.list, slots, accumulators)?;
        let placed = self.selector.placed();
        let written = self.cells.write(placed, &self.list, label, &mut self.code, sources);
        written.map_err(|reason| match reason {
            Unencodable::TooLarge => Error::validation("function too large", span.start as usize),
            Unencodable::NoMemory => NoMemory.into(),
        })?;
        Ok(&self.code)
    }

    /// The code of the function that was translated last.
    pub(crate) fn code(&self) -> &[u32] {
        &self.code
    }

    /// The exception handlers of the function that was translated last, if it has any.
    pub(crate) fn handlers(&self) -> Result<Option<Handlers>, NoMemory> {
        self.cells.handlers(&self.list.tries)
    }

    /// About how many bytes the buffers take.
    pub(crate) fn buffer_bytes(&self) -> usize {
        self.list.buffer_bytes()
            + self.stack.buffer_bytes()
            + self.frames.bytes()
            + self.locals.buffer_bytes()
            + self.selector.buffer_bytes()
            + self.cells.buffer_bytes()
            + self.code.bytes()
    }

    /// Makes the list of instructions; returns where the frame has its scratch slots. They follow parameters
    /// and results if `scratch_first` or if there are many locals, otherwise everything else.
    fn walk<'a>(
        &'a mut self,
        module: &'a ModuleInner,
        defined: usize,
        body: &FunctionBody<'a>,
        scratch_first: bool,
    ) -> Result<FrameSlots, Error> {
        let body_bytes = module.bodies[defined].range().len();
        self.list.clear();
        self.list.nodes.make_room(body_bytes / NODE_BYTES)?;
        self.list.switches.reset(body_bytes);
        self.frames.clear();
        self.locals.clear();
        let mut walk = Walk::new(self, module, defined);
        walk.locals(body, scratch_first)?;
        walk.run(body)
    }
}

/// The walk over a function body.
struct Walk<'a> {
    module: &'a ModuleInner,
    list: &'a mut List,
    stack: &'a mut OperandStack,
    frames: &'a mut Buffer<Frame>,
    locals: &'a mut Locals,
    func: FuncIdx,
    /// The byte offset of the instruction being translated.
    offset: u32,
    /// Whether the instruction being translated can be reached.
    reachable: bool,
    /// Whether it can, and no fuel is charged: so it mostly is.
    is_free: bool,
    /// How many unreachable blocks are open inside the innermost frame.
    skipped: u32,
    /// The node that charges the fuel of the current block.
    fuel: Option<usize>,
    /// The clauses of the `try_table` that was read last.
    catches: Option<Catches<'a>>,
    /// The scratch slots, where they must be placed before the locals.
    scratch: Option<u32>,
    param_slots: u32,
    /// The slots that are cleared at the function's entry.
    cleared: Range<u32>,
}

impl<'a> Walk<'a> {
    fn new(buffers: &'a mut Translator, module: &'a ModuleInner, defined: usize) -> Self {
        let offset = module.bodies[defined].start;
        let defined = u32::try_from(defined).expect("validated count");
        Walk {
            module,
            list: &mut buffers.list,
            stack: &mut buffers.stack,
            frames: &mut buffers.frames,
            locals: &mut buffers.locals,
            func: FuncIdx(module.imported_funcs + defined),
            offset,
            reachable: true,
            is_free: !module.engine.config().consumes_fuel(),
            skipped: 0,
            fuel: None,
            catches: None,
            scratch: None,
            param_slots: 0,
            cleared: 0..0,
        }
    }

    /// The type of the function.
    fn signature(&self) -> &'a crate::FuncType {
        self.module.signature(self.module.funcs[self.func.index()])
    }

    /// Gives slots to parameters and locals, and emits the function's entry.
    fn locals(&mut self, body: &FunctionBody<'_>, scratch_first: bool) -> Result<(), Error> {
        let mut slot = 0;
        for ty in self.signature().params() {
            let kind = Kind::of(*ty);
            self.locals.add_param(kind, slot)?;
            slot += kind.slots();
        }
        self.param_slots = slot;
        let params = self.locals.runs();
        for group in body.get_locals_reader().map_err(Error::parse)? {
            let (count, ty) = group.map_err(Error::parse)?;
            if count > 0 {
                let kind = kind_of(ty);
                self.locals.add(kind, count, slot)?;
                slot += count * kind.slots();
            }
        }
        if scratch_first || slot > NEAR_LOCALS_MAX {
            // Results go to the start of the frame, one by one, and may come from scratch slots.
            let scratch = self.param_slots.max(slots_of(self.signature().results()));
            self.scratch = Some(scratch);
            let moved = scratch + Selector::SCRATCH_SLOTS - self.param_slots;
            self.locals.shift(params, moved);
            slot += moved;
        }
        self.locals.settle()?;
        let first = self.locals.run_slot(params).unwrap_or(slot);
        let zeros = slot - first;
        self.cleared = first..slot;
        let (op, cleared) = match zeros {
            0 => (Op::Enter0, 0),
            1 => (Op::Enter1, 1),
            2 => (Op::Enter2, 2),
            3..=4 => (Op::Enter4, 4),
            5..=8 => (Op::Enter8, 8),
            _ => (Op::EnterMany, zeros),
        };
        self.stack.reset(slot);
        self.stack.reserve(first + cleared);
        self.make_room_at_start()?;
        // The frame's size is set when it is known.
        self.emit_words(op, [0, first * 8, zeros, 0]);
        Ok(())
    }

    /// Walks over all instructions; returns where the frame has its scratch slots.
    fn run(mut self, body: &FunctionBody<'a>) -> Result<FrameSlots, Error> {
        self.push_function_frame();
        self.list.nodes.push(Node::Start);
        self.start_fuel();
        let mut operators = Operators::new(body).map_err(Error::parse)?;
        while !operators.eof() {
            self.make_room_for_stretch()?;
            operators.visit_stretch(&mut self)?;
        }
        let mut end = self.stack.end_slot();
        let scratch = self.scratch.unwrap_or(end);
        end = end.max(scratch + Selector::SCRATCH_SLOTS);
        let Some(Node::Inst(enter)) = self.list.nodes.first_mut() else {
            unreachable!("the first node is the function's entry")
        };
        enter.words[0] = end.saturating_mul(8).saturating_add(ENTER_MARGIN_BYTES);
        Ok(FrameSlots { scratch, end })
    }

    /// Says whether what follows can be reached.
    fn set_reachable(&mut self, reachable: bool) {
        self.reachable = reachable;
        self.is_free = reachable && self.fuel.is_none();
    }

    /// Whether the instruction being translated can be reached. If so, and if fuel is charged, adds it to that
    /// of its block.
    #[inline(always)]
    fn reaches(&mut self) -> bool {
        self.is_free || self.charge_if_reached()
    }

    #[cold]
    #[inline(never)]
    fn charge_if_reached(&mut self) -> bool {
        if self.reachable {
            self.charge();
        }
        self.reachable
    }

    /// Begins a block for which fuel is charged at once.
    fn start_fuel(&mut self) {
        if self.module.engine.config().consumes_fuel() {
            self.fuel = Some(self.list.nodes.len());
            self.emit_words(Op::ConsumeFuel, [0; 4]);
        }
    }

    /// Adds the instruction being translated to the fuel of its block.
    fn charge(&mut self) {
        if let Some(Node::Inst(fuel)) = self.fuel.and_then(|node| self.list.nodes.get_mut(node)) {
            fuel.words[0] = fuel.words[0].saturating_add(1);
        }
    }

    /// An instruction without operands.
    #[inline]
    fn inst(&self, op: Op) -> Inst {
        Inst {
            op,
            keep: false,
            flush: false,
            result: None,
            d: Operand::NONE,
            x: Operand::NONE,
            y: Operand::NONE,
            z: Operand::NONE,
            words: [0; 4],
            offset: self.offset,
        }
    }

    #[inline]
    fn emit(&mut self, inst: Inst) {
        self.list.nodes.push(Node::Inst(inst));
    }

    fn emit_words(&mut self, op: Op, words: [u32; 4]) {
        self.emit(Inst { words, ..self.inst(op) });
    }

    /// Emits a copy of a value.
    #[inline(never)]
    fn emit_copy(&mut self, kind: Kind, d: Operand, x: Operand, keep: bool) {
        let op = match kind {
            Kind::I32 | Kind::I64 | Kind::Ref => Op::Copy,
            Kind::F32 => Op::CopyF32,
            Kind::F64 => Op::CopyF64,
            Kind::V128 => Op::CopyV128,
        };
        self.emit(Inst { d, x, keep, ..self.inst(op) });
    }

    fn place(&mut self, label: Label) {
        self.list.nodes.push(Node::Label(label));
    }

    /// Pushes a constant.
    #[inline(always)]
    fn push_const(&mut self, kind: Kind, bits: u64) {
        let position = self.list.consts.len() as u32;
        self.list.consts.push(Const { kind, bits });
        self.stack.push_const(kind, position);
    }

    /// The last node, if it is an instruction whose destination is `value`, a temporary.
    #[inline(always)]
    fn last_def(&mut self, value: Operand) -> Option<&mut Inst> {
        match self.list.nodes.last_mut() {
            Some(Node::Inst(inst)) if inst.d == value && value.is_temp() => Some(inst),
            _ => None,
        }
    }

    /// Puts a popped value into `d`: the instruction that made it writes there at once if it was
    /// the last one.
    #[inline(always)]
    fn put(&mut self, kind: Kind, d: Operand, value: Operand) {
        if d == value {
            return;
        }
        match self.last_def(value) {
            Some(inst) => inst.d = d,
            None => self.emit_copy(kind, d, value, false),
        }
    }

    /// Copies every entry that refers to a local: where control flow splits or joins, locals may
    /// change on one way and not on the other.
    fn spill(&mut self) {
        while let Some(entry) = self.stack.spill_next() {
            self.emit_copy(entry.kind, Operand::temp(entry.slot), entry.value, false);
        }
    }

    /// Brings the topmost `count` entries to their own slots.
    fn settle(&mut self, count: usize) {
        let len = self.stack.len();
        let first = (len - count).max(self.stack.first_unsettled().min(len));
        for at in (first..len).rev() {
            self.settle_at(at);
        }
    }

    /// Brings all entries of the innermost frame to their own slots. What is below it must be left
    /// alone: this code may be passed by on the way to where that is read.
    fn settle_all(&mut self) {
        let height = self.frames.last().map_or(0, |frame| frame.height);
        self.settle(self.stack.len() - height);
        self.stack.mark_settled();
    }

    fn settle_at(&mut self, at: usize) {
        let Some(entry) = self.stack.settle(at) else {
            return;
        };
        let d = Operand::temp(entry.slot);
        if entry.value.is_const() {
            self.emit_const(d, entry.value);
        } else {
            self.emit_copy(entry.kind, d, entry.value, false);
        }
    }

    /// Puts a constant into `d`: as bits, whatever its type.
    fn emit_const(&mut self, d: Operand, value: Operand) {
        self.emit_copy(Kind::I64, d, value, false);
    }
}

/// The kind of values of a type of the parser.
fn kind_of(ty: wasmparser::ValType) -> Kind {
    match ty {
        wasmparser::ValType::I32 => Kind::I32,
        wasmparser::ValType::I64 => Kind::I64,
        wasmparser::ValType::F32 => Kind::F32,
        wasmparser::ValType::F64 => Kind::F64,
        wasmparser::ValType::V128 => Kind::V128,
        wasmparser::ValType::Ref(_) => Kind::Ref,
    }
}

/// The slots that values of `types` take.
fn slots_of(types: &[ValType]) -> u32 {
    types.iter().map(|ty| Kind::of(*ty).slots()).sum()
}
