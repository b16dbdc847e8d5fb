//! The command line: what can be said on it, and the words with which `--help` teaches it.
//!
//! Faults that show without looking at a module end the process here, with exit code 2.

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};
use fulmar_spectest::Features;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::str::FromStr;

const ABOUT: &str = "Runs, validates and inspects WebAssembly modules";

const LONG_ABOUT: &str = "\
Runs, validates and inspects WebAssembly modules.

Wherever a module is expected, FILE may be a binary (.wasm) or text (.wat).";

const MAIN_EXAMPLES: &str = "\
Examples:
  fulmar program.wasm --verbose in.txt     Run a WASI program: short for `fulmar run`
  fulmar run --dir . program.wasm in.txt   Let it use the files of this directory
  fulmar run --invoke add math.wat 1 2     Call an exported function and print its results
  fulmar validate *.wasm                   Say which files are valid modules
  fulmar inspect program.wasm              Show what a module imports, exports and consists of
  fulmar wast test.wast                    Run a test script of the WebAssembly specification

Exit codes: the guest's own, or 134 if it traps; 2 if the command line is wrong; 1 for other errors.

`fulmar help COMMAND` tells more about a command.";

const RUN_EXAMPLES: &str = "\
What follows FILE belongs to the guest. Options of fulmar's own come before it.

A command is a module that exports `_start`: that is called, and ARGS are the guest's arguments.
Of other modules, --invoke calls one function, with ARGS as numbers by its signature:
  i32, i64   5, -5, 0xff
  f32, f64   1.5, 2e10, -inf, nan, nan:0x200000
  v128       0x and up to 32 hexadecimal digits
  reference  null
If the module exports `_initialize`, that is called first.

The guest has no files but those of --dir, and no environment but that of --env.

Examples:
  fulmar run hello.wasm
  fulmar run --dir data::/ --env LANG sort.wasm /words.txt
  fulmar run --invoke div math.wat -7 2
  fulmar run --preload log=log.wat --preload env=env.wasm main.wasm
  fulmar run --fuel 1000000 --max-memory-size 64m untrusted.wasm";

const VALIDATE_EXAMPLES: &str = "\
All of each module is validated, with all of its functions, and nothing is run. Files that are valid
are named on standard output, what is wrong with the others on standard error, with the byte offset.
The exit code is 0 if all are valid.

