//! The writer's side: applies changes and publishes snapshots.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use h3o::CellIndex;

use super::change::{Change, ChangeError, ChangeRefusal, SkippedChange};
use super::directory::Owners;
use super::edit::Edit;
use super::index::{TOGETHER, TileLocator};
use super::revision::Revision;
use super::snapshot::Snapshot;
use super::snapshot::State;
use super::writer::Publisher;
use super::writer::Refusals;
use super::writer::Writer;
use crate::model::{Ask, Camera, CameraId, Consent, OwnerId};
use crate::registry::index::{Cluster, Layout};
use crate::util::trace;

/// All cameras and consents. Every change to them goes through this type.
///
/// One writer at a time applies [`Change`]s; any number of readers take a [`snapshot`] and never
/// wait for it.
///
/// [`snapshot`]: Registry::snapshot
///
/// ```
/// use canvass::{Camera, CameraId, Change, Consent, OwnerId, Position, Recording, Registry};
///
/// let (registry, porch) = (Registry::new(), Position::new(-73.97, 40.77)?);
/// let before = registry.snapshot();
/// registry.apply([
///     Change::Register(Camera::new(CameraId(1), OwnerId(1), porch, Recording::kept_for_days(30))),
///     Change::SetConsent { owner: OwnerId(1), consent: Consent::granted() },
/// ])?;
/// assert_eq!((before.cameras(), registry.snapshot().cameras()), (0, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Registry {
    pub(super) state: Publisher<Writer, State>,
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

