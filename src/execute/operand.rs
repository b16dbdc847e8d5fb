//! Operands: how values are read from and written to slots, accumulators and immediates.

use crate::V128;
use crate::code::Place;

use super::state::State;

/// The 32-bit field `at` bytes into the running cell.
///
/// # Safety
///
/// `s.pc` is a cell that has such a field there.
#[inline(always)]
pub(crate) unsafe fn word(s: &State, at: usize) -> u32 {
    // SAFETY: cells and their 32-bit fields are aligned to 4 bytes.
    unsafe { s.pc.add(at).cast::<u32>().read() }
}

/// The slot that the 16-bit field `at` bytes into the running cell names.
///
/// # Safety
///
/// `s.pc` is a cell that has such a field there, and `s.sp` the frame its function entered.
#[inline(always)]
pub(crate) unsafe fn slot(s: &State, at: usize) -> *mut u64 {
    // SAFETY: 16-bit fields are aligned to 2 bytes; the translator names slots of the frame only,
    // and `enter` has checked that the frame fits the stack.
    unsafe {
        let offset = s.pc.add(at).cast::<u16>().read();
        s.sp.add(usize::from(offset)).cast()
    }
}

/// A value that operands can hold.
pub(crate) trait Value: Copy {
    /// Whether this is a vector, which takes two slots.
    const IS_VECTOR: bool = false;

    /// Reads the value from a slot.
    ///
    /// # Safety
    ///
    /// `slot` is a slot of the running frame (two for a v128).
    unsafe fn read(slot: *const u64) -> Self;

    /// Writes the value to a slot.
    ///
    /// # Safety
    ///
    /// `slot` is a slot of the running frame (two for a v128).
    unsafe fn write(self, slot: *mut u64);

    /// The value in the accumulator of its class.
    fn from_acc(s: &State) -> Self;

    /// Puts the value in the accumulator of its class.
    fn into_acc(self, s: &mut State);

    /// The value of its class that is passed on within the cell.
    fn from_passed(s: &State) -> Self;

    /// Passes the value on within the cell.
    fn into_passed(self, s: &mut State);

    /// The value an immediate field stands for.
    fn from_imm(word: u32) -> Self;

    /// The value that has these bits in a slot.
    fn from_bits(bits: u64) -> Self;
}

macro_rules! scalar_value {
    ($($ty:ty, $acc:ident: $read:expr, $write:expr, $from_acc:expr, $into_acc:expr, $from_imm:expr;)*) => {
        $(impl Value for $ty {
            #[inline(always)]
            unsafe fn read(slot: *const u64) -> Self {
                // SAFETY: the caller's promise; slots are aligned to 8 bytes.
                let bits = unsafe { slot.read() };
                $read(bits)
            }

            #[inline(always)]
            unsafe fn write(self, slot: *mut u64) {
                // SAFETY: the caller's promise; slots are aligned to 8 bytes.
                unsafe { slot.write($write(self)) }
            }

            #[inline(always)]
            fn from_acc(s: &State) -> Self {
                $from_acc(s.$acc)
            }

            #[inline(always)]
            fn into_acc(self, s: &mut State) {
                s.$acc = $into_acc(self);
            }

            #[inline(always)]
            fn from_passed(s: &State) -> Self {
                $from_acc(s.passed.$acc)
            }

            #[inline(always)]
            fn into_passed(self, s: &mut State) {
                s.passed.$acc = $into_acc(self);
            }

            #[inline(always)]
            fn from_imm(word: u32) -> Self {
                $from_imm(word)
            }

            #[inline(always)]
            fn from_bits(bits: u64) -> Self {
                $read(bits)
            }
        })*
    };
}

scalar_value! {
    i32, acc: |bits| bits as i32, |v: i32| u64::from(v as u32), |acc| acc as i32, |v: i32| u64::from(v as u32), |word| word as i32;
    i64, acc: |bits| bits as i64, |v: i64| v as u64, |acc| acc as i64, |v: i64| v as u64, |word| i64::from(word as i32);
    u64, acc: |bits| bits, |v| v, |acc| acc, |v| v, |word| i64::from(word as i32) as u64;
    f32, f32: |bits| f32::from_bits(bits as u32), |v: f32| u64::from(v.to_bits()), |acc| acc, |v| v, f32::from_bits;
    f64, f64: f64::from_bits, f64::to_bits, |acc| acc, |v| v, |word| f64::from(f32::from_bits(word));
}

/// Whether two slots are read and written as one vector: where there are registers for it, which take them wherever
/// they are. Elsewhere slots are aligned, and vectors need not be.
const SLOTS_ARE_VECTORS: bool = cfg!(all(
    target_endian = "little",
    any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")
));

impl Value for V128 {
    const IS_VECTOR: bool = true;

    #[inline(always)]
    unsafe fn read(slot: *const u64) -> Self {
        // SAFETY: the caller's promise: two slots. On little-endian hosts they are the vector's
        // bytes in order.
        unsafe {
            if SLOTS_ARE_VECTORS {
                return slot.cast::<V128>().read_unaligned();
            }
            V128::from_u64x2([slot.read(), slot.add(1).read()])
        }
    }

    #[inline(always)]
    unsafe fn write(self, slot: *mut u64) {
        // SAFETY: as in `read`.
        unsafe {
            if SLOTS_ARE_VECTORS {
                return slot.cast::<V128>().write_unaligned(self);
            }
            let [low, high] = self.to_u64x2();
            slot.write(low);
            slot.add(1).write(high);
        }
    }

