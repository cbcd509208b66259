//! Restores a registry from its tiles and a log of changes.

use h3o::CellIndex;

use super::bulk::{LoadedIndex, build};
use super::staged_consents::StagedConsents;
use crate::model::{Camera, Consent};
use crate::registry::change::{Change, ChangeError, ChangeRefusal};
use crate::registry::directory::ConsentExtras;
use crate::registry::index::Layout;
use crate::registry::registry::Registry;
use crate::registry::revision::Revision;
use crate::registry::scopes::Terms;
use crate::registry::snapshot::{Snapshot, State};
use crate::registry::tiles::{
    CAMERA, Decoded, HEADER, OwnerRow, Rows, TileError, TileFlaw, TileKey, decode,
};
use crate::registry::writer::Writer;
use crate::util::parallel;

impl Registry {
    /// Restores the registry at a revision from all its tiles as bytes, in any order.
    ///
    /// The restored registry routes as the one that wrote the tiles, and its own
    /// [`tiles`](Registry::tiles) are the same once the same changes are [replayed](Registry::replay).
    /// Tiles keep their resolution; blocks are packed anew. O(n log n), on all cores with the feature
    /// `parallel`.
    ///
    /// A missing tile is no error, since no other tile refers to it: its cameras, or consents and
    /// histories, are then missing from the registry. So store the list of tile keys beside the
    /// revision.
    ///
    /// # Errors
    ///
    /// The first tile, in the order given, whose bytes are corrupt or that contradicts the others.
    /// Untrusted bytes give an error or a registry; either takes at most 8 bytes of memory for each
    /// byte and 4 KB for each tile.
    pub fn from_tiles<B: AsRef<[u8]>>(
        revision: Revision,
        tiles: impl IntoIterator<Item = B>,
    ) -> Result<Self, TileError> {
        let kept: Vec<B> = tiles.into_iter().collect();
        let bytes: Vec<&[u8]> = kept.iter().map(AsRef::as_ref).collect();
        let decoded = parallel::map(
            bytes.len(),
            || (),
            |(), tile| bytes.get(tile).map(|bytes| decode(tile, bytes, revision)),
        );
        let mut decoded = decoded.into_iter().flatten().collect::<Result<Vec<_>, _>>()?;
        drop(kept);
        decoded.sort_by_key(|tile| tile.key);
        if let Some(twice) = decoded.windows(2).find_map(same_key) {
            return Err(flaw(twice, TileFlaw::TwiceTile));
        }
        TileLoad::new(decoded)?.build(revision)
    }

    /// Applies the changes of a revision, unless they were applied before. You can replay a log from
    /// any point at or before the registry's revision, any number of times.
    ///
    /// # Errors
    ///
    /// If the revision is not the next one, or its changes cannot be applied.
    ///
    /// ```
    /// use canvass::{Change, OwnerId, Registry, Revision};
    ///
    /// let registry = Registry::new();
    /// let log = || [Change::Withdraw { owner: OwnerId(1) }];
    /// assert_eq!(registry.replay(Revision(1), log())?.revision(), Revision(1));
    /// assert_eq!(registry.replay(Revision(1), log())?.revision(), Revision(1));
    /// assert!(registry.replay(Revision(3), log()).is_err());
    /// # Ok::<(), canvass::error::ReplayError>(())
    /// ```
    pub fn replay(
        &self,
        revision: Revision,
        changes: impl IntoIterator<Item = Change>,
    ) -> Result<Snapshot, ReplayError> {
        self.apply_revision(revision, changes, |old| {
            let is_next = Some(revision.0) == old.0.checked_add(1);
            if is_next { Ok(()) } else { Err(ReplayError::Gap { current: old, found: revision }) }
        })
    }

