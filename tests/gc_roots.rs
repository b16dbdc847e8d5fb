//! What is alive while a host function collects: everything that the guest still reaches, wherever
//! it is, and nothing else.
//!
//! Each object is a value of the host that counts when it is dropped, or leads to one.

mod configurations;
mod counted;

use configurations::{Configuration, configurations};
use counted::{Drops, Value};
use fulmar::{
    AsContextMut, Caller, Engine, Error, Exception, ExnRef, ExternRef, Linker, Module, Rooted,
    Store,
};

/// What each module begins with: `$new` makes a value, `$gc` collects and says how many values were
/// dropped so far, and `$live` says how many there are.
const PRELUDE: &str = r#"
    (import "host" "new" (func $new (result (ref extern))))
    (import "host" "gc" (func $gc))
    (import "host" "live" (func $live (result i32)))
    (import "host" "check" (func $check (param externref)))
    (type $s (struct (field $x (mut externref)) (field $next (mut (ref null $s)))))
    (type $a (array (mut externref)))
    (type $n (array (mut (ref null $s))))
    (func $s (result (ref $s)) (struct.new $s (call $new) (ref.null $s)))"#;

struct Host {
    drops: Drops,
    made: usize,
}

fn linker(engine: &Engine) -> Linker<Host> {
    let mut linker = Linker::<Host>::new(engine);
    let new = |mut caller: Caller<'_, Host>| {
        caller.data_mut().made += 1;
        let value = caller.data().drops.value();
        ExternRef::new(&mut caller, value)
    };
    linker.func_wrap("host", "new", new).unwrap();
    let gc = |mut caller: Caller<'_, Host>| caller.as_context_mut().gc();
    linker.func_wrap("host", "gc", gc).unwrap();
    let live = |caller: Caller<'_, Host>| (caller.data().made - caller.data().drops.count()) as i32;
    linker.func_wrap("host", "live", live).unwrap();
    // That the value is really there.
    let check = |mut caller: Caller<'_, Host>, it: Option<Rooted<ExternRef>>| {
        let it = it.ok_or_else(|| Error::msg("null"))?;
        let caller = caller.as_context_mut();
        let data = it.data(&caller)?;
        assert!(data.is_some_and(|data| data.is::<Value>()));
        Ok::<_, Error>(())
    };
    linker.func_wrap("host", "check", check).unwrap();
    linker
}

/// Runs the function `run` of a module in each configuration: it gives the number of values that are
/// alive where it says, which are to be `expected`, and all are gone in the end if `all`.
fn run(text: &str, expected: i32, all: bool) {
    let text = format!("(module {PRELUDE} {text})");
    let wasm = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"));
    for Configuration { name, config, metered, .. } in configurations() {
        let engine = Engine::new(&config).unwrap();
        let module = Module::new(&engine, &wasm).unwrap();
        let drops = Drops::default();
        let mut store = Store::new(&engine, Host { drops: drops.clone(), made: 0 });
        if metered {
            store.set_fuel(1 << 40).unwrap();
        }
        let instance = linker(&engine).instantiate(&mut store, &module).unwrap();
        let run = instance.get_typed_func::<(), i32>(&mut store, "run").unwrap();
        assert_eq!(run.call(&mut store, ()).unwrap(), expected, "{name}");
        store.gc();
        if all {
            assert_eq!(drops.count(), store.data().made, "{name}");
            assert_eq!(store.gc_heap_bytes(), 0, "{name}");
        }
        assert!(drops.count() < store.data().made || all, "{name}");
        drop(store);
    }
}

#[test]
fn locals_and_parameters() {
    let text = r#"
        (func $inner (param externref) (param (ref $s)) (result i32)
            (local $a externref) (local $b (ref null $s))
            (local.set $a (call $new))
            (local.set $b (call $s))
            (call $gc)
            (call $live)
            (call $check (local.get 0)) (call $check (local.get $a))
            (call $check (struct.get $s $x (local.get 1)))
            (call $check (struct.get $s $x (local.get $b))))
        (func (export "run") (result i32) (call $inner (call $new) (call $s)))"#;
    run(text, 4, true);
}

/// A local that is set to something else keeps nothing.
#[test]
fn locals_that_were_set() {
    let text = r#"
        (func (export "run") (result i32)
            (local $a externref) (local $b externref)
            (local.set $a (call $new))
            (local.set $b (local.get $a))
            (local.set $a (call $new))
            (local.set $b (local.get $a))
            (local.set $a (ref.null extern))
            (call $gc)
            (call $live)
            (call $check (local.get $b)))"#;
    run(text, 1, true);
}

