//! One instruction of WebAssembly at a time: what it takes from the operand stack, what it leaves.
//!
//! Plain instructions come from the op table: a row has the name of the parser's operator.

use wasmparser::{MemArg, MemArgTarget, Operator};

use crate::code::Op;
use crate::code::table::for_each_op;
use crate::{V128, num};

use super::Walk;
use super::ir::{HasKind, Inst, Kind, Node, Operand, Source};

macro_rules! define_plain {
    (
        unary { $($unary:ident $unary_text:literal ($ux:ty) -> $ud:ty = $uf:expr;)* }
        unary_try { $($try1:ident $try1_text:literal ($tx:ty) -> $td:ty = $tf:expr;)* }
        commutative { $($comm:ident $comm_text:literal ($cx:ty, $cy:ty) -> $cd:ty = $cf:expr;)* }
        binary { $($bin:ident $bin_text:literal ($bx:ty, $by:ty) -> $bd:ty = $bf:expr;)* }
        binary_try { $($try2:ident $try2_text:literal ($t2x:ty, $t2y:ty) -> $t2d:ty = $t2f:expr;)* }
        compare_int { $($ci:ident $ci_text:literal ($cit:ty) = $cif:expr, not $ci_not:ident, swap $ci_swap:ident, branch $ci_br:ident;)* }
        compare_float { $($cf2:ident $cf2_text:literal ($cf2t:ty) = $cf2f:expr, swap $cf2_swap:ident, branch $cf2_br:ident;)* }
        branch { $($br:ident $br_text:literal ($brt:ty) = $brf:expr, not $br_not:ident, swap $br_swap:ident;)* }
        load { $($load:ident $load_text:literal $lr:ty => $ld:ty = $lf:expr;)* }
        store { $($store:ident $store_text:literal $sv:ty => $sr:ty = $sf:expr;)* }
        v128_unary { $($v1:ident $v1_text:literal ($v1x:ty) -> $v1d:ty = $v1f:expr;)* }
        v128_binary { $($v2:ident $v2_text:literal ($v2x:ty, $v2y:ty) -> $v2d:ty = $v2f:expr;)* }
        v128_ternary { $($v3:ident $v3_text:literal = $v3f:expr;)* }
        v128_extract_lane { $($vx:ident $vx_text:literal -> $vxd:ty = $vxf:expr;)* }
        v128_replace_lane { $($vr:ident $vr_text:literal ($vrt:ty) = $vrf:expr;)* }
        v128_load { $($vl:ident $vl_text:literal $vlr:ty => $vld:ty = $vlf:expr;)* }
        v128_load_lane { $($ll:ident $ll_text:literal $llr:ty;)* }
        v128_store_lane { $($sl:ident $sl_text:literal $slr:ty;)* }
        access64 { $($a64:ident $a64_text:literal of $a32:ident $a64_family:ident;)* }
        wide { $($w2:ident $w2_text:literal ($w2x:ty, $w2y:ty) = $w2f:expr;)* }
        special { $($sp:ident $sp_text:literal $sp_family:ident;)* }
    ) => {
        impl Walk<'_> {
            /// Translates an instruction. Most of the first version's are translated as they are read (`visit`) and
            /// don't come here; a row of the table suffices for any other.
            pub(super) fn operator(&mut self, operator: &Operator<'_>) {
                match *operator {
                    $(Operator::$unary => self.unary(Op::$unary, <$ud>::KIND),)*
                    $(Operator::$try1 => self.unary(Op::$try1, <$td>::KIND),)*
                    $(Operator::$v1 => self.unary(Op::$v1, <$v1d>::KIND),)*
                    $(Operator::$comm => self.rare_binary(Op::$comm, <$cd>::KIND),)*
                    $(Operator::$bin => self.rare_binary(Op::$bin, <$bd>::KIND),)*
                    $(Operator::$try2 => self.rare_binary(Op::$try2, <$t2d>::KIND),)*
                    $(Operator::$ci => self.rare_binary(Op::$ci, Kind::I32),)*
                    $(Operator::$cf2 => self.rare_binary(Op::$cf2, Kind::I32),)*
                    $(Operator::$load { memarg } => self.rare_load(Op::$load, <$ld>::KIND, memarg),)*
                    $(Operator::$store { memarg } => self.rare_store(Op::$store, memarg, 0),)*
                    $(Operator::$v2 => self.rare_binary(Op::$v2, <$v2d>::KIND),)*
                    $(Operator::$v3 => self.ternary_v128(Op::$v3),)*
                    $(Operator::$vl { memarg } => self.rare_load(Op::$vl, <$vld>::KIND, memarg),)*
                    $(Operator::$vx { lane } => self.lane_unary(Op::$vx, <$vxd>::KIND, lane),)*
                    $(Operator::$vr { lane } => self.lane_binary(Op::$vr, lane),)*
                    $(Operator::$ll { memarg, lane } => self.load_lane(Op::$ll, memarg, lane),)*
                    $(Operator::$sl { memarg, lane } => self.rare_store(Op::$sl, memarg, lane),)*
                    $(Operator::$w2 => self.wide_arithmetic(Op::$w2, <$w2x>::KIND),)*
                    _ => self.special(operator),
                }
            }
        }
    };
}
for_each_op!(define_plain);

