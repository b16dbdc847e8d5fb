//! Branches that references decide, with everything around them in every place.
//!
//! Below the reference are values that the branch carries, and others that it leaves behind; the
//! reference is a constant, a local, or made by whatever makes one; the label is that of a block, a
//! loop, the function, or outside of a `try_table`. Each function says whether it branched and which
//! reference it saw, and gives back what was carried.

mod configurations;

use std::fmt::Write;

use configurations::{Configuration, configurations};
use fulmar::{Engine, Instance, Module, Store, V128, Val};

/// The values below the reference, in this order, as type and constant; the first few are used.
const VALUES: [(&str, &str); 9] = [
    ("i32", "-5"),
    ("f64", "2.5"),
    ("v128", "i64x2 7 -8"),
    ("i64", "0x1234567890"),
    ("f32", "-0.75"),
    ("v128", "i64x2 -1 9"),
    ("i32", "77"),
    ("i32", "78"),
    ("f64", "-inf"),
];

/// Where a value below the reference comes from.
#[derive(Clone, Copy, PartialEq)]
enum From {
    Constant,
    Local,
    /// A local that is set to something else while its value is on the operand stack.
    OldLocal,
    Temporary,
    /// Each of these in turn.
    Mixed,
}

/// The instruction, as text; whether its label takes the reference, of which type; and which of the
/// references branch.
struct Branch {
    name: &'static str,
    text: fn(u32) -> String,
    label: Option<&'static str>,
    /// The type of the reference after the instruction, if it is still there.
    after: Option<&'static str>,
    taken: fn(i32) -> bool,
}

/// References, by the number that `$make` has for them.
const NULL: i32 = 0;
const I31: i32 = 1;
const STRUCT: i32 = 2;
const SUBTYPE: i32 = 3;
const ARRAY: i32 = 4;
const HOST: i32 = 5;

fn is_struct(reference: i32) -> bool {
    matches!(reference, STRUCT | SUBTYPE)
}

const BRANCHES: [Branch; 8] = [
    Branch {
        name: "br_on_null",
        text: |depth| format!("br_on_null {depth}"),
        label: None,
        after: Some("(ref any)"),
        taken: |reference| reference == NULL,
    },
    Branch {
        name: "br_on_non_null",
        text: |depth| format!("br_on_non_null {depth}"),
        label: Some("(ref any)"),
        after: None,
        taken: |reference| reference != NULL,
    },
    Branch {
        name: "br_on_cast",
        text: |depth| format!("br_on_cast {depth} anyref (ref $s)"),
        label: Some("(ref $s)"),
        after: Some("anyref"),
        taken: is_struct,
    },
    Branch {
        name: "br_on_cast_null",
        text: |depth| format!("br_on_cast {depth} anyref (ref null $s)"),
        label: Some("(ref null $s)"),
        after: Some("(ref any)"),
        taken: |reference| reference == NULL || is_struct(reference),
    },
    Branch {
        name: "br_on_cast_i31",
        text: |depth| format!("br_on_cast {depth} anyref (ref i31)"),
        label: Some("(ref i31)"),
        after: Some("anyref"),
        taken: |reference| reference == I31,
    },
    Branch {
        name: "br_on_cast_fail",
        text: |depth| format!("br_on_cast_fail {depth} anyref (ref $s)"),
        label: Some("anyref"),
        after: Some("(ref $s)"),
        taken: |reference| !is_struct(reference),
    },
    Branch {
        name: "br_on_cast_fail_null",
        text: |depth| format!("br_on_cast_fail {depth} anyref (ref null $s)"),
        label: Some("(ref any)"),
        after: Some("(ref null $s)"),
        taken: |reference| reference != NULL && !is_struct(reference),
    },
    Branch {
        name: "br_on_cast_fail_eq",
        text: |depth| format!("br_on_cast_fail {depth} anyref eqref"),
        label: Some("(ref any)"),
        after: Some("eqref"),
        taken: |reference| reference == HOST,
    },
];

/// What pushes the reference, and which it is if it isn't that of the parameter.
const SOURCES: [(&str, Option<i32>); 12] = [
    ("(local.get $r)", None),
    ("(local.get $r) (local.set $r (ref.null any))", None),
    ("(local.get $r) (local.set $r (ref.i31 (i32.const 1)))", None),
    ("(local.tee $q (call $make (local.get 0)))", None),
    ("(ref.cast anyref (local.get $r)) (local.set $r (struct.new $s (i32.const 9)))", None),
    ("(call $make (local.get 0))", None),
    ("(ref.null any)", Some(NULL)),
    ("(ref.null none)", Some(NULL)),
    ("(struct.new $s (i32.const 42))", Some(STRUCT)),
    ("(ref.i31 (i32.add (local.get 0) (i32.sub (i32.const 31) (local.get 0))))", Some(I31)),
    ("(struct.get $holder 0 (struct.new $holder (local.get $r)))", None),
    ("(select (result anyref) (local.get $r) (ref.null none) (i32.const 1))", None),
];

