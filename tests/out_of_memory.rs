//! No memory left, at each request of a size that guests choose: an error, a trap or -1, nothing is
//! lost, and the store can be used when there is memory again.
//!
//! One test, since it decides about the memory of the whole program. SECURITY.md says which requests
//! are meant; others, which are small, end the process where there is no memory for them. What the
//! translation of functions asks for is refused from the first byte up.

mod failing;

use failing::{Refusal, bytes_in_use, refusing};
use fulmar::{
    CompilationMode, Config, Engine, Error, ExternRef, Instance, Memory, MemoryType, Module, Ref,
    RefType, Store, Table, TableType,
};

/// Something that asks for memory. It gives what it computed, or an error; refused or not, it leaves
/// no trace in the store but what it says.
struct Case {
    name: &'static str,
    /// The least size that is refused: what is smaller is not what the case is about.
    least_bytes: usize,
    text: &'static str,
    run: fn(&mut Store<()>, &Module) -> Result<i32, Error>,
    /// The results there may be: with all the memory that was asked for, and with less.
    results: &'static [i32],
}

/// Instantiates the module and calls its function `run`.
fn call_run(store: &mut Store<()>, module: &Module) -> Result<i32, Error> {
    let instance = Instance::new(&mut *store, module, &[])?;
    instance.get_typed_func::<(), i32>(&mut *store, "run")?.call(&mut *store, ())
}

