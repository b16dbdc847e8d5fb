//! Every numeric instruction with its operands and its result in every place.
//!
//! An operand is a constant, a local, a local that was just set, or the result of another
//! instruction; a result is returned, kept in a local, read by the next instruction, or passed to a
//! call; a comparison is a condition as well. All of them must give what the plainest form gives:
//! that one, with both operands in locals, is what the official suite tests.

use std::fmt::Write;

use fulmar::{CompilationMode, Config, Engine, Instance, Linker, Module, Store, Trap, Val};

/// A type with its name and the constants to try.
struct Type {
    name: &'static str,
    /// Pairs of constants, as text.
    pairs: &'static [(&'static str, &'static str)],
    /// An instruction that gives its operand back.
    identity: &'static str,
    /// What makes a value pass through two instructions unchanged.
    twice: (&'static str, &'static str),
}

const I32: Type = Type {
    name: "i32",
    pairs: &[
        ("7", "3"),
        ("-7", "0"),
        ("0x80000000", "-1"),
        ("0x12345678", "33"),
        ("-1", "0x80000000"),
        ("0", "0"),
    ],
    identity: "i32.and",
    twice: ("(i32.xor (i32.const -1) (i32.xor (i32.const -1) ", "))"),
};
const I64: Type = Type {
    name: "i64",
    pairs: &[
        ("7", "-3"),
        ("-7", "0"),
        ("0x8000000000000000", "-1"),
        ("0x123456789abcdef0", "65"),
        ("-0x80000000", "0x80000000"),
        ("0x80000000", "-0x80000001"),
    ],
    identity: "i64.or",
    twice: ("(i64.sub (i64.const -1) (i64.sub (i64.const -1) ", "))"),
};
const F32: Type = Type {
    name: "f32",
    pairs: &[
        ("1.5", "-0.1"),
        ("-0", "0"),
        ("nan:0x200001", "1"),
        ("2", "-nan"),
        ("inf", "1e38"),
        ("0x1p-149", "0x1p-149"),
    ],
    identity: "f32.copysign",
    twice: ("(f32.neg (f32.neg ", "))"),
};
const F64: Type = Type {
    name: "f64",
    pairs: &[
        ("1.5", "-0.1"),
        ("-0", "0"),
        ("nan:0x4000000000001", "1"),
        ("0.25", "-nan"),
        ("inf", "1e300"),
        ("0x1p-1074", "0x1.000001p-149"),
    ],
    identity: "f64.copysign",
    twice: ("(f64.neg (f64.neg ", "))"),
};

/// Where an operand is.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Constant,
    Local,
    Tee,
    Result,
}

const PLACES: [Place; 4] = [Place::Local, Place::Tee, Place::Result, Place::Constant];

impl Type {
    /// The operand in the local `$name`, whose value is `constant`, as text.
    fn operand(&self, place: Place, name: &str, constant: &str) -> String {
        let Type { name: ty, identity, .. } = self;
        match place {
            Place::Constant => format!("({ty}.const {constant})"),
            Place::Local => format!("(local.get ${name})"),
            Place::Tee => {
                format!("(local.tee ${name} ({identity} (local.get ${name}) (local.get ${name})))")
            }
            Place::Result => format!("({identity} (local.get ${name}) (local.get ${name}))"),
        }
    }

    /// The ways in which the result `value` is used, each giving it back.
    fn uses(&self, value: &str) -> [String; 4] {
        let (before, behind) = self.twice;
        [
            value.to_owned(),
            format!("(local.set $r {value}) (local.get $r)"),
            format!("{before}(local.tee $r {value}){behind}"),
            format!("(call $identity {value})"),
        ]
    }
}

/// The ways in which the comparison `value` is a condition, each giving it back.
fn conditions(value: &str) -> [String; 5] {
    let zero_one = "(i32.const 0) (i32.const 1)";
    [
        format!("(if (result i32) {value} (then (i32.const 1)) (else (i32.const 0)))"),
        format!("(if (result i32) (i32.eqz {value}) (then (i32.const 0)) (else (i32.const 1)))"),
        format!("(block (result i32) (br_if 0 (i32.const 1) {value}) (drop) (i32.const 0))"),
        format!("(select {zero_one} (i32.eqz {value}))"),
        format!("(i32.eqz (i32.eqz {value}))"),
    ]
}

