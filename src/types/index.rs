//! The index spaces of a module, each a type of its own.
//!
//! Indices come from validated binaries; whoever indexes with them relies on validation having
//! checked the bounds.

/// Declares one newtype for each index space.
macro_rules! index_spaces {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub(crate) struct $name(pub(crate) u32);

        impl $name {
            /// The index as a position in the vector that holds the index space.
            #[inline]
            pub(crate) fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

index_spaces! {
    /// A type of the module's type section.
    TypeIdx
    /// A function, imports first.
    FuncIdx
    /// A table, imports first.
    TableIdx
    /// A memory, imports first.
    MemoryIdx
    /// A global, imports first.
    GlobalIdx
    /// A data segment.
    DataIdx
    /// An element segment.
    ElemIdx
    /// A tag, imports first.
    TagIdx
}