    /// Applies changes as of a revision that somebody else counts, unless they were applied before.
    /// Use it where registries share one log and each takes the records of its own part, so that
    /// revisions between are other parts'. Make sure yourself that no record of yours is missing:
    /// [`replay`](Self::replay) finds that out where all records are one registry's.
    ///
    /// # Errors
    ///
    /// If the changes cannot be applied. Then none of them was.
    ///
    /// ```
    /// use canvass::{Change, OwnerId, Registry, Revision};
    ///
    /// let registry = Registry::new();
    /// let log = || [Change::Withdraw { owner: OwnerId(1) }];
    /// assert_eq!(registry.apply_at(Revision(40), log())?.revision(), Revision(40));
    /// assert_eq!(registry.apply_at(Revision(12), log())?.revision(), Revision(40), "done before");
    /// # Ok::<(), canvass::error::ReplayError>(())
    /// ```
    pub fn apply_at(
        &self,
        revision: Revision,
        changes: impl IntoIterator<Item = Change>,
    ) -> Result<Snapshot, ReplayError> {
        self.apply_revision(revision, changes, |_| Ok(()))
    }

    /// Applies the changes of a revision, if it is later than the registry's and may follow it.
    fn apply_revision(
        &self,
        revision: Revision,
        changes: impl IntoIterator<Item = Change>,
        follows: impl FnOnce(Revision) -> Result<(), ReplayError>,
    ) -> Result<Snapshot, ReplayError> {
        let changes: Vec<Change> = changes.into_iter().collect();
        let next = |writer: &mut Writer, old: &State| {
            if revision <= old.revision {
                // Applied before.
                return Err(None);
            }
            follows(old.revision).map_err(Some)?;
            Self::next(writer, old, revision, changes)
                .map_err(|reason| Some(ReplayError::Refused { revision, reason }))
        };
        match self.state.apply(next, Writer::retire) {
            Ok(state) => Ok(Snapshot::new(state)),
            Err(None) => Ok(self.snapshot()),
            Err(Some(error)) => Err(error),
        }
    }
}

/// Why the changes of a log were not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// Revisions between are missing.
    #[error("revision `{found}` does not follow `{current}`: those between are missing")]
    Gap {
        /// The registry's revision.
        current: Revision,
        /// The revision that was to be replayed.
        found: Revision,
    },
    /// A change cannot be applied.
    #[error("revision `{revision}` cannot be replayed: {reason}")]
    Refused {
        /// Which revision.
        revision: Revision,
        /// The reason.
        reason: ChangeError,
    },
}

/// The error for the second of two tiles with the same key.
fn same_key(pair: &[Decoded]) -> Option<(usize, TileKey)> {
    match pair {
        [a, b] if a.key == b.key => Some((b.index, b.key)),
        _ => None,
    }
}

/// The error for a key that contradicts the other tiles' keys.
fn flaw((index, key): (usize, TileKey), reason: TileFlaw) -> TileError {
    TileError { index: Some(index), key: Some(key), offset: 8, reason }
}

/// The error for all tiles together.
fn together(reason: TileFlaw) -> TileError {
    TileError { index: None, key: None, offset: 0, reason }
}

/// The content of all tiles, before it becomes a registry.
#[derive(Default)]
struct TileLoad {
    cameras: Vec<Camera>,
    /// The number of each camera's tile among `cells`.
    tile_of: Vec<u32>,
    cells: Vec<(CellIndex, Revision)>,
    /// The index of each cell's tile in the order given.
    indexes: Vec<usize>,
    pages: Vec<Page>,
}

/// A page with its distinct consents and its owners.
type Page = (u16, Revision, Vec<Consent>, Vec<OwnerRow>);

