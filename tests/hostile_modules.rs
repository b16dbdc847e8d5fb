//! Modules as large as they may be, and small ones that ask for much: taken in, or refused, with
//! memory in proportion to their bytes, within a small native stack.
//!
//! Memory is counted. What took time beyond all proportion would not come to an end.

mod counting;

use counting::{Cost, alone, measure};
use fulmar::{CompilationMode, Config, Engine, Error, Instance, Module, Store, Val};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, CustomSection, DataSection, ExportKind, ExportSection,
    Function, FunctionSection, InstructionSink, MemorySection, MemoryType, TableSection, TableType,
    TypeSection, ValType,
};

/// The size of the largest modules: less without optimization, where validation is slow.
const MODULE_BYTES: usize = if cfg!(debug_assertions) { 512 << 10 } else { 64 << 20 };
/// The most bytes that wasmparser allows a body.
const BODY_BYTES_MAX: usize = 7_654_321;

const MODES: [CompilationMode; 3] =
    [CompilationMode::Eager, CompilationMode::LazyTranslation, CompilationMode::Lazy];

fn engine(mode: CompilationMode) -> Engine {
    let mut config = Config::new();
    config.compilation_mode(mode).max_wasm_stack(2 << 20);
    Engine::new(&config).unwrap()
}

/// Takes a module in and drops it, in each mode; the memory is to be at most this many times its
/// bytes in each, and 64 KiB. Says whether it was accepted.
fn take_in(wasm: &[u8], times: [usize; 3]) -> Result<(), Error> {
    let mut verdict = Ok(());
    for (mode, times) in MODES.into_iter().zip(times) {
        let engine = engine(mode);
        let (result, Cost { peak, .. }) = measure(|| Module::new(&engine, wasm).map(drop));
        eprintln!("{mode:?}: {} bytes take {peak}: {:.1}", wasm.len(), ratio(peak, wasm.len()));
        assert!(peak <= wasm.len() * times + (64 << 10), "{mode:?}: {peak}");
        verdict = verdict.and(result);
    }
    verdict
}

fn ratio(peak: usize, bytes: usize) -> f64 {
    peak as f64 / bytes as f64
}

/// A module of sections.
fn module(sections: &[&dyn wasm_encoder::Section]) -> Vec<u8> {
    let mut wasm = wasm_encoder::Module::HEADER.to_vec();
    sections.iter().for_each(|section| section.append_to(&mut wasm));
    wasm
}

/// A type section of one function type.
fn types(params: &[ValType], results: &[ValType]) -> TypeSection {
    let mut types = TypeSection::new();
    types.ty().function(params.iter().copied(), results.iter().copied());
    types
}

/// The sections of `count` functions of type 0 with the same body.
fn functions(
    count: usize,
    locals: &[(u32, ValType)],
    body: impl Fn(&mut InstructionSink<'_>),
) -> (FunctionSection, CodeSection) {
    let mut declared = FunctionSection::new();
    let mut code = CodeSection::new();
    let mut function = Function::new(locals.iter().copied());
    body(&mut function.instructions());
    function.instructions().end();
    for _ in 0..count {
        declared.function(0);
        code.function(&function);
    }
    (declared, code)
}

#[test]
fn one_huge_function() {
    let _alone = alone();
    let body = |bytes: usize| {
        let (declared, code) = functions(1, &[(1, ValType::I32)], |code| {
            for _ in 0..bytes / 7 {
                code.local_get(0).i32_const(5).i32_add().local_set(0);
            }
        });
        module(&[&types(&[], &[]), &declared, &code])
    };
    take_in(&body(MODULE_BYTES.min(BODY_BYTES_MAX) - 64), [80, 3, 3]).unwrap();
    let error = take_in(&body(BODY_BYTES_MAX + 64), [3, 3, 3]).unwrap_err();
    assert!(error.to_string().contains("size"), "{error}");
    let error = take_in(&body(MODULE_BYTES.max(2 * BODY_BYTES_MAX)), [3, 3, 3]).unwrap_err();
    assert!(error.to_string().contains("size"), "{error}");
}

#[test]
fn functions_that_do_nothing() {
    let _alone = alone();
    let count = (MODULE_BYTES / 64).min(1_000_000);
    let (declared, code) = functions(count, &[], |_| {});
    take_in(&module(&[&types(&[], &[]), &declared, &code]), [40, 40, 40]).unwrap();
    // A million is the most.
    let (declared, code) = functions(1_000_001, &[], |_| {});
    let error = take_in(&module(&[&types(&[], &[]), &declared, &code]), [3, 3, 3]).unwrap_err();
    assert!(error.to_string().contains("functions count"), "{error}");
}

#[test]
fn many_functions_of_a_hundred_instructions() {
    let _alone = alone();
    let (declared, code) = functions(MODULE_BYTES / 320, &[(2, ValType::I64)], |code| {
        for _ in 0..40 {
            code.local_get(0).local_get(1).i64_add().local_set(1);
        }
    });
    take_in(&module(&[&types(&[], &[]), &declared, &code]), [8, 3, 3]).unwrap();
}

#[test]
fn a_huge_data_segment_and_a_huge_custom_section() {
    let _alone = alone();
    let bytes = vec![7; MODULE_BYTES.max(64 << 20)];
    let mut memories = MemorySection::new();
    let memory = MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    };
    memories.memory(memory);
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(0), bytes.iter().copied());
    let wasm = module(&[&memories, &data]);
    take_in(&wasm, [2, 2, 2]).unwrap();
    // It does not fit the memory, of which nothing is written.
    let engine = Engine::default();
    let module_of_data = Module::new(&engine, &wasm).unwrap();
    let mut store = Store::new(&engine, ());
    let error = Instance::new(&mut store, &module_of_data, &[]).unwrap_err();
    assert_eq!(error.as_trap(), Some(fulmar::Trap::MemoryOutOfBounds));

    let custom = CustomSection { name: "name".into(), data: (&bytes).into() };
    take_in(&module(&[&custom]), [2, 2, 2]).unwrap();
}

