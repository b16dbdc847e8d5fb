//! Collection: which words of a store are roots, and when it is time.
//!
//! Roots are the slots of live frames, globals, tables, element segments, what the embedder holds,
//! and what whoever asks for memory names. Frames are scanned without knowing the types of their
//! slots: whatever looks like a reference keeps an object. That is safe because objects don't move.

use super::StoreInner;
use super::heap::{EXCEPTION, HOST, Handle, Header, Heap};
use crate::Trap;
use crate::types::{TypeId, ValType, is_subtype};

/// What only whoever asks for memory knows to be alive.
#[derive(Copy, Clone)]
pub(crate) struct Alive<'a> {
    /// The end of the slots that are in use on the stack: above it nothing is read again.
    pub(crate) stack_end: *const u64,
    /// Words that are nowhere else.
    pub(crate) words: [&'a [u64]; 2],
}

impl StoreInner {
    /// What is alive while no guest runs, or while one waits for the host.
    pub(crate) fn alive<'a>(&self, words: &'a [u64]) -> Alive<'a> {
        Alive { stack_end: self.stack.top(), words: [words, &[]] }
    }

    /// Frees all objects that nothing leads to.
    ///
    /// # Safety
    ///
    /// `alive.stack_end` is a place on the stack, all live slots are below it, and no reference to
    /// an object is in use.
    pub(crate) unsafe fn collect(&mut self, alive: Alive<'_>) {
        self.roots.trim();
        let heap = &mut self.heap;
        heap.begin();
        // SAFETY: the caller's promise; the stack is initialised.
        let slots = unsafe { self.stack.slots_below(alive.stack_end) };
        let [first, second] = alive.words;
        slots.iter().chain(first).chain(second).for_each(|word| heap.mark(*word));
        self.roots.slots().for_each(|word| heap.mark(word));
        for (cell, ty) in &self.lists.globals {
            if ty.content().is_traced() {
                // SAFETY: cells live as long as the store, which is borrowed exclusively.
                heap.mark(unsafe { cell.as_ref().bits[0] });
            }
        }
        for table in &self.lists.tables {
            // SAFETY: as for globals.
            let table = unsafe { table.as_ref() };
            if ValType::Ref(table.ty().element()).is_traced() {
                table.elements().iter().for_each(|word| heap.mark(*word));
            }
        }
        for instance in &self.lists.instances {
            // SAFETY: as for globals.
            let elements = unsafe { &instance.as_ref().elements };
            let words = elements.iter().flatten().flat_map(|segment| segment.iter());
            words.for_each(|word| heap.mark(*word));
        }
        heap.finish();
    }

    /// Makes room for an object whose parts take `parts` bytes, if need be by collecting. The next
    /// allocation of that size does not collect.
    ///
    /// # Safety
    ///
    /// That of [`StoreInner::collect`].
    pub(crate) unsafe fn make_room(&mut self, parts: u64, alive: Alive<'_>) {
        if self.heap.is_due(Heap::cost(parts)) || self.engine.config().collects_always() {
            // SAFETY: passed on to the caller.
            unsafe { self.collect(alive) };
        }
    }

    /// Adds an object of the type `ty` with all fields or elements zero, after a collection if it is
    /// time.
    ///
    /// # Errors
    ///
    /// If there is no memory for it.
    ///
    /// # Safety
    ///
    /// That of [`StoreInner::collect`]; `ty` is a structure type, or an array type and `len` the
    /// number of elements.
    pub(crate) unsafe fn alloc_object(
        &mut self,
        ty: TypeId,
        len: u32,
        alive: Alive<'_>,
    ) -> Result<Handle, Trap> {
        let parts = self.heap.parts_bytes_of(ty, len);
        // SAFETY: passed on to the caller; zeros are valid in all parts of structures and arrays.
        unsafe {
            self.make_room(parts, alive);
            self.heap.alloc(Header { ty, len }, parts).ok_or(Trap::AllocationTooLarge)
        }
    }

    /// Whether the type `sub` is `sup` or a subtype of it; no value of the host and no exception is.
    pub(crate) fn is_subtype(&self, sub: TypeId, sup: TypeId) -> bool {
        let types = &self.heap.types;
        if sub == HOST || sub == EXCEPTION {
            false
        } else if sub.max(sup).index() < types.len() {
            is_subtype(types, sub, sup)
        } else {
            self.engine.types().is_subtype(sub, sup)
        }
    }

    /// Makes sure that the heap knows the type `ty` of the engine.
    pub(crate) fn know_type(&mut self, ty: TypeId) {
        if ty.index() >= self.heap.types.len() {
            self.engine.types().update(&mut self.heap.types);
        }
    }
}
