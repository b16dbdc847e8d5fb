//! The code of a function that has a sequence: each operand where the sequence has it.

use super::part::Type::{self, F32, F64, I32, I64, V128};
use super::part::{Instr, Part, Place, TYPES};
use std::fmt::Write;

/// How often a sequence runs in each call.
const TURNS: i32 = 3;
/// The locals of each type, and where a function leaves them.
pub(super) const LOCALS: usize = 4;
const RESULTS: usize = 2048;

/// The code of a function so far.
#[derive(Default)]
pub(super) struct Code {
    instrs: Vec<String>,
    /// What is on the operand stack: the type, and where its computation begins.
    pending: Vec<(Type, usize)>,
    /// The type of what is passed on, below that.
    passed: Option<Type>,
    /// The local that has what is in the accumulator of a type.
    held: [Option<usize>; TYPES.len()],
    /// The locals that are zero at first, which stand behind the parameters.
    zeros: usize,
    /// Whether it begins at the function's entry.
    at_entry: bool,
    /// What the function returns, if the sequence does.
    returns: Option<Type>,
}

impl Code {
    /// The code of a sequence. `choose` gives a number below another one.
    pub(super) fn of(parts: &[Part], choose: &mut dyn FnMut(usize) -> usize) -> Option<Self> {
        let mut code = Self::default();
        code.before(parts)?;
        for (at, part) in parts.iter().enumerate() {
            match part.name.as_str() {
                "consume_fuel" if at <= 1 => continue,
                name if at == 0 && name.starts_with("enter.") => {
                    code.zeros = name[6..].parse().ok()?;
                    code.at_entry = true;
                    continue;
                }
                _ => {}
            }
            let instr = part.instr(code.any(part, &parts[at + 1..]))?;
            if part.name.starts_with("return") {
                code.returns = Some(instr.operands.first()?.0);
            }
            code.put(part, instr, choose)?;
        }
        while let Some((ty, _)) = code.pending.last().copied() {
            code.instrs.push(ty.plain().to_owned());
            code.set(ty, choose(LOCALS));
        }
        Some(code)
    }

    /// What accumulators hold before the first part that reads them.
    fn before(&mut self, parts: &[Part]) -> Option<()> {
        let mut made = [false; TYPES.len()];
        for part in parts {
            let instr = match part.name.as_str() {
                "consume_fuel" => continue,
                name if name.starts_with("enter.") => continue,
                _ => part.instr(I64)?,
            };
            for (ty, place) in instr.operands {
                let known = TYPES.iter().any(|it| it.shares(ty) && made[*it as usize]);
                if place == Place::Acc && !known {
                    self.instrs.push(format!("local.get {}", local(ty, 0)));
                    self.instrs.push(ty.plain().to_owned());
                    self.pending.push((ty, self.instrs.len() - 2));
                    self.set(ty, 1);
                    made[ty as usize] = true;
                }
            }
            if let Some(ty) = instr.result {
                made[ty as usize] = true;
            }
        }
        Some(())
    }

    /// The type of a part that may be of any: what its operand has, or what reads its result.
    fn any(&self, part: &Part, rest: &[Part]) -> Type {
        let in_acc =
            [part.x, part.y].contains(&Some(Place::Acc)) && !part.name.starts_with("select");
        let int = |ty: &Type| matches!(ty, I32 | I64);
        if part.x == Some(Place::Passed)
            && let Some(ty) = self.passed
        {
            return ty;
        }
        if in_acc && let Some((ty, _)) = self.pending.last() {
            return *ty;
        }
        if in_acc && let Some((ty, _)) = self.held_like(int) {
            return ty;
        }
        let reader = rest.iter().filter(|part| part.name != "copy").find_map(|part| {
            let operands = part.instr(I64)?.operands;
            operands.into_iter().find(|(ty, place)| *place == Place::Acc && int(ty))
        });
        reader.map_or(if part.x == Some(Place::Wide) { I64 } else { I32 }, |(ty, _)| ty)
    }

    /// Appends a part: its operands, where it has them, and what becomes of its result.
    fn put(
        &mut self,
        part: &Part,
        mut instr: Instr,
        choose: &mut dyn FnMut(usize) -> usize,
    ) -> Option<()> {
        let is_acc = |(_, place): &(Type, Place)| *place == Place::Acc;
        let on_stack = self.pending.last().copied().and_then(|(found, start)| {
            let takes = |it: &(Type, Place)| is_acc(it) && found.shares(it.0);
            Some((instr.operands.iter().position(takes)?, found, start))
        });
        let start = on_stack.map_or(self.instrs.len(), |(.., start)| start);
        if let Some(at) = instr.operands.iter().position(|(_, place)| *place == Place::Passed) {
            if self.passed.take() != Some(instr.operands[at].0) {
                return None;
            }
            // What is in the accumulator comes after what is passed on, and so is the second operand.
            if at > 0 {
                instr.text = turned(&instr.text)?;
            }
        }
        for (at, &(ty, place)) in instr.operands.iter().enumerate() {
            match on_stack {
                _ if place == Place::Passed => {}
                Some((position, found, _)) if at == position => {
                    self.pending.pop();
                    self.instrs.extend(converted(found, ty)?.map(str::to_owned));
                }
                // Twice what is on the stack, which no slot has.
                Some(_) if place == Place::Acc => return None,
                // Below what is on the stack already.
                Some((position, ..)) if at < position => {
                    let operand = self.operand(ty, place, choose)?;
                    self.instrs.insert(start + at, operand);
                }
                _ => {
                    let operand = self.operand(ty, place, choose)?;
                    self.instrs.push(operand);
                }
            }
        }
        self.instrs.push(instr.text);
        if let (Some(ty), Some(Place::Passed)) = (instr.result, part.d) {
            self.passed = Some(ty);
        } else if let (Some(ty), Some(place)) = (instr.result, part.d) {
            self.pending.push((ty, start));
            if place == Place::Slot {
                let to = self.other(ty, choose);
                self.set(ty, to);
            } else {
                self.forget(ty);
            }
        }
        Some(())
    }

