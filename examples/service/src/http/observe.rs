//! Around every answer: its log line and measures, its problem, and how many are made at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::body::HttpBody;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use super::App;
use super::problem::{Kind, MEDIA_TYPE, Problem};

/// Logs and measures an answer: method, route, status and time, and nothing that was sent. The
/// route is the pattern that matched, since a path may hold anything.
pub(super) async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let start = Instant::now();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let method = method(request.method());
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let span = tracing::info_span!("answer", number, method, route);
    app.metrics.in_flight.inc();
    let response = next.run(request).instrument(span.clone()).await;
    app.metrics.in_flight.dec();
    let (status, took) = (response.status().as_u16(), start.elapsed());
    app.metrics.answered(method, route, status, took);
    let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    span.in_scope(|| {
        if response.status().is_server_error() {
            tracing::warn!(status, microseconds, "answered");
        } else {
            tracing::debug!(status, microseconds, "answered");
        }
    });
    response
}

/// A method's name, if it is one of HTTP's own: others could be anything.
fn method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "PATCH" => "PATCH",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// Gives every error a problem that has none: those that the web framework answers by itself.
pub(super) async fn problems(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let is_problem =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == MEDIA_TYPE);
    if !(status.is_client_error() || status.is_server_error()) || is_problem {
        return response;
    }
    let allowed = response.headers().get(header::ALLOW).cloned();
    let mut problem = Problem::of_status(status).into_response();
    if let Some(allowed) = allowed {
        problem.headers_mut().insert(header::ALLOW, allowed);
    }
    problem
}

/// Has the connection closed behind an error to what came with a body, which may not have been read: who
/// was not told would send the next request into it.
pub(super) async fn closing(request: Request, next: Next) -> Response {
    let is_read = request.body().is_end_stream();
    let mut response = next.run(request).await;
    let status = response.status();
    if !is_read && (status.is_client_error() || status.is_server_error()) {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Sends away who comes while as many are answered as there may be.
pub(super) async fn limit(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let Ok(_place) = app.in_flight.try_acquire() else {
        let detail = format!("{} requests are being answered; try again", app.limits.in_flight);
        return Err(Problem::new(Kind::Overloaded, detail));
    };
    Ok(next.run(request).await)
}
