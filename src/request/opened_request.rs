//! The life of a request from its opening on: open, then resolved, withdrawn or expired.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

use super::case_file_error::CaseFileError;
use super::request::Request;
use super::request_state::RequestState;
use crate::geometry::{Area, Envelope};
use crate::model::RequestId;

/// A request that was opened. The request, its opening and how long it may be open at
/// most cannot be changed any more. Cheap to clone, and so is a file of many: copies share the
/// request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "OpenedRequestForm")]
pub struct OpenedRequest {
    // INVARIANT: at <= until <= latest, and an end lies in [at, until).
    pub(crate) id: RequestId,
    /// The area's. Each new request scans the file, which may be long: this skips areas apart and
    /// other cases without reading the request.
    // INVARIANT: this and the next are of `request`.
    #[serde(skip)]
    pub(crate) envelope: Envelope,
    #[serde(skip)]
    pub(crate) case: CaseHash,
    #[serde(serialize_with = "shared")]
    pub(crate) request: Arc<Request>,
    pub(crate) at: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) latest: Timestamp,
    pub(crate) ended: Option<EarlyEnd>,
}

/// How a request ended before its time was over, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename_all = "snake_case")]
pub(crate) enum EarlyEnd {
    Resolved(Timestamp),
    Withdrawn(Timestamp),
}

impl EarlyEnd {
    pub(crate) fn at(self) -> Timestamp {
        match self {
            Self::Resolved(at) | Self::Withdrawn(at) => at,
        }
    }
}

/// A hash of a case reference without the white space around it. It is not written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CaseHash(u64);

impl CaseHash {
    pub(crate) fn of(reference: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        reference.trim().hash(&mut hasher);
        Self(hasher.finish())
    }
}

impl OpenedRequest {
    /// A request that is open from an instant until another, or at most until a later one.
    pub(crate) fn new(
        id: RequestId,
        request: Request,
        at: Timestamp,
        (until, latest): (Timestamp, Timestamp),
    ) -> Result<Self, CaseFileError> {
        Self::check_times(id, at, (until, latest))?;
        let (envelope, case) = (request.area.envelope(), CaseHash::of(&request.case_reference));
        let request = Arc::new(request);
        Ok(Self { id, envelope, case, request, at, until, latest, ended: None })
    }

    /// Refuses times that are out of order.
    pub(crate) fn check_times(
        id: RequestId,
        at: Timestamp,
        (until, latest): (Timestamp, Timestamp),
    ) -> Result<(), CaseFileError> {
        if at > until || until > latest {
            return Err(CaseFileError::Disordered { id, at, until, latest });
        }
        Ok(())
    }

    /// Whether the envelope of its area meets that of another area.
    pub(crate) fn is_near(&self, area: &Area) -> bool {
        self.envelope.intersects(area.envelope())
    }

    /// The request's id, which the operator chose.
    #[must_use]
    pub fn id(&self) -> RequestId {
        self.id
    }

    /// The request.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// When it was opened.
    #[must_use]
    pub fn opened_at(&self) -> Timestamp {
        self.at
    }

    /// The first instant at which it is open no more, if it does not end before.
    #[must_use]
    pub fn open_until(&self) -> Timestamp {
        self.until
    }

    /// How far it may be extended, as fixed when it was opened.
    #[must_use]
    pub fn latest(&self) -> Timestamp {
        self.latest
    }

    /// The instant at which it was resolved or withdrawn, if it was.
    #[must_use]
    pub fn ended_at(&self) -> Option<Timestamp> {
        self.ended.map(EarlyEnd::at)
    }

    /// When it ended, or else was opened.
    pub(crate) fn last(&self) -> Timestamp {
        self.ended_at().unwrap_or(self.at)
    }

    /// The state of the request at `now`. You need not record that it expired.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> RequestState {
        if now < self.at {
            return RequestState::Authorized;
        }
        match self.ended.filter(|ended| ended.at() <= now) {
            Some(EarlyEnd::Resolved(_)) => RequestState::Resolved,
            Some(EarlyEnd::Withdrawn(_)) => RequestState::Withdrawn,
            None if now < self.until => RequestState::Open,
            None => RequestState::Expired,
        }
    }
}

fn shared<S: Serializer>(request: &Arc<Request>, serializer: S) -> Result<S::Ok, S::Error> {
    request.as_ref().serialize(serializer)
}

/// The wire form of an opened request, before it is validated.
#[derive(Deserialize)]
#[serde(crate = "crate::util::by_name", rename = "OpenedRequest", deny_unknown_fields)]
struct OpenedRequestForm {
    id: RequestId,
    request: Request,
    at: Timestamp,
    until: Timestamp,
    latest: Timestamp,
    ended: Option<EarlyEnd>,
}

impl TryFrom<OpenedRequestForm> for OpenedRequest {
    type Error = CaseFileError;

    fn try_from(fields: OpenedRequestForm) -> Result<Self, Self::Error> {
        let OpenedRequestForm { id, request, at, until, latest, ended } = fields;
        let opened = Self::new(id, request, at, (until, latest))?;
        if let Some(end) = ended.map(EarlyEnd::at).filter(|&end| end < at || end >= until) {
            return Err(CaseFileError::EndedWhileNotOpen { id, end, at, until });
        }
        Ok(Self { ended, ..opened })
    }
}