const CASES: &[Case] = &[
    Case {
        name: "a new memory",
        least_bytes: 64 << 10,
        // Larger ones are the system's on Linux.
        text: r#"(module (memory 1) (memory 1)
            (func (export "run") (result i32) (i32.add (memory.size 0) (memory.size 1))))"#,
        run: call_run,
        results: &[2],
    },
    // By pages it finds room to spare, by many it needs a new buffer, at first and later.
    Case {
        name: "memories that grow",
        least_bytes: 64 << 10,
        text: r#"(module (memory 0) (memory $m 1)
            (func $step (param i32) (result i32)
                (i32.eq (memory.grow $m (local.get 0)) (i32.const -1)))
            (func (export "run") (result i32)
                (local $failed i32)
                (i32.store $m (i32.const 65532) (i32.const 7))
                (local.set $failed
                    (i32.add (i32.eq (memory.grow 0 (i32.const 1)) (i32.const -1))
                    (i32.add (call $step (i32.const 1)) (i32.add (call $step (i32.const 1))
                    (i32.add (call $step (i32.const 20)) (call $step (i32.const 1)))))))
                (if (i32.ne (i32.load $m (i32.const 65532)) (i32.const 7)) (then (unreachable)))
                (local.get $failed)))"#,
        run: call_run,
        results: &[0, 1, 2, 3, 4, 5],
    },
    Case {
        name: "a new table",
        least_bytes: 8000,
        text: r#"(module (table 1000 externref) (table 2000 (ref null func) (ref.func $f))
            (func $f) (func (export "run") (result i32) (i32.add (table.size 0) (table.size 1))))"#,
        run: call_run,
        results: &[3000],
    },
    Case {
        name: "tables that grow",
        least_bytes: 8000,
        text: r#"(module (table $t 10 funcref) (elem (i32.const 9) func $f)
            (func $f (result i32) (i32.const 7))
            (func $step (param i32) (result i32)
                (i32.eq (table.grow $t (ref.null func) (local.get 0)) (i32.const -1)))
            (func (export "run") (result i32)
                (local $failed i32)
                (local.set $failed
                    (i32.add (call $step (i32.const 1000)) (i32.add (call $step (i32.const 1))
                        (call $step (i32.const 9000)))))
                (if (i32.ne (call_indirect (result i32) (i32.const 9)) (i32.const 7))
                    (then (unreachable)))
                (local.get $failed)))"#,
        run: call_run,
        results: &[0, 1, 2, 3],
    },
    Case {
        name: "the stack",
        least_bytes: 64 << 10,
        text: r#"(module (func (export "run") (result i32) (i32.const 7)))"#,
        run: call_run,
        results: &[7],
    },
    // Arrays, and so many small objects that their list of addresses is large.
    Case {
        name: "objects",
        least_bytes: 1000,
        text: r#"(module
            (type $a (array (mut i64)))
            (type $s (struct (field (ref null $s))))
            (type $b (array i8))
            (data $d "0123456789")
            (func (export "run") (result i32)
                (local $n i32) (local $list (ref null $s)) (local $a (ref $a))
                (local.set $a (array.new $a (i64.const 1) (i32.const 1000)))
                (loop $l
                    (local.set $list (struct.new $s (local.get $list)))
                    (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1)))
                        (i32.const 3000))))
                (array.copy $a $a (array.new_default $a (i32.const 500)) (i32.const 500)
                    (local.get $a) (i32.const 0) (i32.const 0))
                (i32.add (local.get $n) (array.len (local.get $a)))))"#,
        run: call_run,
        results: &[4000],
    },
    Case {
        name: "objects of constant expressions",
        least_bytes: 1000,
        text: r#"(module
            (type $a (array i64))
            (global $g (ref $a) (array.new $a (i64.const 1) (i32.const 1000)))
            (table $t 10 (ref null $a) (array.new_default $a (i32.const 2000)))
            (elem $e (ref $a) (array.new_default $a (i32.const 500)) (global.get $g))
            (func (export "run") (result i32)
                (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 2))
                (i32.add (array.len (table.get $t (i32.const 0)))
                    (array.len (table.get $t (i32.const 9))))))"#,
        run: call_run,
        results: &[2500],
    },
    // A reference to each, so that they are objects of the heap; many hold the list's memory.
    Case {
        name: "exceptions",
        least_bytes: 1000,
        text: r#"(module
            (tag $t (param i32))
            (type $s (struct (field exnref) (field (ref null $s))))
            (func (export "run") (result i32)
                (local $n i32) (local $list (ref null $s)) (local $e exnref)
                (loop $l
                    (block $h (result i32 exnref)
                        (try_table (catch_ref $t $h) (throw $t (i32.const 1)))
                        (unreachable))
                    (local.set $e)
                    (local.set $n (i32.add (local.get $n)))
                    (local.set $list (struct.new $s (local.get $e) (local.get $list)))
                    (br_if $l (i32.lt_u (local.get $n) (i32.const 1000))))
                (local.get $n)))"#,
        run: call_run,
        results: &[1000],
    },
    // Collected at once: so many that to list them would need memory.
    Case {
        name: "values of the host",
        least_bytes: 1000,
        text: "(module)",
        run: |store, _| {
            let mut count = 0;
            let mut made = Ok(());
            while made.is_ok() && count < 3000 {
                let mut scope = fulmar::RootScope::new(&mut *store);
                made = ExternRef::new(&mut scope, count).map(drop);
                count += 1;
            }
            store.gc();
            assert_eq!(store.gc_heap_bytes(), 0);
            made.map(|()| count)
        },
        results: &[3000],
    },
    Case {
        name: "an element segment",
        least_bytes: 2000,
        text: r#"(module
            (elem $e externref (ref.null extern) (ref.null extern)) (table $t 1 externref)
            (elem $f func $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f
                $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f
                $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f
                $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f
                $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f
                $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f
                $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f
                $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f
                $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f
                $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f)
            (func $f (export "run") (result i32) (i32.const 7)))"#,
        run: call_run,
        results: &[7],
    },
    Case {
        name: "memories and tables of the host",
        least_bytes: 8000,
        text: "(module)",
        run: |store, _| {
            let memory = Memory::new(&mut *store, MemoryType::new(1, None))?;
            let table = TableType::new(RefType::EXTERNREF, 1000, None);
            let table = Table::new(&mut *store, table, Ref::Extern(None))?;
            let grown = memory.grow(&mut *store, 3)?;
            let elements = table.grow(&mut *store, 5000, Ref::Extern(None))?;
            Ok((grown + elements) as i32)
        },
        results: &[1001],
    },
];

fn engine(mode: CompilationMode, stack: usize) -> Engine {
    let mut config = Config::new();
    // The allocator counts the requests of this thread.
    config.compilation_mode(mode).max_wasm_stack(stack).parallel_compilation(false);
    Engine::new(&config).unwrap()
}

