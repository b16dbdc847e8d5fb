//! What a program computes, by walking its tree.

use crate::program::{Block, Expr, MEMORY_BYTES, PARAMS, Program, Stmt, Type, Value};

/// The state of a program.
pub(crate) struct Machine<'a> {
    program: &'a Program,
    pub(crate) globals: Vec<Value>,
    pub(crate) memory: [u8; MEMORY_BYTES],
    /// How many more expressions to evaluate.
    steps: usize,
}

/// Why an evaluation ended early.
#[derive(Debug)]
pub(crate) enum Exit {
    Branch(usize, Vec<Value>),
    DivisionByZero,
    /// The program takes too long to be worth it.
    TooLong,
}

type Outcome<T> = Result<T, Exit>;

impl<'a> Machine<'a> {
    pub(crate) fn new(program: &'a Program, steps: usize) -> Self {
        let globals = program.globals.iter().map(|ty| Value::zero(*ty)).collect();
        Machine { program, globals, memory: [0; MEMORY_BYTES], steps }
    }

    /// Calls a function.
    pub(crate) fn call(&mut self, func: usize, arguments: Vec<Value>) -> Outcome<Value> {
        assert_eq!(arguments.len(), PARAMS.len());
        let func = &self.program.funcs[func];
        let mut locals = arguments;
        locals.extend(func.locals.iter().map(|ty| Value::zero(*ty)));
        let mut frame = Frame { machine: self, locals };
        let values = frame.block(&func.body)?;
        Ok(values[0])
    }
}

/// A call of a function.
struct Frame<'m, 'a> {
    machine: &'m mut Machine<'a>,
    locals: Vec<Value>,
}

impl Frame<'_, '_> {
    /// Runs a block, and gives its values, or those that a branch to its end carries.
    fn block(&mut self, block: &Block) -> Outcome<Vec<Value>> {
        match self.contents(block) {
            Err(Exit::Branch(0, values)) => Ok(values),
            Err(Exit::Branch(depth, values)) => Err(Exit::Branch(depth - 1, values)),
            other => other,
        }
    }

    fn contents(&mut self, block: &Block) -> Outcome<Vec<Value>> {
        for stmt in &block.body {
            self.stmt(stmt)?;
        }
        block.values.iter().map(|value| self.expr(value)).collect()
    }

    fn condition(&mut self, expr: &Expr) -> Outcome<bool> {
        Ok(self.expr(expr)?.i32() != 0)
    }

    fn address(&mut self, expr: &Expr) -> Outcome<usize> {
        Ok(self.expr(expr)?.i32() as usize & (MEMORY_BYTES - 4))
    }

    fn expr(&mut self, expr: &Expr) -> Outcome<Value> {
        self.machine.steps = self.machine.steps.checked_sub(1).ok_or(Exit::TooLong)?;
        Ok(match expr {
            Expr::Const(value) => *value,
            Expr::Get(local) => self.locals[*local],
            Expr::Tee(local, value) => {
                self.locals[*local] = self.expr(value)?;
                self.locals[*local]
            }
            Expr::Global(global) => self.machine.globals[*global],
            Expr::Op(ty, name, operands) => {
                let operands: Vec<Value> =
                    operands.iter().map(|it| self.expr(it)).collect::<Outcome<_>>()?;
                op(*ty, name, &operands)?
            }
            Expr::OpOfBlock(ty, name, block) => op(*ty, name, &self.block(block)?)?,
            Expr::Select(operands) => {
                let (first, second) = (self.expr(&operands[0])?, self.expr(&operands[1])?);
                if self.condition(&operands[2])? { first } else { second }
            }
            Expr::Load(address) => {
                let address = self.address(address)?;
                let bytes = self.machine.memory[address..][..4].try_into().unwrap();
                Value::I32(i32::from_le_bytes(bytes))
            }
            Expr::Block(block) => self.block(block)?[0],
            Expr::If(parts) => {
                let (condition, then, otherwise) = &**parts;
                self.choose(condition, then, otherwise)?[0]
            }
            Expr::BrIf(depth, parts) => {
                let value = self.expr(&parts[0])?;
                match self.condition(&parts[1])? {
                    true => return Err(Exit::Branch(*depth, vec![value])),
                    false => value,
                }
            }
            Expr::Call(func, arguments) => {
                let arguments = arguments.iter().map(|it| self.expr(it)).collect::<Outcome<_>>()?;
                self.machine.call(*func, arguments)?
            }
        })
    }

