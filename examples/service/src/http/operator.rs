//! The operator's plane: changes, the data held of owners, and explanations of routes.

use std::sync::Arc;

use axum::extract::{Path, Query, Request as HttpRequest, State};
use axum::http::StatusCode;
use axum::response::Response;
use canvass::{AuthorizedRequest, CameraId, Change, Explanation, OwnerId};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::agency::request_id;
use super::body::Sent;
use super::problem::{Kind, Problem};
use super::{App, body};
use crate::store::Caller;

/// The most errors of one list in an answer.
const TOLD: usize = 20;

/// `POST /v1/changes`: an array of changes, all or none.
pub(super) async fn change(
    State(app): State<Arc<App>>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let sent = Sent::receive(request, app.limits.changes_body_bytes, app.body_within()).await?;
    let (allowed, now) = (app.limits.changes_per_list, app.now());
    let reading = move || {
        let once = sent.once(Caller::Operator, now);
        read_changes(&sent.text, allowed).map(|(changes, json)| (changes, json, once))
    };
    let (changes, json, once) = app.blocking(reading).await??;
    app.jurisdictions.review(&changes)?;
    Ok(body::answered(StatusCode::OK, app.engine.apply(changes, json, now, once).await?))
}

/// Reads a list of changes, and writes it in the stored form.
fn read_changes(text: &[u8], allowed: usize) -> Result<(Vec<Change>, Vec<u8>), Problem> {
    let changes: Vec<Change> = body::read(text).map_err(|problem| match problem.kind() {
        Kind::WrongShape => each_error(text).unwrap_or(problem),
        _ => problem,
    })?;
    if changes.len() > allowed {
        let detail =
            format!("there are {} changes; send at most {allowed} in one list", changes.len());
        return Err(Problem::new(Kind::WrongShape, detail));
    }
    // Written anew, so that the stored form does not depend on the input's.
    let json = serde_json::to_vec(&changes).map_err(|error| {
        tracing::error!(%error, "changes could not be written");
        Problem::new(Kind::Internal, "the operator's log has the details")
    })?;
    Ok((changes, json))
}

/// The error of each invalid change, if the text is a list.
fn each_error(text: &[u8]) -> Option<Problem> {
    let items: Vec<&RawValue> = serde_json::from_slice(text).ok()?;
    let mut errors = Vec::new();
    for (index, item) in items.iter().enumerate() {
        if let Err(error) = serde_json::from_str::<Change>(item.get()) {
            errors.push(json!({ "index": index, "message": error.to_string() }));
        }
    }
    if errors.is_empty() {
        return None;
    }
    let detail =
        format!("{} of {} changes cannot be read, so none was applied", errors.len(), items.len());
    errors.truncate(TOLD);
    Some(Problem::new(Kind::WrongShape, detail).with("errors", errors))
}

/// `GET /v1/requests/{id}/funnel`: the numbers of cameras by outcome.
pub(super) async fn funnel(
    State(app): State<Arc<App>>,
    id: Path<String>,
) -> Result<Response, Problem> {
    with_request(app, &id, |app, id, authorized, now| {
        let snapshot = app.engine.snapshot();
        let funnel = snapshot.funnel(authorized, now);
        let denied: Map<String, Value> = funnel
            .denied()
            .map(|(denial, cameras)| (denial.code().to_owned(), json!(cameras)))
            .collect();
        let answer = json!({
            "request": id, "revision": snapshot.revision(), "now": now,
            "in_area": funnel.in_area(), "households": funnel.households(),
            "households_needed": authorized.min_households(), "denied": denied,
            "permitted": funnel.permitted(), "asked": funnel.asked(),
        });
        body::json(StatusCode::OK, &answer)
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    camera: CameraId,
}

/// `GET /v1/requests/{id}/explanation?camera=ID`: the reason why one camera is in the route or not.
pub(super) async fn explanation(
    State(app): State<Arc<App>>,
    id: Path<String>,
    which: Result<Query<Which>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Which { camera }) =
        which.map_err(|error| Problem::new(Kind::BadQuery, error.body_text()))?;
    with_request(app, &id, move |app, id, authorized, now| {
        let snapshot = app.engine.snapshot();
        let explanation: Explanation = snapshot.explain(authorized, now, camera);
        let answer = json!({
            "request": id, "camera": camera, "revision": snapshot.revision(), "now": now,
            "explanation": explanation,
        });
        body::json(StatusCode::OK, &answer)
    })
    .await
}

/// Runs a function on an opened request, in the pool.
async fn with_request(
    app: Arc<App>,
    id: &str,
    answer: impl FnOnce(&App, canvass::RequestId, &AuthorizedRequest, Timestamp) -> Response
    + Send
    + 'static,
) -> Result<Response, Problem> {
    let (id, now) = (request_id(id)?, app.now());
    let pool = Arc::clone(&app);
    pool.blocking(move || {
        let authorized = app.engine.cases().authorized(id, now)?;
        Ok(answer(&app, id, &authorized, now))
    })
    .await?
}

/// `GET /v1/owners/{id}`: the data held of one owner, for an owner who requests them.
pub(super) async fn owner(
    State(app): State<Arc<App>>,
    id: Path<String>,
) -> Result<Response, Problem> {
    let refused = |_| Problem::new(Kind::BadRequest, "an owner's number is a whole number");
    let owner = id.parse().map(OwnerId).map_err(refused)?;
    Ok(body::json(StatusCode::OK, &app.engine.holdings(owner).await?))
}
