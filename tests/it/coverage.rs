//! Coverage without homes: the published values, and proof that nothing more follows from them.

use std::collections::BTreeMap;

use canvass::coverage::*;
use canvass::*;
use h3o::{CellIndex, LatLng, Resolution};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::support::*;

/// The starts of bands, as far as the towns of these tests need them.
pub const EDGES: [u64; 9] = [11, 21, 51, 101, 201, 501, 1_001, 2_001, 5_001];

/// Resolutions that are published.
pub const RESOLUTIONS: [Resolution; 9] = [
    Resolution::Zero,
    Resolution::One,
    Resolution::Two,
    Resolution::Three,
    Resolution::Four,
    Resolution::Five,
    Resolution::Six,
    Resolution::Seven,
    Resolution::Eight,
];

/// Numbers of households on, before and after the starts of bands, and far beyond.
pub const NUMBERS: [u32; 10] = [11, 12, 20, 21, 22, 50, 51, 100, 102, u32::MAX];

/// Households by cell of resolution 8.
pub type Counts = BTreeMap<CellIndex, u64>;

/// A cell with its published lower and upper end.
pub type Published = Vec<(CellIndex, u64, Option<u64>)>;

fn finest(lon: f64, lat: f64) -> CellIndex {
    LatLng::new(lat, lon).unwrap().to_cell(Resolution::Eight)
}

fn center(cell: CellIndex) -> Position {
    let center = LatLng::from(cell);
    Position::new(center.lng(), center.lat()).unwrap()
}

fn camera(id: u64, owner: u64, position: Position) -> Camera {
    let recording = Recording::kept_for_days(30);
    Camera::new(CameraId(id), OwnerId(owner), position, recording)
}

fn registered(cameras: &[Camera]) -> Snapshot {
    Registry::bulk_load(cameras, BTreeMap::new()).unwrap().snapshot()
}

pub fn published(coverage: &Coverage) -> Published {
    let cell = |cell: &CoverageCell| {
        (CellIndex::try_from(cell.h3()).unwrap(), cell.at_least(), cell.at_most())
    };
    coverage.cells().iter().map(cell).collect()
}

/// So many households in each cell, one camera each.
pub fn living(counts: &Counts) -> Snapshot {
    let homes = counts.iter().flat_map(|(&cell, &count)| (0..count).map(move |_| center(cell)));
    let cameras: Vec<Camera> = (0..).zip(homes).map(|(id, home)| camera(id, id, home)).collect();
    registered(&cameras)
}

/// Random counts near the starts of bands for the 19 cells around a place; every third cell has 0
/// to 10.
pub fn counts(rng: &mut Rng) -> Counts {
    let origin = finest(-73.97 + rng.below(100) as f64 / 100.0, 40.7);
    let cells: Vec<CellIndex> = origin.grid_disk(2);
    let count = |rng: &mut Rng| match rng.below(3) {
        0 => rng.below(11),
        1 => rng.pick(&EDGES[..4]) - rng.below(2),
        _ => rng.below(130),
    };
    cells.into_iter().map(|cell| (cell, count(rng))).filter(|&(_, count)| count > 0).collect()
}

/// The number of households of each cell, counted one by one.
fn counted(cameras: &[Camera]) -> Counts {
    let mut homes = BTreeMap::<OwnerId, &Camera>::new();
    for camera in cameras {
        let home = homes.entry(camera.owner).or_insert(camera);
        *home = if camera.id < home.id { camera } else { home };
    }
    let mut counts = Counts::new();
    for home in homes.values() {
        *counts.entry(finest(home.position.lon(), home.position.lat())).or_default() += 1;
    }
    counts
}

pub fn coverage_seed() -> CoverageSeed {
    CoverageSeed::new([7; 32])
}

pub const PERIOD: CoveragePeriod = CoveragePeriod::numbered(8_105);

pub fn covered(snapshot: &Snapshot, resolution: Resolution, number: u32) -> Coverage {
    snapshot.coverage(PERIOD, &coverage_seed(), resolution, number).unwrap()
}

