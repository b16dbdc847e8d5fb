//! Instructions on structures and arrays.
//!
//! Reading and writing fields is done in place. Whatever allocates is outlined and says where the
//! live slots of the frame end, since it may collect: all that the function still needs is in slots
//! then, because these instructions clobber the accumulators.

use core::marker::PhantomData;
use core::ptr::NonNull;

use crate::code::Op;
use crate::store::{Alive, HEADER_BYTES, Header, HeapHandle, Slots, field as storage};
use crate::types::{FieldType, TypeId};
use crate::{Trap, V128};

use super::instr::{Instr, Operands};
use super::memory::{clobber, in_bounds, instance};
use super::operand::Slot;
use super::ops::{Entry, Handlers, entry, single_shape};
use super::state::{Ctx, Flow, State};

/// The object that a reference leads to, which is null or an object.
#[inline(always)]
unsafe fn object(ctx: *mut Ctx, slot: u64) -> Result<*mut Header, Trap> {
    if slot == 0 {
        return Err(Trap::NullReference);
    }
    // SAFETY: the caller's promise: twice a handle that is in use.
    Ok(unsafe { (*ctx).objects.add(slot as usize >> 1).read() })
}

/// Where the parts of an object begin.
#[inline(always)]
unsafe fn parts(object: *mut Header) -> *mut u8 {
    // SAFETY: the caller's promise: an object.
    unsafe { object.cast::<u8>().add(HEADER_BYTES) }
}

/// Where the field is that the instruction `I` names: of the object `x`, at the offset in the first
/// word.
#[inline(always)]
unsafe fn field<I: Instr, R>(s: &State, at: usize) -> Result<*mut R, Trap> {
    // SAFETY: the caller's promise: such a field is there.
    unsafe {
        let object = object(s.ctx, Operands::<I>::x::<Slot, u64>(s, at))?;
        Ok(parts(object).add(Operands::<I>::word(s, at, 0) as usize).cast())
    }
}

/// Where the element `y` of the array `x` is.
#[inline(always)]
unsafe fn element<I: Instr, R>(s: &State, at: usize) -> Result<*mut R, Trap> {
    // SAFETY: the caller's promise: the elements are such; the index is checked.
    unsafe {
        let object = object(s.ctx, Operands::<I>::x::<Slot, u64>(s, at))?;
        let index = Operands::<I>::y::<Slot, i32>(s, at) as u32;
        if index >= (*object).len {
            return Err(Trap::ArrayOutOfBounds);
        }
        Ok(parts(object).cast::<R>().add(index as usize))
    }
}

/// Declares the instructions that read a field or an element.
macro_rules! gets {
    ($($of_struct:ident $of_array:ident $raw:ty => $value:ty = $read:expr;)*) => {$(
        impl $of_struct {
            #[inline(always)]
            fn read(raw: $raw) -> $value {
                $read(raw)
            }
        }

        /// `d =` the field of `x` at an offset.
        pub(crate) struct $of_struct;

        impl Instr for $of_struct {
            const OP: Op = Op::$of_struct;

            #[inline(always)]
            unsafe fn run(s: &mut State, at: usize) -> Flow {
                // SAFETY: the caller's promise: such a field is there.
                unsafe {
                    let field = match field::<Self, $raw>(s, at) {
                        Ok(field) => field,
                        Err(trap) => return Flow::Trap(trap),
                    };
                    let value = Self::read(field.read_unaligned());
                    Operands::<Self>::set::<Slot, $value>(s, at, value);
                }
                Flow::Next
            }
        }

        /// `d =` the element `y` of `x`.
        pub(crate) struct $of_array;

        impl Instr for $of_array {
            const OP: Op = Op::$of_array;

            #[inline(always)]
            unsafe fn run(s: &mut State, at: usize) -> Flow {
                // SAFETY: the caller's promise: the elements are such; the index is checked.
                unsafe {
                    let element = match element::<Self, $raw>(s, at) {
                        Ok(element) => element,
                        Err(trap) => return Flow::Trap(trap),
                    };
                    let value = $of_struct::read(element.read_unaligned());
                    Operands::<Self>::set::<Slot, $value>(s, at, value);
                }
                Flow::Next
            }
        }
    )*
    single_shape! { $($of_struct $of_array)* }
    };
}

