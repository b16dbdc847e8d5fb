//! Instructions on structures, arrays and integers of 31 bits.
//!
//! What allocates has its operands in their own slots, one behind the other, and says where they
//! end: all that is alive is below, because such an instruction clobbers the accumulators.

use wasmparser::Operator;

use crate::ValType;
use crate::code::Op;
use crate::types::index::TypeIdx;
use crate::types::{CompositeType, FieldType, StorageType};

use super::Walk;
use super::ir::{Inst, Kind};

/// Whether packed integers are extended with their sign.
#[derive(Clone, Copy)]
enum Extension {
    Signed,
    Unsigned,
}

impl Walk<'_> {
    /// Translates an instruction on objects.
    pub(super) fn object(&mut self, operator: &Operator<'_>) {
        use Extension::{Signed, Unsigned};
        match *operator {
            Operator::StructNew { struct_type_index: ty } => {
                let count = self.fields(ty).len();
                self.new_object(Op::StructNew, ty, count, count as u32);
            }
            Operator::StructNewDefault { struct_type_index: ty } => {
                self.new_object(Op::StructNewDefault, ty, 0, 0);
            }
            Operator::StructGet { struct_type_index: ty, field_index }
            | Operator::StructGetU { struct_type_index: ty, field_index } => {
                self.struct_get(ty, field_index, Unsigned);
            }
            Operator::StructGetS { struct_type_index: ty, field_index } => {
                self.struct_get(ty, field_index, Signed);
            }
            Operator::StructSet { struct_type_index: ty, field_index } => {
                self.struct_set(ty, field_index);
            }
            Operator::ArrayNew { array_type_index: ty } => {
                self.new_object(Op::ArrayNew, ty, 2, 0);
            }
            Operator::ArrayNewDefault { array_type_index: ty } => {
                self.new_object(Op::ArrayNewDefault, ty, 1, 0);
            }
            Operator::ArrayNewFixed { array_type_index: ty, array_size } => {
                self.new_object(Op::ArrayNewFixed, ty, array_size as usize, array_size);
            }
            Operator::ArrayNewData { array_type_index: ty, array_data_index } => {
                self.new_object(Op::ArrayNewData, ty, 2, array_data_index);
            }
            Operator::ArrayNewElem { array_type_index: ty, array_elem_index } => {
                self.new_object(Op::ArrayNewElem, ty, 2, array_elem_index);
            }
            Operator::ArrayGet { array_type_index: ty }
            | Operator::ArrayGetU { array_type_index: ty } => self.array_get(ty, Unsigned),
            Operator::ArrayGetS { array_type_index: ty } => self.array_get(ty, Signed),
            Operator::ArraySet { array_type_index: ty } => self.array_set(ty),
            Operator::ArrayLen => self.unary(Op::ArrayLen, Kind::I32),
            Operator::ArrayFill { array_type_index: ty } => {
                let slots = Kind::of(self.element(ty).element_type().unpack()).slots();
                self.whole_array(Op::ArrayFill, 4, slots);
            }
            Operator::ArrayCopy { .. } => self.whole_array(Op::ArrayCopy, 5, 0),
            Operator::ArrayInitData { array_data_index, .. } => {
                self.whole_array(Op::ArrayInitData, 4, array_data_index);
            }
            Operator::ArrayInitElem { array_elem_index, .. } => {
                self.whole_array(Op::ArrayInitElem, 4, array_elem_index);
            }
            _ => unreachable!("no engine accepts {operator:?}"),
        }
    }

    fn composite(&self, ty: u32) -> &CompositeType {
        &self.module.defined_types[TypeIdx(ty).index()].composite
    }

    /// The fields of a structure type.
    fn fields(&self, ty: u32) -> &[FieldType] {
        match self.composite(ty) {
            CompositeType::Struct(fields) => fields,
            other => unreachable!("validated: a {} is used as a structure", other.kind()),
        }
    }

    /// The type of the elements of an array type.
    fn element(&self, ty: u32) -> FieldType {
        match self.composite(ty) {
            CompositeType::Array(element) => *element,
            other => unreachable!("validated: a {} is used as an array", other.kind()),
        }
    }

    /// A new object, by the topmost `operands` values and a further `word`.
    fn new_object(&mut self, op: Op, ty: u32, operands: usize, word: u32) {
        let end = self.stack.next_slot();
        let base = self.pop_arguments(operands);
        let id = self.module.types[TypeIdx(ty).index()].0;
        let d = self.stack.push_temp(Kind::Ref);
        self.emit(Inst { d, words: [id, base * 8, end * 8, word], ..self.inst(op) });
    }

    fn whole_array(&mut self, op: Op, operands: usize, word: u32) {
        let base = self.pop_arguments(operands);
        self.emit_words(op, [base * 8, word, 0, 0]);
    }

    /// Where a field is in the structure, and its type.
    fn field(&self, ty: u32, index: u32) -> (u32, StorageType) {
        let ty = &self.module.defined_types[TypeIdx(ty).index()];
        let (offset, field) = ty.part(index as usize).expect("validated: the field is there");
        (offset as u32, field.element_type())
    }

    fn struct_get(&mut self, ty: u32, index: u32, extension: Extension) {
        let (offset, storage) = self.field(ty, index);
        let (op, _) = reading(storage, extension);
        let x = self.stack.pop().value;
        let d = self.stack.push_temp(Kind::of(storage.unpack()));
        self.emit(Inst { d, x, words: [offset, 0, 0, 0], ..self.inst(op) });
    }

    fn struct_set(&mut self, ty: u32, index: u32) {
        let (offset, storage) = self.field(ty, index);
        let (op, _) = writing(storage);
        let y = self.stack.pop().value;
        let x = self.stack.pop().value;
        self.emit(Inst { x, y, words: [offset, 0, 0, 0], ..self.inst(op) });
    }

    fn array_get(&mut self, ty: u32, extension: Extension) {
        let storage = self.element(ty).element_type();
        let (_, op) = reading(storage, extension);
        let y = self.stack.pop().value;
        let x = self.stack.pop().value;
        let d = self.stack.push_temp(Kind::of(storage.unpack()));
        self.emit(Inst { d, x, y, ..self.inst(op) });
    }

    fn array_set(&mut self, ty: u32) {
        let (_, op) = writing(self.element(ty).element_type());
        let z = self.stack.pop().value;
        let y = self.stack.pop().value;
        let x = self.stack.pop().value;
        self.emit(Inst { x, y, z, ..self.inst(op) });
    }
}

