//! The writer's look-ups by id. In reading order: the directory, its maps of owners, the shards and the
//! hash table that they are made of, and the conversion of a consent to a row's standing.

mod directory;
mod positions;
mod owners;
mod entries;
mod owner;
mod consent_extras;
mod cameras;
mod extra_cameras;
mod shards;
mod probe_table;
mod standing;

pub(crate) use consent_extras::ConsentExtras;
pub(crate) use directory::Directory;
pub(crate) use owners::Owners;
pub(crate) use positions::Positions;
pub(crate) use shards::{Group, Grouping, Shards};
pub(crate) use standing::{granted, standing};
