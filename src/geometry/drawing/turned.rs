//! Longitudes some turns away from where they were drawn: exact, though a sum of degrees is not.
//!
//! A longitude as given plus a multiple of 360 is seldom a number of 53 bits, and rounding it would
//! move a vertex off the edge it was drawn on. It is always a sum of two such numbers.

use std::cmp::Ordering;

use geo_types::Coord;

/// A place in the unwrapped plane, the longitude as the exact sum of two numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Turned {
    /// The sum, rounded.
    pub(crate) x: f64,
    /// The rounding error of the sum.
    low: f64,
    pub(crate) y: f64,
}

impl Turned {
    /// A place so many turns east of where it was given.
    pub(crate) fn new(coord: Coord<f64>, turns: i32) -> Self {
        // Adding zero makes -0.0 the same as 0.0 in every comparison that follows.
        let (x, low) = two_sum(coord.x + 0.0, f64::from(turns) * 360.0);
        Self { x, low, y: coord.y + 0.0 }
    }

    /// Whether the rounded longitude is the longitude.
    pub(crate) fn is_exact(&self) -> bool {
        self.low == 0.0
    }

    /// Orders by longitude alone; exact.
    pub(crate) fn cmp_lon(&self, other: &Self) -> Ordering {
        // The rounded sums are in order, or they are equal and the rest decides.
        self.x.total_cmp(&other.x).then(self.low.total_cmp(&other.low))
    }

    /// Positive if the three turn counter-clockwise, negative if clockwise; exact in sign unless a
    /// product of coordinates underflows.
    pub(crate) fn orient(a: Self, b: Self, c: Self) -> f64 {
        // The determinant is linear in the longitudes: each half of each is multiplied by itself.
        let mut sum = Expansion::default();
        for (at, from, to) in [(a, b, c), (b, c, a), (c, a, b)] {
            let (rise, rise_low) = two_sum(from.y, -to.y);
            for lon in [at.x, at.low] {
                for rise in [rise, rise_low] {
                    let (product, error) = two_product(lon, rise);
                    sum.add(product);
                    sum.add(error);
                }
            }
        }
        sum.leading()
    }
}

/// The rounded sum of two numbers, and the error.
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_share = sum - a;
    let a_share = sum - b_share;
    (sum, (a - a_share) + (b - b_share))
}

/// The rounded product of two numbers, and the error.
fn two_product(a: f64, b: f64) -> (f64, f64) {
    let product = a * b;
    (product, a.mul_add(b, -product))
}

/// A sum kept exactly, in numbers that do not overlap (Shewchuk, "Adaptive precision floating-point
/// arithmetic and fast robust geometric predicates", 1997).
#[derive(Default)]
struct Expansion {
    // INVARIANT: from the smallest to the largest, none overlaps the next, zeros left out.
    numbers: Vec<f64>,
}

impl Expansion {
    fn add(&mut self, number: f64) {
        let mut carried = number;
        self.numbers.retain_mut(|kept| {
            let (sum, error) = two_sum(carried, *kept);
            carried = sum;
            *kept = error;
            error != 0.0
        });
        if carried != 0.0 {
            self.numbers.push(carried);
        }
    }

    /// The largest of the numbers, which has the sign of the sum.
    fn leading(&self) -> f64 {
        self.numbers.last().copied().unwrap_or(0.0)
    }
}
