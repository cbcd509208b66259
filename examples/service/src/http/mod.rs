//! The interface: who may ask what, and how everything is answered.

mod agency;
mod auth;
mod body;
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
mod serve;
mod session;
mod standing;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post, put};
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

pub use serve::serve;

use crate::engine::Engine;
use crate::metrics::Metrics;
use crate::planes::{Hosts, Notices};
use crate::settings::{Limits, Settings};
use crate::store::Caller;
use auth::Callers;
use portal::Pages;
use portal_hosts::Plane;
use problem::{Kind, Problem};
use session::Sessions;

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
    in_flight: Semaphore,
}

impl App {
    /// An interface to an engine.
    #[must_use]
    pub fn new(engine: Arc<Engine>, metrics: Arc<Metrics>, settings: &Settings) -> Self {
        Self {
            engine,
            metrics,
            limits: settings.limits.clone(),
            hosts: settings.hosts.clone(),
            notices: settings.notices.clone(),
            portal: Pages::new(settings),
            callers: ArcSwap::from_pointee(Callers::new(settings)),
            sessions: Sessions::default(),
            in_flight: Semaphore::new(settings.limits.in_flight),
        }
    }

    /// Has agencies and the operator call with the tokens of a configuration from now on. Sessions that a
    /// token opened which is nobody's any more end with it.
    pub(crate) fn exchange(&self, settings: &Settings) {
        let callers = Callers::new(settings);
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
    portal_hosts::by_host(&app, |plane| layered(&app, of_plane(&app, plane), plane))
}

/// The endpoints of a plane. Where programs of all planes are answered, paths that several have are told apart
/// by who calls.
fn of_plane(app: &Arc<App>, plane: Plane) -> Router<Arc<App>> {
    match plane {
        Plane::Operator => {
            let own = Router::new()
                .route("/v1/me", get(lists::operator))
                .route("/v1/requests", get(lists::queue))
                .route_layer(from_fn_with_state(Arc::clone(app), auth::operator));
            operators(app).merge(own).merge(sessions())
        }
        Plane::Agency => {
            let own = Router::new()
                .route("/v1/me", get(lists::agency))
                .route("/v1/requests", get(lists::own))
                .route_layer(from_fn_with_state(Arc::clone(app), auth::agency));
            agencies(app).merge(own).merge(rules()).merge(sessions())
        }
        Plane::Owner => {
            let own = Router::new()
                .route("/v1/me", get(owner::me))
                .route_layer(from_fn_with_state(Arc::clone(app), auth::owner));
            owners(app).merge(own).merge(log()).merge(sessions())
        }
        Plane::Public => everybodys().merge(rules()).merge(log()),
        Plane::Programs => {
            let shared = Router::new()
                .route("/v1/me", get(lists::me))
                .route("/v1/requests", get(lists::of_caller))
                .route_layer(from_fn_with_state(Arc::clone(app), auth::somebody));
            let callers = operators(app).merge(agencies(app)).merge(owners(app)).merge(shared);
            callers.merge(everybodys()).merge(rules()).merge(log())
        }
    }
}

fn operators(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route("/v1/changes", post(operator::change))
        .route("/v1/due", get(standing::due))
        .route("/v1/events", get(standing::events))
        .route("/v1/requests/{id}/route", get(standing::route))
        .route("/v1/requests/{id}/ask", post(standing::ask))
        .route("/v1/requests/{id}/answers", post(standing::answers))
        .route("/v1/requests/{id}/funnel", get(operator::funnel))
        .route("/v1/requests/{id}/explanation", get(operator::explanation))
        .route("/v1/requests/{id}/cameras", get(lists::cameras))
        .route("/v1/requests/{id}/notice", get(notices::look).post(notices::write))
        .route("/v1/requests/{id}/letters", get(notices::letters))
        .route("/v1/owners/{id}", get(operator::owner))
        .route("/v1/owners/{id}/invitation", post(owner::invite))
        .route("/metrics", get(pages::metrics))
        .route_layer(from_fn_with_state(Arc::clone(app), auth::operator))
}

fn agencies(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route("/v1/reviews", post(reviews::review))
        .route("/v1/requests", post(agency::submit))
        .route("/v1/requests/{id}", get(agency::receipt))
        .route("/v1/requests/{id}/outcome", get(agency::outcome))
        .route("/v1/outcomes/pools/{pool}", get(agency::pool))
        .route("/v1/requests/{id}/resolve", post(agency::resolve))
        .route("/v1/requests/{id}/withdraw", post(agency::withdraw))
        .route("/v1/requests/{id}/extend", post(agency::extend))
        .route_layer(from_fn_with_state(Arc::clone(app), auth::agency))
}

fn owners(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route("/v1/me/consent", put(owner::consent))
        .route("/v1/me/withdraw", post(owner::withdraw))
        .route("/v1/me/cameras/{id}", put(owner::describe).delete(owner::remove))
        .route("/v1/me/requests", get(owner::requests))
        .route("/v1/me/requests/{id}/answer", post(owner::answer))
        .route("/v1/me/log", get(owner::log))
        .route_layer(from_fn_with_state(Arc::clone(app), auth::owner))
}

/// What everybody may see.
fn everybodys() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/agencies", get(public::agencies))
        .route("/v1/bulletins", get(public::bulletins))
        .route("/v1/bulletins/{id}", get(public::bulletin))
        .route("/v1/coverage", get(public::coverage))
}

/// The limits in force: for everybody, agencies among them.
fn rules() -> Router<Arc<App>> {
    Router::new().route("/v1/policy", get(public::policy))
}

/// The audit log: for everybody, owners among them.
fn log() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/log/head", get(public::head))
        .route("/v1/log/entries", get(public::entries))
        .route("/v1/log/inclusion", get(public::inclusion))
        .route("/v1/log/consistency", get(public::consistency))
}

/// How people sign in and out.
fn sessions() -> Router<Arc<App>> {
    let session = get(session::session).post(session::sign_in).delete(session::sign_out);
    Router::new().route("/v1/session", session)
}

/// Endpoints with what is around every answer.
///
/// From outside in: what is observed, what closes the connection, what becomes a problem, how long it
/// may take, how many at once, who asks, and the answer.
fn layered(app: &Arc<App>, planes: Router<Arc<App>>, plane: Plane) -> Router {
    let within = Duration::from_secs(app.limits.answer_seconds);
    let open = Router::new()
        .route("/healthz", get(pages::healthy))
        .route("/readyz", get(pages::ready))
        .route("/problems/{code}", get(pages::problem));
    planes
        .route_layer(from_fn_with_state(Arc::clone(app), observe::limit))
        .merge(open)
        .merge(portal::pages(plane))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, within))
        .layer(CatchPanicLayer::new())
        .layer(from_fn(observe::problems))
        .layer(from_fn(observe::closing))
        .layer(from_fn_with_state(Arc::clone(app), observe::observe))
        .with_state(Arc::clone(app))
}
