//! The agencies' plane: requests go in, receipts come out. Nothing here routes, so nothing here
//! could tell who lives where, not even by the time it takes.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, Request as HttpRequest, State};
use axum::http::StatusCode;
use axum::response::Response;
use canvass::{
    AgencyId, Area, AuthorizedRequest, CaseFileError, IncidentKind, Request, RequestId, Sight,
    TimeWindow,
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::problem::{Kind, Problem};
use super::{App, body};
use crate::engine::{Refusal, Step};
use crate::store::{Answered, Caller, Once};

/// So often a request is reviewed while others that overlap it are opened.
const REVIEWS: usize = 5;

/// A request as an agency writes it. The area is read by itself, so that what is wrong with the
/// drawing can be said with its place, and so that any GeoJSON with one area is taken.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Submitted<'a> {
    agency: AgencyId,
    incident: IncidentKind,
    #[serde(borrow)]
    area: &'a RawValue,
    window: TimeWindow,
    #[serde(default)]
    case_reference: String,
    #[serde(default)]
    contact: String,
    #[serde(default)]
    sight: Sight,
}

/// What a look at a request led to.
enum Looked {
    Again(Answered),
    Passed(Box<AuthorizedRequest>),
}

/// `POST /v1/requests`
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    Extension(agency): Extension<AgencyId>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let (key, path) = (body::key(request.headers())?, request.uri().path().to_owned());
    let text = body::receive(request, app.limits.body_bytes, app.body_within()).await?;
    for _ in 0..REVIEWS {
        let now = Timestamp::now();
        let once = body::once(key.as_ref(), Caller::Agency(agency), &path, &text, now);
        let (looking, text, sent) = (Arc::clone(&app), text.clone(), once.clone());
        let looked =
            app.blocking(move || look(&looking, agency, &text, sent.as_ref(), now)).await??;
        let authorized = match looked {
            Looked::Again(answered) => return Ok(body::answered(StatusCode::CREATED, answered)),
            Looked::Passed(authorized) => *authorized,
        };
        match app.engine.open(authorized, now, once).await {
            // One that overlaps it was opened since the review, which has to see it.
            Err(Refusal::CaseFile(CaseFileError::OverlapOpened { .. })) => {}
            opened => return Ok(body::answered(StatusCode::CREATED, opened?)),
        }
    }
    let detail = "other requests of yours about the same place came at the same time; try again";
    Err(Problem::new(Kind::Overloaded, detail))
}

/// Reviews a request, if it was not answered before. What was opened counts against what is sent
/// again, so that the key is asked for first, and again if the review refuses: the first answer may
/// have been given meanwhile.
fn look(
    app: &App,
    agency: AgencyId,
    text: &[u8],
    once: Option<&Once>,
    now: Timestamp,
) -> Result<Looked, Problem> {
    let before = || match once.map(|once| app.engine.answered(once)) {
        Some(kept) => kept?.transpose().map_err(|other| Problem::from(Refusal::from(other))),
        None => Ok(None),
    };
    if let Some(answered) = before()? {
        return Ok(Looked::Again(answered));
    }
    match review(app, agency, text, now) {
        Ok(authorized) => Ok(Looked::Passed(Box::new(authorized))),
        Err(problem) => before()?.map(Looked::Again).ok_or(problem),
    }
}

fn review(
    app: &App,
    agency: AgencyId,
    text: &[u8],
    now: Timestamp,
) -> Result<AuthorizedRequest, Problem> {
    let submitted: Submitted<'_> =
        serde_json::from_slice(text).map_err(|error| Problem::json(&error))?;
    let (drawing, allowed) = (submitted.area.get(), app.limits.vertices);
    let vertices = positions(drawing);
    if vertices > allowed {
        let detail = format!("the drawing has {vertices} vertices; at most {allowed} are read");
        return Err(Problem::new(Kind::InvalidArea, detail).with("reason", "too_many_vertices"));
    }
    let request = Request {
        agency: submitted.agency,
        incident: submitted.incident,
        area: Area::from_geojson(drawing)?,
        window: submitted.window,
        sight: submitted.sight,
        case_reference: submitted.case_reference,
        contact: submitted.contact,
    };
    // The token has said which agency calls; the policy refuses a request that names another.
    let record = app
        .engine
        .agency(agency)
        .ok_or_else(|| Problem::new(Kind::Internal, "the agency of this token is not on record"))?;
    let reviewed = app.engine.cases().review(&request, record, now);
    reviewed.map_err(|violations| Problem::refused(&violations))
}

