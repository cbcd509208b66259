//! The writer: takes changes one by one, and takes them all back if one cannot be applied.

use std::collections::{BTreeSet, HashMap};

use super::block::{Row, RowStanding, Timing};
use super::change::{Change, ChangeRefusal};
use super::cluster::{Cluster, Edit};
use super::directory::{Directory, Owner, Special};
use super::layout::Layout;
use super::snapshot::Revision;
use super::terms::{Interner, Terms};
use super::tile::PageRevisions;
use crate::camera::{Camera, CameraId, OwnerId};
use crate::consent::{Consent, Standing};
use crate::geometry::Position;
use crate::time::seconds;

/// Everything that only the writer needs.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) directory: Directory,
    pub(crate) interner: Interner,
    pub(crate) layout: Layout,
    pub(crate) pages: PageRevisions,
}

/// What a list of changes comes to: edits of tiles, and how to take the look-ups back.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) edits: Vec<Edit>,
    undo: Vec<Undo>,
    /// Cameras that the plan has put somewhere, and that are not in the tiles yet as they are here.
    placed: HashMap<CameraId, Camera>,
    /// Owners whose rows are to follow them.
    followed: BTreeSet<OwnerId>,
    /// Terms that are no longer used once the plan is carried out.
    released: Vec<u32>,
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
        Self { directory, interner: Interner::default(), layout, pages: PageRevisions::default() }
    }

    /// Notes one change in the look-ups and in the plan.
    pub(crate) fn plan(
        &mut self,
        change: Change,
        root: &Cluster,
        plan: &mut Plan,
    ) -> Result<(), ChangeRefusal> {
        match change {
            Change::Register(camera) => match self.directory.cameras.get(camera.id.0) {
                Some(_) => return Err(ChangeRefusal::AlreadyRegistered { camera: camera.id }),
                None => self.insert(camera, plan),
            },
            Change::Replace(camera) => {
                let old = self.camera(camera.id, root, plan)?;
                self.remove(old, plan);
                self.insert(camera, plan);
            }
            Change::Move { camera, position } => {
                let old = self.camera(camera, root, plan)?;
                self.remove(old, plan);
                self.insert(Camera { position, ..old }, plan);
            }
            Change::Remove { camera } => {
                let old = self.camera(camera, root, plan)?;
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
                Undo::Detached { owner, camera } => directory.attach(owner, camera),
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

    /// The registered camera: as the plan has it, or else as the tiles have it.
    fn camera(
        &self,
        camera: CameraId,
        root: &Cluster,
        plan: &Plan,
    ) -> Result<Camera, ChangeRefusal> {
        let refusal = ChangeRefusal::NotRegistered { camera };
        let &position = self.directory.cameras.get(camera.0).ok_or(refusal)?;
        let planned = plan.placed.get(&camera).copied();
        let stored = || root.locate(position, camera).map(|(block, row)| block.row(row).camera);
        planned.or_else(stored).ok_or(refusal)
    }

    fn insert(&mut self, camera: Camera, plan: &mut Plan) {
        let position = self.directory.cameras.insert(camera.id.0, camera.position);
        plan.undo.push(Undo::Camera { camera: camera.id, position });
        self.directory.attach(camera.owner, camera.id);
        plan.undo.push(Undo::Attached { owner: camera.owner, camera: camera.id });
        plan.placed.insert(camera.id, camera);
        let entry = self.directory.owner(camera.owner);
        let standing = standing(entry, || self.directory.special.get(&camera.owner));
        let row = Row { camera, standing };
        plan.edits.push(Edit::Insert(row));
    }

    fn remove(&mut self, camera: Camera, plan: &mut Plan) {
        let Camera { id, owner, position, .. } = camera;
        let old = self.directory.cameras.remove(id.0);
        plan.undo.push(Undo::Camera { camera: id, position: old });
        self.directory.detach(owner, id);
        plan.undo.push(Undo::Detached { owner, camera: id });
        plan.edits.push(Edit::Remove { position, camera: id });
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
        plan.followed.insert(owner);
    }

    /// Has the rows of owners who were spoken of follow: once for each of their cameras, however
    /// often that was.
    pub(crate) fn follow(&self, plan: &mut Plan) {
        for &owner in &plan.followed {
            let entry = self.directory.owner(owner);
            let standing = standing(entry, || self.directory.special.get(&owner));
            for camera in self.directory.cameras_of(owner, entry) {
                if let Some(&position) = self.directory.cameras.get(camera.0) {
                    plan.edits.push(Edit::Stand { position, camera, standing });
                }
            }
        }
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
    entry: Owner,
    special: impl FnOnce() -> Option<&'a Special>,
) -> RowStanding {
    match entry.terms() {
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
