//! Reviews while an agency draws: the whole verdict, which opens and stores nothing. And the parts
//! of a refusal beside its message: its figures, its field, and its places on the map.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request as HttpRequest, State};
use axum::http::StatusCode;
use axum::response::Response;
use canvass::error::AreaError;
use canvass::policy::SensitivePlace;
use canvass::{
    Agency, AgencyId, Area, CameraScope, IncidentKind, Position, Request, TimeWindow, Violation,
    Violations,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::agency::no_account;
use super::body::Sent;
use super::problem::{Kind, Problem};
use super::{App, body};
use crate::record::Record;
use crate::texts;

/// A request as an agency writes it. The area is read by itself, so that an error in the drawing
/// has a place, and so that any GeoJSON with one area is accepted.
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

/// Why there is no request to review.
pub(super) enum Unread {
    /// The body is not a request.
    Body(Problem),
    /// The drawing is not an area.
    Drawing(AreaError),
}

impl From<Unread> for Problem {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Body(problem) => problem,
            Unread::Drawing(error) => error.into(),
        }
    }
}

/// Reads a request: its area is GeoJSON, or WKT in a string.
pub(super) fn read(app: &App, text: &[u8]) -> Result<Request, Unread> {
    let json = |error: serde_json::Error| Unread::Body(Problem::json(&error, text));
    let Record(submitted): Record<Submitted<'_>> = body::read(text).map_err(Unread::Body)?;
    for (field, text) in
        [("case_reference", &submitted.case_reference), ("contact", &submitted.contact)]
    {
        texts::check(text, app.limits.text_characters)
            .map_err(|error| Unread::Body(Problem::text(field, error)))?;
    }
    let (drawing, allowed) = (submitted.area.get(), app.limits.vertices);
    let is_text = drawing.starts_with('"');
    let vertices = if is_text { drawing.matches(',').count() } else { positions(drawing) };
    if vertices > allowed {
        let detail = format!("the drawing has {vertices} vertices; at most {allowed} are read");
        let problem = Problem::new(Kind::InvalidArea, detail).with("reason", "too_many_vertices");
        return Err(Unread::Body(problem));
    }
    let area = if is_text {
        Area::from_wkt(&serde_json::from_str::<String>(drawing).map_err(json)?)
    } else {
        Area::from_geojson(drawing)
    };
    Ok(Request::new(
        submitted.agency,
        submitted.incident,
        area.map_err(Unread::Drawing)?,
        submitted.window,
    )
    .with_camera_scope(submitted.camera_scope)
    .with_case(submitted.case_reference)
    .with_contact(submitted.contact))
}

/// The number of positions in a GeoJSON text, or slightly more: arrays that start with a number.
fn positions(text: &str) -> usize {
    let starts = text.split('[').skip(1).map(|rest| rest.trim_ascii_start().as_bytes().first());
    starts.filter(|first| first.is_some_and(|&b| b == b'-' || b.is_ascii_digit())).count()
}

/// `POST /v1/reviews`: the verdict on a request. It does not route, so neither the verdict nor its
/// time depends on who lives there.
pub(super) async fn review(
    State(app): State<Arc<App>>,
    Extension(agency): Extension<AgencyId>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let sent = Sent::receive(request, app.limits.body_bytes, app.body_within()).await?;
    let now = app.sure_now()?;
    let pool = Arc::clone(&app);
    let reviewing = move || {
        let record = record(&app, agency)?;
        let request = match read(&app, &sent.text) {
            Ok(request) => request,
            Err(Unread::Body(problem)) => return Err(problem),
            Err(Unread::Drawing(error)) => return Ok(flawed(&error)),
        };
        let reviewed = app.engine.cases().review(&request, record, now);
        let refusals = reviewed.map_or_else(
            |violations| refusals(&app, &request, record, &violations),
            |_| Vec::new(),
        );
        let verdict = json!({
            "passes": refusals.is_empty(), "m2": request.area.size_m2(),
            "vertices": request.area.vertices(), "parts": request.area.parts(),
            "refusals": refusals,
        });
        Ok(body::json(StatusCode::OK, &verdict))
    };
    pool.blocking(reviewing).await?
}