/// Runs a case with this refusal and then with all memory; says how many requests were refused.
fn run_case(case: &Case, wasm: &[u8], refusal: Refusal) -> usize {
    let stack = if case.name == "the stack" { 1 << 20 } else { 960 };
    let engine = engine(CompilationMode::Eager, stack);
    let module = Module::new(&engine, wasm).unwrap();
    let mut store = Store::new(&engine, ());
    let (result, refused) = refusing(refusal, || (case.run)(&mut store, &module));
    let place = format!("{}, {refusal:?}, {refused} refused: {result:?}", case.name);
    match &result {
        Ok(result) => {
            assert!(case.results.contains(result), "{place}");
            assert!(refused > 0 || *result == case.results[0], "{place}");
        }
        // A trap, or a message; never one about something else.
        Err(error) => {
            assert!(refused > 0, "{place}");
            let text = error.to_string();
            let known = ["memory", "allocation", "failed to grow"];
            assert!(known.iter().any(|known| text.contains(known)), "{place}");
        }
    }
    store.gc();
    assert_eq!((case.run)(&mut store, &module).ok(), Some(case.results[0]), "{place}, and again");
    refused
}

/// Each request is refused once, alone and with all that follow.
fn refuse_each(case: &Case) -> usize {
    let wasm = wat::parse_str(case.text).unwrap();
    let mut requests = 0;
    for all in [false, true] {
        requests = 0;
        loop {
            let before = bytes_in_use();
            let refusal = Refusal { least_bytes: case.least_bytes, granted: requests, all };
            let refused = run_case(case, &wasm, refusal);
            assert_eq!(bytes_in_use(), before, "{}: {refusal:?}", case.name);
            if refused == 0 {
                break;
            }
            requests += 1;
        }
    }
    requests
}

/// A copy of the module.
fn a_module() {
    let wasm =
        wat::parse_str(format!("(module (@custom \"c\" \"{}\"))", "c".repeat(10_000))).unwrap();
    let before = bytes_in_use();
    let engine = engine(CompilationMode::Eager, 1 << 10);
    let refusal = Refusal { least_bytes: wasm.len(), granted: 0, all: true };
    let (result, refused) = refusing(refusal, || Module::new(&engine, &wasm));
    assert_eq!(refused, 1);
    assert_eq!(result.map(drop).unwrap_err().to_string(), "no memory for the module");
    Module::new(&engine, &wasm).unwrap();
    drop(engine);
    assert_eq!(bytes_in_use(), before);
}

