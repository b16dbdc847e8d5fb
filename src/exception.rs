//! Exceptions, as embedders see them: those on their way through the host, and references to those
//! in a store.

use crate::func::{check_vals, read_vals, write_vals};
use crate::gc::{GcRef, GcRoot, OwnedRooted, Rooted, gc_refs};
use crate::store::{Heap, HeapHandle, StoreInner};
use crate::{AsContext, AsContextMut, Error, Tag, Trap, Val};
use alloc::boxed::Box;
use alloc::format;
use alloc::sync::Arc;
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
/// linker.func_wrap("host", "fail", move |mut caller: fulmar::Caller<'_, ()>| -> Result<(), Error> {
///     Err(Exception::new(&mut caller, tag, &[Val::I32(42)])?.into())
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
    /// What keeps the references among the fields alive.
    #[expect(dead_code, reason = "held, not read")]
    tokens: Vec<Arc<()>>,
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
    pub fn new(mut store: impl AsContextMut, tag: Tag, fields: &[Val]) -> Result<Self, Error> {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        check_vals(store, "field", tag.ty_in(store).ty().params(), fields)?;
        Self::owning(store, tag, fields.into())
    }

    /// The exception whose fields are in `slots`.
    pub(crate) fn from_slots(store: &mut StoreInner, tag: u32, slots: &[u64]) -> Self {
        let tag = Tag::from_position(store.id, tag);
        let ty = tag.ty_in(store);
        let mut fields = vec![Val::I32(0); ty.ty().params().len()];
        let scope = store.roots.enter();
        read_vals(ty.ty().params(), slots, store, &mut fields);
        let exception = Self::owning(store, tag, fields.into());
        store.roots.leave(scope);
        exception.expect("the references were just made")
    }

    /// The exception with these fields, which keeps alive what they refer to.
    fn owning(store: &mut StoreInner, tag: Tag, mut fields: Box<[Val]>) -> Result<Self, Error> {
        let mut tokens = Vec::new();
        for field in &mut fields {
            match field {
                Val::ExternRef(Some(reference)) => own(store, reference, &mut tokens)?,
                Val::AnyRef(Some(reference)) => own(store, reference, &mut tokens)?,
                Val::ExnRef(Some(reference)) => own(store, reference, &mut tokens)?,
                _ => {}
            }
        }
        Ok(Self { tag, fields, tokens })
    }

    /// The tag.
    pub fn tag(&self) -> Tag {
        self.tag
    }

    /// The values that the exception carries. References among them last as long as the exception.
    pub fn fields(&self) -> &[Val] {
        &self.fields
    }

    /// The fields as slots of `store`.
    pub(crate) fn slots(&self, store: &StoreInner) -> Vec<u64> {
        field_slots(store, &self.fields).expect("the exception owns its references")
    }
}

/// The slots of the fields of an exception.
///
/// # Errors
///
/// If the scope of a reference among them has ended.
fn field_slots(store: &StoreInner, fields: &[Val]) -> Result<Vec<u64>, Error> {
    let mut slots = vec![0; fields.iter().map(|field| field.ty().slots()).sum()];
    write_vals(fields, &mut slots, store)?;
    Ok(slots)
}

/// Makes a reference one that lasts as long as its token.
fn own<T: GcRef>(
    store: &mut StoreInner,
    reference: &mut Rooted<T>,
    tokens: &mut Vec<Arc<()>>,
) -> Result<(), Error> {
    let (owned, token) = OwnedRooted::<T>::of(store, reference.root())?.into_parts();
    tokens.push(token);
    *reference = owned;
    Ok(())
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

gc_refs! {
    /// A reference to an exception, which guests make when they catch one with `catch_ref` or
    /// `catch_all_ref`, and can throw again.
    ///
    /// ```
    /// use fulmar::{Engine, ExnRef, FuncType, Store, Tag, TagType, Val, ValType};
    ///
    /// let mut store = Store::new(&Engine::default(), ());
    /// let tag = Tag::new(&mut store, TagType::new(FuncType::new([ValType::I32], [])))?;
    /// let reference = ExnRef::new(&mut store, tag, &[Val::I32(7)])?;
    /// assert_eq!(reference.tag(&store)?, tag);
    /// assert_eq!(reference.field(&mut store, 0)?.i32(), Some(7));
    /// # Ok::<(), fulmar::Error>(())
    /// ```
    ExnRef: Exn;
}

impl ExnRef {
    /// Puts an exception into the store and refers to it.
    ///
    /// # Errors
    ///
    /// If number or types of `fields` are not those of the tag, the scope of a reference among them
    /// has ended, or there is no memory for it.
    ///
    /// # Panics
    ///
    /// If `tag` or a reference among `fields` belongs to another store.
    pub fn new(
        mut store: impl AsContextMut,
        tag: Tag,
        fields: &[Val],
    ) -> Result<Rooted<Self>, Error> {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        check_vals(store, "field", tag.ty_in(store).ty().params(), fields)?;
        let slots = field_slots(store, fields)?;
        let alive = store.alive(&slots);
        // SAFETY: no guest runs, and no reference to an object is in use.
        unsafe { store.make_room(Heap::exception_bytes(slots.len()), alive) };
        let handle = store.heap.alloc_exception(tag.position(store.id), &slots);
        let slot = handle.ok_or(Trap::AllocationTooLarge)?.slot();
        Ok(Rooted::from_root(GcRoot::new(store, slot)))
    }

    /// The tag.
    ///
    /// # Errors
    ///
    /// If the scope of the reference has ended, as with all other functions here.
    ///
    /// # Panics
    ///
    /// If the reference belongs to another store, as with all other functions here.
    pub fn tag(&self, store: impl AsContext) -> Result<Tag, Error> {
        let store = store.as_context();
        let store = store.inner();
        let (tag, _) = store.heap.exception(self.handle(store)?);
        Ok(Tag::from_position(store.id, tag))
    }

    /// The exception itself, to look at its fields or to throw it again.
    ///
    /// # Errors
    ///
    /// If the scope of the reference has ended.
    pub fn exception(&self, mut store: impl AsContextMut) -> Result<Exception, Error> {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        let (tag, payload) = store.heap.exception(self.handle(store)?);
        let payload = Vec::from(payload);
        Ok(Exception::from_slots(store, tag, &payload))
    }

    /// The value of the field number `index`.
    ///
    /// # Errors
    ///
    /// If there is no such field, or the scope of the reference has ended.
    pub fn field(&self, mut store: impl AsContextMut, index: usize) -> Result<Val, Error> {
        let mut store = store.as_context_mut();
        let store = store.inner_mut();
        let (tag, payload) = store.heap.exception(self.handle(store)?);
        let ty = Tag::from_position(store.id, tag).ty_in(store);
        let types = ty.ty().params();
        let Some(field) = types.get(index) else {
            return Err(Error::msg(format!("the exception has no field {index}")));
        };
        let first: usize = types[..index].iter().map(|ty| ty.slots()).sum();
        let payload = Vec::from(&payload[first..]);
        Ok(Val::read(*field, &payload, store))
    }

    fn handle(&self, store: &StoreInner) -> Result<HeapHandle, Error> {
        let slot = self.root.slot(store)?;
        HeapHandle::from_slot(slot).ok_or_else(|| Error::msg("the object is no exception"))
    }
}
