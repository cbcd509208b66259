//! The spatial index: H3 cells at two levels, an R-tree in each. In reading order: the layout, the tree
//! of one cell, its packing, the nested clusters, and the look-ups by position.

mod layout;
mod packed_rtree;
mod packing;
mod cluster;
mod cell_lookup;
mod locate;

pub(crate) use cell_lookup::{CellLookup, cells, number};
pub(crate) use cluster::{Branch, BranchChild, Cluster, Leaf, Located, Members};
pub use layout::Layout;
pub(crate) use layout::cell;
pub(crate) use locate::{TOGETHER, TileLocator};
pub(crate) use packed_rtree::PackedRTree;
pub(crate) use packing::{BlockSlot, growth, pack, split};
