//! What is not about requests: health, measures, and what problems mean.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::problem::{Kind, Problem};
use super::{App, body};

/// `GET /healthz`: whether the process answers at all. Open to all, and says nothing else.
pub(super) async fn healthy() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: whether changes are taken.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, Problem> {
    if app.engine.is_ready() {
        Ok("ok\n")
    } else {
        Err(Problem::new(Kind::StoreFailed, "nothing is taken; the operator's log says why"))
    }
}

/// `GET /metrics`, the operator's.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], app.metrics.text()).into_response()
}

/// `GET /problems/{code}`: what a problem's type stands for.
pub(super) async fn problem(code: Path<String>) -> Result<Response, Problem> {
    let kind = Kind::ALL.iter().find(|kind| kind.code() == *code);
    let kind =
        kind.ok_or_else(|| Problem::new(Kind::NoSuchEndpoint, "there is no such problem"))?;
    let answer = json!({
        "code": kind.code(), "title": kind.title(), "status": kind.status().as_u16(),
    });
    Ok(body::json(StatusCode::OK, &answer))
}
