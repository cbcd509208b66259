//! The other owners of the demo: they answer at random, so that an evening has an outcome.

use std::sync::Weak;
use std::time::Duration;

use canvass::outcome::Answer;
use canvass::{OwnerId, RequestId};
use serde::Deserialize;

use crate::engine::Engine;

/// One in this many neighbours shares.
const ONE_SHARES_OF: u64 = 8;

/// The part of an event that is needed to answer it.
#[derive(Deserialize)]
struct Happened {
    sequence: u64,
    id: RequestId,
    step: serde_json::Value,
}

/// Answers for all owners who are asked, except the one a visitor plays, while the engine exists.
pub async fn neighbours(engine: Weak<Engine>, played: OwnerId) {
    let mut seen = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let Some(engine) = engine.upgrade() else { return };
        let events = match engine.events(seen) {
            Ok(events) => events,
            Err(error) => return tracing::error!(%error, "the neighbours cannot read events"),
        };
        for event in events {
            let Ok(event) = serde_json::from_str::<Happened>(event.get()) else { continue };
            seen = event.sequence;
            let answers = answers(&event, played);
            if answers.is_empty() {
                continue;
            }
            let now = engine.time().now;
            if let Err(error) = engine.report(event.id, answers, now, None).await {
                tracing::debug!(%error, "the neighbours were too late");
            }
        }
    }
}

fn answers(event: &Happened, played: OwnerId) -> Vec<(OwnerId, Answer)> {
    let owners = event.step.get("asked").and_then(|asked| asked.get("owners"));
    let owners = owners.and_then(|owners| Vec::<OwnerId>::deserialize(owners).ok());
    let others = owners.into_iter().flatten().filter(|&owner| owner != played);
    others
        .map(|owner| {
            // The same die for the same neighbour and request.
            let roll =
                (owner.0 ^ event.id.0.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
            let shares = roll.is_multiple_of(ONE_SHARES_OF);
            (owner, if shares { Answer::Shared } else { Answer::Declined })
        })
        .collect()
}
