//! The accumulator of v128: a register of the processor, or a field of the context.

#[cfg(not(fulmar_vector_register))]
mod context;
#[cfg(fulmar_vector_register)]
mod register;

#[cfg(not(fulmar_vector_register))]
pub(crate) use context::VectorRegister;
#[cfg(fulmar_vector_register)]
pub(crate) use register::VectorRegister;
