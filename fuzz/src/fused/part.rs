//! The parts of fused sequences, and what they are in WebAssembly.

/// The types of locals.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Type {
    I32,
    I64,
    F32,
    F64,
    V128,
}

use self::Type::{F32, F64, I32, I64, V128};

pub(super) const TYPES: [Type; 5] = [I32, I64, F32, F64, V128];

impl Type {
    pub(super) fn name(self) -> &'static str {
        ["i32", "i64", "f32", "f64", "v128"][self as usize]
    }

    /// The type that the name of an instruction begins with.
    fn of(name: &str) -> Option<Self> {
        let prefix = name.split('.').next()?;
        let scalar = TYPES.into_iter().find(|ty| ty.name() == prefix);
        scalar.or_else(|| prefix.contains('x').then_some(V128))
    }

    /// Whether values of both types share an accumulator.
    pub(super) fn shares(self, other: Self) -> bool {
        self == other || matches!((self, other), (I32 | I64, I32 | I64))
    }

    /// An instruction of which no sequence is made.
    pub(super) fn plain(self) -> &'static str {
        ["i32.popcnt", "i64.popcnt", "f32.nearest", "f64.nearest", "i8x16.popcnt"][self as usize]
    }
}

/// Where an operand is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Place {
    Slot,
    Acc,
    Imm,
    Wide,
    /// On the stack, from one part to another.
    Passed,
}

/// One part of a sequence: the op's name, and the places of its result and of its two operands.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) d: Option<Place>,
    pub(super) x: Option<Place>,
    pub(super) y: Option<Place>,
}

/// What a part is in WebAssembly.
pub(super) struct Instr {
    pub(super) text: String,
    /// In the order of the stack.
    pub(super) operands: Vec<(Type, Place)>,
    pub(super) result: Option<Type>,
}

/// A part of the name of an opcode. A sequence that branches to itself is none: it is for the target `loops`, which
/// knows when it ends.
pub(super) fn part(text: &str) -> Option<Part> {
    let (name, places) = text.strip_suffix(')')?.split_once('(')?;
    let mut places = places.split(", ").map(|place| match place {
        "Slot" => Some(Place::Slot),
        "Acc" => Some(Place::Acc),
        "Imm" => Some(Place::Imm),
        "Wide" => Some(Place::Wide),
        "Passed" => Some(Place::Passed),
        _ => None,
    });
    let mut next = || places.next().flatten();
    Some(Part { name: name.to_owned(), d: next(), x: next(), y: next() })
}

impl Part {
    /// What the part is, if it is nothing special; `any` is the type where any will do.
    pub(super) fn instr(&self, any: Type) -> Option<Instr> {
        let name = self.name.as_str();
        if let Some(condition) = name.strip_prefix("br_if ") {
            return self.branch(condition, "br_if $out");
        }
        if let Some(condition) = name.strip_prefix("br_unless ") {
            return self.branch(condition, "i32.eqz br_if $out");
        }
        let int = if matches!(any, I32 | I64) { any } else { I64 };
        let (text, operands, result) = match name {
            "br" => ("br $out".to_owned(), vec![], None),
            "copy" => (String::new(), vec![(any, self.x?)], Some(any)),
            "copy_f32" => (String::new(), vec![(F32, self.x?)], Some(F32)),
            "copy_f64" => (String::new(), vec![(F64, self.x?)], Some(F64)),
            "copy_v128" => (String::new(), vec![(V128, self.x?)], Some(V128)),
            "global.get" => (format!("global.get ${}", int.name()), vec![], Some(int)),
            "global.set" => (format!("global.set ${}", int.name()), vec![(int, self.x?)], None),
            "return_value" => ("return".to_owned(), vec![(int, self.x?)], None),
            "return_f32" => ("return".to_owned(), vec![(F32, self.x?)], None),
            "return_f64" => ("return".to_owned(), vec![(F64, self.x?)], None),
            "v128.const" => {
                ("v128.const i32x4 1 0x77 -0x7fff0000 0x40490fdb".to_owned(), vec![], Some(V128))
            }
            "v128.bitselect" => (
                name.to_owned(),
                vec![(V128, self.x?), (V128, self.y?), (V128, Place::Slot)],
                Some(V128),
            ),
            _ if name.starts_with("select") => {
                let (first, second) = match name {
                    "select" => (Place::Slot, Place::Slot),
                    "select_imm_first" => (Place::Imm, Place::Slot),
                    "select_imm_second" => (Place::Slot, Place::Imm),
                    "select_imms" => (Place::Imm, Place::Imm),
                    _ => return None,
                };
                ("select".to_owned(), vec![(any, first), (any, second), (I32, self.x?)], Some(any))
            }
            _ => return self.typed(name),
        };
        Some(Instr { text, operands, result })
    }

    fn branch(&self, condition: &str, branch: &str) -> Option<Instr> {
        let ty = Type::of(condition)?;
        // What only masks is compared with zero.
        let text = match condition {
            "i64.and" => format!("i64.and i64.const 0 i64.ne {branch}"),
            condition => format!("{condition} {branch}"),
        };
        Some(Instr { text, operands: vec![(ty, self.x?), (ty, self.y?)], result: None })
    }

    /// An instruction whose name begins with a type.
    fn typed(&self, name: &str) -> Option<Instr> {
        let ty = Type::of(name)?;
        let (_, what) = name.split_once('.')?;
        if name.contains('@') || what.contains("relaxed") || what.ends_with("128") {
            return None;
        }
        let compares = ["eq", "ne", "lt", "gt", "le", "ge"];
        let from = ["i32", "i64", "f32", "f64"]
            .into_iter()
            .position(|from| what.split('_').skip(1).any(|word| word == from) && ty != V128);
        let (x, y, result) = if what.starts_with("load") && !what.contains("lane") {
            (I32, ty, Some(ty))
        } else if what.starts_with("store") && !what.contains("lane") {
            (I32, ty, None)
        } else if ["shl", "shr_s", "shr_u"].contains(&what) && ty == V128 {
            (V128, I32, Some(V128))
        } else if ["any_true", "all_true", "bitmask"].contains(&what) {
            (V128, V128, Some(I32))
        } else if what.contains("lane") || what.contains("splat") || what.contains("shuffle") {
            return None;
        } else if compares.iter().any(|compare| what.split('_').next() == Some(compare)) {
            (ty, ty, Some(if ty == V128 { V128 } else { I32 }))
        } else {
            (from.map_or(ty, |from| TYPES[from]), ty, Some(ty))
        };
        let operands = [(x, self.x), (y, self.y)];
        let operands = operands.into_iter().filter_map(|(ty, place)| Some((ty, place?))).collect();
        Some(Instr { text: name.to_owned(), operands, result })
    }
}
