//! What a service keeps of a registry: tiles of cameras and pages of owners, each with the revision
//! that last changed it.

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

/// Which tile: an H3 cell with the cameras that stand in it, or a page of owners with what they said
/// and when they were asked.
///
/// In serde formats the number of [`to_u64`](TileKey::to_u64).
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
    /// The key as a number: the H3 index, or the number of the page, which is below 1,024.
    #[must_use]
    pub fn to_u64(self) -> u64 {
        match self.0 {
            KeyKind::Owners(page) => u64::from(page),
            KeyKind::Cell(cell) => u64::from(cell),
        }
    }

    /// The key of a number that [`to_u64`](TileKey::to_u64) gave.
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

    /// The page of an owner: by a hash that never changes, since it is written down.
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

/// One part of a registry, as it was when it was taken: cameras of a cell, or consents and histories
/// of some owners.
///
/// Cheap to hold: a tile of cameras shares its rows with the snapshot. Its bytes are made when they
/// are asked for.
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

/// What is kept of an owner besides their cameras.
#[derive(Clone)]
pub(crate) struct OwnerRecord {
    pub(crate) owner: OwnerId,
    pub(crate) terms: Option<u32>,
    pub(crate) special: Option<Box<ConsentExtras>>,
}

impl Tile {
    /// Which tile.
    #[must_use]
    pub fn key(&self) -> TileKey {
        self.key
    }

    /// The revision that last changed it.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// How many cameras are in it; a page of owners has none. O(blocks).
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

/// What has to be written so that tiles kept at one revision are those of a later one.
#[derive(Clone, Debug)]
pub struct TileChanges {
    /// The revision that the kept tiles are of once these are among them.
    pub revision: Revision,
    /// Tiles that are new or have changed, ascending by key; each replaces the kept one.
    pub changed: Vec<Tile>,
    /// Tiles to delete, ascending, because nothing is left in them; one that came and went since is
    /// named as well.
    pub vanished: Vec<TileKey>,
}

impl Registry {
    /// Every tile. They take the place of all that were kept before: which tiles vanished since is not
    /// named here, and one of them that stays would bring its cameras back.
    ///
    /// O(tiles + owners). Takes turns with [`apply`](Registry::apply), as reading what owners said
    /// does; readers of snapshots never wait. The bytes are made later, tile by tile, by
    /// [`Tile::encode`].
    #[must_use]
    pub fn tiles(&self) -> TileChanges {
        TileChanges { vanished: Vec::new(), ..self.gather(|_| true) }
    }

    /// What changed after a revision. A bulk load changes nothing, since a registry begins with it:
    /// the first time, keep [`tiles`](Registry::tiles).
    ///
    /// A restored registry does not know which tiles vanished before its checkpoint: ask for what
    /// changed since then, or later. Costs what [`tiles`](Registry::tiles) does, but for the pages
    /// if none has changed.
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
        // With the writer held, what is published and what owners said are of one revision.
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

/// The wanted pages with what is on them.
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
            let special = |owner| owners.special(owner).cloned().map(Box::new);
            let granted = owners.iter().filter_map(|(owner, entry)| Some((owner, entry.terms()?)));
            let granted = granted.filter(|&(owner, _)| on_wanted(owner)).map(|(owner, terms)| {
                OwnerRecord { owner, terms: Some(terms), special: special(owner) }
            });
            // Owners who agreed are there already; the others have at most a history.
            let others = owners.specials().filter(|&(owner, special)| {
                special.asked.is_some() && on_wanted(owner) && owners.get(owner).terms().is_none()
            });
            let others = others.map(|(owner, _)| OwnerRecord {
                owner,
                terms: None,
                special: special(owner),
            });
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