    #[inline(always)]
    fn from_acc(s: &State) -> Self {
        s.vector()
    }

    #[inline(always)]
    fn into_acc(self, s: &mut State) {
        s.set_vector(self);
    }

    #[inline(always)]
    fn from_passed(s: &State) -> Self {
        s.passed.v128
    }

    #[inline(always)]
    fn into_passed(self, s: &mut State) {
        s.passed.v128 = self;
    }

    #[inline(always)]
    fn from_imm(_: u32) -> Self {
        unreachable!("v128 has no immediate")
    }

    #[inline(always)]
    fn from_bits(_: u64) -> Self {
        unreachable!("v128 has no immediate")
    }
}

/// A place to read from.
pub(crate) trait Source: 'static {
    /// The place.
    const PLACE: Place;

    /// Reads the operand, given where its slot field or its immediate field would be.
    ///
    /// # Safety
    ///
    /// As for [`slot`] or [`word`], whichever the place needs.
    unsafe fn get<V: Value>(s: &State, slot_at: usize, word_at: usize) -> V;
}

/// A place to write to.
pub(crate) trait Destination: 'static {
    /// The place.
    const PLACE: Place;

    /// Writes the result, given where its slot field would be.
    ///
    /// # Safety
    ///
    /// As for [`slot`].
    unsafe fn set<V: Value>(s: &mut State, slot_at: usize, value: V);
}

/// A slot of the frame.
pub(crate) struct Slot;
/// The accumulator of the operand's class.
pub(crate) struct Acc;
/// An immediate of 32 bits.
pub(crate) struct Imm;
/// An immediate of 64 bits.
pub(crate) struct Wide;

/// A slot whose value is in a register instead, from the part of a cell that makes it to the part
/// that alone reads it: the field is there, the slot is neither written nor read.
pub(crate) struct Passed;

impl Source for Passed {
    const PLACE: Place = Place::Slot;

    #[inline(always)]
    unsafe fn get<V: Value>(s: &State, _: usize, _: usize) -> V {
        V::from_passed(s)
    }
}

impl Destination for Passed {
    const PLACE: Place = Place::Slot;

    #[inline(always)]
    unsafe fn set<V: Value>(s: &mut State, _: usize, value: V) {
        value.into_passed(s);
        value.into_acc(s);
    }
}

/// A slot that is in a register while a cell turns, the one with a number; a scalar's.
pub(crate) struct Kept<const NUMBER: usize>;

impl<const NUMBER: usize> Source for Kept<NUMBER> {
    const PLACE: Place = Place::Slot;

    #[inline(always)]
    unsafe fn get<V: Value>(s: &State, _: usize, _: usize) -> V {
        const { assert!(!V::IS_VECTOR, "a vector takes two slots") };
        // SAFETY: it is a slot, if not of the frame.
        unsafe { V::read(&raw const s.passed.kept[NUMBER]) }
    }
}

impl<const NUMBER: usize> Destination for Kept<NUMBER> {
    const PLACE: Place = Place::Slot;

    #[inline(always)]
    unsafe fn set<V: Value>(s: &mut State, _: usize, value: V) {
        const { assert!(!V::IS_VECTOR, "a vector takes two slots") };
        // SAFETY: it is a slot, if not of the frame.
        unsafe { value.write(&raw mut s.passed.kept[NUMBER]) };
        value.into_acc(s);
    }
}

impl Source for Slot {
    const PLACE: Place = Place::Slot;

    #[inline(always)]
    unsafe fn get<V: Value>(s: &State, slot_at: usize, _: usize) -> V {
        // SAFETY: the caller's promise.
        unsafe { V::read(slot(s, slot_at)) }
    }
}

impl Source for Acc {
    const PLACE: Place = Place::Acc;

    #[inline(always)]
    unsafe fn get<V: Value>(s: &State, _: usize, _: usize) -> V {
        V::from_acc(s)
    }
}

impl Source for Imm {
    const PLACE: Place = Place::Imm;

    #[inline(always)]
    unsafe fn get<V: Value>(s: &State, _: usize, word_at: usize) -> V {
        // SAFETY: the caller's promise.
        V::from_imm(unsafe { word(s, word_at) })
    }
}

impl Source for Wide {
    const PLACE: Place = Place::Wide;

    #[inline(always)]
    unsafe fn get<V: Value>(s: &State, _: usize, word_at: usize) -> V {
        // SAFETY: the caller's promise.
        let (low, high) = unsafe { (word(s, word_at), word(s, word_at + 4)) };
        V::from_bits(u64::from(low) | u64::from(high) << 32)
    }
}

impl Destination for Slot {
    const PLACE: Place = Place::Slot;

    /// Leaves the value in the accumulator as well: the translator counts on it.
    #[inline(always)]
    unsafe fn set<V: Value>(s: &mut State, slot_at: usize, value: V) {
        // SAFETY: the caller's promise.
        unsafe { value.write(slot(s, slot_at)) };
        value.into_acc(s);
    }
}

impl Destination for Acc {
    const PLACE: Place = Place::Acc;

    #[inline(always)]
    unsafe fn set<V: Value>(s: &mut State, _: usize, value: V) {
        value.into_acc(s);
    }
}
