//! The agencies' plane: requests go in, receipts come out. Nothing here routes, so nothing here
//! could tell who lives where, not even by the time it takes.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, Request as HttpRequest, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use canvass::{AgencyId, Area, AuthorizedRequest, IncidentKind, Request, RequestId, TimeWindow};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::problem::{Kind, Problem};
use super::{App, body};

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
}

/// What an agency is told: its request's number, and the receipt.
#[derive(Serialize)]
struct Told<'a> {
    id: RequestId,
    receipt: &'a RawValue,
}

/// `POST /v1/requests`
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    Extension(agency): Extension<AgencyId>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let text = body::receive(request, app.limits.body_bytes, app.body_within()).await?;
    let now = Timestamp::now();
    let reviewing = Arc::clone(&app);
    let authorized = app.blocking(move || review(&reviewing, agency, &text, now)).await??;
    let opened = app.engine.open(authorized, now).await?;
    let receipt = RawValue::from_string(opened.receipt).map_err(|error| Problem::json(&error))?;
    let told = Told { id: opened.id, receipt: &receipt };
    let mut response = body::json(StatusCode::CREATED, &told);
    if let Ok(place) = HeaderValue::try_from(format!("/v1/requests/{}", opened.id)) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
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
    let id = request_id(&id)?;
    let engine = Arc::clone(&app.engine);
    let stored = app.blocking(move || engine.request(id)).await??;
    // Another agency's request is answered as one that never was.
    let own = stored.filter(|stored| stored.opened.request().agency == agency);
    let stored = own.ok_or_else(|| no_such_request(id))?;
    Ok(body::json(StatusCode::OK, &Told { id, receipt: &stored.receipt }))
}

pub(super) fn request_id(text: &str) -> Result<RequestId, Problem> {
    let refused = |_| Problem::new(Kind::NoSuchRequest, "a request's number is a whole number");
    text.parse().map(RequestId).map_err(refused)
}

pub(super) fn no_such_request(id: RequestId) -> Problem {
    Problem::new(Kind::NoSuchRequest, format!("no request `{id}` is yours to see"))
}
