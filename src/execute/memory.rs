//! Loads, stores and the other instructions on memories.

use core::hint::cold_path;
use core::marker::PhantomData;

use crate::code::{Op, Place, Shape};
use crate::store::{InstanceData, MemoryEntity};
use crate::v128::each_lane;
use crate::{Trap, V128};

use super::instr::{Instr, Operands, Shaped};
use super::operand::{Destination, Imm, Slot, Source, Value};
use super::ops::{Entry, Handlers, entry};
use super::state::{Ctx, Flow, State};

/// What a load or store moves between memory and a value: little-endian bytes.
pub(crate) trait Raw: Copy {
    /// The size as a power of two.
    const LOG2: usize;

    /// Reads from memory.
    ///
    /// # Safety
    ///
    /// `at` is in bounds for this size.
    unsafe fn load(at: *const u8) -> Self;

    /// Writes to memory.
    ///
    /// # Safety
    ///
    /// `at` is in bounds for this size.
    unsafe fn store(self, at: *mut u8);
}

/// Whether accesses of more than a byte have to be aligned, so that one whose address says nothing of that is made
/// of bytes: then it is asked first, since compilers align what they can.
const IS_STRICT: bool =
    cfg!(all(target_endian = "little", any(target_arch = "riscv32", target_arch = "riscv64")));

macro_rules! raw {
    ($($ty:ty as $bits:ty = $log2:literal, $from:expr, $into:expr;)*) => {
        $(impl Raw for $ty {
            const LOG2: usize = $log2;

            #[inline(always)]
            unsafe fn load(at: *const u8) -> Self {
                let at = at.cast::<$bits>();
                // SAFETY: the caller's promise.
                let bits = unsafe {
                    if !IS_STRICT {
                        at.read_unaligned()
                    } else if at.is_aligned() {
                        at.read()
                    } else {
                        cold_path();
                        // Volatile, or both ways would be made one of bytes.
                        <$bits>::from_ne_bytes(each_lane(|byte| {
                            at.cast::<u8>().add(byte).read_volatile()
                        }))
                    }
                };
                $from(bits)
            }

            #[inline(always)]
            unsafe fn store(self, at: *mut u8) {
                let (bits, at) = ($into(self), at.cast::<$bits>());
                // SAFETY: the caller's promise.
                unsafe {
                    if !IS_STRICT {
                        at.write_unaligned(bits);
                    } else if at.is_aligned() {
                        at.write(bits);
                    } else {
                        cold_path();
                        // No array: a handler with memory of its own can't leave by a jump.
                        for byte in 0..size_of::<$bits>() {
                            at.cast::<u8>().add(byte).write((bits as u64 >> (8 * byte)) as u8);
                        }
                    }
                }
            }
        })*
    };
}

/// Bytes in order, in two halves that may be aligned.
impl Raw for [u8; 16] {
    const LOG2: usize = 4;

    #[inline(always)]
    unsafe fn load(at: *const u8) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            if !IS_STRICT {
                return at.cast::<[u8; 16]>().read_unaligned();
            }
            let halves = [<u64 as Raw>::load(at), <u64 as Raw>::load(at.add(8))];
            V128::from_u64x2(halves).to_le_bytes()
        }
    }

    #[inline(always)]
    unsafe fn store(self, at: *mut u8) {
        // SAFETY: the caller's promise.
        unsafe {
            if !IS_STRICT {
                return at.cast::<[u8; 16]>().write_unaligned(self);
            }
            let [low, high] = V128::from_le_bytes(self).to_u64x2();
            low.store(at);
            high.store(at.add(8));
        }
    }
}

raw! {
    i8 as i8 = 0, i8::from_le, i8::to_le;
    u8 as u8 = 0, u8::from_le, u8::to_le;
    i16 as i16 = 1, i16::from_le, i16::to_le;
    u16 as u16 = 1, u16::from_le, u16::to_le;
    i32 as i32 = 2, i32::from_le, i32::to_le;
    u32 as u32 = 2, u32::from_le, u32::to_le;
    i64 as i64 = 3, i64::from_le, i64::to_le;
    u64 as u64 = 3, u64::from_le, u64::to_le;
    f32 as u32 = 2, |bits| f32::from_bits(u32::from_le(bits)), |v: f32| v.to_bits().to_le();
    f64 as u64 = 3, |bits| f64::from_bits(u64::from_le(bits)), |v: f64| v.to_bits().to_le();
}

