//! The validation of function bodies: one by one when they are called, or all of a module.
//!
//! The bodies of a module know nothing of each other, so that with `std` several threads share those
//! of a large module. The error reported is that of the first invalid body either way.

#[cfg_attr(feature = "std", path = "bodies/threads.rs")]
#[cfg_attr(not(feature = "std"), path = "bodies/serial.rs")]
mod all;

use super::ParsedModule;
use crate::Error;
use crate::types::index::FuncIdx;
use core::mem;
use spin::Mutex;
use wasmparser::{
    BinaryReader, FuncToValidate, FuncValidatorAllocations, FunctionBody, ValidatorResources,
    WasmFeatures,
};

pub(super) use all::validate_all;

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
        let allocations = mem::take(&mut *self.allocations.lock());
        *self.allocations.lock() = self.validate_with(allocations, module, defined)?;
        Ok(())
    }

    /// As [`BodyValidation::validate`], with memory of the caller.
    fn validate_with(
        &self,
        allocations: FuncValidatorAllocations,
        module: &ParsedModule,
        defined: usize,
    ) -> Result<FuncValidatorAllocations, Error> {
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
        let mut validator = func.into_validator(allocations);
        validator.validate(&FunctionBody::new(reader)).map_err(Error::parse)?;
        Ok(validator.into_allocations())
    }
}
