//! Small tools.

pub(crate) mod bit_iter;
pub(crate) mod parallel;

pub(crate) use bit_iter::ones;
