//! Function instances.

use super::StoreInner;
use super::instance::InstanceData;
use crate::execute::FuncEntry;
use crate::types::TypeId;
use crate::types::index::FuncIdx;
use crate::{Engine, Error, FuncType};
use alloc::boxed::Box;
use core::ptr::{self, NonNull};

/// A function of a store: its position in [`Lists::funcs`](super::Lists::funcs).
///
/// As a reference, it is a slot: its position and one, so that 0 can be null.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct FuncId(pub(crate) u32);

impl FuncId {
    /// The slot of a reference to this function.
    #[inline]
    pub(crate) fn slot(self) -> u64 {
        u64::from(self.0) + 1
    }

    /// The function that a slot refers to; `None` if it is null.
    #[inline]
    pub(crate) fn from_slot(slot: u64) -> Option<Self> {
        // Slots are made by `slot`, so that nothing is cut off.
        Some(Self(slot.checked_sub(1)? as u32))
    }
}

/// A function of a store, defined by a module or by the host.
#[repr(C)]
#[derive(Copy, Clone, Debug)]
pub(crate) struct FuncEntity {
    pub(crate) ty: TypeId,
    /// 0 for a function of a module, or else the position in [`Lists::host_funcs`](super::Lists::host_funcs) and one.
    pub(crate) host: u32,
    /// The instance of the module; null for a host function.
    pub(crate) instance: *const InstanceData,
    /// The code; null for a host function.
    pub(crate) entry: *const FuncEntry,
    /// The function in its module; 0 for a host function.
    pub(crate) index: FuncIdx,
}

impl FuncEntity {
    /// The host function at `position` in [`Lists::host_funcs`](super::Lists::host_funcs).
    pub(crate) fn host(ty: TypeId, position: usize) -> Self {
        let host =
            u32::try_from(position + 1).expect("fewer than 2^32 host functions fit into memory");
        Self { ty, host, instance: ptr::null(), entry: ptr::null(), index: FuncIdx(0) }
    }
}

/// What a host function does: it gets the store, the calling instance (null if the host called),
/// and the slots, which hold the parameters before and the results after the call.
pub(crate) type HostCall =
    dyn Fn(NonNull<StoreInner>, *const InstanceData, &mut [u64]) -> Result<(), Error> + Send + Sync;

/// A function of the host, which several stores of an engine may share.
///
/// Public only because a public trait makes it; it can't be named outside the crate.
pub struct HostFunc {
    pub(crate) ty_id: TypeId,
    pub(crate) param_slots: u32,
    pub(crate) result_slots: u32,
    /// Obligations of the caller: the store is a live one of the data type that the function was
    /// made for, the instance is null or one of that store, and the slots are as many as the larger
    /// of `param_slots` and `result_slots`.
    pub(crate) call: Box<HostCall>,
}

impl HostFunc {
    /// The function of type `ty` that does `call`.
    pub(crate) fn new(engine: &Engine, ty: &FuncType, call: Box<HostCall>) -> Self {
        let ty_id = engine.types().intern_func(ty);
        let slots = |count: usize| u32::try_from(count).expect("types have fewer than 2^31 values");
        let (param_slots, result_slots) = (slots(ty.param_slots()), slots(ty.result_slots()));
        Self { ty_id, param_slots, result_slots, call }
    }
}
