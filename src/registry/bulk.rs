//! Loading millions of cameras at once.
//!
//! A look-up by id in a table of millions misses the cache each time. So cameras and consents are
//! first dealt out to groups of the directory's shards, and each group is filled while it is warm.
//! Dealing out reads in order and writes to a few hundred places in order, which memory is good at.
//! Only ids are dealt out, with the number of their camera, and numbers to the tiles: rows are made
//! from the cameras as they were given.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use foldhash::quality::RandomState;
use h3o::CellIndex;

use super::block::Row;
use super::cluster::Cluster;
use super::directory::{Directory, More, Owner, Special, attach};
use super::layout::Layout;
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
        let (cells, tile_of) = cells(cameras, layout);
        let first = |cell| (cell, Revision(0));
        let cells: Vec<_> = cells.into_iter().map(first).collect();
        let (writer, root) =
            build(cameras, &tile_of, &cells, std::iter::empty(), layout, |interner, directory| {
                take_consents(consents, interner, directory)
            })?;
        Ok(Self::publish_first(writer, root, Revision(0)))
    }
}

/// What a registry is made of, given the cells in ascending order with their revisions, the place
/// among them of each camera's, when owners were asked, and what interns the consents.
pub(super) fn build(
    cameras: &[Camera],
    tile_of: &[u32],
    cells: &[(CellIndex, Revision)],
    histories: impl IntoIterator<Item = (OwnerId, Vec<i64>)>,
    layout: Layout,
    consents: impl FnOnce(&mut Interner, &mut Directory) -> Result<Vec<Interned>, ChangeError>,
) -> Result<(Writer, Cluster), ChangeError> {
    let mut interner = Interner::default();
    let mut directory = Directory::with_capacity(cameras.len(), owners(cameras));
    let consents = consents(&mut interner, &mut directory)?;
    for (owner, asked) in histories {
        let special = directory.special.get(&owner).cloned().unwrap_or_default();
        directory.set_special(owner, Special { asked: Some(Box::new(asked)), ..special });
    }
    index_cameras(cameras, &mut directory)?;
    let terms_of = join(cameras, &consents, &mut directory)?;
    let tiles = tiles(cameras, tile_of, &terms_of, cells, &directory, layout);
    let root = Cluster::assemble(tiles, layout);
    Ok((Writer::of(directory, interner, layout), root))
}

/// An owner with the number of the terms to which they agreed, if they did.
pub(super) type Interned = (OwnerId, Option<u32>);

/// About how many owners there are, from a sample: it only sizes the directory.
fn owners(cameras: &[Camera]) -> usize {
    let sample = || cameras.iter().take(10_000).map(|camera| camera.owner);
    let distinct = sample().collect::<BTreeSet<_>>().len();
    cameras.len().saturating_mul(distinct) / sample().count().max(1)
}

/// Items dealt out to groups, in their order.
struct Dealt<T> {
    starts: Vec<usize>,
    items: Vec<T>,
}

