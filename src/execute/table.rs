//! Instructions on tables and element segments.

use crate::Trap;
use crate::code::Op;
use crate::store::TableEntity;

use super::instr::{Instr, Operands};
use super::memory::{Growth, clobber, finish_growth, in_bounds, instance, operand, outlined};
use super::operand::Slot;
use super::ops::{Entry, Handlers, entry, single_shape};
use super::state::{Ctx, Flow, State};

/// The table with index `index` of the instance that runs.
///
/// # Safety
///
/// `ctx` is the context that runs.
#[inline(always)]
pub(crate) unsafe fn table<'a>(ctx: *mut Ctx, index: u32) -> &'a mut TableEntity {
    // SAFETY: the caller's promise; validation has checked the index, and tables are pinned.
    unsafe { &mut *(*ctx).tables.add(index as usize).read() }
}

/// The operand of an instruction as an index of this table: 32 or 64 bits.
#[inline(always)]
pub(crate) fn index(table: &TableEntity, bits: u64) -> u64 {
    if table.ty().is_64() { bits } else { u64::from(bits as u32) }
}

/// `d = table.get x`.
pub(crate) struct TableGet;

impl Instr for TableGet {
    const OP: Op = Op::TableGet;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise; the index is checked.
        unsafe {
            let table = table(s.ctx, Operands::<Self>::word(s, at, 0));
            let index = index(table, Operands::<Self>::x::<Slot, u64>(s, at));
            if index >= table.len as u64 {
                return Flow::Trap(Trap::TableOutOfBounds);
            }
            let value = table.base.add(index as usize).read();
            Operands::<Self>::set::<Slot, u64>(s, at, value);
        }
        Flow::Next
    }
}

/// `table.set x, y`.
pub(crate) struct TableSet;

impl Instr for TableSet {
    const OP: Op = Op::TableSet;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise; the index is checked.
        unsafe {
            let table = table(s.ctx, Operands::<Self>::word(s, at, 0));
            let index = index(table, Operands::<Self>::x::<Slot, u64>(s, at));
            if index >= table.len as u64 {
                return Flow::Trap(Trap::TableOutOfBounds);
            }
            let value = Operands::<Self>::y::<Slot, u64>(s, at);
            table.base.add(index as usize).write(value);
        }
        Flow::Next
    }
}

/// `d = table.size`.
pub(crate) struct TableSize;

impl Instr for TableSize {
    const OP: Op = Op::TableSize;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let len = table(s.ctx, Operands::<Self>::word(s, at, 0)).len as u64;
            Operands::<Self>::set::<Slot, u64>(s, at, len);
        }
        Flow::Next
    }
}

/// `d = table.grow x, y`: by `y` elements that are `x`.
pub(crate) struct TableGrow;

impl Instr for TableGrow {
    const OP: Op = Op::TableGrow;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let init = Operands::<Self>::x::<Slot, u64>(s, at);
            let delta = Operands::<Self>::y::<Slot, u64>(s, at);
            let growth = table_grow(s.ctx, Operands::<Self>::word(s, at, 0), init, delta);
            clobber(s);
            finish_growth::<Self>(s, at, growth)
        }
    }
}

single_shape! { TableGet TableSet TableSize TableGrow }

#[inline(never)]
unsafe fn table_grow(ctx: *mut Ctx, target: u32, init: u64, delta: u64) -> Growth {
    // SAFETY: the caller's promise.
    unsafe {
        let target: *mut TableEntity = table(ctx, target);
        let delta = index(&*target, delta);
        // As in `memory_grow`.
        (*(*ctx).store.as_ptr()).fuel = (*ctx).fuel;
        let len = (*(*ctx).store.as_ptr()).table_grow(target, delta, init);
        Growth::new(ctx, len)
    }
}

outlined! {
    /// `table.fill` at `x` with `y`, `z` elements.
    TableFill(s, at) table_fill(
        s.ctx, operand!(0 s at), operand!(x s at), operand!(y s at), operand!(z s at),
    );
    /// `table.copy` from table `from` at `y` to table `to` at `x`, `z` elements.
    TableCopy(s, at) table_copy(
        s.ctx, [operand!(0 s at), operand!(1 s at)], operand!(x s at), operand!(y s at), operand!(z s at),
    );
    /// `table.init` at `x` from `y` of the segment, `z` elements.
    TableInit(s, at) table_init(
        s.ctx, [operand!(0 s at), operand!(1 s at)], operand!(x s at), operand!(y s at), operand!(z s at),
    );
    /// `elem.drop`.
    ElemDrop(s, at) elem_drop(s.ctx, operand!(0 s at));
}

#[inline(never)]
unsafe fn table_fill(ctx: *mut Ctx, target: u32, at: u64, value: u64, len: u64) -> Option<Trap> {
    // SAFETY: the caller's promise; the range is checked.
    unsafe {
        let table = table(ctx, target);
        let (at, len) = (index(table, at), index(table, len));
        if !in_bounds(at, len, table.len) {
            return Some(Trap::TableOutOfBounds);
        }
        table.elements_mut()[at as usize..][..len as usize].fill(value);
    }
    None
}

#[inline(never)]
unsafe fn table_copy(
    ctx: *mut Ctx,
    tables: [u32; 2],
    to: u64,
    from: u64,
    len: u64,
) -> Option<Trap> {
    // SAFETY: the caller's promise; both ranges are checked against their tables.
    unsafe {
        let [target, source] = tables.map(|index| table(ctx, index) as *mut TableEntity);
        let (to, from) = (index(&*target, to), index(&*source, from));
        let wide = (*target).ty().is_64() && (*source).ty().is_64();
        let len = if wide { len } else { u64::from(len as u32) };
        if !in_bounds(from, len, (*source).len) || !in_bounds(to, len, (*target).len) {
            return Some(Trap::TableOutOfBounds);
        }
        let from = (*source).base.add(from as usize);
        core::ptr::copy(from, (*target).base.add(to as usize), len as usize);
    }
    None
}

#[inline(never)]
unsafe fn table_init(
    ctx: *mut Ctx,
    indices: [u32; 2],
    to: u64,
    from: u64,
    len: u64,
) -> Option<Trap> {
    let [target, segment] = indices;
    // SAFETY: the caller's promise; the ranges are checked against the table and the segment.
    unsafe {
        let target = table(ctx, target);
        let elements = instance(ctx).elements[segment as usize].as_deref().unwrap_or(&[]);
        let (to, from, len) = (index(target, to), u64::from(from as u32), u64::from(len as u32));
        if !in_bounds(from, len, elements.len()) || !in_bounds(to, len, target.len) {
            return Some(Trap::TableOutOfBounds);
        }
        let from = &elements[from as usize..][..len as usize];
        target.elements_mut()[to as usize..][..len as usize].copy_from_slice(from);
    }
    None
}

#[inline(never)]
unsafe fn elem_drop(ctx: *mut Ctx, segment: u32) -> Option<Trap> {
    // SAFETY: the caller's promise.
    unsafe { instance(ctx).elements[segment as usize] = None };
    None
}
