//! The parts of a registry that a service stores: tiles of cameras and pages of owners, each with the
//! revision that last changed it.

use std::fmt;
use std::sync::Arc;

use h3o::CellIndex;
use serde::{Deserialize, Serialize};

use crate::model::OwnerId;
use crate::registry::directory::ConsentExtras;
use crate::registry::index::Cluster;
use crate::registry::registry::Registry;
use crate::registry::revision::Revision;
use crate::registry::scopes::TermsTable;
use crate::registry::writer::{PAGES, Writer, page};
use crate::util::parallel;

/// The key of a tile: an H3 cell with the cameras in it, or a page of owners with their consents and
/// histories.
///
/// In serde formats, the number that [`to_u64`](TileKey::to_u64) returns.
///
/// ```
/// use canvass::tiles::TileKey;
///
/// let key = TileKey::from_u64(7)?;
/// assert_eq!((key.to_u64(), key.to_string().as_str()), (7, "owners-7"));
/// assert!(TileKey::from_u64(5_000).is_err());
/// # Ok::<(), canvass::error::TileKeyError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct TileKey(KeyKind);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum KeyKind {
    // INVARIANT: below `PAGES`.
    Owners(u16),
    Cell(CellIndex),
}

impl TileKey {
    /// The key as a number: the H3 index, or the number of the page, which is below 1,024. Use it
    /// as the key in your store.
    #[must_use]
    pub fn to_u64(self) -> u64 {
        match self.0 {
            KeyKind::Owners(page) => u64::from(page),
            KeyKind::Cell(cell) => u64::from(cell),
        }
    }

    /// The key for a number that [`to_u64`](TileKey::to_u64) returned.
    ///
    /// # Errors
    ///
    /// If the number is neither an H3 cell nor a page.
    pub fn from_u64(number: u64) -> Result<Self, TileKeyError> {
        match u16::try_from(number) {
            Ok(page) if page < PAGES => Ok(Self(KeyKind::Owners(page))),
            _ => match CellIndex::try_from(number) {
                Ok(cell) => Ok(Self(KeyKind::Cell(cell))),
                Err(_) => Err(TileKeyError { number }),
            },
        }
    }

    pub(crate) fn of_cell(cell: CellIndex) -> Self {
        Self(KeyKind::Cell(cell))
    }

    /// The page of an owner, by a hash that never changes, since stored tiles depend on it.
    pub(crate) fn of_owner(owner: OwnerId) -> Self {
        Self(KeyKind::Owners(page(owner)))
    }

    pub(crate) fn keyed(self) -> KeyKind {
        self.0
    }
}

impl fmt::Display for TileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            KeyKind::Owners(page) => write!(f, "owners-{page}"),
            KeyKind::Cell(cell) => cell.fmt(f),
        }
    }
}

/// A number is not a [`TileKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{number}` is neither an H3 cell nor one of {PAGES} pages of owners")]
pub struct TileKeyError {
    number: u64,
}

impl TryFrom<u64> for TileKey {
    type Error = TileKeyError;

    fn try_from(number: u64) -> Result<Self, Self::Error> {
        Self::from_u64(number)
    }
}

impl From<TileKey> for u64 {
    fn from(key: TileKey) -> Self {
        key.to_u64()
    }
}

/// One part of a registry at the revision at which it was taken: the cameras of a cell, or the consents
/// and histories of some owners.
///
/// Cheap to hold: a tile of cameras shares its rows with the snapshot. Bytes are made by
/// [`encode`](Tile::encode).
#[derive(Clone)]
pub struct Tile {
    pub(crate) key: TileKey,
    pub(crate) revision: Revision,
    pub(crate) content: Content,
}

#[derive(Clone)]
pub(crate) enum Content {
    Cameras(Arc<Cluster>),
    Owners { records: Vec<OwnerRecord>, terms: TermsTable },
}

/// An owner's record without their cameras.
#[derive(Clone)]
pub(crate) struct OwnerRecord {
    pub(crate) owner: OwnerId,
    pub(crate) terms: Option<u32>,
    pub(crate) extras: Option<Box<ConsentExtras>>,
}

impl Tile {
    /// The tile's key.
    #[must_use]
    pub fn key(&self) -> TileKey {
        self.key
    }

    /// The revision that last changed it.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The number of cameras in it; 0 for a page of owners. O(blocks).
    #[must_use]
    pub fn cameras(&self) -> usize {
        let mut cameras = 0;
        if let Content::Cameras(cluster) = &self.content {
            cluster.blocks(&mut |block| cameras += block.len());
        }
        cameras
    }
}

impl fmt::Debug for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tile")
            .field("key", &self.key)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

/// The writes that bring stored tiles from one revision to a later one.
#[derive(Clone, Debug)]
pub struct TileChanges {
    /// The revision of the stored tiles once these are written.
    pub revision: Revision,
    /// New and changed tiles, ascending by key; each replaces the stored one.
    pub changed: Vec<Tile>,
    /// Keys of tiles to delete, ascending, because nothing is left in them. May name a tile that was
    /// never stored, because it came and went in between.
    pub vanished: Vec<TileKey>,
}

