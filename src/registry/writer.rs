//! The writer: takes changes one by one, and takes them all back if one cannot be applied.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;

use foldhash::quality::RandomState;
use h3o::CellIndex;

use super::MANY;
use super::block::{Row, RowStanding};
use super::change::{Change, ChangeRefusal};
use super::cluster::{Cluster, Located};
use super::cluster_edit::Edit;
use super::directory::{Directory, Special};
use super::layout::Layout;
use super::snapshot::{Revision, State};
use super::spares::Spares;
use super::terms::{Interner, Terms};
use super::tile::PageRevisions;
use super::timed::Timing;
use crate::camera::{Camera, CameraId, OwnerId};
use crate::consent::{Consent, Standing};
use crate::geometry::Position;
use crate::parallel;
use crate::time::seconds;

/// Everything that only the writer needs.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) directory: Directory,
    pub(crate) interner: Interner,
    pub(crate) layout: Layout,
    pub(crate) pages: PageRevisions,
    /// The clusters of the revision before, brought up to the last: so that the next changes are
    /// carried out on them, and only the blocks have to be copied.
    // INVARIANT: holds what the published root does, in the same trees.
    pub(crate) spare: Option<Arc<Cluster>>,
    /// The blocks of older revisions.
    pub(crate) spares: Spares,
    /// How many edits last led from one root to the next.
    pub(crate) edits: usize,
}

/// So many cameras allow for one spare block: a tenth of the blocks that they fill.
const CAMERAS_A_SPARE: usize = 600;

/// What a list of changes comes to: edits of tiles, and how to take the look-ups back.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) edits: Vec<Planned>,
    undo: Vec<Undo>,
    /// Cameras that the plan has put somewhere, and that are not in the tiles yet as they are here.
    placed: HashMap<CameraId, Camera, RandomState>,
    /// Owners whose rows are to follow them; each once, ascending, when they do.
    followed: Vec<OwnerId>,
    /// Terms that are no longer used once the plan is carried out.
    released: Vec<u32>,
}

/// An edit, and the cell of its tile if that is known without computing it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Planned {
    pub(crate) edit: Edit,
    pub(crate) cell: Option<CellIndex>,
}

/// A registered camera, and the cell of its tile if the tiles have it as it is.
#[derive(Clone, Copy)]
struct Known {
    camera: Camera,
    cell: Option<CellIndex>,
}

/// How to take one step back.
#[derive(Debug)]
enum Undo {
    Camera { camera: CameraId, position: Option<Position> },
    Attached { owner: OwnerId, camera: CameraId },
    Detached { owner: OwnerId, camera: CameraId },
    Terms { owner: OwnerId, terms: Option<u32> },
    Acquired { terms: u32 },
    Special { owner: OwnerId, special: Option<Special> },
}

impl Writer {
    pub(crate) fn new(layout: Layout) -> Self {
        let directory = Directory::with_capacity(0, 0);
        Self::of(directory, Interner::default(), layout)
    }

    pub(crate) fn of(directory: Directory, interner: Interner, layout: Layout) -> Self {
        let pages = PageRevisions::default();
        Self {
            directory,
            interner,
            layout,
            pages,
            spare: None,
            spares: Spares::default(),
            edits: 0,
        }
    }

    /// What the tiles have of the cameras that changes speak of. What planning them will read of the
    /// look-ups is in the caches then: it is read for one change after the other without anything
    /// between, so that the misses of several are waited for together.
    pub(crate) fn look_up(&self, changes: &[Change], root: &Cluster) -> Vec<Option<Located>> {
        let directory = &self.directory;
        let place = |change: &Change| match change {
            Change::Register(camera) => {
                black_box((directory.cameras.get(camera.id.0), directory.owner(camera.owner)));
                None
            }
            Change::Replace(Camera { id, .. })
            | Change::Move { camera: id, .. }
            | Change::Remove { camera: id } => Some((*id, *directory.cameras.get(id.0)?)),
            Change::SetConsent { owner, .. }
            | Change::Withdraw { owner }
            | Change::RecordAsked { owner, .. } => {
                black_box((directory.owner(*owner), directory.special.get(owner)));
                None
            }
        };
        let places: Vec<Option<(CameraId, Position)>> = changes.iter().map(place).collect();
        let locate = |place: Option<(CameraId, Position)>| {
            place.and_then(|(camera, position)| root.locate(position, camera))
        };
        let located: Vec<Option<Located>> = places.into_iter().map(locate).collect();
        for located in located.iter().flatten() {
            black_box(directory.owner(located.camera.owner));
        }
        located
    }

