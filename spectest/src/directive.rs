//! What each directive of a script asks for, and whether that came about.

use crate::fault::Fault;
use crate::pattern::{Pattern, Shown};
use crate::session::{Session, encode};
use crate::trap_words::traps_for;
use fulmar::Val;
use std::fmt::Display;
use wast::{QuoteWat, WastDirective, WastExecute, WastRet, Wat};

/// How a directive ended that did not fail.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// An assertion holds.
    Passed,
    /// Something that is no assertion succeeded.
    Done,
    /// The runner has no means for the directive, which holds this many.
    Skipped(usize),
    /// A module that was to be refused did not get past the text parser.
    Text,
}

/// How a directive failed.
#[derive(Debug)]
pub(crate) struct Mismatch {
    pub(crate) expected: String,
    pub(crate) found: String,
    /// Whether that is for want of a module or instance.
    pub(crate) is_for_want: bool,
}

impl Mismatch {
    pub(crate) fn new(expected: impl Display, found: impl Display) -> Self {
        Self { expected: expected.to_string(), found: found.to_string(), is_for_want: false }
    }

    fn by(expected: impl Display, fault: &Fault) -> Self {
        let is_for_want = matches!(fault, Fault::Missing(_));
        Self { is_for_want, ..Self::new(expected, fault) }
    }
}

