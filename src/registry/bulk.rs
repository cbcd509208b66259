//! Loading millions of cameras at once.
//!
//! A look-up by id in a map of millions misses the cache each time. So cameras and consents are
//! first dealt out to the shards of the directory, and each shard is filled while it is warm. The
//! same is done with tiles.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use foldhash::quality::RandomState;
use h3o::CellIndex;

use super::block::{Row, RowStanding};
use super::cluster::{Cluster, Layout, Place, split};
use super::directory::{Directory, Owner, attach};
use super::terms::{Interner, Terms};
use super::tiling::Tiling;
use super::writer::{Writer, timing};
use super::{ChangeError, ChangeRefusal, Registry};
use crate::camera::{Camera, CameraId, OwnerId};
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
        let mut interner = Interner::default();
        let mut directory = Directory::with_capacity(cameras.len(), owners(cameras));
        let consents = take_consents(consents, &mut interner, &mut directory)?;
        index_cameras(cameras, &mut directory)?;
        let rows = join(cameras, &consents, &mut directory)?;
        let root = Cluster::assemble(tiles(&rows, layout), layout);
        Ok(Self::publish_first(Writer { directory, interner, layout }, root))
    }
}

/// About how many owners there are, from a sample: it only sizes the directory.
fn owners(cameras: &[Camera]) -> usize {
    let sample: BTreeSet<OwnerId> =
        cameras.iter().take(10_000).map(|camera| camera.owner).collect();
    let seen = cameras.len().min(10_000).max(1);
    cameras.len() / seen * sample.len()
}

/// Numbers dealt out to groups: each group's numbers are ascending.
struct Deal {
    starts: Vec<usize>,
    numbers: Vec<u32>,
}

impl Deal {
    /// Deals the numbers below `group_of.len()` out by their group. O(n).
    fn new(group_of: &[u32], groups: usize) -> Self {
        let mut starts = vec![0; groups + 1];
        for &group in group_of {
            if let Some(count) = starts.get_mut(group as usize + 1) {
                *count += 1;
            }
        }
        for i in 1..starts.len() {
            let before = starts.get(i - 1).copied().unwrap_or(0);
            if let Some(start) = starts.get_mut(i) {
                *start += before;
            }
        }
        let mut next = starts.clone();
        let mut numbers = vec![0; group_of.len()];
        for (number, &group) in (0_u32..).zip(group_of) {
            if let Some(place) = next.get_mut(group as usize) {
                if let Some(slot) = numbers.get_mut(*place) {
                    *slot = number;
                }
                *place += 1;
            }
        }
        Self { starts, numbers }
    }

    fn group(&self, group: usize) -> &[u32] {
        match self.starts.get(group..group + 2) {
            Some(&[start, end]) => self.numbers.get(start..end).unwrap_or(&[]),
            _ => &[],
        }
    }
}

/// The shard of each item.
fn shards_of<T: Sync>(items: &[T], shard: impl Fn(&T) -> usize + Sync + Send) -> Vec<u32> {
    const RUN: usize = 1 << 14;
    let runs = parallel::map(
        items.len().div_ceil(RUN),
        || (),
        |(), run| {
            let items = items.iter().skip(run * RUN).take(RUN);
            items.map(|item| u32::try_from(shard(item)).unwrap_or(0)).collect::<Vec<_>>()
        },
    );
    runs.concat()
}

/// Interns the scopes of consents and keeps what is special about them.
fn take_consents(
    consents: impl IntoIterator<Item = (OwnerId, Consent)>,
    interner: &mut Interner,
    directory: &mut Directory,
) -> Result<Vec<(OwnerId, Option<u32>)>, ChangeError> {
    let mut taken = Vec::new();
    for (index, (owner, consent)) in consents.into_iter().enumerate() {
        if consent.standing() == Standing::NotGranted {
            taken.push((owner, None));
            continue;
        }
        let terms = interner
            .acquire(&Terms::of(&consent))
            .ok_or(ChangeError { index, reason: ChangeRefusal::RegistryFull })?;
        taken.push((owner, Some(terms)));
        let mut special = directory.special(owner);
        special.lapses = consent.lapses();
        special.limit = consent.limit();
        directory.set_special(owner, special);
    }
    Ok(taken)
}

