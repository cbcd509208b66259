//! Plans the changes to cameras in one group of the directory's shards.

use std::collections::HashMap;

use foldhash::quality::RandomState;
use h3o::CellIndex;

use super::step::{OwnerEffect, PlannedEdit, Step};
use crate::geometry::Position;
use crate::model::{Camera, CameraId, OwnerId};
use crate::registry::change::{ChangeError, ChangeRefusal};
use crate::registry::directory::{Group, Grouping, Positions};
use crate::registry::edit::Edit;
use crate::registry::index::{Cluster, Layout, Located, TOGETHER, TileLocator};

/// Whether a change that cannot be applied keeps the others from being applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusals {
    RefuseAll,
    Skip,
}

/// A change that names a camera.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CameraChange {
    Register(Camera),
    Replace(Camera),
    Upsert(Camera),
    Move { camera: CameraId, position: Position },
    Remove { camera: CameraId },
}

impl CameraChange {
    pub(crate) fn camera(&self) -> CameraId {
        match *self {
            Self::Register(camera) | Self::Replace(camera) | Self::Upsert(camera) => camera.id,
            Self::Move { camera, .. } | Self::Remove { camera } => camera,
        }
    }
}

/// The effect of changes to the cameras of a group.
#[derive(Debug, Default)]
pub(crate) struct PlannedCameras {
    /// Rows to remove.
    pub(crate) rows: Vec<PlannedEdit>,
    /// The effects on owners, with the group of each.
    pub(crate) steps: Vec<(usize, Step)>,
    pub(crate) added: usize,
    pub(crate) removed: usize,
    /// The first that is refused or, where such are skipped, all of them.
    pub(crate) refused: Vec<ChangeError>,
    /// The position of each camera before a change; `None` if it was not registered.
    undo: Vec<(CameraId, Option<Position>)>,
}

/// Applies the changes of a group's cameras in their order, up to the first that is refused, or past
/// those if they are skipped. A refused change has no effect.
pub(crate) fn move_cameras(
    group: &mut Group<'_, Positions>,
    changes: &[(usize, CameraChange)],
    owner_group: Grouping<'_>,
    root: &Cluster,
    layout: Layout,
    refusals: Refusals,
) -> PlannedCameras {
    let mut known = Vec::with_capacity(changes.len());
    for changes in changes.chunks(TOGETHER) {
        known.extend(before(group, changes, root));
    }
    let (placed, moved) = (HashMap::default(), PlannedCameras::default());
    let mut moving = CameraPlanner { group, owner_group, layout, placed, moved };
    for (&(index, change), before) in changes.iter().zip(known) {
        if let Err(reason) = moving.take(index, change, before) {
            moving.moved.refused.push(ChangeError { index, reason });
            if refusals == Refusals::RefuseAll {
                break;
            }
        }
    }
    moving.moved
}

/// The state of the tiles before all changes, as far as each change depends on it.
#[derive(Clone, Copy)]
struct CameraBefore<'a> {
    /// The camera.
    located: Option<Located<'a>>,
    /// For a new camera: the cell of its position, if that is certain.
    cell: Option<CellIndex>,
}

/// Looks up the state that each change depends on. Look-ups of one kind run in one loop, so that their
/// cache misses overlap.
fn before<'a>(
    group: &Group<'_, Positions>,
    changes: &[(usize, CameraChange)],
    root: &'a Cluster,
) -> impl Iterator<Item = CameraBefore<'a>> {
    for (_, change) in changes {
        if let Some(positions) = group.of(change.camera().0) {
            positions.prefetch(change.camera());
        }
    }
    let positions: Vec<Option<Position>> = changes
        .iter()
        .map(|(_, change)| match change {
            CameraChange::Register(camera) => Some(camera.position),
            CameraChange::Upsert(camera) => position(group, camera.id).or(Some(camera.position)),
            _ => position(group, change.camera()),
        })
        .collect();
    let cameras: Vec<Option<CameraId>> = changes
        .iter()
        .map(|(_, change)| match change {
            CameraChange::Register(_) => None,
            CameraChange::Upsert(camera) => position(group, camera.id).map(|_| camera.id),
            _ => Some(change.camera()),
        })
        .collect();
    let around = TileLocator::new(root, &positions);
    let located = around.locate(&positions, &cameras);
    let before = located.into_iter().zip(positions).zip(cameras).enumerate();
    before.map(move |(number, ((located, position), camera))| {
        let new = position.filter(|_| camera.is_none());
        let cell = new.and_then(|position| around.cell(number, position));
        CameraBefore { located, cell }
    })
}

/// The position of a camera, if it is registered.
fn position(group: &Group<'_, Positions>, camera: CameraId) -> Option<Position> {
    group.of(camera.0)?.get(camera)
}

/// Restores the positions of a group's cameras.
pub(crate) fn take_back(group: &mut Group<'_, Positions>, moved: PlannedCameras) {
    for (camera, position) in moved.undo.into_iter().rev() {
        let Some(positions) = group.of_mut(camera.0) else { continue };
        match position {
            Some(position) => positions.insert(camera, position),
            None => positions.remove(camera),
        };
    }
}

