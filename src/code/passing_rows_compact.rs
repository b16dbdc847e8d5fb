//! With the feature `compact` there are no fused sequences that pass a value on in a register.

/// Calls the macro `$consumer` with each of these: none.
macro_rules! for_each_passing {
    ($consumer:ident) => {
        $consumer! {}
    };
}
pub(crate) use for_each_passing;