/// The counts with the noise that the documentation states: ones before the first zero of the two halves of a
/// MAC, the second subtracted from the first.
pub fn noised(counts: &Counts, period: CoveragePeriod, seed: &CoverageSeed) -> Counts {
    let noise = |cell: CellIndex| {
        let mut mac = Hmac::<Sha256>::new_from_slice(&seed.to_bytes()).unwrap();
        mac.update(b"canvass coverage noise 1");
        mac.update(&[period.number().to_be_bytes(), u64::from(cell).to_be_bytes()].concat());
        let bytes = mac.finalize().into_bytes();
        let bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1));
        let bits: Vec<bool> = bits.collect();
        let ones = |half: &[bool]| half.iter().take_while(|&&bit| bit).count() as i64;
        ones(&bits[..128]) - ones(&bits[128..])
    };
    let told =
        |(&cell, &count): (&CellIndex, &u64)| (cell, count.saturating_add_signed(noise(cell)));
    counts.iter().map(told).collect()
}

/// What the documentation says is published of that.
fn naive(counts: &Counts, resolution: Resolution, number: u32) -> Published {
    let least = EDGES.into_iter().find(|&edge| edge >= u64::from(number));
    let bands = counts.iter().filter_map(|(&cell, &count)| {
        let above = EDGES.partition_point(|&edge| edge <= count);
        let at_least = *EDGES.get(above.checked_sub(1)?)?;
        (at_least >= least?).then(|| (cell, at_least, EDGES[above] - 1))
    });
    let mut published = BTreeMap::<CellIndex, (u64, Option<u64>)>::new();
    for (cell, at_least, at_most) in bands {
        let parent = cell.parent(resolution).unwrap();
        published.entry(parent).or_default().0 += at_least;
        if parent == cell {
            published.insert(cell, (at_least, Some(at_most)));
        }
    }
    published.into_iter().map(|(cell, (at_least, at_most))| (cell, at_least, at_most)).collect()
}

#[test]
fn a_coverage_equals_that_of_the_naive_twin() {
    let mut rng = Rng(1);
    let (mut present, mut absent, mut elsewhere) = (0, 0, 0);
    for _ in 0..4 {
        let counts = counts(&mut rng);
        let cells: Vec<CellIndex> = counts.keys().copied().collect();
        let mut cameras = Vec::new();
        for (&cell, &count) in &counts {
            for _ in 0..count {
                let owner = cameras.len() as u64;
                cameras.push(camera(rng.next() >> 8, owner, center(cell)));
                if rng.once_in(3) {
                    let position = center(rng.pick(&cells));
                    elsewhere += usize::from(position != center(cell));
                    cameras.push(camera(rng.next() >> 8, owner, position));
                }
            }
        }
        let snapshot = registered(&cameras);
        let counts = noised(&counted(&cameras), PERIOD, &coverage_seed());
        for resolution in RESOLUTIONS {
            for number in NUMBERS {
                let coverage = covered(&snapshot, resolution, number);
                let cells = published(&coverage);
                assert_eq!(cells, naive(&counts, resolution, number), "{resolution} {number}");
                assert!(cells.is_sorted() && coverage.resolution() == resolution);
                assert!(coverage.min_households() >= u64::from(number));
                present += cells.len();
                absent += usize::from(cells.is_empty());
            }
        }
    }
    assert!(present > 400 && absent > 30 && elsewhere > 300, "{present} {absent} {elsewhere}");
}

/// The order of registration, the layout and consents do not change a coverage.
#[test]
fn only_where_households_are_registered_counts() {
    let mut rng = Rng(2);
    let town = town(&mut rng, (10, 50), 600);
    let cameras: Vec<Camera> = town.cameras.values().copied().collect();
    let reversed: Vec<Change> = cameras.iter().rev().map(|&each| Change::Register(each)).collect();
    let registry = Registry::new();
    registry.apply(reversed).unwrap();
    let small = loaded(&town, Layout::new(Resolution::Nine, 1)).snapshot();
    let mut bytes = 0;
    for resolution in RESOLUTIONS {
        let json = |snapshot: &Snapshot| {
            serde_json::to_string(&covered(snapshot, resolution, 11)).unwrap()
        };
        let coverage = json(&snapshot(&town));
        assert_eq!(coverage, json(&registry.snapshot()));
        assert_eq!(coverage, json(&small));
        bytes += coverage.len();
    }
    assert!(bytes > 700, "{bytes}");
}

