//! The types of memories, tables and globals, and how they match when imported (spec:
//! valid/matching).

use super::value::{RefType, ValType};
use core::fmt;

/// The most pages that a memory with 32-bit addresses can have.
const MEMORY32_PAGES_MAX: u64 = 1 << 16;
/// The most pages of 64 KiB that 64-bit addresses can reach.
const MEMORY64_PAGES_MAX: u64 = 1 << 48;

/// The size limits of a memory, in pages of 64 KiB.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct MemoryType {
    pub(crate) minimum: u64,
    pub(crate) maximum: Option<u64>,
    pub(crate) memory64: bool,
    pub(crate) page_size_log2: u8,
}

impl MemoryType {
    /// A memory of at least `minimum` pages with 32-bit addresses.
    pub const fn new(minimum: u32, maximum: Option<u32>) -> Self {
        let maximum = match maximum {
            Some(pages) => Some(pages as u64),
            None => None,
        };
        Self { minimum: minimum as u64, maximum, memory64: false, page_size_log2: 16 }
    }

    /// The least number of pages.
    pub fn minimum(&self) -> u64 {
        self.minimum
    }

    /// The greatest number of pages, where one was given.
    pub fn maximum(&self) -> Option<u64> {
        self.maximum
    }

    /// Whether addresses have 64 bits.
    pub fn is_64(&self) -> bool {
        self.memory64
    }

    /// The bytes of a page.
    pub fn page_size(&self) -> u64 {
        1 << self.page_size_log2
    }

    /// The greatest number of pages that the type and its address width allow.
    pub(crate) fn pages_max(&self) -> u64 {
        let addressable = if self.memory64 { MEMORY64_PAGES_MAX } else { MEMORY32_PAGES_MAX };
        self.maximum.map_or(addressable, |declared| declared.min(addressable))
    }

    /// Whether a memory of this type, whose minimum is its present size, may be imported as
    /// `expected`.
    pub(crate) fn matches(&self, expected: &MemoryType) -> bool {
        self.memory64 == expected.memory64
            && self.page_size_log2 == expected.page_size_log2
            && limits_match((self.minimum, self.maximum), (expected.minimum, expected.maximum))
    }
}

impl fmt::Display for MemoryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.memory64 { "i64 " } else { "" })?;
        write_limits(f, self.minimum, self.maximum)
    }
}

/// The element type and size limits of a table.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct TableType {
    pub(crate) element: RefType,
    pub(crate) minimum: u64,
    pub(crate) maximum: Option<u64>,
    pub(crate) table64: bool,
}

impl TableType {
    /// A table of at least `minimum` elements with 32-bit indices.
    pub const fn new(element: RefType, minimum: u32, maximum: Option<u32>) -> Self {
        let maximum = match maximum {
            Some(elements) => Some(elements as u64),
            None => None,
        };
        Self { element, minimum: minimum as u64, maximum, table64: false }
    }

    /// The type of the elements.
    pub fn element(&self) -> RefType {
        self.element
    }

    /// The least number of elements.
    pub fn minimum(&self) -> u64 {
        self.minimum
    }

    /// The greatest number of elements, where one was given.
    pub fn maximum(&self) -> Option<u64> {
        self.maximum
    }

    /// Whether indices have 64 bits.
    pub fn is_64(&self) -> bool {
        self.table64
    }

    /// Whether a table of this type, whose minimum is its present size, may be imported as
    /// `expected`.
    pub(crate) fn matches(&self, expected: &TableType) -> bool {
        // Tables are read and written through both types, so that the elements match both ways.
        self.element.matches(&expected.element)
            && expected.element.matches(&self.element)
            && self.table64 == expected.table64
            && limits_match((self.minimum, self.maximum), (expected.minimum, expected.maximum))
    }
}

impl fmt::Display for TableType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.table64 { "i64 " } else { "" })?;
        write_limits(f, self.minimum, self.maximum)?;
        write!(f, " {}", self.element)
    }
}