/// The width of the addresses of the memory that an access is to.
pub(crate) trait Width: 'static {
    /// An address as an operand.
    type Base: Value;
    /// Whether addresses have 64 bits: the op is [`Op::at64`], and its offset takes two words.
    const IS_64: bool;
    /// Which word of an access is its lane: the one after the offset.
    const LANE: usize = if Self::IS_64 { 2 } else { 1 };

    /// The address of an access of `R`'s size by `I` at `base` and its offset in the current
    /// memory, if in bounds.
    ///
    /// # Safety
    ///
    /// As for [`Instr::run`]; `I` has an offset of this width.
    unsafe fn address<I: Instr, R: Raw>(s: &State, at: usize, base: Self::Base) -> Option<*mut u8>;
}

/// Addresses of 32 bits.
pub(crate) struct At32;

impl Width for At32 {
    type Base = i32;
    const IS_64: bool = false;

    #[inline(always)]
    unsafe fn address<I: Instr, R: Raw>(s: &State, at: usize, base: i32) -> Option<*mut u8> {
        // SAFETY: the caller's promise.
        unsafe {
            let offset = Operands::<I>::word(s, at, 0);
            in_memory::<R>(s, i64::from(base as u32) + i64::from(offset))
        }
    }
}

/// Addresses of 64 bits.
pub(crate) struct At64;

impl Width for At64 {
    type Base = u64;
    const IS_64: bool = true;

    #[inline(always)]
    unsafe fn address<I: Instr, R: Raw>(s: &State, at: usize, base: u64) -> Option<*mut u8> {
        // SAFETY: the caller's promise.
        unsafe {
            let low = u64::from(Operands::<I>::word(s, at, 0));
            let high = u64::from(Operands::<I>::word(s, at, 1));
            // No memory has 2^63 bytes.
            let address = base.checked_add(low | high << 32)?;
            in_memory::<R>(s, i64::try_from(address).ok()?)
        }
    }
}

/// The host's address of the access of `R`'s size at `address`, which is not negative, in the
/// current memory, if in bounds.
///
/// # Safety
///
/// `s.ctx` is the context that runs.
#[inline(always)]
unsafe fn in_memory<R: Raw>(s: &State, address: i64) -> Option<*mut u8> {
    // SAFETY: the context outlives execution.
    let (memory, limit) = unsafe { ((*s.ctx).memory, (*s.ctx).limits[R::LOG2]) };
    if address > limit {
        cold_path();
        return None;
    }
    Some(memory.wrapping_add(address as usize))
}

/// The op of an access to a memory with addresses of this width, given the one for 32 bits.
pub(crate) const fn access<W: Width>(op: Op) -> Op {
    match op.at64() {
        Some(at64) if W::IS_64 => at64,
        Some(_) => op,
        None => panic!("an access has no row for 64-bit addresses"),
    }
}

/// A load: reads raw bytes and makes a value of them.
pub(crate) trait LoadOp: 'static {
    const OP: Op;
    type Raw: Raw;
    type D: Value;

    fn extend(raw: Self::Raw) -> Self::D;
}

/// `d = memory[x + offset]`.
pub(crate) struct Load<O, D, X, W = At32>(PhantomData<(O, D, X, W)>);

impl<O: LoadOp, D: Destination, X: Source, W: Width> Instr for Load<O, D, X, W> {
    const OP: Op = access::<W>(O::OP);
    const SHAPE: Shape = Shape::new(D::PLACE, X::PLACE, Place::Slot);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise; `address` has checked the bounds.
        unsafe {
            let base = Operands::<Self>::x::<X, W::Base>(s, at);
            let Some(address) = W::address::<Self, O::Raw>(s, at, base) else {
                return Flow::Trap(Trap::MemoryOutOfBounds);
            };
            let value = O::extend(O::Raw::load(address));
            Operands::<Self>::set::<D, O::D>(s, at, value);
        }
        Flow::Next
    }
}

/// A store: makes raw bytes of a value.
pub(crate) trait StoreOp: 'static {
    const OP: Op;
    type Raw: Raw;
    type V: Value;

    fn wrap(value: Self::V) -> Self::Raw;
}

/// `memory[x + offset] = y`.
pub(crate) struct Store<O, X, Y, W = At32>(PhantomData<(O, X, Y, W)>);

