//! All bodies of a module, one after the other.

use super::BodyValidation;
use crate::Error;
use crate::parse::ParsedModule;

/// Validates all bodies of a module.
pub(in crate::parse) fn validate_all(
    module: &ParsedModule,
    validation: &BodyValidation,
) -> Result<(), Error> {
    (0..module.bodies.len()).try_for_each(|defined| validation.validate(module, defined))
}