#[test]
fn a_household_in_two_cells_counts_in_one() {
    let (here, there) = (finest(10.0, 50.0), finest(10.1, 50.0));
    assert_ne!(here, there);
    // Forty with a camera in each: odd owners have their lowest over there.
    let side = |high: bool| center(if high { there } else { here });
    let pair = |owner: u64, swap: bool| {
        [camera(owner * 2, owner, side(swap)), camera(owner * 2 + 1, owner, side(!swap))]
    };
    let all_here: Vec<Camera> = (0..40).flat_map(|owner| pair(owner, false)).collect();
    let registry = Registry::bulk_load(&all_here, BTreeMap::new()).unwrap();
    let shown =
        |registry: &Registry| published(&covered(&registry.snapshot(), Coverage::FINEST, 11));
    let told = |counts: &[(CellIndex, u64)]| {
        let counts = counts.iter().copied().collect();
        naive(&noised(&counts, PERIOD, &coverage_seed()), Coverage::FINEST, 11)
    };
    assert_eq!(shown(&registry), told(&[(here, 40)]));
    // One moves.
    registry.apply(pair(5, false).map(|camera| Change::Remove { camera: camera.id })).unwrap();
    registry.apply(pair(5, true).map(Change::Register)).unwrap();
    assert_eq!(shown(&registry), told(&[(here, 39), (there, 1)]));
    // The lowest of the others is removed: all move over to the one.
    let lowest = (0..40)
        .filter(|&owner| owner != 5)
        .map(|owner| Change::Remove { camera: CameraId(owner * 2) });
    registry.apply(lowest).unwrap();
    assert_eq!(shown(&registry), told(&[(there, 40)]));
    assert_eq!(told(&[(there, 40)]).len(), 1);
}

/// Every feature's outline, read back; asserts that it covers the cell's center.
#[track_caller]
fn drawn(coverage: &Coverage) -> Vec<Area> {
    let json: serde_json::Value = serde_json::from_str(&coverage.to_geojson()).unwrap();
    let features = json["features"].as_array().unwrap();
    assert_eq!(features.len(), coverage.cells().len());
    let outline = |(feature, cell): (&serde_json::Value, &CoverageCell)| {
        let area = Area::from_geojson(&feature["geometry"].to_string()).unwrap();
        let index = CellIndex::try_from(cell.h3()).unwrap();
        assert_eq!(feature["properties"]["cell"], index.to_string());
        assert_eq!(Some(&area), cell.outline().as_ref(), "{index}");
        assert!(area.covers(center(index)), "{index}");
        area
    };
    features.iter().zip(coverage.cells()).map(outline).collect()
}

#[test]
fn cells_at_the_antimeridian_and_at_the_poles_are_drawn() {
    let places = [(180.0, 0.0), (-180.0, -17.0), (0.0, 90.0), (0.0, -90.0)];
    let disks = places.map(|(lon, lat)| finest(lon, lat).grid_disk::<Vec<_>>(2));
    let counts: Counts = disks.iter().flatten().map(|&cell| (cell, 31)).collect();
    let coverage = covered(&living(&counts), Resolution::Eight, 11);
    assert_eq!(coverage.cells().len(), counts.len());
    let areas = drawn(&coverage);
    let split = areas.iter().filter(|area| area.parts() > 1).count();
    assert!((4..20).contains(&split), "{split}");
    for lat in [90.0, -90.0] {
        for lon in [-180.0, -90.0, 0.0, 77.7] {
            let pole = Position::new(lon, lat).unwrap();
            assert_eq!(areas.iter().filter(|area| area.covers(pole)).count(), 1, "{lon} {lat}");
        }
    }
}

