//! Instructions on typed references: calls, null checks, tests and casts, and the branches that these
//! decide.

use wasmparser::{HeapType, Operator};

use crate::code::{Op, RefTarget};
use crate::types::index::TypeIdx;

use super::branches::Condition;
use super::ir::{Inst, Kind, Operand};
use super::{Walk, slots_of};

impl Walk<'_> {
    /// Translates an instruction on references.
    pub(super) fn reference(&mut self, operator: &Operator<'_>) {
        match *operator {
            Operator::RefEq => self.binary(Op::I64Eq, Kind::I32),
            Operator::CallRef { type_index } => self.call_ref(type_index),
            Operator::ReturnCallRef { type_index } => self.return_call_ref(type_index),
            Operator::BrOnNull { relative_depth } => self.br_on_null(relative_depth),
            Operator::BrOnNonNull { relative_depth } => self.br_on_non_null(relative_depth),
            Operator::RefTestNonNull { hty } => self.ref_test(hty, false),
            Operator::RefTestNullable { hty } => self.ref_test(hty, true),
            Operator::RefCastNonNull { hty } => self.ref_cast(hty, false),
            Operator::RefCastNullable { hty } => self.ref_cast(hty, true),
            Operator::BrOnCast { relative_depth, to_ref_type: to, .. } => {
                let condition = self.test_top(to.heap_type(), to.is_nullable());
                self.branch_if(relative_depth, condition);
            }
            Operator::BrOnCastFail { relative_depth, to_ref_type: to, .. } => {
                let condition = self.test_top(to.heap_type(), to.is_nullable());
                self.branch_if(relative_depth, condition.negated());
            }
            // The same object, seen from the other hierarchy.
            Operator::AnyConvertExtern | Operator::ExternConvertAny => {}
            _ => self.object(operator),
        }
    }

    fn call_ref(&mut self, ty: u32) {
        let x = self.stack.pop().value;
        let ty = self.module.signature(TypeIdx(ty)).clone();
        let base = self.pop_arguments(ty.params().len());
        let inst = Inst { x, words: [base * 8, 0, 0, 0], ..self.inst(Op::CallRef) };
        self.emit_call(inst, &ty, base);
    }

    fn return_call_ref(&mut self, ty: u32) {
        let x = self.stack.pop().value;
        let ty = self.module.signature(TypeIdx(ty)).clone();
        let base = self.pop_arguments(ty.params().len());
        self.reserve_results(&ty, base);
        let words = [base * 8, slots_of(ty.params()), 0, 0];
        self.emit(Inst { x, words, ..self.inst(Op::ReturnCallRef) });
        self.unreachable_from_here();
    }

    /// The words that ask whether a reference is of a heap type.
    fn target(&self, heap_type: HeapType, nullable: bool) -> [u32; 4] {
        let [target, id] = RefTarget::words(self.module.heap_type(heap_type), nullable);
        [target, id, 0, 0]
    }

    fn ref_test(&mut self, heap_type: HeapType, nullable: bool) {
        let words = self.target(heap_type, nullable);
        let x = self.stack.pop().value;
        let d = self.stack.push_temp(Kind::I32);
        self.emit(Inst { d, x, words, ..self.inst(Op::RefTest) });
    }

    /// A cast leaves the reference where it is.
    fn ref_cast(&mut self, heap_type: HeapType, nullable: bool) {
        let words = self.target(heap_type, nullable);
        let x = self.top_slot();
        self.emit(Inst { x, words, keep: true, ..self.inst(Op::RefCast) });
    }

    /// The condition that the topmost reference, which stays, is of a heap type.
    fn test_top(&mut self, heap_type: HeapType, nullable: bool) -> Condition {
        let words = self.target(heap_type, nullable);
        let x = self.top_slot();
        let d = self.stack.push_temp(Kind::I32);
        self.emit(Inst { d, x, words, keep: true, ..self.inst(Op::RefTest) });
        self.pop_condition()
    }

    /// The topmost entry, which stays on the stack.
    fn top_slot(&self) -> Operand {
        self.stack.top(1)[0].value
    }

    fn br_on_null(&mut self, depth: u32) {
        let condition = self.null_condition(self.top_slot());
        // The branch carries what is below the reference.
        let entry = self.stack.pop();
        self.branch_if(depth, condition);
        self.stack.push_again(entry);
    }

    fn br_on_non_null(&mut self, depth: u32) {
        let condition = self.null_condition(self.top_slot()).negated();
        self.branch_if(depth, condition);
        self.stack.pop();
    }
}
