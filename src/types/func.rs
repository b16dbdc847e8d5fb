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
    /// The parameters, then the results. None if they are the first ones of [`I32S`], as mostly, which takes
    /// no memory.
    types: Option<Arc<[ValType]>>,
    param_count: u32,
    result_count: u32,
}

/// The parameters and results of functions that take and give so few values, all of them `i32`.
static I32S: [ValType; 16] = [ValType::I32; 16];

impl FuncType {
    /// The type of functions from `params` to `results`.
    pub fn new(
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> Self {
        let (mut param_count, mut result_count) = (0, 0);
        let params = params.into_iter().inspect(|_| param_count += 1);
        let results = results.into_iter().inspect(|_| result_count += 1);
        let mut types = params.chain(results);
        let mut few = 0;
        let other = types.find(|ty| {
            let is_next = I32S.get(few) == Some(ty);
            few += usize::from(is_next);
            !is_next
        });
        let all = |other| I32S[..few].iter().copied().chain([other]).chain(types).collect();
        let types = other.map(all);
        Self { types, param_count, result_count }
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
        let few = || &I32S[..(self.param_count + self.result_count) as usize];
        self.types.as_deref().unwrap_or_else(few)
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
        let Some(types) =
            self.types.as_ref().filter(|types| types.iter().any(|ty| ty.map_ids(map) != *ty))
        else {
            return self.clone();
        };
        Self { types: Some(types.iter().map(|ty| ty.map_ids(map)).collect()), ..*self }
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
