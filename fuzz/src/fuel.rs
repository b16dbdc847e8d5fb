//! What a function's blocks charge: together one unit for each instruction that can be reached, and each time control
//! comes to a place to which more than one way leads.

use crate::engines::config;
use fulmar::{Engine, Module};
use wasmparser::Operator::{self, Block, Else, End, If, Loop, TryTable};
use wasmparser::{Catch, Parser, Payload};

/// Checks the charges of all functions of a valid module.
///
/// # Panics
///
/// If one charges for another number of instructions.
pub fn check(wasm: &[u8]) {
    let engine = Engine::new(config().consume_fuel(true)).expect("the configuration is valid");
    let module = Module::new(&engine, wasm).expect("the module is valid");
    let mut text = String::from("\n");
    module.print_bytecode(None, &mut text).expect("functions are valid");
    let charged: Vec<Charges> = text.split("\nfunc ").skip(1).map(charges).collect();
    let mut bodies = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::CodeSectionEntry(body) = payload.expect("the module is well-formed") {
            let operators = body.get_operators_reader().expect("the body is well-formed");
            let operators = operators.into_iter().map(|operator| operator.expect("well-formed"));
            bodies.push(reachable(operators));
        }
    }
    assert_eq!(charged, bodies, "on the right what the instructions ask for");
}

/// What a function charges.
#[derive(Debug, PartialEq)]
struct Charges {
    units: u64,
    places: u64,
}

/// The charges in the listing of a function.
fn charges(listing: &str) -> Charges {
    let mut charges = Charges { units: 0, places: 0 };
    for rest in listing.split("consume_fuel cost=").skip(1) {
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next();
        charges.units += digits.and_then(|cost| cost.parse::<u64>().ok()).expect("a number");
        charges.places += 1;
    }
    charges
}

/// A block that can be reached.
struct Frame {
    is_loop: bool,
    /// An `if` whose `else` was not met.
    has_other_way: bool,
    /// Whether something that can be reached branches to its label.
    branched: bool,
}

/// The instructions that can be reached, as far as branches tell, with the `else` and `end` of all blocks that can be;
/// and the places where blocks begin: the function's start, loops and what is behind them, the second way of an `if`,
/// and where ways join.
fn reachable<'a>(operators: impl Iterator<Item = Operator<'a>>) -> Charges {
    use Operator::{Br, BrIf, BrOnCast, BrOnCastFail, BrOnNonNull, BrOnNull, BrTable};
    use Operator::{
        Return, ReturnCall, ReturnCallIndirect, ReturnCallRef, Throw, ThrowRef, Unreachable,
    };
    let new = |is_loop, has_other_way| Frame { is_loop, has_other_way, branched: false };
    let mut frames = vec![new(false, false)];
    let mut charges = Charges { units: 0, places: 1 };
    let (mut alive, mut skipped) = (true, 0);
    for operator in operators {
        match operator {
            _ if alive => {}
            Block { .. } | Loop { .. } | If { .. } | TryTable { .. } => {
                skipped += 1;
                continue;
            }
            End if skipped > 0 => {
                skipped -= 1;
                continue;
            }
            Else if skipped == 0 => {}
            End => {}
            _ => continue,
        }
        charges.units += 1;
        let mut branch = |depth: u32| {
            let at = frames.len() - 1 - depth as usize;
            frames[at].branched = true;
        };
        match operator {
            Br { relative_depth } => {
                branch(relative_depth);
                alive = false;
            }
            BrTable { targets } => {
                targets.targets().for_each(|depth| branch(depth.expect("well-formed")));
                branch(targets.default());
                alive = false;
            }
            BrIf { relative_depth }
            | BrOnNull { relative_depth }
            | BrOnNonNull { relative_depth }
            | BrOnCast { relative_depth, .. }
            | BrOnCastFail { relative_depth, .. } => branch(relative_depth),
            Return | ReturnCall { .. } | ReturnCallIndirect { .. } | ReturnCallRef { .. } => {
                alive = false
            }
            Throw { .. } | ThrowRef | Unreachable => alive = false,
            Block { .. } => frames.push(new(false, false)),
            Loop { .. } => {
                frames.push(new(true, false));
                charges.places += 1;
            }
            If { .. } => frames.push(new(false, true)),
            TryTable { try_table } => {
                for catch in &try_table.catches {
                    match *catch {
                        Catch::One { label, .. } | Catch::OneRef { label, .. } => branch(label),
                        Catch::All { label } | Catch::AllRef { label } => branch(label),
                    }
                }
                frames.push(new(false, false));
            }
            Else => {
                let frame = frames.last_mut().expect("validated: a block is open");
                frame.branched |= alive;
                frame.has_other_way = false;
                alive = true;
                charges.places += 1;
            }
            End => {
                let frame = frames.pop().expect("validated: a block is open");
                let joins = frame.has_other_way || frame.branched && !frame.is_loop;
                let begins = joins || frame.is_loop && alive;
                charges.places += u64::from(begins && !frames.is_empty());
                alive |= joins;
            }
            _ => {}
        }
    }
    charges
}
