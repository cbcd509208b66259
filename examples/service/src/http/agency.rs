//! The agencies' plane: requests go in, receipts come out, and outcomes after the end. Nothing here
//! routes, so nothing here could tell who lives where, not even by the time it takes.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, Request as HttpRequest, State};
use axum::http::StatusCode;
use axum::response::Response;
use canvass::error::CaseFileError;
use canvass::{
    AgencyId, Area, AuthorizedRequest, CameraScope, IncidentKind, Request, RequestId, TimeWindow,
};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::body::{Nothing, Sent};
use super::problem::{Kind, Problem};
use super::{App, body};
use crate::engine::{Refusal, Step, Told};
use crate::record::Record;
use crate::store::{Answered, Caller, Once};
use crate::texts;

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
    camera_scope: CameraScope,
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
    let sent = Sent::receive(request, app.limits.body_bytes, app.body_within()).await?;
    for _ in 0..REVIEWS {
        let now = app.sure_now()?;
        let once = sent.once(Caller::Agency(agency), now);
        let (looking, text, same) = (Arc::clone(&app), sent.text.clone(), once.clone());
        let looked =
            app.blocking(move || look(&looking, agency, &text, same.as_ref(), now)).await??;
        let authorized = match looked {
            Looked::Again(answered) => return Ok(body::answered(StatusCode::CREATED, answered)),
            Looked::Passed(authorized) => *authorized,
        };
        let open = || app.engine.cases().with_case_file(agency, |file| file.open_at(now).count());
        let account = app.callers.account(agency).ok_or_else(no_account)?;
        let reserved = account.open(authorized.request(), open)?;
        match app.engine.open(authorized, now, once).await {
            // One that overlaps it was opened since the review, which has to see it.
            Err(Refusal::CaseFile(CaseFileError::OverlapOpened { .. })) => {}
            opened => {
                let opened = opened?;
                reserved.keep();
                return Ok(body::answered(StatusCode::CREATED, opened));
            }
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
    let before = || answered_before(app, once);
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
    let Record(submitted): Record<Submitted<'_>> = body::read(text)?;
    for (field, text) in
        [("case_reference", &submitted.case_reference), ("contact", &submitted.contact)]
    {
        texts::check(text, app.limits.text_characters)
            .map_err(|error| Problem::text(field, error))?;
    }
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
        camera_scope: submitted.camera_scope,
        case_reference: submitted.case_reference,
        contact: submitted.contact,
    };
    // The token has said which agency calls; the policy refuses a request that names another.
    let record = app.engine.cases().agency(agency).ok_or_else(no_account)?;
    let reviewed = app.engine.cases().review(&request, record, now);
    reviewed.map_err(|violations| Problem::refused(&violations))
}

pub(super) fn no_account() -> Problem {
    Problem::new(Kind::Internal, "the agency of this token is not on record")
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
    let (id, now) = (request_id(&id)?, app.now());
    let pool = Arc::clone(&app);
    let looking = move || {
        let opened = app.engine.cases().request(id);
        // Another agency's request is answered as one that never was.
        let own = opened.filter(|opened| opened.request().agency == agency);
        let receipt = app.engine.receipt(id)?;
        let (opened, receipt) = own.zip(receipt).ok_or_else(|| no_such_request(id))?;
        Ok(body::json(StatusCode::OK, &Told::of(&opened, &receipt, now)))
    };
    pool.blocking(looking).await?
}

/// `GET /v1/requests/{id}/outcome`: what became of an own request, after its end.
pub(super) async fn outcome(
    State(app): State<Arc<App>>,
    Extension(agency): Extension<AgencyId>,
    id: Path<String>,
) -> Result<Response, Problem> {
    let outcome = app.engine.outcome(agency, request_id(&id)?).await?;
    Ok(body::json(StatusCode::OK, &outcome?))
}

/// `GET /v1/outcomes/pools/{pool}`: what became of ten own requests together.
pub(super) async fn pool(
    State(app): State<Arc<App>>,
    Extension(agency): Extension<AgencyId>,
    pool: Path<String>,
) -> Result<Response, Problem> {
    let refused = |_| Problem::new(Kind::BadRequest, "a pool's number is a whole number");
    let outcome = app.engine.pool(agency, pool.parse().map_err(refused)?).await?;
    Ok(body::json(StatusCode::OK, &outcome?))
}

/// `POST /v1/requests/{id}/resolve`
pub(super) async fn resolve(
    State(app): State<Arc<App>>,
    Extension(agency): Extension<AgencyId>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    go_on(app, agency, &id, request, |Nothing {}| Step::Resolve).await
}

/// `POST /v1/requests/{id}/withdraw`
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    Extension(agency): Extension<AgencyId>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    go_on(app, agency, &id, request, |Nothing {}| Step::Withdraw).await
}

/// Takes a request on by the step that a body stands for.
async fn go_on<T: DeserializeOwned>(
    app: Arc<App>,
    agency: AgencyId,
    id: &str,
    request: HttpRequest,
    step: impl FnOnce(T) -> Step,
) -> Result<Response, Problem> {
    let id = request_id(id)?;
    let sent = Sent::receive(request, app.limits.body_bytes, app.body_within()).await?;
    // A body may come slowly: what counts is when it was all there.
    let now = app.now();
    let Record(asked) = sent.read()?;
    let (step, once) = (step(asked), sent.once(Caller::Agency(agency), now));
    Ok(body::answered(StatusCode::OK, app.engine.go_on(agency, id, step, now, once).await?))
}

/// What was answered before to what was sent with the same key.
pub(super) fn answered_before(app: &App, once: Option<&Once>) -> Result<Option<Answered>, Problem> {
    match once.map(|once| app.engine.answered(once)) {
        Some(kept) => kept?.transpose().map_err(|other| Problem::from(Refusal::from(other))),
        None => Ok(None),
    }
}

pub(super) fn request_id(text: &str) -> Result<RequestId, Problem> {
    let refused = |_| Problem::new(Kind::NoSuchRequest, "a request's number is a whole number");
    text.parse().map(RequestId).map_err(refused)
}

pub(super) fn no_such_request(id: RequestId) -> Problem {
    Problem::new(Kind::NoSuchRequest, format!("no request `{id}` is yours to see"))
}
