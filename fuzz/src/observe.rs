//! What a guest shows of itself while a plan is carried out, and how two such records compare.

use crate::plan::{Call, Plan};
use crate::value::Value;
use crate::whereabouts;

/// Why a guest was stopped, as far as engines agree on the reasons.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Stop {
    Unreachable,
    MemoryOutOfBounds,
    /// Including indirect calls beyond the table.
    TableOutOfBounds,
    ArrayOutOfBounds,
    IndirectCallToNull,
    BadSignature,
    IntegerOverflow,
    IntegerDivisionByZero,
    BadConversionToInteger,
    NullReference,
    CastFailure,
    OutOfFuel,
    /// An exception that nobody caught.
    Exception,
}

/// How a call, or the instantiation, ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    Returned(Vec<Value>),
    Stopped(Stop),
    /// A limit was reached that engines measure differently: stack, heap or address space.
    Limit,
}

/// What can be seen of an instance from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    pub globals: Vec<Value>,
    /// Of each memory, its pages and a fingerprint of its bytes.
    pub memories: Vec<(u64, u64)>,
    /// Of each table, its size and its first elements.
    pub tables: Vec<(u64, Vec<Value>)>,
    /// All calls of the host.
    pub trace: u64,
    pub fuel_left: Option<u64>,
}

/// One engine with a module, made new for each run.
pub trait Guest {
    /// The engine's name.
    fn engine(&self) -> &'static str;
    fn instantiate(&mut self) -> Outcome;
    fn call(&mut self, call: &Call) -> Outcome;
    /// The present state, of what the plan lists; only called behind a successful instantiation.
    fn state(&mut self, plan: &Plan) -> State;
    /// Sets the counter of calls and turns back.
    fn restart_counter(&mut self);
}

/// A moment: behind the instantiation, or behind a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Step {
    /// What was called; empty for the instantiation.
    pub name: String,
    pub outcome: Outcome,
    pub state: State,
}

/// Carries out a plan, up to the first limit that is reached.
pub fn run(guest: &mut dyn Guest, plan: &Plan) -> Vec<Step> {
    whereabouts::enter(guest.engine());
    let outcome = guest.instantiate();
    let alive = matches!(outcome, Outcome::Returned(_));
    let state = if alive { guest.state(plan) } else { State::default() };
    let mut steps = vec![Step { name: String::new(), outcome, state }];
    for call in plan.calls.iter().take_while(|_| alive) {
        if plan.counts {
            guest.restart_counter();
        }
        let outcome = guest.call(call);
        let limited = outcome == Outcome::Limit;
        let state = guest.state(plan);
        steps.push(Step { name: call.name.clone(), outcome, state });
        if limited {
            break;
        }
    }
    steps
}

/// How many steps of two runs could be compared.
///
/// # Panics
///
/// If they differ before either reached a limit.
pub fn compare(ours: &[Step], (name, theirs): (&str, &[Step])) -> usize {
    agreement(ours, theirs).unwrap_or_else(|index| {
        assert_eq!(ours.get(index), theirs.get(index), "step {index}, on the right {name}");
        unreachable!("they differ there")
    })
}

/// How many steps of two runs could be compared.
///
/// # Errors
///
/// The first step that differs, if they do before either reached a limit.
pub fn agreement(ours: &[Step], theirs: &[Step]) -> Result<usize, usize> {
    let limited = |step: Option<&Step>| step.is_some_and(|it| it.outcome == Outcome::Limit);
    // A run without a limit ends only where the plan does.
    for index in 0..ours.len().max(theirs.len()) {
        let (ours, theirs) = (ours.get(index), theirs.get(index));
        if limited(ours) || limited(theirs) {
            return Ok(index);
        }
        if ours != theirs {
            return Err(index);
        }
    }
    Ok(ours.len())
}

/// A number that stands for the contents of a memory; fast, since it is asked for after each call.
pub fn fingerprint(bytes: &[u8]) -> u64 {
    let mix =
        |sum: u64, word: u64| (sum ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let (words, rest) = bytes.as_chunks();
    let sum =
        words.iter().fold(bytes.len() as u64, |sum, word| mix(sum, u64::from_le_bytes(*word)));
    rest.iter().fold(sum, |sum, byte| mix(sum, u64::from(*byte)))
}
