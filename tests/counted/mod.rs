//! Values that count how many of them were dropped, so that a test sees what was collected.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many values were dropped.
#[derive(Clone, Default)]
pub(crate) struct Drops {
    count: Arc<AtomicUsize>,
}

impl Drops {
    /// Another value to count.
    pub(crate) fn value(&self) -> Value {
        Value { count: self.count.clone() }
    }

    /// The number of values that were dropped so far.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

/// A value that is counted when it is dropped.
pub(crate) struct Value {
    count: Arc<AtomicUsize>,
}

impl Drop for Value {
    fn drop(&mut self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }
}
