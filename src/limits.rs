//! Limits on what guests may allocate, asked for before anything is created or grows.

use crate::Error;

/// Decides about the growth of memories and tables, and about the number of a store's objects.
///
/// A store asks the limiter that [`Store::limiter`](crate::Store::limiter) set.
pub trait ResourceLimiter {
    /// Whether a memory may grow from `current` to `desired` bytes; `maximum` is what its type
    /// declares.
    ///
    /// A new memory grows from 0. A refusal is -1 to the guest.
    ///
    /// # Errors
    ///
    /// An error ends the guest instead.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, Error>;

    /// Learns that a memory could not grow though the limiter had not refused: beyond its maximum,
    /// or out of memory.
    ///
    /// # Errors
    ///
    /// An error ends the guest; otherwise the guest sees -1.
    fn memory_grow_failed(&mut self, error: Error) -> Result<(), Error> {
        drop(error);
        Ok(())
    }

    /// Whether a table may grow from `current` to `desired` elements; `maximum` is what its type
    /// declares.
    ///
    /// A new table grows from 0. A refusal is -1 to the guest.
    ///
    /// # Errors
    ///
    /// An error ends the guest instead.
    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, Error>;

    /// Learns that a table could not grow though the limiter had not refused: beyond its maximum,
    /// or out of memory.
    ///
    /// # Errors
    ///
    /// An error ends the guest; otherwise the guest sees -1.
    fn table_grow_failed(&mut self, error: Error) -> Result<(), Error> {
        drop(error);
        Ok(())
    }

    /// The most instances that the store may have.
    fn instances(&self) -> usize {
        OBJECTS_MAX
    }

    /// The most tables that the store may have.
    fn tables(&self) -> usize {
        OBJECTS_MAX
    }

    /// The most memories that the store may have.
    fn memories(&self) -> usize {
        OBJECTS_MAX
    }
}

/// The most objects of a kind where nothing else is said.
const OBJECTS_MAX: usize = 10_000;

/// Fixed limits; the [`ResourceLimiter`] that suffices for most hosts.
#[derive(Clone, Debug)]
pub struct StoreLimits {
    memory_bytes_max: Option<usize>,
    table_elements_max: Option<usize>,
    instances_max: usize,
    tables_max: usize,
    memories_max: usize,
    trap_on_grow_failure: bool,
}

impl Default for StoreLimits {
    fn default() -> Self {
        Self {
            memory_bytes_max: None,
            table_elements_max: None,
            instances_max: OBJECTS_MAX,
            tables_max: OBJECTS_MAX,
            memories_max: OBJECTS_MAX,
            trap_on_grow_failure: false,
        }
    }
}

impl StoreLimits {
    /// The answer to a request for `desired`, given that at most `limit` is allowed.
    fn grows(
        &self,
        what: &str,
        desired: usize,
        limit: Option<usize>,
        maximum: Option<usize>,
    ) -> Result<bool, Error> {
        let refuser = match (limit, maximum) {
            (Some(limit), _) if desired > limit => "limit",
            (_, Some(maximum)) if desired > maximum => "maximum",
            _ => return Ok(true),
        };
        if self.trap_on_grow_failure {
            let message =
                alloc::format!("forcing trap when growing {what} to {desired}: over its {refuser}");
            return Err(Error::msg(message));
        }
        Ok(false)
    }

    fn grow_failed(&self, error: Error) -> Result<(), Error> {
        if self.trap_on_grow_failure { Err(error) } else { Ok(()) }
    }
}

impl ResourceLimiter for StoreLimits {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, Error> {
        self.grows("memory", desired, self.memory_bytes_max, maximum)
    }

    fn memory_grow_failed(&mut self, error: Error) -> Result<(), Error> {
        self.grow_failed(error)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, Error> {
        self.grows("table", desired, self.table_elements_max, maximum)
    }

    fn table_grow_failed(&mut self, error: Error) -> Result<(), Error> {
        self.grow_failed(error)
    }

    fn instances(&self) -> usize {
        self.instances_max
    }

    fn tables(&self) -> usize {
        self.tables_max
    }

    fn memories(&self) -> usize {
        self.memories_max
    }
}

/// Builds [`StoreLimits`].
///
/// ```
/// use fulmar::StoreLimitsBuilder;
///
/// let limits = StoreLimitsBuilder::new().memory_size(16 << 20).instances(1).build();
/// ```
#[derive(Clone, Debug, Default)]
pub struct StoreLimitsBuilder {
    limits: StoreLimits,
}

impl StoreLimitsBuilder {
    /// Limits of 10,000 instances, tables and memories, and none on their sizes.
    pub fn new() -> Self {
        Self::default()
    }

    /// The most bytes of each memory.
    #[must_use]
    pub fn memory_size(mut self, bytes: usize) -> Self {
        self.limits.memory_bytes_max = Some(bytes);
        self
    }

    /// The most elements of each table.
    #[must_use]
    pub fn table_elements(mut self, elements: usize) -> Self {
        self.limits.table_elements_max = Some(elements);
        self
    }

    /// The most instances.
    #[must_use]
    pub fn instances(mut self, count: usize) -> Self {
        self.limits.instances_max = count;
        self
    }

    /// The most tables.
    #[must_use]
    pub fn tables(mut self, count: usize) -> Self {
        self.limits.tables_max = count;
        self
    }

    /// The most memories.
    #[must_use]
    pub fn memories(mut self, count: usize) -> Self {
        self.limits.memories_max = count;
        self
    }

    /// Whether the guest ends when something can't grow, instead of seeing -1.
    #[must_use]
    pub fn trap_on_grow_failure(mut self, trap: bool) -> Self {
        self.limits.trap_on_grow_failure = trap;
        self
    }

    /// The limits.
    pub fn build(self) -> StoreLimits {
        self.limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_limited() {
        let mut limits = StoreLimitsBuilder::new().memory_size(100).table_elements(10).build();
        assert!(limits.memory_growing(0, 100, None).unwrap());
        assert!(!limits.memory_growing(0, 101, None).unwrap());
        assert!(!limits.memory_growing(0, 60, Some(50)).unwrap());
        assert!(limits.table_growing(0, 10, None).unwrap());
        assert!(!limits.table_growing(0, 11, None).unwrap());
        assert!(limits.memory_grow_failed(Error::msg("out of memory")).is_ok());
    }

    #[test]
    fn refusals_can_end_the_guest() {
        let mut limits =
            StoreLimitsBuilder::new().memory_size(100).trap_on_grow_failure(true).build();
        let error = limits.memory_growing(0, 101, None).unwrap_err();
        assert_eq!(
            alloc::format!("{error}"),
            "forcing trap when growing memory to 101: over its limit"
        );
        assert!(limits.table_grow_failed(Error::msg("out of memory")).is_err());
    }
}
