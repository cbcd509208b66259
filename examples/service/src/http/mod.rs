//! The interface: who may ask what, and how everything is answered.

mod agency;
mod auth;
mod body;
mod callers;
mod connection;
mod endpoints;
mod export;
mod extend;
mod lists;
mod notices;
mod observe;
mod operator;
mod owner;
mod pages;
mod portal;
mod portal_hosts;
mod problem;
mod public;
mod reviews;
mod session;
mod standing;
mod warnings;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use axum::handler::Handler;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use serde_json::json;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

pub use connection::{listen, serve};

use crate::engine::Engine;
use crate::metrics::Metrics;
use crate::planes::{Hosts, Notices};
use crate::settings::{Limits, Settings};
use crate::store::Caller;
use auth::Callers;
use endpoints::Endpoints;
use portal::Pages;
use portal_hosts::Plane;
use problem::{Kind, Problem};
use session::Sessions;
use warnings::Warnings;

/// What every answer is made from.
#[derive(Debug)]
pub struct App {
    engine: Arc<Engine>,
    metrics: Arc<Metrics>,
    limits: Limits,
    hosts: Hosts,
    notices: Notices,
    portal: Pages,
    callers: ArcSwap<Callers>,
    sessions: Sessions,
    /// Requests of agencies that are answered at once, the operator's, and those of owners and everybody:
    /// none takes the others' places.
    agencies_in_flight: Semaphore,
    operator_in_flight: Semaphore,
    others_in_flight: Semaphore,
    warnings: Warnings,
}

impl App {
    /// An interface to an engine.
    #[must_use]
    pub fn new(engine: Arc<Engine>, metrics: Arc<Metrics>, settings: &Settings) -> Self {
        Self {
            callers: ArcSwap::from_pointee(Callers::new(settings, &engine)),
            engine,
            metrics,
            limits: settings.limits.clone(),
            hosts: settings.hosts.clone(),
            notices: settings.notices.clone(),
            portal: Pages::new(settings),
            sessions: Sessions::default(),
            agencies_in_flight: Semaphore::new(settings.limits.in_flight),
            operator_in_flight: Semaphore::new(settings.limits.in_flight),
            others_in_flight: Semaphore::new(settings.limits.in_flight),
            warnings: Warnings::default(),
        }
    }

    /// Has agencies and the operator call with the tokens of a configuration from now on. Sessions that a
    /// token opened which is nobody's any more end with it.
    pub(crate) fn exchange(&self, settings: &Settings) {
        let callers = self.callers.load().exchanged(settings);
        self.sessions.retain(|caller, token| {
            matches!(caller, Caller::Owner(_)) || callers.know(token, caller)
        });
        self.callers.store(Arc::new(callers));
        tracing::info!("tokens were exchanged");
    }

    /// Does work that takes its time in the pool that may be blocked.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!(%error, "work in the pool panicked");
            Problem::new(Kind::Internal, "the operator's log says more")
        })
    }

    /// How long a body may take: less than the whole answer, so that it can be said.
    fn body_within(&self) -> Duration {
        Duration::from_millis(self.limits.answer_seconds.saturating_mul(750))
    }
}

/// All endpoints, on each host those of its plane.
pub fn router(app: Arc<App>) -> Router {
    portal_hosts::by_host(&app, |plane| layered(&app, plane, of_plane(&app, plane)))
}

/// The endpoints of a plane. Where programs of all planes are answered, paths that several have are told apart
/// by who calls.
fn of_plane(app: &Arc<App>, plane: Plane) -> Endpoints {
    let me = "who calls, and what is on record of them";
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
            let limit = from_fn_with_state(Arc::clone(app), observe::limit_others);
            let guard = from_fn_with_state(Arc::clone(app), auth::somebody);
            let shared =
                shared.only("programs", |router| router.route_layer(limit).route_layer(guard));
            let callers = operators(app).merge(agencies(app)).merge(owners(app)).merge(shared);
            callers.merge(everybodys(app)).merge(rules(app)).merge(log(app))
        }
    }
}

fn queue<H: Handler<T, Arc<App>>, T: 'static>(endpoints: Endpoints, list: H) -> Endpoints {
    endpoints
        .get("/v1/requests", list, "requests, the newest first")
        .query("before", "the request that the page before ended with")
        .query("state", "`open`, `ended` or `all`")
}

fn only_operator(app: &Arc<App>, endpoints: Endpoints) -> Endpoints {
    let limit = from_fn_with_state(Arc::clone(app), observe::limit_operator);
    let guard = from_fn_with_state(Arc::clone(app), auth::operator);
    endpoints.only("operator", |router| router.route_layer(limit).route_layer(guard))
}

fn only_agencies(app: &Arc<App>, endpoints: Endpoints) -> Endpoints {
    let limit = from_fn_with_state(Arc::clone(app), observe::limit_agencies);
    let guard = from_fn_with_state(Arc::clone(app), auth::agency);
    endpoints.only("agency", |router| router.route_layer(limit).route_layer(guard))
}

