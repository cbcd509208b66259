//! A packed R-tree: full nodes of 16 envelopes in columns, one after another in memory.
//!
//! Built at once from all its items, which are split in halves along the longer side as those of
//! `packing` are (overlap minimizing top-down loading; Lee and Lee 2003). An item can be changed in its
//! place; where an envelope has to grow, the tree is built anew: it is that of one H3 cell.
//!
//! ```text
//! nodes: root | its 16 children | their 16 x 16 | ...   the children of node n: 16 n + 1 ..= 16 n + 16
//! items: those of the first leaf | of the second | ...
//! ```

use fearless_simd::{Level, dispatch};
use smallvec::SmallVec;

use super::packing::halve;
use crate::geometry::{Envelope, Envelopes, Position, SIXTEEN, ones};

/// An R-tree of items, each with its envelope.
#[derive(Clone, Debug)]
pub(crate) struct Tree<T> {
    // INVARIANT: the envelope of a node's place contains those of all items below it. All nodes but
    // the last of a level are full.
    nodes: Vec<Envelopes>,
    /// The number of the first leaf: all nodes before it are inner ones.
    first_leaf: usize,
    items: Vec<T>,
}

/// A node of a tree, by its number.
#[derive(Debug)]
pub(crate) struct Node<'a, T> {
    tree: &'a Tree<T>,
    number: usize,
}

/// What is at a place of a node.
pub(crate) enum Below<'a, T> {
    Node(Node<'a, T>),
    Item(&'a T),
}

impl<T> Tree<T> {
    pub(crate) const EMPTY: Self = Self { nodes: Vec::new(), first_leaf: 0, items: Vec::new() };

    /// The tree of some items. O(n log n).
    pub(crate) fn of(mut items: Vec<(Envelope, T)>) -> Self {
        let leaves = items.len().div_ceil(SIXTEEN);
        let (mut first_leaf, mut capacity) = (0, SIXTEEN);
        while capacity < items.len() {
            first_leaf = first_leaf * SIXTEEN + 1;
            capacity *= SIXTEEN;
        }
        let mut nodes = vec![Envelopes::NONE; first_leaf + leaves];
        pack(&mut items, 0, capacity / SIXTEEN, &mut nodes);
        Self { nodes, first_leaf, items: items.into_iter().map(|(_, item)| item).collect() }
    }

    /// The smallest envelope that contains all of its items'.
    pub(crate) fn envelope(&self) -> Envelope {
        self.nodes.first().map_or(Envelope::EMPTY, Envelopes::merged)
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

    pub(super) fn into_items(self) -> Vec<T> {
        self.items
    }

    /// The items with their envelopes.
    pub(super) fn members_mut(&mut self) -> impl Iterator<Item = (Envelope, &mut T)> {
        envelopes(&self.nodes, self.first_leaf).zip(&mut self.items)
    }

    /// The items with their envelopes.
    pub(super) fn into_members(self) -> Vec<(Envelope, T)> {
        envelopes(&self.nodes, self.first_leaf).zip(self.items).collect()
    }

    /// The items in whose envelopes a position is.
    pub(super) fn at(&self, position: Position) -> impl Iterator<Item = &T> {
        self.places(position).into_iter().filter_map(|place| self.items.get(place))
    }

    /// The places among the items of those in whose envelopes a position is.
    pub(super) fn places(&self, position: Position) -> SmallVec<[usize; 8]> {
        let here = Envelope::of([position]);
        let mut found = SmallVec::new();
        let mut open: SmallVec<[usize; SIXTEEN]> = SmallVec::from_slice(&[0]);
        while let Some(number) = open.pop() {
            let Some(node) = self.nodes.get(number) else { continue };
            let met = dispatch!(Level::baseline(), simd => node.meeting(simd, here));
            for place in ones(met) {
                match number.checked_sub(self.first_leaf) {
                    None => open.push(SIXTEEN * number + 1 + place),
                    Some(leaf) => found.push(SIXTEEN * leaf + place),
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
    pub(crate) fn envelopes(self) -> &'a Envelopes {
        self.tree.nodes.get(self.number).unwrap_or(&Envelopes::NONE)
    }

    /// Whether items are below, and not nodes.
    #[inline]
    pub(crate) fn is_leaf(self) -> bool {
        self.number >= self.tree.first_leaf
    }

    /// The items below; none if there are nodes.
    #[inline]
    pub(crate) fn items(self) -> &'a [T] {
        let leaf = self.number.checked_sub(self.tree.first_leaf);
        let rest = leaf.and_then(|leaf| self.tree.items.get(SIXTEEN * leaf..)).unwrap_or(&[]);
        rest.get(..SIXTEEN).unwrap_or(rest)
    }

    /// What is below at a place.
    #[inline]
    pub(crate) fn at(self, place: usize) -> Option<Below<'a, T>> {
        let Self { tree, number } = self;
        match number.checked_sub(tree.first_leaf) {
            None => Some(Below::Node(Self { tree, number: SIXTEEN * number + 1 + place })),
            Some(leaf) => tree.items.get(SIXTEEN * leaf + place).map(Below::Item),
        }
    }
}

fn envelopes(nodes: &[Envelopes], first_leaf: usize) -> impl Iterator<Item = Envelope> {
    let leaves = nodes.iter().skip(first_leaf);
    leaves.flat_map(|leaf| (0..SIXTEEN).map(|place| leaf.get(place)))
}

/// Puts items in order below a node each of whose places has room for some of them, and writes the
/// envelopes there; gives that of all.
fn pack<T>(
    items: &mut [(Envelope, T)],
    number: usize,
    room: usize,
    nodes: &mut [Envelopes],
) -> Envelope {
    if room > 1 {
        halve(items, room, &|&(envelope, _)| envelope);
    }
    let mut all = Envelope::EMPTY;
    for (place, items) in items.chunks_mut(room).enumerate() {
        let envelope = match (room, &*items) {
            (1, &[(envelope, _)]) => envelope,
            _ => pack(items, SIXTEEN * number + 1 + place, room / SIXTEEN, nodes),
        };
        if let Some(node) = nodes.get_mut(number) {
            node.set(place, envelope);
        }
        all = all.merged(envelope);
    }
    all
}
