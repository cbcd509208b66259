//! Tiles as bytes: stored content comes back unchanged, and nothing else does.

use std::collections::{BTreeMap, BTreeSet};

use canvass::error::TileError;
use canvass::tiles::{Tile, TileKey};
use canvass::{Camera, Change, Consent, Layout, OwnerId, Position, Registry, Revision};
use h3o::{CellIndex, LatLng, Resolution};

use crate::oracle::{Town, oracle};
use crate::support::*;

/// Tiles as a service stores them.
pub type Kept = BTreeMap<TileKey, Vec<u8>>;

pub fn kept(registry: &Registry) -> Kept {
    registry.tiles().changed.iter().map(|tile| (tile.key(), tile.encode())).collect()
}

pub fn revision(registry: &Registry) -> Revision {
    registry.snapshot().revision()
}

pub fn restored(registry: &Registry) -> Registry {
    Registry::from_tiles(revision(registry), kept(registry).values()).unwrap()
}

pub fn refusal<B: AsRef<[u8]>>(tiles: impl IntoIterator<Item = B>) -> TileError {
    Registry::from_tiles(Revision(u64::MAX), tiles).unwrap_err()
}

/// Asserts that two registries cannot be distinguished.
#[track_caller]
pub fn same(a: &Registry, b: &Registry, town: &Town, rng: &mut Rng) {
    assert_eq!(revision(a), revision(b));
    assert_eq!(a.snapshot().cameras(), b.snapshot().cameras());
    assert_eq!(kept(a), kept(b));
    let owners = town.cameras.values().map(|camera| camera.owner);
    let owners: BTreeSet<_> = owners.chain(town.consents.keys().copied()).collect();
    for owner in owners {
        assert_eq!(a.consent(owner), b.consent(owner), "{owner}");
        assert_eq!(a.cameras_of(owner), b.cameras_of(owner), "{owner}");
    }
    for _ in 0..2 {
        let authorized = authorize(area(rng, (10, 50)));
        let route = |registry: &Registry| {
            answer(&registry.snapshot().route(authorized.assume_open(), noon()))
        };
        assert_eq!(route(a), route(b));
    }
}

/// A few cameras in two tiles, consents of two kinds and a history.
pub fn small() -> Registry {
    let registry = Registry::new();
    let camera = |id, owner, east| camera_at(id, owner, place((10, 50), east, 0));
    registry
        .apply([
            Change::Register(camera(3, 1, 0)),
            Change::Register(camera(1, 2, 100)),
            Change::Register(camera(2, 1, 10_000_000)),
            grant(1),
            Change::SetConsent {
                owner: OwnerId(9),
                consent: Consent::granted().with_expiry(noon()),
            },
            Change::RecordAsked { owner: OwnerId(1), agency: None, at: noon() },
        ])
        .unwrap();
    registry
}

pub fn first_of(registry: &Registry, cameras: usize) -> Vec<u8> {
    let tiles = registry.tiles().changed;
    tiles.iter().find(|tile| tile.cameras() == cameras).map(Tile::encode).unwrap()
}

#[test]
fn registries_of_every_size_come_back() {
    let mut rng = Rng(1);
    for size in [0, 1, 2, 59, 60, 61, 63, 64, 65, 127, 128, 129, 1_000] {
        let town = town(&mut rng, (10, 50), size);
        let registry = loaded(&town, Layout::default());
        let again = restored(&registry);
        same(&registry, &again, &town, &mut rng);
        let everywhere = everywhere();
        let route = again.snapshot().route(everywhere.assume_open(), noon());
        assert_eq!(answer(&route), oracle(&town, &everywhere, noon()), "{size} cameras");
    }
}

#[test]
fn the_size_of_tiles_comes_back_with_them() {
    let mut rng = Rng(2);
    let town = town(&mut rng, (10, 50), 300);
    for layout in [Layout::new(Resolution::Nine, 3), Layout::new(Resolution::One, 64)] {
        let registry = loaded(&town, layout);
        same(&registry, &restored(&registry), &town, &mut rng);
    }
}

#[test]
fn owners_without_cameras_keep_consent_and_asks() {
    let registry = Registry::new();
    let (said, asked) = (OwnerId(5), OwnerId(6));
    let changes = (0..2).map(|_| Change::RecordAsked { owner: asked, agency: None, at: noon() });
    let set =
        Change::SetConsent { owner: said, consent: Consent::granted().with_paused_until(noon()) };
    registry.apply(changes.chain([set])).unwrap();
    let again = restored(&registry);
    assert_eq!(again.consent(said), registry.consent(said));
    // The default limit is 2 in 7 days: with a lost history the request would be let through.
    let camera = camera_at(1, asked.0, place((10, 50), 0, 0));
    let snapshot = again.apply([Change::Register(camera), grant(asked.0)]).unwrap();
    assert_eq!(snapshot.route(everywhere().assume_open(), noon()).owners(), 0);
    assert_eq!(snapshot.route(everywhere().assume_open(), noon() + days(7)).owners(), 1);
}

