//! Memory for tiles: in proportion to their bytes, for hostile ones as well.

use allocation_counter::measure;
use canvass::error::TileFlaw;
use canvass::tiles::Tile;
use canvass::*;
use jiff::SignedDuration;

use crate::now;

/// The peak of allocated bytes while tiles are read, including the registry if they form one.
fn peak(tiles: &[Vec<u8>]) -> (f64, Result<(), TileFlaw>) {
    // One thread, since each counts for itself.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(|| {
        let mut read = Ok(());
        let counted = measure(|| {
            let registry = Registry::from_tiles(Revision(1), tiles);
            read = registry.map(drop).map_err(|error| error.reason);
        });
        (counted.bytes_max as f64, read)
    })
}

fn encoded(changes: impl IntoIterator<Item = Change>) -> Vec<Vec<u8>> {
    let registry = Registry::new();
    registry.apply(changes).unwrap();
    registry.tiles().changed.iter().map(Tile::encode).collect()
}

/// The same bytes with a valid checksum.
fn sealed(mut tile: Vec<u8>) -> Vec<u8> {
    let (content, seal) = tile.split_last_chunk_mut().unwrap();
    *seal = crc32fast::hash(content).to_le_bytes();
    tile
}

/// Cameras `step` units of 1e-7 degree apart.
fn grid(number: u64, step: u64, id: fn(u64) -> u64) -> impl Iterator<Item = Change> {
    let side = number.isqrt() + 1;
    (0..number).map(move |camera| {
        let degrees = |place: u64| (place * step) as f64 * 1e-7;
        let position = Position::new(degrees(camera % side), degrees(camera / side)).unwrap();
        let recording = Recording::kept_for_days(30);
        let owner = OwnerId(id(camera));
        Change::Register(Camera::new(CameraId(id(camera)), owner, position, recording))
    })
}

fn set_consents(number: u64, consent: impl Fn(u64) -> Consent) -> impl Iterator<Item = Change> {
    (0..number)
        .map(move |owner| Change::SetConsent { owner: OwnerId(owner), consent: consent(owner) })
}

/// The memory that reading tiles may take: 8 bytes for each byte, since a camera of 34 bytes takes
/// up to 240 while it is loaded; 4 KB for each tile, for its block even if it has one camera; and
/// 16 KB.
fn allowed(tiles: &[Vec<u8>]) -> f64 {
    let bytes: usize = tiles.iter().map(Vec::len).sum();
    (8 * bytes + 4_096 * tiles.len() + 16_384) as f64
}

#[test]
fn tiles_take_memory_in_proportion_to_their_bytes() {
    let agencies = |owner| {
        let agencies = (owner * 100..owner * 100 + 100).map(AgencyId);
        Consent::granted().with_agencies(Scope::only(agencies))
    };
    let later = |owner: u64| {
        Consent::granted().with_expiry(now() + SignedDuration::from_secs(owner.cast_signed()))
    };
    let asked = |number| {
        let times = (0..30_u64).flat_map(move |_| 0..number / 30);
        times.map(|owner| Change::RecordAsked {
            owner: OwnerId(owner),
            agency: Some(AgencyId(1)),
            at: now(),
        })
    };
    let of_one = |change| match change {
        Change::Register(camera) => Change::Register(camera.with_owner(OwnerId(7))),
        other => other,
    };
    let mut closest = 0.0_f64;
    for number in [1, 3_000, 12_000] {
        for (name, tiles) in [
            ("a town", encoded(grid(number, 3_000, |id| id).chain(set_consents(number, later)))),
            ("nobody agreed", encoded(grid(number, 3_000, |id| id))),
            ("wide ids", encoded(grid(number, 3_000, |id| id << 40))),
            ("one owner", encoded(grid(number, 3_000, |id| id).map(of_one))),
            ("one point", encoded(grid(number, 0, |id| id))),
            ("a camera a tile", encoded(grid(number / 10 + 1, 2_000_000, |id| id << 40))),
            ("one consent", encoded(set_consents(number, |_| Consent::granted()))),
            ("distinct consents", encoded(set_consents(number, later))),
            ("many agencies", encoded(set_consents(number / 10 + 1, agencies))),
            ("histories", encoded(asked(number))),
        ] {
            let (most, read) = peak(&tiles);
            assert_eq!(read, Ok(()));
            let share = most / allowed(&tiles);
            assert!(share <= 1.0, "{name}, {number}: {most} bytes, {share:.2} of the bound");
            closest = closest.max(share);
        }
    }
    // The bound is tight: the closest measurement uses more than half of it.
    assert!(closest > 0.5, "{closest}");
}

#[test]
fn hostile_tiles_take_no_more_than_good_ones() {
    let town = grid(3_000, 3_000, |id| id).chain(set_consents(100, |_| Consent::granted()));
    let good = encoded(town);
    let mut refused = 0;
    let mut refuse = |tiles: &[Vec<u8>]| {
        let (most, read) = peak(tiles);
        assert!(most <= allowed(tiles), "{most} bytes, {read:?}");
        refused += usize::from(read.is_err());
    };
    for tile in [&good[0], good.last().unwrap()] {
        // Wrong counts and lengths, including the length of the first consent.
        for (place, lie) in [24, 28, 32, 36].into_iter().zip([1 << 24, 1 << 31, u32::MAX].repeat(2))
        {
            let mut tile = tile.clone();
            tile[place..place + 4].copy_from_slice(&lie.to_le_bytes());
            refuse(&[sealed(tile)]);
        }
        // One tile repeated many times.
        refuse(&vec![tile.clone(); 50]);
        // A piece of a tile repeated many times.
        let mut long = tile[..36].to_vec();
        (0..200).for_each(|_| long.extend(&tile[36..tile.len().min(3_000)]));
        long.extend([0; 4]);
        long[24..28].copy_from_slice(&10_000_u32.to_le_bytes());
        refuse(&[sealed(long)]);
    }
    // A consent with endless nesting, quotes or lists.
    for (open, again, close) in
        [("", "[", ""), ("{\"", "long", "\":1}"), ("{\"agencies\":{\"only\":[1", ",2", "]}}")]
    {
        let json = format!("{open}{}{close}", again.repeat(100_000));
        let mut page = good[0][..28].to_vec();
        page.extend(1_u32.to_le_bytes());
        page.extend([0; 4]);
        page.extend(u32::try_from(json.len()).unwrap().to_le_bytes());
        page.extend(json.as_bytes());
        page.extend([0; 17]);
        refuse(&[sealed(page)]);
    }
    assert_eq!(refused, 2 * 6 + 3);
}