/// How many positions a GeoJSON text has, or a few more: arrays that start with a number.
fn positions(text: &str) -> usize {
    let starts = text.split('[').skip(1).map(|rest| rest.trim_ascii_start().as_bytes().first());
    starts.filter(|first| first.is_some_and(|&b| b == b'-' || b.is_ascii_digit())).count()
}

/// `GET /v1/requests/{id}`
pub(super) async fn receipt(
    State(app): State<Arc<App>>,
    Extension(agency): Extension<AgencyId>,
    id: Path<String>,
) -> Result<Response, Problem> {
    let (id, now) = (request_id(&id)?, Timestamp::now());
    let engine = Arc::clone(&app.engine);
    let stored = app.blocking(move || engine.request(id)).await??;
    // Another agency's request is answered as one that never was.
    let own = stored.filter(|stored| stored.opened.request().agency == agency);
    let stored = own.ok_or_else(|| no_such_request(id))?;
    Ok(body::json(StatusCode::OK, &stored.told(now)))
}

/// `POST /v1/requests/{id}/resolve`
pub(super) async fn resolve(
    State(app): State<Arc<App>>,
    Extension(agency): Extension<AgencyId>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    go_on(app, agency, &id, request, nothing_more(Step::Resolve)).await
}

/// `POST /v1/requests/{id}/withdraw`
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    Extension(agency): Extension<AgencyId>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    go_on(app, agency, &id, request, nothing_more(Step::Withdraw)).await
}

/// `POST /v1/requests/{id}/extend`
pub(super) async fn extend(
    State(app): State<Arc<App>>,
    Extension(agency): Extension<AgencyId>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let until = |text: &[u8]| {
        let Until { until } = serde_json::from_slice(text)?;
        Ok(Step::Extend(until))
    };
    go_on(app, agency, &id, request, until).await
}

/// Until when a request is to be open.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Until {
    until: Timestamp,
}

/// A step of which there is nothing more to say: the body is an empty object.
fn nothing_more(step: Step) -> impl FnOnce(&[u8]) -> Result<Step, serde_json::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}
    move |text| serde_json::from_slice(text).map(|Nothing {}| step)
}

async fn go_on(
    app: Arc<App>,
    agency: AgencyId,
    id: &str,
    request: HttpRequest,
    step: impl FnOnce(&[u8]) -> Result<Step, serde_json::Error>,
) -> Result<Response, Problem> {
    let (id, now) = (request_id(id)?, Timestamp::now());
    let (key, path) = (body::key(request.headers())?, request.uri().path().to_owned());
    let text = body::receive(request, app.limits.body_bytes, app.body_within()).await?;
    let step = step(&text).map_err(|error| Problem::json(&error))?;
    let once = body::once(key.as_ref(), Caller::Agency(agency), &path, &text, now);
    match app.engine.go_on(agency, id, step, now, once).await {
        // Another agency's request is answered as one that never was.
        Err(Refusal::CaseFile(CaseFileError::Unknown { .. })) => Err(no_such_request(id)),
        gone => Ok(body::answered(StatusCode::OK, gone?)),
    }
}

pub(super) fn request_id(text: &str) -> Result<RequestId, Problem> {
    let refused = |_| Problem::new(Kind::NoSuchRequest, "a request's number is a whole number");
    text.parse().map(RequestId).map_err(refused)
}

pub(super) fn no_such_request(id: RequestId) -> Problem {
    Problem::new(Kind::NoSuchRequest, format!("no request `{id}` is yours to see"))
}
