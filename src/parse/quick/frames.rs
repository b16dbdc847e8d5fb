//! Blocks, and what they take and leave (spec: valid/instructions, "Control Instructions").

use super::kind::Kind;
use super::place::Place;
use super::{Checker, Known};
use crate::ValType;
use crate::parse::EMPTY_BLOCK;
use crate::types::index::TypeIdx;

/// An open block.
pub(super) struct Frame {
    opener: Opener,
    ty: BlockType,
    /// What was true of the block around it.
    outer_floor: usize,
    outer_unreachable: bool,
}

/// What a block begins with.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(super) enum Opener {
    /// `block`, `else` and the body itself.
    Block,
    Loop,
    If,
}

#[derive(Copy, Clone)]
enum BlockType {
    Empty,
    One(Kind),
    /// That of a function.
    Func(u32),
}

/// Types of operands.
#[derive(Copy, Clone)]
pub(super) enum Types<'m> {
    Nothing,
    One(Kind),
    Many(&'m [ValType]),
}

impl Types<'_> {
    /// Whether these are the same types as `others`; where they are written differently they count as
    /// others.
    pub(super) fn are(self, others: Self) -> bool {
        match (self, others) {
            (Self::Nothing, Self::Nothing) => true,
            (Self::One(this), Self::One(other)) => this == other,
            (Self::Many(these), Self::Many(others)) => these == others,
            _ => false,
        }
    }
}

impl<'m> Checker<'m, '_> {
    /// Opens the body of a function of type `ty`.
    pub(super) fn open_body(&mut self, ty: TypeIdx) {
        self.push_frame(0, Opener::Block, BlockType::Func(ty.0));
    }

    /// Opens the block whose type is next.
    #[inline(always)]
    pub(super) fn open(&mut self, mut place: Place<'m>, opener: Opener) -> Known<Place<'m>> {
        let ty = match place.byte()? {
            EMPTY_BLOCK => BlockType::Empty,
            // Indices of one byte; longer ones are rare.
            index @ 0..EMPTY_BLOCK => BlockType::Func(index.into()),
            byte => BlockType::One(Kind::from_byte(byte)?),
        };
        let params = self.params(ty)?;
        place = self.pop_types(place, params)?;
        self.push_frame(place.top, opener, ty);
        self.push_types(place, params)
    }

    /// Ends the first half of an `if`.
    pub(super) fn turn_to_else(&mut self, place: Place<'m>) -> Known<Place<'m>> {
        let frame = self.frames.last_mut()?;
        if frame.opener != Opener::If {
            return None;
        }
        frame.opener = Opener::Block;
        let ty = frame.ty;
        let place = self.pop_types(place, self.results(ty)?)?;
        if place.top != self.floor {
            return None;
        }
        self.unreachable = false;
        self.push_types(place, self.params(ty)?)
    }

    /// Ends the innermost block.
    #[inline(always)]
    pub(super) fn close(&mut self, place: Place<'m>) -> Known<Place<'m>> {
        let Frame { opener, ty, outer_floor, outer_unreachable } = self.frames.pop()?;
        let results = self.results(ty)?;
        let place = self.pop_types(place, results)?;
        // Where the other half is missing it leaves what it is given.
        let has_halves = opener != Opener::If || self.params(ty)?.are(results);
        if place.top != self.floor || !has_halves {
            return None;
        }
        (self.floor, self.unreachable) = (outer_floor, outer_unreachable);
        self.push_types(place, results)
    }

    /// What a branch to the block that is `depth` blocks out takes along.
    #[inline(always)]
    pub(super) fn label(&self, depth: u32) -> Known<Types<'m>> {
        let innermost = self.frames.len().checked_sub(1)?;
        let frame = self.frames.get(innermost.checked_sub(depth as usize)?)?;
        match frame.opener {
            Opener::Loop => self.params(frame.ty),
            Opener::Block | Opener::If => self.results(frame.ty),
        }
    }

    #[inline(always)]
    pub(super) fn pop_types(&self, mut place: Place<'m>, types: Types<'_>) -> Known<Place<'m>> {
        match types {
            Types::Nothing => Some(place),
            Types::One(kind) => {
                self.pop(&mut place, kind)?;
                Some(place)
            }
            Types::Many(types) => {
                for ty in types.iter().rev() {
                    self.pop(&mut place, Kind::of(*ty)?)?;
                }
                Some(place)
            }
        }
    }

    #[inline(always)]
    pub(super) fn push_types(
        &mut self,
        mut place: Place<'m>,
        types: Types<'_>,
    ) -> Known<Place<'m>> {
        match types {
            Types::Nothing => {}
            Types::One(kind) => self.push(&mut place, kind)?,
            Types::Many(types) => {
                for ty in types {
                    self.push(&mut place, Kind::of(*ty)?)?;
                }
            }
        }
        Some(place)
    }

    /// Opens a block above `floor` operands.
    fn push_frame(&mut self, floor: usize, opener: Opener, ty: BlockType) {
        let (outer_floor, outer_unreachable) = (self.floor, self.unreachable);
        self.frames.push(Frame { opener, ty, outer_floor, outer_unreachable });
        (self.floor, self.unreachable) = (floor, false);
    }

    fn params(&self, ty: BlockType) -> Known<Types<'m>> {
        match ty {
            BlockType::Empty | BlockType::One(_) => Some(Types::Nothing),
            BlockType::Func(index) => Some(Types::Many(self.quick.signature(index)?.params())),
        }
    }

    fn results(&self, ty: BlockType) -> Known<Types<'m>> {
        match ty {
            BlockType::Empty => Some(Types::Nothing),
            BlockType::One(kind) => Some(Types::One(kind)),
            BlockType::Func(index) => Some(Types::Many(self.quick.signature(index)?.results())),
        }
    }
}
