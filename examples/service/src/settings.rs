//! The configuration: callers, the policy, and the limits. Read once, at start.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use canvass::outcome::ReleaseMode;
use canvass::{Agency, Policy};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::engine::Rules;
use crate::planes::{CoverageDates, Hosts, LogDates, Notices};
use crate::portal::Portal;
use crate::record::Record;
use crate::texts;

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

/// The service's limits and intervals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The largest body of changes in bytes.
    pub changes_body_bytes: usize,
    /// The most changes in one list.
    pub changes_per_list: usize,
    /// The largest body of any other request in bytes.
    pub body_bytes: usize,
    /// The most vertices of an area that is read at all, including those that close rings. A policy
    /// allows fewer.
    pub vertices: usize,
    /// The seconds within which a request must be answered, counted from its head.
    pub answer_seconds: u64,
    /// The seconds within which a connection must send a head.
    pub head_seconds: u64,
    /// The seconds for which a connection may take nothing of an answer; after that it must take 64
    /// KiB a second on average.
    pub write_seconds: u64,
    /// The most requests of agencies that are answered at once, and as many of the operator's;
    /// further ones are refused.
    pub in_flight: usize,
    /// The most connections at once; further ones wait.
    pub connections: usize,
    /// The most connections of one address (an IPv4 address, or the first 64 bits of an IPv6
    /// address); further ones are refused. Behind a proxy, all have the proxy's address.
    pub connections_per_address: usize,
    /// The most requests of one address in a second without a valid token, such as health checks.
    pub without_token_per_second: u32,
    /// The most requests of one agency that are answered at once, including bodies that still
    /// arrive.
    pub agency_in_flight: usize,
    /// The most requests of one agency in a minute.
    pub agency_requests_per_minute: u32,
    /// The most requests for footage of one agency that are open at once.
    pub agency_open_requests: usize,
    /// The most bytes stored for good for one agency (the README defines the charges).
    pub agency_stored_bytes: u64,
    /// The most characters of a case reference, a contact, or an agency's name.
    pub text_characters: usize,
    /// The revisions after which a checkpoint is made; the log has at most about four times as
    /// many.
    pub checkpoint_revisions: u64,
    /// The bytes of changes in the log after which one is made, likewise.
    pub checkpoint_bytes: u64,
    /// The seconds after which one is made if there was any change.
    pub checkpoint_seconds: u64,
    /// About the most bytes of tiles that one transaction of a checkpoint writes: while it lasts,
    /// no change is committed.
    pub transaction_bytes: usize,
    /// The most bytes of the database's cache.
    pub database_cache_bytes: usize,
    /// The seconds after which a wall clock that jumped is believed.
    pub clock_settle_seconds: u64,
    /// The least hours for which an idempotency key is stored.
    pub key_hours: u64,
    /// The seconds after which all open requests are examined again, for effects of time.
    pub look_again_seconds: u64,
    /// The seconds that requests may take to finish when the service stops.
    pub drain_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            changes_body_bytes: 8 << 20,
            changes_per_list: 50_000,
            body_bytes: 256 << 10,
            vertices: 10_000,
            answer_seconds: 10,
            head_seconds: 5,
            write_seconds: 10,
            in_flight: 1024,
            connections: 4096,
            connections_per_address: 1024,
            without_token_per_second: 50,
            agency_in_flight: 64,
            agency_requests_per_minute: 600,
            agency_open_requests: 1000,
            agency_stored_bytes: 256 << 20,
            text_characters: 200,
            checkpoint_revisions: 10_000,
            checkpoint_bytes: 64 << 20,
            checkpoint_seconds: 60,
            transaction_bytes: 4 << 20,
            database_cache_bytes: 1 << 30,
            clock_settle_seconds: 300,
            key_hours: 7 * 24,
            look_again_seconds: 3600,
            drain_seconds: 20,
        }
    }
}

