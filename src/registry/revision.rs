//! The number of a state of the registry.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The number of a state of the registry: one more for each list of changes applied. The default is 0, an empty
/// registry's.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
