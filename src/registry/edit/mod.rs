//! Edits clusters copy-on-write: from the trees of one revision to those of the next. In reading order:
//! one edit, its candidate blocks, its application, and the rows for which a block has no room.

mod edit;
mod candidates;
mod apply;
mod overflow_rows;

pub(crate) use edit::{Edit, PARALLEL_EDITS};
