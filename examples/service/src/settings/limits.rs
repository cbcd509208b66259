//! The service's limits, their defaults and their check.

use serde::{Deserialize, Serialize};

/// The longest span of a limit or of a period, 136 years: instants that are so far ahead can still be computed, and
/// timers take it.
pub(super) const MOST_SECONDS: u64 = u32::MAX as u64;
/// The longest time for which keys are remembered: a year.
const MOST_KEY_HOURS: u64 = 366 * 24;

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
    /// The most requests of one owner that are answered at once, including bodies that still
    /// arrive.
    pub owner_in_flight: usize,
    /// The most requests of one owner in a minute.
    pub owner_requests_per_minute: u32,
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
            owner_in_flight: 16,
            owner_requests_per_minute: 120,
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

impl Limits {
    /// Refuses limits that would let nothing pass, or that timers and semaphores cannot hold.
    pub(super) fn check(&self) -> Result<(), String> {
        let many = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let needed = [
            ("changes_body_bytes", self.changes_body_bytes),
            ("changes_per_list", self.changes_per_list),
            ("body_bytes", self.body_bytes),
            ("vertices", self.vertices),
            ("answer_seconds", many(self.answer_seconds)),
            ("head_seconds", many(self.head_seconds)),
            ("write_seconds", many(self.write_seconds)),
            ("in_flight", self.in_flight),
            ("connections", self.connections),
            ("connections_per_address", self.connections_per_address),
            ("without_token_per_second", many(self.without_token_per_second.into())),
            ("agency_in_flight", self.agency_in_flight),
            ("agency_requests_per_minute", many(self.agency_requests_per_minute.into())),
            ("agency_open_requests", self.agency_open_requests),
            ("agency_stored_bytes", many(self.agency_stored_bytes)),
            ("owner_in_flight", self.owner_in_flight),
            ("owner_requests_per_minute", many(self.owner_requests_per_minute.into())),
            ("text_characters", self.text_characters),
            ("checkpoint_revisions", many(self.checkpoint_revisions)),
            ("checkpoint_bytes", many(self.checkpoint_bytes)),
            ("checkpoint_seconds", many(self.checkpoint_seconds)),
            ("transaction_bytes", self.transaction_bytes),
            ("database_cache_bytes", self.database_cache_bytes),
            ("look_again_seconds", many(self.look_again_seconds)),
            ("key_hours", many(self.key_hours)),
        ];
        if let Some((name, _)) = needed.iter().find(|&&(_, limit)| limit == 0) {
            return Err(format!("limit `{name}` is 0, so that nothing would be accepted"));
        }
        // A triangle has three corners, and the first one again.
        if self.vertices < 4 {
            let vertices = self.vertices;
            return Err(format!(
                "limit `vertices` is {vertices}, so that no area is read; at least 4"
            ));
        }
        // Semaphores accept as many, and more are not possible.
        let most = many(u64::from(u32::MAX));
        let counts = ["in_flight", "connections", "agency_in_flight", "owner_in_flight"];
        let may_be_zero = [
            ("clock_settle_seconds", many(self.clock_settle_seconds)),
            ("drain_seconds", many(self.drain_seconds)),
        ];
        let bound = |name: &str| match name {
            "key_hours" => many(MOST_KEY_HOURS),
            _ if name.ends_with("_seconds") => many(MOST_SECONDS),
            _ if counts.contains(&name) => most,
            _ => usize::MAX,
        };
        match needed.iter().chain(&may_be_zero).find(|&&(name, limit)| limit > bound(name)) {
            Some((name, limit)) => {
                Err(format!("limit `{name}` is {limit}; at most {}", bound(name)))
            }
            None => Ok(()),
        }
    }
}
