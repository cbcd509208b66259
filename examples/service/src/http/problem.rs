//! Everything that can go wrong at the interface, as problem details (RFC 9457).

use axum::body::Body;
use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::response::IntoResponse;
use canvass::Violations;
use canvass::error::{AreaError, CaseFileError, ChangeError, OpenRequestsError, ReopenError};
use canvass::outcome::OutcomeError;
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use super::agency::no_such_request;
use crate::engine::{BackUpError, NotAuthorized, Refusal};
use crate::store::StoreError;
use crate::texts::{TextError, is_refused};

macro_rules! kinds {
    ($($name:ident $status:ident $code:literal $title:literal,)*) => {
        /// A kind of problem: its code is stable, its page says what it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Kind { $(#[doc = $title] $name,)* }

        impl Kind {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name,)*];

            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            pub(crate) const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            pub(crate) const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

kinds! {
    NotHttp BAD_REQUEST "not_http" "This is no HTTP request",
    BadHead BAD_REQUEST "bad_head" "The head of the request is not as HTTP has it",
    HeadTooSlow REQUEST_TIMEOUT "head_too_slow" "The head of the request took too long to come",
    TargetTooLong URI_TOO_LONG "target_too_long" "The path and query are longer than allowed",
    HeadTooLarge REQUEST_HEADER_FIELDS_TOO_LARGE "head_too_large" "The head of the request is larger than allowed",
    HttpVersion HTTP_VERSION_NOT_SUPPORTED "http_version" "This version of HTTP is not spoken here",
    TooManyConnections SERVICE_UNAVAILABLE "too_many_connections" "This address has too many connections",
    MalformedJson BAD_REQUEST "malformed_json" "The body is not JSON",
    BrokenBody BAD_REQUEST "broken_body" "The body could not be received",
    BadRequest BAD_REQUEST "bad_request" "The request cannot be read",
    BadKey BAD_REQUEST "bad_key" "The idempotency key is not as it must be",
    BadQuery BAD_REQUEST "bad_query" "The query is not as it must be",
    TokenMissing UNAUTHORIZED "token_missing" "A bearer token is needed",
    TokenUnknown UNAUTHORIZED "token_unknown" "Nobody has this token",
    WrongPlane FORBIDDEN "wrong_plane" "This token is for the other plane",
    NoSuchEndpoint NOT_FOUND "no_such_endpoint" "There is nothing at this path",
    NoSuchRequest NOT_FOUND "no_such_request" "There is no such request",
    MethodNotAllowed METHOD_NOT_ALLOWED "method_not_allowed" "This path takes other methods",
    StorageQuota FORBIDDEN "storage_quota" "The agency has used the storage that it may use",
    BodyTooSlow REQUEST_TIMEOUT "body_too_slow" "The body took too long to come",
    ChangesRefused CONFLICT "changes_refused" "A change cannot be applied, so none was",
    NotAuthorized CONFLICT "not_authorized" "The request may not be routed today",
    TooManyOpen CONFLICT "too_many_open" "The agency has as many open requests as it may have",
    NotOpen CONFLICT "not_open" "The request is not open",
    NotClosed CONFLICT "not_closed" "An outcome is for after the end",
    OnlyPooled CONFLICT "only_pooled" "The answers are told only as part of a pool",
    PoolNotComplete CONFLICT "pool_not_complete" "The pool is not complete",
    Restored CONFLICT "restored" "A copy of the store was put back, so nobody is asked yet",
    NotRestored CONFLICT "not_restored" "There is no copy that was put back and is held",
    NotAsked CONFLICT "not_asked" "An owner was not asked, so there is nothing to answer",
    BodyTooLarge PAYLOAD_TOO_LARGE "body_too_large" "The body is larger than allowed",
    NotJson UNSUPPORTED_MEDIA_TYPE "not_json" "The body must be application/json",
    WrongShape UNPROCESSABLE_ENTITY "wrong_shape" "The JSON says something that cannot be",
    TextTooLong UNPROCESSABLE_ENTITY "text_too_long" "A text is longer than allowed",
    TextRefused UNPROCESSABLE_ENTITY "text_refused" "A text has a character that is not allowed",
    InvalidArea UNPROCESSABLE_ENTITY "invalid_area" "The drawing is no area",
    Refused UNPROCESSABLE_ENTITY "refused" "The request breaks limits of the policy",
    CannotExtend UNPROCESSABLE_ENTITY "cannot_extend" "The request cannot be open until then",
    KeyReused UNPROCESSABLE_ENTITY "key_reused" "The key was sent before with something else",
    TooManyAtOnce TOO_MANY_REQUESTS "too_many_at_once" "This caller has too many requests in progress",
    TooManyRequests TOO_MANY_REQUESTS "too_many_requests" "This caller sends requests faster than it may",
    NotComplete UNPROCESSABLE_ENTITY "not_complete" "The withdrawals do not go back far enough",
    Swapped UNPROCESSABLE_ENTITY "swapped" "Longitude and latitude are in each other's place",
    ClockInDoubt SERVICE_UNAVAILABLE "clock_in_doubt" "The wall clock jumped",
    TooSlow SERVICE_UNAVAILABLE "too_slow" "There was no answer in time",
    Overloaded SERVICE_UNAVAILABLE "overloaded" "Too much is asked at once",
    Stopping SERVICE_UNAVAILABLE "stopping" "The service is stopping",
    StoreFailed SERVICE_UNAVAILABLE "store_failed" "The store failed",
    CopyFailed SERVICE_UNAVAILABLE "copy_failed" "No copy of the store could be written",
    Internal INTERNAL_SERVER_ERROR "internal" "Something is wrong with the service",
}

/// One thing that went wrong, with all that helps to put it right.
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

    /// The same with one more member.
    pub(crate) fn with(mut self, name: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        self.more.insert(name.to_owned(), value);
        self
    }

    /// A body that is no JSON, or not the JSON that was expected.
    ///
    /// `serde_json` calls a number that no type here can hold, nesting deeper than it follows and half a
    /// surrogate pair errors of syntax. All three are JSON, so the grammar decides.
    pub(crate) fn json(error: &serde_json::Error, text: &[u8]) -> Self {
        let is_json = error.is_data() || is_json(text);
        let kind = if is_json { Kind::WrongShape } else { Kind::MalformedJson };
        Self::new(kind, error.to_string()).with("line", error.line()).with("column", error.column())
    }

    /// A text that is not taken, in the field of a name.
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

    pub(crate) fn refused(violations: &Violations) -> Self {
        Self::new(Kind::Refused, violations.to_string()).with("violations", violations)
    }

    /// What stands for an answer with an error's status and no problem in it: the web framework's
    /// own, most of them.
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
                Self::new(Kind::BadRequest, "the path or a header is not as HTTP has it")
            }
            _ => Self::new(Kind::Internal, "the operator's log says more"),
        }
    }
}

impl From<AreaError> for Problem {
    fn from(error: AreaError) -> Self {
        let problem = Self::new(Kind::InvalidArea, error.to_string()).with("reason", error.code());
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
            // Another request in the same case came between review and opening.
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
                Self::new(Kind::Internal, "the operator's log says more")
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
                Self::new(Kind::Internal, "the operator's log says more")
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
                return Self::new(Kind::Internal, "the operator's log says more");
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
        Self::new(Kind::StoreFailed, "what is kept could not be read")
    }
}

/// Whether a text is JSON by its grammar (RFC 8259), whatever it says. Neither recursive nor bounded in
/// depth, and numbers are not read.
fn is_json(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok() && serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

/// The longest detail. It may quote what was sent, which may be long.
const DETAIL_CHARACTERS: usize = 600;

/// A detail as it is shown: cut if it is long, and without characters that change how others look.
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
        // Nothing is read on: what was sent behind this would be answered likewise.
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
