//! Programs as trees, and their text. Every tree that `generate` makes is a valid module.

use std::fmt::{self, Write};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Type {
    I32,
    I64,
    F32,
    F64,
}

pub(crate) const TYPES: [Type; 4] = [Type::I32, Type::I64, Type::F32, Type::F64];

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Type::I32 => "i32",
            Type::I64 => "i64",
            Type::F32 => "f32",
            Type::F64 => "f64",
        })
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Value {
    I32(i32),
    I64(i64),
    F32(f32),
    F64(f64),
}

impl Value {
    pub(crate) fn zero(ty: Type) -> Value {
        match ty {
            Type::I32 => Value::I32(0),
            Type::I64 => Value::I64(0),
            Type::F32 => Value::F32(0.0),
            Type::F64 => Value::F64(0.0),
        }
    }

    pub(crate) fn i32(self) -> i32 {
        match self {
            Value::I32(value) => value,
            other => unreachable!("{other:?} is no i32"),
        }
    }
}

/// As a constant instruction.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::I32(value) => write!(f, "(i32.const {value})"),
            Value::I64(value) => write!(f, "(i64.const {value})"),
            Value::F32(value) if value.is_nan() => f.write_str("(f32.const nan)"),
            Value::F64(value) if value.is_nan() => f.write_str("(f64.const nan)"),
            Value::F32(value) => write!(f, "(f32.const {value:e})"),
            Value::F64(value) => write!(f, "(f64.const {value:e})"),
        }
    }
}

/// An expression, which gives a value.
#[derive(Debug)]
pub(crate) enum Expr {
    Const(Value),
    Get(usize),
    Tee(usize, Box<Expr>),
    Global(usize),
    /// The instruction `TYPE.NAME` of its operands.
    Op(Type, &'static str, Vec<Expr>),
    /// The instruction of two values that a block gives.
    OpOfBlock(Type, &'static str, Box<Block>),
    Select(Box<[Expr; 3]>),
    Load(Box<Expr>),
    Block(Box<Block>),
    If(Box<(Expr, Block, Block)>),
    /// A branch that carries a value, which stays if the branch is not taken.
    BrIf(usize, Box<[Expr; 2]>),
    Call(usize, Vec<Expr>),
}

/// A statement, which gives none.
#[derive(Debug)]
pub(crate) enum Stmt {
    Set(usize, Expr),
    SetGlobal(usize, Expr),
    Drop(Expr),
    Store(Expr, Expr),
    Block(Block),
    If(Expr, Block, Block),
    /// Runs the block so often; the local counts.
    Loop(usize, i32, Block),
    Br(usize, Option<Expr>),
    BrIf(usize, Expr),
    /// The depths, the last one the default; the value that they carry; the index.
    BrTable(Vec<usize>, Option<Expr>, Expr),
}

/// What a block does, and the values that it gives.
#[derive(Debug, Default)]
pub(crate) struct Block {
    pub(crate) types: Vec<Type>,
    pub(crate) body: Vec<Stmt>,
    pub(crate) values: Vec<Expr>,
}

/// The parameters of every function; the locals follow them.
pub(crate) const PARAMS: [Type; 3] = [Type::I32, Type::I64, Type::F64];

#[derive(Debug)]
pub(crate) struct Func {
    pub(crate) result: Type,
    pub(crate) locals: Vec<Type>,
    pub(crate) body: Block,
}

/// Functions that call only those behind them, and share globals and a memory.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) globals: Vec<Type>,
    pub(crate) funcs: Vec<Func>,
}

/// The bytes of memory that programs use.
pub(crate) const MEMORY_BYTES: usize = 64;

impl Program {
    /// The program as a module in text form, which exports all of its state.
    pub(crate) fn text(&self) -> String {
        let mut text = String::from("(module\n(memory (export \"memory\") 1)\n");
        for (number, ty) in self.globals.iter().enumerate() {
            let zero = Value::zero(*ty);
            writeln!(text, "(global (export \"g{number}\") (mut {ty}) {zero})").unwrap();
        }
        for (number, func) in self.funcs.iter().enumerate() {
            let list = |types: &[Type]| types.iter().map(|ty| format!(" {ty}")).collect::<String>();
            write!(
                text,
                "(func (export \"f{number}\") (param{}) (result {}) (local{})",
                list(&PARAMS),
                func.result,
                list(&func.locals)
            )
            .unwrap();
            func.body.contents(&mut text);
            text += ")\n";
        }
        text + ")\n"
    }
}

impl Block {
    fn contents(&self, text: &mut String) {
        self.body.iter().for_each(|stmt| stmt.write(text));
        self.values.iter().for_each(|value| value.write(text));
    }

