//! Turns a batch of changes into tile edits and directory updates.
//!
//! Cameras are planned first, since only a change to a camera can be refused: their directory entries
//! are then restored, and the owners' have not been touched. Both stages run by group of shards. Groups
//! do not depend on each other, so many changes are planned on all cores with the result of planning
//! them one by one. Rows are written once, with the consent that holds after all changes.

use std::hint::black_box;

use h3o::CellIndex;

use super::camera_plan::{CameraChange, PlannedCameras, Refusals, move_cameras, take_back};
use super::step::{OwnerEffect, PlannedEdit, Step};
use crate::model::{CameraId, Consent, OwnerId, Standing, seconds};
use crate::registry::block::{Row, RowStanding};
use crate::registry::change::{Change, ChangeError, ChangeRefusal};
use crate::registry::directory::{
    ConsentExtras, Directory, Group, Grouping, Owners, Positions, Shards,
};
use crate::registry::edit::{Edit, PARALLEL_EDITS};
use crate::registry::index::{Cluster, Layout, TOGETHER, TileLocator};
use crate::registry::scopes::{Interner, Terms};
use crate::util::parallel;

/// The effect of a batch of changes.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// The steps of each group.
    edits: Vec<Vec<PlannedEdit>>,
    /// Owners named by the changes.
    pub(crate) followed: Vec<OwnerId>,
    /// Interned terms that are free once the plan is carried out.
    pub(crate) released: Vec<u32>,
    /// The number of cameras added, and of those removed.
    pub(crate) added: usize,
    pub(crate) removed: usize,
    /// Changes that were left out, ascending by index.
    pub(crate) skipped: Vec<ChangeError>,
}

/// Groups for many changes: enough to keep all cores busy to the end.
const GROUPS: usize = 32;

/// Plans changes and updates the directory; on the first change that cannot be applied, returns it and
/// leaves everything as it was.
pub(crate) fn plan(
    directory: &mut Directory,
    interner: &mut Interner,
    changes: Vec<Change>,
    root: &Cluster,
    layout: Layout,
    refusals: Refusals,
) -> Result<Plan, ChangeError> {
    let is_new = |change: &&Change| match change {
        Change::Register(_) => true,
        Change::Upsert(camera) => directory.position(camera.id).is_none(),
        _ => false,
    };
    let new = changes.iter().filter(is_new).count();
    directory.grow(new);
    let groups = if changes.len() < PARALLEL_EDITS { 1 } else { GROUPS };
    let Directory { cameras, owners } = directory;
    let owner_group = owners.grouping(groups);
    let partitioned =
        PartitionedChanges::new(changes, interner, cameras.grouping(groups), owner_group);
    let mut work: Vec<_> = cameras.groups_mut(groups).zip(partitioned.cameras).collect();
    let moved = parallel::map_mut(&mut work, |_, (group, changes)| {
        move_cameras(group, changes, owner_group, root, layout, refusals)
    });
    let mut refused: Vec<ChangeError> =
        moved.iter().flat_map(|moved| &moved.refused).copied().collect();
    refused.sort_unstable_by_key(|error| error.index);
    let first = refused.first().copied().filter(|_| refusals == Refusals::RefuseAll);
    let stopping = first.into_iter().chain(partitioned.refused);
    if let Some(error) = stopping.min_by_key(|error| error.index) {
        for ((group, _), moved) in work.iter_mut().zip(moved) {
            take_back(group, moved);
        }
        partitioned.acquired.into_iter().for_each(|terms| interner.release(terms));
        return Err(error);
    }
    drop(work);
    let mut plan = Plan { skipped: refused, ..Plan::default() };
    let mut steps = partitioned.steps;
    for moved in moved {
        let PlannedCameras { rows, steps: of_cameras, added, removed, .. } = moved;
        plan.edits.push(rows);
        (plan.added, plan.removed) = (plan.added + added, plan.removed + removed);
        for (group, step) in of_cameras {
            if let Some(steps) = steps.get_mut(group) {
                steps.push(step);
            }
        }
    }
    let mut work: Vec<_> = owners.groups_mut(groups).zip(steps).collect();
    let followed = parallel::map_mut(&mut work, |_, (group, steps)| {
        follow_owners(group, steps, cameras, root, layout)
    });
    for PlannedOwners { edits, owners, released } in followed {
        plan.edits.push(edits);
        plan.followed.extend(owners);
        plan.released.extend(released);
    }
    Ok(plan)
}

