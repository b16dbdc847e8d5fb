//! Random programs compute what a simple evaluator of their trees computes.
//!
//! `FULMAR_SEED=NUMBER` starts with another program, `FULMAR_PROGRAMS=NUMBER` tries so many.

mod evaluate;
mod generate;
mod program;

use evaluate::{Exit, Machine};
use fulmar::{CompilationMode, Config, Engine, Error, Linker, Module, Store, Trap, Val};
use generate::Random;
use program::{MEMORY_BYTES, PARAMS, Program, Value};

const PROGRAMS: u64 = if cfg!(debug_assertions) { 1_000 } else { 20_000 };
const STEPS: usize = 100_000;

fn number_from(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().expect("a number"))
}

/// A number with its type; all NaNs are one, as calculations may choose among them.
#[derive(PartialEq, Debug, Clone, Copy)]
enum Number {
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
}

impl From<Value> for Number {
    fn from(value: Value) -> Self {
        match value {
            Value::I32(value) => Number::I32(value),
            Value::I64(value) => Number::I64(value),
            Value::F32(value) if value.is_nan() => Number::F32(f32::NAN.to_bits()),
            Value::F64(value) if value.is_nan() => Number::F64(f64::NAN.to_bits()),
            Value::F32(value) => Number::F32(value.to_bits()),
            Value::F64(value) => Number::F64(value.to_bits()),
        }
    }
}

impl From<&Val> for Number {
    fn from(value: &Val) -> Self {
        Number::from(match *value {
            Val::I32(value) => Value::I32(value),
            Val::I64(value) => Value::I64(value),
            Val::F32(bits) => Value::F32(f32::from_bits(bits)),
            Val::F64(bits) => Value::F64(f64::from_bits(bits)),
            ref other => unreachable!("{other:?}"),
        })
    }
}

fn to_val(value: Value) -> Val {
    match value {
        Value::I32(value) => Val::I32(value),
        Value::I64(value) => Val::I64(value),
        Value::F32(value) => Val::F32(value.to_bits()),
        Value::F64(value) => Val::F64(value.to_bits()),
    }
}

/// What calls of all functions gave, one after the other, and what they left behind.
#[derive(PartialEq, Debug)]
struct Findings {
    /// `None` for a division by zero.
    results: Vec<Option<Number>>,
    globals: Vec<Number>,
    memory: [u8; MEMORY_BYTES],
}

/// The findings of the evaluator; `None` if the program takes too long.
fn evaluate(program: &Program, arguments: &[Vec<Value>]) -> Option<Findings> {
    let mut machine = Machine::new(program, STEPS);
    let mut results = Vec::new();
    for (func, arguments) in arguments.iter().enumerate() {
        results.push(match machine.call(func, arguments.clone()) {
            Ok(value) => Some(Number::from(value)),
            Err(Exit::DivisionByZero) => None,
            Err(Exit::TooLong) => return None,
            Err(Exit::Branch(..)) => unreachable!("a branch leaves the function"),
        });
    }
    let globals = machine.globals.iter().map(|value| Number::from(*value)).collect();
    Some(Findings { results, globals, memory: machine.memory })
}

/// The findings of the runtime.
fn run(
    engine: &Engine,
    wasm: &[u8],
    program: &Program,
    arguments: &[Vec<Value>],
) -> Result<Findings, Error> {
    let mut store = Store::new(engine, ());
    let module = Module::new(engine, wasm)?;
    let instance = Linker::new(engine).instantiate(&mut store, &module)?;
    let mut results = Vec::new();
    for (func, arguments) in arguments.iter().enumerate() {
        let func = instance.get_func(&mut store, &format!("f{func}")).expect("the function");
        let arguments: Vec<Val> = arguments.iter().map(|value| to_val(*value)).collect();
        let mut result = [Val::I32(0)];
        results.push(match func.call(&mut store, &arguments, &mut result) {
            Ok(()) => Some(Number::from(&result[0])),
            Err(error) if error.as_trap() == Some(Trap::IntegerDivisionByZero) => None,
            Err(error) => return Err(error),
        });
    }
    let mut globals = Vec::new();
    for number in 0..program.globals.len() {
        let global = instance.get_global(&mut store, &format!("g{number}")).expect("the global");
        globals.push(Number::from(&global.get(&mut store)));
    }
    let memory = instance.get_memory(&mut store, "memory").expect("the memory");
    let memory = memory.data(&store)[..MEMORY_BYTES].try_into().expect("a page has more");
    Ok(Findings { results, globals, memory })
}

fn engines() -> [Engine; 3] {
    let settings = [
        (CompilationMode::Eager, true, false),
        (CompilationMode::Eager, false, false),
        (CompilationMode::Lazy, true, false),
    ];
    settings.map(|(mode, accumulators, fuel)| {
        let mut config = Config::new();
        config.compilation_mode(mode).accumulators(accumulators).consume_fuel(fuel);
        Engine::new(&config).unwrap()
    })
}

#[test]
fn random_programs() {
    let engines = engines();
    let first = number_from("FULMAR_SEED", 1);
    let count = number_from("FULMAR_PROGRAMS", PROGRAMS);
    let (mut finished, mut divisions) = (0, 0);
    for seed in first..first + count {
        let mut random = Random(seed << 20);
        let program = generate::program(&mut random);
        let arguments: Vec<Vec<Value>> = (0..program.funcs.len())
            .map(|_| PARAMS.iter().map(|ty| random.value(*ty)).collect())
            .collect();
        let Some(expected) = evaluate(&program, &arguments) else { continue };
        let text = program.text();
        let wasm = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        for engine in &engines {
            let found = run(engine, &wasm, &program, &arguments);
            let found = found.unwrap_or_else(|error| panic!("seed {seed}: {error:?}\n{text}"));
            assert!(
                found == expected,
                "seed {seed} with {arguments:?}\nexpected {expected:?}\nfound {found:?}\n{:?}\n{text}",
                engine.config()
            );
        }
        finished += 1;
        divisions += expected.results.iter().filter(|result| result.is_none()).count();
    }
    eprintln!("{finished} programs, {divisions} divisions by zero");
    assert!(finished * 10 > count * 9, "{finished} of {count} programs come to an end");
}
