//! The format of tiles as bytes, and the encoder. [`decode`](super::decode) reads them.
//!
//! ```text
//! header    magic "CNVT" | version u16 | kind u16 | key u64 | revision u64
//!           | rows u32 | consents, or facings of cameras u32 | instants u32
//! cameras   row: id u64 | owner u64 | lon i32 | lat i32 | since u32 | until u32 | kept days u16
//!           facing: number of the row u32 | bearing u16 | angle u16 | reach u16
//! owners    consent: length u32 | JSON
//!           row: owner u64 | number of the consent u32, or 2^32 - 1 for none | instants u8
//!           instant: seconds i64 | 1 u8 | agency u64, or 0 u8 | 0 u64 for none, those of each row in turn
//! end       CRC-32 of all before u32
//! ```
//!
//! All numbers are little endian, rows ascend by id, facings by their row, consents by their JSON: the
//! same content gives the same bytes. Bearings and angles are in hundredths of a degree, reaches in
//! tenths of a metre.

use std::collections::{BTreeSet, HashMap};

use super::tile::{Content, KeyKind, OwnerRecord, Tile, TileKey};
use crate::model::{AgencyId, AskLimit, AskTime, Camera};
use crate::registry::directory::{ConsentExtras, granted};
use crate::registry::index::Cluster;
use crate::registry::scopes::TermsTable;

pub(crate) const MAGIC: [u8; 4] = *b"CNVT";
pub(crate) const VERSION: u16 = 2;
pub(crate) const HEADER: usize = 36;
pub(crate) const CAMERA: usize = 34;
pub(crate) const FACING: usize = 10;
pub(crate) const OWNER: usize = 13;
/// An instant, and the agency that asked.
pub(crate) const ASK: usize = 17;
/// The number that stands for no consent.
pub(crate) const NONE: u32 = u32::MAX;

impl Tile {
    /// The tile as bytes. Equal content and revision give equal bytes, by any sequence of changes.
    ///
    /// O(n log n) for n rows. 34 bytes a camera and 10 its facing, 13 an owner and 17 each time they were asked, and
    /// each distinct consent of a page once, as JSON.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match &self.content {
            Content::Cameras(cluster) => encode_cameras(self, cluster),
            Content::Owners { records, terms } => encode_owners(self, records, terms),
        }
    }
}

pub(crate) fn kind(key: TileKey) -> u16 {
    match key.keyed() {
        KeyKind::Cell(_) => 1,
        KeyKind::Owners(_) => 2,
    }
}

/// The header, with room for so many bytes after it.
fn header(tile: &Tile, counts: [usize; 3], room: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + room + 4);
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(kind(tile.key).to_le_bytes());
    bytes.extend(tile.key.to_u64().to_le_bytes());
    bytes.extend(tile.revision.0.to_le_bytes());
    for count in counts {
        // A registry holds fewer than 2^32 cameras and distinct consents.
        bytes.extend(u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
    }
    bytes
}

fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

fn encode_cameras(tile: &Tile, cluster: &Cluster) -> Vec<u8> {
    let mut cameras: Vec<Camera> = Vec::new();
    cluster.blocks(&mut |block| cameras.extend(block.iter().map(|row| row.camera)));
    cameras.sort_unstable_by_key(|camera| camera.id);
    let facings = cameras.iter().filter(|camera| camera.facing.is_some()).count();
    let room = cameras.len() * CAMERA + facings * FACING;
    let mut bytes = header(tile, [cameras.len(), facings, 0], room);
    for &Camera { id, owner, position, recording, .. } in &cameras {
        let (since, until, kept_days) = recording.columns();
        bytes.extend(id.0.to_le_bytes());
        bytes.extend(owner.0.to_le_bytes());
        bytes.extend(position.lon_e7().to_le_bytes());
        bytes.extend(position.lat_e7().to_le_bytes());
        bytes.extend(since.to_le_bytes());
        bytes.extend(until.to_le_bytes());
        bytes.extend(kept_days.to_le_bytes());
    }
    for (row, camera) in (0_u32..).zip(&cameras) {
        if let Some(facing) = camera.facing {
            bytes.extend(row.to_le_bytes());
            bytes.extend(facing.columns().iter().flat_map(|number| number.to_le_bytes()));
        }
    }
    sealed(bytes)
}

/// The parts in which consents differ: interned scopes, pause, expiry and limit.
fn distinct(terms: u32, extras: Option<&ConsentExtras>) -> (u32, i64, i64, AskLimit) {
    let usual = ConsentExtras::default();
    let extras = extras.unwrap_or(&usual);
    (terms, extras.consent_period.paused_until, extras.consent_period.expires, extras.limit)
}

fn encode_owners(tile: &Tile, records: &[OwnerRecord], table: &TermsTable) -> Vec<u8> {
    let mut records: Vec<&OwnerRecord> = records.iter().collect();
    records.sort_unstable_by_key(|record| record.owner);
    let mut written = HashMap::new();
    for record in &records {
        if let Some(number) = record.terms
            && let Some(terms) = table.get(number)
        {
            let extras = record.extras.as_deref();
            written.entry(distinct(number, extras)).or_insert_with(|| {
                // A consent has plain values only, so writing it cannot fail.
                serde_json::to_string(&granted(terms, extras)).unwrap_or_default()
            });
        }
    }
    let consents: BTreeSet<&str> = written.values().map(String::as_str).collect();
    let numbers: HashMap<&str, u32> = consents.iter().copied().zip(0..).collect();
    let number = |record: &OwnerRecord| {
        let json = written.get(&distinct(record.terms?, record.extras.as_deref()))?;
        numbers.get(json.as_str()).copied()
    };
    let asked =
        |record: &OwnerRecord| record.extras.as_ref().map_or(&[][..], |s| s.asked()).to_vec();
    let instants: Vec<AskTime> = records.iter().flat_map(|record| asked(record)).collect();
    let json: usize = consents.iter().map(|json| json.len() + 4).sum();
    let room = json + records.len() * OWNER + instants.len() * ASK;
    let mut bytes = header(tile, [records.len(), consents.len(), instants.len()], room);
    for json in consents {
        bytes.extend(u32::try_from(json.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend(json.as_bytes());
    }
    for record in records {
        bytes.extend(record.owner.0.to_le_bytes());
        bytes.extend(number(record).unwrap_or(NONE).to_le_bytes());
        bytes.push(u8::try_from(asked(record).len()).unwrap_or(u8::MAX));
    }
    for (instant, agency) in instants {
        bytes.extend(instant.to_le_bytes());
        bytes.push(u8::from(agency.is_some()));
        bytes.extend(agency.unwrap_or(AgencyId(0)).0.to_le_bytes());
    }
    sealed(bytes)
}