/// Fills the look-up of cameras.
fn index_cameras(cameras: &[Camera], directory: &mut Directory) -> Result<(), ChangeError> {
    let shards = &mut directory.cameras;
    let deal =
        Deal::new(&shards_of(cameras, |camera| shards.shard_of(camera.id.0)), shards.number());
    let twice = parallel::map_mut(shards.shards_mut(), |number, shard| {
        let mut twice = None;
        let numbers = deal.group(number);
        shard.reserve(numbers.len());
        for &index in numbers {
            let Some(camera) = cameras.get(index as usize) else { continue };
            if shard.insert(camera.id.0, camera.position).is_some() && twice.is_none() {
                twice = Some((index, camera.id));
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

/// What filling one shard of owners gives.
struct Joined {
    rows: Vec<Row>,
    more: HashMap<OwnerId, BTreeSet<CameraId>, RandomState>,
    twice: Option<(u32, OwnerId)>,
}

/// Fills the look-up of owners, and joins each camera with its owner's standing.
fn join(
    cameras: &[Camera],
    consents: &[(OwnerId, Option<u32>)],
    directory: &mut Directory,
) -> Result<Vec<Vec<Row>>, ChangeError> {
    let (owners, special) = (&mut directory.owners, &directory.special);
    let groups = owners.number();
    let consent_deal =
        Deal::new(&shards_of(consents, |(owner, _)| owners.shard_of(owner.0)), groups);
    let camera_deal =
        Deal::new(&shards_of(cameras, |camera| owners.shard_of(camera.owner.0)), groups);
    let joined = parallel::map_mut(owners.shards_mut(), |number, shard| {
        let (mut more, mut twice) = (HashMap::default(), None);
        for &index in consent_deal.group(number) {
            let Some(&(owner, terms)) = consents.get(index as usize) else { continue };
            if shard.insert(owner.0, Owner::NEW.with_terms(terms)).is_some() && twice.is_none() {
                twice = Some((index, owner));
            }
        }
        let cameras =
            || camera_deal.group(number).iter().filter_map(|&index| cameras.get(index as usize));
        for camera in cameras() {
            let entry = shard.entry(camera.owner.0).or_insert(Owner::NEW);
            attach(entry, camera.owner, camera.id, &mut more);
        }
        let rows = cameras()
            .map(|&camera| {
                let standing = match shard.get(&camera.owner.0).and_then(|owner| owner.terms()) {
                    None => RowStanding::NotGranted,
                    Some(terms) => RowStanding::Granted {
                        terms,
                        timing: special.get(&camera.owner).and_then(timing),
                    },
                };
                Row { camera, standing }
            })
            .collect();
        shard.retain(|_, owner| !owner.is_nobody());
        Joined { rows, more, twice }
    });
    if let Some((index, owner)) = joined.iter().filter_map(|shard| shard.twice).min() {
        let reason = ChangeRefusal::TwoConsents { owner };
        return Err(ChangeError { index: index as usize, reason });
    }
    let mut rows = Vec::with_capacity(groups);
    for shard in joined {
        directory.more.extend(shard.more);
        rows.push(shard.rows);
    }
    Ok(rows)
}

/// The tiles of all rows, ascending by cell.
fn tiles(shards: &[Vec<Row>], layout: Layout) -> Vec<Arc<Cluster>> {
    // Each row's place in the shards, and its cell.
    let cells = parallel::map(
        shards.len(),
        || Tiling::new(layout),
        |tiling, shard| {
            let rows = shards.get(shard).map_or(&[][..], Vec::as_slice);
            rows.iter().map(|row| tiling.cell(row.camera.position)).collect::<Vec<CellIndex>>()
        },
    );
    let mut numbers: HashMap<CellIndex, u32, RandomState> = HashMap::default();
    for &cell in cells.iter().flatten() {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        numbers.entry(cell).or_insert(next);
    }
    let mut tiles: Vec<(CellIndex, u32)> =
        numbers.iter().map(|(&cell, &number)| (cell, number)).collect();
    tiles.sort_unstable();
    let group_of: Vec<u32> =
        cells.iter().flatten().map(|cell| numbers.get(cell).copied().unwrap_or(0)).collect();
    drop(cells);
    let deal = Deal::new(&group_of, tiles.len());
    let flat: Vec<&Row> = shards.iter().flatten().collect();
    parallel::map(tiles.len(), Vec::new, |places: &mut Vec<Place>, index| {
        let (cell, number) = *tiles.get(index)?;
        let row = |place: usize| flat.get(place).map(|&&row| row);
        places.clear();
        places.extend(deal.group(number as usize).iter().filter_map(|&place| {
            row(place as usize).map(|row| Place { position: row.camera.position, row: place })
        }));
        Some(Arc::new(Cluster::tile(cell, split(places, layout.block_rows(), row))))
    })
    .into_iter()
    .flatten()
    .collect()
}
