//! Instructions as types that compose: an op with the places of its operands, and sequences.

use core::hint::cold_path;
use core::marker::PhantomData;
use core::mem::MaybeUninit;

use crate::Trap;
use crate::code::encode::LABEL_BYTES;
use crate::code::{Op, Place, Shape};

use super::operand::{Destination, Slot, Source, Value, slot, word};
use super::state::{Flow, State};

/// An op in one shape.
pub(crate) trait Instr: 'static {
    /// The op.
    const OP: Op;
    /// The places of its operands.
    const SHAPE: Shape = Shape::SLOTS;
    /// Where its fields are.
    const AT: Fields = Fields::new(Self::OP, Self::SHAPE);
    /// Whether this charges fuel, and does nothing else.
    const CHARGES: bool = false;

    /// Runs the instruction whose operands are `at` bytes into the running cell.
    ///
    /// # Safety
    ///
    /// `s` is the state of a function that the translator made and that was entered, and such an
    /// instruction is there.
    unsafe fn run(s: &mut State, at: usize) -> Flow;
}

/// The byte offsets of an instruction's fields from its operands' start.
pub(crate) struct Fields {
    d: usize,
    x: usize,
    y: usize,
    rest: usize,
    x_imm: usize,
    y_imm: usize,
    words: usize,
    /// The size of all operands.
    pub(crate) bytes: usize,
}

impl Fields {
    const fn new(op: Op, shape: Shape) -> Fields {
        let family = op.family();
        let layout = family.layout(shape);
        let y_imm = if family.x { shape.x().words() * 4 } else { 0 };
        let words = y_imm + if family.y { shape.y().words() * 4 } else { 0 };
        let d = layout.words * 4;
        let x = d + if family.d && matches!(shape.d(), Place::Slot) { 2 } else { 0 };
        let y = x + if family.x && matches!(shape.x(), Place::Slot) { 2 } else { 0 };
        let rest = y + if family.y && matches!(shape.y(), Place::Slot) { 2 } else { 0 };
        Fields { d, x, y, rest, x_imm: 0, y_imm, words, bytes: layout.bytes() }
    }
}

/// Access to the fields of the instruction `I` at `at`.
///
/// # Safety
///
/// All functions: as for [`Instr::run`]; `I` has the field in question.
pub(crate) struct Operands<I>(PhantomData<I>);

impl<I: Instr> Operands<I> {
    #[inline(always)]
    pub(crate) unsafe fn x<X: Source, V: Value>(s: &State, at: usize) -> V {
        // SAFETY: the caller's promise.
        unsafe { X::get(s, at + I::AT.x, at + I::AT.x_imm) }
    }

    #[inline(always)]
    pub(crate) unsafe fn y<Y: Source, V: Value>(s: &State, at: usize) -> V {
        // SAFETY: the caller's promise.
        unsafe { Y::get(s, at + I::AT.y, at + I::AT.y_imm) }
    }

    #[inline(always)]
    pub(crate) unsafe fn set<D: Destination, V: Value>(s: &mut State, at: usize, value: V) {
        // SAFETY: the caller's promise.
        unsafe { D::set(s, at + I::AT.d, value) }
    }

    /// The source number `index` beyond `x` and `y`.
    #[inline(always)]
    pub(crate) unsafe fn rest<V: Value>(s: &State, at: usize, index: usize) -> V {
        // SAFETY: the caller's promise.
        unsafe { V::read(slot(s, at + I::AT.rest + index * 2)) }
    }

    /// The family's word number `index`.
    #[inline(always)]
    pub(crate) unsafe fn word(s: &State, at: usize, index: usize) -> u32 {
        // SAFETY: the caller's promise.
        unsafe { word(s, at + I::AT.words + index * 4) }
    }
}

/// What a cell runs: one instruction or several.
pub(crate) trait Cell: 'static {
    /// The size of all operands in bytes.
    const BYTES: usize;
    /// Whether the first part charges fuel.
    const CHARGES: bool;

    /// Runs what stands `at` bytes into the running cell.
    ///
    /// # Safety
    ///
    /// As for [`Instr::run`].
    unsafe fn run(s: &mut State, at: usize) -> Flow;

    /// Runs what stands behind the first part.
    ///
    /// # Safety
    ///
    /// As for [`Instr::run`].
    unsafe fn run_rest(s: &mut State, at: usize) -> Flow;
}

/// A cell of one instruction, or a part of a longer one.
pub(crate) struct One<I>(PhantomData<I>);

