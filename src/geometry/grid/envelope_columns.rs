//! Sixteen envelopes in columns: one comparison of vectors answers for all of them.

use fearless_simd::i32x16;
use fearless_simd::prelude::*;
use prefetch_index::prefetch_index;

use super::envelope::Envelope;

/// Envelopes that are looked at together, at most 16. The places without one intersect nothing.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(crate) struct EnvelopeColumns {
    west: [i32; NODE_WIDTH],
    south: [i32; NODE_WIDTH],
    east: [i32; NODE_WIDTH],
    north: [i32; NODE_WIDTH],
}

pub(crate) const NODE_WIDTH: usize = 16;

impl EnvelopeColumns {
    pub(crate) const NONE: Self = Self {
        west: [i32::MAX; NODE_WIDTH],
        south: [i32::MAX; NODE_WIDTH],
        east: [i32::MIN; NODE_WIDTH],
        north: [i32::MIN; NODE_WIDTH],
    };

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "a number modulo 16 is an index into 16")]
    pub(crate) fn get(&self, place: usize) -> Envelope {
        let place = place % NODE_WIDTH;
        Envelope {
            west: self.west[place],
            south: self.south[place],
            east: self.east[place],
            north: self.north[place],
        }
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "a number modulo 16 is an index into 16")]
    pub(crate) fn set(&mut self, place: usize, envelope: Envelope) {
        let place = place % NODE_WIDTH;
        self.west[place] = envelope.west;
        self.south[place] = envelope.south;
        self.east[place] = envelope.east;
        self.north[place] = envelope.north;
    }

    /// The smallest envelope that contains all.
    pub(crate) fn merged(&self) -> Envelope {
        (0..NODE_WIDTH).fold(Envelope::EMPTY, |all, place| all.merged(self.get(place)))
    }

    /// A bit for each of them that shares a point with an envelope.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
    pub(crate) fn meeting<S: Simd>(&self, simd: S, envelope: Envelope) -> u64 {
        let Envelope { west, south, east, north } = envelope;
        let across = i32x16::load_array_ref(simd, &self.west).simd_le(east)
            & i32x16::load_array_ref(simd, &self.east).simd_ge(west);
        let along = i32x16::load_array_ref(simd, &self.south).simd_le(north)
            & i32x16::load_array_ref(simd, &self.north).simd_ge(south);
        (across & along).to_bitmask()
    }

    /// A bit for each of them.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
    pub(crate) fn all<S: Simd>(&self, simd: S) -> u64 {
        let west = i32x16::load_array_ref(simd, &self.west);
        west.simd_le(i32x16::load_array_ref(simd, &self.east)).to_bitmask()
    }

    /// Has its cache lines fetched. Nothing waits for them here.
    #[inline]
    pub(crate) fn prefetch(&self) {
        prefetch_index(self.west.as_slice(), 0);
        prefetch_index(self.south.as_slice(), 0);
        prefetch_index(self.east.as_slice(), 0);
        prefetch_index(self.north.as_slice(), 0);
    }
}

/// Up to four times sixteen in a row, whose places have a bit each in 64.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeRow<'a>(pub(crate) &'a [EnvelopeColumns]);

impl NodeRow<'_> {
    #[inline]
    pub(crate) fn get(self, place: usize) -> Envelope {
        let sixteen = self.0.get(place / NODE_WIDTH);
        sixteen.map_or(Envelope::EMPTY, |sixteen| sixteen.get(place % NODE_WIDTH))
    }

    /// A bit for each of them that shares a point with an envelope.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
    pub(crate) fn meeting<S: Simd>(self, simd: S, envelope: Envelope) -> u64 {
        let mut met = 0;
        for (sixteen, shift) in self.0.iter().zip([0, 16, 32, 48]) {
            met |= sixteen.meeting(simd, envelope) << shift;
        }
        met
    }

    /// A bit for each of them.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
    pub(crate) fn all<S: Simd>(self, simd: S) -> u64 {
        let mut all = 0;
        for (sixteen, shift) in self.0.iter().zip([0, 16, 32, 48]) {
            all |= sixteen.all(simd) << shift;
        }
        all
    }

    /// Has their cache lines fetched. Nothing waits for them here.
    #[inline]
    pub(crate) fn prefetch(self) {
        self.0.iter().for_each(EnvelopeColumns::prefetch);
    }
}
