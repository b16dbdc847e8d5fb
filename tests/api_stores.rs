//! Stores, engines and modules: what belongs to what, what is freed when, and what may be shared.

use fulmar::{
    AsContextMut, Caller, CompilationMode, Config, Engine, Error, Extern, ExternRef, ExternType,
    Func, FuncType, Global, Instance, Linker, Memory, MemoryType, Module, Ref, RefType, Rooted,
    Store, StoreContext, StoreContextMut, Table, TableType, Trap, TypedFunc, Val,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

fn module(engine: &Engine, text: &str) -> Module {
    Module::new(engine, &wat::parse_str(text).unwrap()).unwrap()
}

#[test]
fn what_can_be_sent_and_shared() {
    fn send_sync<T: Send + Sync>() {}
    fn send<T: Send>() {}
    send_sync::<Engine>();
    send_sync::<Module>();
    send_sync::<Error>();
    send_sync::<Linker<std::cell::Cell<i32>>>();
    send_sync::<Store<i32>>();
    send::<Store<std::cell::Cell<i32>>>();
    send::<StoreContextMut<'static, std::cell::Cell<i32>>>();
    send_sync::<StoreContext<'static, i32>>();
    send_sync::<Instance>();
    send_sync::<TypedFunc<i32, i32>>();
    send_sync::<Extern>();
    send_sync::<Val>();
    send_sync::<Rooted<ExternRef>>();
}

#[test]
fn a_module_is_used_by_many_threads() {
    let engine = Engine::default();
    let text = r#"(module (func (export "square") (param i32) (result i32)
        (i32.mul (local.get 0) (local.get 0))))"#;
    let module = module(&engine, text);
    std::thread::scope(|scope| {
        for value in 0..8 {
            let (engine, module) = (&engine, &module);
            scope.spawn(move || {
                let mut store = Store::new(engine, ());
                let instance = Instance::new(&mut store, module, &[]).unwrap();
                let square = instance.get_typed_func::<i32, i32>(&mut store, "square").unwrap();
                assert_eq!(square.call(&mut store, value).unwrap(), value * value);
            });
        }
    });
}

/// The message with which `run` panics.
fn panic_of<R>(run: impl FnOnce() -> R) -> String {
    let payload = catch_unwind(AssertUnwindSafe(run)).err().expect("it should panic");
    match payload.downcast_ref::<&str>() {
        Some(message) => (*message).to_owned(),
        None => payload.downcast_ref::<String>().unwrap().clone(),
    }
}

