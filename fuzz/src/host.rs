//! The functions that guests may import: what they answer depends on all they were asked before.

use crate::value::Value;
use std::hash::{DefaultHasher, Hash, Hasher};
use wasm_encoder::{EntityType, ImportSection, Module, TypeSection, ValType};

/// The type of a number that crosses the border.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Number {
    I32,
    I64,
    F32,
    F64,
}

use Number::{F32, F64, I32, I64};

/// A function of the host.
#[derive(Debug)]
pub struct HostFunc {
    pub name: &'static str,
    pub params: &'static [Number],
    pub results: &'static [Number],
}

/// The module name of all imports.
pub const MODULE: &str = "host";

/// All functions; one has more parameters and results than any engine has registers.
pub const FUNCS: &[HostFunc] = &[
    HostFunc { name: "nothing", params: &[], results: &[] },
    HostFunc { name: "one", params: &[I32], results: &[I32] },
    HostFunc { name: "mixed", params: &[I64, F32, I32, F64], results: &[F64] },
    HostFunc {
        name: "many",
        params: &[I32, F64, I64, F32, I32, I32, F64, I64, I32, F32, F32, I64, I32, I64, F64, I32],
        results: &[F32, I64, I32, F64, I32, I64, F32, I32, F64, I64],
    },
];

/// A binary module that imports every function, for wasm-smith to choose from.
pub fn imports() -> Vec<u8> {
    let encoded = [ValType::I32, ValType::I64, ValType::F32, ValType::F64];
    let (mut funcs, mut imported) = (TypeSection::new(), ImportSection::new());
    for (index, func) in (0..).zip(FUNCS) {
        funcs.ty().function(types(func.params, encoded), types(func.results, encoded));
        imported.import(MODULE, func.name, EntityType::Function(index));
    }
    let mut module = Module::new();
    module.section(&funcs).section(&imported);
    module.finish()
}

impl Number {
    /// A value of this type that `bits` choose; no NaN.
    fn value(self, bits: u64) -> Value {
        match self {
            I32 => Value::I32(bits as i32),
            I64 => Value::I64(bits.cast_signed()),
            F32 => Value::F32((f32::from(bits as i16) / 8.0).to_bits()),
            F64 => Value::F64((f64::from(bits as i32) / 8.0).to_bits()),
        }
    }
}

/// An engine's own types for `numbers`; `of` has those of each [`Number`], in order.
pub fn types<T: Clone>(numbers: &[Number], of: [T; 4]) -> Vec<T> {
    numbers.iter().map(|number| of[*number as usize].clone()).collect()
}

/// What the host of one guest remembers.
#[derive(Default, Debug)]
pub struct Host {
    trace: DefaultHasher,
}

impl Host {
    /// A call of `func`; gives its results.
    pub fn call(&mut self, func: &HostFunc, arguments: &[Value]) -> Vec<Value> {
        (func.name, arguments).hash(&mut self.trace);
        let bits = self.trace();
        let result = |(index, ty): (usize, &Number)| ty.value(bits.rotate_left(index as u32 * 7));
        func.results.iter().enumerate().map(result).collect()
    }

    /// A number that stands for all calls so far and their order.
    pub fn trace(&self) -> u64 {
        self.trace.finish()
    }
}