#[test]
fn equal_content_gives_equal_bytes_in_any_order() {
    let mut rng = Rng(3);
    let town = town(&mut rng, (10, 50), 200);
    let forwards = changes(&town);
    let mut backwards = forwards.clone();
    backwards.reverse();
    assert_ne!(forwards, backwards);
    let bytes = |changes: Vec<Change>| {
        let registry = Registry::new();
        registry.apply(changes).unwrap();
        kept(&registry)
    };
    assert_eq!(bytes(forwards), bytes(backwards));
}

/// A point between the two on the sphere. Between neighbouring pentagons it is on an edge of the
/// icosahedron, where the sides of cells bend.
fn between(from: CellIndex, to: CellIndex, rng: &mut Rng) -> LatLng {
    let [from, to] = [from, to].map(|cell| {
        let at = LatLng::from(cell);
        let (lat, lng) = (at.lat_radians(), at.lng_radians());
        [lat.cos() * lng.cos(), lat.cos() * lng.sin(), lat.sin()]
    });
    let part = rng.below(1_000) as f64 / 1_000.0;
    let along = |axis: usize| from[axis] * part + to[axis] * (1.0 - part);
    let lat = along(2).atan2(along(0).hypot(along(1)));
    LatLng::from_radians(lat, along(1).atan2(along(0))).unwrap_or_default()
}

/// A cell's centre, and positions beside its sides, from a hundredth of its width down to zero.
fn beside_sides(cell: CellIndex, number: usize, rng: &mut Rng) -> Vec<Position> {
    let (centre, corners) = (LatLng::from(cell), cell.boundary());
    let mut positions = vec![(centre.lng(), centre.lat())];
    for _ in 0..number {
        let side = rng.below(corners.len() as u64) as usize;
        let (from, to) = (corners[side], corners[(side + 1) % corners.len()]);
        let part = rng.below(1_001) as f64 / 1_000.0;
        let out = 1.0 + rng.within(-100, 100) as f64 * 10_f64.powi(-(rng.within(4, 8) as i32));
        let along = |from: f64, to: f64| from + part * (to - from);
        let away = |centre: f64, side: f64| centre + out * (side - centre);
        positions.push((
            away(centre.lng(), along(from.lng(), to.lng())),
            away(centre.lat(), along(from.lat(), to.lat())),
        ));
    }
    positions.into_iter().filter_map(|(lon, lat)| Position::new(lon, lat).ok()).collect()
}

#[test]
fn cameras_are_in_the_tiles_of_their_cells() {
    let mut rng = Rng(12);
    for resolution in (0..=9).map(|number| Resolution::try_from(number).unwrap()) {
        let pentagons: Vec<CellIndex> = resolution.pentagons().collect();
        let mut cells = pentagons.clone();
        for _ in 0..60 {
            let (from, to) = (rng.pick(&pentagons), rng.pick(&pentagons));
            cells.push(between(from, to, &mut rng).to_cell(resolution));
            let anywhere = LatLng::new(rng.within(-90, 90) as f64, rng.within(-180, 180) as f64);
            cells.push(anywhere.unwrap().to_cell(resolution));
        }
        let positions = cells.iter().flat_map(|&cell| beside_sides(cell, 200, &mut rng));
        let cameras: Vec<Camera> = (0..)
            .zip(positions.collect::<Vec<_>>())
            .map(|(id, position)| camera_at(id, id, position))
            .collect();
        let mut expected = BTreeMap::<TileKey, usize>::new();
        for camera in &cameras {
            let at = LatLng::new(camera.position.lat(), camera.position.lon()).unwrap();
            let key = TileKey::from_u64(at.to_cell(resolution).into()).unwrap();
            *expected.entry(key).or_default() += 1;
        }
        let layout = Layout::new(resolution, 60);
        let registry = Registry::bulk_load_with_layout(&cameras, [], layout).unwrap();
        let tiles = registry.tiles().changed;
        let of_cameras = tiles.iter().filter(|tile| tile.cameras() > 0);
        let found: BTreeMap<_, _> = of_cameras.map(|tile| (tile.key(), tile.cameras())).collect();
        assert_eq!(found, expected, "{resolution}");
        assert!(cameras.len() > 20_000 && found.len() >= cells.len() / 2, "{resolution}");
    }
}

#[test]
fn keys_are_numbers_and_texts() {
    assert_eq!(
        TileKey::from_u64(1_024).unwrap_err().to_string(),
        "`1024` is neither an H3 cell nor one of 1024 pages of owners"
    );
    for key in kept(&small()).into_keys() {
        assert_eq!(TileKey::from_u64(key.to_u64()), Ok(key));
        let json = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<TileKey>(&json).unwrap(), key);
    }
    assert!(serde_json::from_str::<TileKey>("1024").is_err());
}