#[test]
fn objects_of_another_store_are_refused() {
    let engine = Engine::default();
    let (mut ours, mut theirs) = (Store::new(&engine, ()), Store::new(&engine, ()));
    let func = Func::wrap(&mut theirs, || ());
    let memory = Memory::new(&mut theirs, MemoryType::new(1, None)).unwrap();
    let ty = TableType::new(RefType::FUNCREF, 1, None);
    let their_table = Table::new(&mut theirs, ty, Ref::Func(None)).unwrap();
    let our_table = Table::new(&mut ours, ty, Ref::Func(None)).unwrap();
    let value = ExternRef::new(&mut theirs, 1).unwrap();
    let module = module(&engine, r#"(module (import "" "" (func)) (func (export "f")))"#);
    let instance = Instance::new(&mut theirs, &module, &[func.into()]).unwrap();
    let typed = func.typed::<(), ()>(&theirs).unwrap();

    let expected = "object used with a store that it does not belong to";
    assert_eq!(panic_of(|| func.call(&mut ours, &[], &mut [])), expected);
    assert_eq!(panic_of(|| typed.call(&mut ours, ())), expected);
    assert_eq!(panic_of(|| func.ty(&ours)), expected);
    assert_eq!(panic_of(|| memory.size(&ours)), expected);
    assert_eq!(panic_of(|| memory.data_mut(&mut ours)[0] = 1), expected);
    assert_eq!(panic_of(|| our_table.set(&mut ours, 0, func.into())), expected);
    assert_eq!(panic_of(|| Table::copy(&mut ours, &our_table, 0, &their_table, 0, 1)), expected);
    assert_eq!(panic_of(|| value.data(&ours).is_ok()), expected);
    assert_eq!(panic_of(|| instance.get_func(&mut ours, "f")), expected);
    assert_eq!(panic_of(|| Instance::new(&mut ours, &module, &[func.into()])), expected);
    let mut linker = Linker::new(&engine);
    assert_eq!(panic_of(|| linker.define(&ours, "", "", func).is_ok()), expected);
    linker.define(&theirs, "", "", func).unwrap();
    assert_eq!(panic_of(|| linker.instantiate(&mut ours, &module)), expected);
    assert_eq!(panic_of(|| linker.get(&mut ours, "", "")), expected);
    let take = Func::wrap(&mut ours, |_: Option<Func>| ());
    let take = take.typed::<Option<Func>, ()>(&ours).unwrap();
    assert_eq!(panic_of(|| take.call(&mut ours, Some(func))), expected);
}

#[test]
fn modules_of_another_engine_are_refused() {
    let (ours, theirs) = (Engine::default(), Engine::default());
    let mut store = Store::new(&ours, ());
    let foreign = module(&theirs, "(module)");
    let error = Instance::new(&mut store, &foreign, &[]).unwrap_err();
    assert_eq!(error.to_string(), "module and store belong to different engines");
    assert!(Linker::new(&ours).instantiate(&mut store, &foreign).is_err());
    let error = Linker::new(&theirs).instantiate(&mut store, &foreign).unwrap_err();
    assert_eq!(error.to_string(), "linker and store belong to different engines");
}

struct CountsDrops(Arc<AtomicU32>);

impl CountsDrops {
    /// Makes a closure that calls this hold the guard.
    fn is_held(&self) -> u32 {
        u32::from(self.0.load(Ordering::Relaxed) == 0)
    }
}

impl Drop for CountsDrops {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_store_frees_what_it_owns() {
    let drops = Arc::new(AtomicU32::new(0));
    let count = || drops.load(Ordering::Relaxed);
    let guard = || CountsDrops(drops.clone());
    let engine = Engine::default();
    {
        let mut store = Store::new(&engine, guard());
        ExternRef::new(&mut store, guard()).unwrap();
        let captured = guard();
        Func::wrap(&mut store, move || captured.is_held());
        assert_eq!(count(), 0);
    }
    assert_eq!(count(), 3);
    let mut store = Store::new(&engine, guard());
    ExternRef::new(&mut store, guard()).unwrap();
    let data = store.into_data();
    assert_eq!(count(), 4, "the data is the embedder's again");
    drop(data);
    assert_eq!(count(), 5);

    let mut linker = Linker::<()>::new(&engine);
    let captured = guard();
    linker.func_wrap("", "", move || captured.is_held()).unwrap();
    let mut store = Store::new(&engine, ());
    linker.get(&mut store, "", "").unwrap();
    drop(linker);
    assert_eq!(count(), 5, "the store still uses the host function");
    drop(store);
    assert_eq!(count(), 6);
}

#[test]
fn instances_keep_their_module() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = module(&engine, r#"(module (func (export "f") (result i32) (i32.const 3)))"#);
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    drop(module);
    let func = instance.get_typed_func::<(), i32>(&mut store, "f").unwrap();
    assert_eq!(func.call(&mut store, ()).unwrap(), 3);
}

#[test]
fn contexts_of_all_kinds_are_accepted() {
    fn through<C: AsContextMut<Data = i32>>(mut context: C, memory: Memory) -> i32 {
        memory.write(&mut context, 0, &[1]).unwrap();
        memory.grow(context.as_context_mut(), 1).unwrap();
        let size = memory.size(&context);
        assert_eq!(memory.data(&context)[0], 1);
        assert_eq!(memory.data(context.as_context()).len() as u64, size << 16);
        memory.data_mut(&mut context)[1] = 2;
        memory.data_mut(context.as_context_mut())[1] = 2;
        *context.as_context().data()
    }
    let mut store = Store::new(&Engine::default(), 7);
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    assert_eq!(through(&mut store, memory), 7);
    assert_eq!(through(store.as_context_mut(), memory), 7);
    assert_eq!(through(&mut store.as_context_mut(), memory), 7);
    let func = Func::wrap(&mut store, move |mut caller: Caller<'_, i32>| {
        through(&mut caller, memory) + through(caller, memory)
    });
    assert_eq!(func.typed::<(), i32>(&store).unwrap().call(&mut store, ()).unwrap(), 14);
}

#[test]
fn proposals_are_accepted_only_when_switched_on() {
    let refused = |set: fn(&mut Config, bool) -> &mut Config, text: &str| {
        let wasm = wat::parse_str(text).unwrap();
        let mut config = Config::new();
        Module::new(&Engine::new(&config).unwrap(), &wasm).unwrap();
        set(&mut config, false);
        let engine = Engine::new(&config).unwrap();
        let error = Module::new(&engine, &wasm).unwrap_err();
        assert!(error.offset().is_some(), "{error}");
        assert!(Module::validate(&engine, &wasm).is_err());
    };
    let global = r#"(module (import "" "" (global (mut i32))))"#;
    refused(Config::wasm_mutable_global, global);
    refused(Config::wasm_sign_extension, "(module (func (drop (i32.extend8_s (i32.const 1)))))");
    let saturating = "(module (func (drop (i32.trunc_sat_f32_s (f32.const 1)))))";
    refused(Config::wasm_saturating_float_to_int, saturating);
    let results = "(module (func (result i32 i32) (i32.const 1) (i32.const 2)))";
    refused(Config::wasm_multi_value, results);
    refused(Config::wasm_bulk_memory, "(module (memory 1) (data \"passive\"))");
    refused(Config::wasm_reference_types, "(module (func (param externref)))");
    refused(Config::wasm_simd, "(module (func (param v128)))");
    refused(Config::wasm_tail_call, "(module (func (return_call 0)))");
    let sum = "(module (global i32 (i32.add (i32.const 1) (i32.const 2))))";
    refused(Config::wasm_extended_const, sum);
    refused(Config::wasm_multi_memory, "(module (memory 1) (memory 1))");
    refused(Config::wasm_memory64, "(module (memory i64 1) (table i64 1 funcref))");
    refused(Config::wasm_exceptions, "(module (tag))");
    refused(Config::wasm_gc, "(module (type (struct)))");
    refused(Config::floats, "(module (func (param f32)))");
}

#[test]
fn proposals_that_do_not_exist_yet_are_refused() {
    let engine = Engine::default();
    let text = "(module (memory 1 1 shared))";
    let wasm = wat::parse_str(text).unwrap();
    assert!(Module::new(&engine, &wasm).is_err(), "{text}");
}

#[test]
fn of_several_invalid_bodies_the_first_is_reported() {
    // Large enough for several threads.
    let good = format!("(func {})", "(drop (i32.add (i32.const 1) (i32.const 2)))".repeat(50));
    let bad = "(func (result i32) (i64.const 1))";
    let text = format!("(module {0} {bad} {0} {bad})", good.repeat(500));
    let wasm = wat::parse_str(text).unwrap();
    let modes = [CompilationMode::Eager, CompilationMode::LazyTranslation];
    let [eager, lazy] = modes.map(|mode| {
        let engine = Engine::new(Config::new().compilation_mode(mode)).unwrap();
        Module::new(&engine, &wasm).unwrap_err().offset()
    });
    let one_half = wasm.len() / 2;
    assert!(eager.is_some_and(|offset| offset.abs_diff(one_half) < wasm.len() / 10), "{eager:?}");
    assert_eq!(eager, lazy);
}

#[test]
fn invalid_bodies_are_found_when_the_mode_says() {
    let text = r#"(module (func (export "good") (result i32) (i32.const 1))
        (func (export "bad") (result i32) (i64.const 1)))"#;
    let wasm = wat::parse_str(text).unwrap();
    let engine = |mode| Engine::new(Config::new().compilation_mode(mode)).unwrap();
    assert!(Module::new(&engine(CompilationMode::Eager), &wasm).is_err());
    assert!(Module::new(&engine(CompilationMode::LazyTranslation), &wasm).is_err());

    let lazy = engine(CompilationMode::Lazy);
    assert!(Module::validate(&lazy, &wasm).is_err());
    let module = Module::new(&lazy, &wasm).unwrap();
    let mut store = Store::new(&lazy, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let func =
        |store: &mut Store<()>, name| instance.get_typed_func::<(), i32>(store, name).unwrap();
    assert_eq!(func(&mut store, "good").call(&mut store, ()).unwrap(), 1);
    for _ in 0..2 {
        let error = func(&mut store, "bad").call(&mut store, ()).unwrap_err();
        assert_eq!(error.offset(), Some(wasm.len() - 1), "{error}");
    }
}

#[test]
fn modules_describe_themselves() {
    let engine = Engine::default();
    let text = r#"(module
        (import "env" "f" (func (param i32) (result i64)))
        (import "env" "m" (memory 1 2))
        (func $g (export "g") (param f32))
        (table (export "t") 1 10 externref)
        (global (export "v") (mut v128) (v128.const i64x2 0 0))
        (@custom "note" "\01\02"))"#;
    let module = module(&engine, text);
    let imports: Vec<_> = module
        .imports()
        .map(|import| format!("{}.{}: {}", import.module(), import.name(), import.ty()))
        .collect();
    assert_eq!(imports, ["env.f: function (i32) -> (i64)", "env.m: memory 1 2"]);
    let exports: Vec<_> =
        module.exports().map(|export| format!("{}: {}", export.name(), export.ty())).collect();
    let expected = ["g: function (f32) -> ()", "t: table 1 10 externref", "v: global (mut v128)"];
    assert_eq!(exports, expected);
    let ty = FuncType::new([fulmar::ValType::F32], []);
    assert_eq!(module.get_export("g"), Some(ExternType::Func(ty)));
    assert_eq!(module.get_export("f"), None);
    let note = module.custom_sections().find(|section| section.name() == "note").unwrap();
    assert_eq!(note.data(), [1, 2]);
}

#[test]
fn backtraces_name_the_functions() {
    let engine = Engine::default();
    let text = r#"(module (func $inner unreachable) (func $"outer\nfunction" (call $inner))
        (func (export "run") (call 1)))"#;
    let module = module(&engine, text);
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
    let error = run.call(&mut store, ()).unwrap_err();
    assert_eq!(error.as_trap(), Some(Trap::UnreachableCodeReached));
    let backtrace = error.backtrace().unwrap();
    let unreachable = backtrace.frames()[0].module_offset().unwrap();
    let wasm = wat::parse_str(text).unwrap();
    assert_eq!(wasm[unreachable], 0x00, "the offset is that of the instruction");
    let lines: Vec<_> = backtrace.to_string().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0], format!("   0: {unreachable:#x} - inner"));
    assert!(lines[1].ends_with(r" - outer\nfunction"), "{}", lines[1]);
    assert!(lines[2].ends_with(" - <wasm function 2>"), "{}", lines[2]);
    assert_eq!(backtrace.frames()[0].func_offset(), Some(1));
}

#[test]
fn handles_are_small() {
    assert!(size_of::<Option<Func>>() <= 16);
    assert!(size_of::<Extern>() <= 24);
    assert!(size_of::<Option<Global>>() <= 16);
}
