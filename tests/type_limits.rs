//! Modules with types at their limits, and beyond: accepted or refused in time and memory in
//! proportion to the module. Quadratic work would not come to an end.

use fulmar::{Engine, Error, Instance, Module, Store, StructRef, Val};
use std::fmt::Write;

fn module(engine: &Engine, text: &str) -> Result<Module, Error> {
    Module::new(engine, &wat::parse_str(text).unwrap())
}

/// A chain of this many subtypes, and a cast from the first to the last.
fn chain(len: usize) -> String {
    let mut text = String::from("(module (type $t0 (sub (struct)))");
    for number in 1..len {
        write!(text, "(type $t{number} (sub $t{} (struct)))", number - 1).unwrap();
    }
    let last = len - 1;
    write!(
        text,
        r#"(func (export "run") (result i32 i32)
            (ref.test (ref $t0) (struct.new $t{last})) (ref.test (ref $t{last}) (struct.new $t0))))"#
    )
    .unwrap();
    text
}

fn run<R: fulmar::WasmResults>(engine: &Engine, text: &str) -> R {
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module(engine, text).unwrap(), &[]).unwrap();
    let run = instance.get_typed_func::<(), R>(&mut store, "run").unwrap();
    run.call(&mut store, ()).unwrap()
}

#[test]
fn chains_of_subtypes() {
    let engine = Engine::default();
    assert_eq!(run::<(i32, i32)>(&engine, &chain(60)), (1, 0));
    let error = module(&engine, &chain(1000)).unwrap_err();
    assert!(error.to_string().contains("sub type hierarchy too deep"), "{error}");
}

#[test]
fn a_recursion_group_of_ten_thousand_types() {
    let engine = Engine::default();
    let mut text = String::from("(module (rec");
    for number in 0..10_000 {
        let (next, back) = ((number + 1) % 10_000, number / 2);
        write!(text, "(type $t{number} (struct (field (ref null $t{next}) (ref null $t{back}))))")
            .unwrap();
    }
    text.push_str(
        r#") (func (export "run") (result i32)
            (ref.test (ref $t9999) (struct.new $t0 (struct.new_default $t1) (ref.null none)))))"#,
    );
    // The same group is found again.
    for _ in 0..2 {
        assert_eq!(run::<i32>(&engine, &text), 0);
    }
}

#[test]
fn a_structure_of_ten_thousand_fields() {
    let engine = Engine::default();
    let text = |fields: usize| {
        let last = fields - 1;
        format!(
            r#"(module (type $s (struct {}))
                (func (export "make") (result (ref $s)) {} (struct.new $s))
                (func (export "run") (result i64) (local $s (ref $s))
                    (local.set $s (struct.new_default $s))
                    (struct.set $s {last} (local.get $s) (i64.const 7))
                    (struct.get $s {last} (local.get $s))))"#,
            "(field (mut i64))".repeat(fields),
            (0..fields).map(|field| format!("(i64.const {field})")).collect::<String>(),
        )
    };
    let most = text(10_000);
    assert_eq!(run::<i64>(&engine, &most), 7);
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, &most).unwrap(), &[]).unwrap();
    let make = instance.get_typed_func::<(), fulmar::Rooted<StructRef>>(&mut store, "make");
    let object = make.unwrap().call(&mut store, ()).unwrap();
    let fields: Vec<i64> = object.fields(&mut store).unwrap().filter_map(|it| it.i64()).collect();
    assert!(fields.iter().zip(0..).all(|(field, place)| *field == place));
    assert_eq!(fields.len(), 10_000);
    object.set_field(&mut store, 9_999, Val::I64(-1)).unwrap();
    assert!(module(&engine, &text(10_001)).is_err());
}

/// Each type refers twice to the one before: written out, the last one would have 2^5000 parts.
#[test]
fn types_that_would_expand_without_end() {
    let engine = Engine::default();
    for kind in ["(struct (field (ref null $T) (ref null $T)))", "(func (param (ref $T) (ref $T)))"]
    {
        let mut text = String::from("(module (type $t0 (struct))");
        for number in 1..5_000 {
            let kind = kind.replace("$T", &format!("$t{}", number - 1));
            write!(text, "(type $t{number} {kind})").unwrap();
        }
        text.push_str(r#"(func (export "f") (param (ref null $t4999))))"#);
        for _ in 0..2 {
            let module = module(&engine, &text).unwrap();
            let ty = module.get_export("f").unwrap();
            assert!(ty.to_string().len() < 100, "{ty}");
        }
    }
}

/// They are one type of the engine.
#[test]
fn a_hundred_thousand_identical_types() {
    let engine = Engine::default();
    let types = "(type (sub (struct (field i32 (ref null any)))))".repeat(100_000);
    let text = format!(
        r#"(module {types} (func (export "run") (result i32)
            (ref.test (ref 99999) (struct.new_default 0))))"#
    );
    assert_eq!(run::<i32>(&engine, &text), 1);
}