/// A few bytes declare as many locals as a function may have: until it runs they cost next to nothing,
/// a byte or two for the validator.
#[test]
fn declared_locals_cost_next_to_nothing() {
    let _alone = alone();
    let with_locals = |locals: u32| {
        let (declared, code) =
            functions(1, &[(locals / 2, ValType::I32), (locals / 2, ValType::I64)], |_| {});
        module(&[&types(&[], &[]), &declared, &code])
    };
    let cost = |locals: u32| {
        let (wasm, engine) = (with_locals(locals), engine(CompilationMode::Eager));
        measure(|| Module::new(&engine, &wasm).map(drop).unwrap()).1.peak
    };
    cost(2);
    let (few, many) = (cost(10), cost(50_000));
    assert!(many <= few + 2 * 50_000, "{few} and {many}");
    // So many such functions would not come to an end if each took time for them.
    let count = if cfg!(debug_assertions) { 1_000 } else { 200_000 };
    let (declared, code) = functions(count, &[(50_000, ValType::V128)], |_| {});
    take_in(&module(&[&types(&[], &[]), &declared, &code]), [60, 60, 60]).unwrap();
    let (declared, code) = functions(1, &[(50_001, ValType::V128)], |_| {});
    let error = take_in(&module(&[&types(&[], &[]), &declared, &code]), [3; 3]).unwrap_err();
    assert!(error.to_string().contains("too many locals"), "{error}");
}

/// As many parameters, results and locals as there may be, handed on from call to call.
#[test]
fn as_many_parameters_and_results_as_there_may_be() {
    let _alone = alone();
    let wide = vec![ValType::I64; 1000];
    let (declared, code) = functions(2, &[(49_000, ValType::I64)], |code| {
        (0..1000).for_each(|local| {
            code.local_get(999 - local);
        });
        code.local_get(49_999).drop();
    });
    let mut exports = ExportSection::new();
    exports.export("reverse", ExportKind::Func, 0);
    let wasm = module(&[&types(&wide, &wide), &declared, &exports, &code]);
    take_in(&wasm, [200, 200, 200]).unwrap();
    let engine = engine(CompilationMode::Lazy);
    let mut store = Store::new(&engine, ());
    let reversed = Module::new(&engine, &wasm).unwrap();
    let instance = Instance::new(&mut store, &reversed, &[]).unwrap();
    let params: Vec<Val> = (0..1000).map(Val::I64).collect();
    let mut results = vec![Val::I32(0); 1000];
    let reverse = instance.get_func(&mut store, "reverse").unwrap();
    reverse.call(&mut store, &params, &mut results).unwrap();
    let found = results.iter().map(|it| it.i64().unwrap());
    assert!(found.eq((0..1000).rev()));

    let too_wide = vec![ValType::I64; 1001];
    for (params, results) in [(&too_wide, &wide), (&wide, &too_wide)] {
        let error = take_in(&module(&[&types(params, results)]), [3; 3]).unwrap_err();
        assert!(error.offset().is_some(), "{error}");
    }
}

/// Thirteen bytes that declare a million items, in each section.
#[test]
fn counts_of_items_that_are_not_there() {
    let _alone = alone();
    for section in [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13] {
        // A section of 3 bytes, which are LEB128 for a million.
        let wasm = [b"\0asm\x01\0\0\0".as_slice(), &[section, 3, 0xc0, 0x84, 0x3d]].concat();
        take_in(&wasm, [3; 3]).unwrap_err();
        let (validated, Cost { peak, .. }) =
            measure(|| Module::validate(&Engine::default(), &wasm));
        validated.unwrap_err();
        assert!(peak <= 64 << 10, "{section}: {peak}");
    }
}

