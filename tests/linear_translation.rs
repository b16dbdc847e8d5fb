//! Translation takes time and memory in proportion to the module, whatever its shape.
//!
//! Each shape is a way to make a translator do quadratic work or keep quadratic state. Memory is
//! counted, for a module and for one four times as large. Time is not measured: the modules are so
//! large that quadratic work would not come to an end. Everything happens within a small native
//! stack, and what was translated is run.

mod counting;

use std::thread;

use counting::alone;
use fulmar::{CompilationMode, Config, Engine, Instance, Module, Store};
use wasm_encoder::{
    BlockType, CodeSection, ExportKind, ExportSection, Function, FunctionSection, InstructionSink,
    TypeSection, ValType,
};

/// Types of the modules: the function that runs, and types of blocks.
const RUN: u32 = 0;
const SEVEN: u32 = 1;
const SEVEN_THROUGH: u32 = 2;
const WIDE: u32 = 3;
const WIDE_VALUES: usize = 1000;

/// A module whose function `run` gives an i32 and has `locals` locals of that type; `more` functions
/// like it follow.
fn module(locals: usize, more: usize, body: impl Fn(&mut InstructionSink<'_>)) -> Vec<u8> {
    let i32s = |count: usize| vec![ValType::I32; count];
    let mut types = TypeSection::new();
    types.ty().function([], i32s(1));
    types.ty().function([], i32s(7));
    types.ty().function(i32s(7), i32s(7));
    types.ty().function([], i32s(WIDE_VALUES));
    let mut functions = FunctionSection::new();
    let mut code = CodeSection::new();
    for _ in 0..=more {
        functions.function(RUN);
        let mut function = Function::new([(u32::try_from(locals).unwrap(), ValType::I32)]);
        body(&mut function.instructions());
        function.instructions().end();
        code.function(&function);
    }
    let mut exports = ExportSection::new();
    exports.export("run", ExportKind::Func, 0);
    let mut module = wasm_encoder::Module::new();
    module.section(&types).section(&functions).section(&exports).section(&code);
    module.finish()
}

/// Does something `count` times.
fn repeat(count: usize, mut what: impl FnMut(usize)) {
    (0..count).for_each(&mut what);
}

/// Adds up `count` values.
fn add(code: &mut InstructionSink<'_>, count: usize) {
    repeat(count - 1, |_| {
        code.i32_add();
    });
}

/// Pushes seven constants.
fn seven(code: &mut InstructionSink<'_>) {
    repeat(7, |number| {
        code.i32_const(number as i32);
    });
}

fn drop_values(code: &mut InstructionSink<'_>, count: usize) {
    repeat(count, |_| {
        code.drop();
    });
}

fn block_of(ty: u32) -> BlockType {
    BlockType::FunctionType(ty)
}

/// A family of programs of any size.
struct Shape {
    name: &'static str,
    /// How many parts the larger one of two programs has; the smaller one has a quarter.
    parts: usize,
    /// The most bytes that translating it may take for each byte of the module.
    bytes_max: usize,
    /// The module of so many parts.
    build: fn(usize) -> Vec<u8>,
    /// What `run` gives.
    result: fn(usize) -> usize,
}

/// What translating a module took.
struct Cost {
    bytes: usize,
    peak: usize,
    kept: isize,
}

fn measure(shape: &Shape, parts: usize) -> Cost {
    let wasm = (shape.build)(parts);
    let mut config = Config::new();
    config.compilation_mode(CompilationMode::Eager).max_wasm_stack(256 << 20);
    let engine = Engine::new(&config).unwrap();
    let (module, cost) = counting::measure(|| Module::new(&engine, &wasm).unwrap());
    let cost = Cost { bytes: wasm.len(), peak: cost.peak, kept: cost.kept };

    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_typed_func::<(), u32>(&mut store, "run").unwrap();
    let result = run.call(&mut store, ()).unwrap() as usize;
    assert_eq!(result, (shape.result)(parts), "{}: the result", shape.name);
    cost
}

/// The most bytes that a translated module may keep for each of its own: its code.
const KEPT_MAX: usize = 24;

/// Checks that four times the parts cost about four times as much: buffers double when they grow,
/// which may double the factor, but quadratic costs would be sixteen times as high.
fn check(shape: &'static Shape) {
    let _alone = alone();
    let test = || {
        let (small, large) = (measure(shape, shape.parts / 4), measure(shape, shape.parts));
        let report = format!(
            "{}: {} bytes take {} and keep {}; {} bytes take {} and keep {}",
            shape.name, small.bytes, small.peak, small.kept, large.bytes, large.peak, large.kept
        );
        eprintln!("{report}; {} a byte", large.peak / large.bytes);
        assert!(large.peak <= small.peak * 9 + (64 << 10), "{report}");
        assert!(large.peak <= large.bytes * shape.bytes_max, "{report}");
        let kept_max = large.bytes * KEPT_MAX + (64 << 10);
        assert!(large.kept <= kept_max.cast_signed(), "{report}");
    };
    thread::Builder::new().stack_size(256 << 10).spawn(test).unwrap().join().unwrap();
}

/// Declares a test for each shape.
macro_rules! shapes {
    ($($name:ident: $parts:literal, $bytes_max:literal, $build:expr, $result:expr;)*) => {$(
        #[test]
        fn $name() {
            const SHAPE: Shape = Shape {
                name: stringify!($name),
                parts: $parts,
                bytes_max: $bytes_max,
                build: $build,
                result: $result,
            };
            check(&SHAPE);
        }
    )*};
}

shapes! {
    nested_blocks: 100_000, 250, nested_blocks_module, |_| 7;
    nested_blocks_with_results: 100_000, 250, nested_results_module, |parts| parts + 1;
    nested_loops: 100_000, 250, nested_loops_module, |_| 7;
    nested_ifs: 100_000, 250, nested_ifs_module, |_| 7;
    nested_elses: 100_000, 250, nested_elses_module, |_| 7;
    branches_to_every_depth: 100_000, 250, every_depth_module, |_| 7;
    locals: 50_000, 250, locals_module, |parts| parts * (parts - 1) / 2;
    locals_on_the_stack: 50_000, 250, locals_on_stack_module, |parts| parts;
    old_values_of_one_local: 100_000, 500, old_values_module, |parts| parts * 3;
    old_values_of_changing_local: 50_000, 250, changing_module, |parts| parts * (parts - 1) / 2;
    tees_of_one_local: 50_000, 250, tees_module, |parts| parts * (parts + 1) / 2;
    blocks_above_locals: 100_000, 250, blocks_above_module, |parts| parts * 3;
    loops_above_locals: 50_000, 300, loops_above_module, |parts| parts * 3;
    ifs_with_parameters: 20_000, 250, ifs_with_parameters_module, |_| 6;
    constants_on_the_stack: 100_000, 250, constants_module, |parts| parts;
    wide_blocks: 2_000, 400, wide_blocks_module, |_| 1;
    wide_branches: 2_000, 400, wide_branches_module, |_| 1;
    wide_joins: 1_000, 400, wide_joins_module, |_| 1;
    table_of_wide_targets: 2_000, 400, wide_table_module, |_| 1;
    table_of_seven_values: 10_000, 700, seven_table_module, |_| 1;
    table_of_few_targets: 100_000, 250, repeated_table_module, |_| 1;
    branches_to_a_switch: 50_000, 150, switch_module, |_| 7;
    nested_switches: 50_000, 400, nested_switches_module, |_| 7;
    returns_of_values: 20_000, 250, returns_module, |_| 7;
    functions: 20_000, 250, functions_module, |_| 7;
}

fn nested_blocks_module(parts: usize) -> Vec<u8> {
    module(1, 0, |code| {
        repeat(parts, |_| {
            code.block(BlockType::Empty);
        });
        code.i32_const(7).local_set(0);
        repeat(parts, |_| {
            code.end();
        });
        code.local_get(0);
    })
}

fn nested_results_module(parts: usize) -> Vec<u8> {
    module(1, 0, |code| {
        repeat(parts, |_| {
            code.block(BlockType::Result(ValType::I32));
        });
        code.i32_const(1);
        repeat(parts, |_| {
            code.local_get(0).br_if(0).end().i32_const(1).i32_add();
        });
    })
}

fn nested_loops_module(parts: usize) -> Vec<u8> {
    module(1, 0, |code| {
        repeat(parts, |_| {
            code.loop_(BlockType::Empty);
        });
        repeat(parts, |_| {
            code.local_get(0).br_if(0).end();
        });
        code.i32_const(7);
    })
}

fn nested_ifs_module(parts: usize) -> Vec<u8> {
    module(1, 0, |code| {
        code.i32_const(7).local_set(0);
        repeat(parts, |_| {
            code.local_get(0).if_(BlockType::Empty);
        });
        repeat(parts, |_| {
            code.else_().i32_const(1).local_set(0).end();
        });
        code.local_get(0);
    })
}

fn nested_elses_module(parts: usize) -> Vec<u8> {
    module(1, 0, |code| {
        repeat(parts, |_| {
            code.local_get(0).if_(BlockType::Result(ValType::I32)).i32_const(1).else_();
        });
        code.i32_const(7);
        repeat(parts, |_| {
            code.end();
        });
    })
}

fn every_depth_module(parts: usize) -> Vec<u8> {
    module(1, 0, |code| {
        repeat(parts, |_| {
            code.block(BlockType::Empty);
        });
        repeat(parts, |depth| {
            code.local_get(0).br_if(depth as u32);
        });
        repeat(parts, |_| {
            code.end();
        });
        code.i32_const(7);
    })
}

fn locals_module(parts: usize) -> Vec<u8> {
    module(parts, 0, |code| {
        repeat(parts, |local| {
            code.i32_const(local as i32).local_set(local as u32);
        });
        code.local_get(0);
        repeat(parts - 1, |local| {
            code.local_get(local as u32 + 1).i32_add();
        });
    })
}

/// All locals are on the stack when all of them are set.
fn locals_on_stack_module(parts: usize) -> Vec<u8> {
    module(parts, 0, |code| {
        repeat(parts, |local| {
            code.i32_const(1).local_set(local as u32);
        });
        repeat(parts, |local| {
            code.local_get(local as u32);
        });
        repeat(parts, |local| {
            code.i32_const(5).local_set(local as u32);
        });
        add(code, parts);
    })
}

fn old_values_module(parts: usize) -> Vec<u8> {
    module(1, 0, |code| {
        code.i32_const(3).local_set(0);
        repeat(parts, |_| {
            code.local_get(0);
        });
        code.i32_const(5).local_set(0);
        add(code, parts);
    })
}

fn changing_module(parts: usize) -> Vec<u8> {
    module(1, 0, |code| {
        repeat(parts, |_| {
            code.local_get(0).local_get(0).i32_const(1).i32_add().local_set(0);
        });
        add(code, parts);
    })
}

fn tees_module(parts: usize) -> Vec<u8> {
    module(1, 0, |code| {
        repeat(parts, |_| {
            code.local_get(0).i32_const(1).i32_add().local_tee(0);
        });
        add(code, parts);
    })
}

fn blocks_above_module(parts: usize) -> Vec<u8> {
    module(1, 0, |code| {
        code.i32_const(3).local_set(0);
        repeat(parts, |_| {
            code.local_get(0);
        });
        repeat(parts, |_| {
            code.block(BlockType::Empty).i32_const(0).br_if(0).end();
        });
        add(code, parts);
    })
}

fn loops_above_module(parts: usize) -> Vec<u8> {
    module(1, 0, |code| {
        code.i32_const(3).local_set(0);
        repeat(parts + 7, |_| {
            code.local_get(0);
        });
        repeat(parts, |_| {
            code.loop_(block_of(SEVEN_THROUGH)).end();
        });
        drop_values(code, 7);
        add(code, parts);
    })
}

fn ifs_with_parameters_module(parts: usize) -> Vec<u8> {
    module(1, 0, |code| {
        seven(code);
        repeat(parts, |_| {
            code.local_get(0).if_(block_of(SEVEN_THROUGH));
        });
        repeat(parts, |_| {
            code.else_().drop().i32_const(6).end();
        });
        code.local_set(0);
        drop_values(code, 6);
        code.local_get(0);
    })
}

fn constants_module(parts: usize) -> Vec<u8> {
    module(1, 0, |code| {
        repeat(parts, |_| {
            code.i32_const(1);
        });
        repeat(parts, |_| {
            code.loop_(BlockType::Empty).end();
        });
        add(code, parts);
    })
}

/// Pushes as many values as the wide type has.
fn wide_values(code: &mut InstructionSink<'_>) {
    repeat(WIDE_VALUES, |_| {
        code.i32_const(1);
    });
}

/// Keeps one of the values of the wide type.
fn keep_one(code: &mut InstructionSink<'_>) {
    code.local_set(0);
    drop_values(code, WIDE_VALUES - 1);
    code.local_get(0);
}

/// Each block moves its values down by one slot.
fn wide_blocks_module(parts: usize) -> Vec<u8> {
    module(1, 0, |code| {
        repeat(parts, |_| {
            code.block(block_of(WIDE)).i32_const(9);
        });
        wide_values(code);
        repeat(parts, |_| {
            code.br(0).end();
        });
        keep_one(code);
    })
}

/// Many branches that carry many values, and are not taken.
fn wide_branches_module(parts: usize) -> Vec<u8> {
    module(1, 0, |code| {
        code.block(block_of(WIDE)).i32_const(9);
        wide_values(code);
        repeat(parts, |_| {
            code.local_get(0).br_if(0);
        });
        code.br(0).end();
        keep_one(code);
    })
}

/// Many ends of blocks with many values that nothing reaches.
fn wide_joins_module(parts: usize) -> Vec<u8> {
    module(1, 0, |code| {
        repeat(parts, |_| {
            code.block(BlockType::Empty).i32_const(1).br_if(0);
            code.local_get(0).if_(block_of(WIDE)).unreachable().else_().unreachable().end();
            code.br(0).end();
        });
        code.i32_const(1);
    })
}

fn wide_table_module(parts: usize) -> Vec<u8> {
    module(1, 0, |code| {
        repeat(parts, |_| {
            code.block(block_of(WIDE)).i32_const(9);
        });
        wide_values(code);
        code.local_get(0).br_table(0..parts as u32, 0).end();
        repeat(parts - 1, |_| {
            code.br(0).end();
        });
        keep_one(code);
    })
}

fn seven_table_module(parts: usize) -> Vec<u8> {
    module(1, 0, |code| {
        code.i32_const(3).local_set(0);
        repeat(parts, |_| {
            code.block(block_of(SEVEN)).i32_const(9);
        });
        seven(code);
        code.local_get(0).br_table(0..parts as u32, 0).end();
        repeat(parts - 1, |_| {
            code.br(0).end();
        });
        drop_values(code, 6);
        code.drop().i32_const(1);
    })
}

fn repeated_table_module(parts: usize) -> Vec<u8> {
    module(1, 0, |code| {
        code.block(block_of(SEVEN)).block(block_of(SEVEN)).i32_const(9);
        seven(code);
        let targets = (0..parts as u32).map(|number| number % 2);
        code.local_get(0).br_table(targets.collect::<Vec<_>>(), 0);
        code.end().end();
        drop_values(code, 7);
        code.i32_const(1);
    })
}

/// Branches out of the function with a value above others.
/// The targets of a table, the most that a branch back to it copies.
const SWITCH: [u32; 31] = [0; 31];

fn switch_module(parts: usize) -> Vec<u8> {
    module(1, 0, |code| {
        code.i32_const(1).local_set(0).loop_(BlockType::Empty);
        code.block(BlockType::Empty).local_get(0).br_table(SWITCH, 0).end();
        repeat(parts, |_| {
            code.block(BlockType::Empty).local_get(0).br_if(0).br(1).end();
        });
        code.end().i32_const(7);
    })
}

fn nested_switches_module(parts: usize) -> Vec<u8> {
    module(1, 0, |code| {
        code.i32_const(1).local_set(0);
        repeat(parts, |_| {
            code.loop_(BlockType::Empty);
            code.block(BlockType::Empty).local_get(0).br_table([0], 0).end();
        });
        repeat(parts, |_| {
            code.block(BlockType::Empty).local_get(0).br_if(0).br(1).end().end();
        });
        code.i32_const(7);
    })
}

fn returns_module(parts: usize) -> Vec<u8> {
    module(1, 0, |code| {
        repeat(7, |_| {
            code.local_get(0);
        });
        code.i32_const(7);
        repeat(parts, |_| {
            code.local_get(0).br_if(0);
        });
        code.return_();
    })
}

fn functions_module(parts: usize) -> Vec<u8> {
    module(1, parts, |code| {
        code.i32_const(7).local_set(0).local_get(0);
    })
}
