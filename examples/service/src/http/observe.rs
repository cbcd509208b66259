//! Layers around every answer: its log line and metrics, its problem, and limits on concurrency.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::body::HttpBody;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::{Semaphore, SemaphorePermit};
use tracing::Instrument;

use super::App;
use super::problem::{Kind, MEDIA_TYPE, Problem};

/// Logs and measures an answer: method, route, status and time, and nothing from the request. The
/// route is the pattern that matched, since a path may contain anything.
pub(super) async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let start = Instant::now();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let method = method(request.method());
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let span = tracing::info_span!("answer", number, method, route);
    // If the connection breaks, this future is dropped in the middle.
    let answering = app.metrics.answering();
    let response = next.run(request).instrument(span.clone()).await;
    drop(answering);
    let (status, took) = (response.status().as_u16(), start.elapsed());
    app.metrics.answered(method, route, status, took);
    let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    if response.status().is_server_error() {
        app.warnings.note(method, route, status, took);
    }
    span.in_scope(|| tracing::debug!(status, microseconds, "answered"));
    response
}

/// A method's name, if it is one of HTTP's own; a client can send any text as a method.
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

/// Adds a problem to errors without one: those of the web framework.
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

/// Closes the connection after an error to a request with a body, which may not have been read: the
/// client's next request would be taken for a part of it. Also after a body in chunks, whose end
/// only its reader knows: the bytes behind it have not been checked.
pub(super) async fn closing(request: Request, next: Next) -> Response {
    let is_read = request.body().is_end_stream();
    let is_chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
    let mut response = next.run(request).await;
    let status = response.status();
    if is_chunked || (!is_read && (status.is_client_error() || status.is_server_error())) {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Refuses agencies' requests beyond the limit on concurrency.
pub(super) async fn limit_agencies(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let _place = place(&app.agencies_in_flight, app.limits.in_flight)?;
    Ok(next.run(request).await)
}

/// As [`limit_agencies`], for the operator, who has as many places.
pub(super) async fn limit_operator(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let _place = place(&app.operator_in_flight, app.limits.in_flight)?;
    Ok(next.run(request).await)
}

/// As [`limit_agencies`], for owners and everybody.
pub(super) async fn limit_others(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let _place = other_place(&app)?;
    Ok(next.run(request).await)
}

/// A place among the requests of owners and everybody.
pub(super) fn other_place(app: &App) -> Result<SemaphorePermit<'_>, Problem> {
    place(&app.others_in_flight, app.limits.in_flight)
}

fn place(places: &Semaphore, all: usize) -> Result<SemaphorePermit<'_>, Problem> {
    let refused = |_| {
        let detail = format!("{all} requests are being answered; try again");
        Problem::new(Kind::Overloaded, detail)
    };
    places.try_acquire().map_err(refused)
}
