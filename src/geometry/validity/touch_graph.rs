//! Places where rings meet: whether they cross there, and which of them touch. Rings that touch in a cycle
//! cut the inside of their part into pieces.

#![expect(
    clippy::indexing_slicing,
    reason = "elements and places are made here, from the lists that they index"
)]

use std::collections::HashMap;

use super::sweep_edge::{EdgeId, index};

/// Which rings touch where: a union-find over rings and the places they touch in.
#[derive(Default)]
pub(crate) struct TouchGraph {
    parents: Vec<u32>,
    /// The element of a ring, made when it first touches another.
    elements: HashMap<u32, u32>,
}

impl TouchGraph {
    /// Adds a place where rings of one part meet, each once; whether that closes a cycle.
    pub(crate) fn add(&mut self, rings: impl ExactSizeIterator<Item = u32>) -> bool {
        if rings.len() < 2 {
            return false;
        }
        let place = self.element();
        let mut cycle = false;
        for ring in rings {
            let known = self.elements.get(&ring).copied();
            let element = known.unwrap_or_else(|| self.element());
            self.elements.insert(ring, element);
            let (a, b) = (self.root(place), self.root(element));
            cycle |= a == b;
            self.parents[a as usize] = b;
        }
        cycle
    }

    fn element(&mut self) -> u32 {
        let element = index(self.parents.len());
        self.parents.push(element);
        element
    }

    fn root(&mut self, mut element: u32) -> u32 {
        while self.parents[element as usize] != element {
            let grandparent = self.parents[self.parents[element as usize] as usize];
            self.parents[element as usize] = grandparent;
            element = grandparent;
        }
        element
    }
}

/// Two names of a word, none next to its like, that are not nested: the nearest pair of likes has
/// only single names between.
pub(crate) fn interleaved(word: &[EdgeId]) -> Option<(EdgeId, EdgeId)> {
    let mut sorted: Vec<(EdgeId, usize)> =
        word.iter().enumerate().map(|(place, &name)| (name, place)).collect();
    sorted.sort_unstable();
    let nearest = sorted
        .windows(2)
        .filter_map(|pair| match *pair {
            [(a, from), (b, to)] if a == b => Some((to - from, from)),
            _ => None,
        })
        .min()?;
    Some((word[nearest.1], word[nearest.1 + 1]))
}
