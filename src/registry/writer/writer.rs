//! What only the writer has, and what becomes of it from one revision to the next.

use std::sync::Arc;

use jiff::Timestamp;

use super::camera_plan::Refusals;
use super::page_revisions::PageRevisions;
use super::plan::{Plan, plan};
use crate::model::{Consent, OwnerId};
use crate::registry::block::BlockPool;
use crate::registry::change::{Change, ChangeError};
use crate::registry::directory::{ConsentExtras, Directory, granted};
use crate::registry::index::{Cluster, Layout};
use crate::registry::revision::Revision;
use crate::registry::scopes::Interner;
use crate::registry::snapshot::State;

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
    spare: Option<Arc<Cluster>>,
    /// The state before the last, if somebody still read it when the last one was published.
    held: Option<Arc<State>>,
    /// The blocks of older revisions.
    pub(crate) spares: BlockPool,
    /// How many edits last led from one root to the next.
    pub(crate) edits: usize,
}

/// So many cameras allow for one spare block: a thirteenth of the blocks that they fill.
const CAMERAS_A_SPARE: usize = 800;

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
            held: None,
            spares: BlockPool::default(),
            edits: 0,
        }
    }

    /// Plans changes, and brings the look-ups to where they lead; or names the first that cannot be
    /// applied, and leaves everything as it was.
    pub(crate) fn plan(
        &mut self,
        changes: Vec<Change>,
        root: &Cluster,
        refusals: Refusals,
    ) -> Result<Plan, ChangeError> {
        plan(&mut self.directory, &mut self.interner, changes, root, self.layout, refusals)
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

    /// Takes a state that was published up to now: its clusters, if nobody reads it any more, are
    /// brought up to the `new` one. Else they may be, once the next changes come.
    pub(crate) fn retire(&mut self, old: Arc<State>, new: &State) {
        match Arc::try_unwrap(old) {
            Ok(old) => self.reclaim(old, new),
            Err(held) => self.held = Some(held),
        }
    }

    /// Clusters that nobody reads, which hold what those of the `last` state do: to be changed.
    pub(crate) fn take_spare_root(&mut self, last: &State) -> Option<Arc<Cluster>> {
        if let Some(old) = self.held.take().and_then(Arc::into_inner)
            && self.spare.is_none()
        {
            self.reclaim(old, last);
        }
        self.spare.take()
    }

    /// Keeps the clusters of a revision that nobody reads any more, brought up to the `new` one.
    fn reclaim(&mut self, mut old: State, new: &State) {
        // The clusters tell by their revisions what has changed.
        if old.revision < new.revision
            && let Some(root) = Arc::get_mut(&mut old.root)
        {
            root.catch_up(&new.root, self.edits, &mut self.spares);
            self.spares.keep(new.cameras / CAMERAS_A_SPARE);
            self.spare = Some(old.root);
        }
    }

    /// An owner's consent as it was set.
    pub(crate) fn consent(&self, owner: OwnerId) -> Consent {
        let terms = self.directory.owner(owner).terms();
        match terms.and_then(|number| self.interner.table().get(number)) {
            None => Consent::default(),
            Some(terms) => granted(terms, self.directory.special(owner)),
        }
    }

    /// When an owner was asked.
    pub(crate) fn asked(&self, owner: OwnerId) -> Vec<Timestamp> {
        let asked = self.directory.special(owner).map_or(&[][..], ConsentExtras::asked);
        asked.iter().filter_map(|&second| Timestamp::from_second(second).ok()).collect()
    }
}