/// A function to be called with the pairs of constants that `pairs` says.
struct Case {
    name: String,
    pairs: std::ops::Range<usize>,
}

/// The functions for one instruction.
struct Cases {
    functions: String,
    cases: Vec<Case>,
}

impl Cases {
    fn add(&mut self, pairs: std::ops::Range<usize>, signature: &str, body: &str) {
        let name = format!("{}", self.cases.len());
        writeln!(self.functions, "(func (export \"{name}\") {signature} {body})").unwrap();
        self.cases.push(Case { name, pairs });
    }

    /// All uses of an instruction with operands of type `ty`, one or two of them.
    fn of(instruction: &str, operands: usize, ty: &Type, result: &Type) -> Self {
        let mut cases = Cases { functions: String::new(), cases: Vec::new() };
        let signature = format!(
            "(param $x {0}) (param $y {0}) (result {1}) (local $r {1})",
            ty.name, result.name
        );
        let second_places = if operands == 2 { &PLACES[..] } else { &[Place::Local] };
        for x in PLACES {
            for y in second_places {
                let constant = x == Place::Constant || *y == Place::Constant;
                let all = ty.pairs.len();
                let groups: Vec<core::ops::Range<usize>> = if constant {
                    (0..all).map(|n| n..n + 1).collect()
                } else {
                    core::iter::once(0..all).collect()
                };
                for pairs in groups {
                    let constants = ty.pairs[pairs.start];
                    let mut value = format!("({instruction} {}", ty.operand(x, "x", constants.0));
                    if operands == 2 {
                        value += &ty.operand(*y, "y", constants.1);
                    }
                    value += ")";
                    for body in result.uses(&value) {
                        cases.add(pairs.clone(), &signature, &body);
                    }
                    if operands == 2 && COMPARISONS.contains(&suffix(instruction)) {
                        for body in conditions(&value) {
                            cases.add(pairs.clone(), &signature, &body);
                        }
                    }
                }
            }
        }
        cases
    }

    /// The module of the functions.
    fn module(&self, result: &Type) -> Vec<u8> {
        let Type { name, .. } = result;
        let identity = format!("(func $identity (param {name}) (result {name}) (local.get 0))");
        wat::parse_str(format!("(module {identity}\n{})", self.functions)).unwrap()
    }
}

fn suffix(instruction: &str) -> &str {
    instruction.split_once('.').unwrap().1
}

const COMPARISONS: [&str; 14] = [
    "eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u", "lt", "gt", "le",
    "ge",
];

/// What a call came to; all NaNs are one, as calculations may choose among them.
#[derive(Debug, PartialEq, Clone, Copy)]
enum Outcome {
    Bits(u64),
    NanF32,
    NanF64,
    Trap(Trap),
}

fn outcome(store: &mut Store<()>, instance: Instance, name: &str, parameters: &[Val]) -> Outcome {
    let mut results = [Val::I32(0)];
    let func = instance.get_func(&mut *store, name).unwrap();
    match func.call(store, parameters, &mut results) {
        Err(error) => Outcome::Trap(error.as_trap().expect("a trap")),
        Ok(()) => match results[0] {
            Val::I32(value) => Outcome::Bits(u64::from(value.cast_unsigned())),
            Val::I64(value) => Outcome::Bits(value.cast_unsigned()),
            Val::F32(bits) if f32::from_bits(bits).is_nan() => Outcome::NanF32,
            Val::F64(bits) if f64::from_bits(bits).is_nan() => Outcome::NanF64,
            Val::F32(bits) => Outcome::Bits(u64::from(bits)),
            Val::F64(bits) => Outcome::Bits(bits),
            ref value => panic!("{value:?}"),
        },
    }
}

/// The values of the constants of `ty`, as the guest gives them.
fn values(engine: &Engine, ty: &Type) -> Vec<[Val; 2]> {
    let name = ty.name;
    let mut text = String::from("(module");
    for (number, (x, y)) in ty.pairs.iter().enumerate() {
        let results = format!("({name}.const {x}) ({name}.const {y})");
        write!(text, "(func (export \"{number}\") (result {name} {name}) {results})").unwrap();
    }
    let wasm = wat::parse_str(text + ")").unwrap();
    let mut store = Store::new(engine, ());
    let module = Module::new(engine, &wasm).unwrap();
    let instance = Linker::new(engine).instantiate(&mut store, &module).unwrap();
    let pair = |number: usize| {
        let mut values = [Val::I32(0), Val::I32(0)];
        let func = instance.get_func(&mut store, &number.to_string()).unwrap();
        func.call(&mut store, &[], &mut values).unwrap();
        values
    };
    (0..ty.pairs.len()).map(pair).collect()
}

