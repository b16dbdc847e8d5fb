//! Structure and array types, and what they are made of (spec: syntax/types, "composite types").

use super::entity::Mutability;
use super::fields::Fields;
use super::func::FuncType;
use super::heap::{ConcreteType, HeapType};
use super::registry::{SubType, TypeId, wrong_engine};
use super::value::ValType;
use crate::{Engine, Error};
use core::fmt;

/// The kinds of types that can be defined.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum CompositeKind {
    /// A function type.
    Func,
    /// A structure type.
    Struct,
    /// An array type.
    Array,
}

impl fmt::Display for CompositeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Func => "func",
            Self::Struct => "struct",
            Self::Array => "array",
        })
    }
}

/// What is defined: a function, structure or array type.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum CompositeType {
    Func(FuncType),
    Struct(Fields),
    Array(FieldType),
}

impl CompositeType {
    pub(crate) fn kind(&self) -> CompositeKind {
        match self {
            Self::Func(_) => CompositeKind::Func,
            Self::Struct(_) => CompositeKind::Struct,
            Self::Array(_) => CompositeKind::Array,
        }
    }

    /// Calls `see` with all types that it has in it.
    pub(crate) fn for_each_val_type(&self, see: impl FnMut(ValType)) {
        match self {
            Self::Func(ty) => ty.params().iter().chain(ty.results()).copied().for_each(see),
            Self::Struct(fields) => {
                fields.iter().filter_map(|ty| ty.element_type.as_val_type()).for_each(see);
            }
            Self::Array(ty) => ty.element_type.as_val_type().into_iter().for_each(see),
        }
    }

    /// Replaces all ids that it refers to.
    pub(crate) fn map_ids(&self, map: &impl Fn(TypeId) -> TypeId) -> Self {
        match self {
            Self::Func(ty) => Self::Func(ty.map_ids(map)),
            Self::Struct(fields) => Self::Struct(fields.map_ids(map)),
            Self::Array(ty) => Self::Array(ty.map_ids(map)),
        }
    }
}

impl ValType {
    /// Replaces the id that the type refers to, if it does.
    pub(crate) fn map_ids(self, map: &impl Fn(TypeId) -> TypeId) -> Self {
        match self {
            Self::Ref(ty) => match ty.heap_type() {
                HeapType::Concrete(ConcreteType { id, kind }) => {
                    let heap_type = HeapType::Concrete(ConcreteType { id: map(id), kind });
                    Self::Ref(super::RefType::new(ty.is_nullable(), heap_type))
                }
                _ => self,
            },
            _ => self,
        }
    }
}

/// The type of what a field of a structure, or an element of an array, holds.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum StorageType {
    /// An integer of 8 bits.
    I8,
    /// An integer of 16 bits.
    I16,
    /// A value.
    ValType(ValType),
}

impl StorageType {
    /// The type of the value on the operand stack: packed integers are `i32` there.
    pub fn unpack(&self) -> ValType {
        match self {
            Self::I8 | Self::I16 => ValType::I32,
            Self::ValType(ty) => *ty,
        }
    }

    /// The value type, if it is not packed.
    pub fn as_val_type(&self) -> Option<ValType> {
        match self {
            Self::I8 | Self::I16 => None,
            Self::ValType(ty) => Some(*ty),
        }
    }

    /// The bytes that a field takes in the heap. References take four: their slots fit.
    pub(crate) const fn bytes(self) -> u32 {
        match self {
            Self::I8 => 1,
            Self::I16 => 2,
            Self::ValType(ValType::I32 | ValType::F32 | ValType::Ref(_)) => 4,
            Self::ValType(ValType::I64 | ValType::F64) => 8,
            Self::ValType(ValType::V128) => 16,
        }
    }

    /// The same as a power of two.
    pub(crate) const fn log2(self) -> u32 {
        self.bytes().ilog2()
    }

    /// Whether the collector has to look at it.
    pub(crate) fn is_traced(self) -> bool {
        matches!(self, Self::ValType(ty) if ty.is_traced())
    }
}

impl From<ValType> for StorageType {
    fn from(ty: ValType) -> Self {
        Self::ValType(ty)
    }
}

impl fmt::Display for StorageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I8 => f.write_str("i8"),
            Self::I16 => f.write_str("i16"),
            Self::ValType(ty) => ty.fmt(f),
        }
    }
}

/// The type of a field of a structure, or of the elements of an array.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct FieldType {
    mutability: Mutability,
    element_type: StorageType,
}

impl FieldType {
    /// A field that holds `element_type`.
    pub fn new(mutability: Mutability, element_type: impl Into<StorageType>) -> Self {
        Self { mutability, element_type: element_type.into() }
    }

    /// Whether it can be written.
    pub fn mutability(&self) -> Mutability {
        self.mutability
    }

    /// What it holds.
    pub fn element_type(&self) -> StorageType {
        self.element_type
    }

    pub(super) fn map_ids(&self, map: &impl Fn(TypeId) -> TypeId) -> Self {
        let element_type = match self.element_type {
            StorageType::ValType(ty) => StorageType::ValType(ty.map_ids(map)),
            packed => packed,
        };
        Self { element_type, ..*self }
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mutability {
            Mutability::Const => self.element_type.fmt(f),
            Mutability::Var => write!(f, "(mut {})", self.element_type),
        }
    }
}