    /// Notes one change in the look-ups and in the plan. `located` is what [`look_up`](Self::look_up)
    /// gave before any change was planned, if it was asked.
    pub(crate) fn plan(
        &mut self,
        change: Change,
        located: Option<Located>,
        root: &Cluster,
        plan: &mut Plan,
    ) -> Result<(), ChangeRefusal> {
        match change {
            Change::Register(camera) => match self.directory.cameras.get(camera.id.0) {
                Some(_) => return Err(ChangeRefusal::AlreadyRegistered { camera: camera.id }),
                None => self.insert(camera, None, plan),
            },
            Change::Replace(camera) => {
                let old = self.camera(camera.id, located, root, plan)?;
                let cell =
                    self.remove(old, plan).filter(|_| camera.position == old.camera.position);
                self.insert(camera, cell, plan);
            }
            Change::Move { camera, position } => {
                let old = self.camera(camera, located, root, plan)?;
                self.remove(old, plan);
                self.insert(Camera { position, ..old.camera }, None, plan);
            }
            Change::Remove { camera } => {
                let old = self.camera(camera, located, root, plan)?;
                self.remove(old, plan);
            }
            Change::SetConsent { owner, consent } => self.set_consent(owner, consent, plan)?,
            Change::Withdraw { owner } => self.set_consent(owner, Consent::default(), plan)?,
            Change::RecordAsked { owner, at } => {
                let mut special = self.directory.special.get(&owner).cloned().unwrap_or_default();
                special.record(seconds(at));
                self.set_special(owner, special, plan);
            }
        }
        Ok(())
    }

    /// Takes back all that was noted.
    pub(crate) fn roll_back(&mut self, plan: Plan) {
        let directory = &mut self.directory;
        for undo in plan.undo.into_iter().rev() {
            match undo {
                Undo::Camera { camera, position: Some(position) } => {
                    directory.cameras.insert(camera.0, position);
                }
                Undo::Camera { camera, position: None } => {
                    directory.cameras.remove(camera.0);
                }
                Undo::Attached { owner, camera } => directory.detach(owner, camera),
                Undo::Detached { owner, camera } => {
                    directory.attach(owner, camera);
                }
                Undo::Terms { owner, terms } => {
                    let entry = directory.owner(owner).with_terms(terms);
                    directory.put_owner(owner, entry);
                }
                Undo::Acquired { terms } => self.interner.release(terms),
                Undo::Special { owner, special } => {
                    directory.set_special(owner, special.unwrap_or_default());
                }
            }
        }
    }

    /// Carries out what had to wait until the changes of a revision were sure.
    pub(crate) fn settle(&mut self, plan: &Plan, revision: Revision) {
        for &owner in &plan.followed {
            self.pages.set(owner, revision);
        }
        for &terms in &plan.released {
            self.interner.release(terms);
        }
    }

    /// Keeps the clusters of a revision that nobody reads any more, brought up to the `new` one.
    pub(crate) fn reclaim(&mut self, mut old: State, new: &State) {
        // The clusters tell by their revisions what has changed.
        if old.revision < new.revision
            && let Some(root) = Arc::get_mut(&mut old.root)
        {
            root.catch_up(&new.root, self.edits, &mut self.spares);
            self.spares.keep(new.cameras / CAMERAS_A_SPARE);
            self.spare = Some(old.root);
        }
    }

    /// The registered camera: as the plan has it, or else as the tiles have it.
    fn camera(
        &self,
        camera: CameraId,
        located: Option<Located>,
        root: &Cluster,
        plan: &Plan,
    ) -> Result<Known, ChangeRefusal> {
        let refusal = ChangeRefusal::NotRegistered { camera };
        let &position = self.directory.cameras.get(camera.0).ok_or(refusal)?;
        if let Some(&camera) = plan.placed.get(&camera) {
            return Ok(Known { camera, cell: None });
        }
        let located = located.or_else(|| root.locate(position, camera)).ok_or(refusal)?;
        Ok(Known { camera: located.camera, cell: Some(located.cell) })
    }

    fn insert(&mut self, camera: Camera, cell: Option<CellIndex>, plan: &mut Plan) {
        let position = self.directory.cameras.insert(camera.id.0, camera.position);
        plan.undo.push(Undo::Camera { camera: camera.id, position });
        let entry = self.directory.attach(camera.owner, camera.id);
        plan.undo.push(Undo::Attached { owner: camera.owner, camera: camera.id });
        plan.placed.insert(camera.id, camera);
        let standing = standing(entry.terms(), || self.directory.special.get(&camera.owner));
        let edit = Edit::Insert(Row { camera, standing });
        plan.edits.push(Planned { edit, cell });
    }

    /// Notes that a camera goes, and gives back the cell that it was in, as far as that is known.
    fn remove(&mut self, known: Known, plan: &mut Plan) -> Option<CellIndex> {
        let Known { camera: Camera { id, owner, position, .. }, cell } = known;
        let old = self.directory.cameras.remove(id.0);
        plan.undo.push(Undo::Camera { camera: id, position: old });
        self.directory.detach(owner, id);
        plan.undo.push(Undo::Detached { owner, camera: id });
        let edit = Edit::Remove { position, camera: id };
        plan.edits.push(Planned { edit, cell });
        cell
    }

