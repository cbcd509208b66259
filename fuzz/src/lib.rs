//! The bodies of the fuzz targets: one function for each kind of input that comes from outside.
//!
//! A body takes any bytes. It panics if the library panics or disagrees with a plain model;
//! otherwise it returns how far the input came, so that a driver can check that it tests something.
//! `fuzz_targets/` passes bodies to libFuzzer; `tests/stable.rs` runs them on stable.

mod areas;
mod changes;
mod made;
pub mod mutate;
#[path = "../../tests/it/oracle.rs"]
mod oracle;
mod records;
mod requests;
mod tiles;

pub use areas::{area_from_cap, area_from_drawing, area_from_geojson, area_from_wkt};
pub use changes::changes;
pub use records::records;
pub use requests::requests;
pub use tiles::tile;

/// The stage that an input reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// The reader refused it.
    Refused,
    /// It was read, and its value has all required properties.
    Checked,
    /// Furthermore, a request made from it asked somebody for a camera.
    Asked,
}

/// A target, for drivers.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, also of its folder of seeds.
    pub name: &'static str,
    /// Its body.
    pub body: fn(&[u8]) -> Reached,
    /// The words of its text inputs, for the mutator.
    pub words: &'static [&'static str],
    /// The stage that at least this share of the stable driver's inputs must reach, in percent.
    pub floor: (Reached, u64),
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target {
        name: "area_from_geojson",
        body: area_from_geojson,
        words: mutate::GEOJSON,
        floor: (Reached::Checked, 5),
    },
    Target {
        name: "area_from_wkt",
        body: area_from_wkt,
        words: mutate::WKT,
        floor: (Reached::Checked, 5),
    },
    Target {
        name: "area_from_cap",
        body: area_from_cap,
        words: mutate::CAP,
        floor: (Reached::Checked, 5),
    },
    Target {
        name: "area_from_drawing",
        body: area_from_drawing,
        words: mutate::BYTES,
        floor: (Reached::Checked, 20),
    },
    Target { name: "changes", body: changes, words: mutate::BYTES, floor: (Reached::Asked, 20) },
    Target { name: "requests", body: requests, words: mutate::BYTES, floor: (Reached::Asked, 5) },
    Target { name: "records", body: records, words: mutate::RECORDS, floor: (Reached::Checked, 5) },
    Target { name: "tile", body: tile, words: mutate::BYTES, floor: (Reached::Checked, 10) },
];
