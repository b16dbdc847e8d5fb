//! The command line.

use crate::engines::{ENGINES, Engine};
use crate::sampling::Sampling;
use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) const HELP: &str = "\
Compares fulmar with other WebAssembly engines.

usage: cargo run --release -- [OPTIONS]

what is measured (without any of these, the first three):
    --execution        how long kernels run
    --start-up         how long it takes to load modules
    --calls            calls between host and guest
    --coremark         the CoreMark score; about 15 s a round and engine
    --memory           what translated modules take

options:
    --engines A,B      only these engines; wasmi is what others are compared with; fulmar-fuel, which
                       charges fuel, is measured only if it is named here
    --only TEXT        only the kernels and modules with TEXT in their names; can be repeated
    --rounds N         samples of each engine (default 11; CoreMark: at most 3)
    --sample-ms N      the least time that a sample measures (default 20)
    --shared FOLDER    where the shared modules are (default: bench in FULMAR_SHARED, or
                       ../../shared/bench from this crate); without them, what needs them is left out
    --json FILE        write all samples to FILE as well
    --help             print this text
";

pub(crate) struct Options {
    pub(crate) execution: bool,
    pub(crate) start_up: bool,
    pub(crate) calls: bool,
    pub(crate) coremark: bool,
    pub(crate) memory: bool,
    pub(crate) engines: Vec<&'static dyn Engine>,
    /// Parts of names; none stands for all.
    pub(crate) only: Vec<String>,
    pub(crate) sampling: Sampling,
    pub(crate) shared: PathBuf,
    pub(crate) json: Option<PathBuf>,
}

impl Options {
    /// The options of a command line without the program's name; `None` asks for help.
    pub(crate) fn parse(args: impl IntoIterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Self::default();
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
            match arg.as_str() {
                "--execution" => options.execution = true,
                "--start-up" => options.start_up = true,
                "--calls" => options.calls = true,
                "--coremark" => options.coremark = true,
                "--memory" => options.memory = true,
                "--engines" => options.engines = engines(&value()?)?,
                "--only" => options.only.push(value()?),
                "--rounds" => options.sampling.rounds = number(&arg, &value()?)?,
                "--sample-ms" => {
                    let ms = number(&arg, &value()?)?;
                    options.sampling.sample_time = Duration::from_millis(ms as u64);
                }
                "--shared" => options.shared = value()?.into(),
                "--json" => options.json = Some(value()?.into()),
                "--help" | "-h" => return Ok(None),
                _ => return Err(format!("unknown option {arg}")),
            }
        }
        let chosen =
            [options.execution, options.start_up, options.calls, options.coremark, options.memory];
        if !chosen.contains(&true) {
            (options.execution, options.start_up, options.calls) = (true, true, true);
        }
        Ok(Some(options))
    }

    /// Whether a kernel or module is to be measured.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| name.contains(part.as_str()))
    }
}

impl Default for Options {
    fn default() -> Self {
        let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/bench");
        Self {
            execution: false,
            start_up: false,
            calls: false,
            coremark: false,
            memory: false,
            engines: ENGINES.iter().copied().filter(|engine| !engine.is_extra()).collect(),
            only: Vec::new(),
            sampling: Sampling { rounds: 11, sample_time: Duration::from_millis(20) },
            shared: env::var_os("FULMAR_SHARED")
                .map_or_else(beside, |shared| PathBuf::from(shared).join("bench")),
            json: None,
        }
    }
}

fn engines(names: &str) -> Result<Vec<&'static dyn Engine>, String> {
    let engine = |name: &str| ENGINES.iter().copied().find(|engine| engine.name() == name);
    names
        .split(',')
        .map(|name| engine(name).ok_or_else(|| format!("there is no engine {name}")))
        .collect()
}

fn number(option: &str, text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("{option} needs a positive number, not {text}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Option<Options>, String> {
        Options::parse(args.iter().map(|arg| arg.to_string()))
    }

    #[test]
    fn options_are_read() {
        let options = parse(&["--coremark", "--engines", "wasmi,fulmar", "--rounds", "3"]);
        let options = options.unwrap().unwrap();
        assert!(options.coremark && !options.execution);
        assert_eq!(options.engines[0].name(), "wasmi");
        assert_eq!(options.sampling.rounds, 3);
        assert!(parse(&[]).unwrap().unwrap().execution);
        assert!(parse(&["--help"]).unwrap().is_none());
    }

    #[test]
    fn mistakes_are_named() {
        for (args, message) in [
            (&["--speed"][..], "unknown option --speed"),
            (&["--json"], "--json needs a value"),
            (&["--rounds", "0"], "--rounds needs a positive number, not 0"),
            (&["--engines", "v8"], "there is no engine v8"),
        ] {
            assert_eq!(parse(args).err().as_deref(), Some(message));
        }
    }
}
