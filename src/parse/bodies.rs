//! The validation of function bodies: one by one when they are called, or all of a module.

use super::ParsedModule;
use crate::Error;
use crate::types::index::FuncIdx;
use crate::workers::for_each_body;
use core::mem;
use spin::Mutex;
use wasmparser::{
    BinaryReader, FuncToValidate, FuncValidatorAllocations, FunctionBody, ValidatorResources,
    WasmFeatures,
};

/// What is needed to validate the bodies of a module whose declarations are valid.
pub(crate) struct BodyValidation {
    resources: ValidatorResources,
    features: WasmFeatures,
    /// Memory that the validation of the next body can use again.
    allocations: Mutex<FuncValidatorAllocations>,
}

impl BodyValidation {
    pub(super) fn new(resources: ValidatorResources, features: WasmFeatures) -> Self {
        Self { resources, features, allocations: Mutex::default() }
    }

    /// Validates the body of one defined function.
    pub(super) fn validate(&self, module: &ParsedModule, defined: usize) -> Result<(), Error> {
        let mut allocations = mem::take(&mut *self.allocations.lock());
        self.validate_with(&mut allocations, module, defined)?;
        *self.allocations.lock() = allocations;
        Ok(())
    }

    /// Validates all bodies.
    pub(super) fn validate_all(&self, module: &ParsedModule) -> Result<(), Error> {
        for_each_body(module.bodies.len(), module.code_bytes(), |allocations, defined| {
            self.validate_with(allocations, module, defined)
        })
    }

    /// As [`BodyValidation::validate`], with memory of the caller.
    fn validate_with(
        &self,
        allocations: &mut FuncValidatorAllocations,
        module: &ParsedModule,
        defined: usize,
    ) -> Result<(), Error> {
        let index =
            FuncIdx(module.imported_funcs + u32::try_from(defined).expect("validated count"));
        let func = FuncToValidate {
            resources: self.resources.clone(),
            index: index.0,
            ty: module.funcs[index.index()].0,
            features: self.features,
        };
        let span = module.bodies[defined];
        let bytes = span.bytes(&module.bytes);
        let reader = BinaryReader::new_features(bytes, u64::from(span.start), self.features);
        let mut validator = func.into_validator(mem::take(allocations));
        validator.validate(&FunctionBody::new(reader)).map_err(Error::parse)?;
        *allocations = validator.into_allocations();
        Ok(())
    }
}
