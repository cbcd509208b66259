//! The records of the log, one for each list of changes, each ask and each step of a request.

use canvass::{AgencyId, Change, LifecycleEvent, OwnerId, RequestId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::pieces::Piece;

/// The number of a chain of records: a partition's number, [`REQUESTS`] or [`MARKS`].
pub type ChainId = u16;

/// The chain of the requests that stand.
pub const REQUESTS: ChainId = 60_000;

/// Records of no chain: a reader appends one to learn a sequence up to which it has to read.
pub const MARKS: ChainId = u16::MAX;

/// A record of the log. Its place in the log is its sequence, which the engine counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The chain that it belongs to.
    pub chain: ChainId,
    /// The epoch of its writer.
    pub epoch: u64,
    /// The sequence of the last valid record of its chain, as its writer had read it; 0 for none.
    pub after: u64,
    /// Its identity, by which its writer finds it again.
    pub id: RecordId,
    /// Its content.
    pub body: Body,
}

/// The identity of a record: it stays the same when its writer appends it again.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RecordId {
    /// The writer's name with a random number that is new for each start.
    pub writer: String,
    /// Counted from 0.
    pub number: u64,
}

/// The content of a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// Its writer takes office with the record's epoch.
    Office {
        /// The number of partitions in the writer's table. Owners are dealt by it, so a reader whose table
        /// has another number stops.
        partitions: u16,
    },
    /// Nothing: see [`MARKS`].
    Mark,
    /// Changes of one owner, all or none.
    Changes {
        /// Whose.
        owner: OwnerId,
        /// The changes, in order.
        changes: Vec<Change>,
    },
    /// New cameras and consents of many owners of a partition, all or none.
    Import {
        /// Only registrations and consents.
        changes: Vec<Change>,
    },
    /// Owners of a partition are asked for a request, which counts towards their limits.
    Asked {
        /// For which request.
        request: RequestId,
        /// By whom, which counts towards the agency's share of each limit.
        agency: AgencyId,
        /// When.
        at: Timestamp,
        /// Who.
        owners: Vec<OwnerId>,
    },
    /// A request is opened.
    Opened {
        /// The authorised request, sealed, in base64.
        sealed: String,
        /// Expiries that were due, and the opening.
        events: Vec<LifecycleEvent>,
    },
    /// Further steps of requests.
    Steps {
        /// The steps.
        events: Vec<LifecycleEvent>,
    },
    /// A piece of a body that is larger than the engine carries. The body is applied at its last piece, and not
    /// at all if another record of the chain that counts comes between.
    Piece(Piece),
}

impl Body {
    /// Whether the writer takes office by this record.
    #[must_use]
    pub const fn takes_office(&self) -> bool {
        matches!(self, Self::Office { .. })
    }
}
