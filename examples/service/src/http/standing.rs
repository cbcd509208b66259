//! The operator's plane: standing requests. Due owners are asked once, their answers are counted,
//! and all events can be followed.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request as HttpRequest, State};
use axum::http::StatusCode;
use axum::response::Response;
use canvass::outcome::Answer;
use canvass::{OwnerId, RequestId, Route};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::agency::request_id;
use super::body::{Nothing, Sent};
use super::problem::{Kind, Problem};
use super::{App, body};
use crate::engine::Routed;
use crate::planes::Approval;
use crate::record::Record;
use crate::store::Caller;

/// The number of requests on a page of `due`.
const PAGE: usize = 1000;

/// The request after which a page begins.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Behind {
    #[serde(default)]
    after: u64,
}

/// `GET /v1/due?after=ID`: the requests that may have further owners to ask, a thousand at once,
/// ascending. If there are more, the answer has `next`, to be sent as `after`.
pub(super) async fn due(
    State(app): State<Arc<App>>,
    behind: Result<Query<Behind>, QueryRejection>,
) -> Result<Response, Problem> {
    let bad = |error: QueryRejection| Problem::new(Kind::BadQuery, error.body_text());
    let Query(Behind { after }) = behind.map_err(bad)?;
    let mut requests =
        app.engine.waiting_after(app.now(), RequestId(after), PAGE.saturating_add(1)).await?;
    let is_last = requests.len() <= PAGE;
    requests.truncate(PAGE);
    let answer = match requests.last() {
        Some(last) if !is_last => json!({ "requests": requests, "next": last }),
        _ => json!({ "requests": requests }),
    };
    Ok(body::json(StatusCode::OK, &answer))
}

/// `GET /v1/requests/{id}/route`: the owners to ask who were not asked yet, as of this moment. A
/// read, which asks nobody.
pub(super) async fn route(
    State(app): State<Arc<App>>,
    id: Path<String>,
) -> Result<Response, Problem> {
    let (id, now) = (request_id(&id)?, app.sure_now()?);
    decide(&app, id, now).await?;
    let pool = Arc::clone(&app);
    let routing = move || {
        let route = due_of(&app, id, now)?;
        Ok(body::json(StatusCode::OK, &Routed::of(id, &route)))
    };
    pool.blocking(routing).await?
}

/// `POST /v1/requests/{id}/ask`: the same owners, and records them as asked. Call it right before
/// sending, and send to the owners in the answer only.
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let id = request_id(&id)?;
    let sent = Sent::receive(request, app.limits.body_bytes, app.body_within()).await?;
    let Record(Nothing {}) = sent.read()?;
    let now = app.sure_now()?;
    let once = sent.once(Caller::Operator, now);
    let looking = Arc::clone(&app);
    app.blocking(move || check_notice(&looking, id, now)).await??;
    decide(&app, id, now).await?;
    let routing = Arc::clone(&app);
    let route = app.blocking(move || due_of(&routing, id, now)).await??;
    Ok(body::answered(StatusCode::OK, app.engine.ask(id, route, now, once).await?))
}

/// Settles at the first look whether a request has households enough.
async fn decide(app: &Arc<App>, id: RequestId, now: Timestamp) -> Result<(), Problem> {
    app.engine.may_ask()?;
    if app.engine.is_decided(id) {
        // Each further look saves a turn in the pool, which costs more than a route.
        return Ok(());
    }
    let look = Arc::clone(app);
    let authorized = app.blocking(move || look.engine.cases().authorized(id, now)).await??;
    Ok(app.engine.decide(id, authorized, now).await?)
}

fn due_of(app: &App, id: RequestId, now: Timestamp) -> Result<Route, Problem> {
    app.engine.may_ask()?;
    let authorized = app.engine.cases().authorized(id, now)?;
    Ok(app.engine.due(id, &authorized, now)?)
}

/// Checks that a notice was approved which passes the present rules. Nothing is decided before.
fn check_notice(app: &App, id: RequestId, now: Timestamp) -> Result<(), Problem> {
    app.engine.may_ask()?;
    if app.notices.approval == Approval::Here {
        let authorized = app.engine.cases().authorized(id, now)?;
        app.engine.notice(id, &authorized)?;
    }
    Ok(())
}

/// An owner's answer, as the operator reports it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reported {
    owner: OwnerId,
    answer: Said,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Said {
    Shared,
    Declined,
    Silent,
}

/// `POST /v1/requests/{id}/answers`: an array of owners' answers, all or none; the last answer of
/// each owner before the end counts.
pub(super) async fn answers(
    State(app): State<Arc<App>>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let id = request_id(&id)?;
    let sent = Sent::receive(request, app.limits.changes_body_bytes, app.body_within()).await?;
    let now = app.now();
    let once = sent.once(Caller::Operator, now);
    let reported: Vec<Record<Reported>> = sent.read()?;
    let answer = |Record(Reported { owner, answer })| match answer {
        Said::Shared => (owner, Answer::Shared),
        // The ledger does not distinguish the two, so nobody ever can.
        Said::Declined | Said::Silent => (owner, Answer::Declined),
    };
    let answers = reported.into_iter().map(answer).collect();
    Ok(body::answered(StatusCode::OK, app.engine.report(id, answers, now, once).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct After {
    #[serde(default)]
    after: u64,
}

/// `GET /v1/events?after=N`: the events after a number, in order. Numbers have no gaps, so a reader
/// who stores the last number misses nothing.
pub(super) async fn events(
    State(app): State<Arc<App>>,
    after: Result<Query<After>, QueryRejection>,
) -> Result<Response, Problem> {
    let bad = |error: QueryRejection| Problem::new(Kind::BadQuery, error.body_text());
    let Query(After { after }) = after.map_err(bad)?;
    let engine = Arc::clone(&app.engine);
    let events = app.blocking(move || engine.events(after)).await??;
    let generation = app.engine.generation();
    Ok(body::json(StatusCode::OK, &json!({ "generation": generation, "events": events })))
}
