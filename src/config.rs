//! What an engine is told once: accepted proposals, when code is validated and translated, and
//! limits.

use wasmparser::WasmFeatures;

/// When function bodies are validated and translated.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum CompilationMode {
    /// Both when the module is created.
    Eager,
    /// Validation when the module is created, translation at the first call of each function.
    #[default]
    LazyTranslation,
    /// Both at the first call of each function, so that a call of an invalid function is what
    /// fails.
    Lazy,
}

/// The configuration of an [`Engine`](crate::Engine).
///
/// ```
/// use fulmar::{CompilationMode, Config, Engine};
///
/// let mut config = Config::new();
/// config.compilation_mode(CompilationMode::Eager).consume_fuel(true);
/// let engine = Engine::new(&config)?;
/// # Ok::<(), fulmar::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    features: WasmFeatures,
    compilation_mode: CompilationMode,
    parallel_compilation: bool,
    consume_fuel: bool,
    stack_bytes_max: usize,
    host_reentry_max: u32,
    gc_heap_bytes_max: usize,
    gc_stress: bool,
    accumulators: bool,
}

/// The default of [`Config::max_gc_heap`].
const GC_HEAP_BYTES_MAX: usize = 1 << if usize::BITS > 32 { 30 } else { usize::BITS - 1 };

impl Default for Config {
    fn default() -> Self {
        let features = WasmFeatures::WASM2
            .union(WasmFeatures::RELAXED_SIMD)
            .union(WasmFeatures::TAIL_CALL)
            .union(WasmFeatures::EXTENDED_CONST)
            .union(WasmFeatures::MULTI_MEMORY)
            .union(WasmFeatures::MEMORY64)
            .union(WasmFeatures::EXCEPTIONS)
            .union(WasmFeatures::FUNCTION_REFERENCES)
            .union(WasmFeatures::GC);
        Self {
            features,
            compilation_mode: CompilationMode::default(),
            parallel_compilation: true,
            consume_fuel: false,
            stack_bytes_max: 8 << 20,
            host_reentry_max: 64,
            gc_heap_bytes_max: GC_HEAP_BYTES_MAX,
            gc_stress: false,
            accumulators: true,
        }
    }
}

