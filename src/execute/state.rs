//! What the executor carries from one cell to the next: the machine state, the context, records.

use core::ptr::NonNull;

use crate::Trap;
use crate::V128;
use crate::code::Opcode;
use crate::error::Error;
use crate::store::TableEntity;
use crate::store::{FuncEntity, GlobalCell, Header, InstanceData, MemoryEntity, StoreInner};
use crate::v128::each_lane;

use super::code_map::FuncEntry;
use super::dispatch::{self, Anchor};
use super::vector::VectorRegister;

/// The registers of the machine. In tail-call dispatch each field is a register of the processor.
#[derive(Clone, Copy)]
pub(crate) struct State {
    /// The cell that runs.
    pub(crate) pc: *const u8,
    /// Slot 0 of the frame that runs.
    pub(crate) sp: *mut u8,
    /// Everything else.
    pub(crate) ctx: *mut Ctx,
    /// The accumulator of i32, i64 and references; the upper half is undefined after an i32.
    pub(crate) acc: u64,
    /// The accumulator of f32.
    pub(crate) f32: f32,
    /// The accumulator of f64.
    pub(crate) f64: f64,
    /// What labels are relative to.
    pub(crate) anchor: Anchor,
    /// The accumulator of v128, or nothing if the context has it: `State::vector` knows.
    pub(crate) v128: VectorRegister,
    /// Means nothing to the next cell.
    pub(crate) passed: PassedOn,
}

/// Values that one part of a cell makes for a later one, one of each class, named as the accumulators are.
#[derive(Clone, Copy)]
pub(crate) struct PassedOn {
    pub(crate) acc: u64,
    pub(crate) f32: f32,
    pub(crate) f64: f64,
    pub(crate) v128: V128,
    /// The slots that a cell which turns keeps in registers.
    pub(crate) kept: [u64; 3],
}

impl PassedOn {
    /// What a cell begins with.
    pub(crate) const NOTHING: PassedOn =
        PassedOn { acc: 0, f32: 0.0, f64: 0.0, v128: V128::ZERO, kept: [0; 3] };
}

impl State {
    /// At the cell `pc`, with nothing in the accumulators.
    #[inline(always)]
    pub(crate) fn new(pc: *const u8, sp: *mut u8, ctx: *mut Ctx) -> State {
        State {
            pc,
            sp,
            ctx,
            acc: 0,
            f32: 0.0,
            f64: 0.0,
            anchor: Anchor::new(),
            v128: VectorRegister::zero(),
            passed: PassedOn::NOTHING,
        }
    }
}

/// What a handler asks for when it is done.
#[derive(Clone, Copy)]
pub(crate) enum Flow {
    /// The next cell.
    Next,
    /// The cell at `pc`, which the handler set.
    Jump,
    /// The end of execution, for this reason.
    Trap(Trap),
    /// The end of execution, for the reason in the context.
    Stop,
}

/// Where a call returns to. Records grow down from the end of the stack's buffer, towards the
/// frames.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Record {
    /// The cell after the call; or [`Ctx::halt`] or [`Ctx::restore`].
    pub(crate) pc: *const u8,
    /// The caller's frame; at [`Ctx::restore`], the caller's instance.
    pub(crate) sp: *mut u8,
}

/// The number of access sizes: 1, 2, 4, 8 and 16 bytes.
const ACCESS_SIZES: usize = 5;

