//! Every instruction that computes something of numbers, vectors and memory, with its types.
//!
//! The list is wasmparser's own, the types are what its validator accepts: an instruction that it learns is here.

use crate::targets::features;
use std::sync::LazyLock;
use wasm_encoder::{
    CodeSection, Function, FunctionSection, MemorySection, MemoryType, Module, TypeSection, ValType,
};
use wasmparser::{
    FuncToValidate, MemArg, MemArgTarget, Operator, Parser, ValidPayload, Validator,
    ValidatorResources,
};

/// An instruction and one of its types.
#[derive(Debug)]
pub struct Row {
    pub operator: Operator<'static>,
    /// Whether it reads or writes memory, wherever its first operand leads.
    pub accesses: bool,
    pub params: Vec<ValType>,
    pub results: Vec<ValType>,
}

/// The types that are of interest; none is a reference.
pub const TYPES: [ValType; 5] =
    [ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::V128];

/// A memory of one page, which may grow.
pub const MEMORY: MemoryType =
    MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None };

/// All rows; of instructions on lanes one for each of several lanes.
pub static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let context = context();
    let rows = |(operator, accesses)| rows(&context, operator, accesses);
    candidates().into_iter().flat_map(rows).collect()
});

impl Row {
    /// As wasmparser has it, such as `I32Add`.
    pub fn name(&self) -> String {
        let debug = format!("{:?}", self.operator);
        debug.split(' ').next().expect("a word").to_string()
    }
}

const MEMARG: MemArg =
    MemArg { align: 0, max_align: 0, offset: 0, target: MemArgTarget::Memory(0), ordering: None };
const LANES: [u8; 5] = [0, 1, 3, 7, 15];

/// An instruction with some values of its fields, and whether it accesses memory; nothing if it has other fields,
/// or needs a block around it.
macro_rules! candidate {
    (End) => {
        Vec::new()
    };
    (Else) => {
        Vec::new()
    };
    ($op:ident) => {
        vec![(Operator::$op, false)]
    };
    ($op:ident lane) => {
        LANES.map(|lane| (Operator::$op { lane }, false)).to_vec()
    };
    ($op:ident lanes) => {{
        let lanes = [3, 31, 0, 16, 15, 7, 7, 9, 30, 1, 2, 17, 8, 24, 4, 29];
        vec![(Operator::$op { lanes }, false)]
    }};
    ($op:ident memarg) => {
        vec![(Operator::$op { memarg: MEMARG }, true)]
    };
    ($op:ident memarg lane) => {
        LANES.map(|lane| (Operator::$op { memarg: MEMARG, lane }, true)).to_vec()
    };
    ($op:ident $($field:ident)*) => {
        Vec::new()
    };
}

fn candidates() -> Vec<(Operator<'static>, bool)> {
    macro_rules! all {
        ($( @$proposal:ident $op:ident $({ $($field:ident: $ty:ty),* })? => $visit:ident
            ($($annotation:tt)*) )*) => {
            vec![$( candidate!($op $($($field)*)?) ),*]
        };
    }
    wasmparser::for_each_operator!(all).concat()
}

/// A function with a parameter of each of [`TYPES`], in a module with a memory, of which no instruction was seen yet.
fn context() -> FuncToValidate<ValidatorResources> {
    let (mut types, mut funcs, mut memories, mut code) =
        (TypeSection::new(), FunctionSection::new(), MemorySection::new(), CodeSection::new());
    types.ty().function(TYPES, []);
    funcs.function(0);
    memories.memory(MEMORY);
    code.function(&Function::new([]));
    let mut module = Module::new();
    module.section(&types).section(&funcs).section(&memories).section(&code);
    let mut validator = Validator::new_with_features(features());
    for payload in Parser::new(0).parse_all(&module.finish()) {
        let payload = payload.expect("the module is well-formed");
        if let Ok(ValidPayload::Func(func, _)) = validator.payload(&payload) {
            return func;
        }
    }
    panic!("the module has a function");
}

/// The types of `operator`: of all combinations of operands, those without one to spare that the validator accepts.
fn rows(
    context: &FuncToValidate<ValidatorResources>,
    operator: Operator<'static>,
    accesses: bool,
) -> Vec<Row> {
    let mut combinations = vec![Vec::new()];
    loop {
        let rows: Vec<Row> = combinations
            .iter()
            .filter_map(|params| {
                let results = results(context, &operator, params)?;
                let (operator, params) = (operator.clone(), params.clone());
                Some(Row { operator, accesses, params, results })
            })
            .collect();
        let arity = combinations[0].len();
        if !rows.is_empty() || arity == 4 {
            // What takes no operand, or neither gives nor stores anything, does not compute.
            let computes = |row: &Row| arity > 0 && (accesses || !row.results.is_empty());
            return rows.into_iter().filter(computes).collect();
        }
        combinations = combinations
            .iter()
            .flat_map(|params| TYPES.map(|ty| params.iter().copied().chain([ty]).collect()))
            .collect();
    }
}

/// What `operator` gives for operands of these types, if it accepts them and gives no reference.
fn results(
    context: &FuncToValidate<ValidatorResources>,
    operator: &Operator<'_>,
    params: &[ValType],
) -> Option<Vec<ValType>> {
    let FuncToValidate { resources, index, ty, features } = context;
    let (resources, features) = (resources.clone(), *features);
    let context = FuncToValidate { resources, index: *index, ty: *ty, features };
    let mut validator = context.into_validator(Default::default());
    for param in params {
        let local_index = TYPES.iter().position(|ty| ty == param)? as u32;
        validator.op(0, &Operator::LocalGet { local_index }).ok()?;
    }
    validator.op(0, operator).ok()?;
    let height = validator.operand_stack_height() as usize;
    let result = |depth| ValType::try_from(validator.get_operand_type(depth)??).ok();
    let results = (0..height).rev().map(result);
    results.map(|ty| ty.filter(|ty| TYPES.contains(ty))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The types that rows of that name have, as text.
    fn types(name: &str) -> Vec<String> {
        let rows = ROWS.iter().filter(|row| row.name() == name);
        rows.map(|row| format!("{:?} {:?}", row.params, row.results)).collect()
    }

    #[test]
    fn rows_have_the_types_of_the_specification() {
        assert_eq!(types("I32Add"), ["[I32, I32] [I32]"]);
        assert_eq!(types("I64Store8"), ["[I32, I64] []"]);
        assert_eq!(types("F64PromoteF32"), ["[F32] [F64]"]);
        assert_eq!(types("I64MulWideU"), ["[I64, I64] [I64, I64]"]);
        assert_eq!(types("I64Add128"), ["[I64, I64, I64, I64] [I64, I64]"]);
        assert_eq!(types("F32x4RelaxedMadd"), ["[V128, V128, V128] [V128]"]);
        // Lanes 0 and 1 of 0, 1, 3, 7 and 15.
        assert_eq!(types("F64x2ReplaceLane"), ["[V128, F64] [V128]"; 2]);
        assert_eq!(types("Select").len(), 5);
        for name in ["Nop", "Drop", "Return", "RefNull", "I32AtomicLoad", "MemoryGrow"] {
            assert_eq!(types(name), [""; 0], "{name}");
        }
    }
}