#[derive(Clone, Copy, PartialEq)]
enum Label {
    Block,
    /// A block that gives its values to another one.
    Inner,
    Loop,
    Function,
    OutsideOfTry,
}

const PRELUDE: &str = r#"
    (type $s (sub (struct (field i32))))
    (type $sub (sub $s (struct (field i32 f64))))
    (type $a (array i8))
    (type $holder (struct (field anyref)))
    (global $taken (mut i32) (i32.const 0))
    (global $seen (mut i32) (i32.const 0))
    (global $round (mut i32) (i32.const 0))
    (global $host (mut externref) (ref.null extern))
    (global $some (ref $s) (struct.new $s (i32.const 99)))
    (func (export "host") (param externref) (global.set $host (local.get 0)))
    (func (export "seen") (result i32 i32) (global.get $taken) (global.get $seen))
    (func $make (param i32) (result anyref)
        (block $host (block $array (block $sub (block $struct (block $i31 (block $null
            (br_table $null $i31 $struct $sub $array $host (local.get 0)))
            (return (ref.null none)))
            (return (ref.i31 (i32.const 31))))
            (return (struct.new $s (i32.const 42))))
            (return (struct.new $sub (i32.const 43) (f64.const 1))))
            (return (array.new_default $a (i32.const 44))))
        (any.convert_extern (global.get $host)))
    (func $note (param anyref)
        (global.set $seen
            (block $done (result i32)
                (br_if $done (i32.const 0) (ref.is_null (local.get 0)))
                (br_if $done (i32.const 1000) (i32.eqz (ref.test (ref eq) (local.get 0))))
                (drop) (drop)
                (block $i31 (result (ref i31))
                    (block $array (result (ref array))
                        (br_on_cast $i31 anyref (ref i31) (local.get 0))
                        (br_on_cast $array anyref (ref array))
                        (br $done (struct.get $s 0 (ref.cast (ref $s)))))
                    (br $done (array.len)))
                (i31.get_u))))
"#;

/// What `$note` says of a reference.
fn seen(reference: i32) -> i32 {
    [0, 31, 42, 43, 44, 1000][reference as usize]
}

/// One function to test; it has the reference's number as parameter.
struct Case<'a> {
    branch: &'a Branch,
    label: Label,
    count: usize,
    from: From,
    source: usize,
    /// Whether other values are below.
    litter: bool,
}

