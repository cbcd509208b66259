//! Bodies: JSON with a limit on size and time.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::problem::{Kind, Problem};
use crate::store::{Answered, Caller, Once};

/// A body, with its idempotency key if it has one.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) text: Bytes,
    path: String,
    key: Option<HeaderValue>,
}

impl Sent {
    /// Receives the whole body of a request.
    pub(crate) async fn receive(
        request: Request,
        allowed: usize,
        within: Duration,
    ) -> Result<Self, Problem> {
        let (key, path) = (key(request.headers())?, request.uri().path().to_owned());
        let text = receive(request, allowed, within).await?;
        Ok(Self { text, path, key })
    }

    /// The body as JSON.
    pub(crate) fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Problem> {
        read(&self.text)
    }

    /// The key and the body's digest, if a key came with it.
    pub(crate) fn once(&self, caller: Caller, now: Timestamp) -> Option<Once> {
        let second = u64::try_from(now.as_second()).unwrap_or(0);
        let key = self.key.as_ref()?;
        Some(Once::new(caller, key.as_bytes(), &self.path, &self.text, second))
    }
}

/// Reads a text as JSON.
pub(crate) fn read<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, Problem> {
    serde_json::from_slice(text).map_err(|error| Problem::json(&error, text))
}

/// The body of a call without arguments: an empty object.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// Receives the whole body of a request.
async fn receive(request: Request, allowed: usize, within: Duration) -> Result<Bytes, Problem> {
    if !says_json(request.headers()) {
        let detail = "send the header `Content-Type: application/json`";
        return Err(Problem::new(Kind::NotJson, detail));
    }
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > allowed as u64) {
        return Err(Problem::body_too_large(allowed));
    }
    let body = Limited::new(request.into_body(), allowed).collect();
    match tokio::time::timeout(within, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::body_too_large(allowed)),
        Ok(Err(_)) => Err(Problem::new(Kind::BrokenBody, "the connection broke, or the encoding")),
        Err(_) => Err(Problem::new(
            Kind::BodyTooSlow,
            format!("it was incomplete after {} seconds", within.as_secs()),
        )),
    }
}

/// The header that marks a repetition of an earlier call.
const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The most bytes of a key.
const KEY_BYTES: usize = 255;

/// Whether a request has an idempotency key, valid or not.
pub(crate) fn has_key(headers: &HeaderMap) -> bool {
    headers.contains_key(KEY)
}

/// The idempotency key of a request's head, if it has one.
fn key(headers: &HeaderMap) -> Result<Option<HeaderValue>, Problem> {
    let mut keys = headers.get_all(KEY).iter();
    let Some(key) = keys.next() else { return Ok(None) };
    let visible = key.as_bytes().iter().all(u8::is_ascii_graphic);
    if keys.next().is_some() || !visible || !(1..=KEY_BYTES).contains(&key.len()) {
        let detail = format!("send one key of 1 to {KEY_BYTES} visible ASCII characters");
        return Err(Problem::new(Kind::BadKey, detail));
    }
    Ok(Some(key.clone()))
}

/// A stored answer, for the first time or again.
pub(crate) fn answered(status: StatusCode, answered: Answered) -> Response {
    let Answered { request, body } = answered;
    let mut response = json(status, &body);
    if status == StatusCode::CREATED
        && let Some(id) = request
        && let Ok(place) = HeaderValue::try_from(format!("/v1/requests/{id}"))
    {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}

fn says_json(headers: &HeaderMap) -> bool {
    let Some(Ok(kind)) = headers.get(header::CONTENT_TYPE).map(|kind| kind.to_str()) else {
        return false;
    };
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
        || kind.eq_ignore_ascii_case("application/geo+json")
}

/// An answer in JSON.
pub(crate) fn json(status: StatusCode, answer: &impl Serialize) -> Response {
    match serde_json::to_vec(answer) {
        Ok(text) => (status, [(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            Problem::new(Kind::Internal, "the operator's log has the details").into_response()
        }
    }
}
