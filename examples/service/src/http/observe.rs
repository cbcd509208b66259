//! The layer around every answer: its log line and metrics, its problem, and limits on concurrency.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::body::HttpBody;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::{Semaphore, SemaphorePermit};
use tracing::{Instrument, Span};

use super::problem::{Kind, MEDIA_TYPE, Problem};
use super::{App, auth};
use crate::metrics::Counted;

/// Surrounds every answer with its log line and metrics, its problem, the end of its connection, and
/// the limit on requests without a token: in one layer, since each boxes a copy of all inside it.
pub(super) async fn surround(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let observed = Observed::begin(&app, &request);
    let body = Sending::of(&request);
    let answer = auth::without_token(&app, request, next).instrument(observed.span.clone());
    let mut response = with_problem(answer.await.into_response());
    body.close(&mut response);
    observed.end(&app, &response);
    response
}

/// An answer that is logged and measured: method, route, status and time, and nothing from the
/// request. The route is the pattern that matched, since a path may contain anything.
struct Observed {
    start: Instant,
    route: Option<MatchedPath>,
    method: &'static str,
    span: Span,
    /// If the connection breaks, the answer is dropped in the middle, and this with it.
    answering: Counted,
}

impl Observed {
    fn begin(app: &App, request: &Request) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let route = request.extensions().get::<MatchedPath>().cloned();
        let method = method(request.method());
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let span = tracing::info_span!("answer", number, method, route = named(route.as_ref()));
        Self { start: Instant::now(), route, method, span, answering: app.metrics.answering() }
    }

    fn end(self, app: &App, response: &Response) {
        let Self { start, route, method, span, answering } = self;
        drop(answering);
        let route = named(route.as_ref());
        let (status, took) = (response.status().as_u16(), start.elapsed());
        app.metrics.answered(method, route, status, took);
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if response.status().is_server_error() {
            app.warnings.note(method, route, status, took);
        }
        span.in_scope(|| tracing::debug!(status, microseconds, "answered"));
    }
}

fn named(route: Option<&MatchedPath>) -> &str {
    route.map_or("none", MatchedPath::as_str)
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
fn with_problem(response: Response) -> Response {
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

/// How a request's body is sent.
struct Sending {
    is_empty: bool,
    is_chunked: bool,
}

impl Sending {
    fn of(request: &Request) -> Self {
        Self {
            is_empty: request.body().is_end_stream(),
            is_chunked: request.headers().contains_key(header::TRANSFER_ENCODING),
        }
    }

    /// Closes the connection after an error to a request with a body, which may not have been read:
    /// the client's next request would be taken for a part of it. Also after a body in chunks, whose
    /// end only its reader knows: the bytes behind it have not been checked.
    fn close(&self, response: &mut Response) {
        let status = response.status();
        let is_error = status.is_client_error() || status.is_server_error();
        if self.is_chunked || (!self.is_empty && is_error) {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

/// Refuses requests of owners and everybody beyond the limit on concurrency.
pub(super) async fn limit_others(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let _place = app.place_of_others()?;
    Ok(next.run(request).await)
}

impl App {
    /// A place among the requests of agencies that are answered at once.
    pub(super) fn place_of_agencies(&self) -> Result<SemaphorePermit<'_>, Problem> {
        place(&self.agencies_in_flight, self.limits.in_flight)
    }

    /// A place among those of the operator, who has as many.
    pub(super) fn place_of_operator(&self) -> Result<SemaphorePermit<'_>, Problem> {
        place(&self.operator_in_flight, self.limits.in_flight)
    }

    /// A place among those of owners and everybody.
    pub(super) fn place_of_others(&self) -> Result<SemaphorePermit<'_>, Problem> {
        place(&self.others_in_flight, self.limits.in_flight)
    }
}

fn place(places: &Semaphore, all: usize) -> Result<SemaphorePermit<'_>, Problem> {
    let refused = |_| {
        let detail = format!("{all} requests are being answered; try again");
        Problem::new(Kind::Overloaded, detail)
    };
    places.try_acquire().map_err(refused)
}
