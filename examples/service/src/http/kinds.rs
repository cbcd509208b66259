//! The kinds of problems, each with its stable code, its status and its title.

use axum::http::StatusCode;

macro_rules! kinds {
    ($($name:ident $status:ident $code:literal $title:literal,)*) => {
        /// A kind of problem: its code is stable, and a page explains it.
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
    NotHttp BAD_REQUEST "not_http" "This is not an HTTP request",
    BadHead BAD_REQUEST "bad_head" "The head of the request is not valid HTTP",
    HeadTooSlow REQUEST_TIMEOUT "head_too_slow" "The head of the request took too long to come",
    TargetTooLong URI_TOO_LONG "target_too_long" "The path and query are longer than allowed",
    HeadTooLarge REQUEST_HEADER_FIELDS_TOO_LARGE "head_too_large" "The head of the request is larger than allowed",
    HttpVersion HTTP_VERSION_NOT_SUPPORTED "http_version" "This version of HTTP is not supported",
    TooManyConnections SERVICE_UNAVAILABLE "too_many_connections" "This address has too many connections",
    MalformedJson BAD_REQUEST "malformed_json" "The body is not JSON",
    BrokenBody BAD_REQUEST "broken_body" "The body could not be received",
    BadRequest BAD_REQUEST "bad_request" "The request cannot be read",
    BadKey BAD_REQUEST "bad_key" "The idempotency key is not valid",
    BadQuery BAD_REQUEST "bad_query" "The query is not valid",
    TokenMissing UNAUTHORIZED "token_missing" "A bearer token is needed",
    TokenUnknown UNAUTHORIZED "token_unknown" "Nobody has this token",
    SessionMissing UNAUTHORIZED "session_missing" "Nobody is signed in",
    SessionUnknown UNAUTHORIZED "session_unknown" "The session is over",
    InvitationUnknown UNAUTHORIZED "invitation_unknown" "The invitation is not valid",
    TwoCredentials BAD_REQUEST "two_credentials" "A token and a session were sent at once",
    CrossSite FORBIDDEN "cross_site" "Another site's page has sent this",
    WrongPlane FORBIDDEN "wrong_plane" "This token is for the other plane",
    NoSuchEndpoint NOT_FOUND "no_such_endpoint" "There is nothing at this path",
    NoSuchRequest NOT_FOUND "no_such_request" "There is no such request",
    NoSuchCamera NOT_FOUND "no_such_camera" "There is no such camera",
    NoSuchBulletin NOT_FOUND "no_such_bulletin" "There is no such bulletin",
    NoCoverage NOT_FOUND "no_coverage" "No coverage was made yet",
    NoSuchEntry NOT_FOUND "no_such_entry" "The log has no such entry",
    UnknownHost MISDIRECTED_REQUEST "unknown_host" "Nothing is answered on this host",
    NoticeNotApproved CONFLICT "notice_not_approved" "Nobody has approved a notice",
    NoticeRefused UNPROCESSABLE_ENTITY "notice_refused" "The notice breaks rules",
    ReviewerMissing UNPROCESSABLE_ENTITY "reviewer_missing" "A reviewer must be named",
    MethodNotAllowed METHOD_NOT_ALLOWED "method_not_allowed" "This path takes other methods",
    StorageQuota FORBIDDEN "storage_quota" "The agency has used the storage that it may use",
    BodyTooSlow REQUEST_TIMEOUT "body_too_slow" "The body took too long to come",
    ChangesRefused CONFLICT "changes_refused" "A change cannot be applied, so none was",
    NotAuthorized CONFLICT "not_authorized" "The request may not be routed today",
    TooManyOpen CONFLICT "too_many_open" "The agency has as many open requests as it may have",
    NotOpen CONFLICT "not_open" "The request is not open",
    NotClosed CONFLICT "not_closed" "The request has not ended",
    OnlyPooled CONFLICT "only_pooled" "The answers are released only as part of a pool",
    PoolNotComplete CONFLICT "pool_not_complete" "The pool is not complete",
    Restored CONFLICT "restored" "A copy of the store was put back, so nobody is asked yet",
    NotRestored CONFLICT "not_restored" "There is no copy that was put back and is held",
    NotAsked CONFLICT "not_asked" "An owner was not asked, so there is nothing to answer",
    BodyTooLarge PAYLOAD_TOO_LARGE "body_too_large" "The body is larger than allowed",
    NotJson UNSUPPORTED_MEDIA_TYPE "not_json" "The body must be application/json",
    WrongShape UNPROCESSABLE_ENTITY "wrong_shape" "The JSON has an impossible value",
    TextTooLong UNPROCESSABLE_ENTITY "text_too_long" "A text is longer than allowed",
    TextRefused UNPROCESSABLE_ENTITY "text_refused" "A text has a character that is not allowed",
    InvalidArea UNPROCESSABLE_ENTITY "invalid_area" "The drawing is not an area",
    Refused UNPROCESSABLE_ENTITY "refused" "The request breaks limits of the policy",
    CannotExtend UNPROCESSABLE_ENTITY "cannot_extend" "The request cannot be open until then",
    KeyReused UNPROCESSABLE_ENTITY "key_reused" "The key was sent before with another body or path",
    TooManyAtOnce TOO_MANY_REQUESTS "too_many_at_once" "This caller has too many requests in progress",
    TooManyRequests TOO_MANY_REQUESTS "too_many_requests" "This caller sends requests faster than it may",
    NotComplete UNPROCESSABLE_ENTITY "not_complete" "The withdrawals do not go back far enough",
    Swapped UNPROCESSABLE_ENTITY "swapped" "Longitude and latitude are in each other's place",
    ClockInDoubt SERVICE_UNAVAILABLE "clock_in_doubt" "The wall clock jumped",
    TooSlow SERVICE_UNAVAILABLE "too_slow" "There was no answer in time",
    Overloaded SERVICE_UNAVAILABLE "overloaded" "Too many requests are in progress",
    Stopping SERVICE_UNAVAILABLE "stopping" "The service is stopping",
    StoreFailed SERVICE_UNAVAILABLE "store_failed" "The store failed",
    CopyFailed SERVICE_UNAVAILABLE "copy_failed" "No copy of the store could be written",
    Internal INTERNAL_SERVER_ERROR "internal" "Something is wrong with the service",
}
