//! The demo: the quickstart's town, one agency, one reviewer, and an owner to sign in as.

mod neighbours;

use canvass::{Change, Consent, OwnerId, Request};
use canvass_town::{SIZE, Spot, Town};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::basemap::BaseMap;
use crate::engine::Engine;
use crate::settings::{Settings, TokenDigest};

pub use neighbours::neighbours;

/// The demo's tokens. They open nothing but the demo, which listens on this machine alone.
pub const OPERATOR: &str = "demo-operator";
/// The agency's.
pub const AGENCY: &str = "demo-agency";
/// The owner's.
pub const OWNER: &str = "demo-owner";

/// A reason why the demo cannot start.
type Failure = Box<dyn std::error::Error>;

/// The demo's configuration: one operator, one agency, the default policy with a least difference
/// between areas that overlap (0.025 square miles), a protected school, and a notice with a
/// hurrying phrase, for the reviewer to find.
///
/// # Errors
///
/// If the configuration is invalid, which would be a mistake in it: it never changes.
pub fn settings() -> Result<Settings, Failure> {
    let digest = |token: &str| TokenDigest::of(token.as_bytes()).hex();
    let outline = |(west, south, east, north): (f64, f64, f64, f64)| {
        json!({ "type": "Polygon", "coordinates": [[
            [west, south], [east, south], [east, north], [west, north], [west, south]
        ]] })
    };
    let at = |x: f64, y: f64| Spot { x, y }.position().map(|at| (at.lon(), at.lat()));
    let ((west, south), (east, north)) = (at(1450.0, 1060.0)?, at(1540.0, 1130.0)?);
    let mut settings: Settings = serde_json::from_value(json!({
        "operator_token_sha256": digest(OPERATOR),
        "agencies": [{
            "token_sha256": digest(AGENCY),
            "agency": {
                "id": 1, "name": "Ashford Police Department", "kind": "local",
                "jurisdiction": outline((-84.97, 41.11, -84.92, 41.14)),
            }
        }],
        "policy": {
            "min_difference_m2": 64_750.0,
            "quiet_hours": { "from": "21:00:00", "until": "08:00:00", "zone": "America/New_York" },
            "sensitive_places": [{
                "kind": "school", "label": "PS 9", "rule": "refuse",
                "area": outline((west, south, east, north)),
            }],
        },
        "log": { "seconds": LOG_SECONDS },
        "notices": {
            "template": "{agency} asks for footage of {window}, from {cameras}. It is about case {case} \
                ({incident}). Please answer at once.\n\nTo share is voluntary, and doing nothing is an answer \
                too. This is not a warrant. Questions: {contact}\n\n{stop}",
        },
    }))?;
    settings.portal.map = Some(BaseMap::of_town(&Town::build(started())?)?);
    settings.portal.is_demo = true;
    Ok(settings)
}

/// Registers the town, and gives a token to the owner who can sign in: one in the middle of the
/// town who agrees to everything.
///
/// # Errors
///
/// If the town cannot be registered.
pub async fn fill(engine: &Engine) -> Result<OwnerId, Failure> {
    let now = engine.time().now;
    let Town { cameras, consents, asked_before, .. } = Town::build(now)?;
    let owner = in_the_middle(&cameras, &consents, &asked_before).ok_or("nobody agrees")?;
    let cameras = cameras.into_iter().map(Change::Register);
    let consents =
        consents.into_iter().map(|(owner, consent)| Change::SetConsent { owner, consent });
    let changes: Vec<Change> = cameras.chain(consents).chain(asked_before).collect();
    let json = serde_json::to_vec(&changes)?;
    engine.apply(changes, json, now, None).await?;
    // A period of the log ends here, so that its first head is there from the beginning.
    engine.clock(now.saturating_sub(SignedDuration::from_secs(LOG_SECONDS))?).await?;
    refuse(engine, now).await?;
    engine.clock(now).await?;
    engine.give_token(owner, OWNER).await?;
    Ok(owner)
}

/// The instant at which the demo's town is built.
#[expect(clippy::disallowed_methods, reason = "no engine runs yet, and the town decides nothing")]
fn started() -> Timestamp {
    Timestamp::now()
}

/// How often the demo's log grows, in seconds: a day would be too long for somebody who only looks.
const LOG_SECONDS: i64 = 15;

/// Has a request refused, whose area is too large: the log has a beginning then, and the head that somebody
/// copies first is of something.
async fn refuse(engine: &Engine, now: Timestamp) -> Result<(), Failure> {
    let hours_ago = |hours| now.saturating_sub(SignedDuration::from_hours(hours));
    let request: Request = serde_json::from_value(json!({
        "agency": 1, "incident": "burglary", "case_reference": "AS-2026-0409", "contact": "Sgt. Ames, +1 555 0100",
        "window": { "start": hours_ago(30)?, "end": hours_ago(26)? },
        "area": { "type": "Polygon", "coordinates": [[
            [-84.96, 41.115], [-84.93, 41.115], [-84.93, 41.135], [-84.96, 41.135], [-84.96, 41.115]
        ]] },
    }))?;
    let agency =
        engine.cases().agency(request.agency).ok_or("the demo's agency is not on record")?;
    match engine.cases().review(&request, agency, now) {
        Ok(_) => Err("the demo's policy allows an area of 5 square kilometres".into()),
        Err(violations) => Ok(engine.refused(&request, &violations, now).await?),
    }
}

/// The owner nearest to the town's middle who agrees to everything and was not asked lately.
fn in_the_middle(
    cameras: &[canvass::Camera],
    consents: &[(OwnerId, Consent)],
    asked_before: &[Change],
) -> Option<OwnerId> {
    let was_asked = |owner: OwnerId| {
        asked_before.iter().any(
            |change| matches!(change, Change::RecordAsked { owner: asked, .. } if *asked == owner),
        )
    };
    let granted = Consent::granted();
    let agrees =
        |owner: OwnerId| consents.iter().any(|(of, consent)| *of == owner && *consent == granted);
    let keeps =
        |camera: &&canvass::Camera| camera.recording == canvass::Recording::kept_for_days(60);
    let distance = |camera: &canvass::Camera| {
        let spot = Spot::from_degrees(camera.position.lon(), camera.position.lat());
        (spot.x - SIZE.0 / 2.0).hypot(spot.y - SIZE.1 / 2.0)
    };
    let mut near: Vec<&canvass::Camera> = cameras.iter().filter(keeps).collect();
    near.sort_by(|one, other| distance(one).total_cmp(&distance(other)));
    near.into_iter().map(|camera| camera.owner).find(|&owner| agrees(owner) && !was_asked(owner))
}

/// The text that the demo prints: a link for people, and calls for programs.
#[must_use]
pub fn welcome(address: &str, port: u16) -> String {
    format!(
        "\nOpen this and follow the strip at the top; stop with Ctrl-C:\n\n  http://localhost:{port}/\n\n\
         For programs, the same by HTTP:\n\n  \
         curl -s http://{address}/v1/policy -H 'Authorization: Bearer {AGENCY}'\n  \
         curl -s http://{address}/v1/me/requests -H 'Authorization: Bearer {OWNER}'\n  \
         curl -s 'http://{address}/v1/events?after=0' -H 'Authorization: Bearer {OPERATOR}'\n  \
         curl -s http://{address}/metrics -H 'Authorization: Bearer {OPERATOR}'\n\n"
    )
}