impl Case<'_> {
    fn types(&self) -> Vec<&'static str> {
        VALUES[..self.count].iter().map(|(ty, _)| *ty).collect()
    }

    /// The function `$inner NUMBER`, and `run NUMBER` that calls it.
    fn write(&self, number: usize, out: &mut String) {
        let types = self.types().join(" ");
        let carried = format!("{types} {}", self.branch.label.unwrap_or_default());
        write!(out, "(func $inner{number} (param i32) (result {carried})").unwrap();
        write!(out, "(local $r anyref) (local $q anyref) (local $kept {})", kept(self.branch))
            .unwrap();
        for (place, (ty, _)) in VALUES[..self.count].iter().enumerate() {
            write!(out, "(local $v{place} {ty}) (local $x{place} {ty})").unwrap();
        }
        out.push_str("(local.set $r (call $make (local.get 0)))\n");
        for (place, (ty, constant)) in VALUES[..self.count].iter().enumerate() {
            write!(out, "(local.set $x{place} ({ty}.const {constant}))").unwrap();
        }
        self.frame(&carried, out);
        out.push_str(")\n");

        // What is carried is looked at before the values are given back.
        write!(out, "(func (export \"run{number}\") (param i32) (result {types})").unwrap();
        out.push_str("(global.set $taken (i32.const 0)) (global.set $seen (i32.const -1))");
        out.push_str("(global.set $round (i32.const 0))");
        write!(out, "(call $inner{number} (local.get 0))").unwrap();
        if self.branch.label.is_some() {
            out.push_str(
                "(if (param anyref) (i32.eqz (global.get $taken)) (then (call $note)) (else (drop)))",
            );
        }
        out.push_str(")\n");
    }

    /// The frame with the label, and within it the branch.
    fn frame(&self, carried: &str, out: &mut String) {
        match self.label {
            Label::Function => self.body(0, out),
            Label::Block => {
                write!(out, "(block (result {carried})").unwrap();
                self.body(0, out);
                out.push(')');
            }
            Label::Inner => {
                write!(out, "(i64.const 5) (f32.const 6)").unwrap();
                write!(out, "(block $outer (result {carried}) (f64.const 1)").unwrap();
                write!(out, "(block (result {carried}) (i32.const 1)").unwrap();
                self.body(0, out);
                out.push_str("(br $outer)) (br $outer)) (return)");
            }
            Label::Loop => {
                for place in 0..self.count {
                    write!(out, "(local.get $v{place})").unwrap();
                }
                if self.branch.label.is_some() {
                    out.push_str(some(self.branch));
                }
                write!(out, "(loop (param {carried}) (result {carried})").unwrap();
                self.pop_all(true, out);
                write!(out, "(if (result {carried}) (i32.eqz (global.get $round)) (then").unwrap();
                out.push_str("(global.set $round (i32.const 1))");
                self.body(1, out);
                out.push_str(") (else");
                self.push_all(out);
                if self.branch.label.is_some() {
                    out.push_str("(local.get $kept)");
                    if !kept(self.branch).starts_with("(ref null") && kept(self.branch) != "anyref"
                    {
                        out.push_str("(ref.as_non_null)");
                    }
                }
                out.push_str(")))");
            }
            Label::OutsideOfTry => {
                write!(out, "(block $outer (result {carried})").unwrap();
                write!(out, "(block $caught (try_table (result {carried}) (catch_all $caught)")
                    .unwrap();
                self.body(2, out);
                out.push_str(") (br $outer)) (unreachable))");
            }
        }
    }

    /// The values, the reference, the branch, and what stands for its not being taken.
    fn body(&self, depth: u32, out: &mut String) {
        if self.litter {
            out.push_str("(i32.add (local.get 0) (i32.const 1)) (v128.const i64x2 3 4)");
            out.push_str("(local.get $r)");
        }
        let mut after = String::new();
        for (place, (ty, constant)) in VALUES[..self.count].iter().enumerate() {
            let all = [From::Constant, From::Local, From::OldLocal, From::Temporary];
            match if self.from == From::Mixed { all[place % 4] } else { self.from } {
                From::Constant => write!(out, "({ty}.const {constant})"),
                From::Local => write!(out, "(local.get $x{place})"),
                From::OldLocal => {
                    write!(after, "(local.set $x{place} (local.get $v{place}))").unwrap();
                    write!(out, "(local.get $x{place})")
                }
                From::Temporary | From::Mixed => match *ty {
                    "v128" => write!(out, "(v128.not (v128.not (local.get $x{place})))"),
                    "i32" | "i64" => {
                        write!(out, "({ty}.add ({ty}.const 0) (local.get $x{place}))")
                    }
                    _ => write!(out, "({ty}.neg ({ty}.neg (local.get $x{place})))"),
                },
            }
            .unwrap();
        }
        out.push_str(SOURCES[self.source].0);
        out.push_str(&after);
        writeln!(out, "({})", (self.branch.text)(depth)).unwrap();
        out.push_str("(global.set $taken (i32.const 1))");
        if self.branch.after.is_some() {
            out.push_str("(call $note)");
        }
        self.pop_all(false, out);
        if self.litter {
            out.push_str("(drop) (drop) (drop)");
        }
        self.push_all(out);
        if self.branch.label.is_some() {
            out.push_str(some(self.branch));
        }
    }

    /// Brings the values to locals, so that they are looked at, and the reference to `$kept`.
    fn pop_all(&self, reference: bool, out: &mut String) {
        if reference && self.branch.label.is_some() {
            out.push_str("(local.set $kept)");
        }
        for place in (0..self.count).rev() {
            write!(out, "(local.set $v{place})").unwrap();
        }
    }

    fn push_all(&self, out: &mut String) {
        for place in 0..self.count {
            write!(out, "(local.get $v{place})").unwrap();
        }
    }

    /// The number of the reference that the branch sees.
    fn reference(&self, param: i32) -> i32 {
        SOURCES[self.source].1.unwrap_or(param)
    }
}

/// The type of the local that keeps what a label gets, nullable.
fn kept(branch: &Branch) -> &'static str {
    match branch.label {
        Some("(ref $s)") => "(ref $s)",
        Some("(ref null $s)") => "(ref null $s)",
        Some("(ref i31)") => "(ref i31)",
        Some("(ref any)") => "(ref any)",
        _ => "anyref",
    }
}