impl Registry {
    /// Every tile. Replace everything you stored before: tiles that vanished are not named here, and a
    /// stale one would bring its cameras back.
    ///
    /// O(tiles + owners). Takes turns with [`apply`](Registry::apply), since consents are read from the
    /// writer; readers of snapshots never wait. Call [`Tile::encode`] for the bytes of each tile.
    #[must_use]
    pub fn tiles(&self) -> TileChanges {
        TileChanges { vanished: Vec::new(), ..self.gather(|_| true) }
    }

    /// The tiles that changed after a revision. A bulk load is the start of a registry and counts as no
    /// change: the first time, store [`tiles`](Registry::tiles).
    ///
    /// A restored registry does not know the tiles that vanished before its checkpoint, so ask for
    /// changes since then or later. Costs as much as [`tiles`](Registry::tiles), less the pages if none
    /// has changed.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    ///
    /// use canvass::{Change, Consent, OwnerId, Registry};
    ///
    /// let registry = Registry::new();
    /// let yes = |owner| Change::SetConsent { owner: OwnerId(owner), consent: Consent::granted() };
    /// registry.apply([yes(1), yes(2)])?;
    /// let first = registry.tiles();
    /// let mut kept: BTreeMap<_, _> =
    ///     first.changed.iter().map(|tile| (tile.key(), tile.encode())).collect();
    ///
    /// registry.apply([Change::Withdraw { owner: OwnerId(1) }, yes(3)])?;
    /// let since = registry.tiles_since(first.revision);
    /// kept.extend(since.changed.iter().map(|tile| (tile.key(), tile.encode())));
    /// kept.retain(|key, _| !since.vanished.contains(key));
    ///
    /// let restored = Registry::from_tiles(since.revision, kept.values())?;
    /// assert_eq!(restored.consent(OwnerId(1)), Consent::default());
    /// assert_eq!(restored.consent(OwnerId(3)), Consent::granted());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn tiles_since(&self, revision: Revision) -> TileChanges {
        self.gather(|changed| changed > revision)
    }

    fn gather(&self, wanted: impl Fn(Revision) -> bool) -> TileChanges {
        // While the writer is locked, the published state and the consents are of one revision.
        let (pages, state) =
            self.state.inspect(|writer, _| (pages(writer, &wanted), self.state.load()));

        let (mut changed, mut vanished) = (Vec::new(), Vec::new());
        for (key, revision, records) in pages {
            if records.is_empty() {
                vanished.push(key);
            } else {
                let content = Content::Owners { records, terms: state.terms.clone() };
                changed.push(Tile { key, revision, content });
            }
        }
        state.root.tiles(&mut |cell, tile| {
            if wanted(tile.revision()) {
                let (key, revision) = (TileKey::of_cell(cell), tile.revision());
                changed.push(Tile { key, revision, content: Content::Cameras(Arc::clone(tile)) });
            }
        });
        let gone = state.vanished.iter().filter(|&(_, &revision)| wanted(revision));
        vanished.extend(gone.map(|(&cell, _)| TileKey::of_cell(cell)));
        changed.sort_unstable_by_key(Tile::key);
        vanished.sort_unstable();
        TileChanges { revision: state.revision, changed, vanished }
    }
}

/// The wanted pages with their owners.
fn pages(
    writer: &Writer,
    wanted: impl Fn(Revision) -> bool,
) -> Vec<(TileKey, Revision, Vec<OwnerRecord>)> {
    let mut pages: Vec<_> = (0..PAGES)
        .map(|page| (TileKey(KeyKind::Owners(page)), writer.pages.get(page)))
        .map(|(key, revision)| wanted(revision).then(|| (key, revision, Vec::new())))
        .collect();
    if pages.iter().all(Option::is_none) {
        return Vec::new();
    }
    let is_wanted: Vec<bool> = pages.iter().map(Option::is_some).collect();
    let on_wanted = |owner: OwnerId| is_wanted.get(usize::from(page(owner))) == Some(&true);
    let directory = &writer.directory;
    let records = parallel::map(
        directory.owners.number(),
        || (),
        |(), shard| {
            let owners = directory.owners.at(shard)?;
            let extras = |owner| owners.extras(owner).cloned().map(Box::new);
            let granted = owners.iter().filter_map(|(owner, entry)| Some((owner, entry.terms()?)));
            let granted = granted.filter(|&(owner, _)| on_wanted(owner)).map(|(owner, terms)| {
                OwnerRecord { owner, terms: Some(terms), extras: extras(owner) }
            });
            // Owners who agreed are listed already; the others have at most a history.
            let others = owners.all_extras().filter(|&(owner, extras)| {
                extras.asked.is_some() && on_wanted(owner) && owners.get(owner).terms().is_none()
            });
            let others =
                others.map(|(owner, _)| OwnerRecord { owner, terms: None, extras: extras(owner) });
            Some(granted.chain(others).collect::<Vec<_>>())
        },
    );
    for record in records.into_iter().flatten().flatten() {
        if let Some(Some((_, _, records))) = pages.get_mut(usize::from(page(record.owner))) {
            records.push(record);
        }
    }
    pages.into_iter().flatten().collect()
}