/// The cameras of a group while changes move them.
struct CameraPlanner<'a, 'b> {
    group: &'a mut Group<'b, Positions>,
    owner_group: Grouping<'a>,
    layout: Layout,
    /// Cameras that earlier changes of the batch placed, and whose tiles do not show it yet.
    placed: HashMap<CameraId, Camera, RandomState>,
    moved: PlannedCameras,
}

/// A registered camera, and its tile if the tile is up to date.
#[derive(Clone, Copy)]
struct KnownCameras<'a> {
    camera: Camera,
    tile: Option<(CellIndex, &'a Cluster)>,
}

impl KnownCameras<'_> {
    /// Whether a camera that moved certainly stays in its tile.
    fn stays(&self, position: Position) -> bool {
        self.tile.is_some_and(|(_, tile)| tile.is_well_around(position))
    }
}

impl CameraPlanner<'_, '_> {
    /// Applies one change, given the state of the tiles before all changes.
    fn take(
        &mut self,
        index: usize,
        change: CameraChange,
        CameraBefore { located, cell }: CameraBefore<'_>,
    ) -> Result<(), ChangeRefusal> {
        // Earlier changes decide whether there is a camera to replace.
        let change = match change {
            CameraChange::Upsert(camera) if self.is_registered(camera.id) => {
                CameraChange::Replace(camera)
            }
            CameraChange::Upsert(camera) => CameraChange::Register(camera),
            change => change,
        };
        match change {
            CameraChange::Register(camera) | CameraChange::Upsert(camera) => {
                if self.is_registered(camera.id) {
                    return Err(ChangeRefusal::AlreadyRegistered { camera: camera.id });
                }
                self.moved.added += 1;
                self.step(index, camera.owner, OwnerEffect::Attach(camera.id));
                let cell = cell.unwrap_or_else(|| self.layout.cell(camera.position));
                self.place(index, camera, cell);
            }
            CameraChange::Replace(camera) => {
                let old = self.known(camera.id, located)?;
                let cell = self.plan_removal(index, old);
                if camera.owner != old.camera.owner {
                    self.step(index, old.camera.owner, OwnerEffect::Detach(camera.id));
                    self.step(index, camera.owner, OwnerEffect::Attach(camera.id));
                }
                let stays = camera.position == old.camera.position || old.stays(camera.position);
                let cell = if stays { cell } else { self.layout.cell(camera.position) };
                self.place(index, camera, cell);
            }
            CameraChange::Move { camera, position } => {
                let old = self.known(camera, located)?;
                let cell = self.plan_removal(index, old);
                let cell = if old.stays(position) { cell } else { self.layout.cell(position) };
                self.place(index, Camera { position, ..old.camera }, cell);
            }
            CameraChange::Remove { camera } => {
                let old = self.known(camera, located)?;
                self.plan_removal(index, old);
                self.moved.removed += 1;
                self.step(index, old.camera.owner, OwnerEffect::Detach(camera));
                let position = self.group.of_mut(camera.0).and_then(|all| all.remove(camera));
                self.moved.undo.push((camera, position));
            }
        }
        Ok(())
    }

    fn is_registered(&self, camera: CameraId) -> bool {
        self.group.of(camera.0).is_some_and(|positions| positions.get(camera).is_some())
    }

    /// The registered camera, as an earlier change placed it or as the tiles have it.
    fn known<'l>(
        &self,
        camera: CameraId,
        located: Option<Located<'l>>,
    ) -> Result<KnownCameras<'l>, ChangeRefusal> {
        let of_tiles =
            |at: Located<'l>| KnownCameras { camera: at.camera, tile: Some((at.cell, at.tile)) };
        let placed = self.placed.get(&camera).map(|&camera| KnownCameras { camera, tile: None });
        let known = placed.or_else(|| located.map(of_tiles));
        known.filter(|_| self.is_registered(camera)).ok_or(ChangeRefusal::NotRegistered { camera })
    }

    /// Records that a camera's row is removed, and returns its cell.
    fn plan_removal(&mut self, index: usize, known: KnownCameras<'_>) -> CellIndex {
        let Camera { id: camera, position, .. } = known.camera;
        let cell = known.tile.map_or_else(|| self.layout.cell(position), |(cell, _)| cell);
        let edit = Edit::Remove { position, camera };
        self.moved.rows.push(PlannedEdit { cell, index, edit });
        cell
    }

    /// Records a camera's position, and that it gets a row there.
    fn place(&mut self, index: usize, camera: Camera, cell: CellIndex) {
        let positions = self.group.of_mut(camera.id.0);
        let before = positions.and_then(|all| all.insert(camera.id, camera.position));
        self.moved.undo.push((camera.id, before));
        self.placed.insert(camera.id, camera);
        self.step(index, camera.owner, OwnerEffect::Place(camera, cell));
    }

    fn step(&mut self, index: usize, owner: OwnerId, effect: OwnerEffect) {
        let step = Step { index, owner, effect };
        self.moved.steps.push((self.owner_group.of(owner.0), step));
    }
}
