//! The garbage-collected heap of a store: structures, arrays, exceptions, and values of the host.
//!
//! An object is reached through a handle, its place in a table of addresses. It never moves, and a
//! handle stays the same as long as the object lives; so a word that only looks like a handle keeps
//! an object alive at worst, and roots may be scanned without knowing their types. Which words are
//! roots is not known here (`gc`); what an object holds is: `Layout` says it.
//!
//! A reference is 32 bits wide: 0 is null, an odd number an integer of 31 bits, and an even one twice
//! a handle.

use crate::types::{CompositeType, SubType, TypeId};
use alloc::alloc::{alloc_zeroed, dealloc};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::alloc::Layout as Block;
use core::any::Any;
use core::ptr::{self, NonNull};

/// A value of the host, as the heap holds it.
pub(crate) type HostValue = Box<dyn Any + Send + Sync>;

/// What stands before the parts of each object.
#[repr(C, align(8))]
#[derive(Copy, Clone)]
pub(crate) struct Header {
    /// The type, or one of [`HOST`] and [`EXCEPTION`].
    pub(crate) ty: TypeId,
    /// The elements of an array; the slots that an exception carries.
    pub(crate) len: u32,
}

/// What a value of the host has in place of a type; it is a [`HostValue`].
pub(crate) const HOST: TypeId = TypeId(u32::MAX);
/// What an exception has in place of a type; it is its tag, in a slot, and what it carries.
pub(crate) const EXCEPTION: TypeId = TypeId(u32::MAX - 1);

/// The bytes of a header: where the parts of an object begin.
pub(crate) const HEADER_BYTES: usize = size_of::<Header>();

/// What an object costs beyond its block, as far as limits are concerned: its entry.
const ENTRY_BYTES: usize = size_of::<*mut Header>();

/// The most handles: twice a handle fits a reference.
const HANDLES_MAX: usize = 1 << 31;

/// While there are fewer bytes of objects than this, nothing is collected.
const THRESHOLD_MIN_BYTES: usize = 1 << 20;

/// An object of a heap, by its place in the table of addresses; never 0.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Handle(u32);

impl Handle {
    /// The reference to this object.
    #[inline]
    pub(crate) fn slot(self) -> u64 {
        u64::from(self.0) << 1
    }

    /// The object that a reference leads to; `None` if it is null or an integer.
    #[inline]
    pub(crate) fn from_slot(slot: u64) -> Option<Self> {
        (slot != 0 && slot & 1 == 0).then_some(Self((slot >> 1) as u32))
    }
}

/// The heap.
///
/// Invariants: an address is null, or that of a live object whose header says how large it is, with
/// fields as its type's layout has them, and references in it are null, integers or live objects.
/// Address 0 is null: no handle is 0.
pub(crate) struct Heap {
    addresses: Vec<*mut Header>,
    /// The handles that are not in use, but 0.
    free: Vec<u32>,
    /// A bit for each handle that the collector has found.
    marks: Vec<u64>,
    /// While marking, the objects that were found and not looked into yet; while sweeping, values of
    /// the host that are to be dropped.
    pending: Vec<u32>,
    /// The types of the engine as far as this store needs them, by [`TypeId`].
    pub(crate) types: Vec<Arc<SubType>>,
    bytes: usize,
    /// At so many bytes it is time to collect.
    threshold: usize,
    limit: usize,
    /// Whether the last collection left so little room that the next ones would come too often:
    /// nothing is allocated then.
    is_full: bool,
}

// SAFETY: the heap owns its objects, which hold plain data and values of the host that are `Send`.
unsafe impl Send for Heap {}
// SAFETY: nothing changes behind a shared reference, and values of the host are `Sync`.
unsafe impl Sync for Heap {}

