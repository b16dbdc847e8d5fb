//! The words that scripts use for traps, and the trap codes they stand for.

use fulmar::Trap;

/// A row for each message of the suites: the words of `assert_trap` or `assert_exhaustion`, and the traps they allow.
///
/// The official suite needs one trap a message. The proposals' older copies of it are less exact.
const TRAP_WORDS: &[(&str, &[Trap])] = &[
    ("unreachable", &[Trap::UnreachableCodeReached]),
    ("integer divide by zero", &[Trap::IntegerDivisionByZero]),
    ("integer overflow", &[Trap::IntegerOverflow]),
    ("invalid conversion to integer", &[Trap::BadConversionToInteger]),
    ("out of bounds memory access", &[Trap::MemoryOutOfBounds]),
    ("out of bounds table access", &[Trap::TableOutOfBounds]),
    ("out of bounds array access", &[Trap::ArrayOutOfBounds]),
    ("undefined element", &[Trap::UndefinedElement]),
    ("uninitialized element", &[Trap::IndirectCallToNull]),
    ("uninitialized element 2", &[Trap::IndirectCallToNull]),
    ("uninitialized element 7", &[Trap::IndirectCallToNull]),
    ("indirect call type mismatch", &[Trap::BadSignature]),
    ("null reference", &[Trap::NullReference]),
    ("null function reference", &[Trap::NullReference]),
    ("null structure reference", &[Trap::NullReference]),
    ("null array reference", &[Trap::NullReference]),
    ("null i31 reference", &[Trap::NullReference]),
    ("cast failure", &[Trap::CastFailure]),
    ("call stack exhausted", &[Trap::StackOverflow]),
    ("unaligned atomic", &[Trap::HeapMisaligned]),
    ("expected shared memory", &[Trap::AtomicWaitNonSharedMemory]),
    ("out of bounds", &[Trap::MemoryOutOfBounds, Trap::TableOutOfBounds]),
    ("undefined", &[Trap::UndefinedElement]),
    ("uninitialized", &[Trap::IndirectCallToNull]),
    ("indirect call", &[Trap::BadSignature]),
];

/// The traps that `message` allows; `None` if the words are unknown.
pub(crate) fn traps_for(message: &str) -> Option<&'static [Trap]> {
    TRAP_WORDS.iter().find(|(words, _)| *words == message).map(|(_, traps)| *traps)
}