#[test]
fn operands() {
    let text = r#"
        (func (export "run") (result i32)
            (local $live i32)
            (call $new) (call $s) (call $new) (i32.const 5) (call $new)
            (call $gc)
            (local.set $live (call $live))
            (call $check) (drop) (call $check) (call $check (struct.get $s $x)) (call $check)
            (local.get $live))"#;
    run(text, 4, true);
}

/// Operands of the instruction that collects, of an instruction that allocates, and of a block.
#[test]
fn operands_of_what_allocates() {
    let text = r#"
        (func (export "run") (result i32)
            (local $a (ref $a)) (local $live i32) (local $s (ref null $s))
            (local.set $a (array.new_fixed $a 3 (call $new) (call $new)
                (block (result externref) (call $gc) (call $new))))
            (local.set $s (struct.new $s (call $new)
                (struct.new $s (block (result externref) (call $gc) (call $new)) (call $s))))
            (call $gc)
            (local.set $live (call $live))
            (call $check (array.get $a (local.get $a) (i32.const 0)))
            (call $check (array.get $a (local.get $a) (i32.const 2)))
            (loop $l
                (call $check (struct.get $s $x (local.get $s)))
                (local.set $s (struct.get $s $next (local.get $s)))
                (br_if $l (i32.eqz (ref.is_null (local.get $s)))))
            (local.get $live))"#;
    run(text, 6, true);
}

#[test]
fn frames_of_callers() {
    let text = r#"
        (func $deep (param i32 externref) (result i32)
            (local $mine (ref null $s)) (local $live i32)
            (if (i32.eqz (local.get 0)) (then (call $gc) (return (call $live))))
            (local.set $mine (call $s))
            (call $new)
            (local.set $live (call $deep (i32.sub (local.get 0) (i32.const 1)) (call $new)))
            (call $check)
            (call $check (local.get 1))
            (call $check (struct.get $s $x (local.get $mine)))
            (local.get $live))
        (func (export "run") (result i32) (call $deep (i32.const 10) (call $new)))"#;
    run(text, 31, true);
}

/// What a tail call leaves behind is no root.
#[test]
fn frames_that_tail_calls_have_left() {
    let text = r#"
        (func $step (param i32 externref) (result i32)
            (local externref externref)
            (local.set 2 (call $new))
            (local.set 3 (local.get 1))
            (if (i32.eqz (local.get 0)) (then (call $gc) (return (call $live))))
            (return_call $step (i32.sub (local.get 0) (i32.const 1)) (local.get 2)))
        (func (export "run") (result i32) (call $step (i32.const 100) (call $new)))"#;
    run(text, 2, true);
}

#[test]
fn globals() {
    let text = r#"
        (global $a (mut externref) (ref.null extern))
        (global $b (mut (ref null $s)) (ref.null $s))
        (global $c (mut anyref) (ref.null any))
        (func (export "run") (result i32)
            (global.set $a (call $new))
            (global.set $a (call $new))
            (global.set $b (call $s))
            (global.set $c (any.convert_extern (call $new)))
            (call $gc)
            (call $live)
            (call $check (global.get $a))
            (call $check (struct.get $s $x (global.get $b)))
            (call $check (extern.convert_any (global.get $c))))"#;
    run(text, 3, false);
}

#[test]
fn tables() {
    let text = r#"
        (table $a 4 externref) (table $b 1 (ref null $s)) (table $f 10 funcref)
        (func (export "run") (result i32)
            (table.set $a (i32.const 3) (call $new))
            (table.set $a (i32.const 2) (call $new))
            (table.set $a (i32.const 2) (ref.null extern))
            (drop (table.grow $b (call $s) (i32.const 100)))
            (table.fill $a (i32.const 0) (call $new) (i32.const 2))
            (call $gc)
            (call $live)
            (call $check (table.get $a (i32.const 3)))
            (call $check (table.get $a (i32.const 0)))
            (call $check (struct.get $s $x (table.get $b (i32.const 100)))))"#;
    run(text, 3, false);
}