gets! {
    StructGet8S ArrayGet8S i8 => i32 = i32::from;
    StructGet8U ArrayGet8U u8 => i32 = i32::from;
    StructGet16S ArrayGet16S i16 => i32 = i32::from;
    StructGet16U ArrayGet16U u16 => i32 = i32::from;
    StructGet32 ArrayGet32 u32 => u64 = u64::from;
    StructGet64 ArrayGet64 u64 => u64 = core::convert::identity;
    StructGetF32 ArrayGetF32 u32 => f32 = f32::from_bits;
    StructGetF64 ArrayGetF64 u64 => f64 = f64::from_bits;
    StructGetV128 ArrayGetV128 Slots => V128 = vector;
}

fn vector([low, high]: Slots) -> V128 {
    V128::from(u128::from(low) | u128::from(high) << 64)
}

fn words(vector: V128) -> Slots {
    let bits = vector.as_u128();
    [bits as u64, (bits >> 64) as u64]
}

/// Declares the instructions that write a field or an element.
macro_rules! sets {
    ($($of_struct:ident $of_array:ident $value:ty => $raw:ty = $write:expr;)*) => {$(
        impl $of_struct {
            #[inline(always)]
            fn write(value: $value) -> $raw {
                $write(value)
            }
        }

        /// The field of `x` at an offset `= y`.
        pub(crate) struct $of_struct;

        impl Instr for $of_struct {
            const OP: Op = Op::$of_struct;

            #[inline(always)]
            unsafe fn run(s: &mut State, at: usize) -> Flow {
                // SAFETY: the caller's promise: such a field is there.
                unsafe {
                    let field = match field::<Self, $raw>(s, at) {
                        Ok(field) => field,
                        Err(trap) => return Flow::Trap(trap),
                    };
                    let value = Operands::<Self>::y::<Slot, $value>(s, at);
                    field.write_unaligned(Self::write(value));
                }
                Flow::Next
            }
        }

        /// The element `y` of `x` `=` `z`.
        pub(crate) struct $of_array;

        impl Instr for $of_array {
            const OP: Op = Op::$of_array;

            #[inline(always)]
            unsafe fn run(s: &mut State, at: usize) -> Flow {
                // SAFETY: the caller's promise: the elements are such; the index is checked.
                unsafe {
                    let element = match element::<Self, $raw>(s, at) {
                        Ok(element) => element,
                        Err(trap) => return Flow::Trap(trap),
                    };
                    let value = Operands::<Self>::rest::<$value>(s, at, 0);
                    element.write_unaligned($of_struct::write(value));
                }
                Flow::Next
            }
        }
    )*
    single_shape! { $($of_struct $of_array)* }
    };
}

sets! {
    StructSet8 ArraySet8 u64 => u8 = |value| value as u8;
    StructSet16 ArraySet16 u64 => u16 = |value| value as u16;
    StructSet32 ArraySet32 u64 => u32 = |value| value as u32;
    StructSet64 ArraySet64 u64 => u64 = core::convert::identity;
    StructSetV128 ArraySetV128 V128 => Slots = words;
}

/// `d = array.len x`.
pub(crate) struct ArrayLen;

impl Instr for ArrayLen {
    const OP: Op = Op::ArrayLen;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise: an array.
        unsafe {
            match object(s.ctx, Operands::<Self>::x::<Slot, u64>(s, at)) {
                Ok(object) => {
                    let len = (*object).len as i32;
                    Operands::<Self>::set::<Slot, i32>(s, at, len);
                }
                Err(trap) => return Flow::Trap(trap),
            }
        }
        Flow::Next
    }
}

single_shape! { ArrayLen }

/// A new object, which an outlined function makes, by what follows the cell's label.
///
/// The words are the type, the byte offsets in the frame of the first operand and of the end of the
/// last one, which is the end of all live slots, and one more.
pub(crate) struct New<F>(PhantomData<F>);

/// What makes a new object of a type.
pub(crate) trait Make: 'static {
    const OP: Op;

    /// The reference to the object.
    ///
    /// # Safety
    ///
    /// `frame` is the one of a cell that `OP` is in, with its operands in place.
    unsafe fn make(frame: &Frame) -> Result<u64, Trap>;
}

/// What a new object is made of.
pub(crate) struct Frame {
    ctx: *mut Ctx,
    ty: TypeId,
    /// The first operand, if there is one.
    operands: *const u64,
    /// The end of the live slots, and of the operands.
    end: *const u64,
    word: u32,
}

impl<F: Make> Instr for New<F> {
    const OP: Op = F::OP;

    #[inline(always)]
    unsafe fn run(s: &mut State, at: usize) -> Flow {
        // SAFETY: the caller's promise.
        unsafe {
            let word = |n| Operands::<Self>::word(s, at, n);
            // Not as an array: that is passed by its address, and so no handler's.
            let reference = make::<F>(s.ctx, s.sp, word(0), word(1), word(2), word(3));
            clobber(s);
            // No reference is that large.
            if reference > u64::from(u32::MAX) {
                return Flow::Trap(trap_of(reference));
            }
            Operands::<Self>::set::<Slot, u64>(s, at, reference);
        }
        Flow::Next
    }
}