fn only_owners(app: &Arc<App>, endpoints: Endpoints) -> Endpoints {
    let limit = from_fn_with_state(Arc::clone(app), observe::limit_others);
    let guard = from_fn_with_state(Arc::clone(app), auth::owner);
    endpoints.only("owner", |router| router.route_layer(limit).route_layer(guard))
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
        .get("/v1/due", standing::due, "open requests that somebody may have to be asked for")
        .get("/v1/events", standing::events, "what happened to requests")
        .query("after", "the number of the last event that was read")
        .get("/v1/requests/{id}/route", standing::route, "whom to ask: a look")
        .post(
            "/v1/requests/{id}/ask",
            standing::ask,
            StatusCode::OK,
            json!({}),
            "whom to ask, who are asked from then on",
        )
        .post(
            "/v1/requests/{id}/answers",
            standing::answers,
            StatusCode::OK,
            json!([{ "owner": 7, "answer": "shared" }]),
            "what owners answered, all or none",
        )
        .get("/v1/requests/{id}/funnel", operator::funnel, "how many cameras fall where")
        .get("/v1/requests/{id}/explanation", operator::explanation, "why a camera is in or out")
        .query("camera", "which camera")
        .get("/v1/requests/{id}/cameras", lists::cameras, "each camera of the area, and why")
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
            "lints a draft, or has it approved",
        )
        .get("/v1/requests/{id}/letters", notices::letters, "a letter for each who was asked")
        .get("/v1/owners/{id}", operator::owner, "what is held of an owner")
        .delete("/v1/owners/{id}", owner::erase, StatusCode::OK, "erases an owner")
        .get("/v1/export", export::page, "the registry, a page of owners at a time")
        .query("after", "the owner that the page before ended with")
        .post(
            "/v1/owners/{id}/invitation",
            owner::invite,
            StatusCode::CREATED,
            json!({}),
            "how an owner comes in, once",
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
        .get("/v1/me/log", owner::log, "what shows whether they were asked")
        .query("after", "the index of the last entry that was read");
    only_owners(app, endpoints)
}

/// As many of these are answered at once as there may be.
fn limited(app: &Arc<App>, endpoints: Endpoints) -> Endpoints {
    let limit = from_fn_with_state(Arc::clone(app), observe::limit_others);
    endpoints.limited(|router| router.route_layer(limit))
}

/// What everybody may see.
fn everybodys(app: &Arc<App>) -> Endpoints {
    let endpoints = Endpoints::new()
        .get("/v1/agencies", public::agencies, "who may ask")
        .get("/v1/bulletins", public::bulletins, "bulletins, the newest first")
        .query("before", "the bulletin that the page before ended with")
        .get("/v1/bulletins/{id}", public::bulletin, "a bulletin")
        .get("/v1/coverage", public::coverage, "how many are registered where, in bands");
    limited(app, endpoints)
}

/// The limits in force: for everybody, agencies among them.
fn rules(app: &Arc<App>) -> Endpoints {
    let endpoints = Endpoints::new().get("/v1/policy", public::policy, "the limits in force");
    limited(app, endpoints)
}

/// The audit log: for everybody, owners among them.
fn log(app: &Arc<App>) -> Endpoints {
    let endpoints = Endpoints::new()
        .get("/v1/log/head", public::head, "the head of the audit log")
        .get("/v1/log/entries", public::entries, "entries of requests that have ended")
        .query("from", "the index of the first")
        .get("/v1/log/inclusion", public::inclusion, "a proof that the log has an entry")
        .query("index", "of which entry")
        .get("/v1/log/consistency", public::consistency, "a proof that the log only grew")
        .query("older", "how many entries it had");
    limited(app, endpoints)
}

/// How people sign in and out.
fn sessions(app: &Arc<App>) -> Endpoints {
    let token = json!({ "token": "..." });
    let endpoints = Endpoints::new()
        .get("/v1/session", session::session, "whose session it is")
        .post("/v1/session", session::sign_in, StatusCode::OK, token, "signs in")
        .delete("/v1/session", session::sign_out, StatusCode::NO_CONTENT, "signs out");
    limited(app, endpoints)
}

/// What tells how the service is, and what its problems are.
fn open() -> Endpoints {
    Endpoints::new()
        .get("/healthz", pages::healthy, "whether it answers")
        .get("/readyz", pages::ready, "whether it takes changes")
        .get("/problems/{code}", pages::problem, "a problem's title and status")
}

/// Endpoints with what is around every answer.
///
/// From outside in: what is observed, what closes the connection, what becomes a problem, how often it
/// may be asked without a token, how long it may take, who asks, how many at once, and the answer.
fn layered(app: &Arc<App>, plane: Plane, endpoints: Endpoints) -> Router {
    let within = Duration::from_secs(app.limits.answer_seconds);
    endpoints
        .merge(open())
        .router(plane)
        .merge(portal::pages(plane))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, within))
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(Arc::clone(app), auth::without_token))
        .layer(from_fn(observe::problems))
        .layer(from_fn(observe::closing))
        .layer(from_fn_with_state(Arc::clone(app), observe::observe))
        .with_state(Arc::clone(app))
}