/// The code of functions, as a module is made or as they are called first. Only the memory where code stays is
/// refused: it is asked for in ever larger parts, which no list of a translator of such functions is as large as.
fn code(mode: CompilationMode) {
    const LEAST_BYTES: usize = 24 << 10;
    const GROUPS: usize = 8;
    const GROUP: usize = 50;
    let step = "(local.set 0 (i32.add (i32.mul (local.get 0) (local.get 1)) (i32.const 70001)))";
    let func = format!("(func (param i32 i32) (result i32) {} (local.get 0))", step.repeat(20));
    let calls = |group: usize| -> String {
        let funcs = group * GROUP..(group + 1) * GROUP;
        funcs.map(|it| format!("(i32.const 3) (call {it}) ")).collect()
    };
    let groups: String = (0..GROUPS)
        .map(|it| format!("(func $group{it} (param i32) (result i32) (local.get 0) {})", calls(it)))
        .collect();
    let run: String = (0..GROUPS).map(|it| format!("(call $group{it})")).collect();
    let run = format!(r#"(func (export "run") (result i32) (i32.const 1) {run})"#);
    let funcs = func.repeat(GROUPS * GROUP);
    let wasm = wat::parse_str(format!("(module {funcs} {groups} {run})")).unwrap();
    let run = |refusal| {
        let engine = engine(mode, 8 << 10);
        let mut store = Store::new(&engine, ());
        let mut kept = None;
        let (result, refused) = refusing(refusal, || {
            let module = kept.insert(Module::new(&engine, &wasm)?);
            call_run(&mut store, module)
        });
        // The same module again: what was not translated is.
        let again = match kept {
            Some(module) => call_run(&mut store, &module),
            None => call_run(&mut store, &Module::new(&engine, &wasm).unwrap()),
        };
        (result, again.unwrap(), refused)
    };
    let (_, expected, _) = run(Refusal { least_bytes: usize::MAX, granted: 0, all: false });
    let mut refused_code = 0;
    for all in [false, true] {
        for granted in 0.. {
            let before = bytes_in_use();
            let refusal = Refusal { least_bytes: LEAST_BYTES, granted, all };
            let (result, again, refused) = run(refusal);
            assert_eq!(again, expected, "{mode:?}, {refusal:?}");
            let all_granted = result.is_ok();
            match result {
                // Code that can't be moved together stays where it is.
                Ok(result) if mode == CompilationMode::Eager && refused == 1 => {
                    assert_eq!(result, expected, "{mode:?}, {refusal:?}");
                }
                Ok(result) => assert_eq!((result, refused), (expected, 0), "{mode:?}, {refusal:?}"),
                Err(error) => match error.to_string().lines().next().unwrap() {
                    "no memory for the module" => {}
                    "no memory for the code of a function" => refused_code += 1,
                    other => panic!("{mode:?}, {refusal:?}: {other}"),
                },
            }
            assert_eq!(bytes_in_use(), before, "{mode:?}, {refusal:?}");
            if all_granted {
                break;
            }
        }
    }
    eprintln!("code, {mode:?}: {refused_code} refused");
    assert!(refused_code > 0, "{mode:?}: nothing was refused");
}

/// A module of functions that fill each list of the translator, one after the other; `run` calls all and adds up
/// what they give.
fn translated_module() -> Vec<u8> {
    let sum = |values: &str, count: usize| values.repeat(count) + &"i32.add ".repeat(count - 1);
    let ones = |count| "i32.const 1 ".repeat(count);
    let drops = |count| "drop ".repeat(count);
    let funcs = [
        // Runs of locals of different kinds, of which the last ones are used.
        format!(
            "(local $x i32) {} (local $y i32) local.get $x local.get $y (local.set $x (i32.const 3))
            local.get $x i32.add i32.add",
            "(local i32 i64 f32 f64 v128) ".repeat(60)
        ),
        // Old values of a local, and constants, below what copies them.
        format!(
            "(local $x i32) (local.set $x (i32.const 2)) {} (local.set $x (i32.const 3))
            {} (loop) (local.set $x) {} local.get $x i32.add",
            "local.get $x ".repeat(700),
            ones(700),
            "i32.add ".repeat(1398)
        ),
        // Tables: of few values to many depths, and of many values.
        format!(
            "(local $x i32) {} (br_table {} (i32.const 5) (local.get $x)) {}",
            "(block $b (result i32) (i32.const 1) (drop) ".repeat(40),
            (0..40).chain(0..40).map(|depth| format!("{depth} ")).collect::<String>(),
            ") ".repeat(40),
        ),
        format!(
            "(local $x i32) (block (type $wide) i32.const 9 {} (br_table 0 0 0 (local.get $x))) {}",
            ones(200),
            "i32.add ".repeat(199)
        ),
        // Clauses, nested, of which one catches.
        format!(
            "(block $h (result i32) (block $r (result i32 exnref) {} (throw $e (i32.const 4)) {}
            (i32.const 0) (br $h)) drop)",
            "(try_table (catch $e $h) (catch_ref $e $r) ".repeat(40),
            ") ".repeat(40),
        ),
        // Operands of vectors.
        format!(
            "v128.const i32x4 1 2 3 4 {} i32x4.extract_lane 0",
            "v128.const i32x4 5 6 7 8
            i8x16.shuffle 4 3 2 1 0 5 6 7 8 9 10 11 12 13 14 15 "
                .repeat(100)
        ),
        // Turns with values, few and many, and one that an accumulator carries.
        format!(
            "(local $x i32) (local.set $x (i32.const 3))
            {} (loop $l (type $through) (br_if $l (local.tee $x (i32.sub (local.get $x) (i32.const 1)))))
            {} {}
            (i32.const 9) (loop $m (param i32) (result i32) (i32.const 1) (i32.sub) (local.tee $x)
            (br_if $m (local.get $x))) i32.add",
            ones(200),
            drops(199),
            "(loop $n (br_if $n (i32.const 0)))".repeat(100),
        ),
        // Operands and results of calls, and of objects, which are not made: they would take memory, too.
        format!(
            "{ones} (call $through) {drops}
            (if (result i32) (i32.const 0)
                (then (struct.get $s 3 (struct.new $s {fields}))
                    (array.len (array.new_fixed $a 100 {fields})) i32.add)
                (else (i32.const 5)))
            i32.add",
            ones = ones(200),
            drops = drops(199),
            fields = ones(100),
        ),
        // Conditionals with parameters and results, nested.
        format!(
            "i32.const 7 {} {}",
            "i32.const 1 (if (param i32) (result i32) (then ".repeat(60),
            ") (else drop i32.const 1)) ".repeat(60),
        ),
        // A function that calls itself last, and a memory that is not the first one.
        "(call $again (i32.const 3) (i32.const 4)) (i32.load $m2 (i32.const 0)) i32.add".into(),
        sum("(i32.const 70001) (i32.const 2) (i32.mul) ", 100),
    ];
    let i32s = |count: usize| "i32 ".repeat(count);
    let (calls, funcs): (String, String) = funcs
        .iter()
        .enumerate()
        .map(|(at, body)| {
            let add = if at > 0 { "i32.add " } else { "" };
            (format!("(call $f{at}) {add}"), format!("(func $f{at} (result i32) {body})"))
        })
        .unzip();
    wat::parse_str(format!(
        r#"(module
            (type $wide (func (result {wide})))
            (type $through (func (param {wide}) (result {wide})))
            (type $s (struct {fields}))
            (type $a (array i32))
            (tag $e (param i32))
            (memory 1) (memory $m2 1)
            (func $through (type $through) {through})
            (func $again (param i32 i32) (result i32) (local i32 i64)
                (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
                (return_call $again (i32.sub (local.get 0) (i32.const 1))
                    (i32.add (local.get 1) (local.get 0))))
            {funcs}
            (func (export "run") (result i32) {calls}))"#,
        wide = i32s(200),
        fields = "(field i32) ".repeat(100),
        through = (0..200).map(|at| format!("local.get {at} ")).collect::<String>(),
    ))
    .unwrap()
}