/// The operator's record of the calling agency.
pub(super) fn record(app: &App, agency: AgencyId) -> Result<&Agency, Problem> {
    app.engine.cases().agency(agency).ok_or_else(no_account)
}

/// The verdict on a drawing that is not an area.
fn flawed(error: &AreaError) -> Response {
    let refusal = json!({
        "code": error.code(), "message": error.to_string(), "kind": "flaw", "field": "area",
        "places": places(error),
    });
    let verdict = json!({
        "passes": false, "m2": null, "vertices": null, "parts": null, "refusals": [refusal],
    });
    body::json(StatusCode::OK, &verdict)
}

/// The places of a drawing's error, one or two.
pub(super) fn places(error: &AreaError) -> Vec<Value> {
    let on_edge = matches!(error, AreaError::Flawed { flaw, .. } if flaw.on_edge());
    let place = |place: canvass::error::VertexRef| {
        let (lon, lat) = place.lon_lat();
        let at = (place.part(), place.ring(), place.vertex());
        shown(at, (lon, lat), on_edge)
    };
    error.places().map(place).collect()
}

fn shown(at: (usize, usize, usize), (lon, lat): (f64, f64), on_edge: bool) -> Value {
    let (part, ring, vertex) = at;
    json!({
        "part": part, "ring": ring, "vertex": vertex, "lon": degrees(lon), "lat": degrees(lat),
        "on_edge": on_edge,
    })
}

/// Degrees to 7 decimals; null if they are not a number.
fn degrees(degrees: f64) -> Value {
    const PER_DEGREE: f64 = 1e7;
    json!((degrees * PER_DEGREE).round() / PER_DEGREE)
}

/// The violations of a request, each with its figures, its field and its places. All of it follows
/// from the policy, the agency's record and its earlier requests: nothing comes from a camera.
pub(super) fn refusals(
    app: &App,
    request: &Request,
    record: &Agency,
    violations: &Violations,
) -> Vec<Value> {
    // Looked for where the review named some, or the time of any refusal would show them.
    let names_places =
        violations.iter().any(|violation| matches!(violation, Violation::SensitivePlace { .. }));
    let places = &app.engine.cases().policy().sensitive_places;
    let sensitive = names_places.then(|| places.refused_by(&request.area, &request.window));
    let mut sensitive = sensitive.into_iter().flatten();
    let mut told = Vec::new();
    for violation in violations {
        let mut refusal = Map::new();
        refusal.insert("code".to_owned(), json!(violation.code()));
        refusal.insert("message".to_owned(), json!(violation.to_string()));
        refusal.insert("kind".to_owned(), json!("limit"));
        refusal.insert("field".to_owned(), json!(field(violation.code())));
        let mut figures = figures(violation);
        match violation {
            Violation::OutsideJurisdiction => {
                refusal.insert("places".to_owned(), json!(corners_outside(request, record)));
            }
            Violation::TooNarrow { ends, .. } => {
                // Both sides of the way across; a corner only where one lies there.
                let end = |at: &Position| json!({ "lon": degrees(at.lon()), "lat": degrees(at.lat()), "on_edge": false });
                refusal.insert("places".to_owned(), json!(ends.each_ref().map(end)));
            }
            Violation::SensitivePlace { .. } => {
                // The review names places in this order.
                let outline = sensitive.next().map(SensitivePlace::area);
                refusal.insert("outline".to_owned(), json!(outline));
            }
            Violation::TooCloseToEarlier { id, .. } => {
                let earlier = app.engine.cases().request(*id);
                let earlier = earlier.as_ref().map(canvass::OpenedRequest::request);
                if let Value::Object(figures) = &mut figures {
                    let case = earlier.map(|earlier| &earlier.case_reference);
                    figures.insert("case_reference".to_owned(), json!(case));
                }
                let outline = earlier.map(|earlier| &earlier.area);
                refusal.insert("outline".to_owned(), json!(outline));
            }
            _ => {}
        }
        if !figures.is_null() {
            refusal.insert("figures".to_owned(), figures);
        }
        told.push(Value::Object(refusal));
    }
    told
}

