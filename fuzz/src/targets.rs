//! The targets: each panics if what it promises does not hold for an input.

pub use crate::api_calls::api_calls;
use crate::engines::{FulmarGuest, Settings};
use crate::generate::{self, COUNTER, COUNTER_START, Profile};
use crate::observe::{self, Outcome, Step, Stop};
use crate::plan::Plan;
use crate::value::Value;
use crate::{
    decode, fuel, fused as fused_module, loops as loop_module, mem_edge, mutate, seeded,
    single_inst, wast_swarm,
};
use arbitrary::{Result, Unstructured};
use fulmar::{CompilationMode, Module};
use std::hash::{DefaultHasher, Hash, Hasher};
use wasmparser::WasmFeatures;

/// What became of an input.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The input was too short to make a module of.
    Short,
    /// So many steps were compared; less than the plan has, if a limit was reached.
    Compared(usize),
}

impl Verdict {
    /// How many steps were compared.
    pub fn steps(self) -> usize {
        match self {
            Self::Short => 0,
            Self::Compared(steps) => steps,
        }
    }
}

/// A target: a function of an input's bytes.
pub type Target = fn(&[u8]) -> Verdict;

/// The target `name`, if there is one.
pub fn by_name(name: &str) -> Option<Target> {
    let targets: &[(&str, Target)] = &[
        ("api_calls", api_calls),
        ("decode", decode),
        ("diff_modes", diff_modes),
        #[cfg(feature = "wasmi")]
        ("diff_wasmi", diff_wasmi),
        #[cfg(feature = "wasmtime")]
        ("diff_wasmtime", diff_wasmtime),
        ("fused", fused),
        ("gc_stress", gc_stress),
        ("loops", loops),
        ("mem_edge", mem_edge),
        ("single_inst", single_inst),
        ("validate_invalid", validate_invalid),
        ("wast_swarm", wast_swarm),
    ];
    targets.iter().find(|(it, _)| *it == name).map(|(_, target)| *target)
}

/// The bytes of input `index` under `seed` for the target `name`. Those of `decode` are a module, changed or
/// damaged: of random bytes it would see no more than the first four.
pub fn seeded_input(name: &str, seed: u64, index: u64) -> Vec<u8> {
    let bytes = seeded::input(seed, index);
    match name {
        "decode" => mutate::mutated(&mut Unstructured::new(&bytes)).unwrap_or(bytes),
        _ => bytes,
    }
}