/// The part of the machine that changes rarely: caches of the running instance, the stack's limit,
/// and why execution stopped. One lives on the native stack for each entry from the host.
#[repr(C)]
pub(crate) struct Ctx {
    /// The bytes of the current memory: memory 0 but between two `use_memory`.
    pub(crate) memory: *mut u8,
    /// The last address at which an access of 2^n bytes is in bounds; negative if there is none.
    pub(crate) limits: [i64; ACCESS_SIZES],
    /// The newest record.
    pub(crate) records: *mut Record,
    /// The accumulator of v128.
    #[cfg(not(fulmar_vector_register))]
    pub(crate) v128: V128,
    /// The defined functions of the running instance.
    pub(crate) entries: *const FuncEntry,
    /// The globals of the running instance.
    pub(crate) globals: *const *mut GlobalCell,
    /// The tables of the running instance.
    pub(crate) tables: *const *mut TableEntity,
    /// The running instance.
    pub(crate) instance: *const InstanceData,
    /// All functions of the store.
    pub(crate) funcs: *const FuncEntity,
    /// The objects of the heap, by handle.
    pub(crate) objects: *const *mut Header,
    /// The store; nothing else uses it while guest code runs.
    pub(crate) store: NonNull<StoreInner>,
    /// The fuel that is left, if fuel is counted.
    pub(crate) fuel: u64,
    /// Why execution stopped, if by a trap.
    pub(crate) trap: Option<Trap>,
    /// Why execution stopped, if by an error of the host or of translation.
    pub(crate) error: Option<Error>,
    /// Where it stopped: the cell, and the byte offset of the operands in it.
    pub(crate) stop_pc: *const u8,
    pub(crate) stop_operands: usize,
    /// The cell that ends execution: the oldest record leads here.
    pub(crate) halt: u32,
    /// The cell that makes the instance in its record the running one again.
    pub(crate) restore: u32,
}

impl Ctx {
    /// A context with nothing in it that runs yet.
    pub(crate) fn new(store: NonNull<StoreInner>, records: *mut Record, fuel: u64) -> Ctx {
        Ctx {
            memory: NonNull::dangling().as_ptr(),
            limits: [i64::MIN; ACCESS_SIZES],
            records,
            #[cfg(not(fulmar_vector_register))]
            v128: V128::ZERO,
            entries: core::ptr::null(),
            globals: core::ptr::null(),
            tables: core::ptr::null(),
            instance: core::ptr::null(),
            funcs: core::ptr::null(),
            objects: core::ptr::null(),
            store,
            fuel,
            trap: None,
            error: None,
            stop_pc: core::ptr::null(),
            stop_operands: 0,
            halt: dispatch::label(Opcode::HALT),
            restore: dispatch::label(Opcode::RESTORE_INSTANCE),
        }
    }

    /// Makes `instance` the running one.
    ///
    /// # Safety
    ///
    /// `instance` is an instance of the store.
    #[inline]
    pub(crate) unsafe fn enter_instance(&mut self, instance: *const InstanceData) {
        self.instance = instance;
        // SAFETY: the store keeps its instances at their addresses until it is dropped.
        let data = unsafe { &*instance };
        self.entries = data.entries;
        self.globals = data.globals.as_ptr();
        self.tables = data.tables.as_ptr();
        // SAFETY: the instance is the running one.
        unsafe { self.reload() };
    }

    /// Reads again what may move when memory grows, or functions or objects are added.
    ///
    /// # Safety
    ///
    /// There is a running instance.
    #[inline]
    pub(crate) unsafe fn reload(&mut self) {
        // SAFETY: the instance and its store are alive; nobody else uses the store now.
        unsafe {
            self.funcs = (*self.store.as_ptr()).lists.funcs.as_ptr();
            self.objects = (*self.store.as_ptr()).heap.addresses();
            match (*self.instance).memories.first() {
                Some(memory) => self.use_memory(*memory),
                None => self.limits = [i64::MIN; ACCESS_SIZES],
            }
        }
    }

    /// Makes `memory` the one that loads and stores access.
    ///
    /// # Safety
    ///
    /// `memory` is a memory of the store.
    #[inline]
    pub(crate) unsafe fn use_memory(&mut self, memory: *const MemoryEntity) {
        // SAFETY: the store keeps its memories at their addresses until it is dropped.
        let (base, len) = unsafe { ((*memory).base, (*memory).len) };
        self.memory = base;
        let len = i64::try_from(len).unwrap_or(i64::MAX);
        self.limits = each_lane(|log2| len - (1 << log2));
    }
}