impl Registry {
    /// An empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self::with_layout(Layout::default())
    }

    /// An empty registry with another layout; use [`new`](Self::new) unless you have measured one.
    /// See [`Layout`].
    #[must_use]
    pub fn with_layout(layout: Layout) -> Self {
        Self::publish_first(Writer::new(layout), Cluster::empty(), Revision(0))
    }

    pub(super) fn publish_first(writer: Writer, root: Cluster, revision: Revision) -> Self {
        let state = State {
            revision,
            cameras: writer.directory.len(),
            root: Arc::new(root),
            terms: writer.interner.table().clone(),
            vanished: Arc::default(),
        };
        Self { state: Publisher::new(writer, state) }
    }

    /// The current state. Never blocks; O(1). Take a new one for each unit of work.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.state.load())
    }

    /// Applies changes in order, all or none, and publishes the next revision.
    ///
    /// The cost grows with the changes, with the cameras of the owners they speak of (each once,
    /// however often), and with the tiles they touch, not with the registry. A camera is found among
    /// the blocks of its place: O(n) for n cameras on one point, about 2 ms for a million.
    ///
    /// All changes are taken from the iterator before anything is done, outside the writer's lock:
    /// your iterator may read this registry, and if it panics nothing has changed.
    ///
    /// # Errors
    ///
    /// Names the first change that cannot be applied; then none of them was. At the last revision that
    /// there is, which [`from_tiles`](Self::from_tiles) may be given, no change can be.
    pub fn apply(
        &self,
        changes: impl IntoIterator<Item = Change>,
    ) -> Result<Snapshot, ChangeError> {
        // The caller's code must not run between the update of the look-ups and the publication.
        let changes: Vec<Change> = changes.into_iter().collect();
        trace::span!("apply", changes = changes.len());
        let next = |writer: &mut Writer, old: &State| {
            Self::next(writer, old, Self::revision_after(old)?, changes)
        };
        let applied = self.state.apply(next, Writer::retire).map(Snapshot::new);
        trace::event!(
            revision = applied.as_ref().ok().map(|snapshot| snapshot.revision().0),
            refused = applied.as_ref().err().map(|error| error.reason.code()),
            "applied"
        );
        applied
    }

    /// Applies the changes that can be applied, in order, leaves out the others, and publishes the
    /// next revision. Use it for a stream that may deliver a change twice; for changes of
    /// your own, [`apply`](Self::apply) shows the first error before anything is done.
    ///
    /// A change is left out where [`apply`](Self::apply) would refuse it in its place, and the changes
    /// behind it are applied as if it were not there: a camera is registered twice, or one is moved
    /// that is gone. Deliver a stream again in its order and up to its end, and every camera and
    /// consent ends as it was. The exception is [`Change::RecordAsked`], which counts each time that it
    /// is applied: keep the number of the last change beside it, and pass over those before, or
    /// [`replay`](Self::replay) by revision.
    ///
    /// Log the changes that were applied, without those that were skipped: a
    /// [`replay`](Self::replay) refuses the whole list.
    ///
    /// ```
    /// use canvass::{Camera, CameraId, Change, OwnerId, Position, Recording, Registry};
    ///
    /// let position = Position::new(-73.97, 40.77)?;
    /// let porch = Camera::new(CameraId(7), OwnerId(1), position, Recording::kept_for_days(30));
    /// let stream = [Change::Register(porch), Change::Remove { camera: CameraId(8) }];
    /// let registry = Registry::new();
    /// let (snapshot, skipped) = registry.apply_skipping(stream.clone())?;
    /// assert_eq!((snapshot.cameras(), skipped.len()), (1, 1));
    /// assert_eq!(skipped[0].to_string(), "change 1 was skipped: camera `8` is not registered");
    ///
    /// // All of it once more.
    /// let (snapshot, skipped) = registry.apply_skipping(stream)?;
    /// assert_eq!((snapshot.cameras(), skipped.len()), (1, 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the registry is full, or at the last revision that there is; then nothing was applied.
    pub fn apply_skipping(
        &self,
        changes: impl IntoIterator<Item = Change>,
    ) -> Result<(Snapshot, Vec<SkippedChange>), ChangeError> {
        let changes: Vec<Change> = changes.into_iter().collect();
        let mut skipped = Vec::new();
        let next = |writer: &mut Writer, old: &State| {
            let revision = Self::revision_after(old)?;
            let (state, refused) = Self::planned(writer, old, (revision, changes), Refusals::Skip)?;
            skipped = refused;
            Ok(state)
        };
        let state = self.state.apply(next, Writer::retire)?;
        let skip = |ChangeError { index, reason }| SkippedChange { index, reason };
        Ok((Snapshot::new(state), skipped.into_iter().map(skip).collect()))
    }

    fn revision_after(old: &State) -> Result<Revision, ChangeError> {
        let reason = ChangeRefusal::NoMoreRevisions;
        old.revision.0.checked_add(1).map(Revision).ok_or(ChangeError { index: 0, reason })
    }

    /// The state that changes lead to at a revision, with the writer's look-ups brought there.
    pub(super) fn next(
        writer: &mut Writer,
        old: &State,
        revision: Revision,
        changes: Vec<Change>,
    ) -> Result<State, ChangeError> {
        Self::planned(writer, old, (revision, changes), Refusals::RefuseAll).map(|(state, _)| state)
    }

    /// The same, with the changes that were left out.
    fn planned(
        writer: &mut Writer,
        old: &State,
        (revision, changes): (Revision, Vec<Change>),
        refusals: Refusals,
    ) -> Result<(State, Vec<ChangeError>), ChangeError> {
        let mut plan = writer.plan(changes, &old.root, refusals)?;
        let skipped = std::mem::take(&mut plan.skipped);
        let edits = plan.in_tiles();
        let mut root = Arc::clone(&old.root);
        let mut vanished = Arc::clone(&old.vanished);
        if !edits.is_empty() {
            root = writer.take_spare_root(old).unwrap_or(root);
            writer.edits = edits.len();
            Arc::make_mut(&mut root).edit(&edits, revision, writer.layout, &mut writer.spares);
            record_vanished(&mut vanished, &edits, &root, revision);
        }
        writer.settle(&plan, revision);
        let state = State {
            revision,
            cameras: old.cameras.saturating_add(plan.added).saturating_sub(plan.removed),
            root,
            terms: writer.interner.table().clone(),
            vanished,
        };
        Ok((state, skipped))
    }

    /// An owner's current consent. For an owner who never gave one this is the default, which is
    /// no. The operator's.
    ///
    /// All functions that read the registry and not a snapshot take turns with
    /// [`apply`](Self::apply).
    pub fn consent(&self, owner: OwnerId) -> Consent {
        self.state.inspect(|writer, _| writer.consent(owner))
    }

    /// The last times that an owner was asked and by whom, ascending and to the second: as many as a limit can look
    /// at ([`AskLimit`](crate::AskLimit)). The operator's, and the owner's.
    #[must_use]
    pub fn asked(&self, owner: OwnerId) -> Vec<Ask> {
        self.state.inspect(|writer, _| writer.asked(owner))
    }

    /// The known owners whose ids come after `after`, ascending, `most` of them at most. The
    /// operator's: use it to export all owners page by page, with [`consent`](Self::consent),
    /// [`cameras_of`](Self::cameras_of) and [`asked`](Self::asked) for each. O(owners), and for n
    /// of them O(n log n).
    ///
    /// ```
    /// use canvass::{Change, Consent, OwnerId, Registry};
    ///
    /// let registry = Registry::new();
    /// let yes = |owner| Change::SetConsent { owner: OwnerId(owner), consent: Consent::granted() };
    /// registry.apply([7, 3, 9, 5].map(yes))?;
    /// assert_eq!(registry.owners_after(None, 2), [OwnerId(3), OwnerId(5)]);
    /// assert_eq!(registry.owners_after(Some(OwnerId(5)), 9), [OwnerId(7), OwnerId(9)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn owners_after(&self, after: Option<OwnerId>, most: usize) -> Vec<OwnerId> {
        let mut owners: Vec<OwnerId> = self.state.inspect(|writer, _| {
            let all = writer.directory.owners.iter().flat_map(Owners::iter).map(|(owner, _)| owner);
            all.filter(|owner| after.is_none_or(|after| *owner > after)).collect()
        });
        if most < owners.len() {
            owners.select_nth_unstable(most);
            owners.truncate(most);
        }
        owners.sort_unstable();
        owners
    }

    /// A registered camera, whether its owner agreed or not. The operator's: use it, for instance,
    /// to check the owner before you move or remove it.
    ///
    /// O(log n), and for one that shares its point with n others O(n).
    ///
    /// ```
    /// use canvass::{Camera, CameraId, Change, OwnerId, Position, Recording, Registry};
    ///
    /// let (owner, position) = (OwnerId(1), Position::new(-73.97, 40.77)?);
    /// let recording = Recording::kept_for_days(30);
    /// let porch = Camera::new(CameraId(7), owner, position, recording);
    /// let registry = Registry::new();
    /// registry.apply([Change::Register(porch)])?;
    /// assert_eq!(registry.camera(CameraId(7)), Some(porch));
    /// assert_eq!(registry.camera(CameraId(8)), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn camera(&self, camera: CameraId) -> Option<Camera> {
        self.state.inspect(|writer, state| {
            let positions = [Some(writer.directory.position(camera)?)];
            let located =
                TileLocator::new(&state.root, &positions).locate(&positions, &[Some(camera)]);
            located.into_iter().flatten().next().map(|located| located.camera)
        })
    }

    /// An owner's registered cameras, ascending by id. The operator's.
    ///
    /// O(log n) for each, and for one that shares its point with n others O(n).
    #[must_use]
    pub fn cameras_of(&self, owner: OwnerId) -> Vec<Camera> {
        self.state.inspect(|writer, state| {
            let directory = &writer.directory;
            let ids: Vec<_> = directory.cameras_of(owner).map(Some).collect();
            let mut cameras = Vec::with_capacity(ids.len());
            for ids in ids.chunks(TOGETHER) {
                let positions: Vec<_> = ids.iter().map(|&id| directory.position(id?)).collect();
                let located = TileLocator::new(&state.root, &positions).locate(&positions, ids);
                cameras.extend(located.into_iter().flatten().map(|located| located.camera));
            }
            cameras.sort_unstable_by_key(|camera| camera.id);
            cameras
        })
    }
}

/// Notes which cells lost their last camera to some edits, and which have one again.
fn record_vanished(
    vanished: &mut Arc<BTreeMap<CellIndex, Revision>>,
    edits: &[(CellIndex, &Edit)],
    root: &Cluster,
    revision: Revision,
) {
    for of_cell in edits.chunk_by(|(a, _), (b, _)| a == b) {
        let Some(&(cell, _)) = of_cell.first() else { continue };
        let count = |counts: fn(&Edit) -> bool| of_cell.iter().filter(|(_, e)| counts(e)).count();
        let inserted = count(|edit| matches!(edit, Edit::Insert(_)));
        let removed = count(|edit| matches!(edit, Edit::Remove { .. }));
        // A tile that did not shrink still has rows, or had none before.
        if inserted > removed && vanished.contains_key(&cell) {
            Arc::make_mut(vanished).remove(&cell);
        } else if removed > inserted && !root.has_tile(cell) {
            Arc::make_mut(vanished).insert(cell, revision);
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Registry").field(&self.snapshot()).finish()
    }
}
