//! TODO-DOC

mod camera_plan;
mod page_revisions;
mod plan;
mod publish;
mod step;
mod writer;

pub(crate) use camera_plan::Refusals;
pub(crate) use page_revisions::{PAGES, page};
pub(crate) use publish::Publisher;
pub(crate) use writer::Writer;

/// The synchronisation that `publish` is built on: a test puts a model checker's in its place.
mod sync {
    pub(super) use std::sync::{Mutex, MutexGuard, PoisonError};

    pub(super) use arc_swap::ArcSwap;
}
