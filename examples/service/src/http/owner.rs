//! The owners' plane: their consent and cameras, the requests that reached them, and the proofs by
//! which they find out from the log whether they were asked.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request as HttpRequest, State};
use axum::http::StatusCode;
use axum::response::Response;
use canvass::audit::AuditEvent;
use canvass::outcome::Answer;
use canvass::{CameraId, Consent, Facing, IncidentKind, OwnerId, Recording, RequestState};
use serde::Deserialize;
use serde_json::{Value, json};

use super::agency::{no_such_request, request_id};
use super::body::{Nothing, Sent};
use super::problem::{Kind, Problem};
use super::public::{entry, hex};
use super::{App, body};
use crate::engine::{CameraChange, changed};
use crate::record::Record;
use crate::store::Caller;

/// `GET /v1/me` of an owner: the data held of them, and their choices.
pub(super) async fn me(
    State(app): State<Arc<App>>,
    Extension(owner): Extension<OwnerId>,
) -> Result<Response, Problem> {
    let held = app.engine.holdings(owner).await?;
    let agencies: Vec<Value> = app
        .engine
        .cases()
        .agencies()
        .map(|agency| json!({ "id": agency.id, "name": agency.name }))
        .collect();
    let answer = json!({
        "plane": "owner", "owner": owner, "consent": held.consent, "cameras": held.cameras,
        "agencies": agencies, "incidents": IncidentKind::ALL,
    });
    Ok(body::json(StatusCode::OK, &answer))
}

/// `PUT /v1/me/consent`: replaces the whole consent, in force when this answers.
pub(super) async fn consent(
    State(app): State<Arc<App>>,
    Extension(owner): Extension<OwnerId>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let sent = Sent::receive(request, app.limits.body_bytes, app.body_within()).await?;
    let (Record(consent), now): (Record<Consent>, _) = (sent.read()?, app.now());
    let once = sent.once(Caller::Owner(owner), now);
    let answered = app.engine.consent(owner, consent.clone(), now, once).await?;
    Ok(body::json(StatusCode::OK, &changed(&answered, &json!({ "consent": consent }))))
}

/// `POST /v1/me/withdraw`: withdraws the consent with its scopes and limits, in force when this
/// answers.
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    Extension(owner): Extension<OwnerId>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let sent = Sent::receive(request, app.limits.body_bytes, app.body_within()).await?;
    let Record(Nothing {}) = sent.read()?;
    let now = app.now();
    let once = sent.once(Caller::Owner(owner), now);
    let consent = Consent::default();
    let answered = app.engine.consent(owner, consent.clone(), now, once).await?;
    Ok(body::json(StatusCode::OK, &changed(&answered, &json!({ "consent": consent }))))
}

/// A camera's facing and recording.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Described {
    #[serde(default)]
    facing: Option<Facing>,
    recording: Recording,
}

/// `PUT /v1/me/cameras/{id}`: changes the description of an own camera. Owners cannot move or
/// register cameras: with a camera at a place of choice one could find out who asks about it.
pub(super) async fn describe(
    State(app): State<Arc<App>>,
    Extension(owner): Extension<OwnerId>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let camera = camera_id(&id)?;
    let sent = Sent::receive(request, app.limits.body_bytes, app.body_within()).await?;
    let (Record(Described { facing, recording }), now) = (sent.read()?, app.now());
    let once = sent.once(Caller::Owner(owner), now);
    let change = CameraChange::Describe(facing, recording);
    let answered = app.engine.change_camera(owner, camera, change, now, once).await?;
    let held = app.engine.holdings(owner).await?;
    let camera = held.cameras.into_iter().find(|held| held.id == camera);
    Ok(body::json(StatusCode::OK, &changed(&answered, &json!({ "camera": camera }))))
}

/// `DELETE /v1/me/cameras/{id}`: removes an own camera from the registry.
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    Extension(owner): Extension<OwnerId>,
    id: Path<String>,
) -> Result<Response, Problem> {
    let (camera, now) = (camera_id(&id)?, app.now());
    let answered = app.engine.change_camera(owner, camera, CameraChange::Remove, now, None).await?;
    Ok(body::json(StatusCode::OK, &changed(&answered, &json!({}))))
}

fn camera_id(text: &str) -> Result<CameraId, Problem> {
    let refused = |_| Problem::new(Kind::NoSuchCamera, "a camera's number is a whole number");
    text.parse().map(CameraId).map_err(refused)
}

