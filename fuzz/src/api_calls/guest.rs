//! The guests and host functions of the target: signatures of any width, a module for each, and a host
//! function that does what the store's data say.

use arbitrary::{Result, Unstructured};
use fulmar::{
    AsContext, AsContextMut, Caller, Engine, Error, ExternRef, Func, FuncType, Linker, RefType,
    Rooted, Store, Trap, V128, Val, ValType,
};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use wasm_encoder as enc;

/// A value of the host that is counted.
pub(super) struct Counted {
    number: u32,
    alive: Arc<AtomicUsize>,
}

impl Counted {
    pub(super) fn new(number: u32, alive: &Arc<AtomicUsize>) -> Self {
        alive.fetch_add(1, Ordering::Relaxed);
        Self { number, alive: alive.clone() }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The number of a [`Counted`].
pub(super) fn number_of(store: &impl AsContext, root: Rooted<ExternRef>) -> u32 {
    let data = root.data(store.as_context()).expect("it is rooted");
    data.and_then(|data| data.downcast_ref::<Counted>()).expect("a value of ours").number
}

/// How a host function ends, when it calls nobody any more.
#[derive(Copy, Clone, Debug, PartialEq, Eq, arbitrary::Arbitrary)]
pub(super) enum End {
    Answer,
    Fail,
    Trap,
    Panic,
}

/// What a host function does.
#[derive(Copy, Clone, Debug)]
pub(super) struct Plan {
    /// How often it calls `func` again before it ends.
    again: u8,
    func: Option<Func>,
    pub(super) end: End,
    /// The level at which a panic is caught and answered; 0 if it is not.
    catch: u8,
    collect: bool,
}

impl Plan {
    pub(super) fn arbitrary(u: &mut Unstructured<'_>, func: Func) -> Result<Self> {
        Ok(Self {
            again: u.int_in_range(0..=4)?,
            func: Some(func),
            end: u.arbitrary()?,
            catch: u.int_in_range(0..=5)?,
            collect: u.arbitrary()?,
        })
    }

    /// Whether a panic of the innermost level is caught by one further out.
    pub(super) fn catches(self) -> bool {
        (1..=self.again).contains(&self.catch)
    }
}

/// The data of a store.
#[derive(Default)]
pub(super) struct Data {
    plan: Option<Plan>,
    level: u8,
    /// What host functions rooted: no more than a scope later nothing of it is left.
    pub(super) rooted: Vec<Rooted<ExternRef>>,
}

impl Data {
    pub(super) fn new(plan: Plan) -> Self {
        Self { plan: Some(plan), ..Self::default() }
    }
}

/// The types of a function.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    pub(super) params: Vec<ValType>,
    pub(super) results: Vec<ValType>,
}

const KINDS: [ValType; 7] = [
    ValType::I64,
    ValType::I32,
    ValType::F32,
    ValType::F64,
    ValType::V128,
    ValType::FUNCREF,
    ValType::EXTERNREF,
];

impl Signature {
    pub(super) fn arbitrary(u: &mut Unstructured<'_>) -> Result<Self> {
        if u.ratio(1, 4)? {
            return Ok(Self::two());
        }
        let mut list = || -> Result<Vec<ValType>> {
            let any = u.int_in_range(0..=1000)?;
            let count = *u.choose(&[0, 1, 2, 8, 15, 16, 17, 33, 128, 129, 999, 1000, any])?;
            let step: usize = u.int_in_range(1..=KINDS.len())?;
            let first = u.choose_index(KINDS.len())?;
            Ok((0..count).map(|place| KINDS[(first + place * step) % KINDS.len()]).collect())
        };
        Ok(Self { params: list()?, results: list()? })
    }

    /// One that a typed call has, too.
    pub(super) fn two() -> Self {
        Self { params: vec![ValType::I64; 2], results: vec![ValType::I64] }
    }

