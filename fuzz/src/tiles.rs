//! Tiles as bytes: an error with the place, or a registry with exactly the content of the bytes.

use arbitrary::{Result, Unstructured};
use canvass::error::TileError;
use canvass::tiles::{Tile, TileKey};
use canvass::{
    AgencyId, Area, Ask, CameraId, Change, Consent, OwnerId, Registry, Revision, Standing,
};
use jiff::Timestamp;

use crate::Reached;
use crate::changes::{owners_agree, routes_agree};
use crate::made;
use crate::oracle::{Town, step};

/// The first bytes of a tile.
const MAGIC: &[u8; 4] = b"CNVT";
/// The bytes before the first row.
const HEADER: usize = 36;
/// The bytes of a camera.
const CAMERA: usize = 34;
/// The bytes of a facing.
const FACING: usize = 10;
/// The bytes of an owner.
const OWNER: usize = 13;
/// The longest message that bytes may cause.
const MESSAGE: usize = 1_024;

/// Reads tiles one after the other, each from one `CNVT` to the next: unchanged, and with corrected
/// checksums. Bytes that do not start with it are also used to make a town, whose tiles must come
/// back unchanged, and are then modified.
pub fn tile(bytes: &[u8]) -> Reached {
    let tiles = split(bytes);
    let sealed: Vec<_> = tiles.iter().cloned().map(sealed).collect();
    let mut reached = read(&tiles);
    if sealed != tiles {
        reached = reached.max(read(&sealed));
    }
    if !bytes.starts_with(MAGIC) {
        let made = made(&mut Unstructured::new(bytes)).unwrap_or(Reached::Refused);
        reached = reached.max(made);
    }
    reached
}

fn split(bytes: &[u8]) -> Vec<Vec<u8>> {
    let starts = bytes.windows(MAGIC.len()).enumerate().skip(1);
    let starts = starts.filter(|(_, window)| window == MAGIC).map(|(start, _)| start);
    let mut tiles = Vec::new();
    let mut from = 0;
    for end in starts.chain([bytes.len()]) {
        tiles.push(bytes[from..end].to_vec());
        from = end;
    }
    tiles
}

/// The same bytes with a valid checksum.
fn sealed(mut tile: Vec<u8>) -> Vec<u8> {
    if let Some((content, seal)) = tile.split_last_chunk_mut() {
        *seal = crc32fast::hash(content).to_le_bytes();
    }
    tile
}

/// Makes a registry of tiles, or returns the refusal.
fn read(tiles: &[Vec<u8>]) -> Reached {
    let revisions = tiles.iter().filter(|tile| tile.len() >= 24).map(|tile| u64_at(tile, 16));
    let revision = Revision(revisions.max().unwrap_or(0));
    match Registry::from_tiles(revision, tiles) {
        Ok(registry) => {
            assert_eq!(registry.snapshot().revision(), revision);
            holds(&registry, tiles)
        }
        Err(error) => {
            told(&error, tiles);
            Reached::Refused
        }
    }
}

fn told(error: &TileError, tiles: &[Vec<u8>]) {
    let words = error.to_string();
    assert!(!words.is_empty() && words.len() <= MESSAGE, "{} bytes: {words:.900}", words.len());
    let tile = &tiles[error.index.expect("so few fill no registry")];
    assert!(error.offset <= tile.len(), "{error}");
    if let Some(key) = error.key {
        assert!(tile.len() >= HEADER && u64_at(tile, 8) == key.to_u64(), "{error}");
    }
}

