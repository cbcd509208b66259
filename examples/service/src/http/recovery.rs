//! The operator's plane: copies of the store, and recovery from one.

use std::sync::Arc;

use axum::extract::{Request as HttpRequest, State};
use axum::http::StatusCode;
use axum::response::Response;
use canvass::OwnerId;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::body::{Nothing, Sent};
use super::problem::Problem;
use super::{App, body};
use crate::store::Caller;

/// `POST /v1/backup`: writes a copy of the store beside it, and returns its file name.
pub(super) async fn backup(
    State(app): State<Arc<App>>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let sent = Sent::receive(request, app.limits.body_bytes, app.body_within()).await?;
    let Nothing {} = sent.read()?;
    let engine = Arc::clone(&app.engine);
    let copied = app.blocking(move || engine.back_up()).await??;
    let answer = json!({
        "file": copied.file, "bytes": copied.bytes, "commit": copied.kept.commit,
        "generation": format!("{:016x}", copied.kept.generation),
    });
    Ok(body::json(StatusCode::OK, &answer))
}

/// The owners who withdrew since the restored copy was made.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Withdrawals {
    /// The instant from which they are complete.
    complete_since: Timestamp,
    withdrawn: Vec<OwnerId>,
}

/// `POST /v1/restored`: names everybody who withdrew since the copy was made. From then on owners
/// are asked again.
pub(super) async fn release(
    State(app): State<Arc<App>>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let sent = Sent::receive(request, app.limits.changes_body_bytes, app.body_within()).await?;
    let now = app.now();
    let once = sent.once(Caller::Operator, now);
    let Withdrawals { complete_since, withdrawn } = sent.read()?;
    let released = app.engine.release(complete_since, withdrawn, now, once).await?;
    Ok(body::answered(StatusCode::OK, released))
}
