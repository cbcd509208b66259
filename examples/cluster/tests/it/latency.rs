//! How long the front takes with a million cameras. Run it alone and in release:
//! `cargo test --release -p canvass-cluster --test it -- --ignored --nocapture latency`

use std::time::{Duration, Instant};

use canvass::{
    AgencyId, Area, Camera, CameraId, Change, Consent, IncidentKind, OwnerId, Position, Recording,
    Request, TimeWindow,
};
use jiff::{SignedDuration, Timestamp};

use crate::client::call;
use crate::engine::engine;
use crate::load::start;
use crate::spaces::Cables;

/// The cameras stand in a square with so many on a side, 30 m apart.
const SIDE: u64 = 1_000;
/// One owner in so many agreed.
const AGREED: u64 = 16;

fn percentiles(words: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    eprintln!("{words}: p50 {:.2?}, p99 {:.2?} of {}", at(0.5), at(0.99), times.len());
}

#[test]
#[ignore = "a measurement of minutes, for release"]
fn the_front_answers_for_a_million_cameras() {
    let (server, _turn) = engine().unwrap();
    let local = start(server, &Cables::default());
    let front = local.front().unwrap();
    let degrees = |step: u64| step as f64 * 2.7e-4;
    let begun = Instant::now();
    for row in 0..=SIDE / 16 {
        let mut changes = Vec::new();
        for id in (row * 16 * SIDE)..((row + 1) * 16 * SIDE).min(SIDE * SIDE) {
            let (owner, recording) = (OwnerId(id), Recording::kept_for_days(30));
            let place =
                Position::new(10.0 + degrees(id % SIDE), 50.0 + degrees(id / SIDE)).unwrap();
            changes.push(Change::Register(Camera::new(CameraId(id), owner, place, recording)));
            if id % AGREED == 0 {
                changes.push(Change::SetConsent { owner, consent: Consent::granted() });
            }
        }
        let body = serde_json::to_string(&changes).unwrap();
        let (_, imported) = call(front, "/v1/imports", Some(body)).unwrap();
        assert_eq!(imported["refused"], serde_json::json!({}), "{imported}");
    }
    eprintln!("{} cameras imported in {:.1?}", SIDE * SIDE, begun.elapsed());

    // Half a square kilometre, in the middle.
    let (west, south) = (10.0 + degrees(SIDE / 2), 50.0 + degrees(SIDE / 2));
    let area = Area::from_bounds(west, south, west + degrees(37), south + degrees(24)).unwrap();
    let now = Timestamp::now();
    let ago = |hours| now - SignedDuration::from_hours(hours);
    let window = TimeWindow::new(ago(3), ago(1)).unwrap();
    let request = Request::new(AgencyId(3), IncidentKind::Burglary, area, window);
    let request = serde_json::to_string(&request).unwrap();
    let (_, opened) = call(front, "/v1/requests", Some(request.clone())).unwrap();
    let id = opened["id"].as_u64().unwrap();
    let agent = ureq::Agent::new_with_defaults();
    let timed = |path: String, body: Option<&str>| {
        let begun = Instant::now();
        let url = format!("http://{front}{path}");
        let mut answer = match body {
            Some(body) => agent.post(&url).send(body).unwrap(),
            None => agent.get(&url).call().unwrap(),
        };
        let text = answer.body_mut().read_to_string().unwrap();
        (begun.elapsed(), text)
    };
    let (_, route) = timed(format!("/v1/requests/{id}/route"), None);
    let route: serde_json::Value = serde_json::from_str(&route).unwrap();
    eprintln!("the route has {} owners", route["recipients"].as_array().unwrap().len());
    let looks = (0..5_000).map(|_| timed(format!("/v1/requests/{id}/route"), None).0);
    percentiles("a look", looks.collect());
    let withdraw = |owner: u64| format!(r#"[{{"withdraw":{{"owner":{owner}}}}}]"#);
    let changes = (0..1_000).map(|n| {
        let owner = n * 31 + 1;
        timed(format!("/v1/owners/{owner}/changes"), Some(&withdraw(owner))).0
    });
    percentiles("a list of changes", changes.collect());
    let asks = (0..50).map(|_| {
        let (_, opened) = timed("/v1/requests".to_owned(), Some(&request));
        let opened: serde_json::Value = serde_json::from_str(&opened).unwrap();
        timed(format!("/v1/requests/{}/ask", opened["id"]), Some("")).0
    });
    percentiles("an ask", asks.collect());
}