/// Asserts the properties of a registry made of tiles.
fn holds(registry: &Registry, tiles: &[Vec<u8>]) -> Reached {
    // Written again, the tiles equal those that were read, byte by byte.
    let mut expected: Vec<&Vec<u8>> = tiles.iter().collect();
    expected.sort_by_key(|tile| TileKey::from_u64(u64_at(tile, 8)).expect("a key that was read"));
    let written = registry.tiles().changed;
    assert_eq!(written.len(), expected.len());
    for (tile, expected) in written.iter().zip(expected) {
        let written = tile.encode();
        let texts = [&written, expected].map(|bytes| String::from_utf8_lossy(bytes));
        assert!(
            written == *expected,
            "{} is written as {:?}, not {:?}",
            tile.key(),
            texts[0],
            texts[1]
        );
    }

    // The registry has no camera and no consent except those in the bytes.
    let mut town = Town::default();
    for tile in tiles {
        carried(tile, registry, &mut town);
    }
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.cameras(), town.cameras.len());
    let owners = town.cameras.values().map(|camera| camera.owner);
    let others = town.consents.keys().chain(town.asked.keys()).copied();
    let owners = owners.chain(others).collect();
    owners_agree(registry, &town, &owners);
    let world = Area::from_bounds(-180.0, -90.0, 180.0, 90.0).expect("the world");
    let reached = routes_agree(&snapshot, &town, world.clone(), made::noon());

    // The look-ups have all content: half of it is removed, then all but the histories.
    for half in [1, 0] {
        let cameras = town.cameras.keys().filter(|camera| camera.0 % 2 >= half);
        let removed = cameras.map(|&camera| Change::Remove { camera });
        let agreed = town.consents.keys().filter(|owner| owner.0 % 2 >= half);
        let withdrawn = agreed.map(|&owner| Change::Withdraw { owner });
        let changes: Vec<Change> = removed.chain(withdrawn).collect();
        for change in &changes {
            step(&mut town, change).expect("a camera that was read can be removed");
        }
        let snapshot = registry.apply(changes).expect("a camera that was read can be removed");
        owners_agree(registry, &town, &owners);
        routes_agree(&snapshot, &town, world.clone(), made::noon());
    }
    assert_eq!(registry.snapshot().cameras(), 0);
    reached.max(Reached::Checked)
}

