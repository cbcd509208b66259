//! A packed R-tree: full nodes of 16 envelopes in columns, stored in one array, under a root of up to
//! four nodes.
//!
//! Built from all items at once, which are split in halves along the longer side (overlap minimizing
//! top-down loading; Lee and Lee 2003). You can change an item in place and grow its envelope. To
//! insert or remove items, rebuild the tree: it has only the members of one H3 cell.
//!
//! ```text
//! nodes: r of the root | its 16 r children | their 16 x 16 r | ...   those of node n begin at 16 n + r
//! items: those of the first leaf | of the second | ...
//! ```

use fearless_simd::{Level, dispatch};
use prefetch_index::prefetch_index;
use smallvec::SmallVec;

use super::packing::{growth, halve};
use crate::geometry::{Envelope, EnvelopeColumns, NODE_WIDTH, NodeRow, Position};
use crate::util::set_bits;

/// An R-tree of items, each with its envelope.
#[derive(Clone, Debug)]
pub(crate) struct PackedRTree<T> {
    // INVARIANT: the envelope of a node's place contains those of all items below it. All nodes but
    // the last of a level are full.
    nodes: Vec<EnvelopeColumns>,
    levels: Levels,
    items: Vec<T>,
}

/// The numbering of a tree's nodes.
#[derive(Clone, Copy, Debug)]
struct Levels {
    /// The number of nodes in the root.
    root: usize,
    /// The number of the first leaf; inner nodes come before it.
    first_leaf: usize,
}

/// A node of a tree, by its number. Number 0 stands for all nodes of the root.
#[derive(Debug)]
pub(crate) struct Node<'a, T> {
    tree: &'a PackedRTree<T>,
    number: usize,
}

/// The most nodes in the root: enough to save a level in most trees.
const ROOT: usize = 4;
/// Bytes in a cache line.
const LINE: usize = 64;

impl Levels {
    /// The levels of the lowest tree for so many items, and the number of items below each entry of the
    /// root.
    fn of(items: usize) -> (Self, usize) {
        let mut room = 1;
        while items > ROOT * NODE_WIDTH * room {
            room *= NODE_WIDTH;
        }
        let root = items.div_ceil(room).div_ceil(NODE_WIDTH);
        let (mut first_leaf, mut level, mut below) = (0, root, room);
        while below > 1 {
            first_leaf += level;
            level *= NODE_WIDTH;
            below /= NODE_WIDTH;
        }
        (Self { root, first_leaf }, room)
    }

    /// The child at an entry of a node.
    #[inline]
    fn below(self, number: usize, place: usize) -> usize {
        NODE_WIDTH * number + self.root + place
    }

    /// The parent node and the entry there; `None` at the root.
    fn above(self, number: usize) -> Option<(usize, usize)> {
        number.checked_sub(self.root).map(|below| (below / NODE_WIDTH, below % NODE_WIDTH))
    }

    /// The item at an entry of a leaf; `None` for an inner node.
    #[inline]
    fn item(self, number: usize, place: usize) -> Option<usize> {
        number.checked_sub(self.first_leaf).map(|leaf| NODE_WIDTH * leaf + place)
    }

    /// The leaf of an item, and its entry there.
    fn leaf(self, item: usize) -> (usize, usize) {
        (self.first_leaf + item / NODE_WIDTH, item % NODE_WIDTH)
    }
}

