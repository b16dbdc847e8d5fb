//! Branches, function entry, calls and returns.
//!
//! Calls between guest functions touch only the stack's buffer: a call pushes a [`Record`] and moves
//! `sp` to the arguments, which become the callee's first slots; a return pops the record and leaves
//! the results in the callee's first slots. A single result is in the accumulator of its class too,
//! whichever way the call went.

use core::hint::cold_path;
use core::marker::PhantomData;
use core::sync::atomic::Ordering;

use crate::Trap;
use crate::code::{Op, Place, Shape};
use crate::store::{FuncEntity, InstanceData};
use crate::types::TypeId;

use super::code_map::FuncEntry;
use super::dispatch::Anchor;
use super::exception;
use super::host;
use super::instr::{Instr, Operands, Shaped, jump};
use super::memory::{clobber, instance};
use super::operand::{Acc, Imm, Slot, Source, Value};
use super::ops::{Entry, Handlers, entry, single_shape};
use super::state::{Ctx, Flow, Record, State};
use super::table::{index, table};
use super::vector::VectorRegister;

/// What a function's entry leaves free below the newest record: room for the records of a call.
pub(crate) const ENTER_MARGIN_BYTES: u32 = 64;

/// `br`.
pub(crate) struct Br;

impl Instr for Br {
    const OP: Op = Op::Br;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe { jump::<Self>(s, at) };
        Flow::Jump
    }
}

/// `br_table x`: the targets follow the operands, the last one is the default.
pub(crate) struct BrTable<X = Slot>(PhantomData<X>);

impl<X: Source> Instr for BrTable<X> {
    const OP: Op = Op::BrTable;
    const SHAPE: Shape = Shape::new(Place::Slot, X::PLACE, Place::Slot);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise; there are `count + 1` targets.
        unsafe {
            let x = Operands::<Self>::x::<X, i32>(s, at) as u32;
            let index = x.min(Operands::<Self>::word(s, at, 0));
            let targets = s.pc.add(at + Self::AT.bytes).cast::<i32>();
            s.pc = s.pc.offset(targets.add(index as usize).read() as isize);
        }
        Flow::Jump
    }
}

impl Handlers for BrTable {
    const LIST: &'static [Entry] = &[entry::<BrTable<Slot>>(), entry::<BrTable<Acc>>()];
}

impl<X: Source> Shaped<(Slot, X, Slot)> for BrTable {
    type Instr = BrTable<X>;
}

/// `unreachable`.
pub(crate) struct Unreachable;

impl Instr for Unreachable {
    const OP: Op = Op::Unreachable;

    #[inline(always)]
    unsafe fn run(_: &mut State, _: usize) -> Flow {
        Flow::Trap(Trap::UnreachableCodeReached)
    }
}

/// The start of a function: checks that the frame fits the stack.
#[inline(always)]
unsafe fn enter<I: Instr>(s: &State, at: usize) -> Result<*mut u64, Trap> {
    // SAFETY: the caller's promise.
    unsafe {
        let frame = Operands::<I>::word(s, at, 0) as usize;
        // The newest record is never below the frame: the difference can't wrap, a sum could.
        if (*s.ctx).records.addr().wrapping_sub(s.sp.addr()) < frame {
            cold_path();
            return Err(Trap::StackOverflow);
        }
        Ok(s.sp.add(Operands::<I>::word(s, at, 1) as usize).cast())
    }
}

/// Declares function entries that clear a fixed number of slots.
macro_rules! enters {
    ($($name:ident, $zeros:literal;)*) => {
        $(
            #[doc = concat!("A function's entry, with ", stringify!($zeros), " slots to clear.")]
            pub(crate) struct $name;
            impl Instr for $name {
                const OP: Op = Op::$name;

                #[inline(always)]
                unsafe fn run(s: &mut State, at: usize) -> Flow {
                    // SAFETY: the caller's promise; the slots are in the frame, which fits.
                    unsafe {
                        match enter::<Self>(s, at) {
                            Ok(slots) => slots.cast::<[u64; $zeros]>().write([0; $zeros]),
                            Err(trap) => return Flow::Trap(trap),
                        }
                    }
                    Flow::Next
                }
            }
        )*
        single_shape! { $($name)* }
    };
}

enters! {
    Enter0, 0;
    Enter1, 1;
    Enter2, 2;
    Enter4, 4;
    Enter8, 8;
}