/// The reference to a new object; or a trap, in the upper half.
#[inline(never)]
unsafe fn make<F: Make>(
    ctx: *mut Ctx,
    sp: *mut u8,
    ty: u32,
    base: u32,
    end: u32,
    word: u32,
) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        let operands = sp.add(base as usize).cast();
        let end = sp.add(end as usize).cast();
        let made = F::make(&Frame { ctx, ty: TypeId(ty), operands, end, word });
        (*ctx).reload();
        made.unwrap_or_else(|trap| (trap as u64) << 32)
    }
}

#[cold]
fn trap_of(reference: u64) -> Trap {
    Trap::from_u8((reference >> 32) as u8).unwrap_or(Trap::AllocationTooLarge)
}

impl Frame {
    /// The operand of one slot that ends `slots` slots before the end.
    unsafe fn last(&self, slots: usize) -> u64 {
        // SAFETY: the caller's promise.
        unsafe { self.end.sub(slots + 1).read() }
    }

    /// A new object of the type with `len` elements, all zero.
    unsafe fn alloc(&self, len: u32) -> Result<HeapHandle, Trap> {
        // SAFETY: the caller's promise: what is alive of the frame is below the end.
        unsafe {
            let alive = Alive { stack_end: self.end, words: [&[], &[]] };
            (*(*self.ctx).store.as_ptr()).alloc_object(self.ty, len, alive)
        }
    }

    /// Where part number `index` of an object of the type is, and its type.
    unsafe fn part(&self, object: HeapHandle, index: usize) -> (NonNull<u8>, FieldType) {
        // SAFETY: the caller's promise: there is such a part.
        unsafe {
            let heap = &(*(*self.ctx).store.as_ptr()).heap;
            let (offset, field) =
                heap.types[self.ty.index()].part(index).expect("validated: the part is there");
            (heap.parts(object).add(offset), field)
        }
    }

    /// Makes the operands the first `count` parts of an object.
    unsafe fn fill_parts(&self, object: HeapHandle, count: usize) {
        let mut operand = self.operands;
        for index in 0..count {
            // SAFETY: the caller's promise: there are as many operands and parts.
            unsafe {
                let (at, ty) = self.part(object, index);
                operand = operand.add(store_operand(at, ty, operand));
            }
        }
    }
}

/// Writes the operand to a part of an object; gives the slots that it takes.
unsafe fn store_operand(at: NonNull<u8>, ty: FieldType, operand: *const u64) -> usize {
    let slots = storage::stack_slots(ty.element_type());
    // SAFETY: the caller's promise.
    unsafe {
        let high = if slots == 2 { operand.add(1).read() } else { 0 };
        storage::store(at, ty.element_type(), [operand.read(), high]);
    }
    slots
}

/// Writes the operand to `len` elements from `first` on.
unsafe fn fill(first: NonNull<u8>, ty: FieldType, operand: *const u64, len: u32) {
    let bytes = ty.element_type().bytes() as usize;
    for index in 0..len as usize {
        // SAFETY: the caller's promise.
        unsafe { store_operand(first.add(index * bytes), ty, operand) };
    }
}

