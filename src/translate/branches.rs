//! Branches: conditions, the moves a branch needs, tables, and returns.

use wasmparser::BrTable;

use crate::code::Op;

use super::Walk;
use super::frames::{Frame, FrameKind};
use super::ir::{Const, Inst, Kind, Label, Operand, Source};
use super::kinds::Kinds;
use super::stack::Entry;

/// From this many values on, a branch moves them by one instruction, so that many branches with
/// many values stay linear.
pub(super) const SPAN_VALUES_MIN: usize = 8;

/// A condition: branches if `op x, y`.
#[derive(Clone, Copy)]
pub(super) struct Condition {
    op: Op,
    x: Operand,
    y: Operand,
    /// The sources stay on the operand stack.
    keep: bool,
}

impl Condition {
    /// The opposite.
    pub(super) fn negated(self) -> Self {
        let op = self.op.negated().expect("every conditional branch has a negation");
        Self { op, ..self }
    }
}

impl Walk<'_> {
    /// The position of an i32 constant.
    pub(super) fn const_i32(&mut self, value: i32) -> Operand {
        let bits = u64::from(value.cast_unsigned());
        self.list.consts.push(Const { kind: Kind::I32, bits });
        Operand::constant(self.list.consts.len() as u32 - 1)
    }

    fn is_zero(&self, operand: Operand) -> bool {
        match operand.source() {
            Source::Const(position) => self.list.consts[position as usize].bits == 0,
            _ => false,
        }
    }

    /// Pops the condition of a branch. A comparison that was just made becomes part of the branch.
    pub(super) fn pop_condition(&mut self) -> Condition {
        let value = self.stack.pop().value;
        // The last instruction may have made an i64 of which the condition is the lower half.
        if let Some(&mut Inst { op, x, y, .. }) = self.last_def(value)
            && Kinds::of(op).d == Kind::I32
            && let Some(branch) = op.branch()
        {
            self.list.pop();
            let condition = Condition { op: branch, x, y, keep: false };
            return self.test_of_bits(condition).unwrap_or(condition);
        }
        let y = self.const_i32(0);
        Condition { op: Op::BrIfI32Ne, x: value, y, keep: false }
    }

    /// A comparison of a condition with zero, `(a and b) == 0` say, as one condition.
    fn test_of_bits(&mut self, condition: Condition) -> Option<Condition> {
        let (zero, wide) = match condition.op {
            Op::BrIfI32Eq => (true, false),
            Op::BrIfI32Ne => (false, false),
            Op::BrIfI64Eq => (true, true),
            Op::BrIfI64Ne => (false, true),
            _ => return None,
        };
        if !self.is_zero(condition.y) {
            return None;
        }
        let Inst { op, x, y, .. } = *self.last_def(condition.x)?;
        let test = op.branch().filter(|_| (op == Op::I64And) == wide)?;
        self.list.pop();
        Some(Condition { op: if zero { test.negated()? } else { test }, x, y, keep: false })
    }

    fn emit_branch(&mut self, condition: Condition, label: Label, flush: bool) {
        let Condition { op, x, y, keep } = condition;
        self.emit(Inst { x, y, words: [label.0, 0, 0, 0], keep, flush, ..self.inst(op) });
    }

    /// Branches to `label` unless the condition holds.
    pub(super) fn emit_branch_unless(&mut self, condition: Condition, label: Label, flush: bool) {
        self.emit_branch(condition.negated(), label, flush);
    }

    /// The frame that a branch with this depth leads to, as an index.
    pub(super) fn frame_at(&self, depth: u32) -> usize {
        self.frames.len() - 1 - depth as usize
    }

    /// Whether a branch to the frame must move values, and how many it carries.
    fn branch_moves(&mut self, frame: &Frame) -> (bool, usize) {
        let count = self.branch_arity(frame);
        if count >= SPAN_VALUES_MIN {
            self.settle_all();
            let from = self.stack.top(count)[0].slot;
            return (from != frame.slot, count);
        }
        let mut slot = frame.slot;
        let moves = self.stack.top(count).iter().any(|entry| {
            let in_place = entry.value == Operand::temp(slot);
            slot += entry.kind.slots();
            !in_place
        });
        (moves, count)
    }

    /// Moves the topmost `count` values to the slots from `slot` on. With `keep` they stay on the
    /// stack, too.
    fn move_values(&mut self, count: usize, slot: u32, keep: bool) {
        let len = self.stack.len();
        if count >= SPAN_VALUES_MIN {
            let from = self.stack.get(len - count).slot;
            return self.emit_span(slot, from, self.stack.next_slot() - from);
        }
        // A value's slot is never below where it goes, and locals are below all temporaries: in
        // this order nothing is overwritten before it is read.
        let mut to = slot;
        for at in len - count..len {
            let Entry { kind, value, .. } = self.stack.get(at);
            let d = Operand::temp(to);
            to += kind.slots();
            if value == d {
                continue;
            }
            if value.is_const() {
                self.emit_const(d, value);
            } else if keep || at + 1 < len {
                self.emit_copy(kind, d, value, keep);
            } else {
                self.put(kind, d, value);
            }
        }
    }

    fn emit_span(&mut self, to: u32, from: u32, slots: u32) {
        if to != from {
            self.emit_words(Op::CopySpan, [to * 8, from * 8, slots, 0]);
        }
    }

    pub(super) fn br(&mut self, depth: u32) {
        let at = self.frame_at(depth);
        let frame = self.frames[at];
        if frame.kind == FrameKind::Function {
            self.return_values(self.frame_results(&frame), false);
        } else {
            let (moves, count) = self.branch_moves(&frame);
            if moves {
                self.move_values(count, frame.slot, false);
            }
            self.frames[at].branched = true;
            if frame.kind != FrameKind::Loop || !self.repeat_switch(frame.label) {
                self.turn(&frame, false);
                self.jump(frame.label);
            }
        }
        self.unreachable_from_here();
    }

    pub(super) fn br_if(&mut self, depth: u32) {
        let condition = self.pop_condition();
        self.branch_if(depth, condition);
    }

    /// The condition that a reference, which stays on the operand stack, is null.
    pub(super) fn null_condition(&mut self, x: Operand) -> Condition {
        self.list.consts.push(Const { kind: Kind::Ref, bits: 0 });
        let y = Operand::constant(self.list.consts.len() as u32 - 1);
        Condition { op: Op::BrIfI64Eq, x, y, keep: true }
    }

    /// Branches if the condition holds, with the topmost values.
    pub(super) fn branch_if(&mut self, depth: u32, condition: Condition) {
        let at = self.frame_at(depth);
        let frame = self.frames[at];
        if frame.kind == FrameKind::Function {
            let count = self.frame_results(&frame);
            let past = self.list.label();
            self.settle_wide(count);
            self.emit_branch_unless(condition, past, count > 0);
            self.return_values(count, true);
            self.place(past);
            return;
        }
        self.frames[at].branched = true;
        let (mut moves, count) = self.branch_moves(&frame);
        let len = self.stack.len();
        if moves && frame.kind == FrameKind::Loop && self.stack.get(len - count).slot == frame.slot
        {
            // The values only have to come to their own slots, which does no harm if the loop ends.
            self.settle(count);
            moves = false;
        }
        if !moves {
            self.turn(&frame, false);
            return self.emit_branch(condition, frame.label, count > 0);
        }
        let past = self.list.label();
        self.emit_branch_unless(condition, past, true);
        self.move_values(count, frame.slot, true);
        self.turn(&frame, false);
        self.jump(frame.label);
        self.place(past);
    }

    pub(super) fn br_table(&mut self, table: &BrTable<'_>) {
        let index = self.stack.pop().value;
        let depths = || table.targets().flatten().chain([table.default()]);
        let count = self.branch_arity(&self.frames[self.frame_at(table.default())]);
        self.settle_wide(count);
        if count > 0 {
            // Locals are read by several stubs; this does not change what they hold.
            self.spill();
        }
        let first = self.list.targets.len() as u32;
        let mut stubs = 0;
        for depth in depths() {
            let at = self.frame_at(depth);
            let frame = self.frames[at];
            let needs_stub = frame.kind == FrameKind::Function || self.branch_moves(&frame).0;
            let label = match frame.stub {
                Some(stub) => stub,
                None if needs_stub => {
                    stubs += 1;
                    let stub = self.list.label();
                    self.frames[at].stub = Some(stub);
                    stub
                }
                None => {
                    self.turn(&frame, false);
                    frame.label
                }
            };
            self.frames[at].branched |= frame.kind != FrameKind::Function;
            self.list.targets.push(label);
        }
        let words = [first, table.len(), 0, 0];
        self.emit(Inst { x: index, words, flush: count > 0, ..self.inst(Op::BrTable) });
        self.note_switch(table.len() as usize + 1);
        if stubs > 0 {
            for depth in depths() {
                let at = self.frame_at(depth);
                if let Some(stub) = self.frames[at].stub.take() {
                    self.emit_stub(stub, self.frames[at], count);
                }
            }
        }
        self.unreachable_from_here();
    }

    /// Emits the moves and the branch to a frame behind a branch table.
    fn emit_stub(&mut self, stub: Label, frame: Frame, count: usize) {
        self.place(stub);
        if frame.kind == FrameKind::Function {
            self.return_values(count, true);
        } else {
            self.move_values(count, frame.slot, true);
            self.turn(&frame, false);
            self.jump(frame.label);
        }
    }

    /// Settles everything if a branch carries many values.
    fn settle_wide(&mut self, count: usize) {
        if count >= SPAN_VALUES_MIN {
            self.settle_all();
        }
    }

    /// Returns the topmost `count` values. With `keep` they stay on the stack, too.
    pub(super) fn return_values(&mut self, count: usize, keep: bool) {
        match (count, self.stack.top(count)) {
            (0, _) => {}
            (1, &[Entry { kind, value: x, .. }]) if kind != Kind::V128 => {
                let op = match kind {
                    Kind::F32 => Op::ReturnF32,
                    Kind::F64 => Op::ReturnF64,
                    _ => Op::ReturnValue,
                };
                return self.emit(Inst { x, keep, ..self.inst(op) });
            }
            _ => self.return_many(count, keep),
        }
        self.emit(self.inst(Op::Return));
    }

    /// Moves results to the start of the frame, where the caller's operand stack has them.
    fn return_many(&mut self, count: usize, keep: bool) {
        self.settle_wide(count);
        let len = self.stack.len();
        if count < SPAN_VALUES_MIN && !keep {
            // The moves overwrite the first locals: what is still to be read from them goes to its
            // own slot first.
            self.settle(count);
        } else if count < SPAN_VALUES_MIN {
            for at in len - count..len {
                let Entry { kind, value, slot, .. } = self.stack.get(at);
                if value.is_local() {
                    self.emit_copy(kind, Operand::temp(slot), value, true);
                }
            }
        }
        if count >= SPAN_VALUES_MIN {
            let from = self.stack.get(len - count).slot;
            return self.emit_span(0, from, self.stack.next_slot() - from);
        }
        let mut to = 0;
        for at in len - count..len {
            let Entry { kind, value, slot, .. } = self.stack.get(at);
            let d = Operand::temp(to);
            to += kind.slots();
            let value = if value.is_local() { Operand::temp(slot) } else { value };
            if value.is_const() {
                self.emit_const(d, value);
            } else if value != d {
                self.emit_copy(kind, d, value, true);
            }
        }
    }

    pub(super) fn return_(&mut self) {
        self.return_values(self.signature().results().len(), false);
        self.unreachable_from_here();
    }

    /// `select` of values of any kind.
    pub(super) fn select(&mut self) {
        let x = self.stack.pop().value;
        let z = self.stack.pop().value;
        let Entry { kind, value: y, .. } = self.stack.pop();
        let d = self.stack.push_temp(kind);
        let select = Inst { d, x, ..self.inst(Op::Select) };
        self.emit(match (self.immediate(y), self.immediate(z)) {
            _ if kind == Kind::V128 => Inst { op: Op::SelectV128, y, z, ..select },
            (Some(first), Some(second)) => {
                Inst { op: Op::SelectImms, words: [first, second, 0, 0], ..select }
            }
            (Some(first), None) => {
                Inst { op: Op::SelectImmFirst, z, words: [first, 0, 0, 0], ..select }
            }
            (None, Some(second)) => {
                Inst { op: Op::SelectImmSecond, z: y, words: [second, 0, 0, 0], ..select }
            }
            (None, None) => Inst { y, z, ..select },
        });
    }

    /// The immediate that stands for the 64 bits of an operand, if it is a constant and one can.
    fn immediate(&self, operand: Operand) -> Option<u32> {
        match operand.source() {
            Source::Const(position) => self.list.consts[position as usize].immediate_bits(),
            _ => None,
        }
    }

    /// `eqz`: a comparison with zero, or the negation of the comparison that was just made.
    pub(super) fn eqz(&mut self, op: Op, kind: Kind) {
        let x = self.stack.pop().value;
        if kind == Kind::I32
            && let Some(inst) = self.last_def(x)
            && let Some(negated) = inst.op.negated()
        {
            inst.op = negated;
            let d = self.stack.push_temp(Kind::I32);
            debug_assert_eq!(d, x, "the operand's slot is the result's");
            return;
        }
        self.list.consts.push(Const { kind, bits: 0 });
        let y = Operand::constant(self.list.consts.len() as u32 - 1);
        let d = self.stack.push_temp(Kind::I32);
        self.emit(Inst { d, x, y, ..self.inst(op) });
    }
}
