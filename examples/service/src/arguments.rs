//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use lexopt::{Arg, ValueExt};

use crate::store::Opening;

/// The text of `--help`.
pub const HELP: &str = "\
Stores cameras and consents, and finds the owners to ask. For the operator, agencies and owners.

Usage: canvass-service --config FILE --data FOLDER [options]
       canvass-service --demo [options]

  --config FILE       callers, policy and limits, as JSON (see the README)
  --data FOLDER       the folder for all data; it is made if it is missing
  --import FILE       applies a file of changes, reports its progress, and ends: each line a change,
                      an array of changes, or a page of `GET /v1/export`
  --skip LINES        continues an import after this many lines [default: 0]
  --demo              runs a made-up town in a temporary folder, and prints a link to its pages. Only
                      on this machine's own addresses
  --map FILE          streets for the pages to draw on: GeoJSON features with the property `kind`,
                      which is water, park, road or building
  --check             reads configuration and store as a start would, describes them, and ends
  --mark FILE         the file with the number of the last acknowledged commit; on another disk it
                      detects a folder that was put back whole [default: canvass.mark in FOLDER]
  --restore           starts with an old copy of the store, or one without its mark; nobody is asked
                      until POST /v1/restored has named the withdrawals since
  --listen ADDRESS    the address to listen on; port 0 takes a free one [default: 127.0.0.1:8787]
  --log FORMAT        `text` or `json`, to standard error [default: text]
  -V, --version       the version
  -h, --help          this

The first line on standard output is `listening on ADDRESS`, once requests are answered. SIGTERM and
Ctrl-C stop it: it accepts no more requests, completes those in progress, and makes a last checkpoint.
Exit codes: 0 stopped by a signal, 1 cannot continue or the store failed, 2 an invalid command line or
configuration.
";

/// The task that the command line describes.
#[derive(Clone, Debug)]
pub enum Asked {
    /// Print the help text.
    Help,
    /// Print the version.
    Version,
    /// Run a service.
    Run(Arguments),
}

/// A service to run.
#[derive(Clone, Debug)]
pub struct Arguments {
    /// The source of configuration and data.
    pub source: Source,
    /// Whether to check the data only, without a start.
    pub check: bool,
    /// The way to open the store.
    pub opening: Opening,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The format of the log.
    pub log: LogFormat,
    /// The map of streets that the pages draw on.
    pub map: Option<PathBuf>,
    /// A file to import, and the number of its lines to skip; with it nothing listens.
    pub import: Option<(PathBuf, u64)>,
}

/// The source of configuration and data.
#[derive(Clone, Debug)]
pub enum Source {
    /// A made-up town.
    Demo,
    /// The operator's.
    Kept {
        /// The configuration's file.
        config: PathBuf,
        /// The store's folder.
        data: PathBuf,
    },
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

/// A command line that cannot be read.
#[derive(Clone, Debug, thiserror::Error)]
#[error("command line: {0} (see --help)")]
pub struct BadArguments(String);

impl Arguments {
    /// Reads a command line, without the program's name.
    ///
    /// # Errors
    ///
    /// If an option is unknown, missing, or has a value that it cannot have.
    pub fn read(
        words: impl IntoIterator<Item = std::ffi::OsString>,
    ) -> Result<Asked, BadArguments> {
        let (mut config, mut data, mut demo, mut map) = (None, None, false, None);
        let (mut import, mut skip) = (None, 0);
        let (mut check, mut opening) = (false, Opening::default());
        let (mut listen, mut log) = (SocketAddr::from(([127, 0, 0, 1], 8787)), LogFormat::Text);
        let mut parser = lexopt::Parser::from_args(words);
        while let Some(argument) = parser.next().map_err(bad)? {
            match argument {
                Arg::Long("config") => config = Some(parser.value().map_err(bad)?.into()),
                Arg::Long("data") => data = Some(parser.value().map_err(bad)?.into()),
                Arg::Long("demo") => demo = true,
                Arg::Long("check") => check = true,
                Arg::Long("mark") => opening.mark = Some(parser.value().map_err(bad)?.into()),
                Arg::Long("restore") => opening.restore = true,
                Arg::Long("map") => map = Some(parser.value().map_err(bad)?.into()),
                Arg::Long("import") => import = Some(parser.value().map_err(bad)?.into()),
                Arg::Long("skip") => {
                    skip = parser.value().and_then(|value| value.parse()).map_err(bad)?;
                }
                Arg::Long("listen") => {
                    listen = parser.value().and_then(|value| value.parse()).map_err(bad)?;
                }
                Arg::Long("log") => {
                    log = match parser.value().and_then(ValueExt::string).map_err(bad)?.as_str() {
                        "text" => LogFormat::Text,
                        "json" => LogFormat::Json,
                        other => {
                            return Err(complaint(format!("--log: `{other}` is not text or json")));
                        }
                    }
                }
                Arg::Long("version") | Arg::Short('V') => return Ok(Asked::Version),
                Arg::Long("help") | Arg::Short('h') => return Ok(Asked::Help),
                other => return Err(bad(other.unexpected())),
            }
        }
        if demo && (check || opening.restore || opening.mark.is_some()) {
            return Err(complaint("--demo takes none of --check, --mark and --restore"));
        }
        let source = match (demo, config, data) {
            (true, None, None) if import.is_none() && listen.ip().is_loopback() => Source::Demo,
            (true, None, None) if import.is_none() => {
                return Err(complaint("--demo listens on this machine's own addresses only"));
            }
            (true, ..) => {
                return Err(complaint("--demo takes none of --config, --data and --import"));
            }
            (false, Some(config), Some(data)) => Source::Kept { config, data },
            (false, None, _) => return Err(complaint("--config is missing")),
            (false, _, None) => return Err(complaint("--data is missing")),
        };
        let import = import.map(|import| (import, skip));
        Ok(Asked::Run(Self { source, check, opening, listen, log, map, import }))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "so that it fits `map_err`")]
fn bad(error: lexopt::Error) -> BadArguments {
    complaint(error.to_string())
}

fn complaint(what: impl Into<String>) -> BadArguments {
    BadArguments(what.into())
}
