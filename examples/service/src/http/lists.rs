//! Lists of requests: an agency's own, and the operator's queue; and the signed-in caller.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use canvass::Denial;
use canvass::{
    AgencyId, Area, CameraScope, Explanation, IncidentKind, OpenedRequest, OwnerId, RequestId,
    RequestState, TimeWindow,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::agency::request_id;
use super::problem::{Kind, Problem};
use super::reviews::record;
use super::{App, body};
use crate::engine::Engine;
use crate::store::Caller;

/// The number of requests on a page.
const PAGE: usize = 200;

/// The query of a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// Only those that were opened before this one.
    before: Option<RequestId>,
    #[serde(default)]
    state: Phase,
}

/// A phase of requests: open or ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Phase {
    #[default]
    Open,
    Ended,
    All,
}

/// The view of a request that both sides share.
#[derive(Serialize)]
struct Listed<'a> {
    id: RequestId,
    state: RequestState,
    opened_at: Timestamp,
    open_until: Timestamp,
    latest: Timestamp,
    case_reference: &'a str,
    incident: IncidentKind,
    contact: &'a str,
    window: &'a TimeWindow,
    area: &'a Area,
    m2: f64,
    camera_scope: CameraScope,
}

impl<'a> Listed<'a> {
    fn of(opened: &'a OpenedRequest, now: Timestamp) -> Self {
        let request = opened.request();
        Self {
            id: opened.id(),
            state: opened.state(now),
            opened_at: opened.opened_at(),
            open_until: opened.open_until(),
            latest: opened.latest(),
            case_reference: &request.case_reference,
            incident: request.incident,
            contact: &request.contact,
            window: &request.window,
            area: &request.area,
            m2: request.area.size_m2(),
            camera_scope: request.camera_scope,
        }
    }
}

/// A page of requests, the newest first, and whether there are more.
fn page<'a>(
    requests: impl DoubleEndedIterator<Item = &'a OpenedRequest>,
    before: Option<RequestId>,
    mut counts: impl FnMut(&OpenedRequest) -> bool,
) -> (Vec<&'a OpenedRequest>, bool) {
    let mut newest: Vec<&OpenedRequest> = Vec::new();
    let mut skipping = before.is_some();
    for opened in requests.rev() {
        if skipping {
            skipping = Some(opened.id()) != before;
        } else if counts(opened) {
            newest.push(opened);
            if newest.len() > PAGE {
                break;
            }
        }
    }
    let more = newest.len() > PAGE;
    newest.truncate(PAGE);
    (newest, more)
}

fn query(which: Result<Query<Which>, QueryRejection>) -> Result<Which, Problem> {
    let bad = |error: QueryRejection| Problem::new(Kind::BadQuery, error.body_text());
    which.map(|Query(which)| which).map_err(bad)
}

