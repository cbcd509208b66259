//! The bodies of the fuzz targets: one function for each kind of input that comes from outside.
//!
//! A body takes any bytes. It panics if the library does, or if what the library says is not what a
//! plain model says; else it tells how far the input came, so that a driver can see whether it tests
//! anything. `fuzz_targets/` hands bodies to libFuzzer, `tests/stable.rs` drives them on stable.

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

/// How far an input came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// It was refused where it was read.
    Refused,
    /// It was read, and what was made of it holds what it must.
    Checked,
    /// So, and a request made of it asked somebody for a camera.
    Asked,
}

/// A target as drivers see it.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, which is also that of its seeds' folder.
    pub name: &'static str,
    /// Its body.
    pub body: fn(&[u8]) -> Reached,
    /// Whether its input is text: what words belong in it.
    pub words: &'static [&'static str],
    /// How far that share of the stable driver's inputs comes at least, in percent.
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
