//! Tiles as bytes: their format, and how they are written. `tile_decode` reads them.
//!
//! ```text
//! header    magic "CNVT" | version u16 | kind u16 | key u64 | revision u64
//!           | rows u32 | consents, or facings of cameras u32 | instants u32
//! cameras   row: id u64 | owner u64 | lon i32 | lat i32 | since u32 | until u32 | kept days u16
//!           facing: number of the row u32 | bearing u16 | angle u16 | reach u16
//! owners    consent: length u32 | JSON
//!           row: owner u64 | number of the consent u32, or 2^32 - 1 for none | instants u8
//!           instant: seconds i64, those of each row in turn
//! end       CRC-32 of all before u32
//! ```
//!
//! All numbers are little endian, rows ascend by id, facings by their row, consents by their JSON: the
//! same content gives the same bytes. Bearings and angles are in hundredths of a degree, reaches in
//! tenths of a metre.

use std::collections::{BTreeSet, HashMap};

use super::cluster::Cluster;
use super::directory::Special;
use super::terms::TermsTable;
use super::tile::{Content, Keyed, OwnerRecord, Tile, TileKey};
use super::writer::granted;
use crate::ask_limit::AskLimit;
use crate::camera::{Camera, CameraId, NEVER, OwnerId, Recording};
use crate::consent::{Consent, Standing};
use crate::geometry::Position;
use crate::camera::Camera;
use crate::consent::AskLimit;

pub(super) const MAGIC: [u8; 4] = *b"CNVT";
pub(super) const VERSION: u16 = 1;
pub(super) const HEADER: usize = 36;
pub(super) const CAMERA: usize = 34;
pub(super) const FACING: usize = 10;
pub(super) const OWNER: usize = 13;
/// The number of no consent.
pub(super) const NONE: u32 = u32::MAX;

pub(super) fn encode(tile: &Tile) -> Vec<u8> {
    match &tile.content {
        Content::Cameras(cluster) => encode_cameras(tile, cluster),
        Content::Owners { records, terms } => encode_owners(tile, records, terms),
    }
}

