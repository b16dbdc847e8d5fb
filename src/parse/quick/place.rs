//! A place in a body, and the numbers that are read there (spec: binary/values).

use super::Known;
use core::slice;

/// How far the validation of a body is. It is handed on by value, so that it can stay in registers.
#[derive(Clone)]
pub(super) struct Place<'m> {
    /// What is left of the body.
    code: slice::Iter<'m, u8>,
    /// The number of operands.
    pub(super) top: usize,
}

impl<'m> Place<'m> {
    /// The start of a body.
    pub(super) fn new(body: &'m [u8]) -> Self {
        Self { code: body.iter(), top: 0 }
    }

    /// What follows.
    pub(super) fn rest(&self) -> &'m [u8] {
        self.code.as_slice()
    }

    #[inline(always)]
    pub(super) fn byte(&mut self) -> Known<u8> {
        self.code.next().copied()
    }

    /// Passes a byte that must be `expected`.
    #[inline(always)]
    pub(super) fn exactly(&mut self, expected: u8) -> Known {
        (self.byte()? == expected).then_some(())
    }

    /// Takes `count` bytes.
    #[inline(always)]
    pub(super) fn bytes(&mut self, count: usize) -> Known<&'m [u8]> {
        let (bytes, rest) = self.code.as_slice().split_at_checked(count)?;
        self.code = rest.iter();
        Some(bytes)
    }

    /// An unsigned number of 32 bits.
    #[inline(always)]
    pub(super) fn unsigned(&mut self) -> Known<u32> {
        match self.byte()? {
            first @ 0..0x80 => Some(first.into()),
            first => match self.byte()? {
                second @ 0..0x80 => Some(u32::from(first & 0x7f) | u32::from(second) << 7),
                second => {
                    let (number, len) = unsigned_long([first, second], self.code.as_slice())?;
                    self.bytes(len)?;
                    Some(number)
                }
            },
        }
    }

    /// Passes a signed number of 32 bits: of its fifth byte three bits and the sign are left.
    #[inline(always)]
    pub(super) fn signed_32(&mut self) -> Known {
        self.signed(5, 0x07)
    }

    /// Passes a signed number of 64 bits: of its tenth byte the sign is left.
    #[inline(always)]
    pub(super) fn signed_64(&mut self) -> Known {
        self.signed(10, 0x00)
    }

    /// Passes a signed number of at most `max` bytes, in the last of which the bits other than those of `free`
    /// are all equal.
    #[inline(always)]
    fn signed(&mut self, max: usize, free: u8) -> Known {
        if self.byte()? >= 0x80 && self.byte()? >= 0x80 {
            let len = signed_long(self.code.as_slice(), max, free)?;
            self.bytes(len)?;
        }
        Some(())
    }
}

/// A number that began with two bytes and goes on in `rest`, and how many bytes of that it has.
fn unsigned_long([first, second]: [u8; 2], rest: &[u8]) -> Known<(u32, usize)> {
    let mut number = u32::from(first & 0x7f) | u32::from(second & 0x7f) << 7;
    for (byte, more) in rest.iter().zip(1..3) {
        number |= u32::from(byte & 0x7f) << (7 + 7 * more);
        if *byte < 0x80 {
            return Some((number, more));
        }
    }
    // Of the fifth byte only four bits are left.
    let last = *rest.get(2).filter(|last| **last < 0x10)?;
    Some((number | u32::from(last) << 28, 3))
}

/// How many bytes of `rest` a number has that has two before them.
fn signed_long(rest: &[u8], max: usize, free: u8) -> Known<usize> {
    let more = rest.iter().take(max - 2).position(|byte| *byte < 0x80)?;
    let (last, sign) = (rest[more], 0x7f & !free);
    let fits = more + 3 < max || last & sign == 0 || last & sign == sign;
    fits.then_some(more + 1)
}
