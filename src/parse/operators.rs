//! The next instruction of a body, read in the least time.
//!
//! The parser's own `visit_operator` knows all instructions, and saves registers for the rarest of them each
//! time. Most code consists of some hundred that have no immediate, or a small one: these are read
//! here. All others, all that is encoded otherwise, and all that is malformed is left to the parser.

use wasmparser::{
    BinaryReader, BlockType, FrameStack, MemArg, MemArgTarget, Result, VisitOperator, WasmFeatures,
};

/// The type of a block without parameters and results (spec: binary/instructions).
pub(crate) const EMPTY_BLOCK: u8 = 0x40;

/// Hands the instruction at the start of `bytes` to `visitor`; gives its length as well.
///
/// # Errors
///
/// Those of [`BinaryReader::visit_operator`].
#[inline(always)]
pub(super) fn visit_operator<'a, V: VisitOperator<'a, Output = Result<()>> + FrameStack>(
    bytes: &'a [u8],
    offset: u64,
    features: WasmFeatures,
    visitor: &mut V,
) -> Result<usize> {
    // Where no block is open there must be no more instructions, which the parser reports.
    if visitor.current_frame().is_some()
        && let Some(len) = visit_common(bytes, visitor)
    {
        return len;
    }
    let mut reader = BinaryReader::new_features(bytes, offset, features);
    reader.visit_operator(visitor)??;
    Ok(reader.current_position())
}

/// Visits the instruction at the start of `bytes` if it is a common one; gives its length, or what the visitor
/// fails with.
#[inline(always)]
pub(crate) fn visit_common<'a, E, V: VisitOperator<'a, Output = Result<(), E>>>(
    bytes: &[u8],
    visitor: &mut V,
) -> Option<Result<usize, E>> {
    // Those that can't fail go on without a look at that.
    macro_rules! visited {
        ($visit:expr, $len:expr) => {
            match $visit {
                Ok(()) => $len,
                Err(error) => return Some(Err(error)),
            }
        };
    }
    macro_rules! instructions {
        (
            plain { $($plain:literal => $visit_plain:ident;)* }
            index { $($index:literal => $visit_index:ident;)* }
            constant { $($constant:literal => $visit_constant:ident;)* }
            block { $($block:literal => $visit_block:ident;)* }
            memory { $($memory:literal => $visit_memory:ident, $align:literal;)* }
        ) => {
            match *bytes.first()? {
                $($plain => visited!(visitor.$visit_plain(), 1),)*
                $($index => {
                    let (index, len) = unsigned(bytes, 1)?;
                    visited!(visitor.$visit_index(index), 1 + len)
                })*
                $($constant => {
                    let (value, len) = signed(bytes, 1)?;
                    visited!(visitor.$visit_constant(value.into()), 1 + len)
                })*
                $($block => {
                    if *bytes.get(1)? != EMPTY_BLOCK {
                        return None;
                    }
                    visited!(visitor.$visit_block(BlockType::Empty), 2)
                })*
                $($memory => {
                    let (memarg, len) = plain_memarg(bytes, $align)?;
                    visited!(visitor.$visit_memory(memarg), 1 + len)
                })*
                _ => return None,
            }
        };
    }
    Some(Ok(instructions! {
        plain {
            0x0b => visit_end;
            0x0f => visit_return;
            0x1a => visit_drop;
            0x1b => visit_select;
            0x45 => visit_i32_eqz;
            0x46 => visit_i32_eq;
            0x47 => visit_i32_ne;
            0x48 => visit_i32_lt_s;
            0x49 => visit_i32_lt_u;
            0x4a => visit_i32_gt_s;
            0x4b => visit_i32_gt_u;
            0x4c => visit_i32_le_s;
            0x4d => visit_i32_le_u;
            0x4e => visit_i32_ge_s;
            0x4f => visit_i32_ge_u;
            0x50 => visit_i64_eqz;
            0x51 => visit_i64_eq;
            0x52 => visit_i64_ne;
            0x54 => visit_i64_lt_u;
            0x56 => visit_i64_gt_u;
            0x6a => visit_i32_add;
            0x6b => visit_i32_sub;
            0x6c => visit_i32_mul;
            0x71 => visit_i32_and;
            0x72 => visit_i32_or;
            0x73 => visit_i32_xor;
            0x74 => visit_i32_shl;
            0x75 => visit_i32_shr_s;
            0x76 => visit_i32_shr_u;
            0x7c => visit_i64_add;
            0x7d => visit_i64_sub;
            0x7e => visit_i64_mul;
            0x83 => visit_i64_and;
            0x84 => visit_i64_or;
            0x85 => visit_i64_xor;
            0x86 => visit_i64_shl;
            0x88 => visit_i64_shr_u;
            0xa0 => visit_f64_add;
            0xa2 => visit_f64_mul;
            0xa7 => visit_i32_wrap_i64;
            0xad => visit_i64_extend_i32_u;
        }
        index {
            0x0c => visit_br;
            0x0d => visit_br_if;
            0x10 => visit_call;
            0x20 => visit_local_get;
            0x21 => visit_local_set;
            0x22 => visit_local_tee;
            0x23 => visit_global_get;
            0x24 => visit_global_set;
        }
        constant {
            0x41 => visit_i32_const;
            0x42 => visit_i64_const;
        }
        block {
            0x02 => visit_block;
            0x03 => visit_loop;
            0x04 => visit_if;
        }
        memory {
            0x28 => visit_i32_load, 2;
            0x29 => visit_i64_load, 3;
            0x2b => visit_f64_load, 3;
            0x2c => visit_i32_load8_s, 0;
            0x2d => visit_i32_load8_u, 0;
            0x2f => visit_i32_load16_u, 1;
            0x36 => visit_i32_store, 2;
            0x37 => visit_i64_store, 3;
            0x39 => visit_f64_store, 3;
            0x3a => visit_i32_store8, 0;
            0x3b => visit_i32_store16, 1;
        }
    }))
}