pub(super) fn kind(key: TileKey) -> u16 {
    match key.keyed() {
        Keyed::Cell(_) => 1,
        Keyed::Owners(_) => 2,
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

/// What makes consents distinct: their interned scopes, when they lapse, and their limit.
fn distinct(terms: u32, special: Option<&Special>) -> (u32, i64, i64, AskLimit) {
    let usual = Special::default();
    let special = special.unwrap_or(&usual);
    (terms, special.lapses.paused_until, special.lapses.expires, special.limit)
}

fn encode_owners(tile: &Tile, records: &[OwnerRecord], table: &TermsTable) -> Vec<u8> {
    let mut records: Vec<&OwnerRecord> = records.iter().collect();
    records.sort_unstable_by_key(|record| record.owner);
    let mut written = HashMap::new();
    for record in &records {
        if let Some(number) = record.terms
            && let Some(terms) = table.get(number)
        {
            let special = record.special.as_deref();
            written.entry(distinct(number, special)).or_insert_with(|| {
                // A consent is plain values: writing it cannot fail.
                serde_json::to_string(&granted(terms, special)).unwrap_or_default()
            });
        }
    }
    let consents: BTreeSet<&str> = written.values().map(String::as_str).collect();
    let numbers: HashMap<&str, u32> = consents.iter().copied().zip(0..).collect();
    let number = |record: &OwnerRecord| {
        let json = written.get(&distinct(record.terms?, record.special.as_deref()))?;
        numbers.get(json.as_str()).copied()
    };
    let asked =
        |record: &OwnerRecord| record.special.as_ref().map_or(&[][..], |s| s.asked()).to_vec();
    let instants: Vec<i64> = records.iter().flat_map(|record| asked(record)).collect();
    let json: usize = consents.iter().map(|json| json.len() + 4).sum();
    let room = json + records.len() * OWNER + instants.len() * 8;
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
    bytes.extend(instants.iter().flat_map(|instant| instant.to_le_bytes()));
    sealed(bytes)
}

/// A tile as its bytes had it.
pub(super) struct Decoded {
    pub(super) key: TileKey,
    pub(super) revision: Revision,
    pub(super) rows: Rows,
}

pub(super) enum Rows {
    Cameras { cell: CellIndex, cameras: Vec<Camera> },
    Owners { page: u16, consents: Vec<Consent>, owners: Vec<OwnerRow> },
}

pub(super) struct OwnerRow {
    pub(super) owner: OwnerId,
    /// The place of the consent among the page's.
    pub(super) consent: Option<u32>,
    pub(super) asked: Vec<i64>,
}

/// Reads a tile of a registry at a revision, and checks everything that can be told from it alone.
pub(super) fn decode(bytes: &[u8], at_most: Revision) -> Result<Decoded, TileError> {
    let mut reader = Reader { key: None, bytes, offset: 0 };
    let magic: [u8; 4] = reader.array()?;
    if magic != MAGIC {
        return Err(reader.error_at(0, TileFlaw::NoTile));
    }
    let version = u16::from_le_bytes(reader.array()?);
    if version != VERSION {
        return Err(reader.error_at(4, TileFlaw::Version { found: version }));
    }
    reader.unseal()?;
    let found_kind = u16::from_le_bytes(reader.array()?);
    let number = reader.u64()?;
    let key = TileKey::from_u64(number)
        .map_err(|_| reader.error_at(8, TileFlaw::Key { found: number }))?;
    reader.key = Some(key);
    if found_kind != kind(key) {
        let flaw = TileFlaw::Kind { expected: kind(key), found: found_kind };
        return Err(reader.error_at(6, flaw));
    }
    let revision = Revision(reader.u64()?);
    if revision > at_most {
        return Err(reader.error_at(16, TileFlaw::Revision { at_most, found: revision }));
    }
    let counts = [reader.u32()?, reader.u32()?, reader.u32()?];
    if counts[0] == 0 {
        return Err(reader.error_at(24, TileFlaw::NoRows));
    }
    let rows = match key.keyed() {
        Keyed::Cell(cell) => {
            Rows::Cameras { cell, cameras: decode_cameras(&mut reader, cell, counts)? }
        }
        Keyed::Owners(page) => decode_owners(&mut reader, page, counts)?,
    };
    match reader.left() {
        0 => Ok(Decoded { key, revision, rows }),
        left => Err(reader.error(TileFlaw::Trailing { left })),
    }
}

fn decode_cameras(
    reader: &mut Reader<'_>,
    cell: CellIndex,
    [rows, consents, instants]: [u32; 3],
) -> Result<Vec<Camera>, TileError> {
    if consents != 0 || instants != 0 {
        let found = u64::from(consents) + u64::from(instants);
        return Err(reader.error_at(28, TileFlaw::CountOfOwners { found }));
    }
    reader.expect(u64::from(rows) * CAMERA as u64)?;
    let mut tiling = Tiling::new(Layout::new(cell.resolution(), 1));
    let mut cameras = Vec::with_capacity(rows as usize);
    let mut last = None;
    for _ in 0..rows {
        let start = reader.offset;
        let id = reader.ascending(&mut last)?;
        let camera = CameraId(id);
        let owner = OwnerId(reader.u64()?);
        let lon = i32::from_le_bytes(reader.array()?);
        let lat = i32::from_le_bytes(reader.array()?);
        let position = Position::from_e7(lon, lat)
            .map_err(|reason| reader.error_at(start + 16, TileFlaw::Position { camera, reason }))?;
        if position.lon_e7() != lon {
            return Err(reader.error_at(start + 16, TileFlaw::Meridian { camera }));
        }
        let (since, until) = (reader.u32()?, reader.u32()?);
        let kept_days = u16::from_le_bytes(reader.array()?);
        let recording = recording(since, until, kept_days).map_err(|reason| {
            reader.error_at(start + 24, TileFlaw::Recording { camera, reason })
        })?;
        let stands_in = tiling.cell(position);
        if stands_in != cell {
            let stands_in = TileKey::of_cell(stands_in);
            return Err(reader.error_at(start + 16, TileFlaw::OtherCell { camera, stands_in }));
        }
        cameras.push(Camera { id: camera, owner, position, recording });
    }
    Ok(cameras)
}

fn recording(
    since: u32,
    until: u32,
    kept_days: u16,
) -> Result<Recording, crate::camera::RecordingError> {
    if since < until {
        return Ok(Recording::from_columns(since, until, kept_days));
    }
    let instant = |second: u32| Timestamp::from_second(i64::from(second)).unwrap_or_default();
    let until = (until != NEVER).then(|| instant(until));
    Recording::between(instant(since), until, kept_days)
}

fn decode_owners(
    reader: &mut Reader<'_>,
    page: u16,
    [rows, number_of_consents, instants]: [u32; 3],
) -> Result<Rows, TileError> {
    let after = u64::from(rows) * OWNER as u64 + u64::from(instants) * 8;
    reader.expect(u64::from(number_of_consents) * 4 + after)?;
    let mut consents = Vec::new();
    // Where each consent starts, until somebody has it.
    let mut unused = Vec::new();
    let mut last: Option<&[u8]> = None;
    for number in 0..number_of_consents {
        let start = reader.offset;
        let length = reader.u32()?;
        let json = reader.take(u64::from(length))?;
        if last.is_some_and(|last| last >= json) {
            return Err(reader.error_at(start, TileFlaw::ConsentOrder { number }));
        }
        last = Some(json);
        consents.push(consent(json, number).map_err(|flaw| reader.error_at(start, flaw))?);
        unused.push(Some(start));
    }
    reader.expect(after)?;
    let mut owners: Vec<OwnerRow> = Vec::with_capacity(rows as usize);
    let (mut counts, mut sum, mut last) = (Vec::with_capacity(rows as usize), 0, None);
    for _ in 0..rows {
        let start = reader.offset;
        let owner = OwnerId(reader.ascending(&mut last)?);
        let belongs_to = TileKey::of_owner(owner);
        if belongs_to.keyed() != Keyed::Owners(page) {
            return Err(reader.error_at(start, TileFlaw::OtherPage { owner, belongs_to }));
        }
        let number = reader.u32()?;
        if number != NONE && number >= number_of_consents {
            let flaw = TileFlaw::NoSuchConsent { owner, number, consents: number_of_consents };
            return Err(reader.error_at(start + 8, flaw));
        }
        let [count] = reader.array()?;
        if count > AskLimit::MAX {
            return Err(reader.error_at(start + 12, TileFlaw::History { owner }));
        }
        if number == NONE && count == 0 {
            return Err(reader.error_at(start, TileFlaw::NothingOfOwner { owner }));
        }
        counts.push(count);
        sum += u64::from(count);
        if let Some(start) = unused.get_mut(number as usize) {
            *start = None;
        }
        let consent = (number != NONE).then_some(number);
        owners.push(OwnerRow { owner, consent, asked: Vec::new() });
    }
    if let Some((number, start)) = (0..).zip(unused).find_map(|(n, start)| Some((n, start?))) {
        return Err(reader.error_at(start, TileFlaw::NobodysConsent { number }));
    }
    if sum != u64::from(instants) {
        return Err(reader.error_at(32, TileFlaw::Instants { expected: sum, found: instants }));
    }
    for (row, count) in owners.iter_mut().zip(counts) {
        let start = reader.offset;
        for _ in 0..count {
            row.asked.push(i64::from_le_bytes(reader.array()?));
        }
        let instant = |&second: &i64| Timestamp::from_second(second).is_ok();
        if !row.asked.is_sorted() || !row.asked.iter().all(instant) {
            return Err(reader.error_at(start, TileFlaw::History { owner: row.owner }));
        }
    }
    Ok(Rows::Owners { page, consents, owners })
}

/// A consent that is granted, and written as a registry writes it.
fn consent(json: &[u8], number: u32) -> Result<Consent, TileFlaw> {
    let consent: Consent =
        serde_json::from_slice(json).map_err(|error| TileFlaw::consent(&error))?;
    if consent.standing() != Standing::Granted {
        return Err(TileFlaw::consent(&"it is not granted"));
    }
    // In whole seconds, as they are kept.
    let lapses = consent.lapses();
    let consent = consent.lapsing(lapses);
    match serde_json::to_vec(&consent) {
        Ok(written) if written == json => Ok(consent),
        _ => Err(TileFlaw::ConsentForm { number }),
    }
}

/// Reads bytes from the front.
struct Reader<'a> {
    key: Option<TileKey>,
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    fn error_at(&self, offset: usize, reason: TileFlaw) -> TileError {
        TileError { key: self.key, offset, reason }
    }

    fn error(&self, reason: TileFlaw) -> TileError {
        self.error_at(self.offset, reason)
    }

    fn left(&self) -> u64 {
        self.bytes.len().saturating_sub(self.offset) as u64
    }

    /// Makes sure that so many bytes are there, before anything is allocated for them.
    fn expect(&self, expected: u64) -> Result<(), TileError> {
        match self.left() {
            left if left < expected => Err(self.error(TileFlaw::Truncated { expected, left })),
            _ => Ok(()),
        }
    }

    /// Checks the checksum at the end, and leaves it out from here on.
    fn unseal(&mut self) -> Result<(), TileError> {
        self.expect((HEADER - self.offset + 4) as u64)?;
        let Some((bytes, &seal)) = self.bytes.split_last_chunk() else { return Ok(()) };
        let (expected, found) = (crc32fast::hash(bytes), u32::from_le_bytes(seal));
        if expected != found {
            return Err(self.error_at(bytes.len(), TileFlaw::Checksum { expected, found }));
        }
        self.bytes = bytes;
        Ok(())
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], TileError> {
        self.expect(length)?;
        let end = self.offset.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
        let taken = self.bytes.get(self.offset..end).unwrap_or(&[]);
        self.offset = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], TileError> {
        let left = self.left();
        let taken = self.bytes.get(self.offset..).and_then(<[u8]>::first_chunk);
        let &array =
            taken.ok_or_else(|| self.error(TileFlaw::Truncated { expected: N as u64, left }))?;
        self.offset += N;
        Ok(array)
    }

    fn u32(&mut self) -> Result<u32, TileError> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, TileError> {
        self.array().map(u64::from_le_bytes)
    }

    /// An id above the last one.
    fn ascending(&mut self, last: &mut Option<u64>) -> Result<u64, TileError> {
        let offset = self.offset;
        let found = self.u64()?;
        match last.replace(found) {
            Some(last) if found <= last => {
                Err(self.error_at(offset, TileFlaw::RowOrder { last, found }))
            }
            _ => Ok(found),
        }
    }
}
