//! The operand stack of the function being translated.
//!
//! An entry is a temporary in its own slot, a local that was not copied yet, or a constant. The
//! entries that refer to a local are chained, so that setting the local finds them at once; two
//! marks keep the work of spilling and settling linear however blocks nest.

use core::mem;

use crate::buffer::{Buffer, NoMemory};

use super::ir::{Kind, Operand, Source};

/// A value on the operand stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    /// Where the value is now.
    pub(crate) value: Operand,
    /// The entry's own slot, where it is when settled.
    pub(crate) slot: u32,
    /// The local it refers to, if any, and the next entry below that does too, plus one.
    local: u32,
    below: u32,
}

impl Entry {
    /// Whether the value is in the entry's own slot.
    pub(crate) fn is_settled(&self) -> bool {
        self.value.is_temp()
    }
}

/// The operand stack.
#[derive(Default)]
pub(crate) struct OperandStack {
    entries: Buffer<Entry>,
    /// For each local, the topmost entry that refers to it, plus one. As long as the highest local
    /// that was ever pushed needs.
    tops: Buffer<u32>,
    /// The slot of the next entry.
    next_slot: u32,
    /// One more than the highest slot ever used.
    end_slot: u32,
    /// Below this no entry refers to a local. It may be above the topmost entry.
    spilled: usize,
    /// From the innermost frame's height up to this all entries are settled. It may be above the topmost entry.
    settled: usize,
    /// How many entries are not settled.
    unsettled: usize,
}

impl OperandStack {
    /// Empties the stack for a function whose temporaries start at `slot`.
    pub(crate) fn reset(&mut self, slot: u32) {
        // Which leaves `tops` all zero, without a look at each of them.
        self.truncate(0);
        (self.next_slot, self.end_slot) = (slot, slot);
        (self.spilled, self.settled) = (0, 0);
    }

    /// About how many bytes the buffers take.
    pub(crate) fn buffer_bytes(&self) -> usize {
        self.entries.bytes() + self.tops.bytes()
    }

    /// Asks for the room of `more` entries.
    pub(crate) fn make_room(&mut self, more: usize) -> Result<(), NoMemory> {
        self.entries.make_room(more)
    }

    /// Asks for what it takes that entries refer to `local`.
    #[inline(always)]
    pub(crate) fn make_room_for_local(&mut self, local: u32) -> Result<(), NoMemory> {
        if self.tops.len() <= local as usize { self.add_tops(local) } else { Ok(()) }
    }

    #[cold]
    #[inline(never)]
    fn add_tops(&mut self, local: u32) -> Result<(), NoMemory> {
        self.tops.resize(local as usize + 1, 0)
    }