/// What translating functions takes when they are called first: each request, from the first byte up. Together
/// with all that follow only larger ones are refused, since the error itself takes memory, too.
fn lazy_translation() {
    let wasm = translated_module();
    // So long that the engine does not keep what its translation took.
    let nops = "nop ".repeat(10_000);
    let first = format!(r#"(module (func (export "run") (result i32) {nops} (i32.const 7)))"#);
    let first = wat::parse_str(first).unwrap();
    let run = |refusal| {
        let engine = engine(CompilationMode::LazyTranslation, 64 << 10);
        let mut store = Store::new(&engine, ());
        // Then the store has its stack.
        call_run(&mut store, &Module::new(&engine, &first).unwrap()).unwrap();
        let module = Module::new(&engine, &wasm).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance.get_typed_func::<(), i32>(&mut store, "run").unwrap();
        let (result, refused) = refusing(refusal, || run.call(&mut store, ()));
        let again = run.call(&mut store, ()).unwrap();
        (result, again, refused)
    };
    let (expected, ..) = run(Refusal { least_bytes: usize::MAX, granted: 0, all: false });
    let expected = expected.unwrap();
    for (all, least_bytes) in [(false, 1), (true, 512)] {
        let mut requests = 0;
        // How often nothing but the translator could not be kept, which is no error: the next function
        // makes another.
        let mut not_kept = 0;
        loop {
            let before = bytes_in_use();
            let refusal = Refusal { least_bytes, granted: requests, all };
            let (result, again, refused) = run(refusal);
            assert_eq!(again, expected, "{refusal:?}");
            let all_granted = refused == 0;
            match result {
                Ok(result) => {
                    assert_eq!(result, expected, "{refusal:?}");
                    not_kept += usize::from(refused > 0);
                }
                Err(error) => {
                    assert!(refused > 0, "{refusal:?}: {error}");
                    let message = "no memory for the code of a function";
                    assert_eq!(error.to_string(), message, "{refusal:?}");
                }
            }
            assert_eq!(bytes_in_use(), before, "{refusal:?}");
            if all_granted {
                break;
            }
            requests += 1;
        }
        assert_eq!(not_kept, usize::from(!all), "requests that were refused without an error");
        eprintln!("lazy translation, from {least_bytes} bytes: {requests} requests");
        assert!(requests > 30, "so few requests are not all");
    }
}

#[test]
fn every_request_may_be_refused() {
    a_module();
    for mode in [CompilationMode::Eager, CompilationMode::LazyTranslation, CompilationMode::Lazy] {
        code(mode);
    }
    lazy_translation();
    for case in CASES {
        let requests = refuse_each(case);
        eprintln!("{}: {requests} requests", case.name);
        assert!(requests > 0, "{}: nothing was refused", case.name);
    }
}