/// Whether a global can be written.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Mutability {
    /// The value is fixed.
    Const,
    /// The value can be set.
    Var,
}

/// The type of a global.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct GlobalType {
    pub(crate) content: ValType,
    pub(crate) mutability: Mutability,
}

impl GlobalType {
    /// A global that holds values of type `content`.
    pub const fn new(content: ValType, mutability: Mutability) -> Self {
        Self { content, mutability }
    }

    /// The type of the value.
    pub fn content(&self) -> ValType {
        self.content
    }

    /// Whether the value can be set.
    pub fn mutability(&self) -> Mutability {
        self.mutability
    }

    /// Whether a global of this type may be imported as `expected`.
    pub(crate) fn matches(&self, expected: &GlobalType) -> bool {
        self.mutability == expected.mutability
            && self.content.matches(&expected.content)
            && (self.mutability == Mutability::Const || expected.content.matches(&self.content))
    }
}

impl fmt::Display for GlobalType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mutability {
            Mutability::Const => write!(f, "{}", self.content),
            Mutability::Var => write!(f, "(mut {})", self.content),
        }
    }
}

/// The matching of limits: at least the expected minimum, and a maximum within the expected one.
fn limits_match(actual: (u64, Option<u64>), expected: (u64, Option<u64>)) -> bool {
    actual.0 >= expected.0
        && match (actual.1, expected.1) {
            (_, None) => true,
            (Some(actual), Some(expected)) => actual <= expected,
            (None, Some(_)) => false,
        }
}

fn write_limits(f: &mut fmt::Formatter<'_>, minimum: u64, maximum: Option<u64>) -> fmt::Result {
    write!(f, "{minimum}")?;
    maximum.map_or(Ok(()), |maximum| write!(f, " {maximum}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(minimum: u32, maximum: Option<u32>) -> MemoryType {
        MemoryType::new(minimum, maximum)
    }

    #[test]
    fn memories_match_by_limits() {
        assert!(memory(1, None).matches(&memory(1, None)));
        assert!(memory(2, None).matches(&memory(1, None)));
        assert!(!memory(0, None).matches(&memory(1, None)));
        assert!(memory(1, Some(2)).matches(&memory(1, None)));
        assert!(memory(1, Some(2)).matches(&memory(1, Some(2))));
        assert!(memory(1, Some(2)).matches(&memory(1, Some(3))));
        assert!(!memory(1, Some(4)).matches(&memory(1, Some(3))));
        assert!(!memory(1, None).matches(&memory(1, Some(3))));
    }

    #[test]
    fn address_widths_do_not_mix() {
        let wide = MemoryType { memory64: true, ..memory(1, None) };
        assert!(!wide.matches(&memory(1, None)));
        assert!(!memory(1, None).matches(&wide));
    }

    #[test]
    fn tables_match_by_element_and_limits() {
        let funcs = TableType::new(RefType::FUNCREF, 5, Some(10));
        assert!(funcs.matches(&TableType::new(RefType::FUNCREF, 5, None)));
        assert!(!funcs.matches(&TableType::new(RefType::EXTERNREF, 5, None)));
        assert!(!funcs.matches(&TableType::new(RefType::FUNCREF, 6, None)));
    }

    #[test]
    fn globals_match_by_mutability_and_content() {
        let constant = GlobalType::new(ValType::I32, Mutability::Const);
        let variable = GlobalType::new(ValType::I32, Mutability::Var);
        assert!(constant.matches(&constant));
        assert!(variable.matches(&variable));
        assert!(!constant.matches(&variable));
        assert!(!variable.matches(&constant));
        assert!(!constant.matches(&GlobalType::new(ValType::I64, Mutability::Const)));
    }

    #[test]
    fn pages_max_is_bounded_by_the_address_width() {
        assert_eq!(memory(0, None).pages_max(), 65_536);
        assert_eq!(memory(0, Some(3)).pages_max(), 3);
    }
}