/// A child of a node.
pub(crate) enum Child<'a, T> {
    Node(Node<'a, T>),
    Item(&'a T),
}

impl<T> PackedRTree<T> {
    pub(crate) const EMPTY: Self =
        Self { nodes: Vec::new(), levels: Levels { root: 0, first_leaf: 0 }, items: Vec::new() };

    /// Builds the tree of some items. O(n log n).
    pub(crate) fn of(mut items: Vec<(Envelope, T)>) -> Self {
        let (levels, room) = Levels::of(items.len());
        let leaves = items.len().div_ceil(NODE_WIDTH);
        let mut nodes = vec![EnvelopeColumns::NONE; levels.first_leaf + leaves];
        pack(&mut items, 0, room, (&mut nodes, levels));
        Self { nodes, levels, items: items.into_iter().map(|(_, item)| item).collect() }
    }

    /// The smallest envelope that contains all items.
    pub(crate) fn envelope(&self) -> Envelope {
        let root = self.nodes.iter().take(self.levels.root);
        root.fold(Envelope::EMPTY, |all, node| all.merged(node.merged()))
    }

    /// The root; `None` if the tree is empty.
    #[inline]
    pub(crate) fn root(&self) -> Option<Node<'_, T>> {
        (!self.items.is_empty()).then_some(Node { tree: self, number: 0 })
    }

    pub(crate) fn items(&self) -> &[T] {
        &self.items
    }

    pub(crate) fn items_mut(&mut self) -> &mut [T] {
        &mut self.items
    }

    pub(crate) fn into_items(self) -> Vec<T> {
        self.items
    }

    /// The items with their envelopes.
    pub(crate) fn into_members(self) -> Vec<(Envelope, T)> {
        envelopes(&self.nodes, self.levels).zip(self.items).collect()
    }

    /// Grows the envelope of an item to contain another, and the envelopes above it. O(height).
    pub(crate) fn grow(&mut self, place: usize, envelope: Envelope) {
        grow((&mut self.nodes, self.levels), place, envelope);
    }

    /// Catches up with a newer version of this tree, in which some items changed in place: grows the
    /// envelopes that grew there, and returns the items that `differ`, each with the newer one.
    ///
    /// An envelope grows only together with its item, so the envelopes of other items are not compared.
    pub(crate) fn follow<'a>(
        &'a mut self,
        newer: &'a Self,
        differ: impl Fn(&T, &T) -> bool,
    ) -> Vec<(&'a mut T, &'a T)> {
        let Self { nodes, levels, items } = self;
        let pairs = items.iter_mut().zip(&newer.items).enumerate();
        let changed = pairs.filter(|(_, (mine, newer))| differ(mine, newer));
        let changed: Vec<_> = changed
            .inspect(|&(place, _)| {
                for nodes in [&*nodes, &newer.nodes] {
                    if let Some(leaf) = nodes.get(levels.leaf(place).0) {
                        leaf.prefetch();
                    }
                }
            })
            .collect();
        let grown = changed.into_iter().map(|(place, pair)| {
            grow((nodes, *levels), place, newer.envelope_at(place));
            pair
        });
        grown.collect()
    }

    fn envelope_at(&self, place: usize) -> Envelope {
        let (leaf, place) = self.levels.leaf(place);
        self.nodes.get(leaf).map_or(Envelope::EMPTY, |leaf| leaf.get(place))
    }

    /// The index of the item whose envelope has to grow least to contain a position.
    pub(crate) fn nearest(&self, position: Position) -> Option<usize> {
        let here = Envelope::of([position]);
        let mut nearest: Option<(i64, usize)> = None;
        // A node's envelope grows at most as much as any envelope below it.
        let root = (0..self.levels.root).map(|number| (0, number));
        let mut open: SmallVec<[(i64, usize); 2 * NODE_WIDTH]> = root.collect();
        while let Some((least, number)) = open.pop() {
            let is_farther = |by: i64| nearest.is_some_and(|(nearest, _)| nearest <= by);
            let Some(node) = self.nodes.get(number).filter(|_| !is_farther(least)) else {
                continue;
            };
            let found = open.len();
            for place in 0..NODE_WIDTH {
                let by = growth(node.get(place), here);
                match self.levels.item(number, place) {
                    None => open.push((by, self.levels.below(number, place))),
                    Some(item) if item < self.items.len() => {
                        let item = (by, item);
                        nearest = Some(nearest.map_or(item, |nearest| nearest.min(item)));
                    }
                    Some(_) => {}
                }
            }
            // The stack takes the nearest node next.
            open.get_mut(found..).unwrap_or_default().sort_unstable_by(|a, b| b.cmp(a));
        }
        nearest.map(|(_, place)| place)
    }

    /// Prefetches an item.
    pub(crate) fn prefetch(&self, place: usize) {
        prefetch_index(self.items.as_slice(), place);
    }

    /// Prefetches the root's children whose envelopes contain a position.
    pub(crate) fn prefetch_below(&self, position: Position) {
        let Some(root) = self.root().filter(|root| !root.is_leaf()) else { return };
        let here = Envelope::of([position]);
        let hits = dispatch!(Level::baseline(), simd => root.envelopes().meeting(simd, here));
        for below in set_bits(hits).filter_map(|place| root.at(place)) {
            if let Child::Node(node) = below {
                node.prefetch();
            }
        }
    }

    /// The indexes of the items whose envelopes contain a position.
    pub(crate) fn places(&self, position: Position) -> SmallVec<[usize; 8]> {
        let here = Envelope::of([position]);
        let mut found = SmallVec::new();
        let mut open: SmallVec<[usize; NODE_WIDTH]> = (0..self.levels.root).collect();
        while let Some(number) = open.pop() {
            let Some(node) = self.nodes.get(number) else { continue };
            let hits = dispatch!(Level::baseline(), simd => node.meeting(simd, here));
            for place in set_bits(hits) {
                match self.levels.item(number, place) {
                    None => open.push(self.levels.below(number, place)),
                    Some(item) => found.push(item),
                }
            }
        }
        found
    }
}

