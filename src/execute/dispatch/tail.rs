//! Threaded dispatch by sibling calls: each handler ends in an indirect jump to the next.
//!
//! The jump is an ordinary call in tail position, which LLVM turns into a jump when optimising, on
//! the targets that `build.rs` lists. What a handler must not do, since it would keep its frame
//! alive across that call: hold a value with a destructor, let the address of a local escape to an
//! outlined function, or take more arguments than there are registers.
//!
//! A label is the distance of the handler from [`ANCHOR`]: 32 bits, and nothing to relocate.

use core::arch::asm;
use core::ptr::with_exposed_provenance;

use crate::code::Opcode;
use crate::code::encode::LABEL_BYTES;

use super::super::instr::Cell;
use super::super::ops::HANDLERS;
use super::super::state::{Ctx, Flow, PassedOn, State};
use super::super::vector::VectorRegister;

macro_rules! handlers {
    ($abi:literal) => {
        /// A handler; the arguments are the fields of [`State`].
        #[expect(improper_ctypes_definitions, reason = "called by nothing but Rust")]
        pub(crate) type Handler = unsafe extern $abi fn(
            *const u8,
            *mut u8,
            *mut Ctx,
            u64,
            Anchor,
            f32,
            f64,
            VectorRegister,
        );

        #[expect(improper_ctypes_definitions, reason = "called by nothing but Rust")]
        unsafe extern $abi fn handle<C: Cell>(
            pc: *const u8,
            sp: *mut u8,
            ctx: *mut Ctx,
            acc: u64,
            anchor: Anchor,
            f32: f32,
            f64: f64,
            v128: VectorRegister,
        ) {
            let passed = PassedOn::NOTHING;
            let mut s = State { pc, sp, ctx, acc, f32, f64, anchor, v128, passed };
            // SAFETY: `run`'s caller vouches for the first cell, the translator for the others.
            match unsafe { C::run(&mut s, LABEL_BYTES) } {
                Flow::Next => {
                    // SAFETY: the next cell follows this one.
                    unsafe {
                        s.pc = s.pc.add(LABEL_BYTES + C::BYTES);
                        go(next(&s), s)
                    }
                }
                Flow::Jump => {
                    // SAFETY: the handler set `pc` to a cell.
                    unsafe { go(apart(next(&s)), s) }
                }
                Flow::Trap(trap) => {
                    // SAFETY: the context outlives execution.
                    unsafe {
                        (*s.ctx).trap = Some(trap);
                        (*s.ctx).stop_pc = s.pc;
                    }
                }
                Flow::Stop => {}
            }
        }
    };
}

// Where panics abort, a call to a function that may unwind is guarded, and so no tail call.
#[cfg(all(target_arch = "x86_64", panic = "unwind"))]
handlers!("sysv64-unwind");
#[cfg(all(target_arch = "x86_64", not(panic = "unwind")))]
handlers!("sysv64");
#[cfg(all(not(target_arch = "x86_64"), panic = "unwind"))]
handlers!("C-unwind");
#[cfg(all(not(target_arch = "x86_64"), not(panic = "unwind")))]
handlers!("C");

/// The handler of the cell `C`.
pub(crate) const fn handler<C: Cell>() -> Handler {
    handle::<C>
}

/// The point that labels are relative to: a static, since a function may have a copy, with an address
/// of its own, in each codegen unit.
static ANCHOR: u8 = 0;

/// The address of [`ANCHOR`], which handlers pass on in a register: to make it anew takes an
/// instruction or two in each of them.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Anchor(usize);

impl Anchor {
    /// The anchor, made anew.
    #[inline(always)]
    pub(crate) fn new() -> Anchor {
        Anchor((&raw const ANCHOR).addr())
    }
}

/// The handler that the label at `pc` leads to.
#[inline(always)]
unsafe fn next(s: &State) -> Handler {
    // SAFETY: a label is the distance of a handler from the anchor; `label` exposed its address.
    unsafe {
        let label = s.pc.cast::<i32>().read();
        let address = s.anchor.0.wrapping_add_signed(label as isize);
        core::mem::transmute::<*const u8, Handler>(with_exposed_provenance(address))
    }
}

/// Calls a handler.
#[inline(always)]
unsafe fn go(handler: Handler, s: State) {
    // SAFETY: the caller's promise.
    unsafe { handler(s.pc, s.sp, s.ctx, s.acc, s.anchor, s.f32, s.f64, s.v128) }
}

/// The same handler, in a way that the compiler can't see through: it would join the jumps of a
/// conditional branch, to the next cell and to the target, to one that goes to either, which
/// costs instructions and is harder for the processor to predict.
#[inline(always)]
fn apart(handler: Handler) -> Handler {
    let mut address = handler as *const u8;
    // SAFETY: there are no instructions; the value stays the same.
    unsafe {
        asm!("/* {0} */", inout(reg) address, options(pure, nomem, nostack, preserves_flags));
        core::mem::transmute::<*const u8, Handler>(address)
    }
}

/// The label of the cells of `opcode`.
///
/// # Panics
///
/// If the program's code spans 2 GiB or more.
pub(crate) fn label(opcode: Opcode) -> u32 {
    let handler = HANDLERS[opcode.index()] as *const u8;
    let distance = handler.expose_provenance().wrapping_sub(Anchor::new().0) as isize;
    i32::try_from(distance).expect("handlers within 2 GiB") as u32
}

/// Runs from `s.pc` on until a handler stops.
///
/// # Safety
///
/// `s` is the state of a function that the translator made.
pub(crate) unsafe fn run(s: State) {
    // SAFETY: the caller's promise.
    unsafe { go(next(&s), s) }
}
