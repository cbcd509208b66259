//! Sessions of people in a browser: a token is exchanged once for a cookie that no script can read.
//! They are in memory, so a restart signs everybody out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Extension;
use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::body::Sent;
use super::portal_hosts::Plane;
use super::problem::{Kind, Problem};
use super::{App, body};
use crate::settings::TokenDigest;
use crate::store::Caller;

/// A session ends after this long without a request, and
const IDLE: Duration = Duration::from_secs(15 * 60);
/// after this long in any case.
const LONGEST: Duration = Duration::from_secs(8 * 3600);

/// The most sessions: beyond, the one that was idle for longest ends.
const MOST: usize = 10_000;

/// The most sessions of one caller, likewise: nobody ends another's by signing in often.
const MOST_OF_ONE: usize = 100;

/// The longest body in bytes with which somebody signs in.
const SIGN_IN_BYTES: usize = 4 << 10;

/// A cookie for this host only, over a secure connection only (loopback counts), and not for
/// requests from another site's page.
const COOKIE: &str = "__Host-session";

/// Sessions by the digests of their secrets.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<[u8; 32], Session>>);

#[derive(Clone, Copy, Debug)]
struct Session {
    caller: Caller,
    /// The digest of the token that opened it.
    token: [u8; 32],
    since: Instant,
    last: Instant,
    until: Timestamp,
}

impl Session {
    fn is_over(&self, now: Instant) -> bool {
        let idle = now.saturating_duration_since(self.last);
        idle >= IDLE || now.saturating_duration_since(self.since) >= LONGEST
    }
}

impl Sessions {
    /// Opens a session and returns its secret.
    fn open(
        &self,
        caller: Caller,
        token: [u8; 32],
        now: Timestamp,
    ) -> Result<(String, Timestamp), Problem> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|error| {
            tracing::error!(%error, "nothing can be drawn by chance");
            Problem::new(Kind::Internal, "the operator's log has the details")
        })?;
        let secret = TokenDigest::from_bytes(secret).hex();
        let longest = SignedDuration::try_from(LONGEST).unwrap_or(SignedDuration::MAX);
        let until = now.saturating_add(longest).unwrap_or(Timestamp::MAX);
        let start = Instant::now();
        let session = Session { caller, token, since: start, last: start, until };
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= MOST {
            sessions.retain(|_, session| !session.is_over(start));
        }
        let own = || sessions.iter().filter(|(_, session)| session.caller == caller);
        let oldest = if own().count() >= MOST_OF_ONE {
            own().min_by_key(|(_, session)| session.last)
        } else if sessions.len() >= MOST {
            sessions.iter().min_by_key(|(_, session)| session.last)
        } else {
            None
        };
        if let Some(oldest) = oldest.map(|(key, _)| *key) {
            sessions.remove(&oldest);
        }
        sessions.insert(TokenDigest::of(secret.as_bytes()).bytes(), session);
        Ok((secret, until))
    }

    /// The session's caller and end; its idle time starts anew.
    fn touch(&self, secret: &[u8]) -> Option<(Caller, Timestamp)> {
        let (key, now) = (TokenDigest::of(secret).bytes(), Instant::now());
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get_mut(&key)?;
        if session.is_over(now) {
            sessions.remove(&key);
            return None;
        }
        session.last = now;
        Some((session.caller, session.until))
    }

    fn close(&self, secret: &[u8]) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.remove(&TokenDigest::of(secret).bytes());
    }

    /// Ends all sessions except those of some callers with some tokens.
    pub(super) fn retain(&self, keep: impl Fn(Caller, [u8; 32]) -> bool) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, session| keep(session.caller, session.token));
    }
}

/// The secret in a request's cookie, if it has one.
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().split_once('=').filter(|(name, _)| *name == COOKIE))
        .map(|(_, secret)| secret)
}

/// Whether a request comes from a page of the same origin, by the browser's header, which another
/// site's page cannot set.
fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    match text(HeaderName::from_static("sec-fetch-site")) {
        Some(site) => site == "same-origin",
        None => match (text(header::ORIGIN), text(header::HOST)) {
            (Some(origin), Some(host)) => {
                origin.split_once("://").is_some_and(|(_, of)| of.eq_ignore_ascii_case(host))
            }
            _ => false,
        },
    }
}

fn cross_site() -> Problem {
    let detail =
        "with a session, only pages of this origin are answered; programs send a bearer token";
    Problem::new(Kind::CrossSite, detail)
}

/// Refuses a request that another site's page has sent with somebody's cookie.
fn refuse_forgery(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    let changes = *method != Method::GET && *method != Method::HEAD;
    let is_foreign =
        headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none");
    if is_foreign || (changes && !is_same_origin(headers)) { Err(cross_site()) } else { Ok(()) }
}

