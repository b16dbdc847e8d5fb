//! The instructions of a body, one by one (spec: binary/instructions, valid/instructions).

use super::frames::{Opener, Types};
use super::kind::Kind;
use super::kind::Kind::{F32, F64, I32, I64};
use super::place::Place;
use super::table::{
    Access, LOAD_FIRST, LOAD_LAST, NUMERIC_FIRST, NUMERIC_LAST, Numeric, STORE_FIRST, STORE_LAST,
};
use super::{Checker, Known};
use crate::RefType;
use crate::types::{FuncType, Mutability};

/// The byte that stands for memory 0 where there is nothing else to say of it.
const MEMORY_0: u8 = 0;

impl<'m> Checker<'m, '_> {
    /// All instructions of `code`, up to the end of the body. What is common is done here, where the place is
    /// in registers.
    pub(super) fn operators(&mut self, code: &'m [u8]) -> Known {
        let at = &mut Place::new(code);
        loop {
            match at.byte()? {
                // unreachable, nop, block, loop, if, else, end
                0x00 => self.leave(at),
                0x01 => {}
                0x02 => *at = self.open(at.clone(), Opener::Block)?,
                0x03 => *at = self.open(at.clone(), Opener::Loop)?,
                0x04 => {
                    self.pop(at, I32)?;
                    *at = self.open(at.clone(), Opener::If)?;
                }
                0x05 => *at = self.turn_to_else(at.clone())?,
                0x0b => {
                    *at = self.close(at.clone())?;
                    if self.frames.is_empty() {
                        return at.rest().is_empty().then_some(());
                    }
                }
                // br, br_if, br_table, return
                0x0c => {
                    let label = self.next_label(at)?;
                    *at = self.pop_types(at.clone(), label)?;
                    self.leave(at);
                }
                0x0d => {
                    self.pop(at, I32)?;
                    let label = self.next_label(at)?;
                    *at = self.pop_types(at.clone(), label)?;
                    *at = self.push_types(at.clone(), label)?;
                }
                0x0e => *at = self.br_table(at.clone())?,
                0x0f => {
                    *at = self.pop_types(at.clone(), Types::Many(self.func.results()))?;
                    self.leave(at);
                }
                // call, call_indirect, return_call, return_call_indirect
                0x10 => *at = self.call(at.clone())?,
                0x11 => *at = self.call_indirect(at.clone())?,
                0x12 => *at = self.return_call(at.clone())?,
                0x13 => *at = self.return_call_indirect(at.clone())?,
                // drop, select without and with a type
                0x1a => {
                    self.pop_any(at)?;
                }
                0x1b => *at = self.select(at.clone())?,
                0x1c => *at = self.typed_select(at.clone())?,
                // local.get, local.set, local.tee, global.get, global.set
                0x20 => {
                    let kind = self.local(at)?;
                    self.push(at, kind)?;
                }
                0x21 => {
                    let kind = self.local(at)?;
                    self.pop(at, kind)?;
                }
                0x22 => {
                    let kind = self.local(at)?;
                    self.unary(at, kind, kind)?;
                }
                0x23 => {
                    let (kind, _) = self.global(at)?;
                    self.push(at, kind)?;
                }
                0x24 => {
                    let (kind, mutability) = self.global(at)?;
                    (mutability == Mutability::Var).then_some(())?;
                    self.pop(at, kind)?;
                }
                load @ LOAD_FIRST..=LOAD_LAST => {
                    let Access { kind, align } = Access::load(load);
                    self.load(at, kind, align)?;
                }
                store @ STORE_FIRST..=STORE_LAST => {
                    let Access { kind, align } = Access::store(store);
                    self.store(at, kind, align)?;
                }
                // memory.size, memory.grow
                0x3f => {
                    at.exactly(MEMORY_0)?;
                    self.push(at, self.quick.address?)?;
                }
                0x40 => {
                    at.exactly(MEMORY_0)?;
                    let address = self.quick.address?;
                    self.unary(at, address, address)?;
                }
                // i32.const to f64.const
                0x41 => {
                    at.signed_32()?;
                    self.push(at, I32)?;
                }
                0x42 => {
                    at.signed_64()?;
                    self.push(at, I64)?;
                }
                0x43 => {
                    at.bytes(size_of::<f32>())?;
                    self.push(at, F32)?;
                }
                0x44 => {
                    at.bytes(size_of::<f64>())?;
                    self.push(at, F64)?;
                }
                numeric @ NUMERIC_FIRST..=NUMERIC_LAST => {
                    let Numeric { is_binary, operand, result } = Numeric::of(numeric);
                    if is_binary {
                        self.pop(at, operand)?;
                    }
                    self.unary(at, operand, result)?;
                }
                0xfc => *at = self.bulk(at.clone())?,
                0xfd => *at = self.vector(at.clone())?,
                _ => return None,
            }
        }
    }

    /// The saturating truncations, and bulk operations on memory 0.
    fn bulk(&mut self, mut place: Place<'m>) -> Known<Place<'m>> {
        let at = &mut place;
        match at.unsigned()? {
            0 | 1 => self.unary(at, F32, I32)?,
            2 | 3 => self.unary(at, F64, I32)?,
            4 | 5 => self.unary(at, F32, I64)?,
            6 | 7 => self.unary(at, F64, I64)?,
            // memory.copy
            10 => {
                at.exactly(MEMORY_0)?;
                at.exactly(MEMORY_0)?;
                self.pop_address(at)?;
                self.pop_address(at)?;
                self.pop_address(at)?;
            }
            // memory.fill
            11 => {
                at.exactly(MEMORY_0)?;
                self.pop_address(at)?;
                self.pop(at, I32)?;
                self.pop_address(at)?;
            }
            _ => return None,
        }
        Some(place)
    }

    #[inline(always)]
    pub(super) fn binary(&mut self, at: &mut Place<'_>, operand: Kind, result: Kind) -> Known {
        self.pop(at, operand)?;
        self.unary(at, operand, result)
    }

    #[inline(always)]
    pub(super) fn load(&mut self, at: &mut Place<'_>, kind: Kind, align: u8) -> Known {
        self.memarg(at, align)?;
        self.unary(at, self.quick.address?, kind)
    }

    #[inline(always)]
    pub(super) fn store(&mut self, at: &mut Place<'_>, kind: Kind, align: u8) -> Known {
        self.memarg(at, align)?;
        self.pop(at, kind)?;
        self.pop_address(at)
    }

    #[inline(always)]
    pub(super) fn pop_address(&self, at: &mut Place<'_>) -> Known {
        self.pop(at, self.quick.address?)
    }

    /// The immediates of an access to memory 0, which is aligned to no more than the logarithm of its bytes.
    #[inline(always)]
    pub(super) fn memarg(&self, at: &mut Place<'_>, align_max: u8) -> Known {
        at.byte().filter(|align| *align <= align_max)?;
        at.unsigned().map(|_offset| ())
    }

    #[inline(always)]
    fn next_label(&self, at: &mut Place<'_>) -> Known<Types<'m>> {
        let depth = at.unsigned()?;
        self.label(depth)
    }

    fn br_table(&mut self, mut place: Place<'m>) -> Known<Place<'m>> {
        self.pop(&mut place, I32)?;
        let others = place.unsigned()?;
        let label = self.next_label(&mut place)?;
        for _ in 0..others {
            self.next_label(&mut place).filter(|other| other.are(label))?;
        }
        place = self.pop_types(place, label)?;
        self.leave(&mut place);
        Some(place)
    }

    fn call(&mut self, mut place: Place<'m>) -> Known<Place<'m>> {
        let callee = self.callee(&mut place)?;
        self.call_of(place, callee)
    }

    fn call_indirect(&mut self, mut place: Place<'m>) -> Known<Place<'m>> {
        let callee = self.indirect_callee(&mut place)?;
        self.call_of(place, callee)
    }

    fn return_call(&mut self, mut place: Place<'m>) -> Known<Place<'m>> {
        let callee = self.callee(&mut place)?;
        self.return_call_of(place, callee)
    }

    fn return_call_indirect(&mut self, mut place: Place<'m>) -> Known<Place<'m>> {
        let callee = self.indirect_callee(&mut place)?;
        self.return_call_of(place, callee)
    }

    fn callee(&self, at: &mut Place<'_>) -> Known<&'m FuncType> {
        let index = at.unsigned()?;
        let ty = self.quick.module.funcs.get(index as usize)?;
        self.quick.signature(ty.0)
    }

    /// The type of what a table has, whose index this takes.
    fn indirect_callee(&self, at: &mut Place<'_>) -> Known<&'m FuncType> {
        let ty = at.unsigned()?;
        let table = at.unsigned()?;
        let table = self.quick.module.tables.get(table as usize)?;
        if table.element != RefType::FUNCREF {
            return None;
        }
        self.pop(at, Kind::address(table.table64))?;
        self.quick.signature(ty)
    }

    fn call_of(&mut self, place: Place<'m>, callee: &FuncType) -> Known<Place<'m>> {
        let place = self.pop_types(place, Types::Many(callee.params()))?;
        self.push_types(place, Types::Many(callee.results()))
    }

    fn return_call_of(&mut self, place: Place<'m>, callee: &FuncType) -> Known<Place<'m>> {
        if !self.quick.tail_calls || callee.results() != self.func.results() {
            return None;
        }
        let mut place = self.pop_types(place, Types::Many(callee.params()))?;
        self.leave(&mut place);
        Some(place)
    }

    fn select(&mut self, mut place: Place<'m>) -> Known<Place<'m>> {
        let at = &mut place;
        self.pop(at, I32)?;
        let kind = match (self.pop_any(at)?, self.pop_any(at)?) {
            (Some(first), Some(second)) if first == second => first,
            (Some(kind), None) | (None, Some(kind)) => kind,
            _ => return None,
        };
        kind.is_number_or_vector().then_some(())?;
        self.push(at, kind)?;
        Some(place)
    }

    fn typed_select(&mut self, mut place: Place<'m>) -> Known<Place<'m>> {
        let at = &mut place;
        // One type.
        at.exactly(1)?;
        let kind = Kind::from_byte(at.byte()?)?;
        self.pop(at, I32)?;
        self.binary(at, kind, kind)?;
        Some(place)
    }

    #[inline(always)]
    fn local(&self, at: &mut Place<'_>) -> Known<Kind> {
        let index = at.unsigned()?;
        self.locals.get(index as usize).copied()
    }

    #[inline(always)]
    fn global(&self, at: &mut Place<'_>) -> Known<(Kind, Mutability)> {
        let index = at.unsigned()?;
        let global = self.quick.module.globals.get(index as usize)?;
        Some((Kind::of(global.content())?, global.mutability()))
    }
}