impl<O: StoreOp, X: Source, Y: Source, W: Width> Instr for Store<O, X, Y, W> {
    const OP: Op = access::<W>(O::OP);
    const SHAPE: Shape = Shape::new(Place::Slot, X::PLACE, Y::PLACE);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise; `address` has checked the bounds.
        unsafe {
            let base = Operands::<Self>::x::<X, W::Base>(s, at);
            let Some(address) = W::address::<Self, O::Raw>(s, at, base) else {
                return Flow::Trap(Trap::MemoryOutOfBounds);
            };
            O::wrap(Operands::<Self>::y::<Y, O::V>(s, at)).store(address);
        }
        Flow::Next
    }
}

/// Declares instructions with all operands in slots whose work an outlined function does: an error
/// of it is the trap, and the accumulators do not survive.
macro_rules! outlined {
    ($($(#[$doc:meta])* $name:ident($s:ident, $at:ident) $call:expr;)*) => {
        $(
            $(#[$doc])*
            pub(crate) struct $name;
            impl Instr for $name {
                const OP: Op = Op::$name;

                #[inline(always)]
                unsafe fn run($s: &mut State, $at: usize) -> Flow {
                    // SAFETY: the caller's promise; the function checks the guest's bounds.
                    let trap: Option<Trap> = unsafe { $call };
                    clobber($s);
                    match trap {
                        None => Flow::Next,
                        Some(trap) => Flow::Trap(trap),
                    }
                }
            }
            impl Handlers for $name {
                const LIST: &'static [Entry] = &[entry::<$name>()];
            }
        )*
    };
}
pub(crate) use outlined;

/// Forgets the accumulators, so that they need not be kept across an outlined call, nor the anchor.
#[inline(always)]
pub(crate) fn clobber(s: &mut State) {
    *s = State::new(s.pc, s.sp, s.ctx);
}

macro_rules! operand {
    (x $s:ident $at:ident) => {
        Operands::<Self>::x::<Slot, u64>($s, $at)
    };
    (y $s:ident $at:ident) => {
        Operands::<Self>::y::<Slot, u64>($s, $at)
    };
    (z $s:ident $at:ident) => {
        Operands::<Self>::rest::<u64>($s, $at, 0)
    };
    ($n:literal $s:ident $at:ident) => {
        Operands::<Self>::word($s, $at, $n)
    };
}
pub(crate) use operand;

/// Declares instructions on so many bytes whose first two operands may be constant: what they do is a function of
/// theirs that is part of the handler, for it is often so little that another call counts.
macro_rules! bulk {
    ($($(#[$doc:meta])* $name:ident($s:ident, $at:ident, $x:ident, $y:ident, $z:ident) $call:expr;)*) => {
        $(
            $(#[$doc])*
            pub(crate) struct $name<X = Slot, Y = Slot>(PhantomData<(X, Y)>);

            impl<X: Source, Y: Source> Instr for $name<X, Y> {
                const OP: Op = Op::$name;
                const SHAPE: Shape = Shape::new(Place::Slot, X::PLACE, Y::PLACE);

                #[inline(always)]
                unsafe fn run($s: &mut State, $at: usize) -> Flow {
                    // SAFETY: the caller's promise; the function checks the guest's bounds.
                    let trap = unsafe {
                        let $x = Operands::<Self>::x::<X, u64>($s, $at);
                        let $y = Operands::<Self>::y::<Y, u64>($s, $at);
                        let $z = operand!(z $s $at);
                        $call
                    };
                    clobber($s);
                    match trap {
                        None => Flow::Next,
                        Some(trap) => Flow::Trap(trap),
                    }
                }
            }

            impl Handlers for $name {
                const LIST: &'static [Entry] = &[
                    entry::<$name<Slot, Slot>>(),
                    entry::<$name<Imm, Slot>>(),
                    entry::<$name<Slot, Imm>>(),
                    entry::<$name<Imm, Imm>>(),
                ];
            }

            impl<X: Source, Y: Source> Shaped<(Slot, X, Y)> for $name {
                type Instr = $name<X, Y>;
            }
        )*
    };
}

bulk! {
    /// `memory.copy` from memory `from` at `y` to memory `to` at `x`, `z` bytes.
    MemoryCopy(s, at, x, y, z) memory_copy(s.ctx, [operand!(0 s at), operand!(1 s at)], x, y, z);
    /// `memory.fill` at `x` with `y`, `z` bytes.
    MemoryFill(s, at, x, y, z) memory_fill(s.ctx, operand!(0 s at), x, y, z);
}

outlined! {
    /// `memory.init` at `x` from `y` of the segment, `z` bytes.
    MemoryInit(s, at) memory_init(
        s.ctx, [operand!(0 s at), operand!(1 s at)], operand!(x s at), operand!(y s at), operand!(z s at),
    );
    /// `data.drop`.
    DataDrop(s, at) data_drop(s.ctx, operand!(0 s at));
}

/// The instance that runs.
///
/// # Safety
///
/// `ctx` is the context that runs. The store keeps instances at their addresses; the result must
/// not be kept beyond the instruction.
pub(crate) unsafe fn instance<'a>(ctx: *mut Ctx) -> &'a mut InstanceData {
    // SAFETY: the caller's promise; while guest code runs nothing else refers to instances.
    unsafe { &mut *(*ctx).instance.cast_mut() }
}

/// The memory with index `index` of the instance that runs.
unsafe fn memory<'a>(ctx: *mut Ctx, index: u32) -> &'a mut MemoryEntity {
    // SAFETY: the caller's promise; the module's validation has checked the index, and memories
    // are pinned like instances.
    unsafe { &mut *instance(ctx).memories.as_ptr().add(index as usize).read() }
}

/// Whether `start..start + len` lies within `0..end`.
pub(crate) fn in_bounds(start: u64, len: u64, end: usize) -> bool {
    start.checked_add(len).is_some_and(|stop| stop <= end as u64)
}

/// The operand of a bulk instruction as an address of this memory: 32 or 64 bits.
#[inline(always)]
fn index(memory: &MemoryEntity, bits: u64) -> u64 {
    if memory.ty().is_64() {
        // A branch: what is predicted does not wait for the memory's type.
        cold_path();
        return bits;
    }
    u64::from(bits as u32)
}

/// Where the bytes of a memory are, and how many there are. Those of memory 0 are at hand, since no other is in
/// use between instructions.
///
/// # Safety
///
/// As for [`memory`].
#[inline(always)]
unsafe fn bytes(ctx: *mut Ctx, target: u32) -> (*mut u8, usize) {
    // SAFETY: the caller's promise.
    unsafe {
        if target == 0 {
            return ((*ctx).memory, ((*ctx).limits[0] + 1) as usize);
        }
        let memory = memory(ctx, target);
        (memory.base, memory.len)
    }
}

#[inline(always)]
unsafe fn memory_copy(
    ctx: *mut Ctx,
    memories: [u32; 2],
    to: u64,
    from: u64,
    len: u64,
) -> Option<Trap> {
    // SAFETY: the caller's promise; both ranges are checked against their memories.
    unsafe {
        let [target, source] = memories;
        let (to, from) = (index(memory(ctx, target), to), index(memory(ctx, source), from));
        // Both are wide, or the number is that of the narrow one.
        let len = index(memory(ctx, target), index(memory(ctx, source), len));
        let ((target, target_len), (source, source_len)) = (bytes(ctx, target), bytes(ctx, source));
        if !in_bounds(from, len, source_len) || !in_bounds(to, len, target_len) {
            return Some(Trap::MemoryOutOfBounds);
        }
        core::ptr::copy(source.add(from as usize), target.add(to as usize), len as usize);
    }
    None
}

#[inline(always)]
unsafe fn memory_fill(ctx: *mut Ctx, target: u32, to: u64, value: u64, len: u64) -> Option<Trap> {
    // SAFETY: the caller's promise; the range is checked against the memory.
    unsafe {
        let (to, len) = (index(memory(ctx, target), to), index(memory(ctx, target), len));
        let (target, target_len) = bytes(ctx, target);
        if !in_bounds(to, len, target_len) {
            return Some(Trap::MemoryOutOfBounds);
        }
        core::ptr::write_bytes(target.add(to as usize), value as u8, len as usize);
    }
    None
}

#[inline(never)]
unsafe fn memory_init(
    ctx: *mut Ctx,
    indices: [u32; 2],
    to: u64,
    from: u64,
    len: u64,
) -> Option<Trap> {
    let [target, segment] = indices;
    // SAFETY: the caller's promise; the ranges are checked against the memory and the segment.
    unsafe {
        let target = memory(ctx, target);
        let instance = instance(ctx);
        let bytes: &[u8] = match instance.data_dropped[segment as usize] {
            true => &[],
            false => instance.module.inner().data_bytes(segment),
        };
        let (to, from, len) = (index(target, to), u64::from(from as u32), u64::from(len as u32));
        if !in_bounds(from, len, bytes.len()) || !in_bounds(to, len, target.len) {
            return Some(Trap::MemoryOutOfBounds);
        }
        let from = bytes.as_ptr().add(from as usize);
        core::ptr::copy_nonoverlapping(from, target.base.add(to as usize), len as usize);
    }
    None
}

#[inline(never)]
unsafe fn data_drop(ctx: *mut Ctx, segment: u32) -> Option<Trap> {
    // SAFETY: the caller's promise.
    unsafe { instance(ctx).data_dropped[segment as usize] = true };
    None
}

/// Makes another memory of the instance the one that loads and stores access.
pub(crate) struct UseMemory;

impl Instr for UseMemory {
    const OP: Op = Op::UseMemory;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let index = Operands::<Self>::word(s, at, 0);
            (*s.ctx).use_memory(memory(s.ctx, index));
        }
        Flow::Next
    }
}

impl Handlers for UseMemory {
    const LIST: &'static [Entry] = &[entry::<UseMemory>()];
}

/// `d = memory.size`.
pub(crate) struct MemorySize;

impl Instr for MemorySize {
    const OP: Op = Op::MemorySize;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let memory = memory(s.ctx, Operands::<Self>::word(s, at, 0));
            let pages = memory.pages();
            Operands::<Self>::set::<Slot, u64>(s, at, pages);
        }
        Flow::Next
    }
}

impl Handlers for MemorySize {
    const LIST: &'static [Entry] = &[entry::<MemorySize>()];
}

/// `d = memory.grow x`.
pub(crate) struct MemoryGrow;

impl Instr for MemoryGrow {
    const OP: Op = Op::MemoryGrow;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let delta = Operands::<Self>::x::<Slot, u64>(s, at);
            let pages = memory_grow(s.ctx, Operands::<Self>::word(s, at, 0), delta);
            clobber(s);
            finish_growth::<Self>(s, at, pages)
        }
    }
}