    /// What pushes an operand that is not on the stack.
    fn operand(
        &self,
        ty: Type,
        place: Place,
        choose: &mut dyn FnMut(usize) -> usize,
    ) -> Option<String> {
        Some(match place {
            Place::Acc => {
                let (found, held) = self.held_like(|it| it.shares(ty))?;
                format!("local.get {held} {}", converted(found, ty)?.unwrap_or_default())
            }
            Place::Slot => format!("local.get {}", local(ty, self.other(ty, choose))),
            // Never 0, with which wasmi 2.0.0 computes a selection wrongly.
            Place::Imm => constant(ty, (choose(1 << 16) as i64 - 1000) | 1, ""),
            Place::Passed => return None,
            Place::Wide if ty == I64 => constant(I64, i64::MAX - choose(1 << 16) as i64, ""),
            Place::Wide => constant(ty, choose(1 << 16) as i64, ".1"),
        })
    }

    /// The first local that has what is in an accumulator, of the types that are `like`, and its type.
    fn held_like(&self, like: impl Fn(&Type) -> bool) -> Option<(Type, usize)> {
        let held = |ty: Type| Some((ty, local(ty, self.held[ty as usize]?)));
        TYPES.into_iter().filter(like).find_map(held)
    }

    /// Sets a local to what is on the stack.
    fn set(&mut self, ty: Type, index: usize) {
        self.pending.pop();
        self.instrs.push(format!("local.set {}", local(ty, index)));
        self.forget(ty);
        self.held[ty as usize] = Some(index);
    }

    /// Forgets which local has what is in the accumulator.
    fn forget(&mut self, ty: Type) {
        TYPES.iter().filter(|it| it.shares(ty)).for_each(|it| self.held[*it as usize] = None);
    }

    /// A local that is not the one that was set last.
    fn other(&self, ty: Type, choose: &mut dyn FnMut(usize) -> usize) -> usize {
        let index = choose(LOCALS);
        if self.held[ty as usize] == Some(index) { (index + 1) % LOCALS } else { index }
    }

    /// The function, called `name`.
    pub(super) fn function(&self, name: &str) -> String {
        let params = TYPES.map(|ty| format!(" {}", ty.name()).repeat(LOCALS)).concat();
        let result = self.returns.map_or(String::new(), |ty| format!("(result {})", ty.name()));
        let end = if self.returns.is_some() { "unreachable" } else { "" };
        let (body, zeros) = (self.instrs.join(" "), " i32".repeat(self.zeros));
        // Only what begins at a function's entry can't be in a loop. The counter is a global, so that no local
        // and no accumulator has it.
        let body = if self.at_entry {
            format!("{body}\n")
        } else {
            format!(
                "i32.const {TURNS} global.set $turns loop $again\n {body}\n
                global.get $turns i32.const 1 i32.sub global.set $turns global.get $turns br_if $again end"
            )
        };
        let block =
            if self.at_entry && !body.contains("$out") { ("", "") } else { ("block $out", "end") };
        format!(
            "(func (export \"{name}\") (param{params}) {result} (local{zeros})
                {} {body} {} {end} {})\n",
            block.0,
            block.1,
            if self.returns.is_some() { String::new() } else { stores() },
        )
    }
}

/// What takes a value for one of another type in the same accumulator: nothing if it is of that type already, and
/// `None` if nothing does.
fn converted(found: Type, wanted: Type) -> Option<Option<&'static str>> {
    match (found, wanted) {
        _ if found == wanted => Some(None),
        // Of an i32 the upper half of a slot means nothing.
        (I64, I32) => Some(Some("i32.wrap_i64")),
        _ => None,
    }
}

/// An instruction that computes the same of its operands in the other order.
fn turned(text: &str) -> Option<String> {
    let (ty, what) = text.split_once('.')?;
    let end = what.find(['_', ' ']).unwrap_or(what.len());
    let (name, rest) = what.split_at(end);
    let name = match name {
        "add" | "mul" | "and" | "or" | "xor" | "eq" | "ne" => name,
        "lt" => "gt",
        "gt" => "lt",
        "le" => "ge",
        "ge" => "le",
        _ => return None,
    };
    Some(format!("{ty}.{name}{rest}"))
}

fn local(ty: Type, index: usize) -> usize {
    ty as usize * LOCALS + index
}

fn constant(ty: Type, value: i64, fraction: &str) -> String {
    match ty {
        V128 => format!("v128.const i64x2 {value} 7"),
        F32 | F64 => format!("{}.const {value}{fraction}", ty.name()),
        I32 | I64 => format!("{}.const {value}", ty.name()),
    }
}

/// Stores all locals; of NaNs nothing but that they are some.
fn stores() -> String {
    let mut text = String::new();
    for ty in TYPES {
        for index in 0..LOCALS {
            let at = local(ty, index);
            let value = match ty {
                F32 | F64 => format!(
                    "local.get {at} {0}.const 0.25 local.get {at} local.get {at} {0}.eq select",
                    ty.name()
                ),
                V128 => format!(
                    "local.get {at} local.get {at} local.get {at} f32x4.eq v128.and local.tee {at}
                    local.get {at} local.get {at} f64x2.eq v128.and"
                ),
                I32 | I64 => format!("local.get {at}"),
            };
            let _ = writeln!(text, "i32.const {} {value} {}.store", RESULTS + 16 * at, ty.name());
        }
    }
    text
}
