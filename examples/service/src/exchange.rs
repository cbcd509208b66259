//! Exchanges tokens without a restart: SIGHUP reads the configuration again, and new tokens in it
//! replace the old ones. All other settings need a restart.

use std::path::{Path, PathBuf};
use std::sync::Weak;

use crate::http::App;
use crate::settings::Settings;

/// The signals to read the configuration again.
#[derive(Debug)]
pub struct Hangups {
    #[cfg(unix)]
    signals: tokio::signal::unix::Signal,
}

impl Hangups {
    /// Listens to SIGHUP, which from then on no longer ends the process. Call it inside a runtime,
    /// before the store is loaded.
    ///
    /// # Errors
    ///
    /// If the system does not allow it.
    pub fn listen() -> std::io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self { signals: signal(SignalKind::hangup())? })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    async fn next(&mut self) -> Option<()> {
        #[cfg(unix)]
        return self.signals.recv().await;
        #[cfg(not(unix))]
        None
    }
}

/// Exchanges tokens at each SIGHUP, for as long as the service runs.
pub(crate) async fn at_hangup(app: Weak<App>, config: PathBuf, mut hangups: Hangups) {
    while hangups.next().await.is_some() {
        let Some(app) = app.upgrade() else { return };
        let path = config.clone();
        let read = tokio::task::spawn_blocking(move || Settings::read(Path::new(&path))).await;
        match read {
            Ok(Ok(settings)) => app.exchange(&settings),
            Ok(Err(error)) => tracing::error!(%error, "tokens stay as they are"),
            Err(error) => tracing::error!(%error, "reading the configuration panicked"),
        }
    }
}
