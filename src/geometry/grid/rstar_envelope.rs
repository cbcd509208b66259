//! What rstar needs to build trees of our envelopes.

use rstar::{RStarInsertionStrategy, RTreeObject, RTreeParams};

use super::envelope::Envelope;

/// The fan-out of the R-trees.
#[derive(Clone, Debug)]
pub(crate) struct Fanout;

impl RTreeParams for Fanout {
    const MIN_SIZE: usize = 6;
    const MAX_SIZE: usize = 16;
    const REINSERTION_COUNT: usize = 4;
    type DefaultInsertionStrategy = RStarInsertionStrategy;
}

/// What rstar needs of an envelope to build a tree: 16 bytes of exact integers instead of its own
/// 32 of floats, so that a node of the walk is a third smaller. Products of two sides fit `i64`.
impl rstar::Envelope for Envelope {
    type Point = [i64; 2];

    fn new_empty() -> Self {
        Self::EMPTY
    }

    fn contains_point(&self, point: &[i64; 2]) -> bool {
        let [lon, lat] = *point;
        (i64::from(self.west)..=i64::from(self.east)).contains(&lon)
            && (i64::from(self.south)..=i64::from(self.north)).contains(&lat)
    }

    fn contains_envelope(&self, other: &Self) -> bool {
        self.contains(*other)
    }

    fn merge(&mut self, other: &Self) {
        *self = self.merged(*other);
    }

    fn merged(&self, other: &Self) -> Self {
        Self::merged(*self, *other)
    }

    fn intersects(&self, other: &Self) -> bool {
        Self::intersects(*self, *other)
    }

    fn intersection_area(&self, other: &Self) -> i64 {
        Self {
            west: self.west.max(other.west),
            south: self.south.max(other.south),
            east: self.east.min(other.east),
            north: self.north.min(other.north),
        }
        .area()
    }

    fn area(&self) -> i64 {
        let [width, height] = self.sides();
        width * height
    }

    fn distance_2(&self, point: &[i64; 2]) -> i64 {
        let outside =
            |low: i32, at: i64, high: i32| (i64::from(low) - at).max(at - i64::from(high)).max(0);
        let [lon, lat] = *point;
        let (x, y) = (outside(self.west, lon, self.east), outside(self.south, lat, self.north));
        x.saturating_mul(x).saturating_add(y.saturating_mul(y))
    }

    fn min_max_dist_2(&self, _point: &[i64; 2]) -> i64 {
        // An upper bound is all that a nearest neighbour search may ask, and nobody here does.
        i64::MAX
    }

    fn center(&self) -> [i64; 2] {
        [
            i64::midpoint(i64::from(self.west), i64::from(self.east)),
            i64::midpoint(i64::from(self.south), i64::from(self.north)),
        ]
    }

    fn perimeter_value(&self) -> i64 {
        let [width, height] = self.sides();
        width + height
    }

    fn sort_envelopes<T: RTreeObject<Envelope = Self>>(axis: usize, envelopes: &mut [T]) {
        envelopes.sort_unstable_by_key(|object| lower(object, axis));
    }

    fn partition_envelopes<T: RTreeObject<Envelope = Self>>(
        axis: usize,
        envelopes: &mut [T],
        selection_size: usize,
    ) {
        if selection_size < envelopes.len() {
            envelopes.select_nth_unstable_by_key(selection_size, |object| lower(object, axis));
        }
    }
}

fn lower<T: RTreeObject<Envelope = Envelope>>(object: &T, axis: usize) -> i64 {
    let envelope = object.envelope();
    i64::from(if axis == 0 { envelope.west } else { envelope.south })
}
