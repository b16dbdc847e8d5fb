//! A module whose functions are meant to be translated to given opcodes: the parts of a fused sequence, one
//! after the other, with each operand where the sequence has it.
//!
//! An operand in an accumulator is what the part before it left on the operand stack, or in a local; one in a
//! slot is a local that was not just set; and one that is passed on stays on the stack, below all that comes between. Not every opcode can be had so, and the translator may cut
//! the code in another way: what was reached is counted by [`reach`](crate::reach).

mod code;
mod part;

use self::code::{Code, LOCALS};
use self::part::Type::{F32, F64, I32, I64, V128};
use self::part::{Part, TYPES, part};
use crate::plan::{Call, Plan};
use crate::reach;
use crate::value::Value;
use arbitrary::{Result, Unstructured};
use std::sync::OnceLock;
use wasmparser::Validator;

const FUNCS: usize = 12;
const CALLS: usize = 2;
/// What a module has before its functions.
const HEAD: &str = r#"(module
    (memory (export "memory") 1 1)
    (data (i32.const 0) "0123456789abcdefghijklmnopqrstuvwxyz")
    (global $i32 (export "g0") (mut i32) (i32.const 3))
    (global $i64 (export "g1") (mut i64) (i64.const -5))
    (global $turns (mut i32) (i32.const 0))
"#;

/// Sequences that can be spelled in WebAssembly, with their names.
fn sequences() -> &'static [(String, Vec<Part>)] {
    static SEQUENCES: OnceLock<Vec<(String, Vec<Part>)>> = OnceLock::new();
    SEQUENCES.get_or_init(|| {
        let parts = |name: String| {
            let parts: Vec<Part> = name.split(" + ").map(part).collect::<Option<_>>()?;
            let code = Code::of(&parts, &mut |_| 0)?;
            is_valid(&format!("{HEAD} {})", code.function(&name))).then_some((name, parts))
        };
        reach::names().into_iter().filter_map(parts).collect()
    })
}

fn is_valid(text: &str) -> bool {
    wat::parse_str(text).is_ok_and(|wasm| Validator::new().validate_all(&wasm).is_ok())
}

/// A module, and calls of its functions.
pub fn module(u: &mut Unstructured<'_>) -> Result<(Vec<u8>, Plan)> {
    let mut text = HEAD.to_owned();
    let mut plan = Plan {
        globals: vec!["g0".into(), "g1".into()],
        memories: vec!["memory".into()],
        ..Plan::default()
    };
    for func in 0..FUNCS {
        let (sequence, parts) = u.choose(sequences())?;
        let name = format!("{func}: {sequence}");
        let mut chosen = Ok(());
        let code = Code::of(parts, &mut |below| {
            u.choose_index(below).unwrap_or_else(|error| {
                chosen = Err(error);
                0
            })
        });
        chosen?;
        text += &code.expect("it was tried with other numbers").function(&name);
        for _ in 0..CALLS {
            let mut arguments = Vec::new();
            for ty in TYPES {
                for _ in 0..LOCALS {
                    let number = u.int_in_range(-3_i16..=900)?;
                    arguments.push(match ty {
                        I32 => Value::I32(number.into()),
                        I64 => Value::I64(i64::from(number) << if u.ratio(1, 4)? { 30 } else { 0 }),
                        F32 => Value::F32((f32::from(number) / 8.0).to_bits()),
                        F64 => Value::F64((f64::from(number) / 8.0).to_bits()),
                        V128 => Value::V128(
                            u128::from(number.cast_unsigned()) * 0x3f80_0000_4010_0000_0001,
                        ),
                    });
                }
            }
            plan.calls.push(Call { name: name.clone(), arguments });
        }
    }
    text.push(')');
    let wasm = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Ok((wasm, plan))
}