    /// How many entries are not settled: the most that spilling and settling can give.
    pub(crate) fn unsettled(&self) -> usize {
        self.unsettled
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The slot of the next entry.
    pub(crate) fn next_slot(&self) -> u32 {
        self.next_slot
    }

    /// One more than the highest slot ever used.
    pub(crate) fn end_slot(&self) -> u32 {
        self.end_slot
    }

    /// Makes sure that the frame has the slots up to `end`.
    pub(crate) fn reserve(&mut self, end: u32) {
        self.end_slot = self.end_slot.max(end);
    }

    /// The topmost `count` entries.
    pub(crate) fn top(&self, count: usize) -> &[Entry] {
        &self.entries[self.entries.len() - count..]
    }

    pub(crate) fn get(&self, at: usize) -> Entry {
        self.entries[at]
    }

    #[inline(always)]
    fn push(&mut self, kind: Kind, value: Operand, local: u32, below: u32) {
        self.entries.push(Entry { kind, value, slot: self.next_slot, local, below });
        self.next_slot += kind.slots();
        self.reserve(self.next_slot);
    }

    /// Pushes a temporary and returns it.
    #[inline(always)]
    pub(crate) fn push_temp(&mut self, kind: Kind) -> Operand {
        let value = Operand::temp(self.next_slot);
        self.push(kind, value, 0, 0);
        value
    }

    /// Pushes the local with index `local`, which is in `slot`; room for it was asked before.
    #[inline(always)]
    pub(crate) fn push_local(&mut self, kind: Kind, local: u32, slot: u32) {
        let at = self.entries.len();
        let below = mem::replace(&mut self.tops[local as usize], at as u32 + 1);
        self.push(kind, Operand::local(slot), local, below);
        self.spilled = self.spilled.min(at);
        self.unsettled_at(at);
    }

    /// Pushes a constant.
    #[inline(always)]
    pub(crate) fn push_const(&mut self, kind: Kind, position: u32) {
        self.unsettled_at(self.entries.len());
        self.push(kind, Operand::constant(position), 0, 0);
    }

    /// Says that the topmost entry, which is at `at`, is not settled.
    #[inline(always)]
    fn unsettled_at(&mut self, at: usize) {
        self.unsettled += 1;
        self.settled = self.settled.min(at);
    }

    /// Sees the topmost entry, which is no constant, as a value of another kind of one slot.
    pub(crate) fn retype(&mut self, kind: Kind) {
        let entry = self.entries.last_mut().expect("validated: the operand is there");
        debug_assert_eq!(entry.kind.slots(), kind.slots());
        entry.kind = kind;
    }

    /// Pops the topmost entry.
    #[inline(always)]
    pub(crate) fn pop(&mut self) -> Entry {
        let entry = self.entries.pop().expect("validated: the operand is there");
        self.forget(&entry);
        self.next_slot = entry.slot;
        entry
    }

    /// Pops the topmost entry and pushes a temporary instead: what the entry was, and the temporary.
    #[inline(always)]
    pub(crate) fn replace(&mut self, kind: Kind) -> (Operand, Operand) {
        let top = self.entries.last_mut().expect("validated: the operand is there");
        let before = *top;
        let value = Operand::temp(before.slot);
        *top = Entry { kind, value, slot: before.slot, local: 0, below: 0 };
        self.next_slot = before.slot + kind.slots();
        if kind.slots() > 1 {
            // Else the frame has it: the entry that was there took one.
            self.reserve(self.next_slot);
        }
        self.forget(&before);
        (before.value, value)
    }

    /// Pops the two topmost entries and pushes a temporary instead: what they were, and the temporary.
    #[inline(always)]
    pub(crate) fn replace_two(&mut self, kind: Kind) -> ([Operand; 2], Operand) {
        let y = self.entries.pop().expect("validated: the operand is there");
        self.forget(&y);
        let (x, d) = self.replace(kind);
        ([x, y.value], d)
    }

    /// Forgets an entry that is no more.
    #[inline(always)]
    fn forget(&mut self, entry: &Entry) {
        if entry.is_settled() {
            return;
        }
        if entry.value.is_local() {
            self.tops[entry.local as usize] = entry.below;
        }
        self.unsettled -= 1;
    }

    /// Pushes an entry that was just popped.
    pub(crate) fn push_again(&mut self, entry: Entry) {
        match entry.value.source() {
            Source::Local(slot) => self.push_local(entry.kind, entry.local, slot),
            Source::Const(position) => self.push_const(entry.kind, position),
            Source::Temp(_) | Source::None => {
                self.push_temp(entry.kind);
            }
        }
    }

    /// Pops entries until `len` are left.
    pub(crate) fn truncate(&mut self, len: usize) {
        while self.entries.len() > len {
            self.pop();
        }
    }

    /// Makes the entry at `at`, which is not settled, a temporary in its own slot, and returns what it was.
    fn settle_at(&mut self, at: usize) -> Entry {
        let before = self.entries[at];
        debug_assert!(!before.is_settled());
        self.unsettled -= 1;
        self.entries[at].value = Operand::temp(before.slot);
        before
    }

    /// Whether any entry refers to `local`.
    #[inline]
    pub(crate) fn refers_to(&self, local: u32) -> bool {
        self.tops.get(local as usize).is_some_and(|top| *top != 0)
    }

    /// The next entry that refers to `local`, made a temporary.
    pub(crate) fn preserve_next(&mut self, local: u32) -> Option<Entry> {
        let at = self.tops.get(local as usize)?.checked_sub(1)? as usize;
        let before = self.settle_at(at);
        self.tops[local as usize] = before.below;
        Some(before)
    }

    /// The next entry that refers to any local, made a temporary.
    pub(crate) fn spill_next(&mut self) -> Option<Entry> {
        while self.spilled < self.entries.len() {
            let at = self.spilled;
            self.spilled += 1;
            if self.entries[at].value.is_local() {
                // All chained entries are on their way to be spilled: the chain ends here.
                self.tops[self.entries[at].local as usize] = 0;
                return Some(self.settle_at(at));
            }
        }
        None
    }

    /// The entry at `at` if it is not settled, made a temporary. No entry above may refer to the
    /// same local.
    pub(crate) fn settle(&mut self, at: usize) -> Option<Entry> {
        if at < self.settled || self.entries[at].is_settled() {
            return None;
        }
        let before = self.settle_at(at);
        if before.value.is_local() {
            debug_assert_eq!(self.tops[before.local as usize] as usize, at + 1);
            self.tops[before.local as usize] = before.below;
        }
        Some(before)
    }

    /// The first entry that may not be settled.
    pub(crate) fn first_unsettled(&self) -> usize {
        self.settled
    }

    /// Begins a frame that has the entries from `height` on. Gives what [`OperandStack::leave`] is
    /// to be called with at its end.
    pub(crate) fn enter(&mut self, height: usize) -> usize {
        mem::replace(&mut self.settled, height).min(height)
    }

    /// Ends a frame.
    pub(crate) fn leave(&mut self, settled: usize) {
        self.settled = settled;
    }

    /// Says that all entries of the innermost frame are settled; none below refers to a local.
    pub(crate) fn mark_settled(&mut self) {
        self.settled = self.entries.len();
        self.spilled = self.entries.len();
    }
}