/// The type of a structure: its fields. It belongs to an engine.
///
/// ```
/// use fulmar::{Engine, FieldType, Mutability, StorageType, StructType, ValType};
///
/// let engine = Engine::default();
/// let point = [ValType::I32, ValType::I32].map(|ty| FieldType::new(Mutability::Var, ty));
/// let ty = StructType::new(&engine, point)?;
/// assert_eq!(ty.fields().len(), 2);
/// assert_eq!(ty, StructType::new(&engine, point)?, "equal types are one type");
/// assert_eq!(engine.struct_type(ty.concrete()), Some(ty));
/// # Ok::<(), fulmar::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct StructType {
    pub(crate) id: TypeId,
    fields: Fields,
}

impl StructType {
    /// The structure type with `fields`: final, without a supertype.
    ///
    /// # Errors
    ///
    /// If there are more than 10,000 fields, which is what modules may have, too.
    ///
    /// # Panics
    ///
    /// If a field has a concrete type of another engine, which `engine` does not have.
    pub fn new(
        engine: &Engine,
        fields: impl IntoIterator<Item = FieldType>,
    ) -> Result<Self, Error> {
        let fields: Fields = fields.into_iter().collect();
        if fields.len() > FIELDS_MAX {
            return Err(Error::msg(alloc::format!("a structure has at most {FIELDS_MAX} fields")));
        }
        let id = engine.types().intern(CompositeType::Struct(fields.clone()));
        Ok(Self { id, fields })
    }

    /// Checks that `ty`, which an engine has by the id of this type, is this type.
    ///
    /// # Panics
    ///
    /// If it is not: this is a type of another engine.
    pub(crate) fn check(&self, ty: &SubType) {
        let is_same = matches!(&ty.composite, CompositeType::Struct(it) if *it == self.fields);
        if !is_same {
            wrong_engine();
        }
    }

    /// The structure type with the id `id`.
    pub(crate) fn of(id: TypeId, ty: &SubType) -> Option<Self> {
        match &ty.composite {
            CompositeType::Struct(fields) => Some(Self { id, fields: fields.clone() }),
            _ => None,
        }
    }

    /// The fields, in order.
    pub fn fields(&self) -> &[FieldType] {
        &self.fields
    }

    /// The field number `index`, if there are as many.
    pub fn field(&self, index: usize) -> Option<FieldType> {
        self.fields.get(index).copied()
    }

    /// The type as part of heap types.
    pub fn concrete(&self) -> ConcreteType {
        ConcreteType { id: self.id, kind: CompositeKind::Struct }
    }
}

/// The most fields of a structure, which is the validator's limit, too.
const FIELDS_MAX: usize = 10_000;

impl fmt::Debug for StructType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StructType({self})")
    }
}

impl fmt::Display for StructType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(struct")?;
        self.fields.iter().try_for_each(|field| write!(f, " {field}"))?;
        f.write_str(")")
    }
}

/// The type of an array: that of its elements. It belongs to an engine.
///
/// ```
/// use fulmar::{ArrayType, Engine, FieldType, Mutability, StorageType};
///
/// let engine = Engine::default();
/// let bytes = ArrayType::new(&engine, FieldType::new(Mutability::Var, StorageType::I8));
/// assert_eq!(bytes.element_type(), StorageType::I8);
/// assert_eq!(bytes.to_string(), "(array (mut i8))");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ArrayType {
    pub(crate) id: TypeId,
    field_type: FieldType,
}

impl ArrayType {
    /// The type of arrays with elements of `field_type`: final, without a supertype.
    ///
    /// # Panics
    ///
    /// If the elements have a concrete type of another engine, which `engine` does not have.
    pub fn new(engine: &Engine, field_type: FieldType) -> Self {
        let id = engine.types().intern(CompositeType::Array(field_type));
        Self { id, field_type }
    }

    /// As [`StructType::check`].
    pub(crate) fn check(&self, ty: &SubType) {
        if ty.composite != CompositeType::Array(self.field_type) {
            wrong_engine();
        }
    }

    /// The array type with the id `id`.
    pub(crate) fn of(id: TypeId, ty: &SubType) -> Option<Self> {
        match &ty.composite {
            CompositeType::Array(field_type) => Some(Self { id, field_type: *field_type }),
            _ => None,
        }
    }

    /// The type of the elements, and whether they can be written.
    pub fn field_type(&self) -> FieldType {
        self.field_type
    }

    /// Whether elements can be written.
    pub fn mutability(&self) -> Mutability {
        self.field_type.mutability
    }

    /// What the elements hold.
    pub fn element_type(&self) -> StorageType {
        self.field_type.element_type
    }

    /// The type as part of heap types.
    pub fn concrete(&self) -> ConcreteType {
        ConcreteType { id: self.id, kind: CompositeKind::Array }
    }
}

impl fmt::Debug for ArrayType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArrayType({self})")
    }
}

impl fmt::Display for ArrayType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(array {})", self.field_type)
    }
}

macro_rules! heap_types {
    ($($ty:ty)*) => {$(
        impl From<$ty> for HeapType {
            fn from(ty: $ty) -> Self {
                Self::Concrete(ty.concrete())
            }
        }
    )*};
}

heap_types! { StructType ArrayType }