    fn choose(&mut self, condition: &Expr, then: &Block, otherwise: &Block) -> Outcome<Vec<Value>> {
        match self.condition(condition)? {
            true => self.block(then),
            false => self.block(otherwise),
        }
    }

    /// The value that a branch carries.
    fn carried(&mut self, value: Option<&Expr>) -> Outcome<Vec<Value>> {
        value.map(|value| self.expr(value)).into_iter().collect()
    }

    fn stmt(&mut self, stmt: &Stmt) -> Outcome<()> {
        match stmt {
            Stmt::Set(local, value) => self.locals[*local] = self.expr(value)?,
            Stmt::SetGlobal(global, value) => self.machine.globals[*global] = self.expr(value)?,
            Stmt::Drop(value) => drop(self.expr(value)?),
            Stmt::Store(address, value) => {
                let address = self.address(address)?;
                let bytes = self.expr(value)?.i32().to_le_bytes();
                self.machine.memory[address..][..4].copy_from_slice(&bytes);
            }
            Stmt::Block(block) => drop(self.block(block)?),
            Stmt::If(condition, then, otherwise) => drop(self.choose(condition, then, otherwise)?),
            Stmt::Loop(local, times, block) => {
                self.locals[*local] = Value::I32(*times);
                loop {
                    // Nothing but the end of the loop branches to its start.
                    match self.contents(block) {
                        Err(Exit::Branch(depth, values)) => {
                            return Err(Exit::Branch(depth - 1, values));
                        }
                        other => drop(other?),
                    }
                    let count = self.locals[*local].i32().wrapping_sub(1);
                    self.locals[*local] = Value::I32(count);
                    if count == 0 {
                        break;
                    }
                }
            }
            Stmt::Br(depth, value) => {
                let values = self.carried(value.as_ref())?;
                return Err(Exit::Branch(*depth, values));
            }
            Stmt::BrIf(depth, condition) => {
                if self.condition(condition)? {
                    return Err(Exit::Branch(*depth, Vec::new()));
                }
            }
            Stmt::BrTable(depths, value, index) => {
                let values = self.carried(value.as_ref())?;
                let index = self.expr(index)?.i32() as u32 as usize;
                let depth = depths[index.min(depths.len() - 1)];
                return Err(Exit::Branch(depth, values));
            }
        }
        Ok(())
    }
}

/// The instruction `TYPE.NAME`; comparisons and conversions bear the type of their operands' or of
/// their result, as in the text.
fn op(ty: Type, name: &str, operands: &[Value]) -> Outcome<Value> {
    Ok(match *operands {
        [Value::I32(a), Value::I32(b)] => i32_op(name, a, b)?,
        [Value::I64(a), Value::I64(b)] => i64_op(name, a, b)?,
        [Value::F32(a), Value::F32(b)] => {
            match float_comparison(name, f64::from(a), f64::from(b)) {
                Some(holds) => holds,
                None => Value::F32(match name {
                    "add" => a + b,
                    "sub" => a - b,
                    "mul" => a * b,
                    "copysign" => a.copysign(b),
                    _ => unreachable!("f32.{name}"),
                }),
            }
        }
        [Value::F64(a), Value::F64(b)] => match float_comparison(name, a, b) {
            Some(holds) => holds,
            None => Value::F64(match name {
                "add" => a + b,
                "sub" => a - b,
                "mul" => a * b,
                "copysign" => a.copysign(b),
                _ => unreachable!("f64.{name}"),
            }),
        },
        [value] => unary(ty, name, value),
        _ => unreachable!("{ty}.{name}"),
    })
}

fn i32_op(name: &str, a: i32, b: i32) -> Outcome<Value> {
    let (unsigned_a, unsigned_b) = (a.cast_unsigned(), b.cast_unsigned());
    Ok(Value::I32(match name {
        "add" => a.wrapping_add(b),
        "sub" => a.wrapping_sub(b),
        "mul" => a.wrapping_mul(b),
        "and" => a & b,
        "or" => a | b,
        "xor" => a ^ b,
        "shl" => a.wrapping_shl(unsigned_b),
        "shr_s" => a.wrapping_shr(unsigned_b),
        "shr_u" => unsigned_a.wrapping_shr(unsigned_b).cast_signed(),
        "rotl" => a.rotate_left(unsigned_b % 32),
        "div_u" => unsigned_a.checked_div(unsigned_b).ok_or(Exit::DivisionByZero)?.cast_signed(),
        "rem_u" => unsigned_a.checked_rem(unsigned_b).ok_or(Exit::DivisionByZero)?.cast_signed(),
        _ => i32::from(int_comparison(name, a.cmp(&b), unsigned_a.cmp(&unsigned_b))),
    }))
}