/// Exceptions keep what they carry: while they are on their way through host functions, and as
/// long as there is a reference.
#[test]
fn exceptions() {
    let text = r#"
        (tag $t (param externref i32 (ref $s)))
        (func $throw (throw $t (call $new) (i32.const 1) (call $s)))
        (func $catch (result exnref)
            (block $h (result exnref)
                (try_table (catch_all_ref $h) (call $throw))
                (unreachable)))
        (func (export "run") (result i32)
            (local $e exnref) (local $live i32) (local $s (ref null $s))
            (drop (call $catch))
            (local.set $e (call $catch))
            (call $gc)
            (local.set $live (call $live))
            (block $h (result externref i32 (ref $s))
                (try_table (catch $t $h) (throw_ref (local.get $e)))
                (unreachable))
            (local.set $s) (drop)
            (call $check)
            (call $check (struct.get $s $x (local.get $s)))
            (local.get $live))"#;
    run(text, 2, true);
}

/// `catch_ref` allocates when the values that are thrown are nowhere else any more.
#[test]
fn what_is_caught_by_reference() {
    let text = r#"
        (tag $t (param externref (ref $s)))
        (func $down (param i32)
            (if (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1)))))
            (throw $t (call $new) (call $s)))
        (func (export "run") (result i32)
            (local $below externref) (local $live i32) (local $e exnref)
            (call $new)
            (block $h (result externref (ref $s) exnref)
                (try_table (catch_ref $t $h) (call $down (i32.const 20)))
                (unreachable))
            (local.set $e)
            (call $gc)
            (local.set $live (call $live))
            (call $check (struct.get $s $x))
            (call $check)
            (call $check)
            (block $h (result externref (ref $s))
                (try_table (catch $t $h) (throw_ref (local.get $e)))
                (unreachable))
            (drop) (call $check)
            (local.get $live))"#;
    run(text, 3, true);
}

#[test]
fn fields_and_elements() {
    let text = r#"
        (func (export "run") (result i32)
            (local $a (ref $a)) (local $n (ref $n)) (local $s (ref $s))
            (local.set $a (array.new_default $a (i32.const 100)))
            (local.set $n (array.new $n (call $s) (i32.const 5)))
            (local.set $s (struct.new $s (call $new) (call $s)))
            (array.set $a (local.get $a) (i32.const 99) (call $new))
            (array.set $n (local.get $n) (i32.const 3) (local.get $s))
            (struct.set $s $x (local.get $s) (call $new))
            (array.fill $a (local.get $a) (i32.const 5) (call $new) (i32.const 10))
            (array.copy $a $a (local.get $a) (i32.const 20) (local.get $a) (i32.const 5) (i32.const 5))
            (array.fill $a (local.get $a) (i32.const 0) (ref.null extern) (i32.const 20))
            ;; A cycle.
            (struct.set $s $next (struct.get $s $next (local.get $s)) (local.get $s))
            (local.set $s (ref.as_non_null (struct.get $s $next (local.get $s))))
            (call $gc)
            (call $live)
            (call $check (array.get $a (local.get $a) (i32.const 99)))
            (call $check (array.get $a (local.get $a) (i32.const 24)))
            (call $check (struct.get $s $x (local.get $s)))
            (call $check (struct.get $s $x (struct.get $s $next (local.get $s))))
            (call $check (struct.get $s $x (array.get $n (local.get $n) (i32.const 4)))))"#;
    run(text, 5, true);
}

