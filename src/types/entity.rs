//! The types of memories, tables and globals, and how they match when imported (spec:
//! valid/matching).

use super::registry::TypeRegistry;
use super::value::{RefType, ValType};
use crate::Error;
use core::fmt;

/// The size of a page, as a power of two, where nothing else is said.
const PAGE_SIZE_LOG2: u8 = 16;

/// The address width, the page size and the size limits of a memory.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct MemoryType {
    pub(crate) minimum: u64,
    pub(crate) maximum: Option<u64>,
    pub(crate) memory64: bool,
    pub(crate) page_size_log2: u8,
}

impl MemoryType {
    /// A memory of at least `minimum` pages of 64 KiB with 32-bit addresses.
    pub const fn new(minimum: u32, maximum: Option<u32>) -> Self {
        let maximum = match maximum {
            Some(pages) => Some(pages as u64),
            None => None,
        };
        let page_size_log2 = PAGE_SIZE_LOG2;
        Self { minimum: minimum as u64, maximum, memory64: false, page_size_log2 }
    }

    /// A memory of at least `minimum` pages of 64 KiB with 64-bit addresses.
    pub const fn new64(minimum: u64, maximum: Option<u64>) -> Self {
        Self { minimum, maximum, memory64: true, page_size_log2: PAGE_SIZE_LOG2 }
    }

    /// A builder, for what the other constructors leave no choice of.
    ///
    /// ```
    /// use fulmar::MemoryType;
    ///
    /// let bytes = MemoryType::builder().min(100).page_size_log2(0).build()?;
    /// assert_eq!((bytes.minimum(), bytes.page_size()), (100, 1));
    /// # Ok::<(), fulmar::Error>(())
    /// ```
    pub fn builder() -> MemoryTypeBuilder {
        MemoryTypeBuilder { ty: Self::new(0, None) }
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

    /// The bytes of a page, as a power of two.
    pub fn page_size_log2(&self) -> u8 {
        self.page_size_log2
    }

    /// The greatest number of pages that addresses reach and that can be said in as many bits.
    fn addressable_pages(&self) -> u64 {
        match (self.memory64, self.page_size_log2) {
            (false, 0) => u64::from(u32::MAX),
            (false, log2) => 1 << (32 - log2),
            (true, 0) => u64::MAX,
            (true, log2) => 1 << (64 - log2),
        }
    }

    /// The greatest number of pages that the type and its address width allow.
    pub(crate) fn pages_max(&self) -> u64 {
        let addressable = self.addressable_pages();
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
        write_limits(f, self.minimum, self.maximum)?;
        match self.page_size_log2 {
            PAGE_SIZE_LOG2 => Ok(()),
            _ => write!(f, " (pagesize {})", self.page_size()),
        }
    }
}

/// Builds a [`MemoryType`]: by default of 32-bit addresses, pages of 64 KiB, no minimum, and no
/// maximum.
#[derive(Clone, Debug)]
pub struct MemoryTypeBuilder {
    ty: MemoryType,
}

impl MemoryTypeBuilder {
    /// The least number of pages.
    pub fn min(&mut self, pages: u64) -> &mut Self {
        self.ty.minimum = pages;
        self
    }

    /// The greatest number of pages, if there is to be one.
    pub fn max(&mut self, pages: Option<u64>) -> &mut Self {
        self.ty.maximum = pages;
        self
    }

    /// Whether addresses have 64 bits.
    pub fn memory64(&mut self, enable: bool) -> &mut Self {
        self.ty.memory64 = enable;
        self
    }

    /// The bytes of a page, as a power of two: 0 or 16.
    pub fn page_size_log2(&mut self, log2: u8) -> &mut Self {
        self.ty.page_size_log2 = log2;
        self
    }

