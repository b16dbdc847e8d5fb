//! One after the other.

use super::Bodies;
use crate::Error;

/// Does `job` for each body, with one state for all.
///
/// # Errors
///
/// That of the first body for which `job` fails; the later ones are left out then.
pub(crate) fn for_each_body<S: Default>(
    Bodies { count, .. }: Bodies,
    job: impl Fn(&mut S, usize) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut state = S::default();
    (0..count).try_for_each(|body| job(&mut state, body))
}
