//! The endpoints of each plane.

use std::sync::Arc;

use axum::handler::Handler;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use serde_json::json;

use super::endpoints::Endpoints;
use super::portal_hosts::Plane;
use super::{
    App, agency, auth, export, extend, lists, notices, observe, operator, owner, pages, public,
    recovery, reviews, session, standing,
};

/// The endpoints of a plane. On hosts for programs, a path that several planes have depends on the
/// caller.
pub(super) fn of_plane(app: &Arc<App>, plane: Plane) -> Endpoints {
    let me = "the caller, and the data on record of them";
    match plane {
        Plane::Operator => {
            let own = queue(Endpoints::new().get("/v1/me", lists::operator, me), lists::queue);
            operators(app).merge(only_operator(app, own)).merge(sessions(app))
        }
        Plane::Agency => {
            let own = queue(Endpoints::new().get("/v1/me", lists::agency, me), lists::own);
            agencies(app).merge(only_agencies(app, own)).merge(rules(app)).merge(sessions(app))
        }
        Plane::Owner => {
            let own = Endpoints::new().get("/v1/me", owner::me, me);
            owners(app).merge(only_owners(app, own)).merge(log(app)).merge(sessions(app))
        }
        Plane::Public => everybodys(app).merge(rules(app)).merge(log(app)),
        Plane::Programs => {
            let shared = queue(Endpoints::new().get("/v1/me", lists::me, me), lists::of_caller);
            let guard = from_fn_with_state(Arc::clone(app), auth::somebody);
            let shared = shared.only("programs", |router| router.route_layer(guard));
            let callers = operators(app).merge(agencies(app)).merge(owners(app)).merge(shared);
            callers.merge(everybodys(app)).merge(rules(app)).merge(log(app))
        }
    }
}

fn queue<H: Handler<T, Arc<App>>, T: 'static>(endpoints: Endpoints, list: H) -> Endpoints {
    endpoints
        .get("/v1/requests", list, "requests, the newest first")
        .query("before", "the last request of the previous page")
        .query("state", "`open`, `ended` or `all`")
}

fn only_operator(app: &Arc<App>, endpoints: Endpoints) -> Endpoints {
    let guard = from_fn_with_state(Arc::clone(app), auth::operator);
    endpoints.only("operator", |router| router.route_layer(guard))
}

fn only_agencies(app: &Arc<App>, endpoints: Endpoints) -> Endpoints {
    let guard = from_fn_with_state(Arc::clone(app), auth::agency);
    endpoints.only("agency", |router| router.route_layer(guard))
}

fn only_owners(app: &Arc<App>, endpoints: Endpoints) -> Endpoints {
    let guard = from_fn_with_state(Arc::clone(app), auth::owner);
    endpoints.only("owner", |router| router.route_layer(guard))
}

fn operators(app: &Arc<App>) -> Endpoints {
    let endpoints = Endpoints::new()
        .post(
            "/v1/changes",
            operator::change,
            StatusCode::OK,
            json!([{ "withdraw": { "owner": 7 } }]),
            "changes to the registry, all or none",
        )
        .get("/v1/due", standing::due, "open requests that may have further owners to ask")
        .get("/v1/events", standing::events, "the events of requests")
        .query("after", "the number of the last event that was read")
        .get("/v1/requests/{id}/route", standing::route, "whom to ask: a look")
        .post(
            "/v1/requests/{id}/ask",
            standing::ask,
            StatusCode::OK,
            json!({}),
            "records the due owners as asked, and returns them",
        )
        .post(
            "/v1/requests/{id}/answers",
            standing::answers,
            StatusCode::OK,
            json!([{ "owner": 7, "answer": "shared" }]),
            "the answers of owners, all or none",
        )
        .get("/v1/requests/{id}/funnel", operator::funnel, "how many cameras fall where")
        .get("/v1/requests/{id}/explanation", operator::explanation, "why a camera is in or out")
        .query("camera", "which camera")
        .get(
            "/v1/requests/{id}/cameras",
            lists::cameras,
            "each camera of the area, with its reason",
        )
        .get("/v1/requests/{id}/notice", notices::look, "the wording, and the approved notice")
        .post(
            "/v1/requests/{id}/notice",
            notices::write,
            StatusCode::OK,
            json!({
                "template": "{agency} asks for footage of {window}. {stop}", "stop": "Reply STOP.",
                "withheld": ["Jane Roe"], "public_text": "A home was entered.",
                "reviewer": "J. Hill", "approve": false,
            }),
            "lints a draft, or approves it",
        )
        .get("/v1/requests/{id}/letters", notices::letters, "a letter for each owner who was asked")
        .get("/v1/owners/{id}", operator::owner, "the data held of an owner")
        .delete("/v1/owners/{id}", owner::erase, StatusCode::OK, "erases an owner")
        .get("/v1/export", export::page, "the registry, a page of owners at a time")
        .query("after", "the last owner of the previous page")
        .post(
            "/v1/owners/{id}/invitation",
            owner::invite,
            StatusCode::CREATED,
            json!({}),
            "how an owner comes in, once",
        )
        .post(
            "/v1/backup",
            recovery::backup,
            StatusCode::OK,
            json!({}),
            "writes a copy of the store",
        )
        .post(
            "/v1/restored",
            recovery::release,
            StatusCode::OK,
            json!({ "complete_since": "2026-05-01T18:00:00Z", "withdrawn": [7] }),
            "after a copy was put back: the withdrawals since",
        )
        .get("/metrics", pages::metrics, "measures for Prometheus");
    only_operator(app, endpoints)
}