/// `GET /v1/me/requests`: those that reached the owner, the newest first.
pub(super) async fn requests(
    State(app): State<Arc<App>>,
    Extension(owner): Extension<OwnerId>,
) -> Result<Response, Problem> {
    let now = app.now();
    let engine = Arc::clone(&app.engine);
    let mut reached = app.blocking(move || engine.reached(owner)).await??;
    reached.sort_unstable_by_key(|&(id, at)| std::cmp::Reverse((at, id)));
    let ids: Vec<_> = reached.iter().map(|&(id, _)| id).collect();
    let shared = app.engine.shared(owner, ids).await?;
    let held = app.engine.holdings(owner).await?;
    let (look, zone) = (Arc::clone(&app), held.consent.zone().cloned());
    let telling = move || {
        let mut told = Vec::new();
        for (id, at) in reached {
            let Some(opened) = look.engine.cases().request(id) else { continue };
            let (asked, state) = (opened.request(), opened.state(now));
            let authorized = look.engine.cases().authorized(id, now).ok();
            let notice = authorized.as_ref().and_then(|authorized| {
                let (notice, _) = look.engine.notice(id, authorized).ok()?;
                let otherwise = || look.zone_of_owners(authorized);
                let zone = zone.clone().unwrap_or_else(otherwise);
                let quiet = authorized.quiet_hours();
                let not_before = quiet.and_then(|hours| hours.not_before(now, &zone));
                Some((notice.text_in(&zone), not_before))
            });
            let disclosed = look.engine.disclosed().read();
            // For an ended request, the text is the one that the reviewer read, with the window in
            // UTC.
            let kept = || disclosed.notice(id).map(|kept| (kept.text.clone(), None));
            let (text, not_before) = notice.or_else(kept).unzip();
            let cameras: Vec<CameraId> = held
                .cameras
                .iter()
                .filter(|camera| asked.area.covers(camera.position))
                .map(|camera| camera.id)
                .collect();
            let answer = (state == RequestState::Open && shared.contains(&id)).then_some("shared");
            let mut one = json!({
                "id": id, "agency": { "id": asked.agency, "name": look.engine.agency_name(asked.agency) },
                "incident": asked.incident, "case_reference": asked.case_reference,
                "contact": asked.contact, "window": asked.window, "state": state,
                "open_until": opened.open_until(), "asked_at": at, "cameras": cameras,
                "text": text, "answer": answer, "bulletin": disclosed.number(id),
            });
            if let (Some(one), Some(not_before)) = (one.as_object_mut(), not_before.flatten()) {
                one.insert("not_before".to_owned(), json!(not_before));
            }
            told.push(one);
        }
        told
    };
    let told = app.blocking(telling).await?;
    Ok(body::json(StatusCode::OK, &json!({ "requests": told })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answered {
    answer: Said,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Said {
    Shared,
    Declined,
}

/// `POST /v1/me/requests/{id}/answer`: the last answer before the end counts. A refusal is not
/// stored, so nobody can distinguish it from silence.
pub(super) async fn answer(
    State(app): State<Arc<App>>,
    Extension(owner): Extension<OwnerId>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let id = request_id(&id)?;
    let sent = Sent::receive(request, app.limits.body_bytes, app.body_within()).await?;
    let (Record(Answered { answer }), now) = (sent.read()?, app.now());
    let engine = Arc::clone(&app.engine);
    let reached = app.blocking(move || engine.reached(owner)).await??;
    if !reached.iter().any(|&(of, _)| of == id) {
        // A request that was not theirs gets the same answer as one that does not exist.
        return Err(no_such_request(id));
    }
    let once = sent.once(Caller::Owner(owner), now);
    let (answer, told) = match answer {
        Said::Shared => (Answer::Shared, Some("shared")),
        Said::Declined => (Answer::Declined, None),
    };
    app.engine.answer(id, owner, answer, now, once).await?;
    Ok(body::json(StatusCode::OK, &json!({ "request": id, "answer": told })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct After {
    after: Option<u64>,
}

/// The number of entries on a page.
const PAGE: usize = 100;

/// `GET /v1/me/log`: the owner's salt, and the entries that may name them, each with its proof.
/// With these they verify by themselves whether they were asked, and that all readers see the same
/// log.
pub(super) async fn log(
    State(app): State<Arc<App>>,
    Extension(owner): Extension<OwnerId>,
    after: Result<Query<After>, QueryRejection>,
) -> Result<Response, Problem> {
    let bad = |error: QueryRejection| Problem::new(Kind::BadQuery, error.body_text());
    let Query(After { after }) = after.map_err(bad)?;
    let salt = app.engine.salt(owner).await??;
    let telling = {
        let app = Arc::clone(&app);
        move || {
            let disclosed = app.engine.disclosed().read();
            let log = disclosed.log();
            let (mut told, mut more) = (Vec::new(), false);
            for index in after.map_or(0, |after| after.saturating_add(1))..log.len() {
                let Some(found) = log.entry(index) else { break };
                if !matches!(found.event(), AuditEvent::Routed { .. }) {
                    continue;
                }
                if told.len() == PAGE {
                    more = true;
                    break;
                }
                let mut one = entry(index, found);
                if let (Some(one), Ok(proof)) = (one.as_object_mut(), log.inclusion_proof(index)) {
                    one.insert("inclusion".to_owned(), json!(proof));
                }
                told.push(one);
            }
            json!({
                "owner": owner, "salt": hex(&salt.to_bytes()), "head": log.head(), "more": more,
                "entries": told,
            })
        }
    };
    let told = app.blocking(telling).await?;
    Ok(body::json(StatusCode::OK, &told))
}

/// `DELETE /v1/owners/{id}`, the operator's: erases an owner, and ends their sessions.
pub(super) async fn erase(
    State(app): State<Arc<App>>,
    id: Path<String>,
) -> Result<Response, Problem> {
    let owner = owner_id(&id)?;
    let answered = app.engine.erase(owner, app.now()).await?;
    app.sessions.retain(|caller, _| caller != Caller::Owner(owner));
    Ok(body::answered(StatusCode::OK, answered))
}

fn owner_id(text: &str) -> Result<OwnerId, Problem> {
    let refused = |_| Problem::new(Kind::BadRequest, "an owner's number is a whole number");
    text.parse().map(OwnerId).map_err(refused)
}

/// `POST /v1/owners/{id}/invitation`, the operator's: a secret with which an owner signs up. It is
/// in no stored answer, so the call takes no idempotency key; a new one ends the old.
pub(super) async fn invite(
    State(app): State<Arc<App>>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let owner = owner_id(&id)?;
    let sent = Sent::receive(request, app.limits.body_bytes, app.body_within()).await?;
    let Record(Nothing {}) = sent.read()?;
    let (invitation, expires) = app.engine.invite(owner, app.now()).await?;
    let answer = json!({ "owner": owner, "invitation": invitation, "expires": expires });
    Ok(body::json(StatusCode::CREATED, &answer))
}
