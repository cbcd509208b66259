//! The writer: turns changes into the next state. In reading order: publishing, the writer's data, the
//! plan for a batch of changes, its parts for cameras and owners, and the revisions of pages.

mod publish;
mod writer;
mod plan;
mod camera_plan;
mod step;
mod page_revisions;

pub(crate) use camera_plan::Refusals;
pub(crate) use page_revisions::{PAGES, page};
pub(crate) use publish::Publisher;
pub(crate) use writer::Writer;

/// The synchronisation that `publish` is built on: a test puts a model checker's in its place.
mod sync {
    pub(super) use std::sync::{Mutex, MutexGuard, PoisonError};

    pub(super) use arc_swap::ArcSwap;
}
