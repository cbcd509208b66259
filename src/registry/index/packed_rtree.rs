//! A packed R-tree: full nodes of 16 envelopes in columns, one after another in memory, and a root that is up
//! to four of them in a row.
//!
//! Built at once from all its items, which are split in halves along the longer side as those of
//! `packing` are (overlap minimizing top-down loading; Lee and Lee 2003). An item can be changed in its
//! place, and its envelope grow there; where items come or go, the tree is built anew: it is that of one
//! H3 cell.
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

/// How the nodes of a tree are numbered.
#[derive(Clone, Copy, Debug)]
struct Levels {
    /// How many nodes the root is.
    root: usize,
    /// The number of the first leaf: all nodes before it are inner ones.
    first_leaf: usize,
}

/// A node of a tree, by its number; of those of the root the first one is meant for all.
#[derive(Debug)]
pub(crate) struct Node<'a, T> {
    tree: &'a PackedRTree<T>,
    number: usize,
}

/// The root is at most so many nodes: enough for a level less in most trees.
const ROOT: usize = 4;
/// Bytes in a cache line.
const LINE: usize = 64;

impl Levels {
    /// Those of the lowest tree of so many items, and for how many of them each place of the root is.
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

    /// The node below a place of a node.
    #[inline]
    fn below(self, number: usize, place: usize) -> usize {
        NODE_WIDTH * number + self.root + place
    }

    /// The node above, and the place there; `None` at the root.
    fn above(self, number: usize) -> Option<(usize, usize)> {
        number.checked_sub(self.root).map(|below| (below / NODE_WIDTH, below % NODE_WIDTH))
    }

    /// The item at a place of a leaf; `None` if the node is an inner one.
    #[inline]
    fn item(self, number: usize, place: usize) -> Option<usize> {
        number.checked_sub(self.first_leaf).map(|leaf| NODE_WIDTH * leaf + place)
    }

    /// The leaf of an item, and its place there.
    fn leaf(self, item: usize) -> (usize, usize) {
        (self.first_leaf + item / NODE_WIDTH, item % NODE_WIDTH)
    }
}

/// What is at a place of a node.
pub(crate) enum Child<'a, T> {
    Node(Node<'a, T>),
    Item(&'a T),
}

impl<T> PackedRTree<T> {
    pub(crate) const EMPTY: Self =
        Self { nodes: Vec::new(), levels: Levels { root: 0, first_leaf: 0 }, items: Vec::new() };

    /// The tree of some items. O(n log n).
    pub(crate) fn of(mut items: Vec<(Envelope, T)>) -> Self {
        let (levels, room) = Levels::of(items.len());
        let leaves = items.len().div_ceil(NODE_WIDTH);
        let mut nodes = vec![EnvelopeColumns::NONE; levels.first_leaf + leaves];
        pack(&mut items, 0, room, (&mut nodes, levels));
        Self { nodes, levels, items: items.into_iter().map(|(_, item)| item).collect() }
    }

    /// The smallest envelope that contains all of its items'.
    pub(crate) fn envelope(&self) -> Envelope {
        let root = self.nodes.iter().take(self.levels.root);
        root.fold(Envelope::EMPTY, |all, node| all.merged(node.merged()))
    }

    /// `None` if nothing is in the tree.
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

    /// Has the envelope of an item grow to contain another, and those above it. O(height).
    pub(crate) fn grow(&mut self, place: usize, envelope: Envelope) {
        grow((&mut self.nodes, self.levels), place, envelope);
    }

    /// Follows a tree that this one was before some items changed in their places: envelopes that grew
    /// there grow here, and the items that `differ` are given, each with the newer one.
    ///
    /// An envelope grows only with its item, so that those of the others need not be looked at.
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

    /// The place of the item whose envelope has to grow least to contain a position.
    pub(crate) fn nearest(&self, position: Position) -> Option<usize> {
        let here = Envelope::of([position]);
        let mut nearest: Option<(i64, usize)> = None;
        // A node has to grow by no more than what is below.
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
            // The nearest node is looked at next.
            open.get_mut(found..).unwrap_or_default().sort_unstable_by(|a, b| b.cmp(a));
        }
        nearest.map(|(_, place)| place)
    }

    /// Has the item at a place fetched. Nothing waits for it here.
    pub(crate) fn prefetch(&self, place: usize) {
        prefetch_index(self.items.as_slice(), place);
    }

    /// Has the nodes below the root fetched in whose envelopes a position is. Nothing waits for them here.
    pub(crate) fn prefetch_below(&self, position: Position) {
        let Some(root) = self.root().filter(|root| !root.is_leaf()) else { return };
        let here = Envelope::of([position]);
        let met = dispatch!(Level::baseline(), simd => root.envelopes().meeting(simd, here));
        for below in set_bits(met).filter_map(|place| root.at(place)) {
            if let Child::Node(node) = below {
                node.prefetch();
            }
        }
    }

    /// The places among the items of those in whose envelopes a position is.
    pub(crate) fn places(&self, position: Position) -> SmallVec<[usize; 8]> {
        let here = Envelope::of([position]);
        let mut found = SmallVec::new();
        let mut open: SmallVec<[usize; NODE_WIDTH]> = (0..self.levels.root).collect();
        while let Some(number) = open.pop() {
            let Some(node) = self.nodes.get(number) else { continue };
            let met = dispatch!(Level::baseline(), simd => node.meeting(simd, here));
            for place in set_bits(met) {
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

    /// Whether items are below, and not nodes.
    #[inline]
    pub(crate) fn is_leaf(self) -> bool {
        self.number >= self.tree.levels.first_leaf
    }

    /// Has the cache lines fetched of the envelopes, and of the items below if they are next. Nothing waits
    /// for them here.
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

    /// What is below at a place.
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

/// Has the envelope of an item grow, and those of the nodes above as far as they have to.
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

/// Puts items in order below a node each of whose places has room for some of them, and writes the
/// envelopes there; gives that of all.
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
        // Of the root the places of all its nodes are counted as one.
        if let Some(node) = nodes.get_mut(number + place / NODE_WIDTH) {
            node.set(place % NODE_WIDTH, envelope);
        }
        all = all.merged(envelope);
    }
    all
}
