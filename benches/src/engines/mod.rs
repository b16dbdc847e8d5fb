//! The engines to compare: what a measurement asks of one, and the list of them.
//!
//! Each adapter is a file here; it knows its engine and nothing of what is measured.

mod fulmar;
mod silverfir;
mod stitch;
#[cfg(feature = "wamr")]
mod wamr;
mod wasm3;
mod wasmi;
#[cfg(feature = "wasmtime")]
mod wasmtime;

use crate::clock::Stopwatch;
use std::any::Any;
use std::error::Error;
use std::sync::OnceLock;
use std::time::Duration;

/// Why an engine did not do what it was asked for.
pub(crate) type Failure = Box<dyn Error>;

/// The engine that others are compared with.
pub(crate) const BASELINE: &str = "wasmi";

/// All engines, in the order of the columns.
pub(crate) const ENGINES: &[&dyn Engine] = &[
    &fulmar::Fulmar { fuel: false },
    &fulmar::Fulmar { fuel: true },
    &wasmi::Wasmi,
    &wasm3::Wasm3,
    &silverfir::Silverfir,
    &stitch::Stitch,
    #[cfg(feature = "wamr")]
    &wamr::Wamr,
    #[cfg(feature = "wasmtime")]
    &wasmtime::Wasmtime,
];

/// How many instances are made one after another between two looks at the clock.
pub(crate) const INSTANCES: u32 = 100;

/// When functions are validated and translated.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// As the engine does if it isn't told anything.
    Default,
    /// Both when the module is loaded.
    Eager,
    /// Both at the first call of each function.
    Lazy,
}

impl Mode {
    /// What is put after the name of an engine.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Mode::Default => "",
            Mode::Eager => " eager",
            Mode::Lazy => " lazy",
        }
    }
}

/// A number that goes into a guest or comes out.
#[derive(Copy, Clone, PartialEq, Debug)]
pub(crate) enum Value {
    I32(i32),
    I64(i64),
    F32(f32),
    F64(f64),
}

impl Value {
    /// The bits, zero-extended.
    pub(crate) fn bits(self) -> u64 {
        match self {
            Value::I32(value) => u64::from(value as u32),
            Value::I64(value) => value as u64,
            Value::F32(value) => u64::from(value.to_bits()),
            Value::F64(value) => value.to_bits(),
        }
    }
}

/// Loads a module, and tells how long that took.
pub(crate) type StartUp = Box<dyn FnMut() -> Result<Duration, Failure>>;

/// An engine.
pub(crate) trait Engine {
    /// The name of its column.
    fn name(&self) -> &'static str;

    /// The version of its crate.
    fn version(&self) -> &'static str;

    /// Whether it is measured only if it is asked for by name.
    fn is_extra(&self) -> bool {
        false
    }

    /// The modes it has for loading modules, the default one first.
    fn modes(&self) -> &'static [Mode];

    /// Loads a module to call its functions, in the default mode.
    ///
    /// The module may import `env.clock_ms: () -> i32` and `env.next: (i64) -> i64`.
    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Guest>, Failure>;

    /// Prepares what a module of any imports needs to be loaded.
    ///
    /// What is timed begins with the bytes and ends with an instance in a store of its own; the
    /// instance is dropped after that. Each time has an engine of its own as well, made before. It is
    /// timed by the clock, since engines may use several threads.
    fn start_up(&self, wasm: &[u8], mode: Mode) -> Result<StartUp, Failure>;

    /// Loads a module, all of it translated; gives it and the number of its bytes that the engine keeps.
    fn translate(&self, _wasm: &[u8]) -> Result<(Box<dyn Any>, usize), Failure> {
        Err("not measured".into())
    }

    /// Prepares a module that [`Engine::load`] takes to be instantiated again and again.
    ///
    /// What is timed begins with the module and ends when the instance is dropped with its store,
    /// after one call of `next`; [`INSTANCES`] times, since to read the clock may take longer than that.
    fn instantiate(&self, wasm: &[u8]) -> Result<StartUp, Failure>;
}

/// An instance of a module, with its store.
pub(crate) trait Guest {
    /// Calls an exported function of at most one result.
    fn call(&mut self, name: &str, args: &[Value]) -> Result<Option<Value>, Failure>;

    /// Writes to the exported memory.
    fn write(&mut self, offset: usize, bytes: &[u8]) -> Result<(), Failure>;

    /// Calls `next: (i64) -> i64` again and again, by the engine's fastest means, each time with the
    /// last result and first with 0; the last result.
    fn call_next(&mut self, count: u32) -> Result<i64, Failure>;
}

/// The clock of guests: the milliseconds since it was first looked at, by our own stopwatch.
fn clock_ms() -> i32 {
    static START: OnceLock<Stopwatch> = OnceLock::new();
    START.get_or_init(Stopwatch::start).elapsed().as_millis() as i32
}

/// The host function of guests that measure calls.
fn next(value: i64) -> i64 {
    value.wrapping_add(1)
}

/// The failure to find an export.
fn missing(name: &str) -> Failure {
    format!("there is no export {name}").into()
}
