//! The choices of a policy that are no numbers.

use serde::{Deserialize, Serialize};

/// Whether a window may end after `now`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename_all = "snake_case")]
pub enum FutureWindows {
    /// It may; only recorded footage counts.
    Allowed,
    /// It may not.
    Refused,
}

/// Whether a request may ask for cameras that see into the area, not only those that stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename_all = "snake_case")]
pub enum SeeingInto {
    /// It may.
    Allowed,
    /// It may not.
    Refused,
}

/// Whether the fields that identify a case are required.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename_all = "snake_case")]
pub enum CaseDetails {
    /// A case reference and a contact are required.
    Required,
    /// They may be missing. All requests without a case reference count as one case.
    Optional,
}

/// Whether an agency may ask beyond where it has authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename_all = "snake_case")]
pub enum Jurisdiction {
    /// The area must lie within the agency's recorded jurisdiction.
    Within,
    /// Anywhere.
    Anywhere,
}

/// Whether a policy may do without the anonymity set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename_all = "snake_case")]
pub enum Anonymity {
    /// [`min_households`](crate::Policy::min_households) is at least
    /// [`LEAST_HOUSEHOLDS`](crate::Policy::LEAST_HOUSEHOLDS), or the policy is an error.
    Required,
    /// Any number, 0 as well. For evaluation and tests: an area with few households points at homes.
    Waived,
}
