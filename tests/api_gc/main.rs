//! Objects as embedders see them: references in scopes and owned ones, structures and arrays, typed
//! calls, and what is checked where references cross the border.

mod borders;
#[path = "../counted/mod.rs"]
mod counted;
mod host;
mod objects;
mod scopes;

use fulmar::{
    ArrayRef, ArrayRefPre, ArrayType, AsContextMut, Engine, Error, FieldType, HeapType, Instance,
    Module, Mutability, RefType, Rooted, StorageType, Store, StructRef, StructRefPre, StructType,
    Val, ValType,
};

const UNROOTED: &str = "attempted to use a garbage-collected object that has been unrooted";
const FOREIGN: &str = "object used with a store that it does not belong to";

fn store() -> Store<()> {
    Store::new(&Engine::default(), ())
}

fn module(engine: &Engine, text: &str) -> Module {
    Module::new(engine, &wat::parse_str(text).unwrap()).unwrap()
}

fn instance(store: &mut Store<()>, text: &str) -> Instance {
    let module = module(&store.engine().clone(), text);
    Instance::new(store, &module, &[]).unwrap()
}

fn field(mutability: Mutability, ty: impl Into<StorageType>) -> FieldType {
    FieldType::new(mutability, ty)
}

/// A structure type with these mutable fields.
fn struct_type(engine: &Engine, fields: &[ValType]) -> StructType {
    StructType::new(engine, fields.iter().map(|ty| field(Mutability::Var, *ty))).unwrap()
}

/// A structure with one `i32`.
fn number(mut store: impl AsContextMut, value: i32) -> Rooted<StructRef> {
    let ty = struct_type(store.as_context().engine(), &[ValType::I32]);
    let pre = StructRefPre::new(&mut store, ty);
    StructRef::new(&mut store, &pre, &[Val::I32(value)]).unwrap()
}

/// An array of bytes.
fn bytes(mut store: impl AsContextMut, values: &[i32]) -> Rooted<ArrayRef> {
    let element = field(Mutability::Var, StorageType::I8);
    let ty = ArrayType::new(store.as_context().engine(), element);
    let pre = ArrayRefPre::new(&mut store, ty);
    let values: Vec<Val> = values.iter().map(|value| Val::I32(*value)).collect();
    ArrayRef::new_fixed(&mut store, &pre, &values).unwrap()
}

fn nullable(ty: impl Into<HeapType>) -> ValType {
    ValType::Ref(RefType::new(true, ty.into()))
}

fn non_null(ty: impl Into<HeapType>) -> ValType {
    ValType::Ref(RefType::new(false, ty.into()))
}

fn message<T>(result: Result<T, Error>) -> String {
    match result {
        Ok(_) => "no error".to_owned(),
        Err(error) => error.to_string(),
    }
}