/// Runs a target that reads its input piece by piece.
fn attempt(bytes: &[u8], target: impl FnOnce(&mut Unstructured<'_>) -> Result<usize>) -> Verdict {
    target(&mut Unstructured::new(bytes)).map_or(Verdict::Short, Verdict::Compared)
}

/// Any bytes get the verdict of wasmparser, in every compilation mode, and take memory in proportion.
pub fn decode(bytes: &[u8]) -> Verdict {
    decode::check(bytes);
    Verdict::Compared(1)
}

/// Wasmi and fulmar agree, or wasmtime, where it is built in, sides with fulmar: wasmi 2.0.0 computes some things
/// wrongly.
#[cfg(feature = "wasmi")]
pub fn diff_wasmi(bytes: &[u8]) -> Verdict {
    use crate::engines::WasmiGuest;
    attempt(bytes, |u| {
        let wasm = generate::terminating(Profile::Wasmi, u)?;
        let mut ours = FulmarGuest::new(&wasm, Settings::default());
        let plan = Plan::new(ours.module(), u)?;
        let Some(mut theirs) = WasmiGuest::new(&wasm) else { return Ok(0) };
        let (ours, theirs) = (observe::run(&mut ours, &plan), observe::run(&mut theirs, &plan));
        #[cfg(feature = "wasmtime")]
        if let Err(step) = observe::agreement(&ours, &theirs)
            && let Ok(mut judge) = crate::engines::WasmtimeGuest::new(&wasm)
            && observe::agreement(&ours, &observe::run(&mut judge, &plan))
                .is_ok_and(|same| same > step)
        {
            println!("wasmi differs in step {step}, wasmtime sides with fulmar");
            return Ok(step);
        }
        Ok(observe::compare(&ours, ("wasmi", &theirs)))
    })
}

/// Wasmtime and fulmar agree.
#[cfg(feature = "wasmtime")]
pub fn diff_wasmtime(bytes: &[u8]) -> Verdict {
    use crate::engines::WasmtimeGuest;
    attempt(bytes, |u| {
        let wasm = generate::terminating(Profile::All, u)?;
        let mut ours = FulmarGuest::new(&wasm, Settings::default());
        let plan = Plan::new(ours.module(), u)?;
        if generate::has_relaxed_floats(&wasm) {
            return Ok(0);
        }
        let mut theirs = WasmtimeGuest::new(&wasm).expect("wasmtime accepts the module");
        let (ours, theirs) = (observe::run(&mut ours, &plan), observe::run(&mut theirs, &plan));
        Ok(observe::compare(&ours, ("wasmtime", &theirs)))
    })
}

/// With and without accumulators.
fn accumulators() -> impl Iterator<Item = Settings> {
    [true, false].into_iter().map(|accumulators| Settings { accumulators, ..Settings::default() })
}

/// Every compilation mode, with and without accumulators.
fn modes(fuel: Option<u64>) -> impl Iterator<Item = Settings> {
    let modes = [CompilationMode::LazyTranslation, CompilationMode::Eager, CompilationMode::Lazy];
    modes.into_iter().flat_map(move |mode| {
        let with = move |accumulators| Settings { mode, accumulators, fuel, gc_stress: false };
        [true, false].map(with)
    })
}

/// What the instructions that count calls and turns of loops cost at least, each time.
const TURN_COST: u64 = 7;

/// No configuration makes a difference, to the fuel that is left neither; each instruction that can be reached is paid
/// for by a block, and each call and each turn of a loop; and where fuel does not run out, metering makes no difference.
pub fn diff_modes(bytes: &[u8]) -> Verdict {
    attempt(bytes, |u| {
        let fuel = u.int_in_range(0..=20_000)?;
        let wasm = generate::terminating(Profile::All, u)?;
        fuel::check(&wasm);
        let plan = plan(&wasm, u)?;
        let plain = same_in_all(modes(None), &wasm, &plan);
        let metered = same_in_all(modes(Some(fuel)), &wasm, &plan);
        let counter = plan.globals.iter().position(|name| name == COUNTER);
        let counter = counter.filter(|_| generate::counts_only_turns(&wasm));
        for (plain, mut metered) in plain.iter().zip(metered) {
            if metered.outcome == Outcome::Stopped(Stop::OutOfFuel) {
                break;
            }
            let fuel_left = metered.state.fuel_left.take();
            if metered.outcome == Outcome::Limit || plain.outcome == Outcome::Limit {
                break;
            }
            if let (Some(left), Some(Value::I32(count))) =
                (fuel_left, counter.and_then(|at| metered.state.globals.get(at)))
            {
                let turns = COUNTER_START.abs_diff(*count);
                let paid = fuel - left;
                assert!(paid >= u64::from(turns) * TURN_COST, "{paid} for {turns} turns");
            }
            assert_eq!(*plain, metered, "on the right with fuel");
        }
        Ok(plain.len())
    })
}

/// A collection before each allocation makes no difference.
pub fn gc_stress(bytes: &[u8]) -> Verdict {
    attempt(bytes, |u| {
        let wasm = generate::terminating(Profile::Gc, u)?;
        let plan = plan(&wasm, u)?;
        let stress = |gc_stress| Settings { gc_stress, ..Settings::default() };
        let steps = same_in_all([false, true].map(stress).into_iter(), &wasm, &plan);
        Ok(steps.len())
    })
}

fn plan(wasm: &[u8], u: &mut Unstructured<'_>) -> Result<Plan> {
    Plan::new(FulmarGuest::new(wasm, Settings::default()).module(), u)
}

/// Runs a module under several settings and compares with the first; gives its steps.
fn same_in_all(
    mut settings: impl Iterator<Item = Settings>,
    wasm: &[u8],
    plan: &Plan,
) -> Vec<Step> {
    let run = |settings| observe::run(&mut FulmarGuest::new(wasm, settings), plan);
    let first = run(settings.next().expect("there are settings"));
    for settings in settings {
        observe::compare(&first, (&format!("{settings:?}"), &run(settings)));
    }
    first
}

/// A damaged module gets the verdict of wasmparser, in every compilation mode.
pub fn validate_invalid(bytes: &[u8]) -> Verdict {
    attempt(bytes, |u| {
        let mut wasm = generate::doubtful(u)?;
        generate::damage(&mut wasm, u)?;
        decode::same_verdict(&wasm, |engine| Module::new(engine, &wasm));
        Ok(1)
    })
}

/// Small loops, many of them a single cell, compute what wasmi and wasmtime say, in every compilation mode, with and
/// without accumulators and fuel.
pub fn loops(bytes: &[u8]) -> Verdict {
    attempt(bytes, |u| {
        let (wasm, plan) = loop_module::module(u)?;
        Ok(same_everywhere(&wasm, &plan))
    })
}

/// Sequences that are fused, one by one from the table, compute what wasmi and wasmtime say, in every compilation
/// mode, with and without accumulators and fuel.
pub fn fused(bytes: &[u8]) -> Verdict {
    attempt(bytes, |u| {
        let (wasm, plan) = fused_module::module(u)?;
        Ok(same_everywhere(&wasm, &plan))
    })
}

/// Compares all configurations, and the other engines; gives how many steps there were.
fn same_everywhere(wasm: &[u8], plan: &Plan) -> usize {
    let steps = same_in_all(modes(None), wasm, plan);
    let metered = same_in_all(modes(Some(1 << 40)), wasm, plan);
    for (plain, metered) in steps.iter().zip(&metered) {
        assert_eq!(plain.outcome, metered.outcome, "fuel makes a difference");
    }
    fuel::check(wasm);
    #[cfg(feature = "wasmi")]
    if let Some(mut theirs) = crate::engines::WasmiGuest::new(wasm) {
        observe::compare(&steps, ("wasmi", &observe::run(&mut theirs, plan)));
    }
    #[cfg(feature = "wasmtime")]
    {
        let mut theirs = crate::engines::WasmtimeGuest::new(wasm).expect("a valid module");
        observe::compare(&steps, ("wasmtime", &observe::run(&mut theirs, plan)));
    }
    steps.len()
}

/// Accesses around the edges of memories do what a model does, with and without accumulators.
pub fn mem_edge(bytes: &[u8]) -> Verdict {
    attempt(bytes, |u| {
        let mem_edge::Subject { wasm, plan, expected } = mem_edge::Subject::new(u)?;
        let steps = same_in_all(accumulators(), &wasm, &plan);
        Ok(observe::compare(&steps, ("the model", &expected)))
    })
}

/// One instruction with its operands in all places gives what the other engines say, with and without accumulators.
pub fn single_inst(bytes: &[u8]) -> Verdict {
    attempt(bytes, |u| {
        let single_inst::Subject { name, wasm, plan, steps_for_wasmi } =
            single_inst::Subject::new(u)?;
        let steps = same_in_all(accumulators(), &wasm, &plan);
        #[cfg(feature = "wasmi")]
        if let Some(mut theirs) = crate::engines::WasmiGuest::new(&wasm) {
            let theirs = observe::run(&mut theirs, &plan);
            let (ours, theirs) = (&steps[..steps_for_wasmi], &theirs[..steps_for_wasmi]);
            observe::compare(ours, (&format!("wasmi, {name}"), theirs));
        }
        #[cfg(feature = "wasmtime")]
        if !name.ends_with("madd") && !name.ends_with("Madd") {
            let mut theirs = crate::engines::WasmtimeGuest::new(&wasm).expect("a valid module");
            let theirs = observe::run(&mut theirs, &plan);
            observe::compare(&steps, (&format!("wasmtime, {name}"), &theirs));
        }
        Ok(steps.len())
    })
}

/// No configuration makes a difference to a script of the official suites.
pub fn wast_swarm(bytes: &[u8]) -> Verdict {
    attempt(bytes, |u| {
        let subject = wast_swarm::Subject::choose(u)?;
        let settings = wast_swarm::settings(u)?;
        let expected = subject.run(&fulmar_spectest::Settings::default());
        assert!(expected.is_ok(), "{expected}");
        let found = subject.run(&settings);
        assert_eq!(found, expected, "on the left with {settings:?}");
        Ok(found.counts.passed)
    })
}

/// The features of [`config`](crate::engines::config), as wasmparser names them.
pub fn features() -> WasmFeatures {
    // It counts threads as part of 3.0, which they aren't.
    WasmFeatures::WASM3
        .difference(WasmFeatures::THREADS)
        .union(WasmFeatures::CUSTOM_PAGE_SIZES)
        .union(WasmFeatures::WIDE_ARITHMETIC)
}

/// A number that stands for all that a module does under the default settings, and with little
/// fuel; equal in every build. `None` if the input is too short.
pub fn digest(bytes: &[u8]) -> Option<u64> {
    let u = &mut Unstructured::new(bytes);
    let wasm = generate::terminating(Profile::All, u).ok()?;
    let plan = plan(&wasm, u).ok()?;
    let mut hasher = DefaultHasher::new();
    for fuel in [None, Some(500)] {
        let settings = Settings { fuel, ..Settings::default() };
        observe::run(&mut FulmarGuest::new(&wasm, settings), &plan).hash(&mut hasher);
    }
    Some(hasher.finish())
}