fn i64_op(name: &str, a: i64, b: i64) -> Outcome<Value> {
    let (unsigned_a, unsigned_b) = (a.cast_unsigned(), b.cast_unsigned());
    Ok(Value::I64(match name {
        "add" => a.wrapping_add(b),
        "sub" => a.wrapping_sub(b),
        "mul" => a.wrapping_mul(b),
        "and" => a & b,
        "or" => a | b,
        "xor" => a ^ b,
        "shl" => a.wrapping_shl(b as u32),
        "shr_s" => a.wrapping_shr(b as u32),
        "shr_u" => unsigned_a.wrapping_shr(b as u32).cast_signed(),
        "rotl" => a.rotate_left(b as u32 % 64),
        "div_u" => unsigned_a.checked_div(unsigned_b).ok_or(Exit::DivisionByZero)?.cast_signed(),
        "rem_u" => unsigned_a.checked_rem(unsigned_b).ok_or(Exit::DivisionByZero)?.cast_signed(),
        _ => {
            let holds = int_comparison(name, a.cmp(&b), unsigned_a.cmp(&unsigned_b));
            return Ok(Value::I32(i32::from(holds)));
        }
    }))
}

fn int_comparison(name: &str, signed: std::cmp::Ordering, unsigned: std::cmp::Ordering) -> bool {
    match name {
        "eq" => signed.is_eq(),
        "ne" => signed.is_ne(),
        "lt_s" => signed.is_lt(),
        "lt_u" => unsigned.is_lt(),
        "gt_s" => signed.is_gt(),
        "gt_u" => unsigned.is_gt(),
        "le_s" => signed.is_le(),
        "le_u" => unsigned.is_le(),
        "ge_s" => signed.is_ge(),
        "ge_u" => unsigned.is_ge(),
        _ => unreachable!("{name}"),
    }
}

fn float_comparison(name: &str, a: f64, b: f64) -> Option<Value> {
    let holds = match name {
        "eq" => a == b,
        "ne" => a != b,
        "lt" => a < b,
        "gt" => a > b,
        "le" => a <= b,
        "ge" => a >= b,
        _ => return None,
    };
    Some(Value::I32(i32::from(holds)))
}

fn unary(ty: Type, name: &str, value: Value) -> Value {
    match (ty, name, value) {
        (_, "eqz", Value::I32(a)) => Value::I32(i32::from(a == 0)),
        (_, "eqz", Value::I64(a)) => Value::I32(i32::from(a == 0)),
        (_, "clz", Value::I32(a)) => Value::I32(a.leading_zeros() as i32),
        (_, "clz", Value::I64(a)) => Value::I64(i64::from(a.leading_zeros())),
        (_, "extend8_s", Value::I32(a)) => Value::I32(i32::from(a as i8)),
        (_, "extend32_s", Value::I64(a)) => Value::I64(i64::from(a as i32)),
        (_, "wrap_i64", Value::I64(a)) => Value::I32(a as i32),
        (_, "extend_i32_s", Value::I32(a)) => Value::I64(i64::from(a)),
        (_, "extend_i32_u", Value::I32(a)) => Value::I64(i64::from(a.cast_unsigned())),
        (_, "neg", Value::F32(a)) => Value::F32(-a),
        (_, "neg", Value::F64(a)) => Value::F64(-a),
        (_, "abs", Value::F32(a)) => Value::F32(a.abs()),
        (_, "abs", Value::F64(a)) => Value::F64(a.abs()),
        (Type::F32, "convert_i32_s", Value::I32(a)) => Value::F32(a as f32),
        (Type::F64, "convert_i32_s", Value::I32(a)) => Value::F64(f64::from(a)),
        (Type::F64, "convert_i64_u", Value::I64(a)) => Value::F64(a.cast_unsigned() as f64),
        (_, "promote_f32", Value::F32(a)) => Value::F64(f64::from(a)),
        (_, "demote_f64", Value::F64(a)) => Value::F32(a as f32),
        // Casts of Rust saturate as these do.
        (Type::I32, "trunc_sat_f32_s", Value::F32(a)) => Value::I32(a as i32),
        (Type::I64, "trunc_sat_f64_s", Value::F64(a)) => Value::I64(a as i64),
        (ty, name, value) => unreachable!("{ty}.{name} of {value:?}"),
    }
}
