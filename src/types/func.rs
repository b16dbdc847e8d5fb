//! Function types.

use super::value::{ValType, slots_of};
use alloc::sync::Arc;
use core::fmt;

/// The type of a function: its parameters and results.
///
/// Clones share their memory.
///
/// ```
/// use fulmar::{FuncType, ValType};
///
/// let ty = FuncType::new([ValType::I32, ValType::I64], [ValType::F32]);
/// assert_eq!(ty.params(), [ValType::I32, ValType::I64]);
/// assert_eq!(ty.to_string(), "(i32, i64) -> (f32)");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FuncType {
    /// The parameters, then the results.
    types: Arc<[ValType]>,
    param_count: u32,
}

impl FuncType {
    /// The type of functions from `params` to `results`.
    pub fn new(
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> Self {
        let mut param_count = 0;
        let params = params.into_iter().inspect(|_| param_count += 1);
        let types: Arc<[ValType]> = params.chain(results).collect();
        Self { types, param_count }
    }

    /// The types of the parameters.
    #[inline]
    pub fn params(&self) -> &[ValType] {
        &self.types[..self.param_count as usize]
    }

    /// The types of the results.
    #[inline]
    pub fn results(&self) -> &[ValType] {
        &self.types[self.param_count as usize..]
    }

    /// Whether a function of this type may stand where `other` is expected: parameters are
    /// contravariant, results covariant.
    pub(crate) fn matches(&self, other: &FuncType) -> bool {
        let all = |subs: &[ValType], supers: &[ValType]| {
            subs.len() == supers.len() && subs.iter().zip(supers).all(|(sub, sup)| sub.matches(sup))
        };
        all(other.params(), self.params()) && all(self.results(), other.results())
    }

    /// The slots that the parameters take.
    pub(crate) fn param_slots(&self) -> usize {
        slots_of(self.params())
    }

    /// The slots that the results take.
    pub(crate) fn result_slots(&self) -> usize {
        slots_of(self.results())
    }
}

impl fmt::Debug for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FuncType({self})")
    }
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, types: &[ValType]| {
            f.write_str("(")?;
            for (position, ty) in types.iter().enumerate() {
                let separator = if position == 0 { "" } else { ", " };
                write!(f, "{separator}{ty}")?;
            }
            f.write_str(")")
        };
        list(f, self.params())?;
        f.write_str(" -> ")?;
        list(f, self.results())
    }
}
