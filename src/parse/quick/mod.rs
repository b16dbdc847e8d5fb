//! Whether a body is valid, found out in the least time, or not at all.
//!
//! Nearly all functions that compilers write consist of numbers, memory accesses, blocks and calls. For
//! these, the types of operands are one byte each and a table says what most instructions take and give, so
//! that one pass over a body takes a third of the instructions that the parser's validator does. That validator stays the judge of all
//! else: whatever is not known here (references to what is not just any function or host value,
//! objects, exceptions, several memories, numbers with more bytes than they need) and all
//! that is wrong is _left_ to it. So only it reports errors, and what must hold here is one thing: a
//! body that is [accepted](Quick::accepts) is one that it would accept (spec: appendix/algorithm).

mod frames;
mod kind;
mod operators;
mod place;
mod table;
#[cfg(test)]
mod tests;
mod vector;

use self::frames::Frame;
use self::kind::Kind;
use self::place::Place;
use super::ParsedModule;
use crate::types::index::TypeIdx;
use crate::types::{CompositeType, FuncType};
use alloc::vec::Vec;
use wasmparser::WasmFeatures;

/// The features without which no body is looked at here: an engine that lacks some has another idea of
/// what is valid.
const REQUIRED: WasmFeatures = WasmFeatures::WASM2;

/// The most parameters and locals, as the parser allows.
const LOCALS_MAX: usize = 50_000;

/// The most operands: compilers don't come near it.
const OPERANDS_MAX: usize = 1024;

/// What can be validated of a module here.
#[derive(Copy, Clone)]
pub(super) struct Quick<'m> {
    module: &'m ParsedModule,
    /// Addresses of memory 0, if there is one.
    address: Option<Kind>,
    tail_calls: bool,
}

/// Memory that the next body can use again.
#[derive(Default)]
pub(super) struct Scratch {
    locals: Vec<Kind>,
    operands: Vec<Kind>,
    frames: Vec<Frame>,
}

/// A body that is being validated, apart from the [place](Place).
struct Checker<'m, 's> {
    quick: Quick<'m>,
    func: &'m FuncType,
    locals: &'s [Kind],
    /// The stack of operands, and what stood above its top before.
    operands: &'s mut [Kind; OPERANDS_MAX],
    /// The open blocks, of which the first is the body.
    frames: &'s mut Vec<Frame>,
    /// The operands below the innermost block.
    floor: usize,
    /// Whether the innermost block is not reached here, so that it has any operands.
    unreachable: bool,
}

/// Nothing if something is left to the parser.
type Known<T = ()> = Option<T>;

impl<'m> Quick<'m> {
    /// Nothing if the features are not those that are known here.
    pub(super) fn new(module: &'m ParsedModule, features: WasmFeatures) -> Option<Self> {
        let address = module.memories.first().map(|memory| Kind::address(memory.is_64()));
        let tail_calls = features.tail_call();
        features.contains(REQUIRED).then_some(Self { module, address, tail_calls })
    }

    /// Whether the `body` of a function of type `ty` is known to be valid: its locals and instructions.
    pub(super) fn accepts(self, scratch: &mut Scratch, ty: TypeIdx, body: &'m [u8]) -> bool {
        self.check(scratch, ty, body).is_some()
    }

    fn check(self, scratch: &mut Scratch, ty: TypeIdx, body: &'m [u8]) -> Known {
        let Scratch { locals, operands, frames } = scratch;
        let func = self.signature(ty.0)?;
        let mut place = Place::new(body);
        locals.clear();
        for param in func.params() {
            locals.push(Kind::of(*param)?);
        }
        read_locals(&mut place, locals)?;
        operands.resize(OPERANDS_MAX, Kind::I32);
        frames.clear();
        let mut checker = Checker {
            quick: self,
            func,
            locals,
            operands: operands.first_chunk_mut()?,
            frames,
            floor: 0,
            unreachable: false,
        };
        checker.open_body(ty);
        checker.operators(place.rest())
    }

    /// The type with the index `ty`, if it is that of a function.
    fn signature(&self, ty: u32) -> Known<&'m FuncType> {
        match &self.module.defined_types.get(ty as usize)?.composite {
            CompositeType::Func(ty) => Some(ty),
            _ => None,
        }
    }
}

/// Adds the locals that a body begins with to the parameters.
fn read_locals(place: &mut Place<'_>, locals: &mut Vec<Kind>) -> Known {
    for _ in 0..place.unsigned()? {
        let count = place.unsigned()? as usize;
        let kind = Kind::from_byte(place.byte()?)?;
        let all = locals.len().checked_add(count).filter(|all| *all <= LOCALS_MAX)?;
        locals.resize(all, kind);
    }
    Some(())
}

impl Checker<'_, '_> {
    /// Puts an operand on the stack.
    #[inline(always)]
    fn push(&mut self, place: &mut Place<'_>, kind: Kind) -> Known {
        *self.operands.get_mut(place.top)? = kind;
        place.top += 1;
        Some(())
    }

    /// Takes an operand of a kind from the stack.
    #[inline(always)]
    fn pop(&self, place: &mut Place<'_>, kind: Kind) -> Known {
        if place.top > self.floor && self.operands[(place.top - 1) % OPERANDS_MAX] == kind {
            place.top -= 1;
            return Some(());
        }
        self.pop_unreachable(place.top)
    }

    /// Takes an operand, and puts a result in its place.
    #[inline(always)]
    fn unary(&mut self, place: &mut Place<'_>, operand: Kind, result: Kind) -> Known {
        if place.top > self.floor {
            let last = &mut self.operands[(place.top - 1) % OPERANDS_MAX];
            if *last == operand {
                *last = result;
                return Some(());
            }
        }
        self.pop_unreachable(place.top)?;
        self.push(place, result)
    }

    /// Takes an operand of any kind: nothing is known of one that code which is not reached has.
    fn pop_any(&self, place: &mut Place<'_>) -> Known<Option<Kind>> {
        if place.top > self.floor {
            place.top -= 1;
            return self.operands.get(place.top).copied().map(Some);
        }
        self.pop_unreachable(place.top).map(|()| None)
    }

    /// Takes an operand that is not among the `top`.
    #[cold]
    fn pop_unreachable(&self, top: usize) -> Known {
        (self.unreachable && top == self.floor).then_some(())
    }

    /// What follows is not reached.
    #[inline(always)]
    fn leave(&mut self, place: &mut Place<'_>) {
        place.top = self.floor;
        self.unreachable = true;
    }
}