/// The corners of a drawing outside a jurisdiction; none if only an edge crosses it.
fn corners_outside(request: &Request, record: &Agency) -> Vec<Value> {
    let Some(jurisdiction) = &record.jurisdiction else { return Vec::new() };
    let mut outside = Vec::new();
    for (part, polygon) in request.area.to_multi_polygon().0.iter().enumerate() {
        let rings = std::iter::once(polygon.exterior()).chain(polygon.interiors());
        for (ring, corners) in rings.enumerate() {
            // The last corner closes the ring.
            let corners = corners.0.iter().take(corners.0.len().saturating_sub(1)).enumerate();
            for (vertex, corner) in corners {
                let is_inside =
                    Position::new(corner.x, corner.y).is_ok_and(|at| jurisdiction.covers(at));
                if !is_inside {
                    outside.push(shown((part, ring, vertex), (corner.x, corner.y), false));
                }
            }
        }
    }
    outside
}

/// The figures of a refusal, by name.
fn figures(violation: &Violation) -> Value {
    match violation {
        Violation::InvalidPolicy { error } => json!({ "error": error.to_string() }),
        Violation::UnknownAgency { named, known } => json!({ "named": named, "known": known }),
        Violation::AgencyKindNotAllowed { kind } => json!({ "kind": kind }),
        Violation::TooManyVertices { vertices, allowed } => {
            json!({ "vertices": vertices, "allowed": allowed })
        }
        Violation::TooManyParts { parts, allowed } => json!({ "parts": parts, "allowed": allowed }),
        Violation::AreaTooSmall { m2, allowed_m2 } | Violation::AreaTooLarge { m2, allowed_m2 } => {
            json!({ "m2": m2, "allowed_m2": allowed_m2 })
        }
        Violation::PartTooSmall { part, m2, allowed_m2 } => {
            json!({ "part": part, "m2": m2, "allowed_m2": allowed_m2 })
        }
        Violation::TooNarrow { part, m, allowed_m, .. } => {
            json!({ "part": part, "m": m, "allowed_m": allowed_m })
        }
        Violation::WindowTooShort { asked, allowed }
        | Violation::WindowTooLong { asked, allowed } => {
            json!({ "asked_seconds": asked.as_secs(), "allowed_seconds": allowed.as_secs() })
        }
        Violation::WindowInFuture { end, now } => json!({ "end": end, "now": now }),
        Violation::WindowTooOld { start, allowed_days } => {
            json!({ "start": start, "allowed_days": allowed_days })
        }
        Violation::OtherCaseFile { named, file } => json!({ "named": named, "file": file }),
        Violation::CaseExhausted { allowed } => json!({ "allowed": allowed }),
        Violation::TooCloseToEarlier { id, m2, allowed_m2 } => {
            json!({ "id": id, "m2": m2, "allowed_m2": allowed_m2 })
        }
        Violation::TooManyOverlaps { overlaps, allowed } => {
            json!({ "overlaps": overlaps, "allowed": allowed })
        }
        Violation::SensitivePlace { kind, label } => json!({ "kind": kind, "label": label }),
        _ => Value::Null,
    }
}

/// The field of a form that a refusal is about; none if it is about the whole.
pub(super) fn field(code: &str) -> Option<&'static str> {
    Some(match code {
        "outside_jurisdiction"
        | "too_many_vertices"
        | "too_many_parts"
        | "area_too_small"
        | "area_too_large"
        | "part_too_small"
        | "too_narrow"
        | "too_close_to_earlier"
        | "too_many_overlaps"
        | "sensitive_place" => "area",
        "window_too_short" | "window_too_long" | "window_in_future" | "window_too_old" => "window",
        "seeing_into_not_allowed" => "camera_scope",
        "case_reference_missing" | "case_exhausted" => "case_reference",
        "contact_missing" => "contact",
        "unknown_agency"
        | "agency_kind_not_allowed"
        | "jurisdiction_unknown"
        | "other_case_file" => "agency",
        _ => return None,
    })
}
