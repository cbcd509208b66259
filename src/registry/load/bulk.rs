//! Loads millions of cameras at once.
//!
//! Each look-up by id in a table of millions misses the cache. So cameras and consents are first
//! partitioned by groups of the directory's shards, and each group is filled while it is in the cache.
//! They are partitioned one run at a time, which fits the cache, and a group reads its part of each
//! run. Only ids are moved, with the index of their camera, and indexes go to the tiles: rows are built
//! from the cameras as given.

use std::collections::BTreeSet;
use std::sync::Arc;

use h3o::CellIndex;

use super::partition::{GROUPS, Partitioned};
use super::staged_consents::{StagedConsents, StagedStandings};
use crate::model::{Camera, CameraId, Consent, OwnerId};
use crate::registry::block::Row;
use crate::registry::change::{ChangeError, ChangeRefusal};
use crate::registry::directory::{Directory, Owners, Positions};
use crate::registry::index::{BlockSlot, Cluster, Layout, cells, split};
use crate::registry::registry::Registry;
use crate::registry::revision::Revision;
use crate::registry::writer::Writer;
use crate::util::parallel;

impl Registry {
    /// Loads many cameras and consents at once. Use it for the first load: the result is the same
    /// as registering them one by one with [`apply`](Registry::apply), only faster.
    ///
    /// O(n log n), on all cores with the feature `parallel`.
    ///
    /// # Errors
    ///
    /// If a camera id occurs twice (the error's index is its second place among the cameras), or
    /// an owner has two consents (the index is the second place among the consents).
    pub fn bulk_load(
        cameras: &[Camera],
        consents: impl IntoIterator<Item = (OwnerId, Consent)>,
    ) -> Result<Self, ChangeError> {
        Self::bulk_load_with_layout(cameras, consents, Layout::default())
    }

    /// [`bulk_load`](Registry::bulk_load) with another layout; see [`Layout`].
    ///
    /// # Errors
    ///
    /// As [`bulk_load`](Registry::bulk_load).
    pub fn bulk_load_with_layout(
        cameras: &[Camera],
        consents: impl IntoIterator<Item = (OwnerId, Consent)>,
        layout: Layout,
    ) -> Result<Self, ChangeError> {
        if u32::try_from(cameras.len()).is_err() {
            return Err(ChangeError { index: cameras.len(), reason: ChangeRefusal::RegistryFull });
        }
        // The caller's iterator runs on the caller's thread.
        let ((cells, indexed), staged) = parallel::join(
            || (cells(cameras, layout), LoadedIndex::new(cameras)),
            || StagedConsents::of_consents(consents, cameras.len()),
        );
        let (cells, tile_of) = cells;
        let first = |cell| (cell, Revision(0));
        let cells: Vec<_> = cells.into_iter().map(first).collect();
        let (staged, indexed) = (staged?, indexed?);
        let (writer, root) = build(cameras, &tile_of, &cells, indexed, staged, layout)?;
        Ok(Self::publish_first(writer, root, Revision(0)))
    }
}

/// Builds a registry from the cells in ascending order with their revisions, the index of each camera's
/// cell among them, and the staged consents.
pub(crate) fn build(
    cameras: &[Camera],
    tile_of: &[u32],
    cells: &[(CellIndex, Revision)],
    indexed: LoadedIndex,
    staged: StagedConsents,
    layout: Layout,
) -> Result<(Writer, Cluster), ChangeError> {
    let LoadedIndex { mut directory, owners, owned } = indexed;
    let is_short =
        |camera: &Camera| Positions::is_short(camera.id) && u32::try_from(camera.owner.0).is_ok();
    let are_short = cameras.iter().all(is_short);
    let reserve = if are_short { Owners::reserve_short } else { Owners::reserve_long };
    let (interner, standings) =
        staged.join(&owned, [cameras.len(), owners], reserve, &mut directory)?;
    drop(owned);
    // Makes up for a low estimate, so that the first changes need not grow the table.
    directory.grow(0);
    let tiles = tiles(cameras, tile_of, cells, &standings, layout);
    let root = Cluster::assemble(tiles, layout);
    Ok((Writer::of(directory, interner, layout), root))
}

