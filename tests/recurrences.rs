//! Loops of one cell that may be recurrences, `t = a - b`, `a = b`, `b = t`, `i = i - 1`, with every choice of locals
//! for their operands: only some are recurrences, and all have to compute what they say.

mod configurations;

use configurations::{Configuration, configurations};
use fulmar::{Engine, Instance, Module, Store};
use wasm_encoder::{
    BlockType, CodeSection, ExportKind, ExportSection, Function, FunctionSection, TypeSection,
    ValType,
};

/// The locals, all of which are parameters.
const LOCALS: usize = 4;
/// The locals may begin with values below this.
const STARTS: usize = 5;
/// Loops that take more turns are left out: some don't end.
const TURNS_MAX: usize = 12;
const TURNS_MIN: usize = 3;
/// More than they need.
const FUEL: u64 = 10_000;

/// Which locals a loop names.
#[derive(Clone, Copy, Debug)]
struct Loop {
    x: usize,
    y: usize,
    down: usize,
    from: usize,
    up: usize,
    step: usize,
    before: usize,
    limit: usize,
}

impl Loop {
    /// All choices.
    fn all() -> impl Iterator<Item = Loop> {
        (0..2 * LOCALS.pow(7)).map(|number| {
            let digit = |place: u32| number / LOCALS.pow(place) % LOCALS;
            let [x, y, down, from, up, step, before] = [0, 1, 2, 3, 4, 5, 6].map(digit);
            let limit = if number < LOCALS.pow(7) { LOCALS - 1 } else { down };
            Loop { x, y, down, from, up, step, before, limit }
        })
    }

    /// What the locals begin with, all different, so that it takes several turns and ends, if there is such a
    /// thing, and what they are then.
    fn ends(self) -> Option<[[i64; LOCALS]; 2]> {
        (0..STARTS.pow(4)).find_map(|number| {
            let start = [0, 1, 2, 3].map(|place| (number / STARTS.pow(place) % STARTS) as i64);
            let differ = (1..LOCALS).all(|at| !start[..at].contains(&start[at]));
            let (end, turns) = if differ { self.run(start)? } else { return None };
            (turns >= TURNS_MIN).then_some([start, end])
        })
    }

    /// The locals when it has ended, if it does, and the number of turns.
    fn run(self, start: [i64; LOCALS]) -> Option<([i64; LOCALS], usize)> {
        let mut locals = start;
        for turn in 1..=TURNS_MAX {
            let made = locals[self.x].wrapping_sub(locals[self.y]);
            locals[self.down] = locals[self.from];
            locals[self.up] = made;
            locals[self.step] = locals[self.before].wrapping_sub(1);
            if locals[self.step] == locals[self.limit] {
                return Some((locals, turn));
            }
        }
        None
    }

    fn body(self) -> Function {
        let local = |number: usize| u32::try_from(number).unwrap();
        let mut body = Function::new([]);
        body.instructions()
            .loop_(BlockType::Empty)
            .local_get(local(self.x))
            .local_get(local(self.y))
            .i64_sub()
            .local_get(local(self.from))
            .local_set(local(self.down))
            .local_set(local(self.up))
            .local_get(local(self.before))
            .i64_const(1)
            .i64_sub()
            .local_tee(local(self.step))
            .local_get(local(self.limit))
            .i64_ne()
            .br_if(0)
            .end();
        for number in 0..LOCALS {
            body.instructions().local_get(local(number));
        }
        body.instructions().end();
        body
    }
}

/// A module that exports the loops by their numbers.
fn module(loops: &[Loop]) -> Vec<u8> {
    let (mut types, mut funcs) = (TypeSection::new(), FunctionSection::new());
    let (mut exports, mut code) = (ExportSection::new(), CodeSection::new());
    types.ty().function([ValType::I64; LOCALS], [ValType::I64; LOCALS]);
    for (number, func) in (0..).zip(loops) {
        funcs.function(0);
        exports.export(&number.to_string(), ExportKind::Func, number);
        code.function(&func.body());
    }
    let mut module = wasm_encoder::Module::new();
    module.section(&types).section(&funcs).section(&exports).section(&code);
    module.finish()
}

#[test]
fn loops_compute_what_they_say_whatever_they_name() {
    let (loops, ends): (Vec<_>, Vec<_>) =
        Loop::all().filter_map(|func| Some((func, func.ends()?))).unzip();
    assert!(loops.len() > 5_000, "{} loops end", loops.len());
    let wasm = module(&loops);
    // What does not end for want of what it should compute does so for want of fuel.
    let (metered, others): (Vec<_>, Vec<_>) =
        configurations().into_iter().partition(|configuration| configuration.metered);
    for Configuration { name, config, metered, .. } in metered.into_iter().chain(others) {
        let engine = Engine::new(&config).unwrap();
        let module = Module::new(&engine, &wasm).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        for (number, (func, [start, end])) in loops.iter().zip(&ends).enumerate() {
            if metered {
                store.set_fuel(FUEL).unwrap();
            }
            let run = instance
                .get_typed_func::<(i64, i64, i64, i64), (i64, i64, i64, i64)>(
                    &mut store,
                    &number.to_string(),
                )
                .unwrap();
            let (a, b, c, d) = run.call(&mut store, (*start).into()).unwrap();
            assert_eq!([a, b, c, d], *end, "{name}: {func:?}");
        }
    }
}
