//! Bodies: JSON, up to a size, within a time.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Serialize;

use super::problem::{Kind, Problem};

/// Receives the whole body of a request.
pub(crate) async fn receive(
    request: Request,
    allowed: usize,
    within: Duration,
) -> Result<Bytes, Problem> {
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
            format!("it was not all there after {} seconds", within.as_secs()),
        )),
    }
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
            Problem::new(Kind::Internal, "the operator's log says more").into_response()
        }
    }
}