/// A function's entry, with any number of slots to clear.
pub(crate) struct EnterMany;

impl Instr for EnterMany {
    const OP: Op = Op::EnterMany;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise; the slots are in the frame, which fits.
        unsafe {
            match enter::<Self>(s, at) {
                Ok(slots) => slots.write_bytes(0, Operands::<Self>::word(s, at, 2) as usize),
                Err(trap) => return Flow::Trap(trap),
            }
        }
        clobber(s);
        Flow::Next
    }
}

/// Charges the fuel of a block.
pub(crate) struct ConsumeFuel;

impl Instr for ConsumeFuel {
    const OP: Op = Op::ConsumeFuel;
    const CHARGES: bool = true;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let cost = u64::from(Operands::<Self>::word(s, at, 0));
            if (*s.ctx).fuel < cost {
                cold_path();
                return Flow::Trap(Trap::OutOfFuel);
            }
            (*s.ctx).fuel -= cost;
        }
        Flow::Next
    }
}

/// Pushes the record of a call: `pc` and `sp` are where it returns to.
#[inline(always)]
unsafe fn push(ctx: *mut Ctx, pc: *const u8, sp: *mut u8) {
    // SAFETY: the function's entry left room for the records of a call.
    unsafe {
        let record = (*ctx).records.sub(1);
        record.write(Record { pc, sp });
        (*ctx).records = record;
    }
}

/// The code of a function; acquires what the translation wrote.
#[inline(always)]
unsafe fn code(entry: *const FuncEntry) -> *const u8 {
    // SAFETY: entries live as long as their module, which its instances keep.
    unsafe { (*entry).code.load(Ordering::Acquire) }
}

/// The entry of the function with the index in the first word of `I` among the defined ones.
#[inline(always)]
unsafe fn defined<I: Instr>(s: &State, at: usize) -> *const FuncEntry {
    // SAFETY: the caller's promise.
    unsafe { (*s.ctx).entries.add(Operands::<I>::word(s, at, 0) as usize) }
}

/// `call` of a function that the module defines.
pub(crate) struct Call;

impl Instr for Call {
    const OP: Op = Op::Call;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            push(s.ctx, s.pc.add(at + Self::AT.bytes), s.sp);
            let base = Operands::<Self>::word(s, at, 1) as usize;
            s.pc = code(defined::<Self>(s, at));
            s.sp = s.sp.add(base);
        }
        Flow::Jump
    }
}

/// `return_call` of a function that the module defines.
pub(crate) struct ReturnCall;

impl Instr for ReturnCall {
    const OP: Op = Op::ReturnCall;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let entry = defined::<Self>(s, at);
            let base = Operands::<Self>::word(s, at, 1) as usize;
            let count = Operands::<Self>::word(s, at, 2) as usize;
            move_arguments(s.sp, base, count);
            s.pc = code(entry);
        }
        clobber(s);
        Flow::Jump
    }
}

/// Moves the arguments of a tail call to the start of the frame.
#[inline(never)]
unsafe fn move_arguments(sp: *mut u8, base: usize, count: usize) {
    // SAFETY: the caller's promise: both spans are in the frame.
    unsafe { core::ptr::copy(sp.add(base).cast::<u64>(), sp.cast(), count) }
}

/// Where execution goes on after an outlined call; `pc` is null if it stops.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Next {
    pub(crate) pc: *const u8,
    pub(crate) sp: *mut u8,
}

impl Next {
    pub(crate) const STOP: Next = Next { pc: core::ptr::null(), sp: core::ptr::null_mut() };
}

/// Goes on at `next`. `results` is where a finished host call left its results.
#[inline(always)]
unsafe fn go_to(s: &mut State, next: Next, results: *const u64) -> Flow {
    if next.pc.is_null() {
        return Flow::Stop;
    }
    s.pc = next.pc;
    s.sp = next.sp;
    // SAFETY: the caller's promise: a slot of the stack.
    unsafe {
        s.acc = u64::read(results);
        s.f32 = f32::read(results);
        s.f64 = f64::read(results);
        s.anchor = Anchor::new();
        s.v128 = VectorRegister::zero();
    }
    Flow::Jump
}

