//! Random programs, small but with every kind of control flow within expressions.

use crate::program::{Block, Expr, Func, PARAMS, Program, Stmt, TYPES, Type, Value};

/// Random numbers that depend on nothing but the seed (splitmix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn choose<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// A value of a type: mostly small, sometimes at an edge.
    pub(crate) fn value(&mut self, ty: Type) -> Value {
        let small = self.below(9) as i32 - 3;
        let edges = [i64::MIN, i64::MAX, i64::from(i32::MIN), 0x8000_0000, 0xffff_ffff, 1 << 40];
        let edge = self.choose(&edges);
        let floats = [0.1, -0.0, 0.5, 1e30, f64::INFINITY, f64::NAN, 1e-40, 3.25];
        let float = self.choose(&floats);
        match (ty, self.below(3)) {
            (Type::I32, 0) => Value::I32(edge as i32),
            (Type::I32, _) => Value::I32(small),
            (Type::I64, 0) => Value::I64(edge),
            (Type::I64, _) => Value::I64(i64::from(small)),
            (Type::F32, 0) => Value::F32(float as f32),
            (Type::F32, _) => Value::F32(small as f32),
            (Type::F64, 0) => Value::F64(float),
            (Type::F64, _) => Value::F64(f64::from(small)),
        }
    }
}

/// Instructions of two operands of a type that give that type.
fn binary(ty: Type) -> &'static [&'static str] {
    match ty {
        Type::I32 | Type::I64 => &[
            "add", "sub", "mul", "and", "or", "xor", "shl", "shr_s", "shr_u", "rotl", "add", "sub",
            "div_u", "rem_u",
        ],
        Type::F32 | Type::F64 => &["add", "sub", "mul", "copysign"],
    }
}

fn comparisons(ty: Type) -> &'static [&'static str] {
    match ty {
        Type::I32 | Type::I64 => {
            &["eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u"]
        }
        Type::F32 | Type::F64 => &["eq", "ne", "lt", "gt", "le", "ge"],
    }
}

/// Instructions of one operand that give a type, with the type of the operand.
fn unary(ty: Type) -> &'static [(&'static str, Type)] {
    match ty {
        Type::I32 => &[
            ("eqz", Type::I32),
            ("clz", Type::I32),
            ("extend8_s", Type::I32),
            ("wrap_i64", Type::I64),
            ("trunc_sat_f32_s", Type::F32),
        ],
        Type::I64 => &[
            ("clz", Type::I64),
            ("extend32_s", Type::I64),
            ("extend_i32_s", Type::I32),
            ("extend_i32_u", Type::I32),
            ("trunc_sat_f64_s", Type::F64),
        ],
        Type::F32 => &[
            ("neg", Type::F32),
            ("abs", Type::F32),
            ("convert_i32_s", Type::I32),
            ("demote_f64", Type::F64),
        ],
        Type::F64 => &[
            ("neg", Type::F64),
            ("abs", Type::F64),
            ("convert_i32_s", Type::I32),
            ("convert_i64_u", Type::I64),
            ("promote_f32", Type::F32),
        ],
    }
}

const FUNCS: usize = 4;
const GLOBALS: [Type; 4] = TYPES;
/// Locals that count turns of loops, and no other code sets.
const COUNTERS: usize = 3;

/// Makes a program.
pub(crate) fn program(random: &mut Random) -> Program {
    let results: Vec<Type> = (0..FUNCS).map(|_| random.choose(&TYPES)).collect();
    let funcs = (0..FUNCS).map(|number| func(random, number, &results)).collect();
    Program { globals: GLOBALS.to_vec(), funcs }
}

fn func(random: &mut Random, number: usize, results: &[Type]) -> Func {
    let mut locals: Vec<Type> = TYPES.into_iter().chain(TYPES).collect();
    let ordinary = PARAMS.len() + locals.len();
    locals.extend([Type::I32; COUNTERS]);
    let result = results[number];
    let types = PARAMS.into_iter().chain(locals.iter().copied().take(ordinary - PARAMS.len()));
    let mut generator = Generator {
        random,
        locals: types.collect(),
        counters: (ordinary..ordinary + COUNTERS).collect(),
        labels: Vec::new(),
        results,
        callable: number + 1,
        size: 60,
    };
    let body = generator.block(&[result], 5);
    Func { result, locals, body }
}

