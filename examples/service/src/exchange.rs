//! Exchanges tokens without a restart: SIGHUP reads the configuration again, and new tokens in it
//! replace the old ones. All other settings need a restart.

use std::path::{Path, PathBuf};
use std::sync::Weak;

use crate::http::App;
use crate::settings::Settings;

/// Exchanges tokens at each SIGHUP, for as long as the service runs.
pub(crate) async fn at_hangup(app: Weak<App>, config: PathBuf) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut hangups = match signal(SignalKind::hangup()) {
            Ok(hangups) => hangups,
            Err(error) => return tracing::error!(%error, "SIGHUP cannot be listened to"),
        };
        while hangups.recv().await.is_some() {
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
    #[cfg(not(unix))]
    drop((app, config));
}
