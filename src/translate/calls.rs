//! Calls and tail calls.

use crate::FuncType;
use crate::code::Op;
use crate::types::index::{FuncIdx, TypeIdx};

use super::facts::Facts;
use super::ir::{Inst, Kind, Node, Operand, Source};
use super::stack::Entry;
use super::{Walk, slots_of};

/// A function with more parameters than this, or more slots of locals, calls itself as it does others.
const RESTART_MAX: u32 = 8;

/// An argument that was made farther back is copied to its parameter.
const MAKERS_MAX: usize = 8;

impl<'a> Walk<'a> {
    fn func_type(&self, func: FuncIdx) -> &'a FuncType {
        self.module.signature(self.module.funcs[func.index()])
    }

    /// The first word of a call: the index among the imports, or among the defined functions.
    fn callee(&self, func: u32) -> (bool, u32) {
        match func.checked_sub(self.module.imported_funcs) {
            None => (true, func),
            Some(defined) => (false, defined),
        }
    }

    /// Brings the arguments of a call to their slots and pops them; returns the first slot.
    pub(super) fn pop_arguments(&mut self, count: usize) -> u32 {
        self.settle(count);
        let base = match self.stack.top(count).first() {
            Some(entry) => entry.slot,
            None => self.stack.next_slot(),
        };
        self.stack.truncate(self.stack.len() - count);
        base
    }

    /// Emits a call and pushes its results.
    pub(super) fn emit_call(&mut self, inst: Inst, ty: &FuncType, base: u32) {
        self.stack.reserve(base + slots_of(ty.params()).max(slots_of(ty.results())));
        let mut first = Operand::NONE;
        for ty in ty.results() {
            let value = self.stack.push_temp(Kind::of(*ty));
            if first == Operand::NONE {
                first = value;
            }
        }
        let result = match ty.results() {
            [ty] => Some(Kind::of(*ty)),
            _ => None,
        };
        self.emit(Inst { result, z: first, ..inst });
    }

    pub(super) fn call(&mut self, func: u32) {
        let ty = self.func_type(FuncIdx(func));
        let base = self.pop_arguments(ty.params().len());
        let (imported, index) = self.callee(func);
        let op = if imported { Op::CallImport } else { Op::Call };
        let inst = Inst { words: [index, base * 8, 0, 0], ..self.inst(op) };
        self.emit_call(inst, ty, base);
    }

    pub(super) fn call_indirect(&mut self, ty: u32, table: u32) {
        let x = self.stack.pop().value;
        let ty = TypeIdx(ty);
        let id = self.module.types[ty.index()].0;
        let ty = self.module.signature(ty);
        let base = self.pop_arguments(ty.params().len());
        let inst = Inst { x, words: [table, id, base * 8, 0], ..self.inst(Op::CallIndirect) };
        self.emit_call(inst, ty, base);
    }

    pub(super) fn return_call(&mut self, func: u32) {
        let ty = self.func_type(FuncIdx(func));
        if func == self.func.0 && self.restarts(ty.params().len()) {
            return;
        }
        let base = self.pop_arguments(ty.params().len());
        let (imported, index) = self.callee(func);
        let op = if imported { Op::ReturnCallImport } else { Op::ReturnCall };
        self.reserve_results(ty, base);
        self.emit_words(op, [index, base * 8, slots_of(ty.params()), 0]);
        self.unreachable_from_here();
    }

    /// The call of a function to itself, in tail position, by a branch to its start, unless there is too
    /// much to set: parameters are set, the other locals cleared.
    fn restarts(&mut self, params: usize) -> bool {
        let locals = self.cleared.len() as u32;
        if params as u32 > RESTART_MAX || locals > RESTART_MAX || self.scratch.is_some() {
            return false;
        }
        let first = self.stack.len() - params;
        // Parameters are set in order. One that is read behind that goes to its own slot first.
        for param in (0..params).rev() {
            let set = self.locals.get(param as u32).slot;
            if matches!(self.stack.get(first + param).value.source(), Source::Local(read) if read < set)
            {
                self.settle_at(first + param);
            }
        }
        for param in 0..params {
            let Entry { kind, value, .. } = self.stack.get(first + param);
            let d = Operand::local(self.locals.get(param as u32).slot);
            if value.is_const() {
                self.emit_const(d, value);
            } else if !self.make_at_once(d, value) {
                self.put(kind, d, value);
            }
        }
        let zero = self.const_i32(0);
        for slot in self.cleared.clone() {
            self.emit_const(Operand::local(slot), zero);
        }
        let start = self.list.start.unwrap_or_else(|| self.list.label());
        self.list.start = Some(start);
        self.turn_to(start, false);
        self.jump(start);
        self.unreachable_from_here();
        true
    }

    /// Lets the instruction that made the temporary `value` write to the parameter `d` instead, if nothing behind
    /// it has to do with either; says whether.
    fn make_at_once(&mut self, d: Operand, value: Operand) -> bool {
        if !value.is_temp() {
            return false;
        }
        for node in self.list.nodes.iter_mut().rev().take(MAKERS_MAX) {
            let Node::Inst(inst) = node else { return false };
            if inst.d == value {
                inst.d = d;
                return true;
            }
            let is_plain = Facts::of(inst.op).is_plain() && !inst.flush;
            let names = |operand| [inst.d, inst.x, inst.y, inst.z].contains(&operand);
            if !is_plain || names(d) || names(value) {
                return false;
            }
        }
        false
    }

    pub(super) fn return_call_indirect(&mut self, ty: u32, table: u32) {
        let x = self.stack.pop().value;
        let ty = TypeIdx(ty);
        let id = self.module.types[ty.index()].0;
        let ty = self.module.signature(ty);
        let base = self.pop_arguments(ty.params().len());
        self.reserve_results(ty, base);
        let words = [table, id, base * 8, slots_of(ty.params())];
        self.emit(Inst { x, words, ..self.inst(Op::ReturnCallIndirect) });
        self.unreachable_from_here();
    }

    /// A host function that is called in tail position leaves its results where its arguments were.
    pub(super) fn reserve_results(&mut self, ty: &FuncType, base: u32) {
        self.stack.reserve(base + slots_of(ty.params()).max(slots_of(ty.results())));
    }
}