impl Heap {
    /// An empty heap for at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            addresses: Vec::new(),
            free: Vec::new(),
            marks: Vec::new(),
            pending: Vec::new(),
            types: Vec::new(),
            bytes: 0,
            threshold: THRESHOLD_MIN_BYTES.min(limit),
            limit,
            is_full: false,
        }
    }

    /// The bytes that all objects take.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Where the addresses are; they move when there are more handles.
    #[inline]
    pub(crate) fn addresses(&self) -> *const *mut Header {
        self.addresses.as_ptr()
    }

    /// Whether it is time to collect before so many bytes are allocated.
    pub(crate) fn is_due(&self, bytes: usize) -> bool {
        self.is_full || self.bytes.saturating_add(bytes) > self.threshold
    }

    /// The bytes that an object takes whose parts take `parts` bytes.
    pub(crate) fn cost(parts: u64) -> usize {
        let bytes = parts.saturating_add((HEADER_BYTES + ENTRY_BYTES) as u64);
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    /// The address of an object.
    #[inline]
    pub(crate) fn object(&self, handle: Handle) -> NonNull<Header> {
        let address = self.addresses[handle.0 as usize];
        NonNull::new(address).expect("a handle that is in use leads to an object")
    }

    /// The header of an object.
    pub(crate) fn header(&self, handle: Handle) -> Header {
        // SAFETY: a live object has a header.
        unsafe { self.object(handle).read() }
    }

    /// Where the parts of an object begin.
    #[inline]
    pub(crate) fn parts(&self, handle: Handle) -> NonNull<u8> {
        // SAFETY: the parts of a live object are behind its header.
        unsafe { self.object(handle).cast::<u8>().add(HEADER_BYTES) }
    }

    /// Adds an object whose parts take `parts` bytes, all zero; `None` if there is no memory for it.
    ///
    /// # Safety
    ///
    /// The parts are as large as `header` says, and zeros are valid there or are overwritten at
    /// once.
    pub(crate) unsafe fn alloc(&mut self, header: Header, parts: u64) -> Option<Handle> {
        let cost = Self::cost(parts);
        if self.is_full || cost > self.limit.saturating_sub(self.bytes) {
            return None;
        }
        let block = block(usize::try_from(parts).ok()?)?;
        let handle = self.take_handle()?;
        // SAFETY: the block has the size of a header at least.
        let Some(object) = NonNull::new(unsafe { alloc_zeroed(block) }) else {
            self.free.push(handle.0);
            return None;
        };
        let object = object.cast::<Header>();
        // SAFETY: the block is aligned for a header and large enough.
        unsafe { object.write(header) };
        self.addresses[handle.0 as usize] = object.as_ptr();
        self.bytes += cost;
        Some(handle)
    }

    /// A handle that is not in use, with room in the list of such for its return.
    fn take_handle(&mut self) -> Option<Handle> {
        if let Some(handle) = self.free.pop() {
            return Some(Handle(handle));
        }
        if self.addresses.is_empty() {
            self.addresses.try_reserve(64).ok()?;
            self.addresses.push(ptr::null_mut());
        }
        if self.addresses.len() >= HANDLES_MAX {
            return None;
        }
        self.addresses.try_reserve(1).ok()?;
        // So that neither marking nor sweeping has to ask for memory: collection can't fail.
        let handles = self.addresses.capacity();
        self.free.try_reserve(handles.saturating_sub(self.free.len())).ok()?;
        self.pending.try_reserve(handles.saturating_sub(self.pending.len())).ok()?;
        self.marks.try_reserve(handles.div_ceil(64).saturating_sub(self.marks.len())).ok()?;
        self.addresses.push(ptr::null_mut());
        Some(Handle((self.addresses.len() - 1) as u32))
    }

    /// Adds a value of the host; `None` if there is no memory for it.
    pub(crate) fn alloc_host(&mut self, value: HostValue) -> Option<Handle> {
        let header = Header { ty: HOST, len: 0 };
        // SAFETY: the parts are overwritten at once.
        unsafe {
            let handle = self.alloc(header, size_of::<HostValue>() as u64)?;
            self.parts(handle).cast::<HostValue>().write(value);
            Some(handle)
        }
    }

    /// The value of the host that an object is, if it is one.
    pub(crate) fn host(&self, handle: Handle) -> Option<&(dyn Any + Send + Sync)> {
        if self.header(handle).ty != HOST {
            return None;
        }
        // SAFETY: such an object is a value of the host, and lives while the heap is borrowed.
        Some(unsafe { &**self.parts(handle).cast::<HostValue>().as_ref() })
    }

    /// The bytes of the parts of an exception that carries so many slots: its tag and these.
    pub(crate) fn exception_bytes(slots: usize) -> u64 {
        (slots as u64 + 1) * 8
    }

    /// Adds an exception; `None` if there is no memory for it.
    pub(crate) fn alloc_exception(&mut self, tag: u32, payload: &[u64]) -> Option<Handle> {
        let header = Header { ty: EXCEPTION, len: u32::try_from(payload.len()).ok()? };
        // SAFETY: an exception is a slot with the tag and the slots that it carries.
        unsafe {
            let handle = self.alloc(header, Self::exception_bytes(payload.len()))?;
            let slots = self.parts(handle).cast::<u64>();
            slots.write(u64::from(tag));
            slots.add(1).copy_from_nonoverlapping(NonNull::from(payload).cast(), payload.len());
            Some(handle)
        }
    }

    /// The tag of an exception and what it carries.
    ///
    /// # Panics
    ///
    /// If the object is something else.
    pub(crate) fn exception(&self, handle: Handle) -> (u32, &[u64]) {
        let Header { ty, len } = self.header(handle);
        assert_eq!(ty, EXCEPTION, "the object is no exception");
        let slots = self.parts(handle).cast::<u64>();
        // SAFETY: an exception is a slot with its tag and `len` others, which live while the heap
        // is borrowed.
        unsafe {
            let payload = NonNull::slice_from_raw_parts(slots.add(1), len as usize);
            (slots.read() as u32, payload.as_ref())
        }
    }

    /// The bytes of the parts of a structure, or of an array of `len` elements.
    pub(crate) fn parts_bytes_of(&self, ty: TypeId, len: u32) -> u64 {
        self.types[ty.index()].parts_bytes(len)
    }

    /// The bytes of an object's parts.
    fn parts_bytes(&self, Header { ty, len }: Header) -> u64 {
        match ty {
            HOST => size_of::<HostValue>() as u64,
            EXCEPTION => Self::exception_bytes(len as usize),
            ty => self.parts_bytes_of(ty, len),
        }
    }

    /// Marks what a word leads to, if it is a reference.
    pub(crate) fn mark(&mut self, word: u64) {
        let handle = word >> 1;
        let is_object = word & 1 == 0 && handle < self.addresses.len() as u64;
        if !is_object || self.addresses[handle as usize].is_null() {
            return;
        }
        let (place, bit) = (handle as usize / 64, 1 << (handle % 64));
        if self.marks[place] & bit == 0 {
            self.marks[place] |= bit;
            self.pending.push(handle as u32);
        }
    }

    /// Begins a collection: nothing is marked.
    pub(crate) fn begin(&mut self) {
        // Not empty if the last one ended in a panic of the host.
        self.pending.clear();
        self.marks.clear();
        self.marks.resize(self.addresses.len().div_ceil(64), 0);
    }

    /// Ends a collection: keeps what is marked and what that leads to.
    pub(crate) fn finish(&mut self) {
        while let Some(handle) = self.pending.pop() {
            self.trace(Handle(handle));
        }
        self.sweep();
        // Sweeping takes time for each handle there ever was at once, used or not.
        let handles = self.addresses.len() * ENTRY_BYTES;
        let least = handles.max(THRESHOLD_MIN_BYTES);
        self.threshold = self.bytes.saturating_mul(2).max(least).min(self.limit);
        // From one collection to the next there is at least an eighth of the heap to allocate, so
        // that all of them take time in proportion to what is allocated.
        self.is_full = self.bytes > self.limit - self.limit / 8;
    }

    /// Marks what an object refers to.
    fn trace(&mut self, handle: Handle) {
        let Header { ty, len } = self.header(handle);
        let parts = self.parts(handle);
        let reference = |heap: &mut Self, offset: usize| {
            // SAFETY: the layout's offsets of references are within the object.
            let word = unsafe { parts.add(offset).cast::<u32>().read() };
            heap.mark(u64::from(word));
        };
        match ty {
            HOST => {}
            EXCEPTION => {
                for slot in 1..=len as usize {
                    // SAFETY: so many slots are there.
                    let word = unsafe { parts.cast::<u64>().add(slot).read() };
                    self.mark(word);
                }
            }
            ty => {
                let ty = self.types[ty.index()].clone();
                match &ty.composite {
                    CompositeType::Struct(fields) => {
                        fields.traced().iter().for_each(|offset| reference(self, *offset as usize));
                    }
                    CompositeType::Array(element) if element.element_type().is_traced() => {
                        let log2 = element.element_type().log2();
                        (0..len as usize).for_each(|index| reference(self, index << log2));
                    }
                    CompositeType::Array(_) | CompositeType::Func(_) => {}
                }
            }
        }
    }

    /// Frees all objects that are not marked. Values of the host come last: to drop them runs code of
    /// the host, which may panic, and the heap is in order then.
    fn sweep(&mut self) {
        for handle in 1..self.addresses.len() {
            let is_marked = self.marks[handle / 64] & 1 << (handle % 64) != 0;
            if !is_marked && !self.addresses[handle].is_null() {
                let handle = Handle(handle as u32);
                if self.header(handle).ty == HOST {
                    self.pending.push(handle.0);
                } else {
                    // SAFETY: nothing refers to the object any more.
                    unsafe { self.release(handle) };
                }
            }
        }
        while let Some(handle) = self.pending.pop() {
            // SAFETY: nothing refers to the object any more.
            drop(unsafe { self.release(Handle(handle)) });
        }
    }

    /// Gives the memory of an object and its handle back, and the value of the host that it is, if it
    /// is one.
    ///
    /// # Safety
    ///
    /// Nothing uses the object again.
    unsafe fn release(&mut self, handle: Handle) -> Option<HostValue> {
        let (object, header) = (self.object(handle), self.header(handle));
        let bytes = self.parts_bytes(header);
        self.bytes -= Self::cost(bytes);
        // SAFETY: the caller's promise; the block was allocated with this size.
        unsafe {
            let host = (header.ty == HOST).then(|| self.parts(handle).cast::<HostValue>().read());
            dealloc(object.as_ptr().cast(), block(bytes as usize).expect("it was allocated so"));
            self.addresses[handle.0 as usize] = ptr::null_mut();
            self.free.push(handle.0);
            host
        }
    }
}

