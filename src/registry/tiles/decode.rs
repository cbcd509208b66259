//! Decodes tiles from untrusted bytes. Checks everything that one tile alone can reveal.

use h3o::CellIndex;
use jiff::Timestamp;

use super::encode::{ASK, CAMERA, FACING, HEADER, MAGIC, NONE, OWNER, VERSION, kind};
use super::error::{TileError, TileFlaw};
use super::tile::{KeyKind, TileKey};
use crate::geometry::Position;
use crate::model::{
    AgencyId, AskLimit, AskTime, Camera, CameraId, Consent, Facing, NEVER, OwnerId, Recording,
    RecordingError, Standing,
};
use crate::registry::index::{CellLookup, Layout};
use crate::registry::revision::Revision;

/// A decoded tile.
pub(crate) struct Decoded {
    /// The index of the tile in the order given.
    pub(crate) index: usize,
    pub(crate) key: TileKey,
    pub(crate) revision: Revision,
    pub(crate) rows: Rows,
}

pub(crate) enum Rows {
    Cameras { cell: CellIndex, cameras: Vec<Camera> },
    Owners { page: u16, consents: Vec<Consent>, owners: Vec<OwnerRow> },
}

pub(crate) struct OwnerRow {
    pub(crate) owner: OwnerId,
    /// The index of the consent among the page's.
    pub(crate) consent: Option<u32>,
    pub(crate) asked: Vec<AskTime>,
}

/// Decodes the tile at an index, for a registry at a revision, and checks everything that one tile
/// alone can reveal.
pub(crate) fn decode(index: usize, bytes: &[u8], at_most: Revision) -> Result<Decoded, TileError> {
    let mut reader = Reader { index, key: None, bytes, offset: 0 };
    let magic: [u8; 4] = reader.array()?;
    if magic != MAGIC {
        return Err(reader.error_at(0, TileFlaw::NoTile));
    }
    let version = reader.u16()?;
    if version != VERSION {
        return Err(reader.error_at(4, TileFlaw::Version { found: version }));
    }
    reader.unseal()?;
    let found_kind = reader.u16()?;
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
        KeyKind::Cell(cell) => {
            Rows::Cameras { cell, cameras: decode_cameras(&mut reader, cell, counts)? }
        }
        KeyKind::Owners(page) => decode_owners(&mut reader, page, counts)?,
    };
    match reader.left() {
        0 => Ok(Decoded { index, key, revision, rows }),
        left => Err(reader.error(TileFlaw::Trailing { left })),
    }
}

fn decode_cameras(
    reader: &mut Reader<'_>,
    cell: CellIndex,
    [rows, facings, instants]: [u32; 3],
) -> Result<Vec<Camera>, TileError> {
    if instants != 0 {
        let found = u64::from(instants);
        return Err(reader.error_at(32, TileFlaw::CountOfOwners { found }));
    }
    reader.expect(u64::from(rows) * CAMERA as u64 + u64::from(facings) * FACING as u64)?;
    let mut tiling = CellLookup::new(Layout::new(cell.resolution(), 1));
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
        let kept_days = reader.u16()?;
        let recording = recording(since, until, kept_days).map_err(|reason| {
            reader.error_at(start + 24, TileFlaw::Recording { camera, reason })
        })?;
        let stands_in = tiling.cell(position);
        if stands_in != cell {
            let stands_in = TileKey::of_cell(stands_in);
            return Err(reader.error_at(start + 16, TileFlaw::OtherCell { camera, stands_in }));
        }
        cameras.push(Camera { id: camera, owner, position, recording, facing: None });
    }
    decode_facings(reader, facings, &mut cameras)?;
    Ok(cameras)
}

/// Assigns facings to the cameras, in the order of their rows.
fn decode_facings(
    reader: &mut Reader<'_>,
    facings: u32,
    cameras: &mut [Camera],
) -> Result<(), TileError> {
    let mut from = 0;
    for _ in 0..facings {
        let start = reader.offset;
        let found = reader.u32()?;
        let Some(camera) = cameras.get_mut(found as usize).filter(|_| found >= from) else {
            let rows = u32::try_from(cameras.len()).unwrap_or(u32::MAX);
            return Err(reader.error_at(start, TileFlaw::FacingRow { from, rows, found }));
        };
        let columns = [reader.u16()?, reader.u16()?, reader.u16()?];
        let facing = Facing::from_columns(columns).map_err(|reason| {
            reader.error_at(start + 4, TileFlaw::Facing { camera: camera.id, reason })
        })?;
        camera.facing = Some(facing);
        from = found.saturating_add(1);
    }
    Ok(())
}

fn recording(since: u32, until: u32, kept_days: u16) -> Result<Recording, RecordingError> {
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
    let after = u64::from(rows) * OWNER as u64 + u64::from(instants) * ASK as u64;
    reader.expect(u64::from(number_of_consents) * 4 + after)?;
    let mut consents = Vec::new();
    // The offset of each consent, until an owner refers to it.
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
        if belongs_to.keyed() != KeyKind::Owners(page) {
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
            let instant = i64::from_le_bytes(reader.array()?);
            let ([is_known], agency) = (reader.array()?, reader.u64()?);
            let agency = match (is_known, agency) {
                (0, 0) => None,
                (1, agency) => Some(AgencyId(agency)),
                _ => return Err(reader.error_at(start, TileFlaw::History { owner: row.owner })),
            };
            row.asked.push((instant, agency));
        }
        let instant = |&(second, _): &AskTime| Timestamp::from_second(second).is_ok();
        if !row.asked.is_sorted() || !row.asked.iter().all(instant) {
            return Err(reader.error_at(start, TileFlaw::History { owner: row.owner }));
        }
    }
    Ok(Rows::Owners { page, consents, owners })
}

/// A granted consent in the form in which a registry writes it.
fn consent(json: &[u8], number: u32) -> Result<Consent, TileFlaw> {
    let consent: Consent =
        serde_json::from_slice(json).map_err(|error| TileFlaw::consent(&error))?;
    if consent.standing() != Standing::Granted {
        return Err(TileFlaw::consent(&"it is not granted"));
    }
    // Whole seconds, as they are stored.
    let consent_period = consent.consent_period();
    let consent = consent.with_consent_period(consent_period);
    match serde_json::to_vec(&consent) {
        Ok(written) if written == json => Ok(consent),
        _ => Err(TileFlaw::ConsentForm { number }),
    }
}

/// Reads bytes from the front.
struct Reader<'a> {
    index: usize,
    key: Option<TileKey>,
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    fn error_at(&self, offset: usize, reason: TileFlaw) -> TileError {
        TileError { index: Some(self.index), key: self.key, offset, reason }
    }

    fn error(&self, reason: TileFlaw) -> TileError {
        self.error_at(self.offset, reason)
    }

    fn left(&self) -> u64 {
        self.bytes.len().saturating_sub(self.offset) as u64
    }

    /// Checks that so many bytes are left, before anything is allocated for them.
    fn expect(&self, expected: u64) -> Result<(), TileError> {
        match self.left() {
            left if left < expected => Err(self.error(TileFlaw::Truncated { expected, left })),
            _ => Ok(()),
        }
    }

    /// Checks the checksum at the end, and excludes it from then on.
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

    fn u16(&mut self) -> Result<u16, TileError> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, TileError> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, TileError> {
        self.array().map(u64::from_le_bytes)
    }

    /// Reads an id that must be above the last one.
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