/// The SHA-256 of a token, which is compared and stored in its place.
///
/// Tokens are long and random, so a plain digest is enough: nobody can try all of them. Comparison
/// takes constant time.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// The digest of a token.
    #[must_use]
    pub fn of(token: &[u8]) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// The digest in hexadecimal, as in a configuration.
    #[must_use]
    pub fn hex(&self) -> String {
        self.0.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
    }

    /// The digest with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(&self) -> [u8; 32] {
        self.0
    }

    /// Whether two digests are equal, in constant time.
    #[must_use]
    pub fn same(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest")
    }
}

impl TryFrom<String> for TokenDigest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const BAD: &str = "the SHA-256 of a token is 64 hexadecimal digits";
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return Err(BAD) };
        let digest: &[[u8; 2]; 32] = pairs.try_into().map_err(|_| BAD)?;
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let mut bytes = [0; 32];
        for (byte, &[high, low]) in bytes.iter_mut().zip(digest) {
            *byte = digit(high).ok_or(BAD)? << 4 | digit(low).ok_or(BAD)?;
        }
        Ok(Self(bytes))
    }
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
        let Wire { operator_token_sha256: operator, agencies, policy, outcomes, limits, .. } = wire;
        let policy = policy.ok_or(NO_POLICY)?;
        let agencies: Vec<_> = agencies.into_iter().map(|Record(caller)| caller).collect();
        let Record(limits) = limits;
        let mut tokens = BTreeSet::from([operator.0]);
        let mut ids = BTreeSet::new();
        for Caller { token_sha256, agency } in &agencies {
            texts::check(&agency.name, limits.text_characters)
                .map_err(|error| format!("the name of agency `{}` {error}", agency.id))?;
            if !tokens.insert(token_sha256.0) {
                return Err(format!("the token of agency `{}` is somebody else's too", agency.id));
            }
            if !ids.insert(agency.id) {
                return Err(format!("agency `{}` occurs twice", agency.id));
            }
        }
        let many = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let needed = [
            ("changes_body_bytes", limits.changes_body_bytes),
            ("changes_per_list", limits.changes_per_list),
            ("body_bytes", limits.body_bytes),
            ("vertices", limits.vertices),
            ("answer_seconds", many(limits.answer_seconds)),
            ("head_seconds", many(limits.head_seconds)),
            ("write_seconds", many(limits.write_seconds)),
            ("in_flight", limits.in_flight),
            ("connections", limits.connections),
            ("connections_per_address", limits.connections_per_address),
            ("without_token_per_second", many(limits.without_token_per_second.into())),
            ("agency_in_flight", limits.agency_in_flight),
            ("agency_requests_per_minute", many(limits.agency_requests_per_minute.into())),
            ("agency_open_requests", limits.agency_open_requests),
            ("agency_stored_bytes", many(limits.agency_stored_bytes)),
            ("text_characters", limits.text_characters),
            ("checkpoint_revisions", many(limits.checkpoint_revisions)),
            ("checkpoint_bytes", many(limits.checkpoint_bytes)),
            ("checkpoint_seconds", many(limits.checkpoint_seconds)),
            ("transaction_bytes", limits.transaction_bytes),
            ("database_cache_bytes", limits.database_cache_bytes),
            ("key_hours", many(limits.key_hours)),
        ];
        if let Some((name, _)) = needed.iter().find(|&&(_, limit)| limit == 0) {
            return Err(format!("limit `{name}` is 0, so that nothing would be accepted"));
        }
        // More than is possible of either, and as many as semaphores and timers accept.
        let most = many(u64::from(u32::MAX));
        let bounded =
            ["head_seconds", "write_seconds", "in_flight", "connections", "agency_in_flight"];
        let too_large = |&&(name, limit): &&(&str, usize)| bounded.contains(&name) && limit > most;
        match needed.iter().find(too_large) {
            Some((name, limit)) => Err(format!("limit `{name}` is {limit}; at most {most}")),
            None => Ok(Self {
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
            }),
        }
    }
}