impl<I: Instr> Cell for One<I> {
    const BYTES: usize = I::AT.bytes;
    const CHARGES: bool = I::CHARGES;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        let flow = unsafe { I::run(s, at) };
        if let Flow::Trap(_) = flow {
            // SAFETY: the context outlives execution.
            unsafe { (*s.ctx).stop_operands = at };
        }
        flow
    }

    #[inline(always)]
    unsafe fn run_rest(_: &mut State, _: usize) -> Flow {
        Flow::Next
    }
}

/// `A`, then `B`, in one cell.
pub(crate) struct Seq<A, B>(PhantomData<(A, B)>);

impl<A: Cell, B: Cell> Cell for Seq<A, B> {
    const BYTES: usize = A::BYTES + B::BYTES;
    const CHARGES: bool = A::CHARGES;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        match unsafe { A::run(s, at) } {
            // SAFETY: the operands of `B` follow those of `A`.
            Flow::Next => unsafe { B::run(s, at + A::BYTES) },
            flow => flow,
        }
    }

    #[inline(always)]
    unsafe fn run_rest(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise; the operands of `B` follow those of `A`.
        unsafe { B::run(s, at + A::BYTES) }
    }
}

/// The most words that a cell may have which turns within its handler.
const LOOP_WORDS_MAX: usize = 24;

/// The cell `C` where it branches to itself: goes on within its handler.
pub(crate) struct Loop<C>(PhantomData<C>);

impl<C: Cell> Cell for Loop<C> {
    const BYTES: usize = C::BYTES;
    const CHARGES: bool = C::CHARGES;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        let pc = s.pc;
        // Stores to slots can't change the copy: its fields are read once, into registers.
        let mut copy = MaybeUninit::<[u32; LOOP_WORDS_MAX]>::uninit();
        let here = copy.as_mut_ptr().cast::<u8>();
        const { assert!(LABEL_BYTES + C::BYTES <= LOOP_WORDS_MAX * 4, "a row is longer") };
        // SAFETY: the cell has so many bytes, and so has the copy.
        unsafe { here.copy_from_nonoverlapping(pc, LABEL_BYTES + C::BYTES) };
        // Its only branch leads here: nobody need wait for `pc` to be computed.
        s.pc = here;
        // SAFETY: the caller's promise; what runs finds the same at `here` as at `pc`.
        let flow = unsafe { if C::CHARGES { metered::<C>(s, at) } else { unmetered::<C>(s, at) } };
        s.pc = pc;
        flow
    }

    #[inline(always)]
    unsafe fn run_rest(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe { C::run_rest(s, at) }
    }
}

/// The same of a recurrence, `C`: `t = op a, b`, then `a = b`, `b = t`, and `i = i + step`; nothing else has to do with
/// `a`, `b` and `i`, which are the [kept](super::operand::Kept) slots in this order. `Before` is what stands before the copies.
/// `Once` is the cell without them.
pub(crate) struct Recurrence<Before, Step, Once, C>(PhantomData<(Before, Step, Once, C)>);

/// Whether the compiler puts kept slots in registers: on aarch64 it leaves them in memory, whose address escapes, and
/// what follows is no jump any more.
const KEEPS_SLOTS: bool = cfg!(target_arch = "x86_64");

impl<Before: Cell, Step: Instr, Once: Cell, C: Cell> Cell for Recurrence<Before, Step, Once, C> {
    const BYTES: usize = C::BYTES;
    const CHARGES: bool = C::CHARGES;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        const COPY: Fields = Fields::new(Op::Copy, Shape::SLOTS);
        if !KEEPS_SLOTS {
            // SAFETY: the caller's promise.
            return unsafe { Loop::<Once>::run(s, at) };
        }
        let copy = at + Before::BYTES;
        let step = copy + 2 * COPY.bytes;
        // SAFETY: the caller's promise: these parts are there, and their slots are of the frame.
        unsafe {
            let slots =
                [slot(s, copy + COPY.d), slot(s, copy + COPY.x), slot(s, step + Step::AT.d)];
            s.passed.kept = [slots[0].read(), slots[1].read(), slots[2].read()];
            let flow = Loop::<C>::run(s, at);
            for (slot, value) in slots.into_iter().zip(s.passed.kept) {
                slot.write(value);
            }
            flow
        }
    }

    #[inline(always)]
    unsafe fn run_rest(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe { Once::run_rest(s, at) }
    }
}

/// Runs the cell `C` while it branches.
///
/// # Safety
///
/// As for [`Instr::run`].
#[inline(always)]
unsafe fn unmetered<C: Cell>(s: &mut State, at: usize) -> Flow {
    let here = s.pc;
    loop {
        // SAFETY: the caller's promise.
        match unsafe { C::run(s, at) } {
            Flow::Jump => s.pc = here,
            flow => return flow,
        }
    }
}

