//! The data that only the writer has, and how it moves from one revision to the next.

use std::sync::Arc;

use jiff::Timestamp;

use super::camera_plan::Refusals;
use super::page_revisions::PageRevisions;
use super::plan::{Plan, plan};
use crate::model::{Ask, AskTime, Consent, OwnerId};
use crate::registry::block::BlockPool;
use crate::registry::change::{Change, ChangeError};
use crate::registry::directory::{ConsentExtras, Directory, granted};
use crate::registry::index::{Cluster, Layout};
use crate::registry::revision::Revision;
use crate::registry::scopes::Interner;
use crate::registry::snapshot::State;

/// The data that only the writer needs.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) directory: Directory,
    pub(crate) interner: Interner,
    pub(crate) layout: Layout,
    pub(crate) pages: PageRevisions,
    /// The clusters of the previous revision, brought up to the last one. The next changes edit them in
    /// place, so that only blocks are copied.
    // INVARIANT: equal to the published root, with the same trees.
    spare: Option<Arc<Cluster>>,
    /// The state before the last, if a reader still held it when the last one was published.
    held: Option<Arc<State>>,
    /// The blocks of older revisions.
    pub(crate) spares: BlockPool,
    /// The number of edits between the last two roots.
    pub(crate) edits: usize,
}

/// One spare block is kept for so many cameras: a thirteenth of the blocks that they fill.
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

    /// Plans changes and updates the directory; on the first change that cannot be applied, returns it
    /// and leaves everything as it was.
    pub(crate) fn plan(
        &mut self,
        changes: Vec<Change>,
        root: &Cluster,
        refusals: Refusals,
    ) -> Result<Plan, ChangeError> {
        plan(&mut self.directory, &mut self.interner, changes, root, self.layout, refusals)
    }

    /// Carries out the steps of a plan that had to wait until all of its changes were accepted.
    pub(crate) fn settle(&mut self, plan: &Plan, revision: Revision) {
        for &owner in &plan.followed {
            self.pages.set(owner, revision);
        }
        for &terms in &plan.released {
            self.interner.release(terms);
        }
    }

    /// Retires a state that is no longer the published one. If no reader holds it, its clusters are
    /// brought up to the `new` one now; otherwise that is tried again when the next changes come.
    pub(crate) fn retire(&mut self, old: Arc<State>, new: &State) {
        match Arc::try_unwrap(old) {
            Ok(old) => self.reclaim(old, new),
            Err(held) => self.held = Some(held),
        }
    }

    /// Clusters that no reader holds and that equal those of the `last` state, ready to be edited.
    pub(crate) fn take_spare_root(&mut self, last: &State) -> Option<Arc<Cluster>> {
        if let Some(old) = self.held.take().and_then(Arc::into_inner)
            && self.spare.is_none()
        {
            self.reclaim(old, last);
        }
        self.spare.take()
    }

    /// Keeps the clusters of a revision that no reader holds, brought up to the `new` one.
    fn reclaim(&mut self, mut old: State, new: &State) {
        // The revisions in the clusters show which of them changed.
        if old.revision < new.revision
            && let Some(root) = Arc::get_mut(&mut old.root)
        {
            root.catch_up(&new.root, self.edits, &mut self.spares);
            self.spares.keep(new.cameras / CAMERAS_A_SPARE);
            self.spare = Some(old.root);
        }
    }

    /// An owner's consent, as it was set.
    pub(crate) fn consent(&self, owner: OwnerId) -> Consent {
        let terms = self.directory.owner(owner).terms();
        match terms.and_then(|number| self.interner.table().get(number)) {
            None => Consent::default(),
            Some(terms) => granted(terms, self.directory.extras(owner)),
        }
    }

    /// The times at which an owner was asked.
    pub(crate) fn asked(&self, owner: OwnerId) -> Vec<Ask> {
        let asked = self.directory.extras(owner).map_or(&[][..], ConsentExtras::asked);
        let ask = |&(second, agency): &AskTime| {
            Timestamp::from_second(second).ok().map(|at| Ask { agency, at })
        };
        asked.iter().filter_map(ask).collect()
    }
}
