//! A boundary clipped to an envelope.

use super::edge::{Corner, Edge, FAR_WEST, LANES, Lanes};

/// The edges of a boundary that matter in an envelope, and on which side a corner of the envelope is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clip {
    pub(crate) edges: Edges,
    pub(crate) corner: Corner,
    /// Whether the corner is inside the area.
    pub(crate) inside: bool,
}

/// The edges that touch an envelope; all of them at the start.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Edges {
    All,
    /// Of a boundary of few edges: those whose bits are set.
    Few(u64),
    /// A range of a list of lanes.
    Some {
        start: usize,
        end: usize,
    },
}

impl Clip {
    /// Of a whole boundary: nothing is cut off.
    pub(crate) const WHOLE: Self =
        Self { edges: Edges::All, corner: Corner { x: FAR_WEST, y: FAR_WEST }, inside: false };

    /// Whether nothing was cut off yet.
    #[inline]
    pub(crate) fn is_unclipped(&self) -> bool {
        matches!(self.edges, Edges::All)
    }

    /// The side on which the whole envelope is, if no edge touches it.
    #[inline]
    pub(crate) fn whole(&self) -> Option<bool> {
        match self.edges {
            Edges::Few(0) => Some(self.inside),
            Edges::Some { start, end } if start == end => Some(self.inside),
            _ => None,
        }
    }

    /// The edges that may touch the envelope, of the boundary and in the clip's list; none before
    /// anything was clipped.
    pub(crate) fn edges<'l>(
        self,
        boundary: &'l [Lanes],
        list: &'l [Lanes],
    ) -> impl Iterator<Item = Edge> + 'l {
        self.lanes(boundary, list).flat_map(|(lanes, few)| lanes.some(few))
    }

    /// The same in lanes, with the bits of those that are meant.
    #[inline]
    pub(crate) fn lanes<'l>(
        self,
        boundary: &'l [Lanes],
        list: &'l [Lanes],
    ) -> impl Iterator<Item = (&'l Lanes, u64)> + Clone {
        let (lanes, bits, beyond) = match self.edges {
            Edges::All => (&[][..], 0, 0),
            Edges::Few(few) => (boundary, few, 0),
            Edges::Some { start, end } => (list.get(start..end).unwrap_or(&[]), u64::MAX, u64::MAX),
        };
        by_lane(lanes, bits, beyond)
    }
}

/// Lanes with the bits of each, sixteen by sixteen; and those `beyond` once there are no more.
#[inline]
fn by_lane(lanes: &[Lanes], bits: u64, beyond: u64) -> impl Iterator<Item = (&Lanes, u64)> + Clone {
    let shifted = (0..).step_by(LANES).map(move |by| bits.checked_shr(by).unwrap_or(beyond));
    lanes.iter().zip(shifted)
}
