//! A small town that does not exist, for `--demo`: houses along a grid of streets, cameras at most
//! of them, and what their owners said.

use std::error::Error;

use canvass::error::PositionError;
use canvass::{
    AgencyId, Camera, CameraId, Change, Consent, IncidentKind, OwnerId, Position, Recording, Scope,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::engine::Engine;
use crate::settings::{Settings, TokenDigest};

/// The demo's tokens. They open nothing but the demo, which listens on this machine alone.
const OPERATOR: &str = "demo-operator";
const AGENCY: &str = "demo-agency";
const OWNER: &str = "demo-owner";

/// The owner whose token that is.
const ADA: OwnerId = OwnerId(425);

/// The town's south-west corner in units of 1e-7 degree.
const CORNER: (i32, i32) = (-849_600_000, 411_200_000);
/// Houses from west to east and from south to north, and how far apart they are.
const HOUSES: (u64, u64) = (32, 40);
const STEP: (u64, u64) = (4200, 2700);

/// The demo's configuration: one operator, one agency, the default policy.
///
/// # Errors
///
/// If the configuration cannot be: it is always the same, so that would be a mistake in it.
pub fn settings() -> Result<Settings, serde_json::Error> {
    let digest = |token: &str| {
        let hex = TokenDigest::of(token.as_bytes()).hex();
        json!(hex)
    };
    let (west, south, east, north) = (-84.97, 41.11, -84.92, 41.16);
    serde_json::from_value(json!({
        "operator_token_sha256": digest(OPERATOR),
        "agencies": [{
            "token_sha256": digest(AGENCY),
            "agency": {
                "id": 1, "name": "Example Police Department", "kind": "local",
                "jurisdiction": { "type": "Polygon", "coordinates": [[
                    [west, south], [east, south], [east, north], [west, north], [west, south]
                ]] }
            }
        }],
    }))
}

/// Registers the town, and says what to try.
///
/// # Errors
///
/// If the town cannot be registered.
pub async fn fill(engine: &Engine) -> Result<String, Box<dyn Error>> {
    let now = Timestamp::now();
    let changes = town(now)?;
    let cameras = changes.iter().filter(|c| matches!(c, Change::Register(_))).count();
    let json = serde_json::to_vec(&changes)?;
    engine.apply(changes, json, now, None).await?;
    engine.give_token(ADA, OWNER).await?;
    let hour = SignedDuration::from_hours(1);
    let (from, to) = (rounded(now - hour * 5), rounded(now - hour * 3));
    Ok(format!(
        "a town of {cameras} cameras; stop with Ctrl-C. To try:\n\n\
         # an agency asks, and gets a receipt\n\
         curl -s http://ADDRESS/v1/requests -H 'Authorization: Bearer {AGENCY}' -H 'Content-Type: application/json' -d \
         '{{\"agency\":1,\"incident\":\"burglary\",\"case_reference\":\"26-0117\",\"contact\":\"desk@example.org\",\
         \"window\":{{\"start\":\"{from}\",\"end\":\"{to}\"}},\"area\":{{\"type\":\"Polygon\",\"coordinates\":\
         [[[-84.957,41.1215],[-84.9485,41.1225],[-84.949,41.1285],[-84.9575,41.1275],[-84.957,41.1215]]]}}}}'\n\n\
         # the operator sees whom to ask (put the receipt's id in place of ID), and why\n\
         curl -s http://ADDRESS/v1/requests/ID/route -H 'Authorization: Bearer {OPERATOR}'\n\
         curl -s http://ADDRESS/v1/requests/ID/funnel -H 'Authorization: Bearer {OPERATOR}'\n\n\
         # nobody is asked before a reviewer has approved a notice, with which a bulletin is published\n\
         curl -s http://ADDRESS/v1/requests/ID/notice -H 'Authorization: Bearer {OPERATOR}' -H 'Content-Type: \
         application/json' -d '{{\"template\":\"{{agency}} asks for footage of {{window}}, case {{case}}. To share is \
         voluntary, and this is not a warrant. {{stop}}\",\"stop\":\"To stop being asked, reply STOP.\",\
         \"public_text\":\"A home was entered.\",\"reviewer\":\"J. Hill\",\"approve\":true}}'\n\
         curl -s http://ADDRESS/v1/bulletins\n\n\
         # whom it hands over is asked, once: nobody is due any more\n\
         curl -s http://ADDRESS/v1/requests/ID/ask -H 'Authorization: Bearer {OPERATOR}' -H 'Content-Type: application/json' \
         -d '{{}}'\n\
         curl -s 'http://ADDRESS/v1/events?after=0' -H 'Authorization: Bearer {OPERATOR}'\n\n\
         # owner {ADA} looks at what reached them, and finds out from the log whether they were asked\n\
         curl -s http://ADDRESS/v1/me/requests -H 'Authorization: Bearer {OWNER}'\n\
         curl -s http://ADDRESS/v1/me/log -H 'Authorization: Bearer {OWNER}'\n\n\
         # an owner withdraws, and is in no route any more\n\
         curl -s http://ADDRESS/v1/changes -H 'Authorization: Bearer {OPERATOR}' -H 'Content-Type: application/json' \
         -d '[{{\"withdraw\":{{\"owner\":425}}}}]'\n\n\
         # the agency may not see the route; what is measured\n\
         curl -s http://ADDRESS/v1/requests/ID/route -H 'Authorization: Bearer {AGENCY}'\n\
         curl -s http://ADDRESS/metrics -H 'Authorization: Bearer {OPERATOR}'\n\n"
    ))
}

fn rounded(instant: Timestamp) -> Timestamp {
    Timestamp::from_second(instant.as_second()).unwrap_or(instant)
}

fn town(now: Timestamp) -> Result<Vec<Change>, PositionError> {
    let days = |days: i64| now + SignedDuration::from_hours(24 * days);
    let mut dice = Dice(20_260_504);
    let mut changes = Vec::new();
    for (owner, house) in (1..).map(OwnerId).zip(0..HOUSES.0 * HOUSES.1) {
        if dice.below(3) == 0 {
            continue;
        }
        let (x, y) = (house % HOUSES.0, house / HOUSES.0);
        let place =
            |corner: i32, offset: u64| corner.saturating_add(i32::try_from(offset).unwrap_or(0));
        // Every eighth street is wider.
        let (lon, lat) = ((x + x / 8) * STEP.0, (y + y / 8) * STEP.1);
        for camera in 0..if dice.below(8) == 0 { 2 } else { 1 } {
            changes.push(Change::Register(Camera {
                id: CameraId(10 * owner.0 + camera),
                owner,
                position: Position::from_e7(
                    place(CORNER.0, lon + dice.below(900)),
                    place(CORNER.1, lat + dice.below(700)),
                )?,
                recording: Recording::kept_for_days(if dice.below(4) == 0 { 7 } else { 60 }),
                facing: None,
            }));
        }
        let granted = Consent::granted();
        let consent = match dice.below(100) {
            0..55 => granted,
            55..62 => granted.with_agencies(Scope::only([AgencyId(1)])),
            62..67 => granted.with_agencies(Scope::only([AgencyId(2)])),
            67..71 => granted.with_incidents(Scope::only([IncidentKind::MissingPerson])),
            71..74 => granted.with_paused_until(days(10)),
            74..77 => granted.with_expiry(days(-20)),
            // Nothing said is a no, and needs no record.
            _ => continue,
        };
        changes.push(Change::SetConsent { owner, consent });
        if dice.below(30) == 0 {
            changes.extend([2, 5].map(|ago| Change::RecordAsked { owner, at: days(-ago) }));
        }
    }
    Ok(changes)
}

/// Chance that repeats itself: `SplitMix64`.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides.max(1)
    }
}
