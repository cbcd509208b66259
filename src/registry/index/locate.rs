//! Positions that are looked for together: all go one step down before one goes the next, and what it will
//! read there is fetched meanwhile.

use std::sync::Arc;

use fearless_simd::{Level, dispatch};
use h3o::CellIndex;
use smallvec::SmallVec;

use super::cluster::{Cluster, Leaf, Located, Members};
use super::packed_rtree::{Child, Node};
use crate::geometry::{Envelope, NodeRow, Position};
use crate::model::CameraId;
use crate::util::set_bits;

/// So many positions are looked for together: what is fetched for them fits the second cache.
pub(crate) const TOGETHER: usize = 256;

/// The tiles in whose envelopes some positions are.
pub(crate) struct TileLocator<'a> {
    // INVARIANT: ascending by the numbers of the positions.
    tiles: Few<(usize, &'a Cluster)>,
}

/// Without memory of its own for a single change.
type Few<T> = SmallVec<[T; 4]>;

/// What a search comes to next.
enum Next<'a> {
    Cluster(&'a Cluster),
    Node(Node<'a, Arc<Cluster>>),
}

impl<'a> TileLocator<'a> {
    /// The tiles around positions, of those which are there.
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
        // Clusters of other depths would be found in another order.
        tiles.sort_by_key(|&(number, _)| number);
        Self { tiles }
    }

    /// The tiles around a position.
    fn of(&self, number: usize) -> &[(usize, &'a Cluster)] {
        let start = self.tiles.partition_point(|&(other, _)| other < number);
        let those = self.tiles.get(start..).unwrap_or(&[]);
        those.get(..those.partition_point(|&(other, _)| other == number)).unwrap_or(&[])
    }

    /// The cell that a position surely belongs to.
    pub(crate) fn cell(&self, number: usize, position: Position) -> Option<CellIndex> {
        let mut tiles = self.of(number).iter();
        tiles.find_map(|(_, tile)| tile.cell.filter(|_| tile.is_well_around(position)))
    }

    /// The same, if a camera that a tile has stands there: it is in the only one around it.
    pub(crate) fn cell_of_camera(&self, number: usize, position: Position) -> Option<CellIndex> {
        match self.of(number) {
            &[(_, tile)] => tile.cell,
            _ => self.cell(number, position),
        }
    }

    /// The cameras that stand at the positions, as their tiles have them.
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

/// The places of a node in whose envelopes a position is.
fn places(
    envelopes: NodeRow<'_>,
    positions: &[Option<Position>],
    number: usize,
) -> impl Iterator<Item = usize> {
    let here = Envelope::of(positions.get(number).copied().flatten());
    set_bits(dispatch!(Level::baseline(), simd => envelopes.meeting(simd, here)))
}