impl<T: Copy> Dealt<T> {
    /// Deals items out, given the group of each. O(n).
    fn new(items: impl Iterator<Item = T>, group_of: &[u32], groups: usize) -> Self {
        let mut starts = vec![0; groups + 1];
        for &group in group_of {
            if let Some(count) = starts.get_mut(group as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        let mut items = items.peekable();
        let mut dealt = items.peek().map_or_else(Vec::new, |&any| vec![any; group_of.len()]);
        for (item, &group) in items.zip(group_of) {
            if let Some(place) = next.get_mut(group as usize) {
                if let Some(slot) = dealt.get_mut(*place) {
                    *slot = item;
                }
                *place += 1;
            }
        }
        Self { starts, items: dealt }
    }

    fn group(&self, group: usize) -> &[T] {
        match self.starts.get(group..group + 2) {
            Some(&[start, end]) => self.items.get(start..end).unwrap_or(&[]),
            _ => &[],
        }
    }
}

/// Groups of shards: so many that one fits the second cache, so few that dealing out is fast.
const GROUPS: usize = 256;

/// `f` of each item, in order, on all cores.
fn each<T: Sync, R: Send + Clone>(items: &[T], f: impl Fn(&T) -> R + Sync + Send) -> Vec<R> {
    const RUN: usize = 1 << 14;
    let runs = parallel::map(
        items.len().div_ceil(RUN),
        || (),
        |(), run| items.iter().skip(run * RUN).take(RUN).map(&f).collect::<Vec<_>>(),
    );
    runs.concat()
}

/// Interns the scopes of consents and keeps what is special about them.
fn take_consents(
    consents: impl IntoIterator<Item = (OwnerId, Consent)>,
    interner: &mut Interner,
    directory: &mut Directory,
) -> Result<Vec<Interned>, ChangeError> {
    let mut taken = Vec::new();
    for (index, (owner, consent)) in consents.into_iter().enumerate() {
        if consent.standing() == Standing::NotGranted {
            taken.push((owner, None));
            continue;
        }
        let (lapses, limit) = (consent.lapses(), consent.limit());
        let terms = interner
            .acquire(Terms::of(consent))
            .ok_or(ChangeError { index, reason: ChangeRefusal::RegistryFull })?;
        taken.push((owner, Some(terms)));
        directory.set_special(owner, Special { lapses, limit, ..Special::default() });
    }
    Ok(taken)
}

/// Fills the look-up of cameras.
fn index_cameras(cameras: &[Camera], directory: &mut Directory) -> Result<(), ChangeError> {
    let shards = &mut directory.cameras;
    let together = shards.number().div_ceil(GROUPS);
    let group_of = each(cameras, |camera| group(shards.shard_of(camera.id.0), together));
    let items = (0_u32..).zip(cameras).map(|(index, camera)| (camera.id, camera.position, index));
    let dealt = Dealt::new(items, &group_of, shards.number().div_ceil(together));
    let mut groups: Vec<_> = shards.groups_mut(together).collect();
    let twice = parallel::map_mut(&mut groups, |number, group| {
        let mut twice = None;
        group.reserve(cameras.len());
        for &(camera, position, index) in dealt.group(number) {
            if group.insert(camera.0, position).is_some() && twice.is_none() {
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

fn group(shard: usize, together: usize) -> u32 {
    u32::try_from(shard / together).unwrap_or(u32::MAX)
}

/// The cells that have cameras, ascending, and the place among them of each camera's.
fn cells(cameras: &[Camera], layout: Layout) -> (Vec<CellIndex>, Vec<u32>) {
    const RUN: usize = 1 << 16;
    let runs = parallel::map(
        cameras.len().div_ceil(RUN),
        || (),
        |(), run| {
            let mut tiling = Tiling::new(layout);
            let positions = cameras.iter().skip(run * RUN).take(RUN).map(|camera| camera.position);
            positions.map(|position| tiling.cell(position)).collect::<Vec<_>>()
        },
    );
    let cell_of: Vec<CellIndex> = runs.concat();
    let mut cells = cell_of.clone();
    cells.dedup();
    cells.sort_unstable();
    cells.dedup();
    let places: HashMap<CellIndex, u32, RandomState> = cells.iter().copied().zip(0..).collect();
    let tile_of = each(&cell_of, |cell| places.get(cell).copied().unwrap_or(0));
    (cells, tile_of)
}

/// What filling one group of owners gives.
struct Joined {
    more: Vec<(OwnerId, More)>,
    twice: Option<(u32, OwnerId)>,
}

/// The terms of each camera's owner, if any: the number and one, or 0.
struct TermsOf(Vec<AtomicU32>);

impl TermsOf {
    fn new(cameras: usize) -> Self {
        Self((0..cameras).map(|_| AtomicU32::new(0)).collect())
    }

    fn set(&self, camera: u32, terms: u32) {
        // Each camera is set once, and read after all threads are done.
        if let Some(slot) = self.0.get(camera as usize) {
            slot.store(terms.saturating_add(1), Ordering::Relaxed);
        }
    }

    fn get(&self, camera: usize) -> Option<u32> {
        self.0.get(camera)?.load(Ordering::Relaxed).checked_sub(1)
    }
}

/// Fills the look-up of owners, and finds the terms of each camera's.
fn join(
    cameras: &[Camera],
    consents: &[Interned],
    directory: &mut Directory,
) -> Result<TermsOf, ChangeError> {
    let shards = &mut directory.owners;
    let together = shards.number().div_ceil(GROUPS);
    let number = shards.number().div_ceil(together);
    let group_of = |owner: OwnerId| group(shards.shard_of(owner.0), together);
    let consent_group = each(consents, |&(owner, _)| group_of(owner));
    let camera_group = each(cameras, |camera| group_of(camera.owner));
    let numbered = (0_u32..).zip(consents).map(|(index, &consent)| (index, consent));
    let consents = Dealt::new(numbered, &consent_group, number);
    let owned = (0_u32..).zip(cameras).map(|(index, camera)| (camera.owner, camera.id, index));
    let owned = Dealt::new(owned, &camera_group, number);
    let (terms_of, expected) = (TermsOf::new(cameras.len()), owners(cameras));
    let mut groups: Vec<_> = shards.groups_mut(together).collect();
    let joined = parallel::map_mut(&mut groups, |number, group| {
        let (mut more, mut twice) = (HashMap::default(), None);
        group.reserve(expected);
        for &(index, (owner, terms)) in consents.group(number) {
            let known = group.insert(owner.0, Owner::NEW.with_terms(terms));
            if known.is_some() && twice.is_none() {
                twice = Some((index, owner));
            }
        }
        for &(owner, camera, index) in owned.group(number) {
            let Some(entry) = group.get_or_insert(owner.0, Owner::NEW) else { continue };
            attach(entry, owner, camera, &mut more);
            if let Some(terms) = entry.terms() {
                terms_of.set(index, terms);
            }
        }
        Joined { more: more.into_iter().collect(), twice }
    });
    if let Some((index, owner)) = joined.iter().filter_map(|group| group.twice).min() {
        let reason = ChangeRefusal::TwoConsents { owner };
        return Err(ChangeError { index: index as usize, reason });
    }
    directory.more.reserve(joined.iter().map(|group| group.more.len()).sum());
    directory.more.extend(joined.into_iter().flat_map(|group| group.more));
    Ok(terms_of)
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
    let numbers = (0_u32..).zip(cameras).map(|(number, _)| number);
    let dealt = Dealt::new(numbers, tile_of, cells.len());
    let place = |&row: &u32| {
        let camera = cameras.get(row as usize)?;
        Some(Place { position: camera.position, row })
    };
    let row = |row: usize| {
        let &camera = cameras.get(row)?;
        let special = || directory.special.get(&camera.owner);
        Some(Row { camera, standing: standing(terms_of.get(row), special) })
    };
    parallel::map(cells.len(), Vec::new, |places: &mut Vec<Place>, tile| {
        places.clear();
        places.extend(dealt.group(tile).iter().filter_map(place));
        let blocks = split(places, layout.block_rows(), row);
        let &(cell, revision) = cells.get(tile)?;
        Some(Arc::new(Cluster::tile(cell, revision, blocks)))
    })
    .into_iter()
    .flatten()
    .collect()
}
