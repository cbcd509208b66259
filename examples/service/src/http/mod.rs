//! The interface: authorisation, and the layers around every answer.

mod agency;
mod auth;
mod body;
mod callers;
mod connection;
mod endpoints;
mod export;
mod extend;
mod kinds;
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
mod recovery;
mod reviews;
mod routes;
mod session;
mod standing;
mod swapped;
mod warnings;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

pub use connection::listen;
pub(crate) use connection::serve;

use crate::engine::Engine;
use crate::metrics::Metrics;
use crate::planes::{Hosts, Notices};
use crate::settings::{Limits, Settings};
use crate::store::Caller;
use auth::Callers;
use callers::Owners;
use endpoints::Endpoints;
use portal::Pages;
use portal_hosts::{Plane, Planes};
use problem::{Kind, Problem};
use session::Sessions;
use swapped::Jurisdictions;
use warnings::Warnings;

/// The reason why nothing that depends on the time is decided.
const CLOCK_IN_DOUBT: &str =
    "the wall clock jumped, and everything that needs the time waits until it is sure";

/// The state that every answer uses.
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
    owners: Owners,
    /// Limits on concurrent requests of agencies, of the operator, and of owners and everybody:
    /// none takes the others' places.
    agencies_in_flight: Semaphore,
    operator_in_flight: Semaphore,
    others_in_flight: Semaphore,
    warnings: Warnings,
    jurisdictions: Jurisdictions,
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
            owners: Owners::new(&settings.limits),
            agencies_in_flight: Semaphore::new(settings.limits.in_flight),
            operator_in_flight: Semaphore::new(settings.limits.in_flight),
            others_in_flight: Semaphore::new(settings.limits.in_flight),
            warnings: Warnings::default(),
            jurisdictions: Jurisdictions::new(
                settings.agencies.iter().filter_map(|caller| caller.agency.jurisdiction.clone()),
            ),
        }
    }

    /// Replaces the tokens of agencies and the operator by those of a configuration. A session ends
    /// if the token that opened it is no longer valid.
    pub(crate) fn exchange(&self, settings: &Settings) {
        let callers = self.callers.load().exchanged(settings);
        self.sessions.retain(|caller, token| {
            matches!(caller, Caller::Owner(_)) || callers.know(token, caller)
        });
        for agency in settings.agencies.iter().map(|caller| caller.agency.id) {
            if callers.account(agency).is_none() {
                tracing::warn!(agency = agency.0, "a new agency is admitted after a restart only");
            }
        }
        self.callers.store(Arc::new(callers));
        tracing::info!("tokens were exchanged");
    }

    /// Runs blocking work in the pool for it.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!(%error, "work in the pool panicked");
            Problem::new(Kind::Internal, "the operator's log has the details")
        })
    }

    /// The metrics.
    pub(crate) fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// The time; while the wall clock is in doubt, it continues from its last value.
    fn now(&self) -> Timestamp {
        self.engine.time().now
    }

    /// The time, for decisions that depend on it: refused while the wall clock is in doubt.
    fn sure_now(&self) -> Result<Timestamp, Problem> {
        let reading = self.engine.time();
        if reading.is_sure() {
            return Ok(reading.now);
        }
        Err(Problem::new(Kind::ClockInDoubt, CLOCK_IN_DOUBT))
    }

    /// The time limit of a body: shorter than that of the whole answer, so that a problem can be
    /// sent.
    fn body_within(&self) -> Duration {
        Duration::from_millis(self.limits.answer_seconds.saturating_mul(750))
    }
}

/// The endpoints of all planes.
pub(crate) fn planes(app: &Arc<App>) -> Planes {
    Planes::new(app, |plane| layered(app, plane, routes::of_plane(app, plane)))
}

/// Endpoints with the layers around every answer.
///
/// From outside in: observation, problems, the end of the connection, the limit without a token;
/// panics; the time limit; authentication and the limit on concurrency; the answer.
fn layered(app: &Arc<App>, plane: Plane, endpoints: Endpoints) -> Router {
    let within = Duration::from_secs(app.limits.answer_seconds);
    endpoints
        .merge(routes::open())
        .router(plane)
        .merge(portal::pages(plane))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, within))
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(Arc::clone(app), observe::surround))
        .with_state(Arc::clone(app))
}