    fn ty(&self) -> FuncType {
        FuncType::new(self.params.iter().copied(), self.results.iter().copied())
    }

    /// The place of the parameter that is the answer to a result of this type: the last one.
    fn source(&self, ty: &ValType) -> Option<usize> {
        self.params.iter().rposition(|param| param == ty)
    }
}

/// Fields of a structure: the same number of them for each engine, but of other types.
pub(super) fn marker(engine: usize) -> [ValType; 3] {
    if engine == 0 { [ValType::ANYREF; 3] } else { [ValType::I64, ValType::I32, ValType::V128] }
}

/// A number of a type that is no reference.
pub(super) fn number(ty: ValType, bits: u64) -> Val {
    match ty {
        ValType::I32 => Val::I32(bits as i32),
        ValType::F32 => Val::F32(bits as u32),
        ValType::F64 => Val::F64(bits),
        ValType::V128 => Val::V128(V128::from(u128::from(bits) << 32 | 5)),
        _ => Val::I64(bits as i64),
    }
}

/// The host function of a signature.
pub(super) fn host_func(store: &mut Store<Data>, signature: &Signature) -> Func {
    let host = signature.clone();
    Func::new(store, signature.ty(), move |caller, params, results| {
        act(caller, &host, params, results)
    })
}

/// A linker with a host function that stores share.
pub(super) fn linker(engine: &Engine) -> Linker<Data> {
    let mut linker = Linker::new(engine);
    let two = |caller: Caller<'_, Data>, a: i64, b: i64| -> std::result::Result<i64, Error> {
        let mut results = [Val::I64(0)];
        act(caller, &Signature::two(), &[Val::I64(a), Val::I64(b)], &mut results)?;
        Ok(results[0].i64().expect("an answer"))
    };
    linker.func_wrap("host", "two", two).expect("defined once");
    linker
}

/// Does what the plan of the store says.
fn act(
    mut caller: Caller<'_, Data>,
    signature: &Signature,
    params: &[Val],
    results: &mut [Val],
) -> std::result::Result<(), Error> {
    caller.data_mut().level += 1;
    let level = caller.data().level;
    let plan = caller.data().plan.expect("calls have a plan");
    let root = ExternRef::new(&mut caller, level)?;
    caller.data_mut().rooted.push(root);
    if plan.collect {
        caller.as_context_mut().gc();
    }
    let data = root.data(caller.as_context())?.and_then(|data| data.downcast_ref::<u8>());
    assert_eq!(data.copied(), Some(level), "a value in scope");
    if level <= plan.again {
        let func = plan.func.expect("calls have a plan");
        let mut call = || func.call(&mut caller, params, results);
        if plan.end != End::Panic || level != plan.catch {
            return call();
        }
        // Not by a hook: it is not told of `resume_unwind` and those within `quietly`.
        let caught = panic::catch_unwind(AssertUnwindSafe(call));
        assert!(caught.is_err(), "it was to panic");
        answer(signature, params, results);
        return Ok(());
    }
    match plan.end {
        End::Answer => answer(signature, params, results),
        End::Fail => return Err(Error::msg("on purpose")),
        End::Trap => return Err(Trap::IntegerOverflow.into()),
        End::Panic => panic!("on purpose"),
    }
    Ok(())
}

/// The answer: each result is the last parameter of its type; otherwise what it was, zero.
fn answer(signature: &Signature, params: &[Val], results: &mut [Val]) {
    for (ty, result) in signature.results.iter().zip(results) {
        if let Some(place) = signature.source(ty) {
            *result = params[place];
        }
    }
}

/// Checks an answer.
pub(super) fn check_results(
    store: &mut impl AsContextMut,
    signature: &Signature,
    params: &[Val],
    results: &[Val],
) {
    for (ty, result) in signature.results.iter().zip(results) {
        let zero = Val::default_for_ty(*ty).expect("nullable");
        let expected = signature.source(ty).map_or(zero, |place| params[place]);
        match (expected, *result) {
            (Val::ExternRef(Some(expected)), Val::ExternRef(Some(found))) => {
                assert_eq!(number_of(store, expected), number_of(store, found));
            }
            (expected, found) => assert_eq!(format!("{expected:?}"), format!("{found:?}")),
        }
    }
}

