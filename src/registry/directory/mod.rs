//! TODO-DOC

mod directory;
mod extra_cameras;
mod owners;
mod probe_table;
mod shards;
mod standing;

pub(crate) use directory::{Directory, Positions};
pub(crate) use owners::{ConsentExtras, Owners};
pub(crate) use shards::{Group, Grouping, Shards};
pub(crate) use standing::{granted, standing};