/// Calls any function of the store from the frame at `frame.sp`, to return to `frame.pc`, with the
/// arguments at `arguments`.
///
/// # Safety
///
/// `ctx` runs; `func` is a function of its store whose parameters are at `arguments`.
#[inline(never)]
unsafe fn call_any(
    ctx: *mut Ctx,
    func: *const FuncEntity,
    frame: Next,
    arguments: *mut u8,
) -> Next {
    // SAFETY: the caller's promise.
    unsafe {
        let FuncEntity { host, instance, entry, .. } = *func;
        if host != 0 {
            return match host::call_from_guest(ctx, host - 1, arguments.cast(), frame.pc) {
                true => frame,
                false => exception::catch_from_host(ctx, Some(frame)),
            };
        }
        push(ctx, frame.pc, frame.sp);
        if instance != (*ctx).instance {
            push(ctx, &raw const (*ctx).restore as *const u8, (*ctx).instance.cast_mut().cast());
            (*ctx).enter_instance(instance);
        }
        Next { pc: code(entry), sp: arguments }
    }
}

/// Calls any function of the store in place of the function that runs, whose frame is at `sp`; the
/// cell that asks ends at `pc`.
///
/// # Safety
///
/// As for [`call_any`]; the `count` arguments are at byte `base` of the frame.
#[inline(never)]
unsafe fn return_call_any(
    ctx: *mut Ctx,
    func: *const FuncEntity,
    Next { pc, sp }: Next,
    base: usize,
    count: usize,
) -> Next {
    // SAFETY: the caller's promise.
    unsafe {
        let FuncEntity { host, instance, entry, .. } = *func;
        if host != 0 {
            let arguments = sp.add(base).cast::<u64>();
            if !host::call_from_guest(ctx, host - 1, arguments, pc) {
                return exception::catch_from_host(ctx, None);
            }
            let results = host::result_slots(ctx, host - 1);
            core::ptr::copy(arguments, sp.cast(), results);
            let record = (*ctx).records;
            (*ctx).records = record.add(1);
            return Next { pc: (*record).pc, sp: (*record).sp };
        }
        move_arguments(sp, base, count);
        if instance != (*ctx).instance {
            // A record that restores an instance at the top restores the right one already: the
            // caller's. One more for each tail call would let the records grow without bound.
            let restore: *const u8 = (&raw const (*ctx).restore).cast();
            if (*(*ctx).records).pc != restore {
                push(ctx, restore, (*ctx).instance.cast_mut().cast());
            }
            (*ctx).enter_instance(instance);
        }
        Next { pc: code(entry), sp }
    }
}

/// The imported function with the index in the first word of `I`.
#[inline(always)]
unsafe fn imported<I: Instr>(s: &State, at: usize) -> *const FuncEntity {
    // SAFETY: the caller's promise; import slots are never null.
    unsafe {
        let slot = instance(s.ctx).func_refs[Operands::<I>::word(s, at, 0) as usize];
        (*s.ctx).funcs.add(slot as usize - 1)
    }
}

/// `call` of an imported function.
pub(crate) struct CallImport;

impl Instr for CallImport {
    const OP: Op = Op::CallImport;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let func = imported::<Self>(s, at);
            let arguments = s.sp.add(Operands::<Self>::word(s, at, 1) as usize);
            let frame = Next { pc: s.pc.add(at + Self::AT.bytes), sp: s.sp };
            let next = call_any(s.ctx, func, frame, arguments);
            go_to(s, next, arguments.cast())
        }
    }
}

/// `return_call` of an imported function.
pub(crate) struct ReturnCallImport;

impl Instr for ReturnCallImport {
    const OP: Op = Op::ReturnCallImport;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let func = imported::<Self>(s, at);
            let base = Operands::<Self>::word(s, at, 1) as usize;
            let count = Operands::<Self>::word(s, at, 2) as usize;
            let frame = Next { pc: s.pc.add(at + Self::AT.bytes), sp: s.sp };
            let next = return_call_any(s.ctx, func, frame, base, count);
            go_to(s, next, frame.sp.cast())
        }
    }
}

