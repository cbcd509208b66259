//! The registered cameras, in cities, and the requests, with areas of the size that portals see.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

const CITIES: u64 = 40;

/// The corner of a city, and a camera's distance from it: cities of 0.25 by 0.25 degree.
fn place(camera: u64) -> (f64, f64) {
    let mixed = camera.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (city, x, y) = (camera % CITIES, mixed >> 40 & 0xfff, mixed >> 20 & 0xfff);
    let (west, south) = corner(city);
    (west + x as f64 * 0.25 / 4096.0, south + y as f64 * 0.25 / 4096.0)
}

fn corner(city: u64) -> (f64, f64) {
    (-120.0 + 5.0 * (city % 8) as f64, 25.0 + 4.0 * (city / 8) as f64)
}

pub(crate) fn registrations(cameras: std::ops::Range<u64>) -> String {
    let each = cameras.flat_map(|id| {
        let (lon, lat) = place(id);
        let camera = json!({ "register": { "id": id, "owner": id, "position": [lon, lat],
            "recording": { "kept_days": 60 } } });
        // Every other owner agreed.
        let consent = (id % 2 == 0).then(
            || json!({ "set_consent": { "owner": id, "consent": { "standing": "granted" } } }),
        );
        std::iter::once(camera).chain(consent)
    });
    json!(each.collect::<Vec<_>>()).to_string()
}

/// A request as portals see it: 8 vertices, about 1.2 km2, in a case of its own.
pub(crate) fn request(number: u64) -> String {
    let (west, south) = corner(number % CITIES);
    let offset = 0.02 + 0.2 * (number.wrapping_mul(2_654_435_761) % 1000) as f64 / 1000.0;
    let (lon, lat) = (west + offset, south + offset);
    let ring: Vec<[f64; 2]> = (0..=8)
        .map(|vertex| {
            let angle = f64::from(vertex % 8) * std::f64::consts::TAU / 8.0;
            [lon + 0.0072 * angle.cos(), lat + 0.0055 * angle.sin()]
        })
        .collect();
    let ago = |hours| {
        let at = Timestamp::now() - SignedDuration::from_hours(hours);
        Timestamp::from_second(at.as_second()).unwrap_or(at)
    };
    json!({
        "agency": 1, "incident": "burglary", "case_reference": format!("case-{number}"),
        "contact": "desk@example.org", "window": { "start": ago(5), "end": ago(3) },
        "area": { "type": "Polygon", "coordinates": [ring] },
    })
    .to_string()
}