/// A recursion group of a million types that are not there, alone and behind one that is.
#[test]
fn types_of_a_group_that_are_not_there() {
    let _alone = alone();
    let million = [0x4e, 0xc0, 0x84, 0x3d];
    let empty_function = [0x60, 0, 0];
    let sections = [
        [&[1], million.as_slice()].concat(),
        [&[3], empty_function.as_slice(), &[0x4e, 1], &empty_function, &million].concat(),
    ];
    for section in sections {
        let wasm = [b"\0asm\x01\0\0\0".as_slice(), &[1, section.len() as u8], &section].concat();
        let error = take_in(&wasm, [3; 3]).unwrap_err();
        assert_eq!(error.offset(), Some(wasm.len()), "{error}");
        let (validated, Cost { peak, .. }) =
            measure(|| Module::validate(&Engine::default(), &wasm));
        validated.unwrap_err();
        assert!(peak <= 64 << 10, "{peak} bytes for {}", wasm.len());
    }
}

/// A call of two bytes leaves a thousand values. Of calls whose results pile up, few are taken in; the
/// others are refused before they take memory.
#[test]
fn results_that_pile_up() {
    let _alone = alone();
    let piling_up = |calls: usize| {
        let mut types = types(&[], &vec![ValType::I32; 1000]);
        types.ty().function([], []);
        let mut functions = FunctionSection::new();
        functions.function(0).function(1);
        let mut code = CodeSection::new();
        for calls in [0, calls] {
            let mut function = Function::new([]);
            let mut body = function.instructions();
            for _ in 0..calls {
                body.call(0);
            }
            body.unreachable().end();
            code.function(&function);
        }
        let mut exports = ExportSection::new();
        exports.export("run", ExportKind::Func, 1);
        module(&[&types, &functions, &exports, &code])
    };
    // As many as there may be locals, and a few.
    take_in(&piling_up(50), [4_000, 1_000, 3]).unwrap();
    for calls in [51, BODY_BYTES_MAX.min(MODULE_BYTES) / 4] {
        let wasm = piling_up(calls);
        let error = take_in(&wasm, [1_000, 1_000, 3]).unwrap_err();
        assert!(error.to_string().contains("too many values"), "{error}");
        let (validated, Cost { peak, .. }) =
            measure(|| Module::validate(&Engine::default(), &wasm));
        assert_eq!(validated.unwrap_err().to_string(), error.to_string());
        assert!(peak <= 40 * wasm.len() + (2 << 20), "{peak}");

        // Whose body is looked at later.
        let engine = engine(CompilationMode::Lazy);
        let lazy = Module::new(&engine, &wasm).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &lazy, &[]).unwrap();
        let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
        let (called, Cost { peak, .. }) = measure(|| run.call(&mut store, ()));
        assert_eq!(called.unwrap_err().to_string(), error.to_string());
        // The guest's stack among it.
        assert!(peak <= 40 * wasm.len() + (4 << 20), "{peak}");
    }
}

/// Tables that lead to blocks nested around them, each of which has a thousand results: many of
/// them, with many targets, in functions of their own and in one.
#[test]
fn tables_of_branches_that_carry_much() {
    let _alone = alone();
    const DEPTH: u32 = 100;
    // The validator looks at each of the thousand results for each target.
    const TARGETS: u32 = if cfg!(debug_assertions) { 50 } else { 2_000 };
    let wide = vec![ValType::I32; 1000];
    let mut types = types(&[], &[]);
    types.ty().function([], wide);
    let nest = |code: &mut InstructionSink<'_>, tables: u32| {
        for _ in 0..DEPTH {
            code.block(BlockType::FunctionType(1));
        }
        for _ in 0..1001 {
            code.i32_const(1);
        }
        for _ in 0..tables {
            let targets = (0..TARGETS).map(|target| target % DEPTH);
            code.br_table(targets.collect::<Vec<_>>(), 0);
        }
        for _ in 0..DEPTH {
            code.end();
        }
        (0..1000).for_each(|_| {
            code.drop();
        });
    };
    for (functions_count, tables) in [(1, 40), (40, 1)] {
        let (declared, code) = functions(functions_count, &[], |code| nest(code, tables));
        take_in(&module(&[&types, &declared, &code]), [120, 3, 3]).unwrap();
    }
    // Two bytes for an instruction, and a table of nothing but those: each leads nowhere new.
    let (declared, code) = functions(1, &[], |code| {
        for _ in 0..MODULE_BYTES.min(BODY_BYTES_MAX - 64) / 16 {
            code.block(BlockType::Empty).i32_const(0);
            code.br_table([0, 0, 0, 0], 0).end();
        }
    });
    take_in(&module(&[&types, &declared, &code]), [120, 3, 3]).unwrap();
}

