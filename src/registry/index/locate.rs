//! Locates many positions at once: all of them descend one level before any descends the next, and the
//! nodes of that level are prefetched meanwhile.

use std::sync::Arc;

use fearless_simd::{Level, dispatch};
use h3o::CellIndex;
use smallvec::SmallVec;

use super::cluster::{Cluster, Leaf, Located, Members};
use super::packed_rtree::{Child, Node};
use crate::geometry::{Envelope, NodeRow, Position};
use crate::model::CameraId;
use crate::util::set_bits;

/// The number of positions located together: their prefetched lines fit the second-level cache.
pub(crate) const TOGETHER: usize = 256;

/// The tiles whose envelopes contain some positions.
pub(crate) struct TileLocator<'a> {
    // INVARIANT: ascending by the index of the position.
    tiles: Few<(usize, &'a Cluster)>,
}

/// On the stack for a single change.
type Few<T> = SmallVec<[T; 4]>;

/// The next step of a search.
enum Next<'a> {
    Cluster(&'a Cluster),
    Node(Node<'a, Arc<Cluster>>),
}

impl<'a> TileLocator<'a> {
    /// Finds the tiles around those positions that are given.
    pub(crate) fn new(root: &'a Cluster, positions: &[Option<Position>]) -> Self {
        let mut tiles = Few::new();
        let sought = positions.iter().enumerate().filter(|(_, position)| position.is_some());
        let mut open: Few<_> = sought.map(|(number, _)| (number, Next::Cluster(root))).collect();
        while !open.is_empty() {
            let mut below = Few::new();
            for (number, next) in open {
                match next {
                    Next::Cluster(cluster) => match &cluster.members {
                        Members::Blocks(_) => tiles.push((number, cluster)),
                        Members::Clusters(clusters) => {
                            if let Some(node) = clusters.root() {
                                node.prefetch();
                                below.push((number, Next::Node(node)));
                            }
                        }
                    },
                    Next::Node(node) => {
                        for place in places(node.envelopes(), positions, number) {
                            match node.at(place) {
                                Some(Child::Node(node)) => {
                                    node.prefetch();
                                    below.push((number, Next::Node(node)));
                                }
                                Some(Child::Item(cluster)) => {
                                    cluster.prefetch();
                                    below.push((number, Next::Cluster(cluster)));
                                }
                                None => {}
                            }
                        }
                    }
                }
            }
            open = below;
        }
        // Tiles at different depths are found out of order.
        tiles.sort_by_key(|&(number, _)| number);
        Self { tiles }
    }

    /// The tiles around a position.
    fn of(&self, number: usize) -> &[(usize, &'a Cluster)] {
        let start = self.tiles.partition_point(|&(other, _)| other < number);
        let those = self.tiles.get(start..).unwrap_or(&[]);
        those.get(..those.partition_point(|&(other, _)| other == number)).unwrap_or(&[])
    }

    /// The cell to which a position certainly belongs.
    pub(crate) fn cell(&self, number: usize, position: Position) -> Option<CellIndex> {
        let mut tiles = self.of(number).iter();
        tiles.find_map(|(_, tile)| tile.cell.filter(|_| tile.is_well_around(position)))
    }

    /// The cell of a registered camera at a position: the only tile around it, if there is one.
    pub(crate) fn cell_of_camera(&self, number: usize, position: Position) -> Option<CellIndex> {
        match self.of(number) {
            &[(_, tile)] => tile.cell,
            _ => self.cell(number, position),
        }
    }

    /// The cameras at the positions, with their tiles.
    pub(crate) fn locate(
        &self,
        positions: &[Option<Position>],
        cameras: &[Option<CameraId>],
    ) -> Vec<Option<Located<'a>>> {
        let mut located = vec![None; cameras.len()];
        let mut leaves: Few<(usize, &'a Cluster, &'a Leaf)> = Few::new();
        let mut open: Few<(usize, &'a Cluster, Node<'a, Leaf>)> = Few::new();
        for &(number, tile) in &self.tiles {
            if let Members::Blocks(blocks) = &tile.members
                && let Some(node) = blocks.root()
                && cameras.get(number).is_some_and(Option::is_some)
            {
                node.prefetch();
                open.push((number, tile, node));
            }
        }
        while !open.is_empty() {
            let mut below = Few::new();
            for (number, tile, node) in open {
                for place in places(node.envelopes(), positions, number) {
                    match node.at(place) {
                        Some(Child::Node(node)) => {
                            node.prefetch();
                            below.push((number, tile, node));
                        }
                        Some(Child::Item(leaf)) => {
                            leaf.prefetch();
                            leaves.push((number, tile, leaf));
                        }
                        None => {}
                    }
                }
            }
            open = below;
        }
        for (number, tile, leaf) in leaves {
            if let Some(&Some(camera)) = cameras.get(number)
                && let (Some(located @ None), Some(cell)) = (located.get_mut(number), tile.cell)
                && let Some(row) = leaf.block().find(camera)
            {
                let camera = leaf.block().row(row).camera;
                *located = Some(Located { tile, cell, camera });
            }
        }
        located
    }
}

/// The children of a node whose envelopes contain a position.
fn places(
    envelopes: NodeRow<'_>,
    positions: &[Option<Position>],
    number: usize,
) -> impl Iterator<Item = usize> {
    let here = Envelope::of(positions.get(number).copied().flatten());
    set_bits(dispatch!(Level::baseline(), simd => envelopes.meeting(simd, here)))
}