    fn types(&self) -> String {
        let types = self.types.iter().map(|ty| format!(" (result {ty})"));
        types.collect()
    }

    fn write(&self, text: &mut String) {
        write!(text, "\n(block{}", self.types()).unwrap();
        self.contents(text);
        text.push(')');
    }
}

/// Writes a parenthesis, its head and the expressions in it.
fn folded<'a>(text: &mut String, head: &str, parts: impl IntoIterator<Item = &'a Expr>) {
    write!(text, "({head} ").unwrap();
    parts.into_iter().for_each(|part| part.write(text));
    text.push(')');
}

fn write_if(text: &mut String, condition: &Expr, then: &Block, otherwise: &Block) {
    write!(text, "\n(if{} ", then.types()).unwrap();
    condition.write(text);
    for (word, arm) in [("then", then), ("else", otherwise)] {
        write!(text, "({word} ").unwrap();
        arm.contents(text);
        text.push(')');
    }
    text.push(')');
}

/// An address within the memory that programs use.
fn write_address(text: &mut String, address: &Expr) {
    text.push_str("(i32.and ");
    address.write(text);
    write!(text, "(i32.const {}))", MEMORY_BYTES - 4).unwrap();
}

impl Expr {
    fn write(&self, text: &mut String) {
        match self {
            Expr::Const(value) => write!(text, "{value}").unwrap(),
            Expr::Get(local) => write!(text, "(local.get {local})").unwrap(),
            Expr::Tee(local, value) => folded(text, &format!("local.tee {local}"), [&**value]),
            Expr::Global(global) => write!(text, "(global.get {global})").unwrap(),
            Expr::Op(ty, name, operands) => folded(text, &format!("{ty}.{name}"), operands),
            Expr::OpOfBlock(ty, name, block) => {
                block.write(text);
                write!(text, "({ty}.{name})").unwrap();
            }
            Expr::Select(operands) => folded(text, "select", &**operands),
            Expr::Load(address) => {
                text.push_str("(i32.load ");
                write_address(text, address);
                text.push(')');
            }
            Expr::Block(block) => block.write(text),
            Expr::If(parts) => write_if(text, &parts.0, &parts.1, &parts.2),
            Expr::BrIf(depth, parts) => folded(text, &format!("br_if {depth}"), &**parts),
            Expr::Call(func, arguments) => folded(text, &format!("call {func}"), arguments),
        }
    }
}

impl Stmt {
    fn write(&self, text: &mut String) {
        text.push('\n');
        match self {
            Stmt::Set(local, value) => folded(text, &format!("local.set {local}"), [value]),
            Stmt::SetGlobal(global, value) => {
                folded(text, &format!("global.set {global}"), [value])
            }
            Stmt::Drop(value) => folded(text, "drop", [value]),
            Stmt::Store(address, value) => {
                text.push_str("(i32.store ");
                write_address(text, address);
                value.write(text);
                text.push(')');
            }
            Stmt::Block(block) => block.write(text),
            Stmt::If(condition, then, otherwise) => write_if(text, condition, then, otherwise),
            Stmt::Loop(local, times, block) => {
                write!(text, "(local.set {local} (i32.const {times}))\n(loop ").unwrap();
                block.contents(text);
                let less = format!("(i32.sub (local.get {local}) (i32.const 1))");
                write!(text, "\n(br_if 0 (local.tee {local} {less})))").unwrap();
            }
            Stmt::Br(depth, value) => folded(text, &format!("br {depth}"), value),
            Stmt::BrIf(depth, condition) => folded(text, &format!("br_if {depth}"), [condition]),
            Stmt::BrTable(depths, value, index) => {
                let depths: String = depths.iter().map(|depth| format!(" {depth}")).collect();
                folded(text, &format!("br_table{depths}"), value.iter().chain([index]));
            }
        }
    }
}
