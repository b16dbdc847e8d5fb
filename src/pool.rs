//! What an engine keeps for the next one that needs the same. This knows nothing of what it is.

use crate::buffer::Buffer;
use spin::Mutex;

/// A few spares.
pub(crate) struct Pool<T> {
    spares: Mutex<Buffer<T>>,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { spares: Mutex::default() }
    }
}

/// The most spares of a pool.
pub(crate) const SPARES_MAX: usize = 4;

impl<T: Default> Pool<T> {
    /// The spare that was kept last, or a new one.
    pub(crate) fn take(&self) -> T {
        let spare = self.spares.lock().pop();
        spare.unwrap_or_default()
    }

    /// Keeps a spare, if there are few and there is memory for it.
    pub(crate) fn put(&self, spare: T) {
        let spares = &mut *self.spares.lock();
        if spares.len() < SPARES_MAX && spares.make_exact_room(1).is_ok() {
            spares.push(spare);
        }
    }

    /// How many there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.spares.lock().len()
    }
}
