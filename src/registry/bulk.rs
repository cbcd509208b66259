//! Loading millions of cameras at once.
//!
//! A look-up by id in a table of millions misses the cache each time. So cameras and consents are
//! first dealt out to groups of the directory's shards, and each group is filled while it is warm.
//! They are dealt out a run at a time, which fits the cache, and a group reads its part of each run.
//! Only ids are dealt out, with the number of their camera, and numbers to the tiles: rows are made
//! from the cameras as they were given.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use h3o::CellIndex;

use super::block::{Row, RowStanding};
use super::cluster::Cluster;
use super::dealing::{Dealt, number};
use super::directory::{Directory, Positions};
use super::layout::Layout;
use super::owners::{Owners, Special};
use super::packing::{Place, split};
use super::snapshot::Revision;
use super::terms::{Interner, Terms};
use super::tiling::Tiling;
use super::writer::{Writer, standing};
use super::{ChangeError, ChangeRefusal, Registry};
use crate::camera::{Camera, OwnerId};
use crate::consent::{Consent, Standing};
use crate::parallel;

impl Registry {
    /// A registry of many cameras and consents at once; the fast path of
    /// [`apply`](Registry::apply), with the same result as registering them one by one.
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

    /// The same with another layout; see [`Layout`].
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
        let (cells, taken) =
            parallel::beside(|| cells(cameras, layout), || Taken::of_consents(consents));
        let (cells, tile_of) = cells;
        let first = |cell| (cell, Revision(0));
        let cells: Vec<_> = cells.into_iter().map(first).collect();
        let (writer, root) = build(cameras, &tile_of, &cells, taken?, layout)?;
        Ok(Self::publish_first(writer, root, Revision(0)))
    }
}

/// What a registry is made of, given the cells in ascending order with their revisions, the place
/// among them of each camera's, and what owners said.
pub(super) fn build(
    cameras: &[Camera],
    tile_of: &[u32],
    cells: &[(CellIndex, Revision)],
    taken: Taken,
    layout: Layout,
) -> Result<(Writer, Cluster), ChangeError> {
    let Taken { interner, consents, special } = taken;
    let mut directory = Directory::with_capacity(cameras.len(), owners(cameras));
    index_cameras(cameras, &mut directory)?;
    let terms_of = join(cameras, &consents, special, &mut directory)?;
    let tiles = tiles(cameras, tile_of, &terms_of, cells, &directory, layout);
    let root = Cluster::assemble(tiles, layout);
    Ok((Writer::of(directory, interner, layout), root))
}

/// What owners said, on its way into the directory.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) interner: Interner,
    /// Owners with the number of the terms to which they agreed, if they did.
    pub(super) consents: Vec<(OwnerId, Option<u32>)>,
    /// What is special about owners.
    pub(super) special: Vec<(OwnerId, Special)>,
}

impl Taken {
    /// Interns the scopes of consents and keeps what is special about them.
    fn of_consents(
        consents: impl IntoIterator<Item = (OwnerId, Consent)>,
    ) -> Result<Self, ChangeError> {
        let mut taken = Self::default();
        for (index, (owner, consent)) in consents.into_iter().enumerate() {
            if consent.standing() == Standing::NotGranted {
                taken.consents.push((owner, None));
                continue;
            }
            let (lapses, limit) = (consent.lapses(), consent.limit());
            let terms = taken
                .interner
                .acquire(Terms::of(consent))
                .ok_or(ChangeError { index, reason: ChangeRefusal::RegistryFull })?;
            taken.consents.push((owner, Some(terms)));
            let special = Special { lapses, limit, ..Special::default() };
            if !special.is_usual() {
                taken.special.push((owner, special));
            }
        }
        Ok(taken)
    }
}

/// About how many owners there are, from a sample: it only sizes the directory.
fn owners(cameras: &[Camera]) -> usize {
    let sample = || cameras.iter().take(10_000).map(|camera| camera.owner);
    let distinct = sample().collect::<BTreeSet<_>>().len();
    cameras.len().saturating_mul(distinct) / sample().count().max(1)
}

/// Groups of shards: so many that one fits the second cache, so few that dealing out is fast.
const GROUPS: usize = 1_024;

