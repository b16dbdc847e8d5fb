//! The validation of function bodies: one by one when they are called, or all of a module.

use super::ParsedModule;
use super::operators::visit_operator;
use super::quick::{Quick, Scratch};
use crate::Error;
use crate::types::index::{FuncIdx, TypeIdx};
use crate::workers::{Bodies, for_each_body};
use core::mem;
use wasmparser::{
    BinaryReader, FuncToValidate, FuncValidator, FuncValidatorAllocations, FunctionBody,
    ValidatorResources, WasmFeatures,
};

/// How many more values than its body has bytes a function may have on its operand stack: a call of two
/// bytes leaves up to a thousand, for each of which the validator and the translator keep something. As
/// many as there may be locals. Programs that take values off again don't come near it.
const FREE_OPERANDS: usize = 50_000;

/// About how long it takes to validate a byte of code.
pub(crate) const BYTE_NANOSECONDS: usize = 2;

/// What is needed to validate the bodies of a module whose declarations are valid.
pub(crate) struct BodyValidation {
    resources: ValidatorResources,
    features: WasmFeatures,
}

/// Memory that the validation of the next body can use again.
#[derive(Default)]
pub(crate) struct BodyMemory {
    quick: Scratch,
    full: FuncValidatorAllocations,
}

impl BodyMemory {
    /// Gives back what the parser's validator has.
    pub(crate) fn forget_full(&mut self) {
        self.full = FuncValidatorAllocations::default();
    }
}

impl BodyValidation {
    pub(super) fn new(resources: ValidatorResources, features: WasmFeatures) -> Self {
        Self { resources, features }
    }

    /// Validates all bodies, by several threads if `parallel` and if that pays.
    pub(super) fn validate_all(&self, module: &ParsedModule, parallel: bool) -> Result<(), Error> {
        let nanoseconds = module.code_bytes() * BYTE_NANOSECONDS;
        let bodies = Bodies { count: module.bodies.len(), nanoseconds, parallel };
        for_each_body(bodies, |memory, defined| self.validate(memory, module, defined))
    }

    /// Validates the body of one defined function.
    pub(super) fn validate(
        &self,
        memory: &mut BodyMemory,
        module: &ParsedModule,
        defined: usize,
    ) -> Result<(), Error> {
        let index =
            FuncIdx(module.imported_funcs + u32::try_from(defined).expect("validated count"));
        let ty = module.funcs[index.index()];
        let span = module.bodies[defined];
        let bytes = span.bytes(&module.bytes);
        let quick = Quick::new(module, self.features);
        if quick.is_some_and(|quick| quick.accepts(&mut memory.quick, ty, bytes)) {
            return Ok(());
        }
        let offset = u64::from(span.start);
        let reader = BinaryReader::new_features(bytes, offset, self.features);
        self.validate_in_full(&mut memory.full, index, ty, &FunctionBody::new(reader))
    }

    /// Validates the body of a function of type `ty` by the parser's validator.
    pub(super) fn validate_in_full(
        &self,
        allocations: &mut FuncValidatorAllocations,
        index: FuncIdx,
        ty: TypeIdx,
        body: &FunctionBody<'_>,
    ) -> Result<(), Error> {
        let (resources, features) = (self.resources.clone(), self.features);
        let func = FuncToValidate { resources, index: index.0, ty: ty.0, features };
        validate_body(func, body, allocations)
    }
}

/// Validates a body with memory of the caller.
pub(super) fn validate_body(
    func: FuncToValidate<ValidatorResources>,
    body: &FunctionBody<'_>,
    allocations: &mut FuncValidatorAllocations,
) -> Result<(), Error> {
    let mut validator = func.into_validator(mem::take(allocations));
    let piled_up = validate_operators(&mut validator, body).map_err(Error::parse)?;
    if let Some(offset) = piled_up {
        return Err(Error::validation("too many values on the operand stack", offset));
    }
    *allocations = validator.into_allocations();
    Ok(())
}

/// Validates locals and instructions; gives the offset of the first instruction that leaves too many
/// values, and stops there.
fn validate_operators(
    validator: &mut FuncValidator<ValidatorResources>,
    body: &FunctionBody<'_>,
) -> wasmparser::Result<Option<usize>> {
    let bytes = body.as_bytes();
    let operands_max = bytes.len() + FREE_OPERANDS;
    let mut reader = body.get_binary_reader();
    validator.read_locals(&mut reader)?;
    let (start, features) = (body.range().start, *validator.features());
    let mut at = reader.current_position();
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let offset = start + at as u64;
        at += visit_operator(rest, offset, features, &mut validator.visitor(offset))?;
        if validator.operand_stack_height() as usize > operands_max {
            return Ok(Some(usize::try_from(offset).unwrap_or(usize::MAX)));
        }
    }
    let end = start + at as u64;
    BinaryReader::new_features(&[], end, features).finish_expression(&validator.visitor(end))?;
    Ok(None)
}