Examples:
  fulmar validate program.wasm
  fulmar validate build/*.wasm && echo good";

const INSPECT_EXAMPLES: &str = "\
Only the sections are read, so that modules that fulmar can't run can be inspected too.
Offsets and sizes are in bytes.

Examples:
  fulmar inspect program.wasm
  fulmar inspect --json program.wasm | jq '.imports[].name'
  fulmar inspect --bytecode --function 7 program.wasm";

const WAST_EXAMPLES: &str = "\
Prints a line for each assertion that does not hold, and the totals. The exit code is 0 if all hold.

SET is wasm1, wasm2 or wasm3, and what is added to that version or taken from it.

Examples:
  fulmar wast i32.wast f64.wast
  fulmar wast --features wasm2,+tail-call,-simd return_call.wast";

#[derive(Parser)]
#[command(name = "fulmar", version, about = ABOUT, long_about = LONG_ABOUT, after_help = MAIN_EXAMPLES)]
#[command(arg_required_else_help = true)]
#[command(override_usage = "fulmar [COMMAND] [OPTIONS] FILE [ARGS]...")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// A command with its arguments.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run a module; `run` itself may be left out
    Run(RunArgs),
    /// Say whether files are valid modules
    Validate(ValidateArgs),
    /// Show what a module imports, exports and consists of
    Inspect(InspectArgs),
    /// Run test scripts of the WebAssembly specification
    Wast(WastArgs),
}

#[derive(Args)]
#[command(override_usage = "fulmar [run] [OPTIONS] FILE [ARGS]...", after_help = RUN_EXAMPLES)]
pub(crate) struct RunArgs {
    /// Call the exported function NAME with ARGS and print its results, one a line
    #[arg(long, value_name = "NAME")]
    pub(crate) invoke: Option<String>,

    /// Let the guest use the directory HOST, which it sees as GUEST or else as HOST; can be repeated
    #[arg(long = "dir", value_name = "HOST[::GUEST]", value_parser = parse_dir)]
    pub(crate) dirs: Vec<Dir>,

    /// Set the guest's environment variable K to V, or else to its value outside; can be repeated
    #[arg(long = "env", value_name = "K[=V]", value_parser = parse_env_var)]
    pub(crate) env: Vec<EnvVar>,

    /// Instantiate FILE before, so that later modules can import its exports from NAME; can be
    /// repeated
    #[arg(long = "preload", value_name = "NAME=FILE", value_parser = parse_preload)]
    pub(crate) preloads: Vec<Preload>,

    /// Argument 0 of the guest, in place of the file's name
    #[arg(long, value_name = "NAME")]
    pub(crate) argv0: Option<String>,

    /// Trap when the guest has used N units of fuel, about one for each instruction
    #[arg(long, value_name = "N", value_parser = parse_number::<u64>)]
    pub(crate) fuel: Option<u64>,

    /// Let no memory be larger than SIZE bytes; k, m and g stand for powers of 1024
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub(crate) max_memory_size: Option<usize>,

    /// Trap when calls need more than SIZE bytes of stack; 8m by default
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub(crate) max_wasm_stack: Option<usize>,

    /// The module, and all that is the guest's
    #[arg(value_name = "FILE [ARGS]", required = true, trailing_var_arg = true)]
    words: Vec<OsString>,
}

impl RunArgs {
    /// The module's file.
    pub(crate) fn file(&self) -> &Path {
        Path::new(&self.words[0])
    }

    /// The guest's arguments.
    pub(crate) fn args(&self) -> &[OsString] {
        &self.words[1..]
    }
}

/// A directory that the guest may use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Dir {
    pub(crate) host: PathBuf,
    /// What the guest calls it.
    pub(crate) guest: String,
}

/// An environment variable of the guest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct EnvVar {
    pub(crate) name: String,
    /// `None` if the host's value is to be passed on.
    pub(crate) value: Option<String>,
}

/// A module that others can import from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Preload {
    pub(crate) name: String,
    pub(crate) file: PathBuf,
}

#[derive(Args)]
#[command(override_usage = "fulmar validate FILE...", after_help = VALIDATE_EXAMPLES)]
pub(crate) struct ValidateArgs {
    /// The modules
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Args)]
#[command(override_usage = "fulmar inspect [OPTIONS] FILE", after_help = INSPECT_EXAMPLES)]
pub(crate) struct InspectArgs {
    /// Print JSON, with keys that later versions keep
    #[arg(long)]
    pub(crate) json: bool,

    /// Print the register bytecode that functions are translated to
    #[arg(long, conflicts_with = "json")]
    pub(crate) bytecode: bool,

    /// Only the function of this index
    #[arg(long, value_name = "N", value_parser = parse_number::<u32>, requires = "bytecode")]
    pub(crate) function: Option<u32>,

    /// The module
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

#[derive(Args)]
#[command(override_usage = "fulmar wast [OPTIONS] FILE...", after_help = WAST_EXAMPLES)]
pub(crate) struct WastArgs {
    /// The proposals that modules may use
    #[arg(long, value_name = "SET", default_value = "wasm3")]
    pub(crate) features: Features,

    /// The scripts
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
}

/// The command that the process was started with; ends the process if that is none.
pub(crate) fn parse() -> Command {
    let mut words: Vec<_> = env::args_os().collect();
    if let Some(first) = words.get(1).filter(|word| !is_command(word)) {
        if is_misspelt(first) {
            let message = format!("{first:?} is neither a command nor a file");
            Cli::command().error(ErrorKind::InvalidSubcommand, message).exit();
        }
        words.insert(1, "run".into());
    }
    Cli::parse_from(words).command
}

/// Whether `word` is for `fulmar` itself, so that the command is not left out.
fn is_command(word: &OsStr) -> bool {
    let mut cli = Cli::command();
    cli.build();
    let is_option = ["-h", "--help", "-V", "--version"].iter().any(|option| word == *option);
    is_option || cli.find_subcommand(word).is_some()
}

/// Whether `word`, which is not a command, is hardly meant to be a file.
fn is_misspelt(word: &OsStr) -> bool {
    let is_word = word.as_encoded_bytes().iter().all(u8::is_ascii_alphanumeric);
    is_word && !Path::new(word).exists()
}

fn parse_dir(text: &str) -> Result<Dir, String> {
    let (host, guest) = text.split_once("::").unwrap_or((text, text));
    if host.is_empty() || guest.is_empty() {
        return Err("expected HOST or HOST::GUEST".into());
    }
    Ok(Dir { host: host.into(), guest: guest.into() })
}

fn parse_env_var(text: &str) -> Result<EnvVar, String> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    if name.is_empty() {
        return Err("expected K=V, or K to pass the value outside on".into());
    }
    Ok(EnvVar { name: name.into(), value })
}

fn parse_preload(text: &str) -> Result<Preload, String> {
    match text.split_once('=') {
        Some((name, file)) if !file.is_empty() => {
            Ok(Preload { name: name.into(), file: file.into() })
        }
        _ => Err("expected NAME=FILE".into()),
    }
}

fn parse_number<N: FromStr>(text: &str) -> Result<N, String> {
    let bits = 8 * size_of::<N>();
    text.parse().map_err(|_| format!("expected a decimal number of at most {bits} bits"))
}

/// Reads a number of bytes.
fn parse_size(text: &str) -> Result<usize, String> {
    let (digits, shift) = match text.char_indices().last() {
        Some((end, 'k' | 'K')) => (&text[..end], 10),
        Some((end, 'm' | 'M')) => (&text[..end], 20),
        Some((end, 'g' | 'G')) => (&text[..end], 30),
        _ => (text, 0),
    };
    let size = digits.parse::<usize>().ok().and_then(|size| size.checked_mul(1 << shift));
    size.ok_or_else(|| "expected a number of bytes such as 65536, 64k, 16m or 1g".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_args(words: &[&str]) -> RunArgs {
        let words = ["fulmar", "run"].iter().chain(words);
        match Cli::try_parse_from(words).map(|cli| cli.command) {
            Ok(Command::Run(args)) => args,
            Ok(_) => panic!("another command"),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_option_is_explained_and_every_command_has_examples() {
        for command in Cli::command().get_subcommands() {
            let name = command.get_name();
            let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(examples.contains(&format!("\n  fulmar {name} ")), "{name}");
            for arg in command.get_arguments() {
                assert!(arg.get_help().is_some(), "{name} {}", arg.get_id());
            }
        }
    }

    #[test]
    fn what_follows_the_file_is_the_guests() {
        let args = run_args(&["--fuel", "7", "a.wasm", "--fuel", "8", "-x", "--", "y"]);
        assert_eq!(args.fuel, Some(7));
        assert_eq!(args.file(), Path::new("a.wasm"));
        assert_eq!(args.args(), ["--fuel", "8", "-x", "--", "y"]);
        assert!(run_args(&["a.wasm"]).args().is_empty());
    }

    #[test]
    fn commands_are_told_from_files() {
        for word in
            ["run", "validate", "inspect", "wast", "help", "-h", "--help", "-V", "--version"]
        {
            assert!(is_command(OsStr::new(word)), "{word}");
        }
        for word in ["a.wasm", "--dir", "./run", ""] {
            assert!(!is_command(OsStr::new(word)), "{word}");
        }
        assert!(is_misspelt(OsStr::new("validte")));
        assert!(!is_misspelt(OsStr::new("validte.wasm")));
        assert!(!is_misspelt(OsStr::new("src")));
    }

    #[test]
    fn directories_have_two_names() {
        let dir = |host: &str, guest: &str| Ok(Dir { host: host.into(), guest: guest.into() });
        assert_eq!(parse_dir("."), dir(".", "."));
        assert_eq!(parse_dir("a b::/"), dir("a b", "/"));
        assert_eq!(parse_dir("C:\\data::/data"), dir("C:\\data", "/data"));
        for text in ["", "::", "a::", "::b"] {
            assert!(parse_dir(text).is_err(), "{text}");
        }
    }

    #[test]
    fn variables_may_have_values_with_equals_signs() {
        let var = |name: &str, value: Option<&str>| {
            Ok(EnvVar { name: name.into(), value: value.map(Into::into) })
        };
        assert_eq!(parse_env_var("A=b=c"), var("A", Some("b=c")));
        assert_eq!(parse_env_var("A="), var("A", Some("")));
        assert_eq!(parse_env_var("A"), var("A", None));
        assert!(parse_env_var("=b").is_err());
    }

    #[test]
    fn preloads_may_have_an_empty_name() {
        assert_eq!(parse_preload("=f"), Ok(Preload { name: String::new(), file: "f".into() }));
        assert!(parse_preload("name").is_err());
        assert!(parse_preload("name=").is_err());
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(parse_size("0"), Ok(0));
        assert_eq!(parse_size("65536"), Ok(65536));
        assert_eq!(parse_size("64k"), Ok(65536));
        assert_eq!(parse_size("1M"), Ok(1 << 20));
        for text in ["", "k", "-1", "1.5g", "1kb", "99999999999999999999", "99999999999999999g"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
