//! What bounds the heap of objects, and that collecting costs no more than it should: in memory, on
//! the native stack, and in time, where quadratic work would not come to an end.

use fulmar::{
    AnyRef, ArrayRef, ArrayRefPre, ArrayType, AsContextMut, Caller, Config, Engine, Error, ExnRef,
    ExternRef, FieldType, Func, FuncType, Instance, Linker, Module, Mutability, RootScope, Rooted,
    Store, StructRef, StructRefPre, StructType, Tag, TagType, Trap, Val, ValType,
};
use std::thread;

mod counted;

use counted::Drops;

fn engine(bytes: usize, stress: bool) -> Engine {
    let mut config = Config::new();
    config.max_gc_heap(bytes).gc_stress(stress);
    Engine::new(&config).unwrap()
}

fn instance(store: &mut Store<()>, text: &str) -> Instance {
    let module = Module::new(&store.engine().clone(), &wat::parse_str(text).unwrap()).unwrap();
    Instance::new(store, &module, &[]).unwrap()
}

fn trap<T>(result: Result<T, Error>) -> Option<Trap> {
    result.err().and_then(|error| error.as_trap())
}

const LISTS: &str = r#"(module
    (type $s (struct (field i32) (field (mut (ref null $s)))))
    (type $bytes (array (mut i8)))
    (type $refs (array (mut (ref null $s))))
    (type $vectors (array (mut v128)))
    (global $list (mut (ref null $s)) (ref.null $s))
    ;; Keeps all it allocates.
    (func (export "keep") (param $n i32)
        (loop $l
            (global.set $list (struct.new $s (local.get $n) (global.get $list)))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "forget") (global.set $list (ref.null $s)))
    (func (export "length") (result i32)
        (local $list (ref null $s)) (local $n i32)
        (local.set $list (global.get $list))
        (block $end
            (loop $l
                (br_if $end (ref.is_null (local.get $list)))
                (local.set $list (struct.get $s 1 (local.get $list)))
                (local.set $n (i32.add (local.get $n) (i32.const 1)))
                (br $l)))
        (local.get $n))
    ;; Keeps nothing.
    (func (export "waste") (param $n i32) (result i32)
        (local $last (ref null $s))
        (loop $l
            (local.set $last (struct.new $s (local.get $n) (ref.null $s)))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (struct.get $s 0 (local.get $last)))
    (func (export "waste-arrays") (param $n i32) (param $len i32) (result i32)
        (local $a (ref null $bytes))
        (loop $l
            (local.set $a (array.new $bytes (i32.const 7) (local.get $len)))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (array.len (local.get $a)))
    (func (export "bytes") (param i32) (result (ref $bytes))
        (array.new $bytes (i32.const 1) (local.get 0)))
    (func (export "refs") (param i32) (result (ref $refs))
        (array.new $refs (ref.null $s) (local.get 0)))
    (func (export "vectors") (param i32) (result (ref $vectors))
        (array.new $vectors (v128.const i64x2 1 1) (local.get 0)))
    (func (export "default") (param i32) (result (ref $vectors))
        (array.new_default $vectors (local.get 0)))
    ;; A tree of this depth, each of whose nodes is made after both of its parts.
    (type $tree (struct (field (ref null $tree)) (field (ref null $tree)) (field i32)))
    (func $tree (param i32) (result (ref null $tree))
        (if (i32.eqz (local.get 0)) (then (return (ref.null $tree))))
        (struct.new $tree
            (call $tree (i32.sub (local.get 0) (i32.const 1)))
            (call $tree (i32.sub (local.get 0) (i32.const 1)))
            (local.get 0)))
    (func $sum (param (ref null $tree)) (result i32)
        (if (ref.is_null (local.get 0)) (then (return (i32.const 0))))
        (i32.add (struct.get $tree 2 (local.get 0))
            (i32.add (call $sum (struct.get $tree 0 (local.get 0)))
                (call $sum (struct.get $tree 1 (local.get 0))))))
    (func (export "tree") (param i32) (result i32) (call $sum (call $tree (local.get 0)))))"#;

/// A guest that keeps everything traps, and the store is as before: with what is there, and, when
/// that is gone, with room for others.
#[test]
fn a_guest_that_keeps_everything() {
    for limit in [100, 10_000, 1 << 20, 3 << 20] {
        let mut store = Store::new(&engine(limit, false), ());
        let instance = instance(&mut store, LISTS);
        let keep = instance.get_typed_func::<i32, ()>(&mut store, "keep").unwrap();
        let length = instance.get_typed_func::<(), i32>(&mut store, "length").unwrap();
        let forget = instance.get_typed_func::<(), ()>(&mut store, "forget").unwrap();
        let waste = instance.get_typed_func::<i32, i32>(&mut store, "waste").unwrap();
        let mut lengths = Vec::new();
        for _ in 0..3 {
            assert_eq!(trap(keep.call(&mut store, i32::MAX)), Some(Trap::AllocationTooLarge));
            assert!(store.gc_heap_bytes() <= limit);
            assert!(store.gc_heap_bytes() > limit - limit / 4, "{}", store.gc_heap_bytes());
            lengths.push(length.call(&mut store, ()).unwrap());
            // Still full: for guests and for the embedder.
            assert_eq!(trap(keep.call(&mut store, 1 << 20)), Some(Trap::AllocationTooLarge));
            let value = [0_u64; 1000];
            let mut last = None;
            for _ in 0..10 {
                let mut scope = RootScope::new(&mut store);
                last = trap(ExternRef::new(&mut scope, value));
            }
            assert!(last.is_none() || last == Some(Trap::AllocationTooLarge));
            forget.call(&mut store, ()).unwrap();
            assert_eq!(waste.call(&mut store, 1000).unwrap(), 1, "there is room again");
            store.gc();
            assert_eq!(store.gc_heap_bytes(), 0);
        }
        assert!(
            lengths[0] > 0 && lengths.iter().all(|length| *length == lengths[0]),
            "{lengths:?}"
        );
    }
}

/// What the embedder makes is bounded, too, by an error; a store without a heap works.
#[test]
fn an_embedder_that_keeps_everything() {
    let engine = engine(10_000, false);
    let mut store = Store::new(&engine, ());
    let fields = [FieldType::new(Mutability::Var, ValType::I64)];
    let structs = StructType::new(&engine, fields).unwrap();
    let structs = StructRefPre::new(&mut store, structs);
    let arrays = ArrayType::new(&engine, fields[0]);
    let arrays = ArrayRefPre::new(&mut store, arrays);
    let tag = Tag::new(&mut store, TagType::new(FuncType::new([ValType::I64], []))).unwrap();
    type Make<'a> = &'a dyn Fn(&mut RootScope<&mut Store<()>>) -> Result<(), Error>;
    let all: [Make<'_>; 4] = [
        &|store| ExternRef::new(store, 1).map(drop),
        &|store| StructRef::new(store, &structs, &[Val::I64(1)]).map(drop),
        &|store| ArrayRef::new(store, &arrays, &Val::I64(1), 9).map(drop),
        &|store| ExnRef::new(store, tag, &[Val::I64(1)]).map(drop),
    ];
    for make in all {
        let mut scope = RootScope::new(&mut store);
        let made = (0..1000).take_while(|_| make(&mut scope).is_ok()).count();
        assert!((50..1000).contains(&made), "{made}");
        assert_eq!(trap(make(&mut scope)), Some(Trap::AllocationTooLarge));
        drop(scope);
        let mut scope = RootScope::new(&mut store);
        assert!(make(&mut scope).is_ok());
    }

    let mut store = Store::new(&self::engine(0, false), ());
    assert_eq!(trap(ExternRef::new(&mut store, 1)), Some(Trap::AllocationTooLarge));
    let instance = instance(&mut store, LISTS);
    let waste = instance.get_typed_func::<i32, i32>(&mut store, "waste").unwrap();
    assert_eq!(trap(waste.call(&mut store, 1)), Some(Trap::AllocationTooLarge));
    let length = instance.get_typed_func::<(), i32>(&mut store, "length").unwrap();
    assert_eq!(length.call(&mut store, ()).unwrap(), 0);
}

/// An allocation that fits when garbage is gone never fails, whatever is allocated and whatever the
/// limit is.
#[test]
fn a_full_heap_is_collected_before_it_is_refused() {
    let text = r#"(module
        (tag $empty) (tag $i32 (param i32)) (tag $v128 (param v128 i64))
        (type $s (struct (field i32)))
        (func (export "empty") (param $n i32)
            (loop $l
                (block $h (result exnref) (try_table (catch_all_ref $h) (throw $empty)) (unreachable))
                (drop)
                (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (func (export "v128") (param $n i32)
            (loop $l
                (block $h (result exnref)
                    (try_table (catch_all_ref $h) (throw $v128 (v128.const i64x2 1 2) (i64.const 3)))
                    (unreachable))
                (drop)
                (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (func (export "struct") (param $n i32)
            (loop $l
                (drop (struct.new $s (local.get $n)))
                (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;
    for limit in 200..280 {
        let mut store = Store::new(&engine(limit, false), ());
        let instance = instance(&mut store, text);
        for name in ["empty", "v128", "struct", "empty"] {
            let run = instance.get_typed_func::<i32, ()>(&mut store, name).unwrap();
            run.call(&mut store, 100).unwrap_or_else(|error| panic!("{name}, {limit}: {error}"));
        }
        let tag = Tag::new(&mut store, TagType::new(FuncType::new([], []))).unwrap();
        for _ in 0..100 {
            let mut scope = RootScope::new(&mut store);
            ExnRef::new(&mut scope, tag, &[]).unwrap();
        }
        for _ in 0..100 {
            let mut scope = RootScope::new(&mut store);
            ExternRef::new(&mut scope, ()).unwrap();
        }
    }
}

#[test]
fn a_guest_that_keeps_nothing() {
    let mut store = Store::new(&engine(1 << 20, false), ());
    let instance = instance(&mut store, LISTS);
    let waste = instance.get_typed_func::<i32, i32>(&mut store, "waste").unwrap();
    assert_eq!(waste.call(&mut store, 1_000_000).unwrap(), 1);
    assert!(store.gc_heap_bytes() <= 1 << 20);
    // The same where the limit would allow more, which is not needed.
    let mut store = Store::new(&Engine::default(), ());
    let instance = self::instance(&mut store, LISTS);
    let waste = instance.get_typed_func::<i32, i32>(&mut store, "waste").unwrap();
    assert_eq!(waste.call(&mut store, 1_000_000).unwrap(), 1);
    assert!(store.gc_heap_bytes() <= 1 << 20);
    // Large ones: 100,000 arrays of 10,000 bytes are a gigabyte.
    let waste = instance.get_typed_func::<(i32, i32), i32>(&mut store, "waste-arrays").unwrap();
    let count = if cfg!(debug_assertions) { 1_000 } else { 100_000 };
    assert_eq!(waste.call(&mut store, (count, 10_000)).unwrap(), 10_000);
    assert!(store.gc_heap_bytes() <= 1 << 20);
    let count = if cfg!(debug_assertions) { 3 } else { 100 };
    assert_eq!(waste.call(&mut store, (count, 3 << 20)).unwrap(), 3 << 20);
    assert!(store.gc_heap_bytes() <= 7 << 20);
}

/// Refused at once: no memory is asked for, nor written.
#[test]
fn huge_arrays() {
    let mut store = Store::new(&Engine::default(), ());
    let instance = instance(&mut store, LISTS);
    for name in ["bytes", "refs", "vectors", "default"] {
        let make = instance.get_typed_func::<i32, Rooted<ArrayRef>>(&mut store, name).unwrap();
        for len in [-1, i32::MIN, i32::MAX, 1 << 30] {
            let made = make.call(&mut store, len);
            assert_eq!(trap(made), Some(Trap::AllocationTooLarge), "{name} {len}");
            assert_eq!(store.gc_heap_bytes(), 0);
        }
    }
    // As a constant expression, and from segments.
    for (name, global) in [
        ("new", "(array.new $a (i32.const 1) (i32.const -1))"),
        ("new_default", "(array.new_default $a (i32.const -1))"),
    ] {
        let text = format!("(module (type $a (array i32)) (global (ref $a) {global}))");
        let module = Module::new(store.engine(), &wat::parse_str(text).unwrap()).unwrap();
        let error = Instance::new(&mut store, &module, &[]).unwrap_err();
        assert_eq!(error.as_trap(), Some(Trap::AllocationTooLarge), "{name}");
    }
}

/// Objects that refer to each other in a chain, however long, are traced and freed without native
/// recursion; as are those that only the embedder or an error holds.
#[test]
fn long_chains_need_no_native_stack() {
    let run = || {
        let mut store = Store::new(&Engine::default(), ());
        let instance = instance(&mut store, LISTS);
        let keep = instance.get_typed_func::<i32, ()>(&mut store, "keep").unwrap();
        let length = instance.get_typed_func::<(), i32>(&mut store, "length").unwrap();
        let forget = instance.get_typed_func::<(), ()>(&mut store, "forget").unwrap();
        keep.call(&mut store, 1_000_000).unwrap();
        store.gc();
        assert_eq!(length.call(&mut store, ()).unwrap(), 1_000_000);
        forget.call(&mut store, ()).unwrap();
        store.gc();
        assert_eq!(store.gc_heap_bytes(), 0);
        keep.call(&mut store, 1_000_000).unwrap();
        drop(store);
    };
    thread::Builder::new().stack_size(256 << 10).spawn(run).unwrap().join().unwrap();
}

#[test]
fn a_million_references_to_exceptions() {
    let text = r#"(module
        (tag $t (param i32))
        (func $throw (param i32) (throw $t (local.get 0)))
        (func (export "run") (param $n i32) (result i32)
            (local $e exnref) (local $sum i32)
            (loop $l
                (block $h (result i32 exnref)
                    (try_table (catch_ref $t $h) (call $throw (local.get $n)))
                    (unreachable))
                (local.set $e) (drop)
                (block $h (result i32)
                    (try_table (catch $t $h) (throw_ref (local.get $e)))
                    (unreachable))
                (local.set $sum (i32.add (local.get $sum)))
                (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $sum)))"#;
    let mut store = Store::new(&engine(1 << 20, false), ());
    let instance = instance(&mut store, text);
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
    assert_eq!(run.call(&mut store, 1_000_000).unwrap(), 1_784_293_664);
    assert!(store.gc_heap_bytes() <= 1 << 20);
}

/// While a heap is nearly full of what stays, garbage is still collected many objects at a time.
/// Collections are seen by the drops: all garbage of the time between two goes at once.
#[test]
fn a_nearly_full_heap_is_not_collected_all_the_time() {
    let limit = 4 << 20;
    for kept in [50, 80, 86, 99] {
        let engine = engine(limit, false);
        let mut linker = Linker::<(Drops, usize, usize)>::new(&engine);
        let new = |mut caller: Caller<'_, (Drops, usize, usize)>| {
            let value = caller.data().0.value();
            let new = ExternRef::new(&mut caller, value)?;
            let (drops, before, collections) = caller.data_mut();
            if drops.count() > *before {
                (*before, *collections) = (drops.count(), *collections + 1);
            }
            Ok::<_, Error>(new)
        };
        linker.func_wrap("host", "new", new).unwrap();
        let text = r#"(module
            (import "host" "new" (func $new (result (ref extern))))
            (type $a (array i8))
            (global $kept (mut (ref null $a)) (ref.null $a))
            (func (export "keep") (param i32)
                (global.set $kept (array.new_default $a (local.get 0))))
            (func (export "waste") (param $n i32)
                (loop $l
                    (drop (call $new))
                    (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;
        let module = Module::new(&engine, &wat::parse_str(text).unwrap()).unwrap();
        let mut store = Store::new(&engine, (Drops::default(), 0, 0));
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let keep = instance.get_typed_func::<i32, ()>(&mut store, "keep").unwrap();
        keep.call(&mut store, (limit / 100 * kept) as i32).unwrap();
        let waste = instance.get_typed_func::<i32, ()>(&mut store, "waste").unwrap();
        let wasted = waste.call(&mut store, 200_000);
        if kept == 99 {
            // So little room would be collected again and again: nothing is allocated there.
            assert_eq!(trap(wasted), Some(Trap::AllocationTooLarge));
            continue;
        }
        wasted.unwrap();
        let (drops, _, collections) = store.data();
        // An eighth of the limit is room for more than 10,000 values.
        assert!((1..25).contains(collections), "{kept}%: {collections}");
        assert!(drops.count() > 180_000);
    }
}

/// A heap that was large once does not make later collections slow.
#[test]
fn after_a_large_heap() {
    let mut store = Store::new(&Engine::default(), ());
    let instance = instance(&mut store, LISTS);
    let keep = instance.get_typed_func::<i32, ()>(&mut store, "keep").unwrap();
    let forget = instance.get_typed_func::<(), ()>(&mut store, "forget").unwrap();
    let waste = instance.get_typed_func::<i32, i32>(&mut store, "waste").unwrap();
    keep.call(&mut store, 1_000_000).unwrap();
    forget.call(&mut store, ()).unwrap();
    store.gc();
    assert_eq!(store.gc_heap_bytes(), 0);
    // Less than what the million handles are worth: all of it is still there.
    assert_eq!(waste.call(&mut store, 100_000).unwrap(), 1);
    assert!(store.gc_heap_bytes() > 100_000 * 16);
}

/// Stress changes nothing but the time.
#[test]
fn stress_computes_the_same() {
    let mut results = Vec::new();
    for stress in [false, true] {
        let mut store = Store::new(&engine(1 << 20, stress), ());
        let instance = instance(&mut store, LISTS);
        let tree = instance.get_typed_func::<i32, i32>(&mut store, "tree").unwrap();
        let keep = instance.get_typed_func::<i32, ()>(&mut store, "keep").unwrap();
        let length = instance.get_typed_func::<(), i32>(&mut store, "length").unwrap();
        let waste = instance.get_typed_func::<i32, i32>(&mut store, "waste").unwrap();
        let sum = tree.call(&mut store, 8).unwrap();
        keep.call(&mut store, 300).unwrap();
        assert_eq!(waste.call(&mut store, 300).unwrap(), 1);
        results.push((sum, length.call(&mut store, ()).unwrap()));
        // With stress there is never more garbage than what was made last, and what frames still
        // have: the tree is gone.
        let nodes = store.gc_heap_bytes();
        store.gc();
        assert_eq!(nodes - store.gc_heap_bytes() < 100, stress);
    }
    assert_eq!(results[0], results[1]);
    assert_eq!(results[0], (502, 300));
}

/// Host functions that are called with references make no list that grows without end.
#[test]
fn a_million_calls_of_the_host() {
    let mut store = Store::new(&engine(1 << 20, false), ());
    let text = r#"(module
        (import "h" "f" (func $f (param anyref) (result anyref)))
        (type $s (struct (field i32)))
        (func (export "run") (param $n i32)
            (loop $l
                (drop (call $f (struct.new $s (local.get $n))))
                (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;
    let module = Module::new(&store.engine().clone(), &wat::parse_str(text).unwrap()).unwrap();
    let identity =
        Func::wrap(&mut store, |mut caller: Caller<'_, ()>, it: Option<Rooted<AnyRef>>| {
            let object = it.unwrap().as_struct(&caller)?.unwrap();
            object.field(caller.as_context_mut(), 0)?;
            Ok::<_, Error>(Some(object.to_anyref()))
        });
    let instance = Instance::new(&mut store, &module, &[identity.into()]).unwrap();
    let run = instance.get_typed_func::<i32, ()>(&mut store, "run").unwrap();
    run.call(&mut store, 1_000_000).unwrap();
    assert!(store.gc_heap_bytes() <= 1 << 20);
}