    /// The type.
    ///
    /// # Errors
    ///
    /// If there are no pages of that size, a limit is beyond the reach of addresses, or the minimum
    /// exceeds the maximum.
    pub fn build(&self) -> Result<MemoryType, Error> {
        let MemoryType { minimum, maximum, page_size_log2, .. } = self.ty;
        if ![0, PAGE_SIZE_LOG2].contains(&page_size_log2) {
            return Err(Error::msg("invalid page size"));
        }
        if minimum.max(maximum.unwrap_or(0)) > self.ty.addressable_pages() {
            return Err(Error::msg("memory size exceeds the reach of its addresses"));
        }
        if maximum.is_some_and(|maximum| maximum < minimum) {
            return Err(Error::msg("memory minimum exceeds its maximum"));
        }
        Ok(self.ty)
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

    /// A table of at least `minimum` elements with 64-bit indices.
    pub const fn new64(element: RefType, minimum: u64, maximum: Option<u64>) -> Self {
        Self { element, minimum, maximum, table64: true }
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
    pub(crate) fn matches(&self, expected: &TableType, types: &TypeRegistry) -> bool {
        // Tables are read and written through both types, so that the elements match both ways.
        self.element.is_subtype(&expected.element, types)
            && expected.element.is_subtype(&self.element, types)
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
    pub(crate) fn matches(&self, expected: &GlobalType, types: &TypeRegistry) -> bool {
        self.mutability == expected.mutability
            && self.content.is_subtype(&expected.content, types)
            && (self.mutability == Mutability::Const
                || expected.content.is_subtype(&self.content, types))
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
        let wide = MemoryType::new64(1, None);
        assert!(!wide.matches(&memory(1, None)));
        assert!(!memory(1, None).matches(&wide));
        let narrow = TableType::new(RefType::FUNCREF, 1, None);
        let wide = TableType::new64(RefType::FUNCREF, 1, None);
        let matches = |a: &TableType, b| a.matches(b, &TypeRegistry::default());
        assert!(!matches(&wide, &narrow) && !matches(&narrow, &wide) && matches(&wide, &wide));
    }

    #[test]
    fn page_sizes_do_not_mix() {
        let bytes = MemoryType::builder().min(1 << 16).page_size_log2(0).build().unwrap();
        assert!(bytes.matches(&bytes));
        assert!(!bytes.matches(&memory(1, None)) && !memory(1, None).matches(&bytes));
        assert_eq!(alloc::format!("{bytes}"), "65536 (pagesize 1)");
    }

    #[test]
    fn builders_refuse_what_modules_cannot_declare() {
        let build = |wide, log2, minimum, maximum| {
            let mut builder = MemoryType::builder();
            builder.memory64(wide).page_size_log2(log2).min(minimum).max(maximum).build()
        };
        assert!(build(false, 12, 0, None).is_err());
        assert!(build(false, 64, 0, None).is_err());
        assert!(build(false, 16, 1 << 16, None).is_ok());
        assert!(build(false, 16, (1 << 16) + 1, None).is_err());
        assert!(build(false, 0, u64::from(u32::MAX), None).is_ok());
        assert!(build(false, 0, 1 << 32, None).is_err());
        assert!(build(true, 16, 0, Some(1 << 48)).is_ok());
        assert!(build(true, 16, 0, Some((1 << 48) + 1)).is_err());
        assert!(build(true, 0, u64::MAX, None).is_ok());
        assert!(build(true, 0, 2, Some(1)).is_err());
    }

    #[test]
    fn tables_match_by_element_and_limits() {
        let funcs = TableType::new(RefType::FUNCREF, 5, Some(10));
        let matches = |element, minimum| {
            funcs.matches(&TableType::new(element, minimum, None), &TypeRegistry::default())
        };
        assert!(matches(RefType::FUNCREF, 5));
        assert!(!matches(RefType::EXTERNREF, 5));
        assert!(!matches(RefType::FUNCREF, 6));
        let nullable = RefType::new(false, crate::HeapType::Func);
        assert!(!matches(nullable, 5), "elements match both ways");
    }

    #[test]
    fn globals_match_by_mutability_and_content() {
        let constant = GlobalType::new(ValType::I32, Mutability::Const);
        let variable = GlobalType::new(ValType::I32, Mutability::Var);
        let matches = |a: &GlobalType, b: &GlobalType| a.matches(b, &TypeRegistry::default());
        assert!(matches(&constant, &constant));
        assert!(matches(&variable, &variable));
        assert!(!matches(&constant, &variable));
        assert!(!matches(&variable, &constant));
        assert!(!matches(&constant, &GlobalType::new(ValType::I64, Mutability::Const)));
        let of = |content, mutability| GlobalType::new(content, mutability);
        let (sub, sup) = (ValType::I31REF, ValType::EQREF);
        assert!(matches(&of(sub, Mutability::Const), &of(sup, Mutability::Const)));
        assert!(!matches(&of(sub, Mutability::Var), &of(sup, Mutability::Var)));
    }

    #[test]
    fn pages_max_is_bounded_by_the_address_width() {
        assert_eq!(memory(0, None).pages_max(), 65_536);
        assert_eq!(memory(0, Some(3)).pages_max(), 3);
        assert_eq!(MemoryType::new64(0, None).pages_max(), 1 << 48);
    }
}