/// The content of a tile's bytes, by a second reader; their order is known to be valid.
fn carried(tile: &[u8], registry: &Registry, town: &mut Town) {
    let [rows, consents, instants] = [24, 28, 32].map(|at| u32_at(tile, at) as usize);
    let content = &tile[HEADER..tile.len() - 4];
    if TileKey::from_u64(u64_at(tile, 8)).expect("a key that was read").to_u64() >= 1_024 {
        let (rows, facings) = content.split_at(rows * CAMERA);
        assert_eq!(facings.len(), consents * FACING, "facings follow the cameras");
        for row in rows.chunks_exact(CAMERA) {
            let id = CameraId(u64_at(row, 0));
            let camera = registry.snapshot().find(id).expect("a camera that was read");
            let place = [camera.position.lon_e7(), camera.position.lat_e7()];
            let (since, until) = (camera.recording.since(), camera.recording.until());
            assert_eq!(camera.owner, OwnerId(u64_at(row, 8)));
            assert_eq!(place.map(i32::to_le_bytes).concat(), row[16..24]);
            assert_eq!(since.as_second(), i64::from(u32_at(row, 24)));
            let until = until.map_or(i64::from(u32::MAX), Timestamp::as_second);
            assert_eq!(until, i64::from(u32_at(row, 28)));
            assert_eq!(camera.recording.kept_days().to_le_bytes(), row[32..34]);
            assert_eq!(town.cameras.insert(id, camera), None, "a camera in two tiles");
        }
        return;
    }
    let mut rest = content;
    let mut distinct = Vec::new();
    for _ in 0..consents {
        let length = u32_at(rest, 0) as usize;
        let consent: Consent = serde_json::from_slice(&rest[4..4 + length]).expect("a consent");
        assert_eq!(consent.standing(), Standing::Granted);
        distinct.push(consent);
        rest = &rest[4 + length..];
    }
    let (rows, mut asked) = rest.split_at(rows * OWNER);
    assert_eq!(asked.len(), instants * 17);
    for row in rows.chunks_exact(OWNER) {
        let owner = OwnerId(u64_at(row, 0));
        let number = u32_at(row, 8);
        if number != u32::MAX {
            town.consents.insert(owner, distinct[number as usize].clone());
        }
        let (theirs, others) = asked.split_at(usize::from(row[12]) * 17);
        let second = |bytes: &[u8]| Timestamp::from_second(u64_at(bytes, 0).cast_signed());
        let theirs = theirs.chunks_exact(17).map(|ask| Ask {
            agency: (ask[8] == 1).then(|| AgencyId(u64_at(ask, 9))),
            at: second(ask).expect("an instant"),
        });
        town.asked.insert(owner, theirs.collect());
        asked = others;
    }
    assert_eq!(asked, [0; 0]);
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// Makes a town whose tiles must come back unchanged; then modifies their bytes.
fn made(u: &mut Unstructured<'_>) -> Result<Reached> {
    let registry = Registry::with_layout(made::layout(u)?);
    let origin = made::origin(u)?;
    let mut changes = Vec::new();
    for number in 0..u.int_in_range(0..=20_u64)? {
        let id = CameraId(number << (8 * (number % 8)));
        let camera = made::camera(u, id, origin)?;
        changes.push(Change::Register(camera));
        if made::once_in(u, 2)? {
            let mut consent = made::consent(u)?;
            if made::once_in(u, 4)? {
                let zone = made::pick(u, &["Europe/Paris", "America/New_York", "+05:30"])?;
                consent = consent.with_zone(zone.parse().expect("a zone"));
            }
            changes.push(Change::SetConsent { owner: camera.owner, consent });
        }
        if made::once_in(u, 4)? {
            changes.push(Change::RecordAsked {
                owner: made::owner(u)?,
                agency: None,
                at: made::instant(u)?,
            });
        }
    }
    registry.apply(changes).expect("ids differ");
    let written: Vec<_> = registry.tiles().changed.iter().map(Tile::encode).collect();
    let Ok(again) = Registry::from_tiles(registry.snapshot().revision(), &written) else {
        panic!("a registry's own tile is refused")
    };
    holds(&again, &written);
    let mut tiles = written.clone();
    // Mostly one change: the reader stops at the first error.
    let number = if made::once_in(u, 4)? { u.int_in_range(2..=4_u8)? } else { 1 };
    for _ in 0..number {
        if !tiles.is_empty() {
            let chosen = u.choose_index(tiles.len())?;
            let mut content = tiles[chosen].clone();
            content.truncate(content.len().saturating_sub(4));
            change(u, &mut content)?;
            content.extend([0; 4]);
            tiles[chosen] = sealed(content);
        }
    }
    Ok(if tiles == written { Reached::Refused } else { read(&tiles) })
}

/// Changes some bytes, mostly so that a check must find it.
fn change(u: &mut Unstructured<'_>, bytes: &mut Vec<u8>) -> Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let at = u.choose_index(bytes.len())?;
    let end = (at + usize::from(u.int_in_range(1..=40_u8)?)).min(bytes.len());
    match u.int_in_range(0..=15_u8)? {
        7.. => bytes[at] ^= 1 << u.int_in_range(0..=7_u8)?,
        0 | 1 => bytes[at] = u.arbitrary()?,
        2 => bytes[at] = bytes[at].wrapping_add(made::pick(u, &[1, 0xff])?),
        // A count in the header.
        3 if bytes.len() >= HEADER => {
            let count = made::pick(u, &[24, 28, 32])?;
            let value: u32 = made::pick(u, &[0, 1, 2, 0x0100_0000, u32::MAX])?;
            bytes[count..count + 4].copy_from_slice(&value.to_le_bytes());
        }
        4 => drop(bytes.drain(at..end)),
        5 => {
            let piece = bytes[at..end].to_vec();
            let to = u.choose_index(bytes.len())?;
            bytes.splice(to..to, piece);
        }
        _ => {
            let piece = bytes[at..end].to_vec();
            let to = u.choose_index(bytes.len() - piece.len() + 1)?;
            bytes[to..to + piece.len()].copy_from_slice(&piece);
        }
    }
    Ok(())
}
