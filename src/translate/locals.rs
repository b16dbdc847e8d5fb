//! The local variables of a function: of what kind each is, and in which slots.

use crate::buffer::{Buffer, NoMemory};

use super::ir::Kind;

/// The locals of a function, parameters first.
#[derive(Default)]
pub(super) struct Locals {
    runs: Buffer<LocalRun>,
    /// How many there are in all runs.
    len: u32,
    /// The first ones, one by one: in most functions these are all.
    first: Buffer<Local>,
}

/// A local variable.
#[derive(Clone, Copy)]
pub(super) struct Local {
    pub(super) kind: Kind,
    pub(super) slot: u32,
}

/// Parameters or locals of one kind, side by side. A few bytes declare 50,000 locals, so that there
/// must be no work for each of them.
#[derive(Clone, Copy)]
struct LocalRun {
    first: u32,
    local: Local,
}

/// So many locals are found without a search.
const FIRST_MAX: u32 = 64;

impl Locals {
    pub(super) fn clear(&mut self) {
        self.runs.clear();
        self.first.clear();
        self.len = 0;
    }

    /// About how many bytes the buffers take.
    pub(super) fn buffer_bytes(&self) -> usize {
        self.runs.bytes() + self.first.bytes()
    }

    /// Adds a parameter, whose slots follow those of the one before.
    pub(super) fn add_param(&mut self, kind: Kind, slot: u32) -> Result<(), NoMemory> {
        match self.runs.last() {
            Some(run) if run.local.kind == kind => {
                self.len += 1;
                Ok(())
            }
            _ => self.add(kind, 1, slot),
        }
    }

    /// Adds locals side by side.
    pub(super) fn add(&mut self, kind: Kind, count: u32, slot: u32) -> Result<(), NoMemory> {
        self.runs.make_room(1)?;
        self.runs.push(LocalRun { first: self.len, local: Local { kind, slot } });
        self.len += count;
        Ok(())
    }

    /// The number of runs.
    pub(super) fn runs(&self) -> usize {
        self.runs.len()
    }

    /// Moves the runs from number `run` on by so many slots.
    pub(super) fn shift(&mut self, run: usize, slots: u32) {
        self.runs[run..].iter_mut().for_each(|run| run.local.slot += slots);
    }

    /// The first slot of a run, if there is one of this number.
    pub(super) fn run_slot(&self, run: usize) -> Option<u32> {
        self.runs.get(run).map(|run| run.local.slot)
    }

    /// When all have their slots: notes where the first ones are.
    pub(super) fn settle(&mut self) -> Result<(), NoMemory> {
        let count = self.len.min(FIRST_MAX);
        self.first.make_room(count as usize)?;
        let ends = self.runs[1.min(self.runs.len())..].iter().map(|run| run.first);
        for (run, end) in self.runs.iter().zip(ends.chain([self.len])) {
            for index in run.first..end.min(count) {
                self.first.push(run.local(index));
            }
        }
        Ok(())
    }

    /// The local with an index.
    #[inline]
    pub(super) fn get(&self, index: u32) -> Local {
        match self.first.get(index as usize) {
            Some(local) => *local,
            None => self.search(index),
        }
    }

    #[inline(never)]
    fn search(&self, index: u32) -> Local {
        let after = self.runs.partition_point(|run| run.first <= index);
        self.runs[after - 1].local(index)
    }
}

impl LocalRun {
    /// The local with an index, which is one of the run.
    fn local(&self, index: u32) -> Local {
        let Local { kind, slot } = self.local;
        Local { kind, slot: slot + (index - self.first) * kind.slots() }
    }
}
