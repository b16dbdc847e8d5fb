//! What the accumulators hold, as far as the second walk has come.

use super::ir::{CLASSES, Class, Kind};

/// The accumulators.
#[derive(Default)]
pub(super) struct Accumulators {
    /// Whether they are used at all: if not, none holds anything.
    used: bool,
    /// A bit for each class whose accumulator may hold something.
    full: u8,
    /// What each of them holds.
    held: [Held; CLASSES],
}

/// An accumulator's value.
#[derive(Clone, Copy)]
pub(super) struct Held {
    /// The slot that has, or would have, the same value, or [`NONE`].
    slot: u32,
    /// The local that has it, too, where it is a copy, or [`NONE`].
    local: u32,
    /// The item that made it, if it could leave the slot alone, or [`NONE`].
    maker: u32,
}

/// No slot, no local, or no item.
const NONE: u32 = u32::MAX;

impl Default for Held {
    fn default() -> Self {
        Held::NOTHING
    }
}

impl Held {
    const NOTHING: Held = Held { slot: NONE, local: NONE, maker: NONE };

    /// The value of a slot that is written.
    pub(super) fn of(slot: u32) -> Self {
        Self { slot, local: NONE, maker: NONE }
    }

    /// The value of a slot, perhaps of a local as well, made by an item if it could leave the slot alone.
    pub(super) fn made(slot: u32, local: Option<u32>, maker: Option<u32>) -> Self {
        Self { slot, local: local.unwrap_or(NONE), maker: maker.unwrap_or(NONE) }
    }
}

impl Accumulators {
    /// At the start of a function: none holds anything.
    pub(super) fn reset(&mut self, used: bool) {
        self.used = used;
        self.clear();
    }

    /// Whether accumulators are used.
    pub(super) fn used(&self) -> bool {
        self.used
    }

    /// Forgets what all of them hold.
    pub(super) fn clear(&mut self) {
        self.full = 0;
        self.held = [Held::NOTHING; CLASSES];
    }

    /// Forgets what the accumulator of `class` holds.
    pub(super) fn clear_class(&mut self, class: Class) {
        self.full &= !bit(class as usize);
        self.held[class as usize] = Held::NOTHING;
    }

    /// Whether the accumulator of `class` holds the value of `slot`.
    #[inline]
    pub(super) fn has(&self, class: Class, slot: u32) -> bool {
        let held = &self.held[class as usize];
        (held.slot == slot) | (held.local == slot)
    }

    /// The item that made the value of the temporary in `slot`, which the accumulator of `class` holds, if it
    /// could leave the slot alone.
    pub(super) fn maker(&self, class: Class, slot: u32) -> Option<u32> {
        let held = &self.held[class as usize];
        // A slot that is the local of a copy was written before the copy.
        (held.slot == slot && held.maker != NONE).then_some(held.maker)
    }

    /// Says that the value of `slot` must be in the slot, whoever reads it from an accumulator.
    pub(super) fn insist_on(&mut self, slot: u32) {
        for held in &mut self.held {
            if held.slot == slot {
                held.maker = NONE;
            }
        }
    }

    /// Puts a value into the accumulator of its kind, whose class is given. What was in its slots is forgotten.
    #[inline(always)]
    pub(super) fn write(&mut self, kind: Kind, class: Class, held: Held) {
        if self.full == bit(class as usize) {
            // No other holds anything.
            self.held[class as usize] = held;
        } else {
            self.write_beside_others(kind, class, held);
        }
    }

    #[inline(never)]
    fn write_beside_others(&mut self, kind: Kind, class: Class, held: Held) {
        if self.full & !bit(class as usize) != 0 {
            self.forget(held.slot, kind);
        }
        self.hold(class, held);
    }

    /// Puts a value into an accumulator.
    #[inline]
    pub(super) fn hold(&mut self, class: Class, held: Held) {
        if self.used {
            self.full |= bit(class as usize);
            self.held[class as usize] = held;
        }
    }

    /// Forgets that accumulators hold what was in the slots of a value that is overwritten.
    pub(super) fn forget(&mut self, slot: u32, kind: Kind) {
        let end = slot + kind.slots();
        for (class, held) in self.held.iter_mut().enumerate() {
            let slots = if class == Class::Vector as usize { Kind::V128.slots() } else { 1 };
            // No slot is below any end.
            let overwritten = |held: u32| held < end && slot < held + slots;
            if overwritten(held.local) {
                held.local = NONE;
            }
            if overwritten(held.slot) {
                if held.local == NONE {
                    self.full &= !bit(class);
                }
                *held = Held::of(held.local);
            }
        }
    }
}

/// The bit of a class.
fn bit(class: usize) -> u8 {
    1 << class
}