impl Walk<'_> {
    /// Translates an instruction that is not plain.
    fn special(&mut self, operator: &Operator<'_>) {
        match *operator {
            Operator::Nop => {}
            Operator::Unreachable => {
                self.emit(self.inst(Op::Unreachable));
                self.unreachable_from_here();
            }
            Operator::Drop => {
                self.stack.pop();
            }
            Operator::BrTable { ref targets } => self.br_table(targets),
            Operator::TryTable { ref try_table } => self.try_table(try_table.ty),
            Operator::Throw { tag_index } => self.throw(tag_index),
            Operator::ThrowRef => self.throw_ref(),
            Operator::CallIndirect { type_index, table_index } => {
                self.call_indirect(type_index, table_index);
            }
            Operator::ReturnCall { function_index } => self.return_call(function_index),
            Operator::ReturnCallIndirect { type_index, table_index } => {
                self.return_call_indirect(type_index, table_index);
            }
            Operator::TypedSelect { .. } => self.select(),
            Operator::V128Const { value } => self.v128_const(*value.bytes()),
            Operator::RefNull { .. } => self.push_const(Kind::Ref, 0),
            Operator::RefIsNull => self.eqz(Op::I64Eq, Kind::I64),
            Operator::RefFunc { function_index } => {
                self.indexed(Op::RefFunc, Kind::Ref, function_index);
            }
            Operator::V128Store { memarg } => self.rare_store(Op::V128Store, memarg, 0),
            Operator::I8x16Shuffle { lanes } => self.shuffle(lanes),
            _ => self.bulk(operator),
        }
    }

    /// Translates the remaining instructions: those on whole memories, tables and segments, and on references.
    fn bulk(&mut self, operator: &Operator<'_>) {
        match *operator {
            Operator::MemorySize { mem } => {
                self.indexed(Op::MemorySize, self.address_kind(mem), mem);
            }
            Operator::MemoryGrow { mem } => {
                let x = self.stack.pop().value;
                let d = self.stack.push_temp(self.address_kind(mem));
                self.emit(Inst { d, x, words: [mem, 0, 0, 0], ..self.inst(Op::MemoryGrow) });
            }
            Operator::MemoryCopy { dst_mem, src_mem } => {
                self.ternary(Op::MemoryCopy, [dst_mem, src_mem]);
            }
            Operator::MemoryFill { mem } => self.ternary(Op::MemoryFill, [mem, 0]),
            Operator::MemoryInit { data_index, mem } => {
                self.ternary(Op::MemoryInit, [mem, data_index]);
            }
            Operator::DataDrop { data_index } => {
                self.emit_words(Op::DataDrop, [data_index, 0, 0, 0]);
            }
            Operator::TableGet { table } => {
                let x = self.stack.pop().value;
                let d = self.stack.push_temp(Kind::Ref);
                self.emit(Inst { d, x, words: [table, 0, 0, 0], ..self.inst(Op::TableGet) });
            }
            Operator::TableSet { table } => {
                let y = self.stack.pop().value;
                let x = self.stack.pop().value;
                self.emit(Inst { x, y, words: [table, 0, 0, 0], ..self.inst(Op::TableSet) });
            }
            Operator::TableSize { table } => {
                self.indexed(Op::TableSize, self.index_kind(table), table);
            }
            Operator::TableGrow { table } => {
                let y = self.stack.pop().value;
                let x = self.stack.pop().value;
                let d = self.stack.push_temp(self.index_kind(table));
                self.emit(Inst { d, x, y, words: [table, 0, 0, 0], ..self.inst(Op::TableGrow) });
            }
            Operator::TableFill { table } => self.ternary(Op::TableFill, [table, 0]),
            Operator::TableCopy { dst_table, src_table } => {
                self.ternary(Op::TableCopy, [dst_table, src_table]);
            }
            Operator::TableInit { elem_index, table } => {
                self.ternary(Op::TableInit, [table, elem_index]);
            }
            Operator::ElemDrop { elem_index } => {
                self.emit_words(Op::ElemDrop, [elem_index, 0, 0, 0]);
            }
            _ => self.reference(operator),
        }
    }

    fn address_kind(&self, memory: u32) -> Kind {
        if self.module.memories[memory as usize].is_64() { Kind::I64 } else { Kind::I32 }
    }

    fn index_kind(&self, table: u32) -> Kind {
        if self.module.tables[table as usize].is_64() { Kind::I64 } else { Kind::I32 }
    }

    pub(super) fn unary(&mut self, op: Op, kind: Kind) {
        let (x, d) = self.stack.replace(kind);
        self.emit(Inst { d, x, ..self.inst(op) });
    }

    /// `i32.wrap_i64`: of an i32 only the lower half of a slot means anything, so that an i64 is one.
    pub(super) fn wrap(&mut self) {
        match self.stack.top(1)[0].value.source() {
            Source::Const(position) => {
                let value = self.list.consts[position as usize].bits.cast_signed();
                self.stack.pop();
                let value = num::i32_wrap_i64(value);
                self.push_const(Kind::I32, u64::from(value.cast_unsigned()));
            }
            _ => self.stack.retype(Kind::I32),
        }
    }

    /// [`Walk::binary`] of an instruction that is not met often.
    #[inline(never)]
    fn rare_binary(&mut self, op: Op, kind: Kind) {
        self.binary(op, kind);
    }

    #[inline(always)]
    pub(super) fn binary(&mut self, op: Op, kind: Kind) {
        let ([x, y], d) = self.stack.replace_two(kind);
        self.emit(Inst { d, x, y, ..self.inst(op) });
    }

    /// An instruction with three operands, two indices and no result.
    fn ternary(&mut self, op: Op, indices: [u32; 2]) {
        let z = self.stack.pop().value;
        let y = self.stack.pop().value;
        let x = self.stack.pop().value;
        let words = [indices[0], indices[1], 0, 0];
        self.emit(Inst { x, y, z, words, ..self.inst(op) });
    }

    /// An instruction with an index and a result.
    fn indexed(&mut self, op: Op, kind: Kind, index: u32) {
        let d = self.stack.push_temp(kind);
        self.emit(Inst { d, words: [index, 0, 0, 0], ..self.inst(op) });
    }

    #[inline(always)]
    pub(super) fn local_get(&mut self, index: u32) {
        let local = self.locals.get(index);
        self.stack.push_local(local.kind, index, local.slot);
    }

    /// Sets a local to a popped value. What still refers to its old value is copied before.
    #[inline(always)]
    fn set_local(&mut self, index: u32, value: Operand) {
        let local = self.locals.get(index);
        let d = Operand::local(local.slot);
        if value == d {
            return;
        }
        if self.stack.refers_to(index) {
            self.preserve(index);
        }
        self.put(local.kind, d, value);
    }

    /// Copies all entries that refer to a local.
    #[inline(never)]
    fn preserve(&mut self, index: u32) {
        while let Some(entry) = self.stack.preserve_next(index) {
            self.emit_copy(entry.kind, Operand::temp(entry.slot), entry.value, false);
        }
    }

    #[inline(always)]
    pub(super) fn local_set(&mut self, index: u32) {
        let value = self.stack.pop().value;
        self.set_local(index, value);
    }

    #[inline(always)]
    pub(super) fn local_tee(&mut self, index: u32) {
        let entry = self.stack.pop();
        self.set_local(index, entry.value);
        match entry.value.source() {
            Source::Const(position) => self.stack.push_const(entry.kind, position),
            _ => self.local_get(index),
        }
    }

    pub(super) fn global_get(&mut self, index: u32) {
        let kind = Kind::of(self.module.globals[index as usize].content());
        if self.keeps_what_was_set(index) {
            self.stack.push_temp(kind);
            return;
        }
        let op = if kind == Kind::V128 { Op::GlobalGetV128 } else { Op::GlobalGet };
        self.indexed(op, kind, index);
    }

    /// If the last instruction set the global to a temporary whose slot comes next on the operand stack, makes
    /// the value stay there, and says so.
    fn keeps_what_was_set(&mut self, index: u32) -> bool {
        let next = Operand::temp(self.stack.next_slot());
        match self.list.nodes.last_mut() {
            Some(Node::Inst(inst))
                if matches!(inst.op, Op::GlobalSet | Op::GlobalSetV128)
                    && inst.words[0] == index
                    && inst.x == next =>
            {
                inst.keep = true;
                true
            }
            _ => false,
        }
    }

    pub(super) fn global_set(&mut self, index: u32) {
        let kind = Kind::of(self.module.globals[index as usize].content());
        let op = if kind == Kind::V128 { Op::GlobalSetV128 } else { Op::GlobalSet };
        let x = self.stack.pop().value;
        self.emit(Inst { x, words: [index, 0, 0, 0], ..self.inst(op) });
    }

    /// Emits an access to memory; another memory than the first is made the current one around it.
    #[inline(always)]
    fn access(&mut self, op: Op, operands: [Operand; 3], memarg: &MemArg, lane: u8) {
        let memory = memory(memarg);
        let low = memarg.offset as u32;
        let (op, words) = if self.module.memories[memory as usize].is_64() {
            let op = op.at64().expect("every access has a row for 64-bit addresses");
            (op, [low, (memarg.offset >> 32) as u32, u32::from(lane), 0])
        } else {
            debug_assert_eq!(u64::from(low), memarg.offset, "validated: offsets have 32 bits");
            (op, [low, u32::from(lane), 0, 0])
        };
        if memory != 0 {
            self.emit_words(Op::UseMemory, [memory, 0, 0, 0]);
        }
        let [d, x, y] = operands;
        self.emit(Inst { d, x, y, words, ..self.inst(op) });
        if memory != 0 {
            self.emit_words(Op::UseMemory, [0; 4]);
        }
    }

    /// [`Walk::load`] of an instruction that is not met often.
    #[inline(never)]
    fn rare_load(&mut self, op: Op, kind: Kind, memarg: MemArg) {
        self.load(op, kind, memarg);
    }

    /// [`Walk::store`] of an instruction that is not met often.
    #[inline(never)]
    fn rare_store(&mut self, op: Op, memarg: MemArg, lane: u8) {
        self.store(op, memarg, lane);
    }

    #[inline(always)]
    pub(super) fn load(&mut self, op: Op, kind: Kind, memarg: MemArg) {
        let (x, d) = self.stack.replace(kind);
        self.access(op, [d, x, Operand::NONE], &memarg, 0);
    }

    #[inline(always)]
    pub(super) fn store(&mut self, op: Op, memarg: MemArg, lane: u8) {
        let y = self.stack.pop().value;
        let x = self.stack.pop().value;
        self.access(op, [Operand::NONE, x, y], &memarg, lane);
    }

    fn load_lane(&mut self, op: Op, memarg: MemArg, lane: u8) {
        let y = self.stack.pop().value;
        let x = self.stack.pop().value;
        let d = self.stack.push_temp(Kind::V128);
        self.access(op, [d, x, y], &memarg, lane);
    }

    fn lane_unary(&mut self, op: Op, kind: Kind, lane: u8) {
        let x = self.stack.pop().value;
        let d = self.stack.push_temp(kind);
        self.emit(Inst { d, x, words: [u32::from(lane), 0, 0, 0], ..self.inst(op) });
    }

    fn lane_binary(&mut self, op: Op, lane: u8) {
        let y = self.stack.pop().value;
        let x = self.stack.pop().value;
        let d = self.stack.push_temp(Kind::V128);
        self.emit(Inst { d, x, y, words: [u32::from(lane), 0, 0, 0], ..self.inst(op) });
    }

    /// Notes sixteen bytes that an instruction has as operands; returns their position.
    fn wide(&mut self, bytes: [u8; 16]) -> u32 {
        let bits = u128::from_le_bytes(bytes);
        let words = core::array::from_fn(|index| (bits >> (32 * index)) as u32);
        self.list.wide.push(words);
        self.list.wide.len() as u32 - 1
    }

    fn v128_const(&mut self, bytes: [u8; 16]) {
        let position = self.wide(bytes);
        self.indexed(Op::V128Const, Kind::V128, position);
    }

    fn shuffle(&mut self, lanes: [u8; 16]) {
        let position = self.wide(lanes);
        let y = self.stack.pop().value;
        let x = self.stack.pop().value;
        let d = self.stack.push_temp(Kind::V128);
        self.emit(Inst { d, x, y, words: [position, 0, 0, 0], ..self.inst(Op::I8x16Shuffle) });
    }

    fn ternary_v128(&mut self, op: Op) {
        let z = self.stack.pop().value;
        let y = self.stack.pop().value;
        let x = self.stack.pop().value;
        let d = self.stack.push_temp(Kind::V128);
        self.emit(Inst { d, x, y, z, ..self.inst(op) });
    }

    /// An instruction whose result is two i64, and whose operands are two i64 or, with `kind` a
    /// vector, four: a pair of slots is what a vector is.
    fn wide_arithmetic(&mut self, op: Op, kind: Kind) {
        if kind == Kind::V128 {
            self.settle(4);
            self.stack.pop();
        }
        let y = self.stack.pop().value;
        if kind == Kind::V128 {
            self.stack.pop();
        }
        let x = self.stack.pop().value;
        let low = self.stack.push_temp(Kind::I64);
        self.stack.push_temp(Kind::I64);
        let slot = low.slot().expect("a temporary is a slot");
        // Not a temporary: who sets a local to the low half may not let this write the local, and
        // the slot behind it, at once.
        self.emit(Inst { d: Operand::local(slot), x, y, ..self.inst(op) });
    }
}

/// The memory of an access.
fn memory(memarg: &MemArg) -> u32 {
    match memarg.target {
        MemArgTarget::Memory(memory) => memory,
        MemArgTarget::Array(_) => unreachable!("no engine accepts accesses to arrays"),
    }
}