/// The function that `call_indirect` of the instruction `I` selects.
#[inline(always)]
unsafe fn selected<I: Instr>(s: &State, at: usize) -> Result<*const FuncEntity, Trap> {
    // SAFETY: the caller's promise; the index is checked.
    unsafe {
        let table = table(s.ctx, Operands::<I>::word(s, at, 0));
        let index = index(table, Operands::<I>::x::<Slot, u64>(s, at));
        if index >= table.len as u64 {
            cold_path();
            return Err(Trap::UndefinedElement);
        }
        let slot = table.base.add(index as usize).read();
        if slot == 0 {
            cold_path();
            return Err(Trap::IndirectCallToNull);
        }
        let func = (*s.ctx).funcs.add(slot as usize - 1);
        let expected = TypeId(Operands::<I>::word(s, at, 1));
        if (*func).ty != expected && !is_subtype(s.ctx, (*func).ty, expected) {
            cold_path();
            return Err(Trap::BadSignature);
        }
        Ok(func)
    }
}

/// Whether a type of the store is a subtype of another one.
#[cold]
#[inline(never)]
unsafe fn is_subtype(ctx: *mut Ctx, sub: TypeId, sup: TypeId) -> bool {
    // SAFETY: the caller's promise: `ctx` runs.
    unsafe { (*ctx).store.as_ref().is_subtype(sub, sup) }
}

/// The function that `call_ref` of the instruction `I` is given.
#[inline(always)]
unsafe fn referred<I: Instr>(s: &State, at: usize) -> Result<*const FuncEntity, Trap> {
    // SAFETY: the caller's promise; validation has checked the type.
    unsafe {
        match Operands::<I>::x::<Slot, u64>(s, at) {
            0 => Err(Trap::NullReference),
            slot => Ok((*s.ctx).funcs.add(slot as usize - 1)),
        }
    }
}

/// Calls a function of the store, from the cell that ends at `end`, with the arguments at byte
/// `base` of the frame.
#[inline(always)]
unsafe fn call_entity(s: &mut State, func: *const FuncEntity, end: usize, base: u32) -> Flow {
    // SAFETY: the caller's promise.
    unsafe {
        let arguments = s.sp.add(base as usize);
        let frame = Next { pc: s.pc.add(end), sp: s.sp };
        if (*func).instance == (*s.ctx).instance {
            push(s.ctx, frame.pc, frame.sp);
            s.pc = code((*func).entry);
            s.sp = arguments;
            return Flow::Jump;
        }
        let next = call_any(s.ctx, func, frame, arguments);
        go_to(s, next, arguments.cast())
    }
}

/// `call_ref x`.
pub(crate) struct CallRef;

impl Instr for CallRef {
    const OP: Op = Op::CallRef;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            match referred::<Self>(s, at) {
                Ok(func) => {
                    let base = Operands::<Self>::word(s, at, 0);
                    call_entity(s, func, at + Self::AT.bytes, base)
                }
                Err(trap) => Flow::Trap(trap),
            }
        }
    }
}

/// `return_call_ref x`.
pub(crate) struct ReturnCallRef;

impl Instr for ReturnCallRef {
    const OP: Op = Op::ReturnCallRef;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let func = match referred::<Self>(s, at) {
                Ok(func) => func,
                Err(trap) => return Flow::Trap(trap),
            };
            let base = Operands::<Self>::word(s, at, 0) as usize;
            let count = Operands::<Self>::word(s, at, 1) as usize;
            let frame = Next { pc: s.pc.add(at + Self::AT.bytes), sp: s.sp };
            let next = return_call_any(s.ctx, func, frame, base, count);
            go_to(s, next, frame.sp.cast())
        }
    }
}

/// `call_indirect x`.
pub(crate) struct CallIndirect;

impl Instr for CallIndirect {
    const OP: Op = Op::CallIndirect;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let func = match selected::<Self>(s, at) {
                Ok(func) => func,
                Err(trap) => return Flow::Trap(trap),
            };
            let base = Operands::<Self>::word(s, at, 2);
            call_entity(s, func, at + Self::AT.bytes, base)
        }
    }
}

/// `return_call_indirect x`.
pub(crate) struct ReturnCallIndirect;

impl Instr for ReturnCallIndirect {
    const OP: Op = Op::ReturnCallIndirect;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let func = match selected::<Self>(s, at) {
                Ok(func) => func,
                Err(trap) => return Flow::Trap(trap),
            };
            let base = Operands::<Self>::word(s, at, 2) as usize;
            let count = Operands::<Self>::word(s, at, 3) as usize;
            let frame = Next { pc: s.pc.add(at + Self::AT.bytes), sp: s.sp };
            let next = return_call_any(s.ctx, func, frame, base, count);
            go_to(s, next, frame.sp.cast())
        }
    }
}

