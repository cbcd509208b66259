//! Endpoints beside requests: health, metrics, and the meaning of problems.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::problem::{Kind, Problem};
use super::{App, CLOCK_IN_DOUBT, body};
use crate::engine::Readiness;

/// `GET /healthz`: whether the process answers at all. Open to all, without further information.
pub(super) async fn healthy() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: whether jobs are accepted.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, Problem> {
    match app.engine.readiness() {
        Readiness::Ready => Ok("ok\n"),
        Readiness::Restored => Ok("ok, and nobody is asked: a copy of the store was put back\n"),
        Readiness::ClockInDoubt => Err(Problem::new(Kind::ClockInDoubt, CLOCK_IN_DOUBT)),
        Readiness::StoreFailing => Err(Problem::new(
            Kind::StoreFailed,
            "the disk accepts no writes at the moment; the service tries again",
        )),
        Readiness::Ended => Err(Problem::new(
            Kind::StoreFailed,
            "no change is accepted; the operator's log has the reason",
        )),
    }
}

/// `GET /metrics`, the operator's.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], app.metrics.text()).into_response()
}

/// `GET /problems/{code}`: the meaning of a problem's type.
pub(super) async fn problem(code: Path<String>) -> Result<Response, Problem> {
    let kind = Kind::ALL.iter().find(|kind| kind.code() == *code);
    let kind =
        kind.ok_or_else(|| Problem::new(Kind::NoSuchEndpoint, "there is no such problem"))?;
    let answer = json!({
        "code": kind.code(), "title": kind.title(), "status": kind.status().as_u16(),
    });
    Ok(body::json(StatusCode::OK, &answer))
}