/// Declares the ways to make an object.
macro_rules! makes {
    ($($(#[$doc:meta])* $name:ident($frame:ident) $make:expr;)*) => {
        $(
            $(#[$doc])*
            pub(crate) struct $name;

            impl Make for $name {
                const OP: Op = Op::$name;

                unsafe fn make($frame: &Frame) -> Result<u64, Trap> {
                    // SAFETY: the caller's promise: operands and type are as validation says.
                    unsafe { $make }
                }
            }

            impl Handlers for $name {
                const LIST: &'static [Entry] = &[entry::<New<$name>>()];
            }
        )*
    };
}

makes! {
    /// `struct.new`: the operands are the fields, the word their number.
    StructNew(frame) {
        let object = frame.alloc(0)?;
        frame.fill_parts(object, frame.word as usize);
        Ok(object.slot())
    };
    /// `struct.new_default`
    StructNewDefault(frame) Ok(frame.alloc(0)?.slot());
    /// `array.new`: the operands are an element and the number of elements.
    ArrayNew(frame) {
        let len = frame.last(0) as u32;
        let object = frame.alloc(len)?;
        let (first, ty) = frame.part(object, 0);
        fill(first, ty, frame.operands, len);
        Ok(object.slot())
    };
    /// `array.new_default`: the operand is the number of elements.
    ArrayNewDefault(frame) Ok(frame.alloc(frame.last(0) as u32)?.slot());
    /// `array.new_fixed`: the operands are the elements, the word their number.
    ArrayNewFixed(frame) {
        let object = frame.alloc(frame.word)?;
        frame.fill_parts(object, frame.word as usize);
        Ok(object.slot())
    };
    /// `array.new_data`: the operands are an offset in the segment, and a number of elements.
    ArrayNewData(frame) {
        let (offset, len) = (frame.last(1) as u32, frame.last(0) as u32);
        let bytes = part_bytes(frame.ctx, frame.ty);
        // Before it is allocated, and again when the store was borrowed for that.
        data_range(frame.ctx, frame.word, offset, len, bytes)?;
        let object = frame.alloc(len)?;
        let data = data_range(frame.ctx, frame.word, offset, len, bytes)?;
        write_data(frame.part(object, 0).0, data, bytes);
        Ok(object.slot())
    };
    /// `array.new_elem`: the operands are an offset in the segment, and a number of elements.
    ArrayNewElem(frame) {
        let (offset, len) = (frame.last(1) as u32, frame.last(0) as u32);
        elements_range(frame.ctx, frame.word, offset, len)?;
        let object = frame.alloc(len)?;
        let elements = elements_range(frame.ctx, frame.word, offset, len)?;
        for (index, element) in elements.iter().enumerate() {
            let (at, ty) = frame.part(object, index);
            storage::store(at, ty.element_type(), [*element, 0]);
        }
        Ok(object.slot())
    };
}

/// The bytes of an element of arrays of the type `ty`.
unsafe fn part_bytes(ctx: *mut Ctx, ty: TypeId) -> usize {
    // SAFETY: the caller's promise: an array type of the store.
    let heap = unsafe { &(*(*ctx).store.as_ptr()).heap };
    let (_, element) = heap.types[ty.index()].part(0).expect("validated: an array type");
    element.element_type().bytes() as usize
}

/// `len` elements of `bytes` bytes each of a data segment of the running instance.
unsafe fn data_range<'a>(
    ctx: *mut Ctx,
    segment: u32,
    offset: u32,
    len: u32,
    bytes: usize,
) -> Result<&'a [u8], Trap> {
    // SAFETY: the caller's promise: the module has this segment, and lives as long as its instance.
    let instance = unsafe { instance(ctx) };
    let data: &[u8] = match instance.data_dropped[segment as usize] {
        true => &[],
        false => instance.module.inner().data_bytes(segment),
    };
    let bytes = u64::from(len) * bytes as u64;
    if !in_bounds(u64::from(offset), bytes, data.len()) {
        return Err(Trap::MemoryOutOfBounds);
    }
    Ok(&data[offset as usize..][..bytes as usize])
}

/// `len` elements of an element segment of the running instance.
unsafe fn elements_range<'a>(
    ctx: *mut Ctx,
    segment: u32,
    offset: u32,
    len: u32,
) -> Result<&'a [u64], Trap> {
    // SAFETY: the caller's promise: the module has this segment.
    let elements = unsafe { instance(ctx) }.elements[segment as usize].as_deref().unwrap_or(&[]);
    if !in_bounds(u64::from(offset), u64::from(len), elements.len()) {
        return Err(Trap::TableOutOfBounds);
    }
    Ok(&elements[offset as usize..][..len as usize])
}

/// Writes bytes of a data segment to the elements from `at` on.
unsafe fn write_data(at: NonNull<u8>, data: &[u8], bytes: usize) {
    // SAFETY: the caller's promise: so many bytes of elements are there.
    unsafe {
        let parts = core::slice::from_raw_parts_mut(at.as_ptr(), data.len());
        parts.copy_from_slice(data);
        storage::from_little_endian(parts, bytes);
    }
}