/// Pops the newest record and goes on where it says.
#[inline(always)]
unsafe fn pop(s: &mut State) -> Flow {
    // SAFETY: the oldest record leads to `Halt`, which never pops.
    unsafe {
        let record = (*s.ctx).records;
        (*s.ctx).records = record.add(1);
        s.pc = (*record).pc;
        s.sp = (*record).sp;
    }
    Flow::Jump
}

/// `return`, with all results in place.
pub(crate) struct Return;

impl Instr for Return {
    const OP: Op = Op::Return;

    #[inline(always)]
    unsafe fn run(s: &mut State, _: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe { pop(s) }
    }
}

/// `return x`, an integer or reference.
pub(crate) struct ReturnValue<X = Slot>(PhantomData<X>);

impl<X: Source> Instr for ReturnValue<X> {
    const OP: Op = Op::ReturnValue;
    const SHAPE: Shape = Shape::new(Place::Slot, X::PLACE, Place::Slot);

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise; slot 0 is in the frame.
        unsafe {
            let x = Operands::<Self>::x::<X, i64>(s, at);
            x.write(s.sp.cast());
            s.acc = x as u64;
            pop(s)
        }
    }
}

impl Handlers for ReturnValue {
    const LIST: &'static [Entry] =
        &[entry::<ReturnValue<Slot>>(), entry::<ReturnValue<Acc>>(), entry::<ReturnValue<Imm>>()];
}

impl<X: Source> Shaped<(Slot, X, Slot)> for ReturnValue {
    type Instr = ReturnValue<X>;
}

/// Declares `return x` for the float types.
macro_rules! return_floats {
    ($($name:ident, $ty:ident;)*) => {
        $(
            #[doc = concat!("`return x`, an ", stringify!($ty), ".")]
            pub(crate) struct $name<X = Slot>(PhantomData<X>);
            impl<X: Source> Instr for $name<X> {
                const OP: Op = Op::$name;
                const SHAPE: Shape = Shape::new(Place::Slot, X::PLACE, Place::Slot);

                #[inline(always)]
                unsafe fn run(s: &mut State, at: usize) -> Flow {
                    // SAFETY: the caller's promise; slot 0 is in the frame.
                    unsafe {
                        let x = Operands::<Self>::x::<X, $ty>(s, at);
                        x.write(s.sp.cast());
                        s.$ty = x;
                        pop(s)
                    }
                }
            }
            impl Handlers for $name {
                const LIST: &'static [Entry] = &[entry::<$name<Slot>>(), entry::<$name<Acc>>()];
            }
            impl<X: Source> Shaped<(Slot, X, Slot)> for $name {
                type Instr = $name<X>;
            }
        )*
    };
}

return_floats! {
    ReturnF32, f32;
    ReturnF64, f64;
}

/// The oldest record leads here: the host's call is done.
pub(crate) struct Halt;

impl Instr for Halt {
    const OP: Op = Op::Halt;

    #[inline(always)]
    unsafe fn run(_: &mut State, _: usize) -> Flow {
        Flow::Stop
    }
}

/// A call to another instance returned: the `sp` of its record is the caller's instance.
pub(crate) struct RestoreInstance;

impl Instr for RestoreInstance {
    const OP: Op = Op::RestoreInstance;

    #[inline(always)]
    unsafe fn run(s: &mut State, _: usize) -> Flow {
        // SAFETY: `call_any` wrote the record.
        unsafe {
            (*s.ctx).enter_instance(s.sp.cast::<InstanceData>());
            pop(s)
        }
    }
}

/// What a function's entry leads to before the function is translated.
pub(crate) struct Translate;

impl Instr for Translate {
    const OP: Op = Op::Translate;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise: the entry is one of the running instance's module.
        unsafe {
            let func = Operands::<Self>::word(s, at, 0);
            let pc = host::translate(s.ctx, func, s.pc);
            clobber(s);
            if pc.is_null() {
                return Flow::Stop;
            }
            s.pc = pc;
        }
        Flow::Jump
    }
}

single_shape! {
    Br Unreachable EnterMany ConsumeFuel Call ReturnCall CallImport ReturnCallImport CallIndirect
    ReturnCallIndirect CallRef ReturnCallRef Return Halt RestoreInstance Translate
}