/// The most bytes of a number that is read here. Linkers write indices of so many, whatever they are.
const NUMBER_BYTES_MAX: usize = 5;

/// The unsigned number at `at`, and its length.
#[inline(always)]
fn unsigned(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    let first = *bytes.get(at)?;
    match first {
        0..0x80 => Some((first.into(), 1)),
        _ => {
            let (number, len) = long(bytes.get(at..)?)?;
            Some((u32::try_from(number).ok()?, len))
        }
    }
}

/// The signed number at `at`, and its length.
#[inline(always)]
fn signed(bytes: &[u8], at: usize) -> Option<(i32, usize)> {
    let first = *bytes.get(at)?;
    if first < 0x80 {
        // The sign is the upper one of seven bits.
        return Some((((first << 1).cast_signed() >> 1).into(), 1));
    }
    let (number, len) = long(bytes.get(at..)?)?;
    let unused = u64::BITS - 7 * len as u32;
    let number = (number << unused).cast_signed() >> unused;
    Some((i32::try_from(number).ok()?, len))
}

/// The bits of a number of more than one byte (spec: binary/values), and its length.
fn long(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0;
    for (at, byte) in bytes.iter().enumerate().take(NUMBER_BYTES_MAX) {
        number |= u64::from(byte & 0x7f) << (7 * at);
        if *byte < 0x80 {
            return Some((number, at + 1));
        }
    }
    None
}