/// The block of an object whose parts take `parts` bytes; `None` if there can't be one.
fn block(parts: usize) -> Option<Block> {
    Block::from_size_align(parts.checked_add(HEADER_BYTES)?, align_of::<Header>()).ok()
}

impl Drop for Heap {
    fn drop(&mut self) {
        // Most stores never have an object.
        if !self.addresses.is_empty() {
            self.begin();
            self.sweep();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{FieldType, Mutability, StorageType, TypeRegistry};
    use crate::{HeapType, RefType, ValType};
    use alloc::boxed::Box;

    /// A heap with type 0, a structure of an i8, a reference and an i64, and type 1, an array of
    /// references.
    fn heap(limit: usize) -> Heap {
        let registry = TypeRegistry::default();
        let field = |ty: StorageType| FieldType::new(Mutability::Var, ty);
        let any = StorageType::ValType(ValType::Ref(RefType::new(true, HeapType::Any)));
        let fields = [StorageType::I8, any, ValType::I64.into()].map(field);
        registry.intern(CompositeType::Struct(fields.into_iter().collect()));
        registry.intern(CompositeType::Array(field(any)));
        let mut heap = Heap::new(limit);
        registry.update(&mut heap.types);
        heap
    }

    fn structure(heap: &mut Heap) -> Handle {
        // SAFETY: the parts of type 0 take 16 bytes.
        unsafe { heap.alloc(Header { ty: TypeId(0), len: 0 }, 16) }.unwrap()
    }

    fn array(heap: &mut Heap, len: u32) -> Handle {
        // SAFETY: so do the elements of type 1.
        unsafe { heap.alloc(Header { ty: TypeId(1), len }, u64::from(len) * 4) }.unwrap()
    }

    /// Sets the reference `offset` bytes into an object.
    fn refer(heap: &Heap, from: Handle, offset: usize, to: Handle) {
        // SAFETY: the tests' types have references there.
        unsafe { heap.parts(from).add(offset).cast::<u32>().write(to.slot() as u32) };
    }

    fn collect(heap: &mut Heap, roots: &[u64]) {
        heap.begin();
        roots.iter().for_each(|root| heap.mark(*root));
        heap.finish();
    }

    #[test]
    fn what_roots_lead_to_stays() {
        let mut heap = heap(usize::MAX);
        let [root, field, garbage] = [(); 3].map(|()| structure(&mut heap));
        let elements = array(&mut heap, 3);
        refer(&heap, root, 4, elements);
        refer(&heap, elements, 8, field);
        refer(&heap, field, 4, root);
        let before = heap.bytes();
        collect(&mut heap, &[root.slot()]);
        assert_eq!(before - heap.bytes(), Heap::cost(16), "one structure is gone");
        assert_eq!(heap.header(elements).len, 3);
        assert_eq!(structure(&mut heap), garbage, "handles are used again");
        collect(&mut heap, &[]);
        assert_eq!(heap.bytes(), 0, "cycles are no roots");
    }

    #[test]
    fn words_that_are_no_references_do_no_harm() {
        let mut heap = heap(usize::MAX);
        let object = structure(&mut heap);
        for word in [0, 1, object.slot() | 1, object.slot() + 2, u64::MAX, u64::MAX - 1, 1 << 40] {
            collect(&mut heap, &[word, object.slot()]);
            assert_eq!(heap.bytes(), Heap::cost(16));
        }
        collect(&mut heap, &[object.slot() | 1 << 40]);
        assert_eq!(heap.bytes(), 0);
    }

    #[test]
    fn values_of_the_host_are_dropped_once() {
        let mut heap = heap(usize::MAX);
        let value = Arc::new(());
        let kept = heap.alloc_host(Box::new(value.clone())).unwrap();
        heap.alloc_host(Box::new(value.clone())).unwrap();
        collect(&mut heap, &[kept.slot()]);
        assert_eq!(Arc::strong_count(&value), 2);
        assert!(heap.host(kept).is_some_and(|value| value.is::<Arc<()>>()));
        drop(heap);
        assert_eq!(Arc::strong_count(&value), 1);
    }

    #[test]
    fn exceptions_keep_what_they_carry() {
        let mut heap = heap(usize::MAX);
        let carried = structure(&mut heap);
        let exception = heap.alloc_exception(7, &[5, carried.slot()]).unwrap();
        collect(&mut heap, &[exception.slot()]);
        assert_eq!(heap.exception(exception), (7, &[5, carried.slot()][..]));
        assert_eq!(heap.header(carried).ty, TypeId(0));
    }

    #[test]
    fn the_limit_holds_and_long_chains_are_no_problem() {
        let mut heap = heap(100 * Heap::cost(16));
        let mut last = structure(&mut heap);
        for _ in 1..100 {
            let next = structure(&mut heap);
            refer(&heap, next, 4, last);
            last = next;
        }
        let header = Header { ty: TypeId(0), len: 0 };
        // SAFETY: the parts of type 0 take 16 bytes.
        assert_eq!(unsafe { heap.alloc(header, 16) }, None);
        // SAFETY: it is too large, and so is never made.
        assert_eq!(unsafe { heap.alloc(Header { ty: TypeId(1), len: 1 }, u64::MAX) }, None);
        collect(&mut heap, &[last.slot()]);
        assert_eq!(heap.bytes(), 100 * Heap::cost(16));
        assert!(heap.is_full);
        collect(&mut heap, &[]);
        assert_eq!(heap.bytes(), 0);
        structure(&mut heap);
    }
}