impl Plan {
    /// The edits with their tiles, ascending by tile; those of one tile in the order of the changes.
    pub(crate) fn in_tiles(&self) -> Vec<(CellIndex, &Edit)> {
        let edits: Vec<&PlannedEdit> = self.edits.iter().flatten().collect();
        let mut order: Vec<(CellIndex, usize, usize)> = (0..)
            .zip(&edits)
            .map(|(place, planned)| (planned.cell, planned.index, place))
            .collect();
        parallel::sort(&mut order);
        let edit =
            |(cell, _, place): (CellIndex, usize, usize)| Some((cell, &edits.get(place)?.edit));
        order.into_iter().filter_map(edit).collect()
    }
}

/// Changes by the group that they belong to.
struct PartitionedChanges {
    cameras: Vec<Vec<(usize, CameraChange)>>,
    steps: Vec<Vec<Step>>,
    /// Interned terms that came into use.
    acquired: Vec<u32>,
    /// Why the changes were not distributed to the end.
    refused: Option<ChangeError>,
}

impl PartitionedChanges {
    fn new(
        changes: Vec<Change>,
        interner: &mut Interner,
        camera_group: Grouping<'_>,
        owner_group: Grouping<'_>,
    ) -> Self {
        let mut partitioned = Self {
            cameras: lists(camera_group.groups(), changes.len()),
            steps: lists(owner_group.groups(), changes.len()),
            acquired: Vec::new(),
            refused: None,
        };
        for (index, change) in changes.into_iter().enumerate() {
            let (owner, effect) = match change {
                Change::SetConsent { owner, consent } => {
                    let Some(effect) = partitioned.consent(consent, interner) else {
                        let reason = ChangeRefusal::RegistryFull;
                        partitioned.refused = Some(ChangeError { index, reason });
                        break;
                    };
                    (owner, effect)
                }
                Change::Withdraw { owner } => (owner, OwnerEffect::withdrawal()),
                Change::Forget { owner } => (owner, OwnerEffect::Forget),
                Change::RecordAsked { owner, agency, at } => {
                    (owner, OwnerEffect::Asked(seconds(at), agency))
                }
                Change::Register(camera) => {
                    partitioned.camera(index, CameraChange::Register(camera), camera_group);
                    continue;
                }
                Change::Replace(camera) => {
                    partitioned.camera(index, CameraChange::Replace(camera), camera_group);
                    continue;
                }
                Change::Upsert(camera) => {
                    partitioned.camera(index, CameraChange::Upsert(camera), camera_group);
                    continue;
                }
                Change::Move { camera, position } => {
                    partitioned.camera(
                        index,
                        CameraChange::Move { camera, position },
                        camera_group,
                    );
                    continue;
                }
                Change::Remove { camera } => {
                    partitioned.camera(index, CameraChange::Remove { camera }, camera_group);
                    continue;
                }
            };
            if let Some(steps) = partitioned.steps.get_mut(owner_group.of(owner.0)) {
                steps.push(Step { index, owner, effect });
            }
        }
        partitioned
    }

    fn camera(&mut self, index: usize, change: CameraChange, group: Grouping<'_>) {
        if let Some(changes) = self.cameras.get_mut(group.of(change.camera().0)) {
            changes.push((index, change));
        }
    }

    /// `None` if the scopes cannot be interned.
    fn consent(&mut self, consent: Consent, interner: &mut Interner) -> Option<OwnerEffect> {
        if consent.standing() == Standing::NotGranted {
            return Some(OwnerEffect::withdrawal());
        }
        let (consent_period, limit) = (consent.consent_period(), consent.limit());
        let terms = interner.acquire(Terms::of(consent))?;
        self.acquired.push(terms);
        Some(OwnerEffect::Consent { terms: Some(terms), consent_period, limit })
    }
}

