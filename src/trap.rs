//! The reasons for which a guest is stopped (spec: Execution, "trap").
//!
//! A `Trap` is one byte that says *why*; where it happened is the business of the error that
//! carries it. The interpreter passes traps through places where a plain number is cheaper,
//! therefore the codes are fixed, and zero is kept free to mean "no trap".

use core::fmt;

/// One row a trap: documentation, name, code, and the spec's words for it.
macro_rules! traps {
    ($( $(#[doc = $doc:literal])+ $name:ident = $code:literal => $message:literal; )+) => {
        /// The reason for which a guest was stopped.
        ///
        /// `Display` gives the words that the specification and its test suite use.
        #[non_exhaustive]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Trap {
            $( $(#[doc = $doc])+ $name = $code, )+
        }

        impl Trap {
            /// The trap with the given code (`trap as u8`); zero and unused codes give `None`.
            #[must_use]
            pub const fn from_u8(code: u8) -> Option<Self> {
                match code {
                    $( $code => Some(Self::$name), )+
                    _ => None,
                }
            }

            const fn message(self) -> &'static str {
                match self {
                    $( Self::$name => $message, )+
                }
            }
        }

        #[cfg(test)]
        const ALL: &[Trap] = &[$( Trap::$name, )+];
    };
}

traps! {
    /// A call needed more frames or more value stack than the configuration allows.
    StackOverflow = 1 => "call stack exhausted";
    /// A load, store or bulk operation reached outside its memory.
    MemoryOutOfBounds = 2 => "out of bounds memory access";
    /// A table instruction other than an indirect call reached outside its table.
    TableOutOfBounds = 3 => "out of bounds table access";
    /// An indirect call named an element outside its table.
    UndefinedElement = 4 => "undefined element";
    /// An indirect call named an element that is null.
    IndirectCallToNull = 5 => "uninitialized element";
    /// An indirect call found a function of another type than it expected.
    BadSignature = 6 => "indirect call type mismatch";
    /// The quotient of a signed division, or a truncated float, does not fit the result type.
    IntegerOverflow = 7 => "integer overflow";
    /// An integer division or remainder by zero.
    IntegerDivisionByZero = 8 => "integer divide by zero";
    /// A NaN was to be truncated to an integer.
    BadConversionToInteger = 9 => "invalid conversion to integer";
    /// The instruction `unreachable` was executed.
    UnreachableCodeReached = 10 => "unreachable";
    /// The store's fuel ran out.
    OutOfFuel = 11 => "all fuel consumed";
    /// The host asked the guest to stop.
    Interrupt = 12 => "interrupt";
    /// A null reference was used where an object was needed.
    NullReference = 13 => "null reference";
    /// An access reached outside its array.
    ArrayOutOfBounds = 14 => "out of bounds array access";
    /// A reference cast to a type that the object does not have.
    CastFailure = 15 => "cast failure";
    /// An object of the garbage-collected heap would be larger than the heap can be.
    AllocationTooLarge = 16 => "allocation size too large";
    /// A resource limiter refused the growth of a memory or table by trapping.
    GrowthOperationLimited = 17 => "growth operation limited";
    /// An atomic wait on a memory that is not shared.
    AtomicWaitNonSharedMemory = 18 => "expected shared memory";
    /// An atomic access at an address that is not a multiple of its width.
    HeapMisaligned = 19 => "unaligned atomic";
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl core::error::Error for Trap {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_lossless_and_zero_is_free() {
        let mut found = 0;
        for code in 0..=u8::MAX {
            if let Some(trap) = Trap::from_u8(code) {
                assert_eq!(trap as u8, code);
                found += 1;
            }
        }
        assert_eq!(found, ALL.len());
        assert_eq!(Trap::from_u8(0), None);
        assert_eq!(size_of::<Option<Trap>>(), 1);
    }

    #[test]
    fn messages_are_distinct_and_lower_case() {
        for (index, trap) in ALL.iter().enumerate() {
            let message = trap.message();
            assert!(!message.ends_with('.') && !message.contains(char::is_uppercase), "{message}");
            assert!(ALL[..index].iter().all(|other| other.message() != message), "{message}");
        }
    }
}