impl Handlers for MemoryGrow {
    const LIST: &'static [Entry] = &[entry::<MemoryGrow>()];
}

/// The outcome of growing a memory or a table.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Growth {
    /// The size before, or -1 in both widths.
    size: u64,
    /// Whether the guest goes on: the limiter may have ended it.
    goes_on: bool,
}

impl Growth {
    /// The outcome for the guest, given the size before where the store grew something.
    ///
    /// # Safety
    ///
    /// `ctx` is the context that runs.
    pub(crate) unsafe fn new(ctx: *mut Ctx, size: Option<u64>) -> Growth {
        // SAFETY: the caller's promise.
        unsafe {
            (*ctx).reload();
            let error = (*(*ctx).store.as_ptr()).growth_error.take();
            let goes_on = error.is_none();
            (*ctx).error = error;
            Growth { size: size.unwrap_or(u64::MAX), goes_on }
        }
    }
}

/// Writes the result of growing something, unless the guest ends here.
///
/// # Safety
///
/// As for [`Instr::run`].
#[inline(always)]
pub(crate) unsafe fn finish_growth<I: Instr>(s: &mut State, at: usize, growth: Growth) -> Flow {
    // SAFETY: the caller's promise.
    unsafe {
        if !growth.goes_on {
            (*s.ctx).stop_pc = s.pc;
            (*s.ctx).stop_operands = at;
            return Flow::Stop;
        }
        Operands::<I>::set::<Slot, u64>(s, at, growth.size);
    }
    Flow::Next
}

#[inline(never)]
unsafe fn memory_grow(ctx: *mut Ctx, target: u32, delta: u64) -> Growth {
    // SAFETY: the caller's promise.
    unsafe {
        let target: *mut MemoryEntity = memory(ctx, target);
        let delta = index(&*target, delta);
        // The limiter is the host's code, which may panic: what the guest has used is used.
        (*(*ctx).store.as_ptr()).fuel = (*ctx).fuel;
        let pages = (*(*ctx).store.as_ptr()).memory_grow(target, delta);
        Growth::new(ctx, pages)
    }
}
