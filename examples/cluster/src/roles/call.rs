//! Calls to processes, and their answers.

use std::collections::BTreeMap;

use canvass::{AgencyId, Ask, Camera, CameraId, Change, Consent, OwnerId, Request, RequestId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::log::record::ChainId;
use crate::state::replica::Refused;
use crate::state::writer::WriteError;

/// A call to a process.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// Whether the process is up and holds a chain: asked before a write, so that a process that is
    /// stopped or cut off is passed over before anything was sent to it.
    Ready {
        /// Which chain.
        chain: ChainId,
    },
    /// One of the calls below that write, with the ticket of the process that was ready.
    Write {
        /// The ticket.
        ticket: Ticket,
        /// How many milliseconds after the ticket the call may still be done.
        within_ms: u64,
        /// The call.
        call: Box<Call>,
    },
    /// The part of a route.
    Part {
        /// Of which partition.
        chain: ChainId,
        /// The authorised request, sealed, in base64.
        sealed: String,
        /// As of when.
        now: Timestamp,
        /// The least record that must have been read.
        at_least: u64,
    },
    /// Changes of one owner.
    Change {
        /// Whose.
        owner: OwnerId,
        /// The changes.
        changes: Vec<Change>,
    },
    /// New cameras and consents of owners of a partition.
    Import {
        /// Which partition.
        chain: ChainId,
        /// Registrations and consents.
        changes: Vec<Change>,
    },
    /// Owners of a partition are to be asked.
    Ask {
        /// In which partition.
        chain: ChainId,
        /// For which request.
        request: RequestId,
        /// The authorised request, sealed, in base64.
        sealed: String,
        /// As of when.
        now: Timestamp,
        /// The cameras to ask for.
        cameras: Vec<CameraId>,
    },
    /// The record of an owner.
    Owner {
        /// Whose.
        owner: OwnerId,
        /// The least record that must have been read.
        at_least: u64,
    },
    /// A request is submitted.
    Open {
        /// The request.
        request: Box<Request>,
    },
    /// The authorisation of a request that stands.
    Standing {
        /// Which.
        id: RequestId,
        /// The least record that must have been read.
        at_least: u64,
    },
    /// The owners who are due for a request are to be asked.
    AskDue {
        /// Which.
        id: RequestId,
    },
}

/// The state of a process that is ready for a write. The write carries it back, so a process that was stopped in
/// between, or another one of the same name, does nothing that nobody waits for any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    /// A random number that the process drew at its start: another process stays silent.
    pub process: u64,
    /// Milliseconds since its start.
    pub at_ms: u64,
    /// The last record that it had read: an owner about whom a later one was written is left as they are.
    pub read: u64,
}

/// The terms on which a call may write.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Whoever called waits a little longer than until then.
    pub deadline: Instant,
    /// The last record that was read when the process was ready.
    pub read: u64,
}

/// The answer to a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The process is up.
    Ready(Ticket),
    /// A part, sealed, in base64.
    Part(String),
    /// A write is in the log at this sequence.
    Written(u64),
    /// Who was asked in a partition, for which cameras.
    Asked(Handed),
    /// An owner's record.
    Owner(Box<OwnerRecord>),
    /// A request was opened.
    Opened {
        /// Its number.
        id: RequestId,
        /// Its record.
        sequence: u64,
    },
    /// The authorised request, sealed, in base64.
    Standing(String),
    /// Whom to send the notice.
    Due {
        /// Who, for which cameras.
        asked: Handed,
        /// As of which record they were found.
        revision: u64,
        /// Partitions whose owners could not be asked, and the code of the reason: ask again later.
        unavailable: BTreeMap<ChainId, String>,
    },
    /// The call is refused.
    Refused {
        /// A stable code.
        code: String,
        /// The reason.
        message: String,
    },
}

/// Owners, each with the cameras that they are asked for and the instant from which they may be disturbed.
pub type Handed = Vec<Recipient>;

/// One owner to ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Who.
    pub owner: OwnerId,
    /// Which cameras.
    pub cameras: Vec<CameraId>,
    /// From when on they may be disturbed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
}

/// The record of an owner in their partition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OwnerRecord {
    /// Their consent.
    pub consent: Consent,
    /// Their cameras.
    pub cameras: Vec<Camera>,
    /// When they were asked, and by whom.
    pub asked: Vec<Asked>,
    /// As of which record.
    pub revision: u64,
}

/// An ask in an owner's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// By whom.
    pub agency: Option<AgencyId>,
    /// When.
    pub at: Timestamp,
}

impl From<Ask> for Asked {
    fn from(Ask { agency, at }: Ask) -> Self {
        Self { agency, at }
    }
}

impl Answer {
    /// A refusal.
    #[must_use]
    pub fn refused(code: &str, message: impl std::fmt::Display) -> Self {
        Self::Refused { code: code.to_owned(), message: message.to_string() }
    }

    /// The refusal of a write without a ticket.
    #[must_use]
    pub fn without_ticket() -> Self {
        Self::refused("unreadable", "a write needs the ticket of the process that was ready")
    }

    /// Whether nothing was written, and the same may be sent again with another ticket.
    #[must_use]
    pub fn may_be_sent_again(&self) -> bool {
        ["writer_elsewhere", "overtaken", "expired"].iter().any(|code| self.is_refused_as(code))
    }

    /// Whether it is a refusal with a code.
    #[must_use]
    pub fn is_refused_as(&self, code: &str) -> bool {
        matches!(self, Self::Refused { code: own, .. } if own == code)
    }

    /// Whether another replica may answer otherwise: this one is behind, does not hold the partition or
    /// know the request yet, or was not reached.
    #[must_use]
    pub fn is_of_this_replica(&self) -> bool {
        let codes =
            ["behind", "not_held", "outcome_unknown", "other_role", "pieces", "unknown_request"];
        matches!(self, Self::Refused { code, .. } if codes.contains(&code.as_str()))
    }
}

impl From<Refused> for Answer {
    fn from(Refused { code, message }: Refused) -> Self {
        Self::Refused { code, message }
    }
}

impl From<WriteError> for Answer {
    fn from(error: WriteError) -> Self {
        let code = match &error {
            WriteError::Refused(refused) => refused.code.clone(),
            WriteError::Unknown => "outcome_unknown".to_owned(),
            WriteError::Elsewhere => "writer_elsewhere".to_owned(),
        };
        Self::Refused { code, message: error.to_string() }
    }
}
