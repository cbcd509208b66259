//! Where a request is in its life.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a request is in its life, as of an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename_all = "snake_case")]
pub enum RequestState {
    /// Not opened yet.
    Authorized,
    /// Owners may be asked.
    Open,
    /// The agency needs no more footage.
    Resolved,
    /// The agency took it back.
    Withdrawn,
    /// Its time is over.
    Expired,
}

impl fmt::Display for RequestState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Authorized => "authorized",
            Self::Open => "open",
            Self::Resolved => "resolved",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
        })
    }
}
