//! The targets: each panics if what it promises does not hold for an input.

pub use crate::api_calls::api_calls;
use crate::engines::{FulmarGuest, Settings, config};
use crate::generate::{self, Profile};
use crate::observe::{self, Outcome, Step, Stop};
use crate::plan::Plan;
use arbitrary::{Result, Unstructured};
use fulmar::{CompilationMode, Engine, Module};
use std::hash::{DefaultHasher, Hash, Hasher};

/// What became of an input.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The input was too short to make a module of.
    Short,
    /// So many steps were compared; less than the plan has, if a limit was reached.
    Compared(usize),
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
        ("gc_stress", gc_stress),
        ("validate_invalid", validate_invalid),
    ];
    targets.iter().find(|(it, _)| *it == name).map(|(_, target)| *target)
}

/// Runs a target that reads its input piece by piece.
fn attempt(bytes: &[u8], target: impl FnOnce(&mut Unstructured<'_>) -> Result<usize>) -> Verdict {
    target(&mut Unstructured::new(bytes)).map_or(Verdict::Short, Verdict::Compared)
}

/// Any bytes are an error or a module; what is valid is translated.
pub fn decode(bytes: &[u8]) -> Verdict {
    let mut config = config();
    config.compilation_mode(CompilationMode::Eager);
    let engine = Engine::new(&config).expect("the configuration is valid");
    let valid = Module::validate(&engine, bytes).is_ok();
    assert_eq!(Module::new(&engine, bytes).is_ok(), valid);
    Verdict::Compared(1)
}

/// Wasmi and fulmar agree.
#[cfg(feature = "wasmi")]
pub fn diff_wasmi(bytes: &[u8]) -> Verdict {
    use crate::engines::WasmiGuest;
    attempt(bytes, |u| {
        let wasm = generate::terminating(Profile::Wasmi, u)?;
        let mut ours = FulmarGuest::new(&wasm, Settings::default());
        let plan = Plan::new(ours.module(), u)?;
        let Some(mut theirs) = WasmiGuest::new(&wasm) else { return Ok(0) };
        let (ours, theirs) = (observe::run(&mut ours, &plan), observe::run(&mut theirs, &plan));
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
        let mut theirs = WasmtimeGuest::new(&wasm).expect("wasmtime accepts the module");
        let (ours, theirs) = (observe::run(&mut ours, &plan), observe::run(&mut theirs, &plan));
        Ok(observe::compare(&ours, ("wasmtime", &theirs)))
    })
}

/// Every compilation mode, with and without accumulators.
fn modes(fuel: Option<u64>) -> impl Iterator<Item = Settings> {
    let modes = [CompilationMode::LazyTranslation, CompilationMode::Eager, CompilationMode::Lazy];
    modes.into_iter().flat_map(move |mode| {
        let with = move |accumulators| Settings { mode, accumulators, fuel, gc_stress: false };
        [true, false].map(with)
    })
}

/// No configuration makes a difference, to the fuel that is left neither; and where fuel does not
/// run out, metering doesn't.
pub fn diff_modes(bytes: &[u8]) -> Verdict {
    attempt(bytes, |u| {
        let fuel = u.int_in_range(0..=20_000)?;
        let wasm = generate::terminating(Profile::All, u)?;
        let plan = plan(&wasm, u)?;
        let plain = same_in_all(modes(None), &wasm, &plan);
        let metered = same_in_all(modes(Some(fuel)), &wasm, &plan);
        for (plain, mut metered) in plain.iter().zip(metered) {
            if metered.outcome == Outcome::Stopped(Stop::OutOfFuel) {
                break;
            }
            metered.state.fuel_left = None;
            if metered.outcome == Outcome::Limit || plain.outcome == Outcome::Limit {
                break;
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

/// A damaged module gets the verdict of wasmparser, in every compilation mode; and what is only
/// refused when it is called is refused then, by an error.
pub fn validate_invalid(bytes: &[u8]) -> Verdict {
    attempt(bytes, |u| {
        let mut wasm = generate::doubtful(u)?;
        generate::damage(&mut wasm, u)?;
        let mut validator = wasmparser::Validator::new_with_features(features());
        let verdict = validator.validate_all(&wasm).map(drop);
        for mode in
            [CompilationMode::Eager, CompilationMode::LazyTranslation, CompilationMode::Lazy]
        {
            let mut config = config();
            config.compilation_mode(mode);
            let engine = Engine::new(&config).expect("the configuration is valid");
            let validated = Module::validate(&engine, &wasm);
            assert_eq!(validated.is_ok(), verdict.is_ok(), "{validated:?}, {verdict:?}");
            match Module::new(&engine, &wasm) {
                Ok(_) if mode == CompilationMode::Lazy => {}
                module => assert_eq!(module.is_ok(), verdict.is_ok(), "{module:?}, {verdict:?}"),
            }
        }
        Ok(1)
    })
}

/// The features of [`config`], as wasmparser names them.
fn features() -> wasmparser::WasmFeatures {
    wasmparser::WasmFeatures::WASM3
        | wasmparser::WasmFeatures::CUSTOM_PAGE_SIZES
        | wasmparser::WasmFeatures::WIDE_ARITHMETIC
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
