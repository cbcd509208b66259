//! Published values as GeoJSON.

use serde::Serialize;

use crate::geometry::Area;

/// A feature collection of items with properties and an outline, `null` where there is none.
pub(crate) fn feature_collection<P: Serialize>(
    of: impl Iterator<Item = (P, Option<Area>)>,
) -> String {
    let features =
        of.map(|(properties, geometry)| Feature { kind: "Feature", properties, geometry });
    let collection = Features { kind: "FeatureCollection", features: features.collect() };
    // Writing numbers, texts and fixed names to a string cannot fail.
    serde_json::to_string(&collection).unwrap_or_default()
}

#[derive(Serialize)]
struct Features<P> {
    #[serde(rename = "type")]
    kind: &'static str,
    features: Vec<Feature<P>>,
}

#[derive(Serialize)]
struct Feature<P> {
    #[serde(rename = "type")]
    kind: &'static str,
    properties: P,
    geometry: Option<Area>,
}