    fn set_consent(
        &mut self,
        owner: OwnerId,
        consent: Consent,
        plan: &mut Plan,
    ) -> Result<(), ChangeRefusal> {
        let old = self.directory.owner(owner);
        let (lapses, limit) = (consent.lapses(), consent.limit());
        let terms = match consent.standing() {
            Standing::NotGranted => None,
            Standing::Granted => {
                let number = self.interner.acquire(Terms::of(consent));
                let number = number.ok_or(ChangeRefusal::RegistryFull)?;
                plan.undo.push(Undo::Acquired { terms: number });
                Some(number)
            }
        };
        plan.undo.push(Undo::Terms { owner, terms: old.terms() });
        plan.released.extend(old.terms());
        self.directory.put_owner(owner, old.with_terms(terms));

        let known = self.directory.special.get(&owner);
        let asked = known.and_then(|special| special.asked.clone());
        let mut special = Special { asked, ..Special::default() };
        if terms.is_some() {
            (special.lapses, special.limit) = (lapses, limit);
        }
        self.set_special(owner, special, plan);
        Ok(())
    }

    /// Sets what is special about an owner, and notes that the rows of their cameras are to follow.
    fn set_special(&mut self, owner: OwnerId, special: Special, plan: &mut Plan) {
        let old = self.directory.set_special(owner, special);
        plan.undo.push(Undo::Special { owner, special: old });
        plan.followed.push(owner);
    }

    /// Has the rows of owners who were spoken of follow: once for each of their cameras, however
    /// often that was.
    pub(crate) fn follow(&self, root: &Cluster, plan: &mut Plan) {
        let Plan { followed, placed, edits, .. } = plan;
        followed.sort_unstable();
        followed.dedup();
        if followed.len() < MANY {
            let of_owner = |&owner: &OwnerId| self.standing_edits(owner, root, placed);
            edits.extend(followed.iter().flat_map(of_owner));
        } else {
            let of_owners = |owners: &[OwnerId]| {
                // So that the misses of several are waited for together.
                for &owner in owners {
                    for camera in self.directory.cameras_of(owner, self.directory.owner(owner)) {
                        black_box(self.directory.cameras.get(camera.0));
                    }
                }
                let edits = owners.iter().map(|&owner| self.standing_edits(owner, root, placed));
                edits.flatten().collect()
            };
            edits.extend(parallel::runs(followed, of_owners));
        }
    }

    /// The edits that have an owner's rows follow them.
    fn standing_edits<'a>(
        &'a self,
        owner: OwnerId,
        root: &'a Cluster,
        placed: &'a HashMap<CameraId, Camera, RandomState>,
    ) -> impl Iterator<Item = Planned> + 'a {
        let entry = self.directory.owner(owner);
        let standing = standing(entry.terms(), || self.directory.special.get(&owner));
        self.directory.cameras_of(owner, entry).filter_map(move |camera| {
            let &position = self.directory.cameras.get(camera.0)?;
            let edit = Edit::Stand { position, camera, standing };
            let is_placed = placed.contains_key(&camera);
            let around = || root.tile_around(position);
            Some(Planned { edit, cell: if is_placed { None } else { around() } })
        })
    }

    /// An owner's consent as it was set.
    pub(crate) fn consent(&self, owner: OwnerId) -> Consent {
        let terms = self.directory.owner(owner).terms();
        match terms.and_then(|number| self.interner.table().get(number)) {
            None => Consent::default(),
            Some(terms) => granted(terms, self.directory.special.get(&owner)),
        }
    }
}

/// The consent of given terms, and what is special about it.
pub(super) fn granted(terms: &Terms, special: Option<&Special>) -> Consent {
    let usual = Special::default();
    let special = special.unwrap_or(&usual);
    let (agencies, incidents) = terms.scopes();
    let consent = terms.zone().cloned().into_iter().fold(Consent::granted(), Consent::zone);
    consent
        .agencies(agencies.clone())
        .incidents(incidents.clone())
        .limited(special.limit)
        .lapsing(special.lapses)
}

/// An owner's standing as their rows show it.
pub(super) fn standing<'a>(
    terms: Option<u32>,
    special: impl FnOnce() -> Option<&'a Special>,
) -> RowStanding {
    match terms {
        None => RowStanding::NotGranted,
        Some(terms) => RowStanding::Granted { terms, timing: special().and_then(timing) },
    }
}

/// When a special grant holds; `None` if that is always.
fn timing(special: &Special) -> Option<Timing> {
    let timing = Timing {
        paused_until: special.lapses.paused_until,
        reached_until: special.limit.reached_until(special.asked().iter().copied()),
        expires: special.lapses.expires,
    };
    let always = timing.paused_until == i64::MIN
        && timing.reached_until == i64::MIN
        && timing.expires == i64::MAX;
    (!always).then_some(timing)
}