/// Declares instructions on whole arrays, whose operands are in slots from a byte offset in the
/// frame on, which is the first word.
macro_rules! whole_arrays {
    ($($(#[$doc:meta])* $name:ident $function:ident;)*) => {
        $(
            $(#[$doc])*
            pub(crate) struct $name;

            impl Instr for $name {
                const OP: Op = Op::$name;

                #[inline(always)]
                unsafe fn run(s: &mut State, at: usize) -> Flow {
                    // SAFETY: the caller's promise.
                    let trap = unsafe {
                        let operands = s.sp.add(Operands::<Self>::word(s, at, 0) as usize).cast();
                        $function(s.ctx, operands, Operands::<Self>::word(s, at, 1))
                    };
                    clobber(s);
                    match trap {
                        None => Flow::Next,
                        Some(trap) => Flow::Trap(trap),
                    }
                }
            }
        )*
        single_shape! { $($name)* }
    };
}

whole_arrays! {
    /// `array.fill`: the operands are the array, an index, an element, and a number; the word is the
    /// element's slots.
    ArrayFill array_fill;
    /// `array.copy`: the operands are an array and an index, to which, another array and index, from
    /// which, and a number.
    ArrayCopy array_copy;
    /// `array.init_data`: the operands are the array, an index, an offset in the segment, and a
    /// number; the word is the segment.
    ArrayInitData array_init_data;
    /// `array.init_elem`: as `array.init_data`.
    ArrayInitElem array_init_elem;
}

/// An array that is an operand.
struct Array {
    handle: HeapHandle,
    header: Header,
    element: FieldType,
}

impl Array {
    unsafe fn new(ctx: *mut Ctx, slot: u64) -> Result<Self, Trap> {
        let handle = HeapHandle::from_slot(slot).ok_or(Trap::NullReference)?;
        // SAFETY: the caller's promise: an array of the store.
        let heap = unsafe { &(*(*ctx).store.as_ptr()).heap };
        let header = heap.header(handle);
        let (_, element) =
            heap.types[header.ty.index()].part(0).expect("validated: the object is an array");
        Ok(Self { handle, header, element })
    }

    fn element_bytes(&self) -> usize {
        self.element.element_type().bytes() as usize
    }

    /// Where `len` elements from `index` on are, if they are there.
    unsafe fn range(&self, ctx: *mut Ctx, index: u32, len: u32) -> Result<NonNull<u8>, Trap> {
        if !in_bounds(u64::from(index), u64::from(len), self.header.len as usize) {
            return Err(Trap::ArrayOutOfBounds);
        }
        // SAFETY: the caller's promise; the range is within the object.
        unsafe {
            let heap = &(*(*ctx).store.as_ptr()).heap;
            Ok(heap.parts(self.handle).add(index as usize * self.element_bytes()))
        }
    }
}

#[inline(never)]
unsafe fn array_fill(ctx: *mut Ctx, operands: *const u64, slots: u32) -> Option<Trap> {
    let fill = || {
        // SAFETY: the caller's promise.
        unsafe {
            let array = Array::new(ctx, operands.read())?;
            let index = operands.add(1).read() as u32;
            let len = operands.add(2 + slots as usize).read() as u32;
            let first = array.range(ctx, index, len)?;
            fill(first, array.element, operands.add(2), len);
        }
        Ok(())
    };
    fill().err()
}

#[inline(never)]
unsafe fn array_copy(ctx: *mut Ctx, operands: *const u64, _: u32) -> Option<Trap> {
    let copy = || {
        // SAFETY: the caller's promise; the element types are of one size.
        unsafe {
            let to = Array::new(ctx, operands.read())?;
            let from = Array::new(ctx, operands.add(2).read())?;
            let len = operands.add(4).read() as u32;
            let to_first = to.range(ctx, operands.add(1).read() as u32, len)?;
            let from_first = from.range(ctx, operands.add(3).read() as u32, len)?;
            to_first.copy_from(from_first, len as usize * to.element_bytes());
        }
        Ok(())
    };
    copy().err()
}

#[inline(never)]
unsafe fn array_init_data(ctx: *mut Ctx, operands: *const u64, segment: u32) -> Option<Trap> {
    let init = || {
        // SAFETY: the caller's promise.
        unsafe {
            let array = Array::new(ctx, operands.read())?;
            let [index, offset, len] = [1, 2, 3].map(|place| operands.add(place).read() as u32);
            let at = array.range(ctx, index, len)?;
            let data = data_range(ctx, segment, offset, len, array.element_bytes())?;
            write_data(at, data, array.element_bytes());
        }
        Ok(())
    };
    init().err()
}

#[inline(never)]
unsafe fn array_init_elem(ctx: *mut Ctx, operands: *const u64, segment: u32) -> Option<Trap> {
    let init = || {
        // SAFETY: the caller's promise.
        unsafe {
            let array = Array::new(ctx, operands.read())?;
            let [index, offset, len] = [1, 2, 3].map(|place| operands.add(place).read() as u32);
            let first = array.range(ctx, index, len)?;
            let elements = elements_range(ctx, segment, offset, len)?;
            for (index, element) in elements.iter().enumerate() {
                let at = first.add(index * array.element_bytes());
                storage::store(at, array.element.element_type(), [*element, 0]);
            }
        }
        Ok(())
    };
    init().err()
}