/// Fills the look-up of cameras.
fn index_cameras(cameras: &[Camera], directory: &mut Directory) -> Result<(), ChangeError> {
    let grouping = directory.cameras.grouping(GROUPS);
    let dealt = Dealt::new(cameras, grouping.groups(), |index, camera| {
        (grouping.of(camera.id.0), (camera.id, camera.position, index))
    });
    let mut groups: Vec<_> = directory.cameras.groups_mut(GROUPS).collect();
    let twice = parallel::map_mut(&mut groups, |number, group| {
        let mut twice = None;
        group.reserve(cameras.len(), Positions::reserve);
        for &(camera, position, index) in dealt.group(number) {
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

/// Cameras whose cells are found together: so many that few cells are looked up for several of them.
const TILED: usize = 1 << 17;

/// The cells that have cameras, ascending, and the place among them of each camera's.
fn cells(cameras: &[Camera], layout: Layout) -> (Vec<CellIndex>, Vec<u32>) {
    let mut tile_of = vec![0; cameras.len()];
    let mut runs: Vec<_> = cameras.chunks(TILED).zip(tile_of.chunks_mut(TILED)).collect();
    let met = parallel::map_mut(&mut runs, |_, (cameras, tile_of)| {
        let mut tiling = Tiling::new(layout);
        for (tile, camera) in tile_of.iter_mut().zip(*cameras) {
            *tile = tiling.place(camera.position);
        }
        tiling.into_cells()
    });
    let mut cells: Vec<CellIndex> = met.iter().flatten().copied().collect();
    cells.sort_unstable();
    cells.dedup();
    // From the places among a run's cells to those among all.
    parallel::map_mut(&mut runs, |run, (_, tile_of)| {
        let met = met.get(run).into_iter().flatten();
        let places: Vec<usize> =
            met.map(|cell| cells.binary_search(cell).unwrap_or_default()).collect();
        for tile in tile_of.iter_mut() {
            *tile = places.get(*tile as usize).map_or(0, |&place| number(place));
        }
    });
    (cells, tile_of)
}

/// What cameras' owners said: the number of their terms and one, [`TermsOf::NONE`], or
/// [`TermsOf::SPECIAL`] where it has to be looked up.
struct TermsOf(Vec<AtomicU32>);

impl TermsOf {
    const NONE: u32 = 0;
    const SPECIAL: u32 = u32::MAX;

    fn new(cameras: usize) -> Self {
        Self((0..cameras).map(|_| AtomicU32::new(Self::NONE)).collect())
    }

    fn set(&self, camera: u32, said: u32) {
        // Each camera is set once, and read after all threads are done.
        if let Some(slot) = self.0.get(camera as usize) {
            slot.store(said, Ordering::Relaxed);
        }
    }

    fn standing(&self, number: usize, camera: &Camera, directory: &Directory) -> RowStanding {
        match self.0.get(number).map_or(Self::NONE, |slot| slot.load(Ordering::Relaxed)) {
            Self::NONE => RowStanding::NotGranted,
            Self::SPECIAL => {
                let terms = directory.owner(camera.owner).terms();
                standing(terms, || directory.special(camera.owner))
            }
            said => standing(said.checked_sub(1), || None),
        }
    }
}

/// Fills the look-up of owners, and finds what each camera's owner said.
fn join(
    cameras: &[Camera],
    consents: &[(OwnerId, Option<u32>)],
    special: Vec<(OwnerId, Special)>,
    directory: &mut Directory,
) -> Result<TermsOf, ChangeError> {
    let grouping = directory.owners.grouping(GROUPS);
    let groups = grouping.groups();
    let consents = Dealt::new(consents, groups, |index, &(owner, terms)| {
        (grouping.of(owner.0), (owner, terms, index))
    });
    let owned = Dealt::new(cameras, groups, |index, camera| {
        (grouping.of(camera.owner.0), (camera.owner, camera.id, index))
    });
    let mut specials: Vec<Vec<(OwnerId, Special)>> = (0..groups).map(|_| Vec::new()).collect();
    for (owner, special) in special {
        if let Some(group) = specials.get_mut(grouping.of(owner.0)) {
            group.push((owner, special));
        }
    }
    let (terms_of, expected) = (TermsOf::new(cameras.len()), owners(cameras));
    let mut groups: Vec<_> = directory.owners.groups_mut(GROUPS).zip(specials).collect();
    let twice = parallel::map_mut(&mut groups, |number, (group, specials)| {
        let mut twice = None;
        group.reserve(expected, Owners::reserve);
        for &(owner, terms, index) in consents.group(number) {
            let Some(owners) = group.of_mut(owner.0) else { continue };
            if !owners.agree(owner, terms) && twice.is_none() {
                twice = Some((index, owner));
            }
        }
        for (owner, special) in std::mem::take(specials) {
            let Some(owners) = group.of_mut(owner.0) else { continue };
            owners.change_special(owner, |before| *before = special);
        }
        for &(owner, camera, index) in owned.group(number) {
            let Some(owners) = group.of_mut(owner.0) else { continue };
            let Some(terms) = owners.attach(owner, camera).terms() else { continue };
            let said = match owners.special(owner) {
                None => terms.saturating_add(1),
                Some(_) => TermsOf::SPECIAL,
            };
            terms_of.set(index, said);
        }
        twice
    });
    match twice.into_iter().flatten().min() {
        None => Ok(terms_of),
        Some((index, owner)) => {
            let reason = ChangeRefusal::TwoConsents { owner };
            Err(ChangeError { index: index as usize, reason })
        }
    }
}

/// The tiles of all cameras, ascending by cell.
fn tiles(
    cameras: &[Camera],
    tile_of: &[u32],
    terms_of: &TermsOf,
    cells: &[(CellIndex, Revision)],
    directory: &Directory,
    layout: Layout,
) -> Vec<Arc<Cluster>> {
    let dealt = Dealt::new(tile_of, cells.len(), |number, &tile| (tile as usize, number));
    let place = |&row: &u32| {
        let camera = cameras.get(row as usize)?;
        Some(Place { position: camera.position, row })
    };
    let row = |row: usize| {
        let &camera = cameras.get(row)?;
        Some(Row { camera, standing: terms_of.standing(row, &camera, directory) })
    };
    parallel::map(cells.len(), Vec::new, |places: &mut Vec<Place>, tile| {
        places.clear();
        places.extend(dealt.group(tile).filter_map(place));
        let blocks = split(places, layout.block_rows(), row);
        let &(cell, revision) = cells.get(tile)?;
        Some(Arc::new(Cluster::tile(cell, revision, blocks)))
    })
    .into_iter()
    .flatten()
    .collect()
}
