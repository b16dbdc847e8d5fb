//! Exceptions, as embedders see them: those on their way through the host, and references to those
//! in a store.

use crate::func::{check_vals, read_vals, write_vals};
use crate::store::{ExceptionId, Handle, StoreId, StoreInner};
use crate::{AsContext, AsContextMut, Error, Tag, Trap, Val};
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

/// An exception that no guest is about to catch: its tag and the values that it carries.
///
/// A call from the host that ends by an exception gives it as its error, where
/// [`Error::as_exception`] finds it. A host function throws one by returning it as its error, its
/// own or one that it got from a call: the guest that called it can catch it.
///
/// ```
/// use fulmar::{Engine, Exception, Error, FuncType, Linker, Module, Store, Tag, TagType, Val, ValType};
///
/// let engine = Engine::default();
/// let wasm = wat::parse_str(
///     r#"(module
///         (import "host" "tag" (tag $tag (param i32)))
///         (import "host" "fail" (func $fail))
///         (func (export "run") (result i32)
///             (block $caught (result i32)
///                 (try_table (catch $tag $caught) (call $fail))
///                 (i32.const 0))))"#,
/// )?;
/// let module = Module::new(&engine, &wasm)?;
/// let mut store = Store::new(&engine, ());
/// let tag = Tag::new(&mut store, TagType::new(FuncType::new([ValType::I32], [])))?;
///
/// let mut linker = Linker::new(&engine);
/// linker.define(&store, "host", "tag", tag)?;
/// linker.func_wrap("host", "fail", move |caller: fulmar::Caller<'_, ()>| -> Result<(), Error> {
///     Err(Exception::new(&caller, tag, &[Val::I32(42)])?.into())
/// })?;
/// let instance = linker.instantiate(&mut store, &module)?;
/// let run = instance.get_typed_func::<(), i32>(&mut store, "run")?;
/// assert_eq!(run.call(&mut store, ())?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Exception {
    tag: Tag,
    fields: Box<[Val]>,
}

impl Exception {
    /// The exception with `tag` that carries `fields`.
    ///
    /// # Errors
    ///
    /// If number or types of `fields` are not those of the tag.
    ///
    /// # Panics
    ///
    /// If `tag` or a reference among `fields` belongs to another store.
    pub fn new(store: impl AsContext, tag: Tag, fields: &[Val]) -> Result<Self, Error> {
        let store = store.as_context();
        let exception = Self::checked(store.inner(), tag, fields)?;
        // Finds out whether the references are of this store.
        exception.slots(store.inner().id);
        Ok(exception)
    }

    fn checked(store: &StoreInner, tag: Tag, fields: &[Val]) -> Result<Self, Error> {
        check_vals("field", tag.ty_in(store).ty().params(), fields)?;
        Ok(Self { tag, fields: fields.into() })
    }

    /// The exception whose fields are in `slots`.
    pub(crate) fn from_slots(store: &StoreInner, tag: u32, slots: &[u64]) -> Self {
        let tag = Tag::from_position(store.id, tag);
        let ty = tag.ty_in(store);
        let mut fields = vec![Val::I32(0); ty.ty().params().len()];
        read_vals(ty.ty().params(), slots, store.id, &mut fields);
        Self { tag, fields: fields.into() }
    }

    /// The tag.
    pub fn tag(&self) -> Tag {
        self.tag
    }

    /// The values that the exception carries.
    pub fn fields(&self) -> &[Val] {
        &self.fields
    }

    /// The fields as slots of `store`.
    pub(crate) fn slots(&self, store: StoreId) -> Vec<u64> {
        let mut slots = vec![0; self.fields.iter().map(|field| field.ty().slots()).sum()];
        write_vals(&self.fields, &mut slots, store);
        slots
    }
}

impl core::error::Error for Exception {}

/// Names the values; a tag has no name.
impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("uncaught exception (")?;
        for (position, field) in self.fields.iter().enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            write!(f, "{separator}{}", field.ty())?;
            match *field {
                Val::I32(value) => write!(f, " {value}")?,
                Val::I64(value) => write!(f, " {value}")?,
                Val::F32(bits) => write!(f, " {:?}", f32::from_bits(bits))?,
                Val::F64(bits) => write!(f, " {:?}", f64::from_bits(bits))?,
                Val::V128(value) => write!(f, " {:#034x}", value.as_u128())?,
                _ => {}
            }
        }
        f.write_str(")")
    }
}

impl fmt::Debug for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Exception> for Error {
    #[cold]
    fn from(exception: Exception) -> Self {
        Self::new(exception)
    }
}

/// A reference to an exception, which guests make when they catch one with `catch_ref` or
/// `catch_all_ref`, and can throw again.
///
/// The exception lives as long as the store.
///
/// ```
/// use fulmar::{Engine, ExnRef, FuncType, Store, Tag, TagType, Val, ValType};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let tag = Tag::new(&mut store, TagType::new(FuncType::new([ValType::I32], [])))?;
/// let reference = ExnRef::new(&mut store, tag, &[Val::I32(7)])?;
/// assert_eq!(reference.tag(&store), tag);
/// assert_eq!(reference.exception(&store).fields()[0].i32(), Some(7));
/// # Ok::<(), fulmar::Error>(())
/// ```
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct ExnRef {
    handle: Handle,
}

impl ExnRef {
    /// Puts an exception into the store and refers to it.
    ///
    /// # Errors
    ///
    /// If number or types of `fields` are not those of the tag, or there is no memory for it.
    ///
    /// # Panics
    ///
    /// If `tag` or a reference among `fields` belongs to another store.
    pub fn new(mut store: impl AsContextMut, tag: Tag, fields: &[Val]) -> Result<Self, Error> {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        let slots = Exception::checked(store, tag, fields)?.slots(store.id);
        let id = store.exceptions.alloc(tag.position(store.id), &slots);
        let ExceptionId(position) = id.ok_or(Trap::AllocationTooLarge)?;
        Ok(Self { handle: Handle::new(store.id, position) })
    }

    /// The tag.
    ///
    /// # Panics
    ///
    /// If the reference belongs to another store, as with all other functions here.
    pub fn tag(&self, store: impl AsContext) -> Tag {
        let store = store.as_context();
        let store = store.inner();
        let (tag, _) = store.exceptions.get(ExceptionId(self.handle.position(store.id)));
        Tag::from_position(store.id, tag)
    }

    /// The exception itself, to look at its fields or to throw it again.
    pub fn exception(&self, store: impl AsContext) -> Exception {
        let store = store.as_context();
        let store = store.inner();
        let (tag, payload) = store.exceptions.get(ExceptionId(self.handle.position(store.id)));
        Exception::from_slots(store, tag, payload)
    }

    /// The value of the field number `index`, if there are as many.
    pub fn field(&self, store: impl AsContext, index: usize) -> Option<Val> {
        self.exception(store).fields.get(index).copied()
    }

    /// The slot of a reference.
    pub(crate) fn to_slot(reference: Option<Self>, store: StoreId) -> u64 {
        reference.map_or(0, |reference| ExceptionId(reference.handle.position(store)).slot())
    }

    /// The reference that a slot of `store` holds.
    pub(crate) fn from_slot(slot: u64, store: StoreId) -> Option<Self> {
        let ExceptionId(position) = ExceptionId::from_slot(slot)?;
        Some(Self { handle: Handle::new(store, position) })
    }
}
