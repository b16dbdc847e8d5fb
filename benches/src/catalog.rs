//! What is measured: the modules, how their functions are to be called, and the right results.

use crate::engines::Value;

/// A module of which the speed is measured.
pub(crate) struct Kernel {
    pub(crate) name: String,
    pub(crate) group: Group,
    pub(crate) protocol: Protocol,
}

/// Kernels that are averaged together, and where their modules are.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Group {
    /// Loops and calls of a few instructions; a shared module.
    Micro,
    /// Code of real crates; a shared module.
    Program,
    /// A kernel of our own.
    Own,
    /// A kernel of our own with vector instructions.
    Simd,
}

impl Group {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Group::Micro => "micro",
            Group::Program => "programs",
            Group::Own => "own",
            Group::Simd => "simd",
        }
    }

    /// Whether the module is not of this repository.
    pub(crate) fn is_shared(self) -> bool {
        matches!(self, Group::Micro | Group::Program)
    }
}

/// How the functions of a kernel are called.
pub(crate) enum Protocol {
    /// `run(argument)`, which is timed and has to give the result.
    Run { argument: Value, result: u64 },
    /// `data = setup(argument)`, `run(data)`, which is timed, the checks, and `teardown(data)`.
    Setup { setup: Setup, checks: &'static [Check] },
}

/// What `setup` is told.
pub(crate) enum Setup {
    Nothing,
    Size(Value),
    /// The length of a text, that is then written to `input_ptr(data)`; the name of its file.
    Text(&'static str),
}

/// An export that gives, for `data`, a number of these bits.
pub(crate) struct Check {
    pub(crate) export: &'static str,
    pub(crate) bits: u64,
}

const fn check(export: &'static str, bits: u64) -> Check {
    Check { export, bits }
}

/// The shared modules of which the start-up is measured.
pub(crate) const START_UP: &[&str] =
    &["erc20", "coremark", "argon2", "bz2", "pulldown-cmark", "spidermonkey"];

/// The kernels among the shared modules.
pub(crate) fn shared_kernels() -> Vec<Kernel> {
    let run = |name: &str, argument: Value, result: u64| {
        kernel(name, Group::Micro, Protocol::Run { argument, result })
    };
    let setup = |name: &str, setup: Setup, checks: &'static [Check]| {
        kernel(name, Group::Program, Protocol::Setup { setup, checks })
    };
    let size = |size: i32| Setup::Size(Value::I32(size));
    vec![
        run("fibonacci-rec", Value::I64(30), fibonacci(30)),
        run("fibonacci-iter", Value::I64(2_000_000), fibonacci(2_000_000)),
        run("fibonacci-tail", Value::I64(1_000_000), fibonacci(1_000_000)),
        run("counter-local", Value::I32(1_000_000), 0),
        run("counter-param", Value::I32(1_000_000), 0),
        run("counter-global", Value::I32(500_000), 0),
        run("bulk-ops", Value::I64(5_000), 0),
        setup("sort-dyn", size(400_000), &[]),
        setup("matrix-mul", size(400), MATRIX_MUL),
        setup("nbody", size(400), NBODY),
        setup("argon2", size(3_000), ARGON2),
        setup("prime-sieve", Setup::Size(Value::I64(10_000_000)), PRIME_SIEVE),
        setup("tiny-keccak", Setup::Nothing, &[]),
        setup("compression", Setup::Text("alice29.txt"), COMPRESSION),
        setup("json-parse", Setup::Text("citm_catalog.json"), JSON_PARSE),
    ]
}

/// 16721777.
const MATRIX_MUL: &[Check] = &[check("output", 0x4b7f_2771)];
/// -2660.0519031837343.
const NBODY: &[Check] = &[check("result", 0xc0a4_c81a_930d_d965)];
const ARGON2: &[Check] = &[check("output", 0x7631_8fb4_8bba_1258)];
const PRIME_SIEVE: &[Check] = &[check("len_primes", 664_579), check("largest_prime", 9_999_991)];
const COMPRESSION: &[Check] = &[check("len_compressed", 97_649)];
const JSON_PARSE: &[Check] = &[check("node_count", 37_778)];

fn kernel(name: &str, group: Group, protocol: Protocol) -> Kernel {
    Kernel { name: name.into(), group, protocol }
}

/// The Fibonacci number modulo 2^64.
fn fibonacci(n: u32) -> u64 {
    let (mut a, mut b) = (0_u64, 1_u64);
    for _ in 0..n {
        (a, b) = (b, a.wrapping_add(b));
    }
    a
}

/// The kernels of our own, as listed in `kernels/kernels.list`.
pub(crate) fn own_kernels() -> Vec<Kernel> {
    include_str!("../kernels/kernels.list").lines().filter_map(own_kernel).collect()
}

/// The kernel of a line: name, argument, result, and perhaps `simd`.
fn own_kernel(line: &str) -> Option<Kernel> {
    let mut words = line.split_whitespace();
    let name = words.next().filter(|name| !name.starts_with('#'))?;
    let argument = words.next()?.parse().expect("the argument in kernels.list is an i32");
    let result: i64 = words.next()?.parse().expect("the result in kernels.list is an i64");
    let group = if words.next() == Some("simd") { Group::Simd } else { Group::Own };
    let protocol = Protocol::Run { argument: Value::I32(argument), result: result as u64 };
    Some(kernel(name, group, protocol))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fibonacci_numbers() {
        assert_eq!([0, 1, 2, 10, 30].map(fibonacci), [0, 1, 1, 55, 832_040]);
    }

    #[test]
    fn own_kernels_are_read() {
        let kernels = own_kernels();
        assert!(kernels.iter().any(|kernel| kernel.group == Group::Own));
        assert!(kernels.iter().any(|kernel| kernel.group == Group::Simd));
    }
}
