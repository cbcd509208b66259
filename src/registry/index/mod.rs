//! TODO-DOC

mod cell_lookup;
mod cluster;
mod layout;
mod locate;
mod packed_rtree;
mod packing;

pub(crate) use cell_lookup::{CellLookup, cells, number};
pub(crate) use cluster::{Branch, BranchChild, Cluster, Leaf, Located, Members};
pub use layout::Layout;
pub(crate) use layout::cell;
pub(crate) use locate::{TOGETHER, TileLocator};
pub(crate) use packed_rtree::PackedRTree;
pub(crate) use packing::{BlockSlot, growth, pack, split};
