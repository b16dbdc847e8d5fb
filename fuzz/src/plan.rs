//! What is done with a module: which exports are called with which arguments, and which are read.

use crate::generate::COUNTER;
use crate::value::Value;
use arbitrary::{Result, Unstructured};
use fulmar::{ExternType, ValType};

/// A call of an exported function.
#[derive(Debug)]
pub struct Call {
    pub name: String,
    /// As the parameters; every reference is null.
    pub arguments: Vec<Value>,
}

/// What is done with a module.
#[derive(Default, Debug)]
pub struct Plan {
    pub calls: Vec<Call>,
    pub globals: Vec<String>,
    pub memories: Vec<String>,
    pub tables: Vec<String>,
    /// Whether one of the globals is a counter that is set before each call.
    pub counts: bool,
}

impl Plan {
    /// Calls of all exported functions that can be called with numbers and nulls.
    pub fn new(module: &fulmar::Module, u: &mut Unstructured<'_>) -> Result<Self> {
        let mut plan = Self::default();
        for export in module.exports() {
            let name = export.name().to_string();
            match export.ty() {
                ExternType::Func(ty) if ty.params().iter().all(|ty| ty.is_defaultable()) => {
                    let arguments =
                        ty.params().iter().map(|ty| argument(*ty, u)).collect::<Result<_>>()?;
                    plan.calls.push(Call { name, arguments });
                }
                ExternType::Global(_) => {
                    plan.counts |= name == COUNTER;
                    plan.globals.push(name);
                }
                ExternType::Memory(_) => plan.memories.push(name),
                ExternType::Table(_) => plan.tables.push(name),
                // Tags are not looked at, nor functions that nobody outside can call.
                _ => {}
            }
        }
        Ok(plan)
    }
}

/// A number, small, at an edge or any; no NaN. Null for references.
fn argument(ty: ValType, u: &mut Unstructured<'_>) -> Result<Value> {
    const EDGES: &[i64] = &[0, 1, -1, 2, 31, 63, 64, 65_535, 65_536, i64::MAX, i64::MIN];
    const FLOATS: &[f64] = &[0.0, -0.0, 1.0, -1.5, 1e10, 1e300, f64::INFINITY, f64::MIN_POSITIVE];
    let integer = if u.ratio(3, 4)? { *u.choose(EDGES)? } else { u.arbitrary()? };
    Ok(match ty {
        ValType::I32 => Value::I32(integer as i32),
        ValType::I64 => Value::I64(integer),
        ValType::F32 => Value::F32((*u.choose(FLOATS)? as f32).to_bits()),
        ValType::F64 => Value::F64(u.choose(FLOATS)?.to_bits()),
        ValType::V128 => Value::V128(u128::from(integer.cast_unsigned()) * 0x1_0000_0001_0001),
        ValType::Ref(_) => Value::Null,
    })
}