/// The keyword of a directive.
pub(crate) fn keyword(directive: &WastDirective<'_>) -> &'static str {
    match directive {
        WastDirective::Module(_) => "module",
        WastDirective::ModuleDefinition(_) => "module definition",
        WastDirective::ModuleInstance { .. } => "module instance",
        WastDirective::Register { .. } => "register",
        WastDirective::Invoke(_) => "invoke",
        WastDirective::AssertReturn { .. } => "assert_return",
        WastDirective::AssertTrap { .. } => "assert_trap",
        WastDirective::AssertExhaustion { .. } => "assert_exhaustion",
        WastDirective::AssertException { .. } => "assert_exception",
        WastDirective::AssertSuspension { .. } => "assert_suspension",
        WastDirective::AssertMalformed { .. } => "assert_malformed",
        WastDirective::AssertMalformedCustom { .. } => "assert_malformed_custom",
        WastDirective::AssertInvalid { .. } => "assert_invalid",
        WastDirective::AssertInvalidCustom { .. } => "assert_invalid_custom",
        WastDirective::AssertUnlinkable { .. } => "assert_unlinkable",
        WastDirective::Thread(_) => "thread",
        WastDirective::Wait { .. } => "wait",
    }
}

impl Session {
    /// Carries out one directive.
    pub(crate) fn run(&mut self, directive: &mut WastDirective<'_>) -> Result<Outcome, Mismatch> {
        if concerns_component(directive) {
            return Ok(Outcome::Skipped(1));
        }
        self.refuel().map_err(|error| Mismatch::new("fuel to be metered", error))?;
        match directive {
            WastDirective::Module(_)
            | WastDirective::ModuleDefinition(_)
            | WastDirective::ModuleInstance { .. }
            | WastDirective::Register { .. }
            | WastDirective::Invoke(_) => {
                let done = self.command(directive);
                done.map(|()| Outcome::Done).map_err(|fault| Mismatch::by("success", &fault))
            }
            WastDirective::AssertReturn { exec, results, .. } => self.assert_return(exec, results),
            WastDirective::AssertTrap { exec, message, .. } => {
                let result = self.execute(exec);
                self.assert_trap(result, message)
            }
            WastDirective::AssertExhaustion { call, message, .. } => {
                let result = self.invoke(call);
                self.assert_trap(result, message)
            }
            WastDirective::AssertException { exec, .. } => self.assert_exception(exec),
            WastDirective::AssertMalformed { module, message, .. }
            | WastDirective::AssertInvalid { module, message, .. } => {
                self.assert_refused(module, message)
            }
            WastDirective::AssertUnlinkable { module, message, .. } => {
                self.assert_unlinkable(module, message)
            }
            WastDirective::AssertMalformedCustom { .. }
            | WastDirective::AssertInvalidCustom { .. }
            | WastDirective::AssertSuspension { .. }
            | WastDirective::Thread(_)
            | WastDirective::Wait { .. } => Ok(Outcome::Skipped(directives_in(directive))),
        }
    }

    /// Carries out a directive that is no assertion.
    fn command(&mut self, directive: &mut WastDirective<'_>) -> Result<(), Fault> {
        match directive {
            WastDirective::Module(module) => {
                let name = module.name();
                // The instance before it is not the current one any more, even if this one doesn't come about.
                self.leave(name);
                let compiled = self.define(module)?;
                self.enter(name, &compiled)
            }
            WastDirective::ModuleDefinition(module) => self.define(module).map(drop),
            WastDirective::ModuleInstance { instance, module, .. } => {
                self.leave(*instance);
                let module = self.module(*module)?;
                self.enter(*instance, &module)
            }
            WastDirective::Register { name, module, .. } => self.register(*module, name),
            WastDirective::Invoke(invoke) => self.invoke(invoke).map(drop),
            _ => Err(Fault::Script("an assertion".into())),
        }
    }

    fn assert_return(
        &mut self,
        action: &mut WastExecute<'_>,
        expected: &[WastRet<'_>],
    ) -> Result<Outcome, Mismatch> {
        let patterns = expected.iter().map(|expected| match expected {
            WastRet::Core(expected) => Pattern::new(expected),
            _ => Err(Fault::Script("a value that is none of core WebAssembly".into())),
        });
        let patterns = patterns.collect::<Result<Vec<_>, _>>();
        let patterns = patterns.map_err(|fault| Mismatch::new("a known pattern", fault))?;
        let values = self.execute(action);
        let values = values.map_err(|fault| Mismatch::by(list(&patterns), &fault))?;
        let pairs = || patterns.iter().zip(&values);
        let matches = patterns.len() == values.len()
            && pairs().all(|(pattern, value)| pattern.matches(value, &self.store));
        if matches {
            return Ok(Outcome::Passed);
        }
        Err(Mismatch::new(list(&patterns), self.show(&values, &patterns)))
    }

    /// The values, each shown as the pattern in its place is.
    fn show(&self, values: &[Val], patterns: &[Pattern]) -> String {
        let shown = values.iter().enumerate().map(|(index, value)| {
            let expected = patterns.get(index);
            Shown { value, expected, store: &self.store }
        });
        list(&shown.collect::<Vec<_>>())
    }

    fn assert_trap(
        &self,
        result: Result<Vec<Val>, Fault>,
        message: &str,
    ) -> Result<Outcome, Mismatch> {
        let traps = traps_for(message)
            .ok_or_else(|| Mismatch::new("a trap", format!("words that name none: {message:?}")))?;
        match result {
            Err(Fault::Trap(trap)) if traps.contains(&trap) => Ok(Outcome::Passed),
            other => Err(self.ending(format!("a trap: {message}"), other)),
        }
    }

    fn assert_exception(&mut self, action: &mut WastExecute<'_>) -> Result<Outcome, Mismatch> {
        match self.execute(action) {
            Err(Fault::Exception(_)) => Ok(Outcome::Passed),
            other => Err(self.ending("an uncaught exception", other)),
        }
    }

    /// Malformed and invalid modules alike: the runtime decodes and validates in one pass.
    fn assert_refused(
        &self,
        module: &mut QuoteWat<'_>,
        message: &str,
    ) -> Result<Outcome, Mismatch> {
        let result = encode(module).and_then(|wasm| self.compile(&wasm));
        match result {
            Err(Fault::Module(_)) => Ok(Outcome::Passed),
            Err(Fault::Text(_)) => Ok(Outcome::Text),
            Err(other) => Err(Mismatch::by(format!("a refused module: {message}"), &other)),
            Ok(_) => {
                Err(Mismatch::new(format!("a refused module: {message}"), "an accepted module"))
            }
        }
    }

    fn assert_unlinkable(
        &mut self,
        module: &mut Wat<'_>,
        message: &str,
    ) -> Result<Outcome, Mismatch> {
        let result = module.encode().map_err(Fault::from);
        let result = result.and_then(|wasm| self.compile(&wasm));
        let result = result.and_then(|module| self.instantiate(&module));
        match result {
            // The engine's errors of this phase begin with the specification's words.
            Err(Fault::Link(error)) if error.to_string().starts_with(message) => {
                Ok(Outcome::Passed)
            }
            Err(other) => Err(Mismatch::by(format!("a link error: {message}"), &other)),
            Ok(_) => Err(Mismatch::new(format!("a link error: {message}"), "an instance")),
        }
    }

    /// The mismatch of an action that ended in another way than was expected.
    fn ending(&self, expected: impl Display, result: Result<Vec<Val>, Fault>) -> Mismatch {
        match result {
            Ok(values) => Mismatch::new(expected, self.show(&values, &[])),
            Err(fault) => Mismatch::by(expected, &fault),
        }
    }
}

/// The items with commas between them.
fn list(items: &[impl Display]) -> String {
    if items.is_empty() {
        return "no values".into();
    }
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Whether the directive is about a component, which is not this runner's business.
fn concerns_component(directive: &WastDirective<'_>) -> bool {
    match directive {
        WastDirective::Module(module)
        | WastDirective::ModuleDefinition(module)
        | WastDirective::AssertMalformed { module, .. }
        | WastDirective::AssertInvalid { module, .. } => {
            matches!(module, QuoteWat::Wat(Wat::Component(_)) | QuoteWat::QuoteComponent(..))
        }
        WastDirective::AssertUnlinkable { module, .. } => matches!(module, Wat::Component(_)),
        _ => false,
    }
}

/// The number of directives that a directive holds; one, if it isn't a thread.
pub(crate) fn directives_in(directive: &WastDirective<'_>) -> usize {
    match directive {
        WastDirective::Thread(thread) => {
            1 + thread.directives.iter().map(directives_in).sum::<usize>()
        }
        _ => 1,
    }
}
