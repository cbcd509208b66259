//! An immutable view of every camera and consent at one revision.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use h3o::CellIndex;

use super::revision::Revision;
use super::scopes::TermsTable;
use crate::registry::index::Cluster;

/// An immutable view of every camera and consent at one [`Revision`].
///
/// Cheap to clone, read by any number of threads, never blocks and never changes. Take one for each
/// unit of work: a withdrawal is effective in every snapshot that you take after
/// [`Registry::apply`](crate::Registry::apply) returned.
#[derive(Clone)]
pub struct Snapshot(Arc<State>);

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) revision: Revision,
    pub(crate) cameras: usize,
    pub(crate) root: Arc<Cluster>,
    pub(crate) terms: TermsTable,
    /// The cells that lost their last camera, with the revision, until they have one again.
    pub(crate) vanished: Arc<BTreeMap<CellIndex, Revision>>,
}

impl Snapshot {
    pub(crate) fn new(state: Arc<State>) -> Self {
        Self(state)
    }

    /// The revision of this snapshot.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.0.revision
    }

    /// The number of registered cameras, whether their owners agreed or not. The operator's.
    #[must_use]
    pub fn cameras(&self) -> usize {
        self.0.cameras
    }

    pub(crate) fn root(&self) -> &Cluster {
        &self.0.root
    }

    pub(crate) fn terms(&self) -> &TermsTable {
        &self.0.terms
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("revision", &self.0.revision)
            .field("cameras", &self.0.cameras)
            .finish_non_exhaustive()
    }
}