/// The exports that call the host function with their own parameters.
pub(super) const CALLS: [&str; 3] = ["call", "tail", "by_ref"];
/// What the global holds at first.
pub(super) const GLOBAL: i64 = 40;

fn encoded(ty: &ValType) -> enc::ValType {
    match ty {
        ValType::I32 => enc::ValType::I32,
        ValType::I64 => enc::ValType::I64,
        ValType::F32 => enc::ValType::F32,
        ValType::F64 => enc::ValType::F64,
        ValType::V128 => enc::ValType::V128,
        ValType::Ref(ty) if *ty == RefType::FUNCREF => enc::ValType::FUNCREF,
        ValType::Ref(_) => enc::ValType::EXTERNREF,
    }
}

/// A module that imports a function of a signature and exports functions that call it.
pub(super) fn module(signature: &Signature) -> Vec<u8> {
    let mut types = enc::TypeSection::new();
    let list = |types: &[ValType]| types.iter().map(encoded).collect::<Vec<_>>();
    types.ty().function(list(&signature.params), list(&signature.results));
    types.ty().function([], []);
    let mut imports = enc::ImportSection::new();
    imports.import("host", "f", enc::EntityType::Function(0));
    let mut functions = enc::FunctionSection::new();
    CALLS.iter().for_each(|_| {
        functions.function(0);
    });
    functions.function(1);
    let mut tables = enc::TableSection::new();
    tables.table(enc::TableType {
        element_type: enc::RefType::EXTERNREF,
        table64: false,
        minimum: 2,
        maximum: Some(super::ELEMENTS_MAX),
        shared: false,
    });
    let mut memories = enc::MemorySection::new();
    memories.memory(enc::MemoryType {
        minimum: 1,
        maximum: Some(super::PAGES_MAX),
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut globals = enc::GlobalSection::new();
    let ty = enc::GlobalType { val_type: enc::ValType::I64, mutable: true, shared: false };
    globals.global(ty, &enc::ConstExpr::i64_const(GLOBAL));
    let mut exports = enc::ExportSection::new();
    for (name, index) in CALLS.into_iter().zip(1..) {
        exports.export(name, enc::ExportKind::Func, index);
    }
    exports.export("bump", enc::ExportKind::Func, 1 + CALLS.len() as u32);
    exports.export("t", enc::ExportKind::Table, 0);
    exports.export("m", enc::ExportKind::Memory, 0);
    exports.export("g", enc::ExportKind::Global, 0);
    let mut elements = enc::ElementSection::new();
    elements.declared(enc::Elements::Functions([0][..].into()));
    let mut code = enc::CodeSection::new();
    for name in CALLS {
        let mut function = enc::Function::new([]);
        let mut body = function.instructions();
        (0..signature.params.len() as u32).for_each(|local| {
            body.local_get(local);
        });
        match name {
            "call" => body.call(0),
            "tail" => body.return_call(0),
            _ => body.ref_func(0).call_ref(0),
        };
        body.end();
        code.function(&function);
    }
    let mut function = enc::Function::new([]);
    let mut body = function.instructions();
    body.global_get(0).i64_const(1).i64_add().global_set(0);
    body.i32_const(1).memory_grow(0).drop();
    body.ref_null(enc::HeapType::EXTERN).i32_const(1).table_grow(0).drop().end();
    code.function(&function);
    let mut module = enc::Module::new();
    module.section(&types).section(&imports).section(&functions).section(&tables);
    module.section(&memories).section(&globals).section(&exports).section(&elements);
    module.section(&code);
    module.finish()
}
