//! A started service, and a client of it.

mod answers;
mod database;
mod service;

use std::sync::{Mutex, MutexGuard, PoisonError};

use canvass_service::settings::TokenDigest;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

pub use answers::{Answer, answer, get, post, post_keyed};
pub use database::{Table, edit, insert, remove, rows};
pub use service::{Service, command, complained, complaint, complaint_within, told};

pub const OPERATOR: &str = "operator-token-of-the-tests";
pub const FIRST: &str = "token-of-agency-1";
pub const SECOND: &str = "token-of-agency-2";

/// Held by a test that measures: two of them at once would measure each other.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    // Whoever failed with it leaves nothing behind.
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A configuration with two agencies; arguments replace the policy and the limits. The limits on the
/// rates of agencies and owners are high unless the arguments set it.
pub fn config(policy: &Value, limits: &Value) -> Value {
    let hex = |token: &str| TokenDigest::of(token.as_bytes()).hex();
    let agency = |id: u64, token: &str| {
        let record = json!({
            "id": id, "name": format!("Agency {id}"), "kind": "local",
            "jurisdiction": square(-85.5, 40.5, 2.0),
        });
        json!({ "token_sha256": hex(token), "agency": record })
    };
    let mut often = json!({ "agency_requests_per_minute": 10_000_000, "agency_open_requests": 1_000_000,
            "owner_requests_per_minute": 10_000_000 });
    if let (Some(all), Some(given)) = (often.as_object_mut(), limits.as_object()) {
        all.extend(given.clone());
    }
    let mut in_zone = json!({ "quiet_hours": { "zone": "UTC" } });
    if let (Some(all), Some(given)) = (in_zone.as_object_mut(), policy.as_object()) {
        all.extend(given.clone());
    }
    json!({
        "operator_token_sha256": hex(OPERATOR),
        "agencies": [agency(1, FIRST), agency(2, SECOND)],
        "policy": in_zone, "limits": often,
        // Most tests are about the owners asked, not about their letters; `noticed` approves
        // notices here.
        "notices": { "approval": "elsewhere" },
        // The host in requests that a test writes by hand.
        "hosts": { "programs": ["x"] },
    })
}

/// A square, given by its south-west corner.
pub fn square(west: f64, south: f64, side: f64) -> Value {
    let (east, north) = (west + side, south + side);
    json!({ "type": "Polygon", "coordinates": [[
        [west, south], [east, south], [east, north], [west, north], [west, south]
    ]] })
}

/// A request of agency 1 about the last hours.
pub fn request(case: &str, area: &Value) -> Value {
    let ago = |hours| {
        let at = Timestamp::now() - SignedDuration::from_hours(hours);
        Timestamp::from_second(at.as_second()).unwrap().to_string()
    };
    json!({
        "agency": 1, "incident": "burglary", "area": area, "case_reference": case,
        "contact": "desk@example.org", "window": { "start": ago(5), "end": ago(3) },
    })
}

/// Registers a camera of an owner who agreed.
pub fn agreed(owner: u64, lon: f64, lat: f64) -> [Value; 2] {
    [
        json!({ "register": { "id": owner, "owner": owner, "position": [lon, lat],
            "recording": { "kept_days": 60 } } }),
        json!({ "set_consent": { "owner": owner, "consent": { "standing": "granted" } } }),
    ]
}
