//! All errors of the interface, as problem details (RFC 9457).

use axum::body::Body;
use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::response::IntoResponse;
use canvass::error::{AreaError, CaseFileError, ChangeError, OpenRequestsError, ReopenError};
use canvass::outcome::OutcomeError;
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use super::agency::no_such_request;
pub(crate) use super::kinds::Kind;
use crate::engine::{BackUpError, NotAuthorized, Refusal};
use crate::store::StoreError;
use crate::texts::{TextError, is_refused};

/// One error, with all information that helps to correct it.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    kind: Kind,
    detail: String,
    more: Map<String, Value>,
}

impl Problem {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: shown(detail.into()), more: Map::new() }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// The same problem with one more member.
    pub(crate) fn with(mut self, name: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        self.more.insert(name.to_owned(), value);
        self
    }

    /// A body that is not JSON, or not the expected JSON.
    ///
    /// `serde_json` reports a number that no type here can hold, deep nesting and half a surrogate
    /// pair as errors of syntax, and stops at a wrong value before it sees that the rest is not JSON. So
    /// the grammar decides.
    pub(crate) fn json(error: &serde_json::Error, text: &[u8]) -> Self {
        let kind = if is_json(text) { Kind::WrongShape } else { Kind::MalformedJson };
        Self::new(kind, error.to_string()).with("line", error.line()).with("column", error.column())
    }

    /// A text that is refused, with the name of its field.
    pub(crate) fn text(field: &str, error: TextError) -> Self {
        let detail = format!("`{field}` {error}");
        match error {
            TextError::TooLong { allowed } => {
                Self::new(Kind::TextTooLong, detail).with("allowed_characters", allowed)
            }
            TextError::Refused { character, index } => Self::new(Kind::TextRefused, detail)
                .with("character", format!("U+{:04X}", u32::from(character)))
                .with("index", index),
        }
        .with("field", field)
    }

    pub(crate) fn body_too_large(allowed: usize) -> Self {
        Self::new(Kind::BodyTooLarge, format!("send at most {allowed} bytes"))
            .with("allowed_bytes", allowed)
    }

    /// The problem for an answer with an error status and no problem: mostly the web framework's.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => {
                Self::new(Kind::NoSuchEndpoint, "see the README for the endpoints")
            }
            StatusCode::METHOD_NOT_ALLOWED => {
                Self::new(Kind::MethodNotAllowed, "the header `Allow` names the methods")
            }
            StatusCode::REQUEST_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE => {
                let detail = "the time for an answer is up; a change that was sent may still be \
                              applied";
                Self::new(Kind::TooSlow, detail)
            }
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(Kind::BodyTooLarge, "send less at once"),
            status if status.is_client_error() => {
                Self::new(Kind::BadRequest, "the path or a header is not valid HTTP")
            }
            _ => Self::new(Kind::Internal, "the operator's log has the details"),
        }
    }
}

impl From<AreaError> for Problem {
    fn from(error: AreaError) -> Self {
        let problem = Self::new(Kind::InvalidArea, error.to_string())
            .with("reason", error.code())
            .with("places", super::reviews::places(&error));
        match error.place() {
            None => problem,
            Some(place) => problem.with(
                "place",
                json!({ "part": place.part(), "ring": place.ring(), "vertex": place.vertex() }),
            ),
        }
    }
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        Self::new(Kind::ChangesRefused, error.to_string())
            .with("index", error.index)
            .with("reason", error.reason.code())
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Changes(error) => error.into(),
            Refusal::CaseFile(error) => error.into(),
            Refusal::Requests(error) => error.into(),
            Refusal::Outcome(error) => error.into(),
            Refusal::NoticeNotApproved(_) => {
                Self::new(Kind::NoticeNotApproved, refusal.to_string())
            }
            Refusal::InvitationUnknown => Self::new(Kind::InvitationUnknown, refusal.to_string()),
            Refusal::NoSuchCamera(_) => Self::new(Kind::NoSuchCamera, refusal.to_string()),
            Refusal::Bulletin(error) => Self::new(Kind::NoticeRefused, error.to_string()),
            Refusal::OtherBody(error) => Self::new(Kind::KeyReused, error.to_string()),
            Refusal::Stopping => Self::new(Kind::Stopping, refusal.to_string()),
            Refusal::StoreFailed => Self::new(Kind::StoreFailed, refusal.to_string()),
            Refusal::Held { since } => {
                Self::new(Kind::Restored, refusal.to_string()).with("since", since)
            }
            Refusal::NotHeld => Self::new(Kind::NotRestored, refusal.to_string()),
            Refusal::NotComplete { since, .. } => {
                Self::new(Kind::NotComplete, refusal.to_string()).with("since", since)
            }
            Refusal::Copying => Self::new(Kind::Overloaded, refusal.to_string()),
        }
    }
}

impl From<BackUpError> for Problem {
    fn from(error: BackUpError) -> Self {
        match error {
            BackUpError::Refused(refusal) => refusal.into(),
            BackUpError::Store(error) => {
                tracing::error!(%error, "no copy could be written");
                Self::new(Kind::CopyFailed, error.to_string())
            }
        }
    }
}

