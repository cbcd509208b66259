//! Agencies keep requests open for longer: by a day or more at a time.
//!
//! Each extension is an event that is stored for good, so the number of extensions needs a limit.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, Request as HttpRequest, State};
use axum::http::StatusCode;
use axum::response::Response;
use canvass::{AgencyId, OpenedRequest, RequestId, RequestState};
use jiff::Timestamp;
use serde::Deserialize;

use super::agency::{answered_before, no_account, no_such_request, request_id};
use super::body::Sent;
use super::callers::SHORTEST;
use super::problem::{Kind, Problem};
use super::{App, body};
use crate::engine::{Step, Told};
use crate::record::Record;
use crate::store::{Caller, Once};

/// The instant until which a request is to be open.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Until {
    until: Timestamp,
}

/// `POST /v1/requests/{id}/extend`
pub(super) async fn extend(
    State(app): State<Arc<App>>,
    Extension(agency): Extension<AgencyId>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let id = request_id(&id)?;
    let sent = Sent::receive(request, app.limits.body_bytes, app.body_within()).await?;
    // A body may arrive slowly: the time of its end counts.
    let now = app.sure_now()?;
    let (Record(Until { until }), once) = (sent.read()?, sent.once(Caller::Agency(agency), now));
    let opened = app.engine.cases().request(id);
    let open = opened.filter(|opened| {
        opened.request().agency == agency && opened.state(now) == RequestState::Open
    });
    if let Some(opened) = open.clone().filter(|opened| is_short(opened, until)) {
        let looking = Arc::clone(&app);
        let short = move || answer_short(&looking, id, &opened, until, once.as_ref(), now);
        return app.blocking(short).await?;
    }
    let account = app.account(agency).ok_or_else(no_account)?;
    let reserved = open.as_ref().map(|opened| account.extend(opened.request())).transpose()?;
    let step = Step::Extend(until);
    let extended = app.engine.go_on(agency, id, step, now, once).await?;
    if let Some(reserved) = reserved {
        reserved.keep();
    }
    Ok(body::answered(StatusCode::OK, extended))
}

/// Whether an extension is shorter than the least.
fn is_short(opened: &OpenedRequest, until: Timestamp) -> bool {
    let from = opened.open_until();
    (from == until && until <= opened.latest()) || (from < until && until < least(opened))
}

/// The earliest instant to which a request may be extended.
fn least(opened: &OpenedRequest) -> Timestamp {
    let next = opened.open_until().checked_add(SHORTEST);
    next.map_or(opened.latest(), |next| next.min(opened.latest()))
}

/// Answers an extension that is too short: with the present state if it adds nothing, and with a
/// problem if it adds little.
fn answer_short(
    app: &App,
    id: RequestId,
    opened: &OpenedRequest,
    until: Timestamp,
    once: Option<&Once>,
    now: Timestamp,
) -> Result<Response, Problem> {
    if let Some(answered) = answered_before(app, once)? {
        return Ok(body::answered(StatusCode::OK, answered));
    }
    if until == opened.open_until() {
        let receipt = app.engine.receipt(id)?.ok_or_else(|| no_such_request(id))?;
        return Ok(body::json(StatusCode::OK, &Told::of(opened, &receipt, now)));
    }
    let from = least(opened);
    let detail = format!(
        "the request is open until {}; extend it by a day or more, or to its latest end: until {from} \
         or later",
        opened.open_until()
    );
    Err(Problem::new(Kind::CannotExtend, detail).with("from", from).with("latest", opened.latest()))
}