impl App {
    /// The caller on a plane for people, by their session.
    pub(super) fn signed_in(
        &self,
        plane: Plane,
        secret: &str,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<(Caller, Timestamp), Problem> {
        refuse_forgery(method, headers)?;
        let unknown = || Problem::new(Kind::SessionUnknown, "sign in again");
        let (caller, until) = self.sessions.touch(secret.as_bytes()).ok_or_else(unknown)?;
        if goes_with(plane, caller) { Ok((caller, until)) } else { Err(unknown()) }
    }
}

/// Whether a caller belongs to a plane.
pub(super) fn goes_with(plane: Plane, caller: Caller) -> bool {
    match plane {
        Plane::Agency => matches!(caller, Caller::Agency(_)),
        Plane::Operator => caller == Caller::Operator,
        Plane::Owner => matches!(caller, Caller::Owner(_)),
        Plane::Public => false,
        Plane::Programs => true,
    }
}

/// A credential for signing in.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Credential {
    Token(String),
    Invitation(String),
}

/// `POST /v1/session`: signs in.
pub(super) async fn sign_in(
    State(app): State<Arc<App>>,
    Extension(plane): Extension<Plane>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    if !is_same_origin(request.headers()) {
        return Err(cross_site());
    }
    let allowed = app.limits.body_bytes.min(SIGN_IN_BYTES);
    let sent = Sent::receive(request, allowed, app.body_within()).await?;
    let _place = app.place_of_others()?;
    let now = app.now();
    let (caller, token, fresh) = match sent.read()? {
        Credential::Token(token) => {
            let caller = app.holder(token.as_bytes()).await?;
            let unknown = || Problem::new(Kind::TokenUnknown, "nobody has this token here");
            if !goes_with(plane, caller) {
                return Err(unknown());
            }
            (caller, token, false)
        }
        Credential::Invitation(invitation) if plane == Plane::Owner => {
            let (owner, token) = app.engine.redeem(&invitation, now).await?;
            // The owner's previous token is no longer valid.
            app.sessions.retain(|caller, _| caller != Caller::Owner(owner));
            (Caller::Owner(owner), token, true)
        }
        Credential::Invitation(_) => {
            return Err(Problem::new(Kind::InvitationUnknown, "only owners sign up by invitation"));
        }
    };
    let digest = TokenDigest::of(token.as_bytes()).bytes();
    let (secret, until) = app.sessions.open(caller, digest, now)?;
    let mut told = told(&app, plane, caller, until);
    if fresh {
        told.insert("token".to_owned(), json!(token));
    }
    let mut response = body::json(StatusCode::OK, &told);
    let cookie = format!("{COOKIE}={secret}; Path=/; Secure; HttpOnly; SameSite=Strict");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// `GET /v1/session`: the session's caller.
pub(super) async fn session(
    State(app): State<Arc<App>>,
    Extension(plane): Extension<Plane>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let secret = cookie(request.headers()).ok_or_else(missing)?;
    let (caller, until) = app.signed_in(plane, secret, request.method(), request.headers())?;
    Ok(body::json(StatusCode::OK, &told(&app, plane, caller, until)))
}

/// `DELETE /v1/session`: signs out, and makes the browser clear its cache.
pub(super) async fn sign_out(
    State(app): State<Arc<App>>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    refuse_forgery(request.method(), request.headers())?;
    if let Some(secret) = cookie(request.headers()) {
        app.sessions.close(secret.as_bytes());
    }
    let over = format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
    let forget = "\"cache\", \"cookies\", \"storage\"";
    let headers = [
        (header::SET_COOKIE, HeaderValue::try_from(over).ok()),
        (HeaderName::from_static("clear-site-data"), HeaderValue::try_from(forget).ok()),
    ];
    let mut response = StatusCode::NO_CONTENT.into_response();
    for (name, value) in headers {
        response.headers_mut().extend(value.map(|value| (name, value)));
    }
    Ok(response)
}

/// There is no session.
pub(super) fn missing() -> Problem {
    Problem::new(
        Kind::SessionMissing,
        "sign in, or send the header `Authorization: Bearer` and a token",
    )
}

fn told(app: &App, plane: Plane, caller: Caller, until: Timestamp) -> Map<String, Value> {
    let name = match caller {
        Caller::Operator => json!("operator"),
        Caller::Agency(id) => json!(app.engine.agency_name(id)),
        Caller::Owner(_) => Value::Null,
    };
    let mut told = Map::new();
    told.insert("plane".to_owned(), json!(plane.code()));
    told.insert("name".to_owned(), name);
    told.insert("idle_seconds".to_owned(), json!(IDLE.as_secs()));
    told.insert("until".to_owned(), json!(until));
    told
}
