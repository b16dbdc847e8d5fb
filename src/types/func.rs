//! Function types.

use super::composite::CompositeKind;
use super::heap::ConcreteType;
use super::registry::{TypeId, TypeRegistry};
use super::value::{ValType, slots_of};
use crate::Engine;
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
    /// The parameters, then the results. None if [`USUAL`] has them, which takes no memory.
    types: Option<Arc<[ValType]>>,
    param_count: u32,
    /// How many `i32` and `i64` they are, if [`USUAL`] has them.
    usual: [u8; 2],
    /// Whether one of them has an id in it.
    has_ids: bool,
}

/// The types of most functions' values: up to 16 `i32` and then up to 16 `i64` stand side by side here.
static USUAL: [ValType; 2 * USUAL_MAX] = {
    let mut types = [ValType::I32; 2 * USUAL_MAX];
    let (_, last) = types.split_at_mut(USUAL_MAX);
    last.copy_from_slice(&[ValType::I64; USUAL_MAX]);
    types
};
const USUAL_MAX: usize = 16;

impl FuncType {
    /// The type of functions from `params` to `results`.
    pub fn new(
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> Self {
        let mut param_count = 0;
        let params = params.into_iter().inspect(|_| param_count += 1);
        let mut types = params.chain(results);
        let (mut i32s, mut i64s) = (0, 0);
        let other = types.find(|ty| match ty {
            ValType::I32 if i32s < USUAL_MAX && i64s == 0 => {
                i32s += 1;
                false
            }
            ValType::I64 if i64s < USUAL_MAX => {
                i64s += 1;
                false
            }
            _ => true,
        });
        let first = &USUAL[USUAL_MAX - i32s..USUAL_MAX + i64s];
        let Some(other) = other else {
            drop(types);
            let usual = [i32s as u8, i64s as u8];
            return Self { types: None, param_count, usual, has_ids: false };
        };
        let types: Arc<[ValType]> = first.iter().copied().chain([other]).chain(types).collect();
        let has_id = |ty: &ValType| {
            ty.as_ref_type().is_some_and(|ty| ty.heap_type().as_concrete().is_some())
        };
        let has_ids = types.iter().any(has_id);
        Self { types: Some(types), param_count, usual: [0; 2], has_ids }
    }

    /// The types of the parameters.
    #[inline]
    pub fn params(&self) -> &[ValType] {
        &self.types()[..self.param_count as usize]
    }

    /// The types of the results.
    #[inline]
    pub fn results(&self) -> &[ValType] {
        &self.types()[self.param_count as usize..]
    }

    /// The parameters, then the results.
    #[inline]
    fn types(&self) -> &[ValType] {
        self.types.as_deref().unwrap_or_else(|| {
            let [i32s, i64s] = self.usual.map(usize::from);
            &USUAL[USUAL_MAX - i32s..USUAL_MAX + i64s]
        })
    }

    /// The type as part of heap types: final, without a supertype.
    ///
    /// ```
    /// use fulmar::{Engine, FuncType, HeapType, RefType, ValType};
    ///
    /// let engine = Engine::default();
    /// let ty = FuncType::new([ValType::I32], []);
    /// let reference = RefType::new(false, HeapType::Concrete(ty.concrete(&engine)));
    /// assert!(reference.matches(&engine, &RefType::FUNCREF));
    /// ```
    pub fn concrete(&self, engine: &Engine) -> ConcreteType {
        ConcreteType { id: engine.types().intern_func(self), kind: CompositeKind::Func }
    }

    /// Replaces all ids that it refers to. If there are none, the memory is shared.
    pub(crate) fn map_ids(&self, map: &impl Fn(TypeId) -> TypeId) -> Self {
        match &self.types {
            Some(types) if self.has_ids => {
                Self { types: Some(types.iter().map(|ty| ty.map_ids(map)).collect()), ..*self }
            }
            _ => self.clone(),
        }
    }

    /// Whether a function of this type may stand where `other` is expected: parameters are
    /// contravariant, results covariant.
    pub(crate) fn is_subtype(&self, other: &FuncType, types: &TypeRegistry) -> bool {
        self.stands_for(other.params(), other.results(), types)
    }

    /// [`FuncType::is_subtype`] of the type with these parameters and results.
    pub(crate) fn stands_for(
        &self,
        params: &[ValType],
        results: &[ValType],
        types: &TypeRegistry,
    ) -> bool {
        let all = |subs: &[ValType], supers: &[ValType]| {
            let mut pairs = subs.iter().zip(supers);
            subs.len() == supers.len() && pairs.all(|(sub, sup)| sub.is_subtype(sup, types))
        };
        all(params, self.params()) && all(self.results(), results)
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

#[cfg(test)]
mod tests {
    use super::*;
    use ValType::{F32, I32, I64};
    use alloc::vec::Vec;

    #[test]
    fn types_are_what_they_are_made_of() {
        let many = |count: usize| alloc::vec![I32; count];
        for params in [many(0), many(16), many(17), [many(2), many(16)].concat(), Vec::from([I64])]
        {
            for results in [&[][..], &[I32], &[I64], &[I64; 17], &[F32, I32], &[I64, I32]] {
                let ty = FuncType::new(params.iter().copied(), results.iter().copied());
                assert_eq!((ty.params(), ty.results()), (&params[..], results));
                let all = params.iter().chain(results).copied();
                assert_eq!(ty == FuncType::new(all, []), results.is_empty());
            }
        }
    }

    #[test]
    fn usual_types_take_no_memory() {
        let usual =
            [FuncType::new([I32; 3], [I64]), FuncType::new([], []), FuncType::new([I64], [])];
        assert!(usual.iter().all(|ty| ty.types.is_none()));
        assert!(FuncType::new([I64, I32], []).types.is_some());
    }
}