/// Compares all uses of an instruction.
fn check(instruction: &str, operands: usize, ty: &Type, result: &Type) {
    let cases = Cases::of(instruction, operands, ty, result);
    let wasm = cases.module(result);
    let mut expected = Vec::new();
    for accumulators in [false, true] {
        let mut config = Config::new();
        config.compilation_mode(CompilationMode::Eager).accumulators(accumulators);
        let engine = Engine::new(&config).unwrap();
        let module = Module::new(&engine, &wasm).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Linker::new(&engine).instantiate(&mut store, &module).unwrap();
        let values = values(&engine, ty);
        if expected.is_empty() {
            // The first function has its operands in locals and returns its result.
            let plain = |pair: &[Val; 2]| outcome(&mut store, instance, "0", pair);
            expected = values.iter().map(plain).collect();
        }
        for case in &cases.cases {
            for pair in case.pairs.clone() {
                let found = outcome(&mut store, instance, &case.name, &values[pair]);
                assert_eq!(
                    found,
                    expected[pair],
                    "{instruction} of {:?}, accumulators {accumulators}: {}",
                    ty.pairs[pair],
                    cases.functions.lines().nth(case.name.parse().unwrap()).unwrap()
                );
            }
        }
    }
}

fn check_all(ty: &Type, unary: &[&str], binary: &[&str]) {
    for name in unary {
        check(&format!("{}.{name}", ty.name), 1, ty, ty);
    }
    for name in binary {
        let result = if COMPARISONS.contains(name) { &I32 } else { ty };
        check(&format!("{}.{name}", ty.name), 2, ty, result);
    }
}

const INT_UNARY: &[&str] = &["clz", "ctz", "popcnt", "extend8_s", "extend16_s"];
const INT_BINARY: &[&str] = &[
    "add", "sub", "mul", "div_s", "div_u", "rem_s", "rem_u", "and", "or", "xor", "shl", "shr_s",
    "shr_u", "rotl", "rotr", "eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s",
    "ge_u",
];
const FLOAT_UNARY: &[&str] = &["abs", "neg", "ceil", "floor", "trunc", "nearest", "sqrt"];
const FLOAT_BINARY: &[&str] =
    &["add", "sub", "mul", "div", "min", "max", "copysign", "eq", "ne", "lt", "gt", "le", "ge"];

#[test]
fn i32_instructions() {
    check_all(&I32, INT_UNARY, INT_BINARY);
    check("i32.eqz", 1, &I32, &I32);
}

#[test]
fn i64_instructions() {
    check_all(&I64, INT_UNARY, INT_BINARY);
    check("i64.extend32_s", 1, &I64, &I64);
    check("i64.eqz", 1, &I64, &I32);
}

#[test]
fn f32_instructions() {
    check_all(&F32, FLOAT_UNARY, FLOAT_BINARY);
}

#[test]
fn f64_instructions() {
    check_all(&F64, FLOAT_UNARY, FLOAT_BINARY);
}

#[test]
fn conversions() {
    check("i32.wrap_i64", 1, &I64, &I32);
    check("f32.demote_f64", 1, &F64, &F32);
    check("f64.promote_f32", 1, &F32, &F64);
    check("i32.reinterpret_f32", 1, &F32, &I32);
    check("i64.reinterpret_f64", 1, &F64, &I64);
    check("f32.reinterpret_i32", 1, &I32, &F32);
    check("f64.reinterpret_i64", 1, &I64, &F64);
    for (from, from_name) in [(&F32, "f32"), (&F64, "f64")] {
        for (to, to_name) in [(&I32, "i32"), (&I64, "i64")] {
            for sign in ["s", "u"] {
                check(&format!("{to_name}.trunc_{from_name}_{sign}"), 1, from, to);
                check(&format!("{to_name}.trunc_sat_{from_name}_{sign}"), 1, from, to);
                check(&format!("{from_name}.convert_{to_name}_{sign}"), 1, to, from);
            }
        }
    }
    check("i64.extend_i32_s", 1, &I32, &I64);
    check("i64.extend_i32_u", 1, &I32, &I64);
}
