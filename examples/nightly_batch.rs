//! A nightly batch: cameras and consents from CSV, areas from GeoJSON, routes to GeoJSON.
//!
//! ```text
//! cargo run --example nightly_batch -- cameras.csv areas.geojson 2026-05-01T18:00:00Z/2026-05-01T22:00:00Z routes.geojson
//! ```
//! The columns are `id,owner,lon,lat,kept_days,agreed`, the last one `yes` or `no`. The result is
//! the operator's: it names owners. For other columns and encodings use the example `route`.
#![allow(clippy::print_stdout, clippy::wildcard_imports, reason = "a short example")]

use std::collections::BTreeMap;
use std::{env, fs};

use canvass::geo_types::Point;
use canvass::*;
use geojson::{Feature, FeatureCollection};
use serde::Deserialize;
use serde_json::value::RawValue;

type Done<T = ()> = Result<T, Box<dyn std::error::Error>>;

#[derive(Deserialize)]
struct Row {
    id: CameraId,
    owner: OwnerId,
    lon: f64,
    lat: f64,
    kept_days: u16,
    agreed: String,
}

#[derive(Deserialize)]
struct Areas {
    /// Still text: one that cannot be read stops no other.
    features: Vec<Box<RawValue>>,
}

fn main() -> Done {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [cameras, areas, window, out] = arguments.as_slice() else {
        return Err("CAMERAS AREAS WINDOW OUT".into());
    };
    let (registry, window) = (load(cameras)?, window.parse::<TimeWindow>()?);
    let now = window.end();
    let agency = Agency::new(AgencyId(3), "Example Police", AgencyKind::Local);
    let policy = Policy::without_limits_or_anonymity().with_min_households(2);

    // All are reviewed before any is routed, so that the batch is sorted and shared among cores.
    let mut authorized = Vec::new();
    let drawings = serde_json::from_str::<Areas>(&fs::read_to_string(areas)?)?.features;
    for (number, drawing) in (1..).zip(&drawings) {
        let reviewed = Area::from_geojson(drawing.get()).map_err(|e| e.to_string());
        let reviewed = reviewed.and_then(|area| {
            let request = Request::new(agency.id, IncidentKind::Burglary, area, window);
            let (request, file) = (request.with_case("NIGHTLY"), CaseFile::new(agency.id));
            policy.review(&request, &agency, &file, now).map_err(|e| e.to_string())
        });
        match reviewed {
            Ok(request) => authorized.push((number, request)),
            Err(reason) => println!("feature {number} is refused: {reason}"),
        }
    }
    // It opens nothing and asks nobody. Otherwise take `OpenRequests::standing`.
    let standing: Vec<_> = authorized.iter().map(|(_, request)| request.assume_open()).collect();
    let routes = registry.snapshot().route_batch(&standing, now);

    let mut features = Vec::new();
    for (&(number, _), route) in authorized.iter().zip(&routes) {
        for recipient in route.recipients() {
            for camera in recipient.cameras.iter().filter_map(|&id| registry.camera(id)) {
                let geometry = geojson::Geometry::from(&Point::from(camera.position));
                let mut feature = Feature { geometry: Some(geometry), ..Feature::default() };
                feature.set_property("feature", number);
                feature.set_property("owner", recipient.owner.0);
                feature.set_property("camera", camera.id.0);
                features.push(feature);
            }
        }
    }
    let (all, refused) = (drawings.len(), drawings.len() - routes.len());
    println!("{all} requests, {refused} refused, {} cameras", features.len());
    Ok(fs::write(out, FeatureCollection::from_iter(features).to_string())?)
}

/// Loads all rows at once. An owner has agreed if each of their rows has a yes.
fn load(file: &str) -> Done<Registry> {
    let (mut cameras, mut agreement) = (Vec::new(), BTreeMap::new());
    for row in csv::Reader::from_path(file)?.deserialize() {
        let Row { id, owner, lon, lat, kept_days, agreed } = row?;
        let at = Position::new(lon, lat).map_err(|error| format!("camera {id}: {error}"))?;
        cameras.push(Camera::new(id, owner, at, Recording::kept_for_days(kept_days)));
        *agreement.entry(owner).or_insert(true) &= match agreed.as_str() {
            "yes" => true,
            "no" => false,
            other => return Err(format!("camera {id}: `{other}` is neither yes nor no").into()),
        };
    }
    let agreed = agreement.into_iter().filter(|&(_, yes)| yes);
    let consents = agreed.map(|(owner, _)| (owner, Consent::granted()));
    Ok(Registry::bulk_load(&cameras, consents)?)
}