/// The part of loading that does not depend on consents.
pub(crate) struct LoadedIndex {
    /// The position of each camera.
    directory: Directory,
    /// The estimated number of owners.
    owners: usize,
    /// The cameras partitioned by owner, each with its index.
    owned: Partitioned<(OwnerId, CameraId, u32)>,
}

impl LoadedIndex {
    pub(crate) fn new(cameras: &[Camera]) -> Result<Self, ChangeError> {
        let owners = owners(cameras);
        let mut directory = Directory::with_capacity(cameras.len(), owners);
        index_cameras(cameras, &mut directory)?;
        let grouping = directory.owners.grouping(GROUPS);
        let owned = Partitioned::new(cameras, grouping.groups(), |index, camera| {
            (grouping.of(camera.owner.0), (camera.owner, camera.id, index))
        });
        Ok(Self { directory, owners, owned })
    }
}

/// The number of owners, estimated from a sample; used only to size the directory. The sample takes
/// runs of neighbours, since an owner's cameras may be adjacent, from all over, since one owner may
/// have all of the first.
fn owners(cameras: &[Camera]) -> usize {
    let parts = cameras.chunks(cameras.len().div_ceil(RUNS).max(1));
    let sample = || parts.clone().flat_map(|part| part.iter().take(RUN).map(|camera| camera.owner));
    let distinct = sample().collect::<BTreeSet<_>>().len();
    cameras.len().saturating_mul(distinct) / sample().count().max(1)
}

/// The sample: so many runs of so many neighbours.
const RUNS: usize = 100;
const RUN: usize = 100;

/// Fills the directory's positions.
fn index_cameras(cameras: &[Camera], directory: &mut Directory) -> Result<(), ChangeError> {
    let grouping = directory.cameras.grouping(GROUPS);
    let partitioned = Partitioned::new(cameras, grouping.groups(), |index, camera| {
        (grouping.of(camera.id.0), (camera.id, camera.position, index))
    });
    let short = cameras.iter().filter(|camera| Positions::is_short(camera.id)).count();
    let mut groups: Vec<_> = directory.cameras.groups_mut(GROUPS).collect();
    let twice = parallel::map_mut(&mut groups, |number, group| {
        let mut twice = None;
        group.reserve(short, Positions::reserve_short);
        group.reserve(cameras.len() - short, Positions::reserve_long);
        for &(camera, position, index) in partitioned.group(number) {
            let positions = group.of_mut(camera.0);
            let before = positions.and_then(|positions| positions.insert(camera, position));
            if before.is_some() && twice.is_none() {
                twice = Some((index, camera));
            }
        }
        twice
    });
    match twice.into_iter().flatten().min() {
        None => Ok(()),
        Some((index, camera)) => Err(ChangeError {
            index: index as usize,
            reason: ChangeRefusal::AlreadyRegistered { camera },
        }),
    }
}

/// The tiles of all cameras, ascending by cell.
fn tiles(
    cameras: &[Camera],
    tile_of: &[u32],
    cells: &[(CellIndex, Revision)],
    standings: &StagedStandings,
    layout: Layout,
) -> Vec<Arc<Cluster>> {
    let partitioned =
        Partitioned::new(tile_of, cells.len(), |number, &tile| (tile as usize, number));
    let place = |&number: &u32| {
        let camera = cameras.get(number as usize)?;
        Some(BlockSlot { position: camera.position, row: (number, standings.answer(number)) })
    };
    let row = |&(number, answer): &(u32, u32)| {
        let &camera = cameras.get(number as usize)?;
        Some(Row { camera, standing: standings.of(answer) })
    };
    parallel::map(cells.len(), Vec::new, |places: &mut Vec<_>, tile| {
        places.clear();
        places.extend(partitioned.group(tile).filter_map(place));
        let blocks = split(places, layout.block_rows(), row);
        let &(cell, revision) = cells.get(tile)?;
        Some(Arc::new(Cluster::tile(cell, revision, blocks)))
    })
    .into_iter()
    .flatten()
    .collect()
}