/// Some reference that the label takes.
fn some(branch: &Branch) -> &'static str {
    match branch.label {
        Some("(ref i31)") => "(ref.i31 (i32.const 5))",
        _ => "(global.get $some)",
    }
}

fn value(place: usize) -> Val {
    match VALUES[place] {
        ("i32", text) => Val::I32(text.parse().unwrap()),
        ("i64", _) => Val::I64(0x12_3456_7890),
        ("f32", text) => Val::from(text.parse::<f32>().unwrap()),
        ("f64", text) => Val::from(text.parse::<f64>().unwrap()),
        (_, text) => {
            let mut lanes = text.split(' ').skip(1).map(|lane| lane.parse::<i64>().unwrap());
            let mut lane = || u128::from(lanes.next().unwrap().cast_unsigned());
            Val::V128(V128::from(lane() | lane() << 64))
        }
    }
}

/// Runs all cases of the branches with a label, each under some of the configurations.
fn run_all(label: Label) {
    for (number, branch) in BRANCHES.iter().enumerate() {
        let configurations = configurations().into_iter().skip(number % EACH).step_by(EACH);
        run(branch, label, configurations);
    }
}

/// Of as many configurations a branch runs in one.
const EACH: usize = if cfg!(debug_assertions) { 7 } else { 2 };

fn run(branch: &Branch, label: Label, configurations: impl Iterator<Item = Configuration>) {
    let mut cases = Vec::new();
    for count in [0, 1, 3, 8, 9] {
        for source in 0..SOURCES.len() {
            let all = [From::Mixed, From::Constant, From::Local, From::OldLocal, From::Temporary];
            let from = match count {
                0 => &all[..1],
                // Each way to have values with some of the references.
                _ => &[all[0], all[1 + (source + count) % 4]][..],
            };
            for from in from {
                for litter in [false, true] {
                    cases.push(Case { branch, label, count, from: *from, source, litter });
                }
            }
        }
    }
    let mut text = format!("(module {PRELUDE}");
    cases.iter().enumerate().for_each(|(number, case)| case.write(number, &mut text));
    text.push(')');
    let wasm = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"));
    for Configuration { name, config, metered, .. } in configurations {
        let engine = Engine::new(&config).unwrap();
        let module = Module::new(&engine, &wasm).unwrap();
        let mut store = Store::new(&engine, ());
        if metered {
            store.set_fuel(1 << 40).unwrap();
        }
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let value_of_host = fulmar::ExternRef::new(&mut store, 5).unwrap();
        let set_host = instance.get_func(&mut store, "host").unwrap();
        set_host.call(&mut store, &[value_of_host.into()], &mut []).unwrap();
        let seen_func = instance.get_typed_func::<(), (i32, i32)>(&mut store, "seen").unwrap();
        for (number, case) in cases.iter().enumerate() {
            let func = instance.get_func(&mut store, &format!("run{number}")).unwrap();
            let expected: Vec<String> =
                (0..case.count).map(|place| format!("{:?}", value(place))).collect();
            let params = [NULL, I31, STRUCT, SUBTYPE, ARRAY, HOST];
            let params = if SOURCES[case.source].1.is_some() { &params[..1] } else { &params };
            for &param in params {
                let mut results = vec![Val::I32(0); case.count];
                func.call(&mut store, &[Val::I32(param)], &mut results).unwrap();
                let found: Vec<String> = results.iter().map(|val| format!("{val:?}")).collect();
                let (not_taken, reference) = seen_func.call(&mut store, ()).unwrap();
                let is_taken = (branch.taken)(case.reference(param));
                let is_seen = if is_taken { branch.label } else { branch.after }.is_some();
                let expected_reference = if is_seen { seen(case.reference(param)) } else { -1 };
                let place = || {
                    let mut text = String::new();
                    case.write(number, &mut text);
                    format!("{}, {name}, {param}: {text}", branch.name)
                };
                assert_eq!(not_taken == 0, is_taken, "{}", place());
                assert_eq!(reference, expected_reference, "{}", place());
                assert_eq!(found, expected, "{}", place());
            }
        }
    }
}

#[test]
fn to_blocks() {
    run_all(Label::Block);
}

#[test]
fn to_blocks_whose_values_move() {
    run_all(Label::Inner);
}

#[test]
fn to_loops() {
    run_all(Label::Loop);
}

#[test]
fn to_the_function() {
    run_all(Label::Function);
}

#[test]
fn out_of_try_tables() {
    run_all(Label::OutsideOfTry);
}
