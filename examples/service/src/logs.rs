//! Log lines, to standard error. No line has a position, an owner or a token: no code passes them
//! to the log.

use std::io::IsTerminal;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt, registry};

use crate::arguments::LogFormat;

/// Starts logging. With `CANVASS_LOG=debug` each answer is logged.
pub fn start(format: LogFormat) {
    let level = std::env::var("CANVASS_LOG").ok();
    let level = level.and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let colours = std::io::stderr().is_terminal();
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(false).with_ansi(colours);
    let lines = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    // A second start has no effect: tests of one process share the first.
    let _ = registry().with(lines.with_filter(level)).try_init();
}