/// The immediates of an access to memory 0, and their length. Flags are left to the parser.
#[inline(always)]
fn plain_memarg(bytes: &[u8], max_align: u8) -> Option<(MemArg, usize)> {
    let align = *bytes.get(1).filter(|align| **align < 0x10)?;
    let (offset, len) = unsigned(bytes, 2)?;
    let target = MemArgTarget::Memory(0);
    Some((MemArg { align, max_align, offset: offset.into(), target, ordering: None }, 1 + len))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use wasmparser::{FrameKind, Operator, VisitSimdOperator};

    /// Gives what is visited.
    #[derive(Default)]
    struct Give<'a>(Option<Operator<'a>>);

    impl FrameStack for Give<'_> {
        fn current_frame(&self) -> Option<FrameKind> {
            Some(FrameKind::If)
        }
    }

    macro_rules! give {
        ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
            $(fn $visit(&mut self $($(, $arg: $argty)*)?) -> Result<()> {
                self.0 = Some(Operator::$op $({ $($arg),* })?);
                Ok(())
            })*
        };
    }

    impl<'a> VisitOperator<'a> for Give<'a> {
        type Output = Result<()>;

        fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Result<()>>> {
            Some(self)
        }

        wasmparser::for_each_visit_operator!(give);
    }

    impl<'a> VisitSimdOperator<'a> for Give<'a> {
        wasmparser::for_each_visit_simd_operator!(give);
    }

    /// The instruction at the start of `bytes` and its length as the parser reads them.
    fn parsed(bytes: &[u8]) -> Option<(Operator<'_>, usize)> {
        let mut reader = BinaryReader::new_features(bytes, 0, WasmFeatures::all());
        let mut give = Give::default();
        reader.visit_operator(&mut give).ok()?.ok()?;
        Some((give.0?, reader.current_position()))
    }

    /// The same as they are read here, if they are.
    fn read_here(bytes: &[u8]) -> Option<(Operator<'_>, usize)> {
        let mut give = Give::default();
        let len = visit_common(bytes, &mut give)?.ok()?;
        Some((give.0?, len))
    }

    /// Numbers of one byte to five, some of them longer than need be or cut off.
    const NUMBERS: [&[u8]; 23] = [
        &[],
        &[0],
        &[2],
        &[0x0f],
        &[0x3f],
        &[0x40],
        &[0x7f],
        &[0x80],
        &[0x80, 0],
        &[0xff, 0x3f],
        &[0xff, 0x40],
        &[0xe5, 0x8e, 0x26],
        &[0x80, 0x80, 0x80, 0x01],
        &[0xff, 0xff, 0xff, 0x7f],
        &[0x80, 0x80, 0x80, 0x80, 0x00],
        &[0x85, 0x80, 0x80, 0x80, 0x00],
        &[0xff, 0xff, 0xff, 0xff, 0x07],
        &[0xff, 0xff, 0xff, 0xff, 0x08],
        &[0xff, 0xff, 0xff, 0xff, 0x0f],
        &[0xff, 0xff, 0xff, 0xff, 0x10],
        &[0x80, 0x80, 0x80, 0x80, 0x77],
        &[0x80, 0x80, 0x80, 0x80, 0x78],
        &[0xff, 0xff, 0xff, 0xff, 0xff],
    ];

    #[test]
    fn common_instructions_are_read_as_the_parser_reads_them() {
        let mut common = 0;
        for opcode in 0..=u8::MAX {
            let mut seen = false;
            for first in NUMBERS {
                for second in NUMBERS {
                    let mut bytes: Vec<u8> = [&[opcode], first, second].concat();
                    // With what follows, and without.
                    for _ in 0..2 {
                        if let Some(read) = read_here(&bytes) {
                            assert_eq!(Some(read), parsed(&bytes), "{bytes:x?}");
                            seen = true;
                        }
                        bytes.push(0x0b);
                    }
                }
            }
            common += usize::from(seen);
        }
        assert_eq!(common, 65);
    }

    #[test]
    fn short_forms_are_common() {
        for bytes in [
            &[0x20, 0x05][..],
            &[0x41, 0x7f],
            &[0x41, 0x80, 0x80, 0xc0, 0x00],
            &[0x28, 0x02, 0x90, 0x80, 0x01],
            &[0x10, 0x85, 0x80, 0x80, 0x80, 0x00],
            &[0x41, 0x80, 0x80, 0x80, 0x80, 0x78],
            &[0x03, 0x40],
            &[0x6a],
        ] {
            let (_, len) = read_here(bytes).expect("it is read here");
            assert_eq!(len, bytes.len());
        }
    }
}