/// Empty lists, with room for so many items in all.
fn lists<T>(number: usize, items: usize) -> Vec<Vec<T>> {
    (0..number).map(|_| Vec::with_capacity(items / number)).collect()
}

/// The output of one group of owners.
struct PlannedOwners {
    edits: Vec<PlannedEdit>,
    owners: Vec<OwnerId>,
    released: Vec<u32>,
}

/// Applies the steps of a group's owners and updates their rows, once for each camera, however often
/// its owner is named.
fn follow_owners(
    group: &mut Group<'_, Owners>,
    steps: &mut [Step],
    cameras: &Shards<Positions>,
    root: &Cluster,
    layout: Layout,
) -> PlannedOwners {
    for &Step { owner, .. } in &*steps {
        if let Some(owners) = group.of(owner.0) {
            owners.prefetch(owner);
        }
    }
    // Read in one loop, so that several cache misses are waited for at once.
    for &Step { owner, .. } in &*steps {
        let owners = group.of(owner.0);
        black_box(owners.map(|owners| owners.extras(owner).is_some()));
    }
    steps.sort_by_key(|step| step.index);
    let (mut followed, mut released, mut placed) = (Vec::new(), Vec::new(), Vec::new());
    for Step { owner, effect, .. } in &*steps {
        let Some(owners) = group.of_mut(owner.0) else { continue };
        match *effect {
            OwnerEffect::Attach(camera) => {
                owners.attach(*owner, camera);
            }
            OwnerEffect::Detach(camera) => owners.detach(*owner, camera),
            OwnerEffect::Place(camera, _) => placed.push(camera.id),
            OwnerEffect::Consent { terms, consent_period, limit } => {
                owners.change(*owner, |its_terms, extras| {
                    released.extend(std::mem::replace(its_terms, terms));
                    (extras.consent_period, extras.limit) = (consent_period, limit);
                });
                followed.push(*owner);
            }
            OwnerEffect::Forget => {
                owners.change(*owner, |its_terms, extras| {
                    released.extend(its_terms.take());
                    *extras = ConsentExtras::default();
                });
                followed.push(*owner);
            }
            OwnerEffect::Asked(at, agency) => {
                owners.change(*owner, |_, extras| extras.record(at, agency));
                followed.push(*owner);
            }
        }
    }
    followed.sort_unstable();
    followed.dedup();
    placed.sort_unstable();

    let standing_of = |owner: OwnerId| match group.of(owner.0) {
        None => RowStanding::NotGranted,
        Some(owners) => owners.standing(owner),
    };
    let place = |step: &Step| match step.effect {
        OwnerEffect::Place(camera, cell) => Some(PlannedEdit {
            cell,
            index: step.index,
            edit: Edit::Insert(Row { camera, standing: standing_of(step.owner) }),
        }),
        _ => None,
    };
    let mut edits: Vec<PlannedEdit> = steps.iter().filter_map(place).collect();
    let mut others = Vec::new();
    for &owner in &followed {
        let standing = standing_of(owner);
        let of_owner = group.of(owner.0).into_iter().flat_map(|owners| owners.cameras_of(owner));
        let others_of = of_owner.filter(|camera| placed.binary_search(camera).is_err());
        others.extend(others_of.map(|camera| (camera, standing)));
    }
    let position = |&(camera, _): &(CameraId, _)| cameras.of(camera.0)?.get(camera);
    for others in others.chunks(TOGETHER) {
        for &(camera, _) in others {
            if let Some(positions) = cameras.of(camera.0) {
                positions.prefetch(camera);
            }
        }
        let positions: Vec<_> = others.iter().map(position).collect();
        let around = TileLocator::new(root, &positions);
        let places = others.iter().zip(&positions).enumerate();
        edits.extend(places.filter_map(|(number, (&(camera, standing), &position))| {
            let position = position?;
            let cell = around.cell_of_camera(number, position);
            Some(PlannedEdit {
                cell: cell.unwrap_or_else(|| layout.cell(position)),
                index: usize::MAX,
                edit: Edit::Stand { position, camera, standing },
            })
        }));
    }
    PlannedOwners { edits, owners: followed, released }
}