/// One switch for each proposal.
macro_rules! proposals {
    ($($(#[$doc:meta])* $name:ident => $feature:ident;)*) => {
        impl Config {$(
            $(#[$doc])*
            pub fn $name(&mut self, enable: bool) -> &mut Self {
                self.features.set(WasmFeatures::$feature, enable);
                self
            }
        )*}
    };
}

proposals! {
    /// Whether globals that are imported or exported may be mutable; on by default.
    wasm_mutable_global => MUTABLE_GLOBAL;
    /// Whether the sign extension instructions are accepted; on by default.
    wasm_sign_extension => SIGN_EXTENSION;
    /// Whether the saturating conversions from floats to integers are accepted; on by default.
    wasm_saturating_float_to_int => SATURATING_FLOAT_TO_INT;
    /// Whether functions and blocks may have several results, and blocks parameters; on by default.
    wasm_multi_value => MULTI_VALUE;
    /// Whether the bulk memory and table instructions and passive segments are accepted; on by
    /// default.
    wasm_bulk_memory => BULK_MEMORY;
    /// Whether reference types, their instructions and several tables are accepted; on by default.
    wasm_reference_types => REFERENCE_TYPES;
    /// Whether 128-bit vectors and their instructions are accepted; on by default.
    wasm_simd => SIMD;
    /// Whether the relaxed vector instructions are accepted; on by default. They have the results of
    /// the deterministic profile, the same on every host.
    wasm_relaxed_simd => RELAXED_SIMD;
    /// Whether the tail call instructions are accepted; on by default.
    wasm_tail_call => TAIL_CALL;
    /// Whether constant expressions may calculate; on by default.
    wasm_extended_const => EXTENDED_CONST;
    /// Whether a module may have several memories; on by default.
    wasm_multi_memory => MULTI_MEMORY;
    /// Whether memories and tables may have 64-bit addresses; on by default.
    wasm_memory64 => MEMORY64;
    /// Whether memories may have pages of one byte; off by default, as is everything that no version
    /// of the specification has yet.
    wasm_custom_page_sizes => CUSTOM_PAGE_SIZES;
    /// Whether the instructions on integers of 128 bits are accepted; off by default.
    wasm_wide_arithmetic => WIDE_ARITHMETIC;
    /// Whether tags and the exception instructions are accepted; on by default.
    ///
    /// The legacy instructions (`try`, `catch`, `delegate`) never are.
    wasm_exceptions => EXCEPTIONS;
    /// Whether typed references to functions and their instructions are accepted; on by default, and
    /// whenever [`Config::wasm_gc`] is.
    wasm_function_references => FUNCTION_REFERENCES;
    /// Whether structures, arrays and the other types and instructions of garbage collection are
    /// accepted; on by default.
    wasm_gc => GC;
    /// Whether floats are accepted; on by default.
    ///
    /// No proposal stands behind this: hosts that need bit-exact results everywhere can do without
    /// floats.
    floats => FLOATS;
}

impl Config {
    /// The default configuration: [`Config::wasm3`].
    pub fn new() -> Self {
        Self::default()
    }

    /// The default configuration, but accepting exactly version 1.0 of the specification.
    pub fn wasm1() -> Self {
        Self { features: WasmFeatures::WASM1, ..Self::default() }
    }

    /// The default configuration, but accepting exactly version 2.0 of the specification.
    pub fn wasm2() -> Self {
        Self { features: WasmFeatures::WASM2, ..Self::default() }
    }

    /// The default configuration, which accepts exactly version 3.0 of the specification.
    pub fn wasm3() -> Self {
        Self::default()
    }

    /// When function bodies are validated and translated; [`CompilationMode::LazyTranslation`] by
    /// default.
    pub fn compilation_mode(&mut self, mode: CompilationMode) -> &mut Self {
        self.compilation_mode = mode;
        self
    }

    /// Whether several threads validate the functions of a new module, if it has 60 KB of code or more, and translate
    /// them, if it has 15 KB: up to 8, and no more than there are processors. On by default; without the feature
    /// `std` there are no threads. What is reported about a module is the same either way.
    ///
    /// ```
    /// use fulmar::{Config, Engine};
    ///
    /// let engine = Engine::new(Config::new().parallel_compilation(false))?;
    /// # Ok::<(), fulmar::Error>(())
    /// ```
    pub fn parallel_compilation(&mut self, enable: bool) -> &mut Self {
        self.parallel_compilation = enable;
        self
    }

    /// Whether guests consume fuel, and trap when it runs out; off by default.
    ///
    /// A new store has no fuel: see [`Store::set_fuel`](crate::Store::set_fuel).
    pub fn consume_fuel(&mut self, enable: bool) -> &mut Self {
        self.consume_fuel = enable;
        self
    }

    /// The most bytes that the values and calls of a store's guests may take on the interpreter's
    /// stack; 8 MiB by default. A deeper call traps with
    /// [`Trap::StackOverflow`](crate::Trap::StackOverflow).
    ///
    /// That stack is on the heap, allocated at the first call: it is not the native stack. An engine
    /// keeps the memory of up to 4 of them when stores are dropped, for the next ones.
    pub fn max_wasm_stack(&mut self, bytes: usize) -> &mut Self {
        self.stack_bytes_max = bytes;
        self
    }

    /// How deep calls from guest to host and back to the guest may nest; 64 by default. A deeper
    /// one traps with [`Trap::StackOverflow`](crate::Trap::StackOverflow).
    ///
    /// Each level takes native stack: as much as the interpreter's entry and the host function
    /// need.
    pub fn max_host_reentry(&mut self, depth: u32) -> &mut Self {
        self.host_reentry_max = depth;
        self
    }

    /// The most bytes that the objects of a store's garbage-collected heap may take: structures,
    /// arrays, exceptions that references lead to, and the references to values of the host, without
    /// these values; 1 GiB by default, or half of the address space where that is less. An
    /// allocation that does not fit traps with
    /// [`Trap::AllocationTooLarge`](crate::Trap::AllocationTooLarge).
    pub fn max_gc_heap(&mut self, bytes: usize) -> &mut Self {
        self.gc_heap_bytes_max = bytes;
        self
    }

    /// Whether each allocation in the garbage-collected heap collects before, which finds what a
    /// collector forgets; off by default, and very slow.
    pub fn gc_stress(&mut self, enable: bool) -> &mut Self {
        self.gc_stress = enable;
        self
    }

    /// Whether translation may keep values in accumulators; for tests that compare both.
    #[doc(hidden)]
    pub fn accumulators(&mut self, enable: bool) -> &mut Self {
        self.accumulators = enable;
        self
    }

    pub(crate) fn features(&self) -> WasmFeatures {
        self.features
    }

    pub(crate) fn mode(&self) -> CompilationMode {
        self.compilation_mode
    }

    pub(crate) fn compiles_in_parallel(&self) -> bool {
        self.parallel_compilation
    }

    pub(crate) fn consumes_fuel(&self) -> bool {
        self.consume_fuel
    }

    pub(crate) fn stack_bytes_max(&self) -> usize {
        self.stack_bytes_max
    }

    pub(crate) fn host_reentry_max(&self) -> u32 {
        self.host_reentry_max
    }

    pub(crate) fn gc_heap_bytes_max(&self) -> usize {
        self.gc_heap_bytes_max
    }

    pub(crate) fn collects_always(&self) -> bool {
        self.gc_stress
    }

    pub(crate) fn uses_accumulators(&self) -> bool {
        self.accumulators
    }
}
