//! Functions whose slots are beyond the reach of instructions, because they have so many locals or
//! so many values on the operand stack: all operands and results pass through scratch slots.

mod configurations;

use configurations::{Configuration, configurations};
use fulmar::{Engine, Instance, Module, Store, V128, Val};

/// Calls the export `run` of a module in every configuration, and compares its results.
fn run(text: &str, params: &[Val], expected: &[Val]) {
    let wasm = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"));
    for Configuration { name, config, metered, .. } in configurations() {
        let engine = Engine::new(&config).unwrap();
        let module = Module::new(&engine, &wasm).unwrap();
        let mut store = Store::new(&engine, ());
        if metered {
            store.set_fuel(1 << 40).unwrap();
        }
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let func = instance.get_func(&mut store, "run").unwrap();
        let mut results = vec![Val::I32(0); expected.len()];
        func.call(&mut store, params, &mut results).unwrap();
        let print = |vals: &[Val]| vals.iter().map(|val| format!("{val:?}")).collect::<Vec<_>>();
        assert_eq!(print(&results), print(expected), "{name}");
    }
}

/// Locals that take more slots than are in reach.
fn locals() -> String {
    format!("(local {})", "v128 ".repeat(4200))
}

/// The instructions that push, and those that drop, more values than are in reach.
fn deep_stack() -> (String, String) {
    ("(v128.const i64x2 -7 -8)".repeat(4200), "(drop)".repeat(4200))
}

fn v128(low: u64, high: u64) -> Val {
    Val::V128(V128::from(u128::from(low) | u128::from(high) << 64))
}

/// More results than parameters, each from where only a scratch slot reaches it.
#[test]
fn results_are_not_overwritten_by_those_that_follow() {
    let body = r#"
        (i32.add (local.get 0) (i32.const 1)) (f64.neg (f64.const 2))
        (v128.not (v128.const i64x2 3 4)) (i64.const 0x123456789a)
        (v128.not (v128.const i64x2 5 6)) (i32.sub (local.get 0) (i32.const 1))"#;
    let expected = [
        Val::I32(101),
        Val::from(-2.0_f64),
        v128(!3, !4),
        Val::I64(0x12_3456_789a),
        v128(!5, !6),
        Val::I32(99),
    ];
    let ty = "(param i32) (result i32 f64 v128 i64 v128 i32)";
    let locals = locals();
    let text = format!(r#"(module (func (export "run") {ty} {locals} {body}))"#);
    run(&text, &[Val::I32(100)], &expected);

    // The same by branches to the function's label.
    for branch in ["(br_if 0 (local.get 0))", "(br_table 0 0 (local.get 0))", "(return)"] {
        let text = format!(
            r#"(module (func (export "run") {ty} {locals} {body} {branch} (unreachable)))"#
        );
        run(&text, &[Val::I32(100)], &expected);
    }
    let text = format!(
        r#"(module (func (export "run") {ty} {locals} {body}
            (br_on_null 0 (ref.null any)) (unreachable)))"#
    );
    run(&text, &[Val::I32(100)], &expected);

    let (push, drop) = deep_stack();
    let text = format!(r#"(module (func (export "run") {ty} {push} {body} (return) {drop}))"#);
    run(&text, &[Val::I32(100)], &expected);
}

/// Eight values are moved by one instruction.
#[test]
fn many_results() {
    let body: String = (0..9).map(|n| format!("(i32.add (local.get 0) (i32.const {n}))")).collect();
    let (locals, expected) = (locals(), (100..109).map(Val::I32).collect::<Vec<_>>());
    let types = "i32 ".repeat(9);
    let text =
        format!(r#"(module (func (export "run") (param i32) (result {types}) {locals} {body}))"#);
    run(&text, &[Val::I32(100)], &expected);
}

/// What is thrown far up arrives there, too.
#[test]
fn caught_values() {
    let locals = locals();
    let text = format!(
        r#"(module
            (tag $t (param i32 v128 f64))
            (func $throw (param i32) {locals}
                (throw $t (i32.add (local.get 0) (i32.const 1)) (v128.not (v128.const i64x2 1 2))
                    (f64.neg (f64.const 3))))
            (func (export "run") (param i32) (result i32 v128 f64 i32) {locals} (local $x i32)
                (local.set $x (i32.const 55))
                (block $h (result i32 v128 f64)
                    (try_table (catch $t $h) (call $throw (local.get 0)))
                    (unreachable))
                (local.get $x)))"#
    );
    run(&text, &[Val::I32(9)], &[Val::I32(10), v128(!1, !2), Val::from(-3.0_f64), Val::I32(55)]);
}

/// Objects that only far slots lead to, as locals, copies of locals, and operands.
#[test]
fn objects() {
    let (locals, (push, drop)) = (locals(), deep_stack());
    let prelude = "
        (type $s (struct (field i32) (field (ref null $s)) (field v128)))
        (type $a (array (mut (ref null $s))))
        (func $s (param i32) (result (ref $s))
            (struct.new $s (local.get 0) (ref.null $s) (v128.const i64x2 1 2)))
        (func $x (param (ref null $s)) (result i32) (struct.get $s 0 (local.get 0)))";
    let own_locals = "(local $far (ref null $s)) (local $far2 (ref null $s)) (local $e eqref)";
    let body = "
        (local.set $far (call $s (i32.const 1)))
        (local.set $near (struct.new $s (i32.const 2) (local.get $far) (v128.const i64x2 3 4)))
        (local.set $far2
            (struct.new $s (local.get 0) (local.get $near) (v128.const i64x2 5 6)))
        (local.set $far (call $s (i32.const 5)))
        (local.set $e (array.new_fixed $a 3 (local.get $far) (local.get $near) (local.get $far2)))
        (local.set $near (ref.null $s))
        (drop (call $s (i32.const 0)))
        (call $x (local.get $far))
        (call $x (struct.get $s 1 (local.get $far2)))
        (call $x (struct.get $s 1 (struct.get $s 1 (local.get $far2))))
        ;; The reference is on the operand stack while its local is set.
        (local.get $far2)
        (local.set $far2 (call $s (i32.const 6)))
        (i32.add (call $x)
            (call $x (local.tee $far2 (ref.as_non_null (local.get $far2)))))
        (struct.get $s 2 (array.get $a (ref.cast (ref $a) (local.get $e)) (i32.const 1)))
        ;; Branches on far references.
        (block $cast (result (ref $a))
            (block $null
                (br_on_null $null (local.get $near))
                (unreachable))
            (br_on_cast $cast eqref (ref $a) (local.get $e))
            (unreachable))
        (array.len)";
    let ty = "(param i32) (result i32 i32 i32 i32 v128 i32)";
    let expected = [5, 2, 1, 106].map(Val::I32).into_iter();
    let expected: Vec<Val> = expected.chain([v128(3, 4), Val::I32(3)]).collect();
    let text = format!(
        r#"(module {prelude}
            (func (export "run") {ty} (local $near (ref null $s)) {locals} {own_locals} {body}))"#
    );
    run(&text, &[Val::I32(100)], &expected);
    let text = format!(
        r#"(module {prelude}
            (func (export "run") {ty} (local $near (ref null $s)) {own_locals}
                {push} {body} (return) {drop}))"#
    );
    run(&text, &[Val::I32(100)], &expected);
}
