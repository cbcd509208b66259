//! TODO-DOC

mod apply;
mod candidates;
mod edit;
mod overflow_rows;

pub(crate) use edit::{Edit, PARALLEL_EDITS};