impl TileLoad {
    /// Concatenates tiles that ascend by key.
    fn new(tiles: Vec<Decoded>) -> Result<Self, TileError> {
        let mut loading = Self::default();
        let number = |tile: &Decoded| match &tile.rows {
            Rows::Cameras { cameras, .. } => cameras.len(),
            Rows::Owners { .. } => 0,
        };
        let cameras: usize = tiles.iter().map(number).sum();
        if u32::try_from(cameras).is_err() {
            return Err(together(TileFlaw::RegistryFull));
        }
        loading.cameras.reserve_exact(cameras);
        loading.tile_of.reserve_exact(cameras);
        for Decoded { index, key, revision, rows } in tiles {
            match rows {
                Rows::Cameras { cell, cameras } => {
                    let first = loading.cells.first().map_or(cell, |&(first, _)| first);
                    if first.resolution() != cell.resolution() {
                        let expected = u8::from(first.resolution());
                        let found = u8::from(cell.resolution());
                        return Err(flaw((index, key), TileFlaw::Resolution { expected, found }));
                    }
                    let tile = u32::try_from(loading.cells.len())
                        .map_err(|_| together(TileFlaw::RegistryFull))?;
                    loading.tile_of.extend(cameras.iter().map(|_| tile));
                    loading.cells.push((cell, revision));
                    loading.indexes.push(index);
                    loading.cameras.extend(cameras);
                }
                Rows::Owners { page, consents, owners } => {
                    loading.pages.push((page, revision, consents, owners));
                }
            }
        }
        Ok(loading)
    }

    fn build(mut self, revision: Revision) -> Result<Registry, TileError> {
        let layout = self.cells.first().map_or_else(Layout::default, |(cell, _)| {
            Layout::new(cell.resolution(), Layout::default().block_rows())
        });
        let pages = std::mem::take(&mut self.pages);
        let revisions: Vec<_> =
            pages.iter().map(|&(page, revision, ..)| (page, revision)).collect();
        let (indexed, staged) =
            parallel::join(|| LoadedIndex::new(&self.cameras), || take_pages(pages));
        let built = staged.and_then(|staged| {
            build(&self.cameras, &self.tile_of, &self.cells, indexed?, staged, layout)
        });
        let (mut writer, root) = built.map_err(|error| self.error(error))?;
        for (page, revision) in revisions {
            writer.pages.set_page(page, revision);
        }
        Ok(Registry::publish_first(writer, root, revision))
    }

    /// The error for a camera that is in two tiles; names the second.
    fn error(&self, error: ChangeError) -> TileError {
        let tile = self.tile_of.get(error.index).copied().unwrap_or(0);
        let index = self.indexes.get(tile as usize).copied();
        let key = self.cells.get(tile as usize).map(|&(cell, _)| TileKey::of_cell(cell));
        match error.reason {
            ChangeRefusal::AlreadyRegistered { camera } => {
                let row = error.index - self.tile_of.partition_point(|&other| other < tile);
                let offset = HEADER + row * CAMERA;
                TileError { index, key, offset, reason: TileFlaw::TwiceCamera { camera } }
            }
            _ => together(TileFlaw::RegistryFull),
        }
    }
}

/// Interns the scopes of each page's consents, once for all owners who share them, and stages the
/// extras.
fn take_pages(pages: Vec<Page>) -> Result<StagedConsents, ChangeError> {
    let full = ChangeError { index: 0, reason: ChangeRefusal::RegistryFull };
    let mut staged = StagedConsents::default();
    staged.reserve(pages.iter().map(|(.., owners)| owners.len()).sum());
    for (_, _, consents, owners) in pages {
        let mut distinct = Vec::with_capacity(consents.len());
        for consent in consents {
            let (consent_period, limit) = (consent.consent_period(), consent.limit());
            let terms = staged.interner.acquire(Terms::of(consent)).ok_or(full)?;
            distinct.push((terms, ConsentExtras { consent_period, limit, asked: None }));
        }
        for OwnerRow { owner, consent, asked } in owners {
            let consent = consent.and_then(|number| distinct.get(number as usize));
            let (terms, mut extras) = match consent {
                Some((terms, extras)) => (Some(*terms), extras.clone()),
                None => (None, ConsentExtras::default()),
            };
            if let Some(terms) = terms {
                staged.interner.share(terms);
            }
            extras.asked = (!asked.is_empty()).then(|| Box::new(asked));
            if !staged.note(owner, terms, extras) {
                return Err(full);
            }
        }
        for (terms, _) in distinct {
            staged.interner.release(terms);
        }
    }
    Ok(staged)
}