/// The ops that read a field and an element of such a type.
fn reading(storage: StorageType, extension: Extension) -> (Op, Op) {
    match (storage, extension) {
        (StorageType::I8, Extension::Signed) => (Op::StructGet8S, Op::ArrayGet8S),
        (StorageType::I8, Extension::Unsigned) => (Op::StructGet8U, Op::ArrayGet8U),
        (StorageType::I16, Extension::Signed) => (Op::StructGet16S, Op::ArrayGet16S),
        (StorageType::I16, Extension::Unsigned) => (Op::StructGet16U, Op::ArrayGet16U),
        (StorageType::ValType(ty), _) => match ty {
            ValType::I32 | ValType::Ref(_) => (Op::StructGet32, Op::ArrayGet32),
            ValType::I64 => (Op::StructGet64, Op::ArrayGet64),
            ValType::F32 => (Op::StructGetF32, Op::ArrayGetF32),
            ValType::F64 => (Op::StructGetF64, Op::ArrayGetF64),
            ValType::V128 => (Op::StructGetV128, Op::ArrayGetV128),
        },
    }
}

/// The ops that write a field and an element of such a type.
fn writing(storage: StorageType) -> (Op, Op) {
    match storage.bytes() {
        1 => (Op::StructSet8, Op::ArraySet8),
        2 => (Op::StructSet16, Op::ArraySet16),
        4 => (Op::StructSet32, Op::ArraySet32),
        8 => (Op::StructSet64, Op::ArraySet64),
        _ => (Op::StructSetV128, Op::ArraySetV128),
    }
}
