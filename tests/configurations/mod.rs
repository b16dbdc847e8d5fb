//! The engine configurations that must not make a difference to what a program computes: each
//! compilation mode, with and without accumulators, with and without fuel; and with a collection
//! before each allocation.

use fulmar::{CompilationMode, Config};

/// A configuration and what its user must know of it.
pub(crate) struct Configuration {
    /// For messages.
    pub(crate) name: String,
    pub(crate) config: Config,
    /// Whether stores need fuel.
    pub(crate) metered: bool,
    /// Whether an invalid function is only found when it is called.
    #[allow(dead_code, reason = "not every test program that has this module asks")]
    pub(crate) validates_lazily: bool,
}

/// All of them, the default one first.
pub(crate) fn configurations() -> Vec<Configuration> {
    let modes = [CompilationMode::LazyTranslation, CompilationMode::Eager, CompilationMode::Lazy];
    let mut all = Vec::new();
    for mode in modes {
        for accumulators in [true, false] {
            for metered in [false, true] {
                let mut config = Config::new();
                config.compilation_mode(mode).accumulators(accumulators).consume_fuel(metered);
                accept_all(&mut config);
                let with = |yes| if yes { "with" } else { "without" };
                let (accumulators, fuel) = (with(accumulators), with(metered));
                all.push(Configuration {
                    name: format!("{mode:?}, {accumulators} accumulators, {fuel} fuel"),
                    config,
                    metered,
                    validates_lazily: mode == CompilationMode::Lazy,
                });
            }
        }
    }
    for accumulators in [true, false] {
        let mut config = Config::new();
        config.accumulators(accumulators).gc_stress(true);
        accept_all(&mut config);
        all.push(Configuration {
            name: format!("gc stress, accumulators: {accumulators}"),
            config,
            metered: false,
            validates_lazily: false,
        });
    }
    all
}

/// Turns on the proposals that are off by default.
fn accept_all(config: &mut Config) {
    config.wasm_wide_arithmetic(true).wasm_custom_page_sizes(true);
}
