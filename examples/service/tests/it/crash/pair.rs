//! Two owners of whom exactly one agreed at any time: a partly applied list would show.

use serde_json::{Value, json};

/// Two owners of whom exactly one agreed at any time, with a stamp on the cameras of both.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    pub number: u64,
    pub acknowledged: u64,
    pub sent: u64,
}

impl Pair {
    pub fn owners(self) -> [u64; 2] {
        [2 * self.number + 10, 2 * self.number + 11]
    }

    /// A list of changes that stamps both owners' cameras, and lets the other owner agree.
    pub fn list(self, stamp: u64) -> Value {
        let mut list = Vec::new();
        for (place, owner) in (0..).zip(self.owners()) {
            // The cameras move from one city to another and back, so that tiles appear and vanish.
            let lon = if stamp.is_multiple_of(3) { -84.9 } else { -84.0 };
            let camera = json!({
                "id": owner, "owner": owner, "position": [lon, 41.1 + 0.0001 * self.number as f64],
                "recording": { "kept_days": stamp },
            });
            let verb = if stamp == 1 { "register" } else { "replace" };
            list.push(json!({ verb: camera }));
            list.push(if stamp % 2 == place {
                json!({ "set_consent": { "owner": owner, "consent": { "standing": "granted" } } })
            } else {
                json!({ "withdraw": { "owner": owner } })
            });
        }
        json!(list)
    }
}