/// The same for a cell that charges fuel, which is in a register meanwhile: no other part looks at it.
///
/// # Safety
///
/// As for [`Instr::run`]; the first part of `C` is `consume_fuel`, whose one operand comes first.
#[inline(always)]
unsafe fn metered<C: Cell>(s: &mut State, at: usize) -> Flow {
    let here = s.pc;
    // SAFETY: the caller's promise; the context outlives execution.
    let (cost, mut fuel) = unsafe { (u64::from(word(s, at)), (*s.ctx).fuel) };
    let flow = loop {
        if fuel < cost {
            cold_path();
            // SAFETY: as above.
            unsafe { (*s.ctx).stop_operands = at };
            break Flow::Trap(Trap::OutOfFuel);
        }
        fuel -= cost;
        // SAFETY: the caller's promise.
        match unsafe { C::run_rest(s, at) } {
            Flow::Jump => s.pc = here,
            flow => break flow,
        }
    };
    // SAFETY: as above.
    unsafe { (*s.ctx).fuel = fuel };
    flow
}

/// A pure function of one operand.
pub(crate) trait UnaryOp: 'static {
    const OP: Op;
    type X: Value;
    type D: Value;

    fn eval(x: Self::X) -> Result<Self::D, Trap>;
}

/// A pure function of two operands.
pub(crate) trait BinaryOp: 'static {
    const OP: Op;
    type X: Value;
    type Y: Value;
    type D: Value;

    fn eval(x: Self::X, y: Self::Y) -> Result<Self::D, Trap>;
}

/// `d = op x`.
pub(crate) struct Unary<O, D, X>(PhantomData<(O, D, X)>);

impl<O: UnaryOp, D: Destination, X: Source> Instr for Unary<O, D, X> {
    const OP: Op = O::OP;
    const SHAPE: Shape = Shape::new(D::PLACE, X::PLACE, Place::Slot);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        let x = unsafe { Operands::<Self>::x::<X, O::X>(s, at) };
        match O::eval(x) {
            // SAFETY: the caller's promise.
            Ok(value) => unsafe { Operands::<Self>::set::<D, O::D>(s, at, value) },
            Err(trap) => {
                cold_path();
                return Flow::Trap(trap);
            }
        }
        Flow::Next
    }
}

/// `d = op x, y`.
pub(crate) struct Binary<O, D, X, Y>(PhantomData<(O, D, X, Y)>);

impl<O: BinaryOp, D: Destination, X: Source, Y: Source> Instr for Binary<O, D, X, Y> {
    const OP: Op = O::OP;
    const SHAPE: Shape = Shape::new(D::PLACE, X::PLACE, Y::PLACE);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        let x = unsafe { Operands::<Self>::x::<X, O::X>(s, at) };
        // SAFETY: the caller's promise.
        let y = unsafe { Operands::<Self>::y::<Y, O::Y>(s, at) };
        match O::eval(x, y) {
            // SAFETY: the caller's promise.
            Ok(value) => unsafe { Operands::<Self>::set::<D, O::D>(s, at, value) },
            Err(trap) => {
                cold_path();
                return Flow::Trap(trap);
            }
        }
        Flow::Next
    }
}

/// `br_if op x, y`: the comparison gives the condition.
pub(crate) struct Branch<O, X, Y>(PhantomData<(O, X, Y)>);

impl<O: BinaryOp<D = i32>, X: Source, Y: Source> Instr for Branch<O, X, Y> {
    const OP: Op = O::OP;
    const SHAPE: Shape = Shape::new(Place::Slot, X::PLACE, Y::PLACE);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        let x = unsafe { Operands::<Self>::x::<X, O::X>(s, at) };
        // SAFETY: the caller's promise.
        let y = unsafe { Operands::<Self>::y::<Y, O::Y>(s, at) };
        if let Ok(0) = O::eval(x, y) {
            return Flow::Next;
        }
        // SAFETY: the translator's targets are cells of the same function.
        unsafe { jump::<Self>(s, at) };
        Flow::Jump
    }
}

/// Moves `pc` to the target in the first word of the instruction `I`.
///
/// # Safety
///
/// As for [`Instr::run`]; that word is a target.
#[inline(always)]
pub(crate) unsafe fn jump<I: Instr>(s: &mut State, at: usize) {
    // SAFETY: the translator's targets are cells of the same function.
    unsafe {
        let target = Operands::<I>::word(s, at, 0) as i32;
        s.pc = s.pc.offset(target as isize);
    }
}

/// The instruction that an op is in the shape written `(D, X, Y)`: what fused rows name.
pub(crate) trait Shaped<S> {
    type Instr: Instr;
}

/// All operands in slots.
pub(crate) type Slots = (Slot, Slot, Slot);
