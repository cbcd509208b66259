//! The configuration: callers, the policy, and the limits. Read once, at start.

mod limits;
mod token_digest;

use std::collections::BTreeSet;
use std::path::Path;

use canvass::coverage::Coverage;
use canvass::outcome::ReleaseMode;
use canvass::{Agency, Policy};
use serde::Deserialize;

use crate::engine::Rules;
use crate::planes::{CoverageDates, Hosts, LogDates, Notices};
use crate::portal::Portal;
use crate::record::Record;
use crate::texts;

pub use limits::Limits;
use limits::MOST_SECONDS;
pub use token_digest::TokenDigest;

/// The configuration, validated.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Record<Wire>")]
pub struct Settings {
    /// The operator's token.
    pub operator: TokenDigest,
    /// The agencies, each with its token.
    // INVARIANT: no agency and no token occurs twice.
    pub agencies: Vec<Caller>,
    /// The operator's limits on requests.
    pub policy: Policy,
    /// How answers to requests are released.
    pub outcomes: ReleaseMode,
    /// The service's limits.
    pub limits: Limits,
    /// The names of the planes' hosts.
    pub hosts: Hosts,
    /// The wording and the approval of notices.
    pub notices: Notices,
    /// How often a batch of the audit log is closed.
    pub log: LogDates,
    /// How often coverage is made.
    pub coverage: CoverageDates,
    /// The set-up of the pages, which is not in the configuration's file.
    pub portal: Portal,
}

/// An agency with its token.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caller {
    /// The SHA-256 of its bearer token in hexadecimal.
    pub token_sha256: TokenDigest,
    /// The operator's record of it.
    pub agency: Agency,
}

/// Why there is no valid configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read `{path}`: {error}")]
    Unread {
        /// The file.
        path: String,
        /// The system's reason.
        error: std::io::Error,
    },
    /// The file is not a configuration.
    #[error("`{path}` is no configuration: {error}")]
    Invalid {
        /// The file.
        path: String,
        /// The reason.
        error: serde_json::Error,
    },
}

impl Settings {
    /// The engine's rules.
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules {
            policy: self.policy.clone(),
            agencies: self.agencies.iter().map(|caller| caller.agency.clone()).collect(),
            release: self.outcomes,
            notices_needed: self.notices.approval == crate::planes::Approval::Here,
            log_seconds: self.log.seconds,
        }
    }

    /// Reads a configuration from a JSON file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or its content is invalid.
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        let shown = || path.display().to_string();
        let text =
            std::fs::read(path).map_err(|error| SettingsError::Unread { path: shown(), error })?;
        serde_json::from_slice(&text)
            .map_err(|error| SettingsError::Invalid { path: shown(), error })
    }
}

/// The message where a configuration has no policy: the library's has no zone that suits everybody.
const NO_POLICY: &str = "`policy` is missing: it names at least the zone of owners who named none, such as \
                         `\"policy\": {\"quiet_hours\": {\"zone\": \"America/Denver\"}}`";

/// The configuration's file form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    operator_token_sha256: TokenDigest,
    #[serde(default)]
    agencies: Vec<Record<Caller>>,
    policy: Option<Policy>,
    #[serde(default = "alone")]
    outcomes: ReleaseMode,
    #[serde(default)]
    limits: Record<Limits>,
    #[serde(default)]
    hosts: Hosts,
    #[serde(default)]
    notices: Notices,
    #[serde(default)]
    coverage: CoverageDates,
    #[serde(default)]
    log: LogDates,
}

fn alone() -> ReleaseMode {
    ReleaseMode::Alone
}

impl TryFrom<Record<Wire>> for Settings {
    type Error = String;

    fn try_from(Record(wire): Record<Wire>) -> Result<Self, Self::Error> {
        let hosts = wire.hosts.checked()?;
        let notices =
            wire.notices.checked().map_err(|error| format!("`notices.template`: {error}"))?;
        let (coverage, log) = (wire.coverage, wire.log);
        if log.seconds == 0 {
            return Err("`log.seconds` is 0, so that no period would begin".to_owned());
        }
        if coverage.seconds == Some(0) {
            return Err("`coverage.seconds` is 0, so that no period would begin".to_owned());
        }
        for (name, seconds) in [("log", Some(log.seconds)), ("coverage", coverage.seconds)] {
            if let Some(seconds) = seconds.filter(|&seconds| seconds > MOST_SECONDS) {
                return Err(format!("`{name}.seconds` is {seconds}; at most {MOST_SECONDS}"));
            }
        }
        let finest = u8::from(Coverage::FINEST);
        for (name, resolution, range) in
            [("coverage", coverage.resolution, 0..=finest), ("notices", notices.resolution, 5..=8)]
        {
            if !range.contains(&resolution) {
                let (first, last) = range.into_inner();
                return Err(format!(
                    "`{name}.resolution` is {resolution}; from {first}, the coarsest, to {last}"
                ));
            }
        }
        let least = Coverage::LEAST_HOUSEHOLDS;
        if coverage.min_households < least {
            let given = coverage.min_households;
            return Err(format!("`coverage.min_households` is {given}; at least {least}"));
        }
        let Wire { operator_token_sha256: operator, agencies, policy, outcomes, limits, .. } = wire;
        let policy = policy.ok_or(NO_POLICY)?;
        let agencies: Vec<_> = agencies.into_iter().map(|Record(caller)| caller).collect();
        let Record(limits) = limits;
        let mut tokens = BTreeSet::from([operator.bytes()]);
        let mut ids = BTreeSet::new();
        for Caller { token_sha256, agency } in &agencies {
            texts::check(&agency.name, limits.text_characters)
                .map_err(|error| format!("the name of agency `{}` {error}", agency.id))?;
            if !tokens.insert(token_sha256.bytes()) {
                return Err(format!("the token of agency `{}` is somebody else's too", agency.id));
            }
            if !ids.insert(agency.id) {
                return Err(format!("agency `{}` occurs twice", agency.id));
            }
        }
        limits.check()?;
        Ok(Self {
            operator,
            agencies,
            policy,
            outcomes,
            limits,
            hosts,
            notices,
            coverage,
            log,
            portal: Portal::default(),
        })
    }
}