struct Generator<'a> {
    random: &'a mut Random,
    /// The types of parameters and locals that any code may set.
    locals: Vec<Type>,
    /// The counters that are not in use.
    counters: Vec<usize>,
    /// What branches to the open blocks carry, the outermost first; `None` where none may lead.
    labels: Vec<Option<Vec<Type>>>,
    results: &'a [Type],
    /// The first function that may be called.
    callable: usize,
    /// About how many more nodes the function may have.
    size: usize,
}

impl Generator<'_> {
    /// A block that gives values of these types, with a label of its own.
    fn block(&mut self, types: &[Type], depth: usize) -> Block {
        self.labels.push(Some(types.to_vec()));
        let block = self.contents(types, depth);
        self.labels.pop();
        block
    }

    fn contents(&mut self, types: &[Type], depth: usize) -> Block {
        let count = if depth == 0 { 0 } else { self.random.below(4) };
        let body = (0..count).map(|_| self.stmt(depth - 1)).collect();
        let values = types.iter().map(|ty| self.expr(*ty, depth)).collect();
        Block { types: types.to_vec(), body, values }
    }

    fn local(&mut self, ty: Type) -> usize {
        let fitting: Vec<usize> =
            (0..self.locals.len()).filter(|local| self.locals[*local] == ty).collect();
        self.random.choose(&fitting)
    }

    fn global(&mut self, ty: Type) -> usize {
        GLOBALS.iter().position(|global| *global == ty).expect("one of each type")
    }

    /// The depth of an open block to which branches carry these types.
    fn target(&mut self, types: &[Type]) -> Option<usize> {
        let fits = |label: &Option<Vec<Type>>| label.as_deref() == Some(types);
        let fitting: Vec<usize> = (0..self.labels.len())
            .filter(|depth| fits(&self.labels[self.labels.len() - 1 - depth]))
            .collect();
        (!fitting.is_empty()).then(|| self.random.choose(&fitting))
    }

    /// An expression that is a leaf of the tree.
    fn leaf(&mut self, ty: Type) -> Expr {
        match self.random.below(7) {
            0 | 1 => Expr::Const(self.random.value(ty)),
            2 => Expr::Global(self.global(ty)),
            _ => Expr::Get(self.local(ty)),
        }
    }

    fn expr(&mut self, ty: Type, depth: usize) -> Expr {
        self.size = self.size.saturating_sub(1);
        if depth == 0 || self.size == 0 {
            return self.leaf(ty);
        }
        let depth = depth - 1;
        match self.random.below(20) {
            0..=2 => self.leaf(ty),
            3 => Expr::Tee(self.local(ty), Box::new(self.expr(ty, depth))),
            4..=7 => {
                let name = self.random.choose(binary(ty));
                Expr::Op(ty, name, vec![self.expr(ty, depth), self.expr(ty, depth)])
            }
            8 | 9 => {
                let (name, from) = self.random.choose(unary(ty));
                Expr::Op(ty, name, vec![self.expr(from, depth)])
            }
            10 | 11 if ty == Type::I32 => self.condition(depth),
            10 => {
                let name = self.random.choose(binary(ty));
                Expr::OpOfBlock(ty, name, Box::new(self.block(&[ty, ty], depth)))
            }
            11 | 12 => {
                let operands = [self.expr(ty, depth), self.expr(ty, depth), self.condition(depth)];
                Expr::Select(Box::new(operands))
            }
            13 if ty == Type::I32 => Expr::Load(Box::new(self.expr(ty, depth))),
            13..=15 => Expr::Block(Box::new(self.block(&[ty], depth))),
            16 | 17 => {
                let condition = self.condition(depth);
                let (then, otherwise) = (self.block(&[ty], depth), self.block(&[ty], depth));
                Expr::If(Box::new((condition, then, otherwise)))
            }
            18 => match self.target(&[ty]) {
                Some(target) => {
                    Expr::BrIf(target, Box::new([self.expr(ty, depth), self.condition(depth)]))
                }
                None => self.leaf(ty),
            },
            _ => self.call(ty, depth),
        }
    }

    fn call(&mut self, ty: Type, depth: usize) -> Expr {
        let fitting: Vec<usize> =
            (self.callable..self.results.len()).filter(|func| self.results[*func] == ty).collect();
        if fitting.is_empty() {
            return self.leaf(ty);
        }
        let arguments = PARAMS.iter().map(|ty| self.expr(*ty, depth)).collect();
        Expr::Call(self.random.choose(&fitting), arguments)
    }

    /// An i32 that is likely to be a comparison.
    fn condition(&mut self, depth: usize) -> Expr {
        if depth == 0 || self.random.one_in(3) {
            return self.expr(Type::I32, depth);
        }
        let ty = self.random.choose(&TYPES);
        let name = self.random.choose(comparisons(ty));
        let operands = vec![self.expr(ty, depth - 1), self.expr(ty, depth - 1)];
        let comparison = Expr::Op(ty, name, operands);
        match self.random.below(5) {
            0 => Expr::Op(Type::I32, "eqz", vec![comparison]),
            _ => comparison,
        }
    }

    fn stmt(&mut self, depth: usize) -> Stmt {
        self.size = self.size.saturating_sub(1);
        let ty = self.random.choose(&TYPES);
        match self.random.below(16) {
            0..=4 => Stmt::Set(self.local(ty), self.expr(ty, depth)),
            5 => Stmt::SetGlobal(self.global(ty), self.expr(ty, depth)),
            6 => Stmt::Drop(self.expr(ty, depth)),
            7 => Stmt::Store(self.expr(Type::I32, depth), self.expr(Type::I32, depth)),
            8 => Stmt::Block(self.block(&[], depth)),
            9 | 10 => {
                let condition = self.condition(depth);
                Stmt::If(condition, self.block(&[], depth), self.block(&[], depth))
            }
            11 | 12 => self.repetition(depth),
            13 => match self.target(&[]) {
                Some(target) => Stmt::BrIf(target, self.condition(depth)),
                None => Stmt::Drop(self.expr(ty, depth)),
            },
            _ if depth > 0 => self.jump(ty, depth - 1),
            _ => Stmt::Set(self.local(ty), self.leaf(ty)),
        }
    }

    fn repetition(&mut self, depth: usize) -> Stmt {
        let Some(counter) = self.counters.pop() else {
            return Stmt::Block(self.block(&[], depth));
        };
        let times = 1 + self.random.below(4) as i32;
        self.labels.push(None);
        let body = self.contents(&[], depth);
        self.labels.pop();
        self.counters.push(counter);
        Stmt::Loop(counter, times, body)
    }

    /// A jump under a condition, by `br` or `br_table`, with a value or without.
    fn jump(&mut self, ty: Type, depth: usize) -> Stmt {
        let types = if self.random.one_in(2) { vec![ty] } else { Vec::new() };
        let condition = self.condition(depth);
        self.labels.push(None);
        let jump = self.target(&types).map(|target| {
            let value = types.first().map(|ty| self.expr(*ty, depth));
            if self.random.one_in(2) {
                return Stmt::Br(target, value);
            }
            let mut targets = vec![target];
            for _ in 0..self.random.below(4) {
                targets.extend(self.target(&types));
            }
            Stmt::BrTable(targets, value, self.expr(Type::I32, depth))
        });
        self.labels.pop();
        let then = Block { body: jump.into_iter().collect(), ..Block::default() };
        // Now and then the jump is not conditional, and what follows can't be reached.
        match self.random.below(10) {
            0 => Stmt::Block(then),
            _ => Stmt::If(condition, then, Block::default()),
        }
    }
}