/// Cells of the whole world down to resolution 2, and around poles and pentagons down to 8.
#[test]
fn every_cell_can_be_drawn() {
    let world = CellIndex::base_cells().flat_map(|cell| cell.children(Resolution::Two));
    let world: Counts =
        world.map(|cell| (cell.center_child(Resolution::Eight).unwrap(), 31)).collect();
    let snapshot = living(&world);
    for (resolution, cells) in RESOLUTIONS.iter().zip([122, 842, 5_882]) {
        let coverage = covered(&snapshot, *resolution, 11);
        assert_eq!(coverage.cells().len(), cells);
        let areas = drawn(&coverage);
        let size: f64 = areas.iter().map(Area::size_m2).sum();
        // The surface of the Earth, apart from edges that are straight in degrees.
        assert!((5.0e14..5.2e14).contains(&size), "{size}");
    }
    for resolution in &RESOLUTIONS[3..] {
        let poles = [90.0, -90.0].map(|lat| LatLng::new(lat, 0.0).unwrap().to_cell(*resolution));
        let disks = poles.into_iter().chain(resolution.pentagons());
        let cells = disks.flat_map(|cell| cell.grid_disk::<Vec<_>>(2));
        let counts: Counts =
            cells.map(|cell| (cell.center_child(Resolution::Eight).unwrap(), 31)).collect();
        let coverage = covered(&living(&counts), *resolution, 11);
        assert_eq!(coverage.cells().len(), counts.len());
        drawn(&coverage);
    }
}

#[test]
fn each_refusal_names_the_fault_and_reason() {
    let (snapshot, seed) = (Registry::new().snapshot(), coverage_seed());
    let told = |resolution, number| snapshot.coverage(PERIOD, &seed, resolution, number);
    let error = told(Resolution::Nine, 11).unwrap_err();
    assert!(matches!(error, CoverageError::TooFine { finest: Coverage::FINEST, .. }));
    let words =
        "cells of resolution `9` are finer than those of `8`, the finest that are published";
    assert_eq!(error.to_string(), words);
    let error = told(Resolution::Zero, 10).unwrap_err();
    assert_eq!(error, CoverageError::TooFew { min_households: 10, least: 11 });
    let words = "`10` households are fewer than `11`, the least that are published";
    assert_eq!(error.to_string(), words);
    assert!(told(Resolution::Eight, 0).is_err());
}

#[test]
fn the_written_form_is_pinned() {
    let (one, two) = (finest(-73.974, 40.771), finest(-73.96, 40.78));
    let snapshot = living(&Counts::from([(one, 15), (two, 230)]));
    let json = |resolution, number| {
        serde_json::to_string(&covered(&snapshot, resolution, number)).unwrap()
    };
    let all = r#"{"period":8105,"resolution":8,"min_households":11,"cells":[{"cell":"882a100891fffff","at_least":201,"at_most":500},{"cell":"882a100d6dfffff","at_least":11,"at_most":20}]}"#;
    assert_eq!(json(Resolution::Eight, 11), all);
    let many = r#"{"period":8105,"resolution":8,"min_households":21,"cells":[{"cell":"882a100891fffff","at_least":201,"at_most":500}]}"#;
    assert_eq!(json(Resolution::Eight, 12), many);
    let coarser = r#"{"period":8105,"resolution":5,"min_households":11,"cells":[{"cell":"852a100bfffffff","at_least":201},{"cell":"852a100ffffffff","at_least":11}]}"#;
    assert_eq!(json(Resolution::Five, 11), coarser);
    let none = r#"{"period":8105,"resolution":5,"min_households":5000000001,"cells":[]}"#;
    assert_eq!(json(Resolution::Five, u32::MAX), none);
    let drawn = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"cell":"882a100891fffff","at_least":201,"at_most":500},"geometry":{"type":"Polygon","coordinates":[[[-73.9570869,40.7841896],[-73.9634713,40.7831369],[-73.96544,40.7786761],[-73.9610253,40.7752682],[-73.9546419,40.7763207],[-73.9526722,40.7807812],[-73.9570869,40.7841896]]]}}]}"#;
    assert_eq!(covered(&snapshot, Resolution::Eight, 200).to_geojson(), drawn);
    let empty = covered(&Registry::new().snapshot(), Resolution::Eight, 11);
    assert_eq!(empty.to_geojson(), r#"{"type":"FeatureCollection","features":[]}"#);
}