fn agencies(app: &Arc<App>) -> Endpoints {
    let request = || {
        json!({
            "agency": 1, "incident": "burglary", "case_reference": "26-0117",
            "contact": "desk@example.org", "camera_scope": "standing_in",
            "window": { "start": "2026-05-01T18:00:00Z", "end": "2026-05-01T20:00:00Z" },
            "area": { "type": "Polygon", "coordinates": [[
                [-84.957, 41.1215], [-84.9485, 41.1225], [-84.949, 41.1285], [-84.957, 41.1215]
            ]] },
        })
    };
    let (created, ok) = (StatusCode::CREATED, StatusCode::OK);
    let until = json!({ "until": "2026-05-20T00:00:00Z" });
    let endpoints = Endpoints::new()
        .post("/v1/reviews", reviews::review, ok, request(), "the verdict, which opens nothing")
        .post("/v1/requests", agency::submit, created, request(), "opens a request")
        .get("/v1/requests/{id}", agency::receipt, "an own request")
        .get("/v1/requests/{id}/outcome", agency::outcome, "bands, after the end")
        .get("/v1/outcomes/pools/{pool}", agency::pool, "bands of ten own requests together")
        .post("/v1/requests/{id}/resolve", agency::resolve, ok, json!({}), "it was resolved")
        .post("/v1/requests/{id}/withdraw", agency::withdraw, ok, json!({}), "takes it back")
        .post("/v1/requests/{id}/extend", extend::extend, ok, until, "keeps it open");
    only_agencies(app, endpoints)
}

fn owners(app: &Arc<App>) -> Endpoints {
    let ok = StatusCode::OK;
    let consent = json!({
        "standing": "granted", "agencies": { "all_but": [2] }, "incidents": "any",
        "limit": { "per_7_days": 2, "per_30_days": 4 }, "zone": "America/New_York",
    });
    let camera = json!({
        "facing": { "bearing": 90.0, "angle": 120.0, "reach_m": 25.0 },
        "recording": { "kept_days": 30 },
    });
    let answer = json!({ "answer": "shared" });
    let endpoints = Endpoints::new()
        .put("/v1/me/consent", owner::consent, consent, "the whole consent")
        .post("/v1/me/withdraw", owner::withdraw, ok, json!({}), "stop")
        .put("/v1/me/cameras/{id}", owner::describe, camera, "describes an own camera")
        .delete("/v1/me/cameras/{id}", owner::remove, ok, "removes an own camera")
        .get("/v1/me/requests", owner::requests, "the requests that reached the owner")
        .post("/v1/me/requests/{id}/answer", owner::answer, ok, answer, "answers one")
        .get("/v1/me/log", owner::log, "the proofs of whether they were asked")
        .query("after", "the index of the last entry that was read");
    only_owners(app, endpoints)
}

/// Adds the limit on concurrency.
fn limited(app: &Arc<App>, endpoints: Endpoints) -> Endpoints {
    let limit = from_fn_with_state(Arc::clone(app), observe::limit_others);
    endpoints.limited(|router| router.route_layer(limit))
}

/// The public endpoints.
fn everybodys(app: &Arc<App>) -> Endpoints {
    let endpoints = Endpoints::new()
        .get("/v1/agencies", public::agencies, "who may ask")
        .get("/v1/bulletins", public::bulletins, "bulletins, the newest first")
        .query("before", "the last bulletin of the previous page")
        .get("/v1/bulletins/{id}", public::bulletin, "a bulletin")
        .get("/v1/coverage", public::coverage, "households by cell, in bands");
    limited(app, endpoints)
}

/// The limits in force, for everybody including agencies.
fn rules(app: &Arc<App>) -> Endpoints {
    let endpoints = Endpoints::new().get("/v1/policy", public::policy, "the limits in force");
    limited(app, endpoints)
}

/// The audit log, for everybody including owners.
fn log(app: &Arc<App>) -> Endpoints {
    let endpoints = Endpoints::new()
        .get("/v1/log/head", public::head, "the head of the audit log")
        .get("/v1/log/entries", public::entries, "the entries of the audit log")
        .query("from", "the index of the first")
        .get("/v1/log/inclusion", public::inclusion, "a proof that the log has an entry")
        .query("index", "of which entry")
        .get("/v1/log/consistency", public::consistency, "a proof that the log only grew")
        .query("older", "how many entries it had");
    limited(app, endpoints)
}

/// Signing in and out.
fn sessions(app: &Arc<App>) -> Endpoints {
    let token = json!({ "token": "..." });
    let endpoints = Endpoints::new()
        .get("/v1/session", session::session, "whose session it is")
        .delete("/v1/session", session::sign_out, StatusCode::NO_CONTENT, "signs out");
    // Anybody may send a body here, so it takes its place only once the body is there.
    let ok = StatusCode::OK;
    let sign_in = Endpoints::new().post("/v1/session", session::sign_in, ok, token, "signs in");
    limited(app, endpoints).merge(sign_in)
}

/// Endpoints for the service's health, and for its problems.
pub(super) fn open() -> Endpoints {
    Endpoints::new()
        .get("/healthz", pages::healthy, "whether it answers")
        .get("/readyz", pages::ready, "whether it takes changes")
        .get("/problems/{code}", pages::problem, "a problem's title and status")
}