impl From<CaseFileError> for Problem {
    fn from(error: CaseFileError) -> Self {
        match error {
            // Another request in the same case was opened between review and opening.
            CaseFileError::CaseExhausted { .. } => {
                let violation = json!({ "code": "case_exhausted", "message": error.to_string() });
                Self::new(Kind::Refused, error.to_string()).with("violations", [violation])
            }
            CaseFileError::Unknown { id } => no_such_request(id),
            CaseFileError::NotOpen { state, .. } => {
                Self::new(Kind::NotOpen, error.to_string()).with("state", state)
            }
            CaseFileError::CannotExtend { from, latest, .. } => {
                Self::new(Kind::CannotExtend, error.to_string())
                    .with("from", from)
                    .with("latest", latest)
            }
            error => {
                tracing::error!(%error, "a case file refused");
                Self::new(Kind::Internal, "the operator's log has the details")
            }
        }
    }
}

impl From<OpenRequestsError> for Problem {
    fn from(error: OpenRequestsError) -> Self {
        match error {
            OpenRequestsError::CaseFile(error) => error.into(),
            error => {
                tracing::error!(%error, "open requests refused");
                Self::new(Kind::Internal, "the operator's log has the details")
            }
        }
    }
}

impl From<OutcomeError> for Problem {
    fn from(error: OutcomeError) -> Self {
        let kind = match error {
            OutcomeError::Unknown { id } => return no_such_request(id),
            OutcomeError::Closed { .. } => Kind::NotOpen,
            OutcomeError::NotClosed { .. } => Kind::NotClosed,
            OutcomeError::OnlyPooled { .. } => Kind::OnlyPooled,
            OutcomeError::PoolNotComplete { .. } => Kind::PoolNotComplete,
            OutcomeError::NotAsked { owner, .. } => {
                return Self::new(Kind::NotAsked, error.to_string()).with("owner", owner);
            }
            error => {
                tracing::error!(%error, "a ledger of outcomes refused");
                return Self::new(Kind::Internal, "the operator's log has the details");
            }
        };
        Self::new(kind, error.to_string())
    }
}

impl From<NotAuthorized> for Problem {
    fn from(error: NotAuthorized) -> Self {
        let problem = Self::new(Kind::NotAuthorized, error.to_string());
        match &error {
            NotAuthorized::Unknown(id) => no_such_request(*id),
            NotAuthorized::NotOpen { state, .. } => {
                Self::new(Kind::NotOpen, error.to_string()).with("state", state)
            }
            NotAuthorized::Again(ReopenError::Refused(violations)) => {
                problem.with("violations", violations)
            }
            NotAuthorized::Again(_) | NotAuthorized::AgencyGone(_) => problem,
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store failed");
        Self::new(Kind::StoreFailed, "the stored data could not be read")
    }
}

/// Whether a text is JSON by its grammar (RFC 8259). Neither recursive nor bounded in depth, and
/// numbers are not converted.
fn is_json(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok() && serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

/// The most characters of a detail. It may quote the input, which may be long.
const DETAIL_CHARACTERS: usize = 600;

/// A detail for display: shortened, and without characters that change how others look.
fn shown(detail: String) -> String {
    let is_plain = |c: char| c == '\n' || !is_refused(c);
    if detail.len() <= DETAIL_CHARACTERS && detail.chars().all(is_plain) {
        return detail;
    }
    let plain = |c| if is_plain(c) { c } else { char::REPLACEMENT_CHARACTER };
    let mut text: String = detail.chars().take(DETAIL_CHARACTERS).map(plain).collect();
    if detail.chars().nth(DETAIL_CHARACTERS).is_some() {
        text.push_str(" ...");
    }
    text
}

impl Problem {
    /// The status, the headers and the text of the answer.
    pub(crate) fn into_parts(self) -> (StatusCode, HeaderMap, String) {
        let Self { kind, detail, more } = self;
        let mut members = Map::new();
        members.insert("type".to_owned(), json!(format!("/problems/{}", kind.code())));
        members.insert("title".to_owned(), json!(kind.title()));
        members.insert("status".to_owned(), json!(kind.status().as_u16()));
        members.insert("code".to_owned(), json!(kind.code()));
        members.insert("detail".to_owned(), json!(detail));
        members.extend(more);
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        let asked = match kind {
            Kind::TokenMissing => Some("Bearer realm=\"canvass\""),
            Kind::TokenUnknown => Some("Bearer realm=\"canvass\", error=\"invalid_token\""),
            _ => None,
        };
        if let Some(asked) = asked {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(asked));
        }
        let passes = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS];
        if passes.contains(&kind.status()) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        // Nothing more is read: further requests on the connection would get the same answer.
        if matches!(kind, Kind::TooManyRequests | Kind::TokenUnknown) {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        (kind.status(), headers, Value::Object(members).to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        self.into_parts().into_response()
    }
}

/// The media type of problem details.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";
