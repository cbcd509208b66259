//! Canvass wired into a service: an embedded database, HTTP, and four planes of callers.
//!
//! The modules in the order in which a request passes them: [`http`] identifies the caller and
//! answers, [`engine`] has the registry and its one writer, [`store`] keeps it. [`settings`]
//! defines callers and limits. The README has the endpoints.

pub mod arguments;
pub mod check;
pub mod clock;
pub mod basemap;
pub mod demo;
pub mod engine;
mod exchange;
pub mod http;
pub mod import;
pub mod logs;
pub mod metrics;
pub mod planes;
pub mod portal;
pub mod record;
pub mod settings;
pub mod store;
pub mod system;
pub mod texts;
pub mod warnings;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use canvass::OwnerId;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::time::MissedTickBehavior;

use engine::{Ended, Engine, StartError, Threads};
use http::App;
use metrics::Metrics;
use planes::CoverageDates;
use settings::Settings;
use store::Opening;
use system::TooFewFiles;

pub use exchange::Hangups;

/// A service that has loaded its data and listens, but does not answer yet.
#[derive(Debug)]
pub struct Service {
    engine: Arc<Engine>,
    threads: Threads,
    listener: TcpListener,
    app: Arc<App>,
    coverage: CoverageDates,
}

/// Why a service cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The stored data cannot be loaded.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The system's limits for this process are too low.
    #[error(transparent)]
    System(#[from] TooFewFiles),
    /// The address cannot be listened on.
    #[error("cannot listen on `{address}`: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        error: std::io::Error,
    },
}

impl Service {
    /// Loads a folder's data, and listens.
    ///
    /// # Errors
    ///
    /// If the folder cannot be opened or read, or the address is taken.
    pub fn start(
        settings: Settings,
        folder: &Path,
        listen: SocketAddr,
    ) -> Result<Self, ServiceError> {
        Self::start_as(settings, folder, &Opening::default(), listen)
    }

    /// As [`start`](Self::start), with options for opening the store.
    ///
    /// # Errors
    ///
    /// If the folder cannot be opened or read, or the address is taken.
    pub fn start_as(
        mut settings: Settings,
        folder: &Path,
        opening: &Opening,
        listen: SocketAddr,
    ) -> Result<Self, ServiceError> {
        settings.limits = system::fitted(settings.limits)?;
        let metrics = Arc::new(Metrics::default());
        let rules = settings.rules();
        let (engine, threads) =
            Engine::start_as(folder, opening, rules, &settings.limits, &metrics)?;
        let refused = |error| ServiceError::Listen { address: listen, error };
        let listener = http::listen(listen).map_err(refused)?;
        let app = Arc::new(App::new(Arc::clone(&engine), metrics, &settings));
        Ok(Self { engine, threads, listener, app, coverage: settings.coverage })
    }

    /// The engine, for the demo to fill.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Lets the demo's neighbours answer, except the owner whom a visitor plays. Call it inside a
    /// runtime.
    pub fn have_neighbours_answer(&self, played: OwnerId) {
        tokio::spawn(demo::neighbours(Arc::downgrade(&self.engine), played));
    }

    /// Exchanges tokens at each SIGHUP, by reading the configuration again. Call it inside a
    /// runtime.
    pub fn exchange_tokens_of(&self, config: PathBuf, hangups: Hangups) {
        tokio::spawn(exchange::at_hangup(Arc::downgrade(&self.app), config, hangups));
    }

    /// The address on which it listens.
    ///
    /// # Errors
    ///
    /// If the system does not return it.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until `stop` resolves, completes the requests in progress, and makes a last
    /// checkpoint.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Ended {
        let Self { engine, threads, listener, app, coverage } = self;
        let clock = tokio::spawn(clock(Arc::downgrade(&engine), app.metrics(), coverage));
        http::serve(listener, Arc::clone(&app), http::planes(&app), stop).await;
        clock.abort();
        engine.stop().await;
        // The store is closed once its last holder is dropped.
        drop(engine);
        let ended = tokio::task::spawn_blocking(|| threads.join()).await;
        ended.unwrap_or(Ended::StoreFailed)
    }
}

/// Gives an engine the time each second, unless it is in doubt: the library has no clock.
async fn clock(engine: Weak<Engine>, metrics: Arc<Metrics>, coverage: CoverageDates) {
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        seconds.tick().await;
        let Some(engine) = engine.upgrade() else { return };
        let reading = engine.time();
        metrics.time(reading);
        // An error means that the writer is stopping, or opens its store again.
        if reading.is_sure() {
            let _ = engine.clock(reading.now).await;
            cover(&engine, coverage, reading.now).await;
        }
    }
}

/// Makes the coverage of a period once it begins. The clock waits meanwhile, in proportion to the
/// registry's size; a request that expires in the meantime asks nobody any more.
async fn cover(engine: &Arc<Engine>, dates: CoverageDates, now: Timestamp) {
    let making = Arc::clone(engine);
    let made = tokio::task::spawn_blocking(move || making.make_coverage(&dates, now)).await;
    match made {
        Ok(Ok(None)) => {}
        Ok(Ok(Some((period, made)))) => {
            if let Err(error) = engine.keep_coverage(period, made).await {
                tracing::warn!(%error, "a coverage was not kept");
            }
        }
        Ok(Err(error)) => tracing::error!(%error, "no coverage can be made"),
        Err(error) => tracing::error!(%error, "making a coverage panicked"),
    }
}
