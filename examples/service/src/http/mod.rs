//! The interface: who may ask what, and how everything is answered.

mod agency;
mod auth;
mod body;
mod callers;
mod connection;
mod extend;
mod observe;
mod operator;
mod pages;
mod problem;
mod recovery;
mod standing;
mod swapped;
mod warnings;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

pub use connection::{listen, serve};

use crate::engine::Engine;
use crate::metrics::Metrics;
use crate::settings::{Limits, Settings};
use auth::Callers;
use problem::{Kind, Problem};
use swapped::Jurisdictions;
use warnings::Warnings;

/// The reason why nothing that needs the time is decided.
const CLOCK_IN_DOUBT: &str =
    "the wall clock jumped, and everything that needs the time waits until it is sure";

/// What every answer is made from.
#[derive(Debug)]
pub struct App {
    engine: Arc<Engine>,
    metrics: Arc<Metrics>,
    limits: Limits,
    callers: Callers,
    /// Requests of agencies that are answered at once, and the operator's: neither takes the other's places.
    agencies_in_flight: Semaphore,
    operator_in_flight: Semaphore,
    warnings: Warnings,
    jurisdictions: Jurisdictions,
}

impl App {
    /// An interface to an engine.
    #[must_use]
    pub fn new(engine: Arc<Engine>, metrics: Arc<Metrics>, settings: &Settings) -> Self {
        Self {
            callers: Callers::new(settings, &engine),
            engine,
            metrics,
            limits: settings.limits.clone(),
            agencies_in_flight: Semaphore::new(settings.limits.in_flight),
            operator_in_flight: Semaphore::new(settings.limits.in_flight),
            warnings: Warnings::default(),
            jurisdictions: Jurisdictions::new(
                settings.agencies.iter().filter_map(|caller| caller.agency.jurisdiction.clone()),
            ),
        }
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

    /// What is measured.
    pub(crate) fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// The time; while the wall clock is in doubt, it goes on from where it was.
    fn now(&self) -> Timestamp {
        self.engine.time().now
    }

    /// The time, for what is decided by it: not while the wall clock is in doubt.
    fn sure_now(&self) -> Result<Timestamp, Problem> {
        let reading = self.engine.time();
        if reading.is_sure() {
            return Ok(reading.now);
        }
        Err(Problem::new(Kind::ClockInDoubt, CLOCK_IN_DOUBT))
    }

    /// How long a body may take: less than the whole answer, so that it can be said.
    fn body_within(&self) -> Duration {
        Duration::from_millis(self.limits.answer_seconds.saturating_mul(750))
    }
}

/// All endpoints.
///
/// From outside in: what is observed, what closes the connection, what becomes a problem, how often it
/// may be asked without a token, how long it may take, who asks, how many at once, and the answer.
pub fn router(app: Arc<App>) -> Router {
    let within = Duration::from_secs(app.limits.answer_seconds);
    let operator = Router::new()
        .route("/v1/changes", post(operator::change))
        .route("/v1/due", get(standing::due))
        .route("/v1/events", get(standing::events))
        .route("/v1/requests/{id}/route", get(standing::route))
        .route("/v1/requests/{id}/ask", post(standing::ask))
        .route("/v1/requests/{id}/answers", post(standing::answers))
        .route("/v1/requests/{id}/funnel", get(operator::funnel))
        .route("/v1/requests/{id}/explanation", get(operator::explanation))
        .route("/v1/owners/{id}", get(operator::owner))
        .route("/v1/backup", post(recovery::backup))
        .route("/v1/restored", post(recovery::release))
        .route("/metrics", get(pages::metrics))
        .route_layer(from_fn_with_state(Arc::clone(&app), observe::limit_operator))
        .route_layer(from_fn_with_state(Arc::clone(&app), auth::operator));
    let agency = Router::new()
        .route("/v1/requests", post(agency::submit))
        .route("/v1/requests/{id}", get(agency::receipt))
        .route("/v1/requests/{id}/outcome", get(agency::outcome))
        .route("/v1/outcomes/pools/{pool}", get(agency::pool))
        .route("/v1/requests/{id}/resolve", post(agency::resolve))
        .route("/v1/requests/{id}/withdraw", post(agency::withdraw))
        .route("/v1/requests/{id}/extend", post(extend::extend))
        .route_layer(from_fn_with_state(Arc::clone(&app), observe::limit_agencies))
        .route_layer(from_fn_with_state(Arc::clone(&app), auth::agency));
    let open = Router::new()
        .route("/healthz", get(pages::healthy))
        .route("/readyz", get(pages::ready))
        .route("/problems/{code}", get(pages::problem));
    operator
        .merge(agency)
        .merge(open)
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, within))
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(Arc::clone(&app), auth::without_token))
        .layer(from_fn(observe::problems))
        .layer(from_fn(observe::closing))
        .layer(from_fn_with_state(Arc::clone(&app), observe::observe))
        .with_state(app)
}