/// Subtypes declared to differ in fields that refer to the subtypes before: to compare them written
/// out would take 2^60 steps, for the validator, the engine's registry and the linker.
#[test]
fn subtypes_that_would_expand_without_end() {
    let _alone = alone();
    let mut text = String::from("(module");
    for (sup, sub) in (0..60).map(|level| (2 * level, 2 * level + 1)) {
        let field = |of: u32| match sup {
            0 => "(ref null any)".repeat(2),
            _ => format!("(ref null {}) (ref null {})", sup - 2 + of, sup - 2 + of),
        };
        text += &format!(
            "(rec (type (sub (struct (field {})))) (type (sub {sup} (struct (field {})))))",
            field(0),
            field(1)
        );
        assert_eq!(sub, sup + 1);
    }
    let exporter = format!(r#"{text} (global (export "g") (ref null 119) (ref.null 119)))"#);
    let importer = format!(r#"{text} (import "m" "g" (global (ref null 118))))"#);
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let load = |text: &str| Module::new(&engine, &wat::parse_str(text).unwrap()).unwrap();
    let exporting = Instance::new(&mut store, &load(&exporter), &[]).unwrap();
    let global = exporting.get_global(&mut store, "g").unwrap();
    Instance::new(&mut store, &load(&importer), &[global.into()]).unwrap();
}

/// Recursion groups of all sizes and a million types in one; the engine keeps them, and no more than
/// in proportion.
#[test]
fn recursion_groups_of_all_sizes() {
    let _alone = alone();
    let groups = |groups: usize, types_each: usize| {
        let mut types = TypeSection::new();
        for group in 0..groups {
            let first = group * types_each;
            let member = |place: usize| wasm_encoder::SubType {
                is_final: true,
                supertype_idxs: Vec::new(),
                composite_type: wasm_encoder::CompositeType {
                    inner: wasm_encoder::CompositeInnerType::Array(wasm_encoder::ArrayType(
                        wasm_encoder::FieldType {
                            element_type: wasm_encoder::StorageType::Val(ValType::Ref(
                                wasm_encoder::RefType {
                                    nullable: true,
                                    heap_type: wasm_encoder::HeapType::Concrete(
                                        (first + (place + 1) % types_each) as u32,
                                    ),
                                },
                            )),
                            mutable: place.is_multiple_of(2),
                        },
                    )),
                    shared: false,
                    descriptor: None,
                    describes: None,
                },
            };
            types.ty().rec((0..types_each).map(member).collect::<Vec<_>>());
        }
        module(&[&types])
    };
    let count = if cfg!(debug_assertions) { 20_000 } else { 1_000_000 };
    for each in [1, 2, 100, count] {
        take_in(&groups(count / each, each), [250, 250, 250]).unwrap();
    }
    let error = take_in(&groups(1, 1_000_001), [100, 100, 100]).unwrap_err();
    assert!(error.offset().is_some(), "{error}");
}

/// Everything a module can have many of, as many as there may be, of the fewest bytes.
#[test]
fn many_small_declarations() {
    let _alone = alone();
    let count = if cfg!(debug_assertions) { 50_000 } else { 1_000_000 };
    let mut globals = wasm_encoder::GlobalSection::new();
    let ty = wasm_encoder::GlobalType { val_type: ValType::I32, mutable: true, shared: false };
    for _ in 0..count {
        globals.global(ty, &ConstExpr::i32_const(0));
    }
    take_in(&module(&[&globals]), [40; 3]).unwrap();
    let mut exports = ExportSection::new();
    // Each counts for its type, too, of which there may be a million together.
    for number in 0..count.min(300_000) {
        exports.export(&format!("{number:x}"), ExportKind::Global, 0);
    }
    let mut one = wasm_encoder::GlobalSection::new();
    one.global(ty, &ConstExpr::i32_const(0));
    take_in(&module(&[&one, &exports]), [40; 3]).unwrap();
    let mut tables = TableSection::new();
    for _ in 0..100_000 {
        tables.table(TableType {
            element_type: wasm_encoder::RefType::FUNCREF,
            table64: false,
            minimum: 0,
            maximum: None,
            shared: false,
        });
    }
    take_in(&module(&[&tables]), [40; 3]).unwrap();
    let mut elements = wasm_encoder::ElementSection::new();
    for _ in 0..100_000 {
        elements.passive(wasm_encoder::Elements::Functions((&[]).into()));
    }
    take_in(&module(&[&elements]), [40; 3]).unwrap();
    let (declared, code) = functions(1, &[], |_| {});
    let mut elements = wasm_encoder::ElementSection::new();
    elements.passive(wasm_encoder::Elements::Functions((&vec![0; count]).into()));
    take_in(&module(&[&types(&[], &[]), &declared, &elements, &code]), [16; 3]).unwrap();
}
