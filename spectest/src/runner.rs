//! Runs one script: text in, [`Report`] out.

use crate::directive::{Mismatch, Outcome, directives_in, keyword};
use crate::report::{Failure, Report};
use crate::session::{Rewrite, Session};
use fulmar::{Config, Engine};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::Span;
use wast::{Wast, WastDirective};

/// Runs scripts of the WebAssembly test suite (`.wast`) on an engine of a given configuration.
///
/// Each script has an engine and a store of its own.
///
/// ```
/// use fulmar_spectest::Runner;
///
/// let script = r#"
///     (module (func (export "double") (param i32) (result i32)
///         (i32.mul (local.get 0) (i32.const 2))))
///     (assert_return (invoke "double" (i32.const 21)) (i32.const 42))
///     (assert_return (invoke "double" (i32.const 21)) (i32.const 43))
/// "#;
/// let report = Runner::new(&fulmar::Config::new()).run_wast("double.wast", script);
/// assert_eq!((report.counts.passed, report.counts.failed), (1, 1));
/// assert_eq!(
///     report.failures[0].to_string(),
///     "double.wast:5:6: assert_return: expected i32 43, found i32 42",
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Runner {
    config: Config,
    fuel: Option<u64>,
    validates_lazily: bool,
    rewrite: Option<Rewrite>,
}

impl Runner {
    /// A runner on engines of this configuration.
    pub fn new(config: &Config) -> Self {
        Self { config: config.clone(), fuel: None, validates_lazily: false, rewrite: None }
    }

    /// Passes each valid module through `rewrite` before it is compiled, to run scripts on modules derived from theirs.
    pub fn rewrite(&mut self, rewrite: Option<Rewrite>) -> &mut Self {
        self.rewrite = rewrite;
        self
    }

    /// Gives each directive this much fuel. It is needed if the configuration meters fuel, and an error if not.
    pub fn fuel(&mut self, fuel: Option<u64>) -> &mut Self {
        self.fuel = fuel;
        self
    }

    /// Whether the configuration defers validation: then the engine may take in an invalid module, as long as
    /// `Module::validate` refuses it.
    pub fn validates_lazily(&mut self, yes: bool) -> &mut Self {
        self.validates_lazily = yes;
        self
    }

    /// Runs the script `text`; `file` is what the report calls it.
    pub fn run_wast(&self, file: &str, text: &str) -> Report {
        let report = Report { file: file.to_owned(), ..Report::default() };
        let mut run = Run { text, report, last_broken: None };
        if let Err(error) = self.run_into(&mut run) {
            let found = format!("an error of the text parser: {}", error.message());
            run.fail(error.span(), "script", Mismatch::new("a script", found));
        }
        run.report
    }

    fn run_into(&self, run: &mut Run<'_>) -> Result<(), wast::Error> {
        let mut lexer = Lexer::new(run.text);
        lexer.allow_confusing_unicode(true);
        let buffer = ParseBuffer::new_with_lexer(lexer)?;
        let script: Wast<'_> = parser::parse(&buffer)?;
        let engine = Engine::new(&self.config);
        let session = engine.and_then(|engine| {
            Session::new(engine, self.fuel, self.validates_lazily, self.rewrite)
        });
        match session {
            Ok(session) => run.directives(session, script.directives),
            Err(error) => {
                let mismatch = Mismatch::new("a usable engine", error);
                run.fail(Span::from_offset(0), "script", mismatch);
            }
        }
        Ok(())
    }
}

/// The run of one script.
struct Run<'a> {
    text: &'a str,
    report: Report,
    /// The line of the last module that did not come about.
    last_broken: Option<usize>,
}

impl Run<'_> {
    fn directives(&mut self, mut session: Session, directives: Vec<WastDirective<'_>>) {
        let mut directives = directives.into_iter();
        for mut directive in directives.by_ref() {
            let ending = catch_unwind(AssertUnwindSafe(|| session.run(&mut directive)));
            match ending {
                Ok(ending) => self.count(&directive, ending),
                Err(panic) => {
                    // What a panic leaves behind is not to be relied on, not even enough to drop it.
                    std::mem::forget(session);
                    self.count(&directive, Err(Mismatch::new("no panic", panic_text(&*panic))));
                    break;
                }
            }
        }
        self.report.counts.skipped +=
            directives.map(|directive| directives_in(&directive)).sum::<usize>();
    }

    fn count(&mut self, directive: &WastDirective<'_>, ending: Result<Outcome, Mismatch>) {
        let counts = &mut self.report.counts;
        let malformed = matches!(directive, WastDirective::AssertMalformed { .. });
        if malformed && !matches!(ending, Ok(Outcome::Text | Outcome::Skipped(_))) {
            counts.malformed += 1;
        }
        match ending {
            Ok(Outcome::Passed) => counts.passed += 1,
            Ok(Outcome::Done) => {}
            Ok(Outcome::Skipped(directives)) => counts.skipped += directives,
            Ok(Outcome::Text) => counts.text += 1,
            Err(mismatch) => self.fail(directive.span(), keyword(directive), mismatch),
        }
    }

    fn fail(&mut self, span: Span, directive: &'static str, mismatch: Mismatch) {
        let (line, column) = span.linecol_in(self.text);
        let (line, column) = (line + 1, column + 1);
        let Mismatch { expected, found, is_for_want } = mismatch;
        let follows = self.last_broken.filter(|_| is_for_want);
        if follows.is_none() && directive.starts_with("module") {
            self.last_broken = Some(line);
        }
        let file = self.report.file.clone();
        let failure = Failure { file, line, column, directive, expected, found, follows };
        self.report.counts.failed += 1;
        self.report.failures.push(failure);
    }
}

/// What a panic says of itself.
fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a panic: {}", text.unwrap_or("of unknown kind"))
}
