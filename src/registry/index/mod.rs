//! TODO-DOC

mod cell_lookup;
mod cluster;
mod layout;
mod locate;
mod packed_rtree;
mod packing;

pub(crate) use cell_lookup::{Tiling, cells, number};
pub(crate) use cluster::{Branch, Cluster, Fork, Leaf, Located, Members};
pub use layout::Layout;
pub(crate) use layout::cell;
pub(crate) use locate::{Around, TOGETHER};
pub(crate) use packed_rtree::Tree;
pub(crate) use packing::{Place, growth, pack, split};
