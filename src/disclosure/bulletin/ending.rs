//! How a request came to its end.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a request came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename_all = "snake_case")]
pub enum Ending {
    /// The case needs no more footage.
    Resolved,
    /// The time in which owners could answer is over.
    Expired,
    /// The agency took it back.
    Withdrawn,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolved => "resolved",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
        })
    }
}