/// `GET /v1/requests` of an agency: its own requests in any state.
pub(super) async fn own(
    State(app): State<Arc<App>>,
    Extension(agency): Extension<AgencyId>,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Response, Problem> {
    let (which, now) = (query(which)?, app.now());
    let engine = Arc::clone(&app.engine);
    let listing = move || {
        engine.cases().look(|open| {
            let file = open.case_file(agency);
            let (requests, more) = page(file.iter(), which.before, |_| true);
            let told: Vec<_> = requests.into_iter().map(|r| Listed::of(r, now)).collect();
            body::json(StatusCode::OK, &json!({ "requests": told, "more": more }))
        })
    };
    app.blocking(listing).await
}

/// `GET /v1/requests` of the operator: the queue.
pub(super) async fn queue(
    State(app): State<Arc<App>>,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Response, Problem> {
    let (which, now) = (query(which)?, app.now());
    let due = app.engine.waiting(now).await?;
    let engine = Arc::clone(&app.engine);
    app.blocking(move || list(&engine, &which, &due, now)).await
}

fn list(engine: &Engine, which: &Which, due: &[RequestId], now: Timestamp) -> Response {
    let told: (Vec<Value>, bool) = engine.cases().look(|open| {
        let counts = |opened: &OpenedRequest| match which.state {
            Phase::All => true,
            state => (opened.state(now) == RequestState::Open) == (state == Phase::Open),
        };
        let opened: Vec<&OpenedRequest> = open.opened().collect();
        let (requests, more) = page(opened.into_iter(), which.before, counts);
        let disclosed = engine.disclosed().read();
        let tell = |opened: &OpenedRequest| {
            let (id, agency) = (opened.id(), opened.request().agency);
            let mut told = json!(Listed::of(opened, now));
            let notice = match disclosed.notice(id) {
                Some(kept) => {
                    json!({ "approved": true, "reviewer": kept.reviewer, "at": kept.at })
                }
                None => json!({ "approved": false }),
            };
            let more = json!({
                "agency": { "id": agency, "name": engine.agency_name(agency) },
                "due": due.binary_search(&id).is_ok(), "asked": open.asked(id).count(),
                "notice": notice, "bulletin": disclosed.number(id),
            });
            if let (Some(told), Value::Object(more)) = (told.as_object_mut(), more) {
                told.extend(more);
            }
            told
        };
        (requests.into_iter().map(tell).collect(), more)
    });
    body::json(StatusCode::OK, &json!({ "requests": told.0, "more": told.1 }))
}

/// `GET /v1/requests` on hosts for programs: by caller.
pub(super) async fn of_caller(
    state: State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Response, Problem> {
    match caller {
        Caller::Agency(agency) => own(state, Extension(agency), which).await,
        Caller::Operator => queue(state, which).await,
        Caller::Owner(_) => {
            Err(Problem::new(Kind::WrongPlane, "an owner's are at /v1/me/requests"))
        }
    }
}

/// `GET /v1/requests/{id}/cameras`: each camera of the area, with its place, its view, and the
/// reason why it is asked or not.
pub(super) async fn cameras(
    State(app): State<Arc<App>>,
    id: Path<String>,
) -> Result<Response, Problem> {
    #[derive(Serialize)]
    struct Shown {
        id: canvass::CameraId,
        owner: canvass::OwnerId,
        lon: f64,
        lat: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        facing: Option<canvass::Facing>,
        code: &'static str,
    }
    let (id, now) = (request_id(&id)?, app.now());
    let pool = Arc::clone(&app);
    let looking = move || {
        let authorized = app.engine.cases().authorized(id, now)?;
        let snapshot = app.engine.snapshot();
        let asked: BTreeSet<OwnerId> = app.engine.cases().look(|open| open.asked(id).collect());
        // This very request may be the last that a limit allowed.
        let code = |owner, explanation| match explanation {
            Explanation::Denied(Denial::AskedOftenEnough) if asked.contains(&owner) => {
                Explanation::Asked.code()
            }
            explanation => explanation.code(),
        };
        let mut cameras: Vec<Shown> = snapshot
            .explain_area(&authorized, now)
            .into_iter()
            .map(|(camera, explanation)| Shown {
                id: camera.id,
                owner: camera.owner,
                lon: camera.position.lon(),
                lat: camera.position.lat(),
                facing: camera.facing,
                code: code(camera.owner, explanation),
            })
            .collect();
        cameras.sort_unstable_by_key(|camera| camera.id);
        let answer = json!({
            "request": id, "revision": snapshot.revision(), "now": now, "cameras": cameras,
        });
        Ok(body::json(StatusCode::OK, &answer))
    };
    pool.blocking(looking).await?
}

/// `GET /v1/me` of an agency: the operator's record of it.
pub(super) async fn agency(
    State(app): State<Arc<App>>,
    Extension(agency): Extension<AgencyId>,
) -> Result<Response, Problem> {
    let answer = json!({ "plane": "agency", "agency": record(&app, agency)? });
    Ok(body::json(StatusCode::OK, &answer))
}

/// `GET /v1/me` of the operator.
pub(super) async fn operator() -> Response {
    body::json(StatusCode::OK, &json!({ "plane": "operator" }))
}

/// `GET /v1/me` on hosts for programs: by caller.
pub(super) async fn me(
    state: State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Problem> {
    match caller {
        Caller::Agency(id) => agency(state, Extension(id)).await,
        Caller::Operator => Ok(operator().await),
        Caller::Owner(id) => super::owner::me(state, Extension(id)).await,
    }
}
