//! What the accumulators hold, as far as the second walk has come.

use super::ir::{CLASSES, Class, Kind};

/// The accumulators.
#[derive(Default)]
pub(super) struct Accumulators {
    /// Whether they are used at all: if not, none holds anything.
    used: bool,
    /// A bit for each class whose accumulator holds something.
    full: u8,
    /// What each of these holds; of the others, anything.
    held: [Held; CLASSES],
}

/// An accumulator's value.
#[derive(Clone, Copy, Default)]
pub(super) struct Held {
    /// The slot that has, or would have, the same value.
    slot: u32,
    /// The local that has it, too, where it is a copy, or [`NONE`].
    local: u32,
    /// The item that made it, if it could leave the slot alone, or [`NONE`].
    maker: u32,
}

/// No local, or no item.
const NONE: u32 = u32::MAX;

impl Held {
    /// The value of a slot that is written.
    pub(super) fn of(slot: u32) -> Self {
        Self { slot, local: NONE, maker: NONE }
    }

    /// The value of a slot, perhaps of a local as well, made by an item if it could leave the slot alone.
    pub(super) fn made(slot: u32, local: Option<u32>, maker: Option<usize>) -> Self {
        // An item of a higher number than fits is as good as one that must write the slot.
        let maker = maker.map_or(NONE, |maker| u32::try_from(maker).unwrap_or(NONE));
        Self { slot, local: local.unwrap_or(NONE), maker }
    }
}

impl Accumulators {
    /// At the start of a function: none holds anything.
    pub(super) fn reset(&mut self, used: bool) {
        (self.used, self.full) = (used, 0);
    }

    /// Whether accumulators are used.
    pub(super) fn used(&self) -> bool {
        self.used
    }

    /// Forgets what all of them hold.
    pub(super) fn clear(&mut self) {
        self.full = 0;
    }

    /// Forgets what the accumulator of `class` holds.
    pub(super) fn clear_class(&mut self, class: Class) {
        self.full &= !bit(class as usize);
    }

    /// Whether the accumulator of `class` holds the value of `slot`.
    pub(super) fn has(&self, class: Class, slot: u32) -> bool {
        let held = &self.held[class as usize];
        self.full & bit(class as usize) != 0 && (held.slot == slot || held.local == slot)
    }

    /// The item that made the value of the temporary in `slot`, which the accumulator of `class` holds, if it
    /// could leave the slot alone.
    pub(super) fn maker(&self, class: Class, slot: u32) -> Option<u32> {
        let held = &self.held[class as usize];
        // A slot that is the local of a copy was written before the copy.
        let is_made = self.full & bit(class as usize) != 0 && held.slot == slot;
        (is_made && held.maker != NONE).then_some(held.maker)
    }

    /// Says that the value of `slot` must be in the slot, whoever reads it from an accumulator.
    pub(super) fn insist_on(&mut self, slot: u32) {
        for held in &mut self.held {
            if held.slot == slot {
                held.maker = NONE;
            }
        }
    }

    /// Puts a value into the accumulator of its kind. What was in its slots is forgotten.
    pub(super) fn write(&mut self, kind: Kind, held: Held) {
        let class = kind.class();
        if self.full & !bit(class as usize) != 0 {
            self.forget(held.slot, kind);
        }
        self.hold(class, held);
    }

    /// Puts a value into an accumulator.
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
            if self.full & bit(class) == 0 {
                continue;
            }
            let slots = if class == Class::Vector as usize { Kind::V128.slots() } else { 1 };
            let overwritten = |held: u32| held < end && slot < held + slots;
            if held.local != NONE && overwritten(held.local) {
                held.local = NONE;
            }
            if overwritten(held.slot) {
                match held.local {
                    NONE => self.full &= !bit(class),
                    local => *held = Held::of(local),
                }
            }
        }
    }
}

/// The bit of a class.
fn bit(class: usize) -> u8 {
    1 << class
}