/// Objects in segments live until the segment is dropped.
#[test]
fn element_segments() {
    let text = r#"
        (elem $e (ref $n)
            (item (array.new_default $n (i32.const 2))) (item (array.new_default $n (i32.const 3))))
        (type $e (array (ref $n)))
        (func $first (result (ref $n))
            (array.get $e (array.new_elem $e $e (i32.const 1) (i32.const 1)) (i32.const 0)))
        (func $put (array.set $n (call $first) (i32.const 2) (call $s)))
        (func $clear (param i32) (result i32)
            (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
            (i32.add (local.get 0) (call $clear (i32.sub (local.get 0) (i32.const 1)))))
        (func (export "run") (result i32)
            (local $before i32)
            (call $put)
            (call $gc)
            (local.set $before (call $live))
            (call $check (struct.get $s $x (array.get $n (call $first) (i32.const 2))))
            (elem.drop $e)
            (drop (call $clear (i32.const 10)))
            (call $gc)
            (i32.add (i32.mul (i32.const 10) (local.get $before)) (call $live)))"#;
    run(text, 10, true);
}

/// What a host function got, and what its own callees got, is alive until it returns; and the
/// guest's objects are while other guests run above it.
#[test]
fn nested_guests_and_hosts() {
    for Configuration { name, config, metered, .. } in configurations() {
        let engine = Engine::new(&config).unwrap();
        let drops = Drops::default();
        let mut linker = linker(&engine);
        let again = |mut caller: Caller<'_, Host>, depth: i32, it: Option<Rooted<ExternRef>>| {
            let run = caller.get_export("down").unwrap().into_func().unwrap();
            let run = run.typed::<i32, i32>(&caller)?;
            let live = run.call(&mut caller, depth)?;
            let caller = caller.as_context_mut();
            assert!(it.unwrap().data(&caller)?.is_some());
            Ok::<_, Error>(live)
        };
        linker.func_wrap("host", "again", again).unwrap();
        let text = format!(
            r#"(module {}
                (func $down (export "down") (param i32) (result i32)
                    (local $mine externref) (local $live i32)
                    (if (i32.eqz (local.get 0)) (then (call $gc) (return (call $live))))
                    (local.set $mine (call $new))
                    (call $new)
                    (local.set $live
                        (call $again (i32.sub (local.get 0) (i32.const 1)) (call $new)))
                    (call $check)
                    (call $check (local.get $mine))
                    (local.get $live)))"#,
            PRELUDE.replacen(
                "(import",
                r#"(import "host" "again" (func $again (param i32 externref) (result i32))) (import"#,
                1
            )
        );
        let module = Module::new(&engine, &wat::parse_str(&text).unwrap()).unwrap();
        let mut store = Store::new(&engine, Host { drops: drops.clone(), made: 0 });
        if metered {
            store.set_fuel(1 << 40).unwrap();
        }
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let down = instance.get_typed_func::<i32, i32>(&mut store, "down").unwrap();
        assert_eq!(down.call(&mut store, 20).unwrap(), 60, "{name}");
        store.gc();
        assert_eq!((drops.count(), store.gc_heap_bytes()), (60, 0), "{name}");
    }
}

/// An error that the embedder holds keeps what its exception carries, and lets go of it.
#[test]
fn errors() {
    let engine = Engine::default();
    let drops = Drops::default();
    let text = format!(
        r#"(module {PRELUDE}
            (tag $t (export "t") (param externref (ref $s) exnref))
            (func $exn (result exnref)
                (block $h (result exnref)
                    (try_table (catch_all_ref $h) (throw $t (call $new) (call $s) (ref.null exn)))
                    (unreachable)))
            (func (export "throw") (throw $t (call $new) (call $s) (call $exn)))
            (func (export "catch") (param $e exnref)
                (try_table (catch_all 0) (throw_ref (local.get $e)))))"#
    );
    let module = Module::new(&engine, &wat::parse_str(&text).unwrap()).unwrap();
    let mut store = Store::new(&engine, Host { drops: drops.clone(), made: 0 });
    let instance = linker(&engine).instantiate(&mut store, &module).unwrap();
    let throw = instance.get_typed_func::<(), ()>(&mut store, "throw").unwrap();
    let error = throw.call(&mut store, ()).unwrap_err();
    store.gc();
    assert_eq!(drops.count(), 0);
    let exception = error.as_exception().unwrap();
    let it = exception.fields()[0].extern_ref().unwrap().unwrap();
    assert!(it.data(&store).unwrap().is_some());
    {
        let mut scope = fulmar::RootScope::new(&mut store);
        let inner: Rooted<ExnRef> = exception.fields()[2].exn_ref().unwrap().unwrap();
        let inner = inner.exception(&mut scope).unwrap();
        let it = inner.fields()[0].extern_ref().unwrap().unwrap();
        scope.as_context_mut().gc();
        assert!(it.data(&scope.as_context_mut()).unwrap().is_some());
        // Thrown again by the embedder, and caught.
        let again = ExnRef::new(&mut scope, inner.tag(), inner.fields()).unwrap();
        let catch = instance.get_typed_func::<Option<Rooted<ExnRef>>, ()>(&mut scope, "catch");
        catch.unwrap().call(&mut scope, Some(again)).unwrap();
    }
    let copy: Exception = exception.clone();
    drop(error);
    store.gc();
    assert_eq!(drops.count(), 0);
    drop(copy);
    store.gc();
    assert_eq!((drops.count(), store.gc_heap_bytes()), (4, 0));
}