impl<T> Clone for Node<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Node<'_, T> {}

impl<'a, T> Node<'a, T> {
    #[inline]
    pub(crate) fn envelopes(self) -> NodeRow<'a> {
        let Self { tree, number } = self;
        let nodes = if number == 0 { tree.levels.root } else { 1 };
        NodeRow(tree.nodes.get(number..number + nodes).unwrap_or(&[]))
    }

    /// Whether the children are items.
    #[inline]
    pub(crate) fn is_leaf(self) -> bool {
        self.number >= self.tree.levels.first_leaf
    }

    /// Prefetches the envelopes, and the items below if the node is a leaf.
    #[inline]
    pub(crate) fn prefetch(self) {
        let Self { tree, number } = self;
        let envelopes = self.envelopes();
        envelopes.prefetch();
        let Some(first) = tree.levels.item(number, 0) else { return };
        let end = tree.items.len().min(first + NODE_WIDTH * envelopes.0.len());
        for place in (first..end).step_by(const { LINE.div_ceil(size_of::<T>()) }) {
            prefetch_index(&tree.items, place);
        }
    }

    /// The child at an entry.
    #[inline]
    pub(crate) fn at(self, place: usize) -> Option<Child<'a, T>> {
        let Self { tree, number } = self;
        match tree.levels.item(number, place) {
            None => Some(Child::Node(Self { tree, number: tree.levels.below(number, place) })),
            Some(item) => tree.items.get(item).map(Child::Item),
        }
    }
}

fn envelopes(nodes: &[EnvelopeColumns], levels: Levels) -> impl Iterator<Item = Envelope> {
    let leaves = nodes.iter().skip(levels.first_leaf);
    leaves.flat_map(|leaf| (0..NODE_WIDTH).map(|place| leaf.get(place)))
}

/// Grows the envelope of an item, and the envelopes above as far as needed.
fn grow((nodes, levels): (&mut [EnvelopeColumns], Levels), item: usize, envelope: Envelope) {
    let mut above = Some(levels.leaf(item));
    while let Some((number, place)) = above {
        let Some(node) = nodes.get_mut(number) else { return };
        let before = node.get(place);
        if before.contains(envelope) {
            return;
        }
        node.set(place, before.merged(envelope));
        above = levels.above(number);
    }
}

/// Orders items below a node whose entries each have `room` items, writes the envelopes of the nodes,
/// and returns the envelope of all.
fn pack<T>(
    items: &mut [(Envelope, T)],
    number: usize,
    room: usize,
    (nodes, levels): (&mut [EnvelopeColumns], Levels),
) -> Envelope {
    if room > 1 {
        halve(items, room, &|&(envelope, _)| envelope);
    }
    let mut all = Envelope::EMPTY;
    for (place, items) in items.chunks_mut(room).enumerate() {
        let envelope = match (room, &*items) {
            (1, &[(envelope, _)]) => envelope,
            _ => pack(items, levels.below(number, place), room / NODE_WIDTH, (nodes, levels)),
        };
        // Entries are counted through all nodes of the root.
        if let Some(node) = nodes.get_mut(number + place / NODE_WIDTH) {
            node.set(place % NODE_WIDTH, envelope);
        }
        all = all.merged(envelope);
    }
    all
}
